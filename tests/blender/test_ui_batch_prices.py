# SPDX-License-Identifier: GPL-3.0-or-later
"""
Prices of a batch in the panel that change: since they were asked, and in the middle of a run.

One: ``python scripts/test.py tests/blender/test_ui_batch_prices.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

from tests.blender.drawing import Tick
from tests.blender.pressed import press
from tests.blender.test_ui_batch import charges, checked, panel, rows_file, run, service, settled
from tests.service import flows
from tests.service.server import StandIn
from triverse_addon.batch.run.resume import load_batch
from triverse_addon.scripting.batch_worker import Started, Worker

__all__ = ["rows_file", "service"]  # fixtures

pytestmark = pytest.mark.usefixtures("kept_writers")


def costs(monkeypatch: pytest.MonkeyPatch, extra: int) -> None:
    """Have the service take more for everything."""
    quote = flows.quote

    def dearer(flow_name: str, params: dict[str, Any]) -> tuple[dict[str, Any], int]:
        relevant, cost = quote(flow_name, params)
        return relevant, cost + extra

    monkeypatch.setattr(flows, "quote", dearer)


def test_what_became_dearer_before_the_start_is_asked_about_again(
    here: Any, service: StandIn, tick_until: Tick, rows_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = checked(tick_until, rows_file())
    assert batch.cost() == 60
    costs(monkeypatch, 5)
    batch = run(tick_until)
    assert service.state.creations == []
    assert "this costs 75 credits, and not 60 as was shown. Nothing was ordered." in panel().prose()
    assert batch.cost() == 75
    assert batch.saved is None
    costs(monkeypatch, -5)
    batch = run(tick_until)
    assert charges(service) == [1] * 3, "what became cheaper is not asked about"
    assert "costs 75" not in panel().prose()


def test_rows_without_a_price_leave_the_limit_of_the_others(
    here: Any, service: StandIn, tick_until: Tick, rows_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    quote = flows.quote
    told = {"is": False}

    def unpriced(flow_name: str, params: dict[str, Any]) -> tuple[dict[str, Any], int]:
        if params.get("polygon_limit") == 2000 and not told["is"]:
            raise flows.Refused(1004, 400, "no price", "")
        relevant, cost = quote(flow_name, params)
        return relevant, cost + 15 * told["is"]

    monkeypatch.setattr(flows, "quote", unpriced)
    begin = Worker.start

    def begin_and_rise(*args: Any) -> Started:
        told["is"] = True
        return begin(*args)

    monkeypatch.setattr(Worker, "start", begin_and_rise)
    rows = "stool,2000\nchair,1000\ntable,1000\nbed,1000\n"
    batch = checked(tick_until, rows_file(f"prompt,polygon_limit\n{rows}"))
    assert (batch.cost(), batch.unknown_count()) == (60, 1)
    bpy.context.window_manager.triverse.batch_jobs = 1
    run(tick_until)
    assert sorted(task.cost for task in service.state.tasks.values()) == [35, 35], "of those with a price, one"
    assert "More than the 60 credits that were allowed would be spent." in panel().prose()


def test_what_became_dearer_since_it_was_agreed_to_is_asked_about_again(
    here: Any, service: StandIn, tick_until: Tick, rows_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "".join(f"chair {number},1000\n" for number in range(6))
    batch = checked(tick_until, rows_file(f"prompt,polygon_limit\n{rows}"))
    assert batch.cost() == 120
    bpy.context.window_manager.triverse.batch_jobs = 1
    begin = Worker.start

    def begin_and_rise(*args: Any) -> Started:
        costs(monkeypatch, 5)
        monkeypatch.setattr(Worker, "start", begin)
        return begin(*args)

    monkeypatch.setattr(Worker, "start", begin_and_rise)
    batch = run(tick_until)
    assert sum(task.cost for task in service.state.tasks.values()) == 100, "a fifth one would be more than 120"
    assert "More than the 120 credits that were allowed would be spent." in panel().prose()
    assert batch.is_resuming
    assert batch.cost() == 50
    assert not batch.is_agreed(), "50 is less than 120, of which 100 are spent"
    kept = load_batch(here.engine.settings.data_dir, lambda _: True)
    assert kept is not None
    assert set(kept.prices.values()) == {20}
    run(tick_until)
    assert charges(service) == [1] * 6


def test_what_became_dearer_while_the_question_was_open_is_asked_about_again(
    here: Any, service: StandIn, tick_until: Tick, rows_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = checked(tick_until, rows_file())

    def answer_late(question: Any, context: Any) -> None:
        costs(monkeypatch, 5)
        batch._ask_again_s -= 601.0
        tick_until(lambda: batch.cost() == 75)
        question.execute(context)

    pressed = press(bpy.ops.triverse.batch_run, meanwhile=answer_late)
    assert pressed.given["title"] == "Make 3 Models for 60 Credits?"
    tick_until(lambda: not batch.is_busy)
    assert service.state.creations == []
    assert "this costs 75 credits, and not 60 as was shown. Nothing was ordered." in panel().prose()
    run(tick_until)
    assert charges(service) == [1] * 3


def test_a_price_that_was_asked_long_ago_is_asked_again(
    here: Any, service: StandIn, tick_until: Tick, rows_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = checked(tick_until, rows_file())
    assert batch.cost() == 60
    costs(monkeypatch, 40)
    batch._ask_again_s -= 599.0
    here.tick(0.01)
    assert not batch.is_asking
    batch._ask_again_s -= 2.0
    tick_until(lambda: batch.cost() == 180)


# -----------------------------------------------------------------------------
# The limit of a month


@pytest.fixture
def limits(here: Any) -> Iterator[Any]:
    """The preferences with a limit of the month, which is taken back."""
    preferences = bpy.context.preferences.addons["triverse_addon"].preferences
    yield preferences
    preferences.monthly_limit = 0


def stopped_after_two(service: StandIn, tick_until: Tick, rows_file: Callable[..., Path]) -> Any:
    """Stop a batch of six rows for 20 credits each, when two are ordered."""
    service.state.clock.speed = 0.01
    rows = "".join(f"chair {number},1000\n" for number in range(6))
    batch = checked(tick_until, rows_file(f"prompt,polygon_limit\n{rows}"))
    bpy.context.window_manager.triverse.batch_jobs = 2
    bpy.ops.triverse.batch_run()
    tick_until(lambda: len(service.state.creations) == 2 and batch.progress.under_way == 2)
    bpy.ops.triverse.batch_stop()
    tick_until(lambda: not batch.is_running)
    service.state.clock.speed = 40.0
    return settled(tick_until)


def test_going_on_above_the_limit_of_the_month_is_asked_about(
    here: Any, service: StandIn, tick_until: Tick, rows_file: Callable[..., Path], limits: Any
) -> None:
    batch = stopped_after_two(service, tick_until, rows_file)
    assert batch.is_agreed()
    limits.monthly_limit = 100
    pressed = press(bpy.ops.triverse.batch_run)
    assert pressed.opened == "invoke_confirm"
    assert pressed.given["title"] == "Make 4 Models for 80 Credits?"
    assert pressed.given["message"] == "40 of 100 credits were spent this month, and this costs 80."
    assert not batch.is_running, "nobody has said yes"
    run(tick_until)
    assert charges(service) == [1] * 6, "it was agreed to exceed this limit"


def test_a_run_keeps_to_a_limit_of_the_month_that_is_set_in_its_middle(
    here: Any, service: StandIn, tick_until: Tick, rows_file: Callable[..., Path], limits: Any
) -> None:
    service.state.clock.speed = 0.01
    rows = "".join(f"chair {number},1000\n" for number in range(6))
    batch = checked(tick_until, rows_file(f"prompt,polygon_limit\n{rows}"))
    bpy.context.window_manager.triverse.batch_jobs = 2
    bpy.ops.triverse.batch_run()
    tick_until(lambda: len(service.state.creations) == 2)
    limits.monthly_limit = 90
    service.state.clock.speed = 40.0
    tick_until(lambda: not batch.is_running)
    settled(tick_until)
    assert charges(service) == [1] * 4, "a fifth one would be more than 90"
    assert "80 of 90 credits were spent this month, so the batch orders nothing more." in panel().prose()
    assert "Continue · 40" in panel().texts()
    pressed = press(bpy.ops.triverse.batch_run)
    assert pressed.given["message"] == "80 of 90 credits were spent this month, and this costs 40."
    limits.monthly_limit = 120
    assert press(bpy.ops.triverse.batch_run).opened == ""
    tick_until(lambda: not batch.is_running)
    assert charges(service) == [1] * 6


def test_a_run_that_would_exceed_the_limit_of_the_month_is_asked_about_once(
    here: Any, service: StandIn, tick_until: Tick, rows_file: Callable[..., Path], limits: Any
) -> None:
    limits.monthly_limit = 50
    checked(tick_until, rows_file())
    assert press(bpy.ops.triverse.batch_run).given["message"].startswith("0 of 50 credits")
    run(tick_until)
    assert charges(service) == [1] * 3


def test_a_limit_of_the_month_that_was_not_asked_about_is_kept(
    here: Any, service: StandIn, tick_until: Tick, rows_file: Callable[..., Path], limits: Any
) -> None:
    """It was set, or reached by other orders, while the question was open."""
    batch = checked(tick_until, rows_file())
    bpy.context.window_manager.triverse.batch_jobs = 1

    def answer_late(question: Any, context: Any) -> None:
        limits.monthly_limit = 50
        question.execute(context)

    assert press(bpy.ops.triverse.batch_run, meanwhile=answer_late).opened == "invoke_confirm"
    tick_until(lambda: not batch.is_busy)
    assert charges(service) == [1] * 2, "a third one would be more than 50"
