# SPDX-License-Identifier: GPL-3.0-or-later
"""
What the time of a batch's writer is made of, for one model, and which of it is Blender's own.

    python scripts/bench/writer.py                     bpy 4.2.23, 5.0.1 and 5.2.3 of the development cache
    python scripts/bench/writer.py --python PATH       another Python that has bpy; may be given again

No floor (development only). Main thread. The part that measures runs under each Python by itself and imports ``bpy``.

The writer's own code writes models of 20,000 triangles with three 1k maps and a preview of 1024 px, one after another.
Measured is the processor time of its main thread, which does one thing after another, and so limits how many models a
writer makes in a minute; medians. "Blender" names what is one call of Blender, which no code of ours can shorten. Not a
test: the goal is what 800 models a minute leave for one.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPO), str(REPO / "scripts")]

VERSIONS = ("4.2.23", "5.0.1", "5.2.3")
SAMPLE = "20k"
GOAL_MS = 60_000 / 800
#: Models before those that are measured: at the first ones, Blender loads what it needs.
_FIRST = 3
WHOLE = "all of a model"
_MEMORY_BYTES = 8 * 1024**3


def main() -> int:
    """Measure under each Python and print."""
    parser = argparse.ArgumentParser(description="Measure what the time of a batch's writer is made of.")
    parser.add_argument("--python", action="append", type=Path, help="a Python that has bpy; may be given again")
    parser.add_argument("--models", type=int, default=20)
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()

    from bench import under_bpy
    from bench.machine import machine

    if options.measure:
        under_bpy.answer(measure(options.models))

    print(machine())
    good = True
    for python in options.python or under_bpy.pythons(VERSIONS):
        found = under_bpy.measured(python, __file__, "--measure", "--models", str(options.models))
        whole_ms = found["parts_ms"][WHOLE]
        good = good and whole_ms <= GOAL_MS
        print(
            f"{found['blender']}: {whole_ms:.0f} ms a model (goal {GOAL_MS:.0f} ms: "
            f"{'met' if whole_ms <= GOAL_MS else 'MISSED'}), with its other threads {found['process_ms']:.0f} ms"
        )
        for name, part_ms in found["parts_ms"].items():
            if name != WHOLE:
                print(f"    {part_ms:5.1f} ms  {name}")
    return 0 if good else 1


def measure(count: int) -> dict:
    """Write models, and return what each part takes. Runs under a Python that has ``bpy``."""
    import bpy

    from tests.service import models

    models.ensure([SAMPLE])
    # The child loads its modules as plain ones.
    sys.path.insert(0, str(REPO / "triverse_addon" / "scene" / "worker"))
    import blend_file
    import gltf_import
    import job_loop
    import library_worker
    import path_fields
    import png_bytes
    import preview_reading
    import thumbnail
    from job_format import AssetInput, Job, Processing

    parts_s: dict[str, list[float]] = defaultdict(list)
    for module, name, what in (
        (job_loop, "next_empty_file", "an empty file in place of the last one"),
        (gltf_import, "_run", "Blender's importer, with our hooks that fill the mesh"),
        (preview_reading, "try_read", "the preview: read, scaled and written, or waited for"),
        (thumbnail, "scaled", "    of that, read and scaled by Blender, if not in a thread"),
        (png_bytes, "encode", "    the PNG of the thumbnail, in that thread if there is one"),
        (blend_file, "write", "the .blend: written, and its paths cleared"),
        (path_fields, "clear_path_ends", "    of that, ours: the paths"),
    ):
        _time_calls(module, name, parts_s[what])
    blend_file.clear_path_ends = path_fields.clear_path_ends
    preview_ms = _preview_parts(models.preview_path(SAMPLE))
    with tempfile.TemporaryDirectory() as folder:
        began_s = 0.0
        for number in range(_FIRST + count):
            if number == _FIRST:
                began_s = time.process_time()
                for times_s in parts_s.values():
                    times_s.clear()
            given = AssetInput(
                glb_path=str(models.glb_path(SAMPLE)),
                preview_path=str(models.preview_path(SAMPLE)),
                library=folder,
                thumbnails="thumbnails",
                stem=f"m{number}",
                name="Model",
                properties={},
                tags=(),
                description="a model",
                catalog_id="",
                post=Processing(),
                may_draw=True,
            )
            model_began_s = time.thread_time()
            library_worker.work(Job(given, result_path=f"{folder}/{number}.json", memory_bytes=_MEMORY_BYTES))
            parts_s[WHOLE].append(time.thread_time() - model_began_s)
            Path(folder, f"m{number}.blend").unlink()
        process_ms = (time.process_time() - began_s) * 1000 / count
    parts_ms = {name: statistics.median(times_s) * 1000 for name, times_s in parts_s.items() if times_s}
    return {"blender": bpy.app.version_string, "parts_ms": parts_ms | preview_ms, "process_ms": process_ms}


def _time_calls(module: Any, name: str, times_s: list[float]) -> None:
    """Have each call of a function add the processor time of this thread that it took."""
    function: Callable[..., Any] = getattr(module, name)

    def timed(*args: Any, **kwargs: Any) -> Any:
        began_s = time.thread_time()
        try:
            return function(*args, **kwargs)
        finally:
            times_s.append(time.thread_time() - began_s)

    setattr(module, name, timed)


def _preview_parts(path: Path) -> dict[str, float]:
    """Return what Blender alone takes to decode and to scale a preview, in milliseconds: medians."""
    import bpy

    decoded_s, scaled_s = [], []
    for _ in range(9):
        image = bpy.data.images.load(str(path), check_existing=False)
        began_s = time.thread_time()
        len(image.pixels)
        between_s = time.thread_time()
        image.scale(256, 256)
        decoded_s.append(between_s - began_s)
        scaled_s.append(time.thread_time() - between_s)
        bpy.data.images.remove(image)
    return {
        "    a preview, decoded by Blender": statistics.median(decoded_s) * 1000,
        "    a preview, scaled by Blender": statistics.median(scaled_s) * 1000,
    }


if __name__ == "__main__":
    sys.exit(main())
