# SPDX-License-Identifier: GPL-3.0-or-later
"""
How long an import blocks the main thread: appending what a child converted, beside Blender's importer on the same file.

    python scripts/bench/import_block.py                          bpy 4.2.23 and 5.2.3 of the development cache
    python scripts/bench/import_block.py --python PATH            another Python that has bpy; may be given again
    python scripts/bench/import_block.py --rounds 9 --json FILE

No floor (development only). Main thread. The part that measures runs under each Python by itself and imports ``bpy``.

Measured is what the window calls: ``scene.importing.importer.import_task`` with a finished task, and the dependency
graph brought up to date after it; against ``bpy.ops.import_scene.gltf`` and the same. The .blend was written just
before, as it is when a task becomes ready, so it lies in the page cache. Both run in turn, each in an empty file. The
ratio is that of the longest blocks: the first append of a process takes two to four times the median, because its
memory is new. Not a test: the goal is a ratio within one run, 1/25 at a million triangles.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPO), str(REPO / "scripts")]

SAMPLES = ("100k", "500k", "1m", "1.5m")
VERSIONS = ("4.2.23", "5.2.3")
GOAL = 1 / 25


def main() -> int:
    """Measure under each Python and print a table."""
    parser = argparse.ArgumentParser(description="Measure how long an import blocks Blender.")
    parser.add_argument("--python", action="append", type=Path, help="a Python that has bpy; may be given again")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured")
    parser.add_argument("--json", type=Path, help="write the numbers to this file too")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()

    from bench import under_bpy
    from bench.machine import machine

    if options.measure:
        under_bpy.answer(measure(options.measure, options.rounds))

    from tests.service import models

    models.ensure(SAMPLES)
    print(machine())
    heads = ("append", "longest", "importer", "longest", "ratio", "child")
    print(f"{'Blender':<12}{'triangles':>10}" + "".join(f"{head:>11}" for head in heads))
    numbers = []
    for python in options.python or under_bpy.pythons(VERSIONS):
        for sample in SAMPLES:
            found = under_bpy.measured(python, __file__, "--measure", sample, "--rounds", str(options.rounds))
            numbers.append(found)
            print(
                f"{found['blender']:<12}{found['triangles']:>10,}{found['append_ms']:>8.0f} ms"
                f"{found['append_longest_ms']:>8.0f} ms{found['importer_ms']:>8.0f} ms"
                f"{found['importer_longest_ms']:>8.0f} ms{'1/' + str(found['ratio']):>11}{found['child_s']:>9.1f} s",
                flush=True,
            )
    good = True
    for found in numbers:
        if found["triangles"] == 1_000_000:
            is_met = found["ratio"] >= 1 / GOAL
            good = good and is_met
            verdict = "met" if is_met else "MISSED"
            print(
                f"{found['blender']}: 1/{found['ratio']} at a million triangles; "
                f"the goal of 1/{1 / GOAL:.0f} is {verdict}."
            )
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), "numbers": numbers}, indent=1), encoding="utf-8")
    return 0 if good else 1


def measure(sample: str, rounds: int) -> dict:
    """Convert a sample, then append and import it in turn. Runs under a Python that has ``bpy``."""
    import bpy

    from tests.service import models
    from triverse_addon.scene.child.command import child_command
    from triverse_addon.scene.child.converter import ChildConverter
    from triverse_addon.scene.importing.importer import import_task
    from triverse_addon.tasks.converter import ConvertJob
    from triverse_addon.tasks.engine.import_queue import Imported
    from triverse_addon.tasks.record.record import Placement, TaskRecord

    append_ms, importer_ms = [], []
    with tempfile.TemporaryDirectory() as folder:
        glb = models.glb_path(sample)
        job = ConvertJob(glb, models.preview_path(sample), Path(folder), "Model")
        converted = ChildConverter(child_command())(job, threading.Event())
        record = TaskRecord(
            id="bench",
            flow="text-to-model",
            name="Model",
            placement=Placement(location=(1.0, 2.0, 0.0)),
            blend_path=str(converted.blend_path),
        )
        for _ in range(rounds):
            _empty_file()
            started_s = time.perf_counter()
            outcome = import_task(record)
            bpy.context.view_layer.update()
            append_ms.append(1000 * (time.perf_counter() - started_s))
            if not isinstance(outcome, Imported):
                sys.exit(str(outcome.sentence))
            _empty_file()
            started_s = time.perf_counter()
            bpy.ops.import_scene.gltf(filepath=str(glb))
            bpy.context.view_layer.update()
            importer_ms.append(1000 * (time.perf_counter() - started_s))
    append, importer = statistics.median(append_ms), statistics.median(importer_ms)
    return {
        "blender": bpy.app.version_string.split()[0],
        "sample": sample,
        "triangles": converted.triangles,
        "rounds": rounds,
        "append_ms": round(append, 1),
        "append_longest_ms": round(max(append_ms), 1),
        "importer_ms": round(importer, 1),
        "importer_longest_ms": round(max(importer_ms), 1),
        "ratio": round(max(importer_ms) / max(append_ms), 1),
        "child_s": round(converted.seconds, 2),
    }


def _empty_file() -> None:
    import bpy

    bpy.ops.wm.read_factory_settings(use_empty=True)


if __name__ == "__main__":
    sys.exit(main())
