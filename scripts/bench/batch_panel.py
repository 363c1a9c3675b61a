# SPDX-License-Identifier: GPL-3.0-or-later
"""
What a batch takes of the main thread in a real window, while 1,000 of its tasks are under way.

    python scripts/bench/batch_panel.py
    python scripts/bench/batch_panel.py --rows 200 --seconds 20 --stored 100000 --ready 50000

No floor (development only). Main thread. Never imports ``bpy``. Linux only, like the tests in windows.

A Blender with the built add-on runs a batch of so many rows at once against the stand-in (a process of its own), whose
tasks take 20 minutes and tell of every percent. The panel is open, with the batch's table and the list of tasks.
Measured are, one after another and summed up for each tick of the clockwork: the tick itself (the engine's pump, the
batch's step, the rows), and all that our draw functions take until the next tick. What Blender itself takes to paint
the window, without a GPU here, is not in it. Not a test: the goal is 16 ms at the 99th percentile.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

REPO = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPO), str(REPO / "scripts")]

GOAL_MS = 16.0

#: Puts clocks around the tick and its parts, and around everything of ours that draws. Panels are called through their
#: class. Each sum is a pair: the time that passed, and the processor's time of the main thread alone. The first has in
#: it what else the machine is doing, and the wait for Python's lock, which the engine's threads want too.
MEASURE = """
import importlib, time
UI = "bl_ext.user_default.triverse.ui"
module = lambda name: importlib.import_module(f"{UI}.{name}")
state["ticks"], state["longest"] = [], {}

def timed(function, name, is_tick=False, is_part=False):
    def call(*args, **named):
        began, cpu = time.perf_counter(), time.thread_time()
        try:
            return function(*args, **named)
        finally:
            took = (time.perf_counter() - began) * 1000, (time.thread_time() - cpu) * 1000
            longest = state["longest"].setdefault(name, [0, 0.0, 0.0])
            state["longest"][name] = [longest[0] + 1, max(longest[1], took[0]), max(longest[2], took[1])]
            if is_tick:
                state["ticks"].append(list(took))
            elif not is_part and state["ticks"]:
                state["ticks"][-1][0] += took[0]
                state["ticks"][-1][1] += took[1]
    return call

session = module("state.runtime").current()
for owner, names in (
    (session.engine, ["pump"]), (session.batch, ["tick"]), (session.price, ["tick"]), (session.details, ["tick"]),
    (module("state.list_rows"), ["sync"]), (module("state.batch_rows"), ["sync"]),
    (session, ["apply_settings", "_turn_pages"]),
):
    for name in names:
        where = getattr(owner, "__name__", type(owner).__name__).rpartition(".")[2]
        setattr(owner, name, timed(getattr(owner, name), f"{where}.{name}", is_part=True))
session.tick = timed(session.tick, "tick", is_tick=True)
module("timers.redraw").redraw = timed(module("timers.redraw").redraw, "redraw")
for kind in bpy.types.Panel.__subclasses__():
    if kind.__module__.startswith(UI):
        drawn = timed(kind.draw, kind.__name__)
        # Blender counts the parameters, and hands over no more.
        exec("def draw(self, context): drawn(self, context)", {"drawn": drawn}, made := {})
        kind.draw = made["draw"]
