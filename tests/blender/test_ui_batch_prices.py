# SPDX-License-Identifier: GPL-3.0-or-later
"""
Prices of a batch in the panel that change: since they were asked, and in the middle of a run.

One: ``python scripts/test.py tests/blender/test_ui_batch_prices.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import pytest

from tests.blender.drawing import Tick
from tests.blender.test_ui_batch import charges, checked, panel, rows_file, run, service
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
