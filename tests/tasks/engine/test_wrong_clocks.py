# SPDX-License-Identifier: GPL-3.0-or-later
"""
Orders of a machine whose clock is hours fast or is set back: the model comes, and is paid for once.

One: ``python scripts/test.py tests/tasks/engine/test_wrong_clocks.py``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.service.server import StandIn
from tests.tasks.engines import Driver
from triverse_addon.tasks.engine import submit_steps
from triverse_addon.tasks.record.record import Stage

HOUR_S = 3600.0


@pytest.fixture
def service() -> Iterator[StandIn]:
    with StandIn(speed=40, samples=("1k",)) as made:
        yield made


@pytest.mark.parametrize(
    "refusal",
    [{"status": 400, "code": 1004}, {"status": 409, "code": 2005, "message": "client_order_id was used before"}],
    ids=["refused", "a duplicate"],
)
@pytest.mark.parametrize("hours", [-14, 9, 26])
def test_an_order_whose_answer_was_lost_is_found_with_a_wrong_clock(
    service: StandIn, driver: Driver, monkeypatch: pytest.MonkeyPatch, hours: int, refusal: dict[str, Any]
) -> None:
    """By that clock, it was ordered at a time that is still to come for the service."""
    monkeypatch.setattr(submit_steps, "now_s", lambda: time.time() + hours * HOUR_S)
    service.faults.add("create", reset_after=True)
    service.faults.add("create", times=None, **refusal)
    record = driver.reaches(driver.submit("a stone well tris:1k"), Stage.IMPORTED, Stage.FAILED)
    assert record.stage is Stage.IMPORTED, record.error
    assert list(service.state.charged_per_order().values()) == [1]


def test_an_order_that_was_found_after_the_clock_was_set_back_is_not_called_a_repetition(
    service: StandIn, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By that clock, its task was found before it was ordered, as if it were somebody else's."""
    monkeypatch.setattr(submit_steps, "now_s", lambda: time.time() + 2 * HOUR_S)
    lost = service.faults.add("create", times=None, reset_after=True)
    task_id = driver.submit("a stone well tris:1k")
    driver.until(lambda: driver.record(task_id).attempts)
    driver.engine.find_tasks()
    driver.until(lambda: len(driver.engine.tasks()) == 2)
    lost.times = 0
    record = driver.reaches(task_id, Stage.IMPORTED, Stage.FAILED)
    assert record.stage is Stage.IMPORTED, record.error
    assert list(service.state.charged_per_order().values()) == [1]
    driver.until(lambda: [one.id for one in driver.engine.tasks()] == [task_id])
