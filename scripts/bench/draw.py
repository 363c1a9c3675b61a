# SPDX-License-Identifier: GPL-3.0-or-later
"""
How long the panels take to draw with 10,000 stored tasks, as a list and as a grid.

    python scripts/test.py --layer lint    (makes the environment)
    <its python> scripts/bench/draw.py --tasks 100000 --ready 50000 --redraws 400

No floor (development only). Main thread. Never imports ``bpy``. Needs Linux, as the tests in windows do.

A real Blender with the built add-on draws its sidebar, with all panels of the tab unfolded, into a real window again
and again; it goes on with its own work in between. Added up are, for each redraw, all ``draw()`` functions of the
add-on: panels, rows of the list, headers. What Blender then makes of the layout is its own and is not counted.
The boxes of eight tasks in the viewport, and their texts, are measured likewise. The goal is 99 % below 3 ms. On a
machine that does other things as well, the processor time tells more than the clock: it leaves out the moments in which
Blender had to wait for its turn. Not a test.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scripts._dev.pictures import Box
    from scripts._dev.window import BlenderWindow

REPO = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPO), str(REPO / "scripts")]

GOAL_MS = 3.0
#: The first of the add-on's panels: with it begins a redraw.
_FIRST = "TRIVERSE_PT_make.draw"

_KEEP_DRAWING = """
def tag():
    region_of(areas("VIEW_3D")[0][1], "UI").tag_redraw()
    return 0.0 if state["drawn"].get(first, 0) < count else None

state.update(drawn={}, outermost=[], parts_s={})
bpy.app.timers.register(tag)
"""

#: How often a panel's title is clicked on until it is unfolded, or folded. While prices come in, titles move.
_MOST_CLICKS = 5
_WATCH_SUBPANELS = """
import importlib

def counted(title, module_name, name):
    module = importlib.import_module(f"{ui}.{module_name}")
    function = getattr(module, name)
    def call(*args):
        state["drawn"][title] = state["drawn"].get(title, 0) + 1
        return function(*args)
    setattr(module, name, call)

counted("Details", "task_list.details_panel", "_draw_history")
counted("Options", "form.mesh_options", "draw")
"""
#: What is counted in ``state["drawn"]`` only while a panel is unfolded, by its title.
_DRAWN_UNFOLDED = {
    "Tasks": "TRIVERSE_PT_tasks.draw",
    "Batch": "TRIVERSE_PT_batch.draw",
    "Details": "Details",
    "Options": "Options",
}

_DRAW_BOXES = """
import time
boxes, control, drawing = (
    __import__(f"{ui}.viewport.{name}", fromlist=["_"]) for name in ("boxes", "box_control", "box_drawing")
)
expected = __import__(f"{ui.replace('.ui', '.scene')}.importing.expected_box", fromlist=["_"])
scene = bpy.context.window_manager.windows[0].scene.name

def timed(function, took_ms):
    def call():
        began_s, began_cpu_s = time.perf_counter(), time.thread_time()
        function()
        took_ms.append((1000 * (time.perf_counter() - began_s), 1000 * (time.thread_time() - began_cpu_s)))
    return call

state["boxes_ms"], state["texts_ms"] = [], []
drawing._draw_boxes = timed(drawing._draw_boxes, state["boxes_ms"])
drawing._draw_texts = timed(drawing._draw_texts, state["texts_ms"])
found = []
for number in range(8):
    corners = expected.corners_of(expected.around((2.0 * number - 8.0, 0.0, 0.0), (1.0, 1.0, 1.0), on_ground=True))
    found.append(boxes.Box(scene, corners, f"A wooden chair {number} · 40 %", 0.4))
boxes.shown = tuple(found)
control._apply({scene})

def tag_view():
    region_of(areas("VIEW_3D")[0][1], "WINDOW").tag_redraw()
    return 0.0 if len(state["texts_ms"]) < count else None

