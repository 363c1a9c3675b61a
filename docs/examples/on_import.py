# SPDX-License-Identifier: GPL-3.0-or-later
"""
A studio's rules for every model that is imported, by the panel too: a name, a marker colour, a material of its own.

Put it into the folder "startup" of Blender's scripts, so that each Blender has it; or, without a window:

    blender --background --online-mode --python on_import.py --python one_model.py -- "a red chair" chair.blend
"""

import importlib

import bpy


def scripting():
    """Return Triverse's module for scripts, whatever the repository of the extension is called."""
    addons = bpy.context.preferences.addons.keys()
    addon = next((one for one in addons if one.endswith(".triverse")), "triverse_addon")
    return importlib.import_module(f"{addon}.scripting")


def follow_our_rules(task, collection):
    """Name the collection after the studio's scheme, and give its meshes the clay of the look-dev scene."""
    collection.name = f"prp_{task.name.lower().replace(' ', '_')}"
    collection.color_tag = "COLOR_04"
    clay = bpy.data.materials.get("clay") or bpy.data.materials.new("clay")
    for obj in collection.all_objects:
        if obj.type == "MESH":
            obj.data.materials.clear()
            obj.data.materials.append(clay)


def register():
    """Wait until add-ons are switched on; Blender calls this for each script of the folder "startup"."""
    # Persistent: the opening of a .blend that Blender is started with ends all other timers.
    bpy.app.timers.register(lambda: scripting().on_imported.append(follow_our_rules), persistent=True)


if __name__ == "__main__":
    scripting().on_imported.append(follow_our_rules)
