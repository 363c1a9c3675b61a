# SPDX-License-Identifier: GPL-3.0-or-later
"""
How long a batch of 100,000 rows is checked and planned before anything is sent, and how much memory that takes.

    python scripts/bench/batch_check.py
    python scripts/bench/batch_check.py --rows 100000

No floor (development only). Main thread. Never imports ``bpy``.

A table of prompts, each with its name, catalog and limit of polygons, is read, checked and planned as the panel does
before it shows the rows; the library is new, and the store knows other tasks. That is done in a process of its own, and
measured are its processor time and the most memory that it had. Not a test: the goals are printed, and the exit code is
1 where one is missed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPO), str(REPO / "scripts")]

GOAL_S = 7.0
GOAL_MB = 100.0


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure the check of a large batch.")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--ask", metavar="FOLDER", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()

    from _dev import venvs

    if (code := venvs.run_inside(venvs.DEV)) is not None:
        return code
    if options.ask is not None:
        print(json.dumps(_checked(options.ask)))
        return 0

    from _dev import stored
    from bench.machine import machine

    print(machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="triverse-check-") as name:
        folder = Path(name)
        stored.fill(folder / "data", 1000)
        lines = ["prompt,name,catalog,polygon_limit"]
        lines += [
            f"a carved wooden chair number {number} with a mossy seat,Chair {number},Props/Chairs {number % 50},20000"
            for number in range(options.rows)
        ]
        (folder / "rows.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        command = [sys.executable, __file__, "--ask", name]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        took_s, most_mb, count = json.loads(done.stdout.splitlines()[-1])
    good = took_s <= GOAL_S and most_mb <= GOAL_MB
    print(
        f"{count:,} rows checked and planned: processor time {took_s:.1f} s (goal {GOAL_S:g}: "
        f"{'met' if took_s <= GOAL_S else 'MISSED'}), at most {most_mb:.0f} MB (goal {GOAL_MB:g}: "
        f"{'met' if most_mb <= GOAL_MB else 'MISSED'})"
    )
    return 0 if good else 1


def _checked(folder: Path) -> tuple[float, float, int]:
    from triverse_addon.api.urls import DEFAULT_API_URL
    from triverse_addon.batch.run.request import BatchRequest
    from triverse_addon.batch.run.row_table import build_table
    from triverse_addon.tasks.store.store import Store

    store = Store(folder / "data")
    began_s = time.process_time()
    finder = getattr(store, "finder", lambda: store.find_by_order_id)
    table = build_table(BatchRequest(folder / "rows.csv", folder / "library"), None, finder(), DEFAULT_API_URL)
    took_s = time.process_time() - began_s
    store.close()
    assert not table.problems
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    most_mb = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024
    return took_s, most_mb, len(table.planned)


if __name__ == "__main__":
    sys.exit(main())
