# SPDX-License-Identifier: GPL-3.0-or-later
"""
A model for each placeholder of a scene: objects named "make: a red chair" are filled, and hidden.

    blender --background --online-mode set.blend --python fit_to_placeholders.py -- dressed.blend
"""

import argparse
import importlib
import sys

import bpy

ADDON = next((one for one in bpy.context.preferences.addons.keys() if one.endswith(".triverse")), "triverse_addon")
scripting = importlib.import_module(f"{ADDON}.scripting")

parser = argparse.ArgumentParser("fit_to_placeholders.py")
parser.add_argument("path")
args = parser.parse_args(sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else None)

MARK = "make: "
props = bpy.data.collections.new("Props")
bpy.context.scene.collection.children.link(props)
with scripting.open() as triverse:
    tasks = {
        marker.name: triverse.generate(prompt=marker.name.removeprefix(MARK), polygon_limit=20_000)
        for marker in bpy.context.scene.objects
        if marker.name.startswith(MARK)
    }
    triverse.wait(tasks.values())
    for marker, task in tasks.items():
        if task.error is None:
            model = task.import_into(props, fit_to=marker)
            print(f"{marker} is {model.name} now")
        else:
            print(f"{marker} stays as it is: {task.error}")
bpy.ops.wm.save_as_mainfile(filepath=args.path)
