# SPDX-License-Identifier: GPL-3.0-or-later
"""
What it would cost, and give, to run the engine in a process of its own instead of in threads of Blender's.

    python scripts/bench/engine_process.py
    python scripts/bench/engine_process.py --times 9 --seconds 15 --news 200

No floor (development only). Main thread. Never imports ``bpy``.

A prototype: a child Python has the engine and pumps it; orders go to it, and events come back, as pickles through
pipes. Measured is both ways: the time until the engine can be asked, the memory of it, an order until it is in the
store, an event until the main thread has it, and how much a step of 1 ms of Python on the main thread is stretched
meanwhile, which is what the threads of an engine can cost a user. Not a test: the goal, for the way that the add-on
goes, is an event that half the time reaches the main thread before it looks once more.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import pickle
import queue
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

REPO = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPO), str(REPO / "scripts")]

ORDERS = 20
BUDGET_S = 0.004
EVERY_S = 0.02
CHILD_EVERY_S = 0.002
STEP_S = 0.001


class Way(Protocol):
    """The engine, in one of the two ways."""

    def submit(self, prompt: str) -> object: ...
    def tell(self, news: int, seconds: float) -> None: ...
    def hear(self) -> list[Any]: ...
    def memory_kb(self) -> int: ...


def rss_kb(pid: str = "self") -> int:
    """The resident memory of a process that is its own: shared libraries count once for the machine."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Private_"))


def made(folder: Path, url: str, key: str) -> Any:
    """An engine that was started."""
    from triverse_addon.tasks.engine.engine import Engine
    from triverse_addon.tasks.settings import Settings

    engine = Engine(Settings(folder, folder / "models", api_key=key, api_url=url, live=False), None)
    engine.start()
    return engine


def order(engine: Any, prompt: str) -> Any:
    """Order a model."""
    from triverse_addon.tasks.record.record import TaskRequest

    return engine.submit(TaskRequest("text-to-model", {"prompt": prompt}))


def tell(engine: Any, news: int, seconds: float) -> None:
    """Have a thread tell of changes, each with the time at which it was told."""

    def run() -> None:
        ids = [record.id for record in engine.tasks()]
        began_s = time.monotonic()
        for number, task_id in enumerate(itertools.cycle(ids)):
            time.sleep(max(0.0, began_s + number / news - time.monotonic()))
            if time.monotonic() - began_s > seconds:
                return
            engine._context.changed(engine.get(task_id).with_(received_bytes=time.monotonic_ns()))

    threading.Thread(target=run, daemon=True).start()


# ----------------------------------------------------------------------
# In threads


class InThreads:
    """As the add-on has it."""

    def __init__(self, folder: Path, url: str, key: str) -> None:
        self._before_kb = rss_kb()
        self.engine = made(folder, url, key)

    def submit(self, prompt: str) -> object:
        return order(self.engine, prompt)

    def tell(self, news: int, seconds: float) -> None:
        tell(self.engine, news, seconds)

    def hear(self) -> list[Any]:
        return list(self.engine.pump(BUDGET_S).events)

    def memory_kb(self) -> int:
        return rss_kb() - self._before_kb


# ----------------------------------------------------------------------
# In a process of its own


