# SPDX-License-Identifier: GPL-3.0-or-later
"""
One model from words, into a scene.

    blender --background --online-mode --python one_model.py -- "a red chair" chair.blend
"""

import argparse
import importlib
import sys

import bpy

ADDON = next((one for one in bpy.context.preferences.addons.keys() if one.endswith(".triverse")), "triverse_addon")
scripting = importlib.import_module(f"{ADDON}.scripting")

parser = argparse.ArgumentParser("one_model.py")
parser.add_argument("prompt")
parser.add_argument("path")
args = parser.parse_args(sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else None)
with scripting.open() as triverse:
    task = triverse.generate(prompt=args.prompt, polygon_limit=20_000)
    model = task.wait(timeout_s=1800).import_into(bpy.context.scene, at=(2.0, 0.0, 0.0), height=0.9)
    print(f"{model.name}: {len(model.all_objects)} objects, {task.cost_credits} credits")
bpy.ops.wm.save_as_mainfile(filepath=args.path)