bpy.app.timers.register(tag_view)
"""


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure how long the panels take to draw.")
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--ready", type=int, help="how many of them are ready to import; one of 20 by default")
    parser.add_argument("--redraws", type=int, default=400)
    parser.add_argument("--blender", choices=("trixie", "sid", "BLENDER"), default="trixie", help="see scripts/test.py")
    options = parser.parse_args()

    from _dev import venvs

    if (code := venvs.run_inside(venvs.DEV)) is not None:
        return code

    from bench.machine import machine

    print(machine())
    good = True
    with tempfile.TemporaryDirectory(prefix="triverse-draw-") as scratch:
        found = measured(options.blender, options.tasks, options.ready, options.redraws, Path(scratch))
        for name, redraws_ms in found.items():
            clock_ms, processor_ms = zip(*redraws_ms, strict=True)
            good = good and _worst_ms(clock_ms) <= GOAL_MS
            head = f"{options.tasks:,} tasks, {name}, {len(redraws_ms)} redraws:"
            print(f"{head} by the clock {_in_words(clock_ms)}")
            print(f"{head} processor time {_in_words(processor_ms)}")
    return 0 if good else 1


def _worst_ms(times_ms: tuple[float, ...]) -> float:
    return statistics.quantiles(times_ms, n=100)[98]


def _in_words(times_ms: tuple[float, ...]) -> str:
    worst_ms = _worst_ms(times_ms)
    verdict = "met" if worst_ms <= GOAL_MS else "MISSED"
    return (
        f"median {statistics.median(times_ms):.2f} ms, 99 % below {worst_ms:.2f} ms (goal {GOAL_MS} ms: {verdict}), "
        f"longest {max(times_ms):.2f} ms"
    )


def measured(
    blender_name: str, tasks: int, ready: int | None, redraws: int, scratch: Path
) -> dict[str, list[tuple[float, float]]]:
    """
    Return, for list and grid, what each redraw took of all drawing functions together.

    :return: milliseconds by the clock and of processor time, for each redraw.
    """
    from scripts._dev import stored
    from scripts._dev.drawn import WATCH
    from scripts._dev.package import build
    from scripts._dev.profiles import AS_INSTALLED
    from scripts._dev.screen import WIDE_PX
    from scripts._dev.window import BlenderWindow, find_blender, make_profile
    from tests.gui.panel import SESSION, UI, connected
    from tests.service.server import StandIn

    blender, home = find_blender(blender_name), scratch / "home"
    make_profile(blender, home, build(scratch / "dist"), preferences=AS_INSTALLED)
    stored.fill(stored.data_folder(home), tasks, ready)
    with (
        StandIn() as service,
        BlenderWindow(blender, scratch, home=home, env=connected(service), width_px=WIDE_PX) as window,
    ):
        side = window.show_sidebar("Triverse")
        window.wait_for(f"{SESSION} and {SESSION}.pager.page.total == {tasks}", limit_s=300.0)
        window.run(WATCH, ui=UI)
        window.run(_WATCH_SUBPANELS, ui=UI)
        # From below: what is unfolded pushes the rest out of sight. Under an unfolded list, "Batch" is so already.
        _fold(window, side, "Tasks", is_open=False)
        for title in ("Batch", "Tasks", "Details", "Options"):
            _fold(window, side, title, is_open=True)
        # What is drawn for the first time reads its modules.
        window.run("state['touched'].clear()")
        redraws_ms = {}
        for layout in ("LIST", "GRID"):
            window.run(f"__import__('sys').modules['{UI}.settings'].preferences().task_layout = '{layout}'")
            window.redraw()
            window.wait_for(f"not {SESSION}.pager.is_waiting and not {SESSION}.thumbnails.is_loading")
            window.run(_KEEP_DRAWING, first=_FIRST, count=redraws)
            window.wait_for("state['drawn'].get(first, 0) >= count", first=_FIRST, count=redraws, limit_s=600.0)
            redraws_ms[layout.lower()] = _each_redraw(window.value("state['outermost']"))
            parts = window.value("{name: (len(all_s), sum(all_s)) for name, all_s in state['parts_s'].items()}")
            if touched := window.value("state['touched']"):
                raise SystemExit(f"While drawing, disk or network was touched: {touched[:5]}")
            for name, (count, total_s) in sorted(parts.items()):
                print(f"  {layout.lower()}: {name:<36}{count:>7} calls{1000 * total_s / count:>9.3f} ms each")
        window.save_shot("drawn")
        window.run(_DRAW_BOXES, ui=UI, count=redraws)
        window.wait_for("len(state['texts_ms']) >= count", count=redraws, limit_s=600.0)
        both = window.value("list(zip(state['boxes_ms'], state['texts_ms']))")
        redraws_ms["boxes"] = [(box[0] + text[0], box[1] + text[1]) for box, text in both]
    return redraws_ms


def _fold(window: BlenderWindow, side: Box, title: str, *, is_open: bool) -> None:
    """Click on a panel's title until the panel is drawn unfolded, or no more."""
    for _ in range(_MOST_CLICKS):
        window.settle()
        window.run("state['drawn'].clear()")
        window.redraw()
        if window.value("name in state['drawn']", name=_DRAWN_UNFOLDED[title]) == is_open:
            return
        window.click_text(title, side)
    raise SystemExit(f"The panel {title} is not {'unfolded' if is_open else 'folded'} by a click.")


def _each_redraw(calls: list[tuple[str, float, float]]) -> list[tuple[float, float]]:
    """Return the milliseconds of all calls of each redraw; the last is left out, it may be incomplete."""
    redraws_ms: list[tuple[float, float]] = []
    for name, took_s, took_cpu_s in calls:
        if name == _FIRST:
            redraws_ms.append((0.0, 0.0))
        if redraws_ms:
            clock_ms, cpu_ms = redraws_ms[-1]
            redraws_ms[-1] = clock_ms + 1000 * took_s, cpu_ms + 1000 * took_cpu_s
    return redraws_ms[:-1]


if __name__ == "__main__":
    sys.exit(main())