"""


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure the panel of a batch with many tasks under way.")
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--stored", type=int, default=0, help="finished tasks that are in the list before")
    parser.add_argument("--ready", type=int, help="how many of these are ready to import; one of 20 by default")
    parser.add_argument("--out", type=Path, help="folder for a picture of the window")
    parser.add_argument("--blender", default="trixie", help="trixie, sid or BLENDER, as for the tests in windows")
    options = parser.parse_args()

    from _dev import venvs

    if (code := venvs.run_inside(venvs.DEV)) is not None:
        return code
    from _dev import ports, stored
    from _dev.package import build
    from _dev.profiles import AS_INSTALLED
    from _dev.screen import WIDE_PX
    from _dev.window import BlenderWindow, find_blender, make_profile
    from bench.machine import machine
    from bench.service import Service

    print(machine(), flush=True)
    with tempfile.TemporaryDirectory() as name, Service(credits=10**7, run_s=1200.0, queue_s=1.0) as service:
        # It runs in a process of its own, whose ports nobody opens for the Debian root.
        ports.opened(urlsplit(service.url).port)
        folder = Path(name)
        home = folder / "home"
        blender = find_blender(options.blender)
        make_profile(blender, home, build(folder / "dist"), preferences=AS_INSTALLED)
        if options.stored:
            stored.fill(stored.data_folder(home), options.stored, options.ready)
        lines = ["prompt,polygon_limit"] + [f"model number {number},20000" for number in range(options.rows)]
        (folder / "rows.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        env = {"TRIVERSE_API_KEY": service.key, "TRIVERSE_API_URL": service.url}
        with BlenderWindow(blender, folder / "window", home=home, env=env, shares=[folder], width_px=WIDE_PX) as window:
            code = measure(window, folder / "rows.csv", options.rows, options.seconds)
            if options.out is not None:
                shutil.copy(window.save_shot("measured"), options.out)
            return code


def measure(window, file: Path, rows: int, seconds: float) -> int:
    """Begin the batch, wait until all is under way, and measure for so many seconds."""
    from tests.gui.panel import SESSION

    side = window.show_sidebar("Triverse")
    window.run("with override(): bpy.ops.triverse.batch_choose('EXEC_DEFAULT', filepath=path)", path=str(file))
    window.wait_for(f"{SESSION}.batch.phase == 'checked' and {SESSION}.batch.cost() is not None")
    # Under an unfolded list, "Batch" is out of sight.
    window.click_text("Tasks", side)
    while not window.find_text("rows.csv", side):
        window.click_text("Batch", side)
    window.click_text("Tasks", side)
    window.run(MEASURE)
    window.run("bpy.context.window_manager.triverse.batch_jobs = count", count=rows)
    began_s = time.monotonic()
    window.run("with override(): bpy.ops.triverse.batch_run('EXEC_DEFAULT')")
    waiting = f"sum(one.stage.value == 'waiting' for one in {SESSION}.engine.tasks())"
    window.wait_for(f"{waiting} == count", count=rows, limit_s=600)
    begun_s = time.monotonic() - began_s
    beginning = taken(window)
    window.run("state['ticks'].clear(), state['longest'].clear()")
    time.sleep(seconds)
    steady = taken(window)
    assert window.value(f"{waiting} == count", count=rows), "they were not under way all the time"
    drawn = window.value("state['longest'].get('TRIVERSE_PT_batch')")
    assert drawn is not None, "the panel was not drawn"
    print(f"{rows} rows begun in {begun_s:.0f} s: {told(beginning)}")
    print(f"{rows} tasks under way for {seconds:.0f} s: {told(steady)}")
    for name, (count, wall_ms, cpu_ms) in sorted(window.value("state['longest']").items()):
        print(f"  {name}: {count} times, longest {wall_ms:.1f} ms, of the processor's time {cpu_ms:.1f} ms")
    return 0 if percentile([cpu_ms for _, cpu_ms in steady]) <= GOAL_MS else 1


def taken(window) -> list[tuple[float, float]]:
    """What each tick and the draws after it took together, in milliseconds: time passed, and processor's time."""
    return window.value("state['ticks']")


def percentile(times_ms: list[float]) -> float:
    """The 99th."""
    return statistics.quantiles(times_ms, n=100)[98]


def told(ticks: list[tuple[float, float]]) -> str:
    """A line of numbers."""
    parts = []
    for what, times_ms in zip(("time passed", "processor"), zip(*ticks, strict=True), strict=True):
        middle, longest = statistics.median(times_ms), max(times_ms)
        parts.append(f"{what} p50 {middle:.1f} ms, p99 {percentile(list(times_ms)):.1f} ms, longest {longest:.1f} ms")
    return f"{len(ticks)} ticks; {'; '.join(parts)}; goal p99 {GOAL_MS:.0f} ms"


if __name__ == "__main__":
    sys.exit(main())
