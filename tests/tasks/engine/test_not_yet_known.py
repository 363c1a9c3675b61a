# SPDX-License-Identifier: GPL-3.0-or-later
"""
Tasks that the service has accepted and does not find yet, for as long as it says itself.

One: ``python scripts/test.py tests/tasks/engine/test_not_yet_known.py``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.service.server import StandIn
from tests.tasks.engines import Driver
from triverse_addon.tasks.engine import service_updates, steps, submit_steps
from triverse_addon.tasks.record.record import Stage

#: More answers than are enough for a task that is gone.
MANY = 8


@pytest.fixture
def service() -> Iterator[StandIn]:
    with StandIn(speed=60, samples=("1k",)) as made:
        yield made


def is_waited_for(service: StandIn, driver: Driver) -> None:
    """The task is not found many times, and then made."""
    service.settings.invisible_s = 10_000.0
    task_id = driver.submit()
    driver.until(lambda: len(service.state.seen("status")) >= MANY or driver.record(task_id).stage is Stage.GONE)
    assert driver.record(task_id).stage is Stage.WAITING
    service.settings.invisible_s = 0.0
    driver.reaches(task_id, Stage.IMPORTED)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "_LONGEST_NOT_FOUND_S", 0.02)


def test_a_task_is_waited_for_as_long_as_the_service_says(
    service: StandIn, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_updates, "NOT_YET_S", 0.0)
    is_waited_for(service, driver)


def test_an_order_that_was_accepted_at_a_later_try_is_as_new_as_any(
    service: StandIn, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was first sent two hours ago, without an answer."""
    monkeypatch.setattr(submit_steps, "now_s", lambda: time.time() - 7200.0)
    is_waited_for(service, driver)