class InAProcess:
    """The prototype: this script, started once more by the same Python."""

    def __init__(self, folder: Path, url: str, key: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--as-child"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._answers: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._events: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        self._ask("start", folder, url, key)

    def _read(self) -> None:
        with contextlib.suppress(EOFError):
            while True:
                kind, value = pickle.load(self._process.stdout)
                (self._events if kind == "event" else self._answers).put(value)

    def _ask(self, *command: object) -> object:
        pickle.dump(command, self._process.stdin)
        self._process.stdin.flush()
        return self._answers.get()

    def submit(self, prompt: str) -> object:
        return self._ask("submit", prompt)

    def tell(self, news: int, seconds: float) -> None:
        self._ask("tell", news, seconds)

    def hear(self) -> list[Any]:
        found = []
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(self._events.get_nowait())
        return found

    def memory_kb(self) -> int:
        return rss_kb(str(self._process.pid))

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()


def child() -> None:
    """The process of the engine: carries out what comes on stdin, hands events to stdout, ends with its parent."""
    out, lock = sys.stdout.buffer, threading.Lock()

    def send(kind: str, value: object) -> None:
        with lock:
            pickle.dump((kind, value), out)
            out.flush()

    commands: queue.SimpleQueue[tuple[Any, ...] | None] = queue.SimpleQueue()

    def listen() -> None:
        with contextlib.suppress(EOFError):
            while True:
                commands.put(pickle.load(sys.stdin.buffer))
        commands.put(None)

    threading.Thread(target=listen, daemon=True).start()
    engine: Any = None
    while True:
        with contextlib.suppress(queue.Empty):
            command = commands.get(timeout=CHILD_EVERY_S)
            if command is None:
                break
            kind, *arguments = command
            if kind == "start":
                engine = made(*arguments)
                send("answer", True)
            elif kind == "submit":
                send("answer", order(engine, *arguments))
            else:
                tell(engine, *arguments)
                send("answer", True)
        if engine is not None:
            for event in engine.pump(BUDGET_S).events:
                send("event", event)
    if engine is not None:
        engine.shutdown()


# ----------------------------------------------------------------------
# Measuring


@contextlib.contextmanager
def running(kind: type, service: Any) -> Iterator[Way]:
    """One engine on an empty folder."""
    with tempfile.TemporaryDirectory() as name:
        way = kind(Path(name), service.url, service.key)
        try:
            yield way
        finally:
            way.close() if isinstance(way, InAProcess) else way.engine.shutdown()


def start_s(kind: type, service: Any) -> float:
    """Seconds until the engine can be asked, in a Python that has imported nothing of it yet."""
    code = (
        f"import sys, time; sys.path[:0] = {sys.path[:2]!r}\n"
        "from bench import engine_process as bench; from pathlib import Path; import tempfile\n"
        "folder = tempfile.mkdtemp(); began_s = time.perf_counter()\n"
        f"way = bench.{kind.__name__}(Path(folder), {service.url!r}, {service.key!r})\n"
        "print(time.perf_counter() - began_s)\n"
        "way.close() if hasattr(way, 'close') else way.engine.shutdown()\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPO)
    return float(answer.stdout)


def main_thread(way: Way, seconds: float) -> tuple[list[float], list[float]]:
    """Do a main thread's work, steps of Python and hearing of events; returns how long these took, in milliseconds."""
    steps_ms, latencies_ms = [], []
    next_s = time.monotonic()
    ends_s = next_s + seconds
    while time.monotonic() < ends_s:
        began_s = time.perf_counter()
        spent_s = time.thread_time()
        while time.thread_time() - spent_s < STEP_S:
            pass
        steps_ms.append((time.perf_counter() - began_s) * 1000)
        if time.monotonic() >= next_s:
            next_s += EVERY_S
            for event in way.hear():
                told_ns = getattr(getattr(event, "record", None), "received_bytes", 0) or 0
                if told_ns > 10**9:  # one of ours, and no true count of bytes
                    latencies_ms.append((time.monotonic_ns() - told_ns) / 1e6)
        time.sleep(0.001)
    return steps_ms, latencies_ms


def measured(kind: type, service: Any, options: argparse.Namespace) -> tuple[str, float]:
    """One line about one way, and the median time of an event in milliseconds."""
    starts_s = [start_s(kind, service) for _ in range(options.times)]
    with running(kind, service) as way:
        orders_ms = []
        for number in range(ORDERS):
            began_s = time.perf_counter()
            way.submit(f"hold chair number {number}")
            orders_ms.append((time.perf_counter() - began_s) * 1000)
        memory_mb = way.memory_kb() / 1024
        way.tell(options.news, options.seconds)
        steps_ms, latencies_ms = main_thread(way, options.seconds)
    starts_ms = [start * 1000 for start in starts_s]
    figures = {"start": starts_ms, "order": orders_ms, "event": latencies_ms, "step": steps_ms}
    parts = []
    for name, times_ms in figures.items():
        highest_ms = sorted(times_ms)[round(0.99 * (len(times_ms) - 1))]
        parts.append(f"{name} {min(times_ms):.1f} / {statistics.median(times_ms):.1f} / {highest_ms:.1f} ms")
    line = f"{kind.__name__} (shortest / median / 99 %): {', '.join(parts)}; memory {memory_mb:.0f} MB"
    return line, statistics.median(latencies_ms)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure the engine in threads and in a process of its own.")
    parser.add_argument("--times", type=int, default=7, help="how often it is started")
    parser.add_argument("--seconds", type=float, default=15.0, help="how long events are told")
    parser.add_argument("--news", type=int, default=200, help="changes told in a second")
    parser.add_argument("--as-child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.as_child:
        child()
        return 0

    from _dev import venvs

    if (code := venvs.run_inside(venvs.DEV)) is not None:
        return code

    from bench.machine import machine
    from bench.service import Service

    print(machine())
    with Service(speed=20) as service:
        for kind in (InAProcess, InThreads):
            line, event_ms = measured(kind, service, options)
            print(line, flush=True)
    goal_ms = EVERY_S * 1000
    is_met = event_ms <= goal_ms
    print(f"{kind.__name__}: an event {event_ms:.1f} ms (goal {goal_ms:.0f} ms: {'met' if is_met else 'MISSED'})")
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
