# SPDX-License-Identifier: GPL-3.0-or-later
"""
How long the user's Blender stops when a mesh is sent to be textured, beside Blender's own glTF exporter on it.

    python scripts/bench/selection.py                     bpy 4.2.23 and 5.2.3 of the development cache
    python scripts/bench/selection.py --python PATH       another Python that has bpy; may be given again

No floor (development only). Main thread. The part that measures runs under each Python by itself and imports ``bpy``.

Measured is ``scene.capture.selection.write``, all that the main thread does of it: a child Blender makes the GLB from
what it writes. The other is ``bpy.ops.export_scene.gltf`` of the same objects, which is what the child does, and what
the user would wait for without it. Both in turn, on a mesh of a million triangles. Not a test: the goal is a tenth of a
second, below which nobody sees a stop.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPO), str(REPO / "scripts")]

VERSIONS = ("4.2.23", "5.2.3")
GOAL_MS = 100.0
_EDGE = 708
"""Vertices along the edge of the grid: 707 x 707 squares are a million triangles, all but 302."""


def main() -> int:
    """Measure under each Python and print."""
    parser = argparse.ArgumentParser(description="Measure how long sending a mesh stops Blender.")
    parser.add_argument("--python", action="append", type=Path, help="a Python that has bpy; may be given again")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()

    from bench import under_bpy
    from bench.machine import machine

    if options.measure:
        under_bpy.answer(measure(options.rounds))

    print(machine())
    good = True
    for python in options.python or under_bpy.pythons(VERSIONS):
        found = under_bpy.measured(python, __file__, "--measure", "--rounds", str(options.rounds))
        is_met = found["longest_ms"] <= GOAL_MS
        good = good and is_met
        print(
            f"{found['blender']}, {found['triangles']:,} triangles: median {found['median_ms']:.0f} ms, longest"
            f" {found['longest_ms']:.0f} ms (goal {GOAL_MS:.0f} ms: {'met' if is_met else 'MISSED'}); the exporter"
            f" {found['exporter_ms']:.0f} ms, {found['exporter_ms'] / found['longest_ms']:.0f} times as long"
        )
    return 0 if good else 1


def measure(rounds: int) -> dict:
    """Write and export in turn. Runs under a Python that has ``bpy``."""
    import bpy
    import numpy  # noqa: F401 - Blender's exporter has it loaded long before a user comes to this

    from triverse_addon.scene.capture import selection

    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.mesh.primitive_grid_add(x_subdivisions=_EDGE - 1, y_subdivisions=_EDGE - 1)
    obj = bpy.context.object
    taken_ms, exported_ms = [], []
    with tempfile.TemporaryDirectory() as name:
        for number in range(rounds):
            folder = Path(name) / str(number)
            folder.mkdir()
            began_s = time.perf_counter()
            selection.write([obj], folder)
            taken_ms.append(1000 * (time.perf_counter() - began_s))
            began_s = time.perf_counter()
            bpy.ops.export_scene.gltf(filepath=str(folder / "own.glb"), use_selection=True)
            exported_ms.append(1000 * (time.perf_counter() - began_s))
    return {
        "blender": bpy.app.version_string,
        "triangles": selection.triangles([obj]),
        "median_ms": statistics.median(taken_ms),
        "longest_ms": max(taken_ms),
        "exporter_ms": statistics.median(exported_ms),
    }


if __name__ == "__main__":
    sys.exit(main())
