# SPDX-License-Identifier: GPL-3.0-or-later
"""
A batch in the panel with 1,000 tasks under way: what a tick and a redraw do is counted, never timed.

A window sticks when a tick does more for each row than it has to, looks at a disk, or goes on when its time is over,
and when a panel draws more than can be seen. How long it takes on a machine is measured by
``scripts/bench/batch_panel.py``.

One: ``python scripts/test.py tests/blender/test_ui_thousand.py``.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import pytest

from tests.blender.drawing import Tick, draw_rows, tasks_panel
from tests.blender.recorder import Recorder, draw
from tests.service.server import StandIn

COUNT = 1000
#: Functions that a tick may call for each row: 4 when nothing is new, 5 when all is counted anew (as of now).
CALLS_A_ROW = 8
#: And when every row has news: 14 as of now.
CALLS_A_NEW_ROW = 25
#: Rows of the table that a window shows without being made longer.
SEEN = 8


@pytest.fixture
def service() -> Iterator[StandIn]:
    """The stand-in, whose tasks run on and on."""
    with StandIn(credits=10**6, pending_s=0.0, queue_s=0.0, run_s=10.0**9) as standin:
        yield standin


@pytest.fixture
def under_way(here: Any, tick_until: Tick, tmp_path: Path) -> Any:
    """The session with a batch of 1,000 rows, all of them running at the service."""
    path = tmp_path / "rows.csv"
    path.write_text("prompt,polygon_limit\n" + "".join(f"chair {n},1000\n" for n in range(COUNT)), encoding="utf-8")
    bpy.ops.triverse.batch_choose(filepath=str(path))
    tick_until(lambda: here.batch.phase == "checked" and here.batch.cost() is not None)
    bpy.context.window_manager.triverse.batch_jobs = COUNT
    assert bpy.ops.triverse.batch_run() == {"FINISHED"}
    ends_at_s = time.monotonic() + 240.0
    # Each tick reckons with a thousand rows: all the others of these seconds would say the same.
    while sum(task.service_status == "RUNNING" for task in here.engine.tasks()) < COUNT:
        assert time.monotonic() < ends_at_s
        here.tick(0.01)
        time.sleep(0.5)
    tick_until(lambda: here.batch.progress.under_way == COUNT)
    return here


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Every use of the store by the main thread: SQLite is asked without an audit event."""
    from triverse_addon.tasks.store.store import Store

    seen: list[int] = []

    def counted(connection: Callable[[Store], Any]) -> Callable[[Store], Any]:
        def count(store: Store) -> Any:
            if threading.current_thread() is threading.main_thread():
                seen.append(1)
            return connection(store)

        return count

    monkeypatch.setattr(Store, "_connection", counted(Store._connection))
    monkeypatch.setattr(Store, "_connection_for_writing", counted(Store._connection_for_writing))
    return seen


def calls(function: Callable[[], object]) -> int:
    """How many Python functions ``function`` calls, those included that they call."""
    count = 0

    def count_one(_frame: object, event: str, _arg: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(count_one)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count


def draw_seen_rows() -> list[Recorder]:
    """Draw the rows of the table that a window shows."""
    from triverse_addon.ui.batch import ui_list

    manager = bpy.context.window_manager.triverse
    drawn = []
    for row in manager.batch_rows[:SEEN]:
        drawn.append(Recorder())
        ui_list.TRIVERSE_UL_batch.draw_item(
            SimpleNamespace(), bpy.context, drawn[-1], manager, row, 0, manager, "batch_active"
        )
    return drawn


def test_with_a_thousand_tasks_under_way_ticks_and_redraws_are_bounded(
    under_way: Any,
    service: StandIn,
    tick_until: Tick,
    stored: list[int],
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    from triverse_addon.ui.batch import panel as batch_panel
    from triverse_addon.ui.state import batch_session
    from triverse_addon.ui.timers import status_bar

    here = under_way
    drawings = (lambda: draw(batch_panel.TRIVERSE_PT_batch), draw_seen_rows, tasks_panel, draw_rows)
    for drawing in drawings:
        drawing()  # the first time, modules are imported
    looked = request.getfixturevalue("watched")

    # Nothing is new: a little for each row, and no look at disk or network.
    for _ in range(5):
        took = calls(lambda: here.tick(0.004))
        assert took < CALLS_A_ROW * COUNT
    # Also when counts and time left are reckoned anew.
    here.batch._progress_at_s = 0.0
    assert calls(lambda: here.tick(0.004)) < CALLS_A_ROW * COUNT
    assert looked == []
    # The details read the history of the one task that is chosen.
    assert len(stored) <= 6
    stored.clear()

    # Every task has news at once: a tick ends when its time is over, and the rest comes with the next ones.
    # A thread that asks for a status may add some meanwhile, and say again that there is no progress.
    for task in list(here.engine.tasks()):
        here.engine._context.changed(task.with_(progress=50))
    here.tick(0.0)
    assert sum(task.progress == 50 for task in here.engine.tasks()) <= 2
    assert len(here.engine._context.events) > COUNT - 5
    # With time for all, it is a little for each.
    assert calls(lambda: here.tick(60.0)) < CALLS_A_NEW_ROW * COUNT
    assert sum(task.progress == 50 for task in here.engine.tasks()) > COUNT - 50
    assert looked == []
    assert len(stored) <= 2
    stored.clear()

    # What is drawn is what can be seen, and only that is looked up.
    numbers: list[int] = []
    row_status = batch_session.BatchSession.row_status

    def noted(batch: Any, number: int) -> Any:
        numbers.append(number)
        return row_status(batch, number)

    monkeypatch.setattr(batch_session.BatchSession, "row_status", noted)
    panel = draw(batch_panel.TRIVERSE_PT_batch)
    assert f"{COUNT:,} under way" in " ".join(panel.texts())
    (table,) = [one for one in panel.drawn if one.function == "template_list"]
    assert table.given["maxrows"] == SEEN
    rows = draw_seen_rows()
    assert any("50" in " ".join(row.texts()) for row in rows)
    assert set(numbers) <= {here.batch.rows[row].number for row in range(SEEN)}
    assert len(bpy.context.window_manager.triverse.batch_rows) == COUNT
    assert len(draw_rows()) == 50, "a page of the list"
    status_bar._draw(SimpleNamespace(layout=Recorder()), bpy.context)
    for drawing in drawings[:3]:
        # 200 to 900 as of now; one call more for each of the thousand would be too many.
        assert calls(drawing) < 1.15 * COUNT
    assert (looked, stored) == ([], [])

    # Under way all the time, and each ordered once.
    assert here.batch.progress.under_way == COUNT
    assert list(service.state.charged_per_order().values()) == [1] * COUNT
    bpy.ops.triverse.batch_stop()
    tick_until(lambda: not here.batch.is_running)
