# SPDX-License-Identifier: GPL-3.0-or-later
"""
A progress bar of one's own: in a terminal with wait(), in a window with on_change() and on_done().

    blender --background --online-mode --python progress_bar.py -- "a red chair"
"""

import argparse
import importlib
import sys

import bpy

ADDON = next((one for one in bpy.context.preferences.addons.keys() if one.endswith(".triverse")), "triverse_addon")
scripting = importlib.import_module(f"{ADDON}.scripting")


def draw(task):
    """Show the stage and the progress of a task, in the terminal and at the mouse."""
    left = "" if task.seconds_left is None else f"about {task.seconds_left:.0f} s left"
    print(f"[{'#' * ((task.progress or 0) // 5):20}] {task.stage} {left}")
    bpy.context.window_manager.progress_update(task.progress or 0)


def finish(task):
    """Import the model where the 3D cursor is. Called on the main thread."""
    bpy.context.window_manager.progress_end()
    print(task.error or task.import_into(at=bpy.context.scene.cursor.location).name)


parser = argparse.ArgumentParser("progress_bar.py")
parser.add_argument("prompt")
args = parser.parse_args(sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else None)
with scripting.open() as triverse:
    task = triverse.generate(prompt=args.prompt, polygon_limit=20_000)
    if bpy.app.background:
        finish(task.wait(on_change=draw))
    else:
        bpy.context.window_manager.progress_begin(0, 100)
        task.on_change(draw).on_done(finish)
