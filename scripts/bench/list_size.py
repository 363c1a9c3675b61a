# SPDX-License-Identifier: GPL-3.0-or-later
"""
What grows with the list of tasks: start, changes, memory, searches, and ``list --json``, with 100,000 stored tasks.

    python scripts/bench/list_size.py
    python scripts/bench/list_size.py --tasks 100000 --ready 0 500 50000

No floor (development only). Main thread. Never imports ``bpy``.

Each list is filled once, with so many of its tasks ready to import. Then each question is asked of it in a process of
its own, and answered in processor time, which a busy machine stretches least: starting the engine, of the main thread
alone; one change of a task, put into the list in memory, and one that the panel's page is read anew for; the memory of
the whole process, against that with a list of 1,000 tasks; opening the store after a clean end; a search without a hit;
and ``list --json`` of everything, with the compiled files there already, as after the first use. Not a test: the goals
are printed, and the exit code is 1 where one is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPO), str(REPO / "scripts")]

#: What is asked -> unit and goal. The memory's goal is what it may be more than with 1,000 tasks.
GOALS = {
    "start": ("ms", 100.0),
    "change": ("ms", 0.1),
    "page": ("ms", 2.0),
    "memory": ("MB", 40.0),
    "open": ("ms", 20.0),
    "search": ("ms", 30.0),
    "list": ("s", 4.0),
    "list_memory": ("MB", 60.0),
}
_SMALL = 1_000
_CHANGES = 2_000


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure what grows with the list of tasks.")
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--ready", type=int, nargs="+", default=[0, 500, 50_000])
    parser.add_argument("--ask", nargs=2, metavar=("WHAT", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()

    from _dev import venvs

    if (code := venvs.run_inside(venvs.DEV)) is not None:
        return code
    if options.ask is not None:
        what, folder = options.ask
        print(json.dumps(ASKED[what](Path(folder))))
        return 0

    from bench.machine import machine

    print(machine(), flush=True)
    good = True
    with tempfile.TemporaryDirectory(prefix="triverse-list-") as scratch:
        small = _filled(Path(scratch) / "small", _SMALL, None)
        least_mb = _asked("engine", small)["memory"]
        for ready in options.ready:
            folder = _filled(Path(scratch) / str(ready), options.tasks, ready)
            found = (
                _asked("engine", folder) | _asked("open", folder) | _asked("search", folder) | _asked("list", folder)
            )
            found["memory"] -= least_mb
            parts = []
            for name, value in found.items():
                unit, goal = GOALS[name]
                good = good and value <= goal
                verdict = "met" if value <= goal else "MISSED"
                parts.append(f"{name.replace('_', ' ')} {value:.3g} {unit} (goal {goal:g}: {verdict})")
            print(f"{options.tasks:,} tasks, {ready:,} ready: {', '.join(parts)}", flush=True)
    return 0 if good else 1


def _filled(folder: Path, count: int, ready: int | None) -> Path:
    from _dev import stored

    stored.fill(folder, count, ready)
    return folder


def _asked(what: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--ask", what, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _engine(folder: Path) -> dict[str, float]:
    """Start an engine, and change the newest task again and again, as progress and as a new name."""
    from triverse_addon.tasks.engine.engine import Engine
    from triverse_addon.tasks.engine.page_reader import PageRequest
    from triverse_addon.tasks.settings import Settings
    from triverse_addon.tasks.store.query import Query

    engine = Engine(Settings(folder, folder / "models", live=False), None)
    started_s = time.thread_time()
    engine.start()
    first_page = PageRequest(Query(), 0, 50)
    engine.pages.read(first_page)
    while engine.pump(0.004, lambda _record: None).more:
        pass
    start_ms = (time.thread_time() - started_s) * 1000
    # What the threads of the engine do at the start has an end.
    settles_s = time.monotonic() + 3.0
    while time.monotonic() < settles_s:
        engine.pump(0.004)
        time.sleep(0.02)
    newest = engine.store.page(count=1)[0]
    changes_ms, pages_ms = [], []
    try:
        for number in range(_CHANGES):
            began_s = time.thread_time()
            engine._context.changed(newest.with_(revision=10**6 + number, received_bytes=number + 1))
            engine.pump(0.004)
            # As the panel does at each tick and redraw: what is under way, and whether there is any task at all.
            assert engine.active_count == 0
            assert engine.has_tasks
            changes_ms.append((time.thread_time() - began_s) * 1000)
        for number in range(_CHANGES // 10):
            engine._context.changed(newest.with_(revision=2 * 10**6 + number, name=f"name {number}"))
            engine.pump(0.004)
            began_s = time.thread_time()
            engine.pages.read(first_page)
            pages_ms.append((time.thread_time() - began_s) * 1000)
    finally:
        engine.shutdown()
    return {
        "start": start_ms,
        "change": statistics.fmean(changes_ms),
        "page": statistics.median(pages_ms),
        "memory": _most_mb(),
    }


def _open(folder: Path) -> dict[str, float]:
    """Open the store after a clean end."""
    from triverse_addon.tasks.store.store import Store

    times_ms = []
    for _ in range(5):
        began_s = time.thread_time()
        store = Store(folder)
        times_ms.append((time.thread_time() - began_s) * 1000)
        store.close()
    return {"open": statistics.median(times_ms)}


def _search(folder: Path) -> dict[str, float]:
    """Search for two words that no task has, as the thread that reads pages does."""
    from triverse_addon.tasks.engine.page_reader import PageRequest, read_page
    from triverse_addon.tasks.store.query import Query
    from triverse_addon.tasks.store.store import Store

    times_ms = []
    store = Store(folder)
    try:
        for number in range(12):
            began_s = time.thread_time()
            page = read_page(store, PageRequest(Query(f"zebra unicorn{number}"), 0, 50))
            times_ms.append((time.thread_time() - began_s) * 1000)
            assert page.total == 0
            assert page.error is None
    finally:
        store.close()
    return {"search": statistics.median(times_ms[2:])}


def _list(folder: Path) -> dict[str, float]:
    """List everything, as a program reads it."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")

    def run(count: int) -> resource.struct_rusage:
        command = [sys.executable, str(REPO / "scripts" / "triverse.py"), "list", "--json", "--count", str(count)]
        command += ["--data", str(folder)]
        process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        return used

    run(1)
    used = run(10**6)
    return {"list": used.ru_utime + used.ru_stime, "list_memory": used.ru_maxrss / 1024}


def _most_mb() -> float:
    # Not from getrusage, which counts what the parent held when it started this process.
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024


ASKED = {"engine": _engine, "open": _open, "search": _search, "list": _list}

if __name__ == "__main__":
    sys.exit(main())
