# SPDX-License-Identifier: GPL-3.0-or-later
"""
What it costs to do a batch in parts: seconds of CPU of each part and of each row, for 1, 2 and 4 processes.

    python scripts/bench/parts.py --rows 100 --size 25

No floor (development only). Main thread. Never imports ``bpy``. Linux only.

The real command, ``scripts/triverse.py batch --rows``, is run under the bpy module against the stand-in (a process of
its own), with models of 20,000 triangles and three 1k maps: first all rows in one long run, then in parts of
``--size``, by so many processes at once. Each has its own data folder, as machines of a farm have. The long run is
repeated after each of these, as what else runs on the machine changes what CPU costs: each is compared with the mean of
the long runs before and after it. The CPU of a command is that of all its processes, as the system counts it. Contact
sheets, which the merge draws once for all, are in neither.

It ends with 1 if a part costs more than `GOAL` times the CPU of the same rows in the long run, which it says.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPO), str(REPO / "scripts")]

GOAL = 1.5
SAMPLE = "20k"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure a batch in parts.")
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--size", type=int, default=25, help="rows of a part")
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--bpy", default="5.0.1", help="version of the bpy module")
    options = parser.parse_args()

    from _dev import venvs

    if (code := venvs.run_inside(venvs.DEV)) is not None:
        return code
    from bench.machine import machine

    from tests.service import models

    models.ensure([SAMPLE])
    print(machine(), flush=True)
    bench = Bench(venvs.ensure(venvs.BPY[options.bpy]), options.rows)

    def long_run() -> float:
        (found,) = bench.run([f"1:{options.rows}"], 1)
        print(
            f"one long run of {options.rows} rows: {found:.1f} s of CPU, {found / options.rows:.3f} s a row", flush=True
        )
        return found

    firsts = range(1, options.rows + 1, options.size)
    parts = [f"{first}:{min(first + options.size - 1, options.rows)}" for first in firsts]
    worst, before = 0.0, long_run()
    for processes in options.processes:
        began_s = time.monotonic()
        found = bench.run(parts, processes)
        seconds = time.monotonic() - began_s
        after = long_run()
        part, same = statistics.median(found), (before + after) / 2 * options.size / options.rows
        before = after
        worst = max(worst, part / same)
        print(
            f"parts of {options.size} rows, {processes} at once: {part:.1f} s of CPU a part, "
            f"{sum(found) / options.rows:.3f} s a row, {part / same:.2f} times the long run, {seconds:.0f} s in all",
            flush=True,
        )
    print(f"at most {worst:.2f} times the long run (goal {GOAL:g}: {'met' if worst <= GOAL else 'MISSED'})")
    return 0 if worst <= GOAL else 1


class Bench:
    """Runs parts of one batch file."""

    def __init__(self, python: Path, rows: int) -> None:
        self._python = python
        self._rows = rows

    def run(self, parts: Sequence[str], processes: int) -> list[float]:
        """Run parts, some at once, into a new library; return the seconds of CPU of each."""
        from bench.service import Service

        with tempfile.TemporaryDirectory() as name, Service(speed=20, credits=10**7) as service:
            folder = Path(name)
            lines = ["name,prompt,polygon_limit,catalog"]
            lines += [f"Model {n},model number {n},20000,Bench/{n % 10}" for n in range(1, self._rows + 1)]
            (folder / "rows.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
            env = {**os.environ, "TRIVERSE_API_URL": service.url, "TRIVERSE_API_KEY": service.key}
            with ThreadPoolExecutor(processes) as pool:
                return list(pool.map(lambda part: self._part(folder, part, env), parts))

    def _part(self, folder: Path, rows: str, env: dict[str, str]) -> float:
        command = [self._python, REPO / "scripts" / "triverse.py", "batch", folder / "rows.csv", "--yes"]
        command += ["--rows", rows, "--data", folder / "data" / rows.replace(":", "-")]
        with (folder / f"log-{rows.replace(':', '-')}").open("w+b") as log:
            process = subprocess.Popen(list(map(str, command)), env=env, stdout=log, stderr=log)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                log.seek(0)
                raise RuntimeError(log.read().decode(errors="replace")[-3000:])
        return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    sys.exit(main())
