# SPDX-License-Identifier: GPL-3.0-or-later
"""
What models of many objects cost beside Blender's own glTF importer: gathering, wrappers, placing, appending.

    python scripts/bench/objects.py                          bpy 4.2.23 and 5.2.3 of the development cache
    python scripts/bench/objects.py --python PATH            another Python that has bpy; may be given again
    python scripts/bench/objects.py --objects 4000 --objects 8000

No floor (development only). Main thread. The part that measures runs under each Python by itself and imports ``bpy``.

The objects are triangles, ten to a mesh; a hundred have a wrapper that is removed. "Beside it" is what an import in
place takes longer than the importer that runs inside it: the model is gathered, fitted to a height and put onto the
ground. Ends with 1 if that is more than a fifth of the importer's own time. "Task" is the import of the same model as a
task, whose .blend a child has made: it is appended, or, as the time of Blender's append grows with the square of the
number of data-blocks, imported in place. All times are the processor's, which others on the machine stretch less. What
the importer leaves for Python to collect (40 ms at 4,000 objects in 4.2.23) is collected in the importer's time.
"""

from __future__ import annotations

import argparse
import gc
import json
import struct
import sys
import tempfile
import threading
import time
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPO), str(REPO / "scripts")]

OBJECTS = (4_000, 20_000)
VERSIONS = ("4.2.23", "5.2.3")
GOAL = 1 / 5
#: How many objects show each mesh.
SHARED_BY = 10
WRAPPERS = 100


def main() -> int:
    """Measure under each Python and print a table."""
    parser = argparse.ArgumentParser(description="Measure what models of many objects cost.")
    parser.add_argument("--python", action="append", type=Path, help="a Python that has bpy; may be given again")
    parser.add_argument("--objects", action="append", type=int, help="how many objects; may be given again")
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()

    from bench import under_bpy
    from bench.machine import machine

    if options.measure:
        under_bpy.answer(measure(options.measure))

    print(machine())
    print(f"Goal: at most 1/{1 / GOAL:.0f} of the importer's own time beside it.")
    print(f"{'Blender':<12}" + "".join(f"{head:>11}" for head in ("objects", "importer", "beside it", "ratio", "task")))
    good = True
    for python in options.python or under_bpy.pythons(VERSIONS):
        for number in options.objects or OBJECTS:
            found = under_bpy.measured(python, __file__, "--measure", str(number))
            ratio = found["beside_s"] / found["importer_s"]
            good = good and ratio <= GOAL
            print(
                f"{found['blender']:<12}{number:>11,}{found['importer_s']:>9.2f} s{found['beside_s']:>9.2f} s"
                f"{ratio:>11.3f}{found['task_s']:>9.2f} s",
                flush=True,
            )
    print("The goal is met." if good else "The goal is MISSED.")
    return 0 if good else 1


def measure(number: int) -> dict:
    """Import a model of so many objects in place, then by a child. Runs under a Python that has ``bpy``."""
    import bpy
    import numpy  # noqa: F401 -- loading it is the importer's own time

    from triverse_addon.scene.child.command import child_command
    from triverse_addon.scene.child.converter import ChildConverter
    from triverse_addon.scene.importing.importer import import_task
    from triverse_addon.scene.worker import gltf_import
    from triverse_addon.tasks.converter import ConvertJob
    from triverse_addon.tasks.engine.import_queue import Imported
    from triverse_addon.tasks.record.record import Placement, TaskRecord

    spent_s: list[float] = []
    run = gltf_import._run

    def timed(*arguments: object) -> object:
        started_s = time.process_time()
        try:
            return run(*arguments)  # type: ignore[arg-type]
        finally:
            gc.collect()
            spent_s.append(time.process_time() - started_s)

    def imported(**files: str) -> float:
        bpy.ops.wm.read_factory_settings(use_empty=True)
        record = TaskRecord(
            id="bench", flow="text-to-model", name="Model", placement=Placement(height=2.0, on_ground=True), **files
        )
        started_s = time.process_time()
        outcome = import_task(record)
        took_s = time.process_time() - started_s
        if not isinstance(outcome, Imported):
            sys.exit(str(outcome.sentence))
        if len(bpy.context.scene.collection.all_objects) != number - WRAPPERS:
            sys.exit("not all objects came")
        return took_s

    gltf_import._run = timed  # type: ignore[assignment]
    with tempfile.TemporaryDirectory() as folder:
        glb = write(Path(folder) / "model.glb", number)
        in_place_s = imported(model_path=str(glb))
        converted = ChildConverter(child_command())(ConvertJob(glb, None, Path(folder), "Model"), threading.Event())
        task_s = imported(blend_path=str(converted.blend_path), model_path=str(glb))
    return {
        "blender": bpy.app.version_string.split()[0],
        "importer_s": spent_s[0],
        "beside_s": in_place_s - spent_s[0],
        "task_s": task_s,
        "child_s": converted.seconds,
    }


def write(path: Path, number: int) -> Path:
    """Write a GLB of so many triangles, the first of them below an empty each."""
    nodes: list[dict] = [
        {"name": f"part {at}", "mesh": at // SHARED_BY, "translation": [at % 100, at // 100, 0]}
        for at in range(number - WRAPPERS)
    ]
    nodes += [{"name": f"wrapper {at}", "children": [at]} for at in range(WRAPPERS)]
    primitive = {"attributes": {"POSITION": 0}, "indices": 1}
    document = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": list(range(WRAPPERS, number))}],
        "nodes": nodes,
        "meshes": [{"name": f"mesh {at}", "primitives": [primitive]} for at in range(-(-number // SHARED_BY))],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 0]},
            {"bufferView": 1, "componentType": 5123, "count": 3, "type": "SCALAR"},
        ],
        "bufferViews": [{"buffer": 0, "byteLength": 36}, {"buffer": 0, "byteOffset": 36, "byteLength": 6}],
        "buffers": [{"byteLength": 44}],
    }
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    binary = struct.pack("<9f3Hxx", 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 2)
    chunks = struct.pack("<II", len(text), 0x4E4F534A) + text + struct.pack("<II", len(binary), 0x004E4942) + binary
    path.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks)
    return path


if __name__ == "__main__":
    sys.exit(main())
