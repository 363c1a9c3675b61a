# SPDX-License-Identifier: GPL-3.0-or-later
"""
One model from words, into a scene.

    blender --background --online-mode --python one_model.py -- "a red chair" chair.blend
"""

import importlib
import sys

import bpy

ADDON = next((one for one in bpy.context.preferences.addons.keys() if one.endswith(".triverse")), "triverse_addon")
scripting = importlib.import_module(f"{ADDON}.scripting")

prompt, path = sys.argv[-2:]
with scripting.open() as triverse:
    task = triverse.generate(prompt=prompt, polygon_limit=20_000)
    model = task.wait(timeout_s=1800).import_into(bpy.context.scene, at=(2.0, 0.0, 0.0), height=0.9)
    print(f"{model.name}: {len(model.all_objects)} objects, {task.cost_credits} credits")
bpy.ops.wm.save_as_mainfile(filepath=path)
