# SPDX-License-Identifier: GPL-3.0-or-later
"""
A folder of pictures, into an asset library. Started again, it orders only what is new.

    blender --background --online-mode --python pictures_into_library.py -- pictures library
"""

import argparse
import importlib
import sys

import bpy

ADDON = next((one for one in bpy.context.preferences.addons.keys() if one.endswith(".triverse")), "triverse_addon")
scripting = importlib.import_module(f"{ADDON}.scripting")

parser = argparse.ArgumentParser("pictures_into_library.py")
parser.add_argument("pictures")
parser.add_argument("library")
args = parser.parse_args(sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else None)
with scripting.open() as triverse:
    batch = triverse.batch(args.pictures, args.library, max_credits=500, defaults={"polygon_limit": "20000"})
    try:
        batch.wait(on_change=lambda batch: print(f"{batch.progress.done} of {batch.progress.total}"))
    except scripting.TriverseError as error:
        sys.exit(f"{error} {error.suggestion}")
    for outcome in batch.outcomes:
        print(f"{outcome.planned.row.title}: {outcome.result} {outcome.sentence or ''}")
    print(f"Report: {batch.report}")
