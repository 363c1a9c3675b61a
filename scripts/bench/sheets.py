# SPDX-License-Identifier: GPL-3.0-or-later
"""
How long the contact sheets of many models take, and how much memory.

    python scripts/bench/sheets.py                          1,000 models, bpy 4.2.23, 5.0.1 and 5.2.3
    python scripts/bench/sheets.py --models 200 --versions 5.2.3
    python scripts/bench/sheets.py --repo OTHER_CHECKOUT    that build too, in turn with this one

No floor (development only). Main thread. The part that measures runs under each Python by itself and imports ``bpy``.

The models have thumbnails of 256 px and names of three kinds: short, too long, and Japanese. Measured is what the end
of a batch calls, ``ChildAssetWriter.draw_sheets``, from the start of its child Blender to the child's end. Processor
time and memory are those of the child. Ends with 1 if this build misses a goal; not a test.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]

VERSIONS = ("4.2.23", "5.0.1", "5.2.3")
#: Goals for :data:`MODELS` models, by the clock; the memory is what they took before, 396 MB.
GOAL_S, GOAL_MB = 8.0, 400.0
MODELS = 1_000
NAMES = (
    "Chair",
    "A chair with a name that is far too long to fit below it",
    "背もたれの長い古い木製の椅子とクッション",
)


def main() -> int:
    """Measure under each Python and print a table; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description="Measure the drawing of contact sheets.")
    parser.add_argument("--models", type=int, default=MODELS)
    parser.add_argument("--versions", default=",".join(VERSIONS), help="versions of bpy of the development cache")
    parser.add_argument("--python", action="append", type=Path, help="a Python that has bpy; may be given again")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repo", action="append", type=Path, help="another checkout to measure; may be given again")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()

    measured_repo = options.repo[0] if options.measure else REPO
    sys.path[:0] = [str(measured_repo), str(REPO / "scripts")]
    from bench import under_bpy
    from bench.machine import machine

    if options.measure:
        under_bpy.answer(measure(options.models))

    print(f"{machine()}; load {os.getloadavg()[0]:.1f}")
    goal_s = GOAL_S * max(1.0, options.models / MODELS)
    print(f"Goal for {options.models:,} models: at most {goal_s:.0f} s by the clock, {GOAL_MB:.0f} MB.")
    heads = ("clock", "processor", "memory", "pages")
    print(f"{'Blender':<9}{'build':<20}" + "".join(f"{head:>11}" for head in heads))
    builds = {"this": REPO, **{path.resolve().name: path for path in options.repo or ()}}
    good = True
    for python in options.python or under_bpy.pythons(options.versions.split(",")):
        found: dict[str, list[dict]] = {build: [] for build in builds}
        for _ in range(options.rounds):
            for build, repo in builds.items():
                words = ("--measure", "--models", str(options.models), "--repo", str(repo))
                found[build].append(under_bpy.measured(python, __file__, *words))
        for build, rounds in found.items():
            wall_s, cpu_s, memory_mb = (
                statistics.median(one[of] for one in rounds) for of in ("wall_s", "cpu_s", "memory_mb")
            )
            is_met = wall_s <= goal_s and memory_mb <= GOAL_MB
            good = good and (is_met or build != "this")
            print(
                f"{rounds[0]['blender']:<9}{build:<20}{wall_s:>9.2f} s{cpu_s:>9.2f} s{memory_mb:>8.0f} MB"
                f"{rounds[0]['pages']:>11}  {'met' if is_met else 'MISSED'}",
                flush=True,
            )
    print("The goals are met." if good else "A goal is MISSED.")
    return 0 if good else 1


def measure(number: int) -> dict:
    """Draw the sheets of so many models. Runs under a Python that has ``bpy``."""
    import bpy

    from triverse_addon.batch.library.asset_writer import Tile
    from triverse_addon.scene.child.command import child_command
    from triverse_addon.scene.child.library_writer import ChildAssetWriter

    with tempfile.TemporaryDirectory() as name:
        library = Path(name, "library")
        library.mkdir()
        first = _picture(library / "0.png")
        tiles = []
        for at in range(1, number + 1):
            picture = library / f"{at}.png"
            shutil.copyfile(first, picture)
            tiles.append(Tile(picture, (f"{at}  {NAMES[at % len(NAMES)]}", "20,000 triangles")))
        writer = ChildAssetWriter(child_command("library_worker"), Path(name, "work"))
        began_s = time.perf_counter()
        try:
            pages = writer.draw_sheets(library, tiles, threading.Event())
            wall_s = time.perf_counter() - began_s
        finally:
            writer.close()
        # ru_maxrss has pages of the system's libraries in it, which all processes share.
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "blender": bpy.app.version_string.split()[0],
        "wall_s": wall_s,
        "cpu_s": used.ru_utime + used.ru_stime,
        "memory_mb": used.ru_maxrss / 1024,
        "pages": len(pages),
    }


def _picture(path: Path) -> Path:
    """Write a thumbnail: a disc with a soft shadow and some grain, which compresses as a picture of a model does."""
    import bpy
    import numpy as np

    edge = 256
    y, x = np.mgrid[-1 : 1 : edge * 1j, -1 : 1 : edge * 1j]
    pixels = np.ones((edge, edge, 4), dtype=np.float32)
    light = np.clip(1.2 - np.hypot(x + 0.3, y - 0.3), 0.0, 1.0) + np.random.default_rng(1).normal(0, 0.02, x.shape)
    pixels[..., :3] = light[..., None] * (0.8, 0.5, 0.3)
    pixels[..., 3] = np.hypot(x, y) < 0.9
    image = bpy.data.images.new("thumbnail", edge, edge, alpha=True)
    image.pixels.foreach_set(np.clip(pixels, 0.0, 1.0).ravel())
    image.file_format = "PNG"
    image.save(filepath=str(path))
    bpy.data.images.remove(image)
    return path


if __name__ == "__main__":
    sys.exit(main())
