# SPDX-License-Identifier: GPL-3.0-or-later
"""
How long ``register()`` takes, in a new process each time, and whether it brings the libraries of the network.

    python scripts/bench/register.py                       every bpy of the development cache
    python scripts/bench/register.py --python PATH         another Python that has bpy; may be given again

No floor (development only). Main thread. The part that measures runs under each Python by itself and imports ``bpy``.

Measured are the import of the add-on and ``register()`` together, with the compiled files there already: what a start
of Blender pays. Not a test: the goal is 50 ms at the median.
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

GOAL_MS = 50.0
HEAVY = ("requests", "urllib3", "websockets", "sqlite3", "ssl")
MEASURE = f"""
import json, sys, time
import bpy
bpy.context.preferences.addons.new().module = "triverse_addon"
before = set(sys.modules)
start_s = time.perf_counter()
import triverse_addon
triverse_addon.register()
took_ms = (time.perf_counter() - start_s) * 1000
brought = set(sys.modules) - before
print("\\n" + json.dumps([bpy.app.version_string, took_ms, [name for name in {HEAVY} if name in brought]]))
triverse_addon.unregister()
"""


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
        with tempfile.TemporaryDirectory() as compiled:
            measure(python, compiled)  # writes the compiled files
            rounds = [measure(python, compiled) for _ in range(options.rounds)]
        times_ms = [took_ms for _, took_ms, _ in rounds]
        heavy = sorted({name for _, _, names in rounds for name in names})
        median_ms = statistics.median(times_ms)
        good = good and median_ms <= GOAL_MS and not heavy
        print(
            f"Blender {rounds[0][0]}: median {median_ms:.1f} ms, longest {max(times_ms):.1f} ms, goal {GOAL_MS:.0f} ms;"
            f" brings {', '.join(heavy) or 'no network library'}"
        )
    return 0 if good else 1


def measure(python: Path, compiled: str) -> tuple[str, float, list[str]]:
    """
    Register once in a new process; return Blender's version, milliseconds, and the heavy modules that came along.

    :param compiled: the folder of the compiled files. Where Python is told to write none, each process compiles anew.
    """
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPYCACHEPREFIX"] = compiled
    done = subprocess.run([python, "-c", MEASURE], cwd=REPO, env=env, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("[")]
    if not lines:
        raise SystemExit(f"{python} failed:\n{done.stderr[-2000:]}")
    version, took_ms, names = json.loads(lines[-1])
    return version, took_ms, names


if __name__ == "__main__":
    sys.exit(main())
