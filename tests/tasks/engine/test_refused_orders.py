# SPDX-License-Identifier: GPL-3.0-or-later
"""
An order that is refused although the service may have it, and what is left in memory of tasks that are done.

One: ``python scripts/test.py tests/tasks -k refused_orders``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.batch.files import png
from tests.service.server import StandIn
from tests.tasks.engines import Driver, running
from triverse_addon.tasks.record.events import TasksFound
from triverse_addon.tasks.record.record import Stage, TaskRequest
from triverse_addon.tasks.store.store import FILE_NAME


@pytest.fixture
def service() -> Iterator[StandIn]:
    with StandIn(speed=40, samples=("1k",)) as standin:
        yield standin


def test_an_order_refused_while_the_list_cannot_be_had_finds_its_task_by_itself(
    service: StandIn, driver: Driver
) -> None:
    """The answer was lost, and what is sent again is refused: only the list of tasks tells that the order exists."""
    service.faults.add("create", reset_after=True)
    service.faults.add("create", times=None, status=400, code=1004)
    service.settings.websockets = False
    task_id = driver.submit("a stone well tris:1k")
    driver.until(lambda: driver.record(task_id).attempts >= 2 and driver.record(task_id).status_note)
    assert driver.record(task_id).stage is Stage.SUBMITTING
    service.settings.websockets = True
    record = driver.reaches(task_id, Stage.IMPORTED, Stage.FAILED)
    assert record.stage is Stage.IMPORTED, str(record.error)
    assert list(service.state.charged_per_order().values()) == [1]


def test_a_list_that_can_never_be_had_does_not_hold_an_order_for_ever(service: StandIn, driver: Driver) -> None:
    service.faults.add("create", reset_after=True)
    service.faults.add("create", times=None, status=400, code=1004)
    service.settings.websockets = False
    record = driver.reaches(driver.submit("a stone well tris:1k"), Stage.FAILED)
    assert not record.is_final, "a retry sends the same order"


def test_a_picture_that_is_not_found_at_the_service_is_uploaded_once_more_only(
    service: StandIn, driver: Driver, tmp_path: Path
) -> None:
    """It may have expired there; but an order that is refused again must not upload it for ever."""
    service.faults.add("create", times=None, status=404, code=1005)
    request = TaskRequest("image-to-model", {}, sources={"image_file": str(png(tmp_path / "well.png"))})
    driver.reaches(driver.engine.submit(request).id, Stage.FAILED)
    assert len(service.state.seen("upload_image")) == 2


def test_nothing_is_kept_in_memory_of_tasks_that_are_done(service: StandIn, driver: Driver) -> None:
    done = [driver.submit(f"a stone well tris:1k {number}") for number in range(3)]
    for task_id in done:
        driver.reaches(task_id, Stage.IMPORTED)
    service.faults.add("status", status=404, code=1006, times=None)
    removed = driver.submit("a stone well tris:1k that is taken off the list")
    driver.reaches(removed, Stage.WAITING)
    driver.engine.forget(removed)
    steps = driver.engine._steps
    driver.until(lambda: not steps._polls and not steps._reported_s)


def test_an_order_that_a_full_queue_has_refused_can_be_cancelled(service: StandIn, driver: Driver) -> None:
    full = service.faults.add("create", times=None, status=429, code=2000)
    task_id = driver.submit()
    driver.until(lambda: driver.record(task_id).attempts)
    # Not while it is tried once more.
    driver.until(lambda: driver.record(task_id).is_unsent and driver.engine.cancel(task_id))
    driver.reaches(task_id, Stage.CANCELLED)
    full.times = 0
    assert service.state.charged_per_order() == {}


def test_an_order_that_no_connection_has_carried_can_be_cancelled(service: StandIn, driver: Driver) -> None:
    driver.engine.configure(dataclasses.replace(driver.engine.settings, api_url="http://127.0.0.1:9/api/v1"))
    task_id = driver.submit()
    driver.until(lambda: driver.record(task_id).attempts)
    driver.until(lambda: driver.record(task_id).is_unsent and driver.engine.cancel(task_id))


def test_an_order_that_no_connection_has_carried_goes_with_another_key(service: StandIn, driver: Driver) -> None:
    right = driver.engine.settings
    driver.engine.configure(dataclasses.replace(right, api_url="http://127.0.0.1:9/api/v1", api_key="mistyped-key-1"))
    task_id = driver.submit("a stone well tris:1k")
    driver.until(lambda: driver.record(task_id).attempts)
    driver.engine.configure(right)
    record = driver.reaches(task_id, Stage.IMPORTED, Stage.FAILED)
    assert record.stage is Stage.IMPORTED, record.error


@pytest.mark.parametrize(
    "fault",
    [{"reset_after": True}, {"status": 429, "html": True, "processed": True}, {"status": 503, "code": 5003}],
    ids=["lost", "a proxy's", "down"],
)
def test_an_order_that_may_have_arrived_cannot_be_cancelled(
    service: StandIn, driver: Driver, fault: dict[str, Any]
) -> None:
    service.faults.add("create", times=None, **fault)
    task_id = driver.submit()
    driver.until(lambda: driver.record(task_id).attempts)
    assert not driver.engine.cancel(task_id)
    assert driver.record(task_id).stage is Stage.SUBMITTING


def test_an_order_that_is_looked_for_when_blender_is_closed_goes_on_at_the_next_start(
    service: StandIn, tmp_path: Path
) -> None:
    service.faults.add("create", reset_after=True)
    service.faults.add("create", times=None, status=400, code=1004)
    listing = service.faults.add("ws", latency_s=1.0)
    with running(service, tmp_path) as driver:
        task_id = driver.submit("a stone well tris:1k")
        driver.until(lambda: listing.hits)
    with running(service, tmp_path) as driver:
        record = driver.reaches(task_id, Stage.IMPORTED, Stage.FAILED)
    assert record.stage is Stage.IMPORTED, record.error
    assert list(service.state.charged_per_order().values()) == [1]


def test_an_order_is_looked_for_again_when_the_list_of_tasks_breaks_off(service: StandIn, driver: Driver) -> None:
    """What is missing from such a list may be the order itself, which was called refused then."""
    for number in range(3):
        driver.reaches(driver.submit(f"a stone well tris:1k {number}"), Stage.IMPORTED)
    service.faults.add("create", reset_after=True)
    service.faults.add("create", times=None, status=400, code=1004)
    service.faults.add("ws", times=2, reset_at_frame=2)
    record = driver.reaches(driver.submit("a red chair tris:1k"), Stage.IMPORTED, Stage.FAILED)
    assert record.stage is Stage.IMPORTED, record.error
    assert list(service.state.charged_per_order().values()) == [1] * 4


def test_a_list_that_always_breaks_off_does_not_hold_an_order_for_ever(service: StandIn, driver: Driver) -> None:
    for number in range(2):
        driver.reaches(driver.submit(f"a stone well tris:1k {number}"), Stage.IMPORTED)
    service.faults.add("create", reset_after=True)
    service.faults.add("create", times=None, status=400, code=1004)
    service.faults.add("ws", times=None, reset_at_frame=1)
    record = driver.reaches(driver.submit("a red chair"), Stage.FAILED)
    assert not record.is_final, "a retry sends the same order"


def test_find_my_tasks_says_that_the_list_broke_off_and_keeps_what_came(service: StandIn, tmp_path: Path) -> None:
    with running(service, tmp_path) as driver:
        for number in range(3):
            driver.reaches(driver.submit(f"a stone well tris:1k {number}"), Stage.IMPORTED)
    (tmp_path / FILE_NAME).write_bytes(b"no database" * 500)
    service.faults.add("ws", reset_at_frame=2)
    with running(service, tmp_path) as driver:
        driver.until(lambda: any(isinstance(event, TasksFound) for event in driver.events))
        (found,) = (event for event in driver.events if isinstance(event, TasksFound))
        assert found.error is not None
        assert 0 < found.added == len(driver.engine.tasks()) < 3
        assert driver.engine.store.is_lost, "the rest is asked for at the next start"
        driver.engine.find_tasks()
        driver.until(lambda: len(driver.engine.tasks()) == 3 and not driver.engine.store.is_lost)


def test_tasks_of_a_damaged_list_are_asked_for_again_when_blender_was_closed_meanwhile(
    service: StandIn, tmp_path: Path
) -> None:
    with running(service, tmp_path) as driver:
        for number in range(3):
            driver.reaches(driver.submit(f"a stone well tris:1k {number}"), Stage.IMPORTED)
    (tmp_path / FILE_NAME).write_bytes(b"no database" * 500)
    listing = service.faults.add("ws", latency_s=1.0)
    with running(service, tmp_path) as driver:
        driver.until(lambda: listing.hits)
    with running(service, tmp_path) as driver:
        driver.until(lambda: len(driver.engine.tasks()) == 3)


def test_a_service_that_says_nothing_has_not_said_that_there_are_no_tasks(service: StandIn, tmp_path: Path) -> None:
    with running(service, tmp_path) as driver:
        driver.reaches(driver.submit("a stone well tris:1k"), Stage.IMPORTED)
    (tmp_path / FILE_NAME).write_bytes(b"no database" * 500)
    service.faults.add("ws", silent=True)
    with running(service, tmp_path) as driver:
        driver.until(lambda: any(isinstance(event, TasksFound) for event in driver.events))
        assert driver.engine.store.is_lost
    with running(service, tmp_path) as driver:
        driver.until(lambda: len(driver.engine.tasks()) == 1 and not driver.engine.store.is_lost)


def test_the_user_decides_that_there_are_no_tasks(service: StandIn, tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"no database" * 500)
    with running(service, tmp_path) as driver:
        driver.until(lambda: any(isinstance(event, TasksFound) for event in driver.events))
        assert driver.engine.store.is_lost
        driver.engine.find_tasks()
        driver.until(lambda: not driver.engine.store.is_lost)
