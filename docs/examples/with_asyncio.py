# SPDX-License-Identifier: GPL-3.0-or-later
"""
Many models at once with asyncio, in Python with the bpy module or in a Blender without a window.

    python with_asyncio.py "a red chair" "a blue lamp"
"""

import argparse
import asyncio
import importlib
import sys

import bpy

ADDON = next((one for one in bpy.context.preferences.addons.keys() if one.endswith(".triverse")), "triverse_addon")
scripting = importlib.import_module(f"{ADDON}.scripting")


async def make(triverse, prompt, place):
    """Order a model, wait without blocking the others, and import it."""
    try:
        task = await triverse.generate(prompt=prompt, polygon_limit=20_000)
    except scripting.TriverseError as error:
        return f"{prompt}: {error}"
    model = task.import_into(bpy.context.scene, at=(2.0 * place, 0.0, 0.0))
    return f"{prompt}: {model.name}"


async def main(prompts):
    """Make all models at the same time, and say what became of each."""
    with scripting.open() as triverse:
        for line in await asyncio.gather(*(make(triverse, one, place) for place, one in enumerate(prompts))):
            print(line)


parser = argparse.ArgumentParser("with_asyncio.py")
parser.add_argument("prompts", nargs="+")
args = parser.parse_args(sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else None)
asyncio.run(main(args.prompts))
