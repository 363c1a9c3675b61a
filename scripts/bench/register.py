# SPDX-License-Identifier: GPL-3.0-or-later
"""
How long ``register()`` and the import of ``scripting`` take, each in a new process, and whether they bring the
libraries of the network.

    python scripts/bench/register.py                       every bpy of the development cache
    python scripts/bench/register.py --python PATH         another Python that has bpy; may be given again

No floor (development only). Main thread. The part that measures runs under each Python by itself and imports ``bpy``.

Measured are the import of the add-on and ``register()`` together, with the compiled files there already: what a start
of Blender pays; and the import of ``scripting`` alone, with what each script uses. Not a test: the goals are 25 ms and
30 ms at the median.

Python's garbage collector is run before. With the start of Blender, it is due to look through all 57,000 objects of
Blender and numpy sooner or later, which takes 19 ms; up to then the one who happened to be registered paid for it. The
small collections in between are counted.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPO), str(REPO / "scripts")]

HEAVY = ("requests", "urllib3", "websockets", "sqlite3", "ssl")
MEASURE = f"""
import gc, json, sys, time
import bpy
bpy.context.preferences.addons.new().module = "triverse_addon"
before = set(sys.modules)
gc.collect()
start_s = time.perf_counter()
CALL
took_ms = (time.perf_counter() - start_s) * 1000
brought = set(sys.modules) - before
print("\\n" + json.dumps([bpy.app.version_string, took_ms, [name for name in {HEAVY} if name in brought]]))
triverse_addon.unregister()
"""
CALLS = {
    "register()": ("import triverse_addon\ntriverse_addon.register()", 25.0),
    "import of scripting": (
        "import triverse_addon\nfrom triverse_addon.scripting import Task, Triverse, TriverseError, on_imported",
        30.0,
    ),
}
"""What is measured, and the goal in milliseconds."""


def main() -> int:
    """Measure under each Python and print a table."""
    parser = argparse.ArgumentParser(description="Measure how long register() takes.")
    parser.add_argument("--python", action="append", type=Path, help="a Python that has bpy; may be given again")
    parser.add_argument("--rounds", type=int, default=7, help="how many processes")
    options = parser.parse_args()

    from bench.machine import machine

    from tests.service import models

    pythons = options.python or sorted((models.dev_cache() / "venvs").glob("bpy-*/bin/python"))
    print(machine())
    good = True
    for python in pythons:
        for name, (call, goal_ms) in CALLS.items():
            with tempfile.TemporaryDirectory() as compiled:
                measure(python, call, compiled)  # writes the compiled files
                rounds = [measure(python, call, compiled) for _ in range(options.rounds)]
            times_ms = [took_ms for _, took_ms, _ in rounds]
            heavy = sorted({module for _, _, modules in rounds for module in modules})
            median_ms = statistics.median(times_ms)
            good = good and median_ms <= goal_ms and not heavy
            print(
                f"Blender {rounds[0][0]}, {name}: median {median_ms:.1f} ms, longest {max(times_ms):.1f} ms, goal "
                f"{goal_ms:.0f} ms; brings {', '.join(heavy) or 'no network library'}"
            )
    return 0 if good else 1


def measure(python: Path, call: str, compiled: str) -> tuple[str, float, list[str]]:
    """
    Measure once in a new process; return Blender's version, milliseconds, and the heavy modules that came along.

    :param call: the lines to measure.
    :param compiled: the folder of the compiled files. Where Python is told to write none, each process compiles anew.
    """
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPYCACHEPREFIX"] = compiled
    done = subprocess.run(
        [python, "-c", MEASURE.replace("CALL", call)], cwd=REPO, env=env, capture_output=True, text=True, check=False
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("[")]
    if not lines:
        raise SystemExit(f"{python} failed:\n{done.stderr[-2000:]}")
    version, took_ms, names = json.loads(lines[-1])
    return version, took_ms, names


if __name__ == "__main__":
    sys.exit(main())
