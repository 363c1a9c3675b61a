# SPDX-License-Identifier: GPL-3.0-or-later
"""
What two of anything at once can do to an order or a file: Find My Tasks while an answer is out, two Blenders that press
Retry, a lease that runs out under a download. And what only looks like the end of a task.

One: ``python scripts/test.py tests/reliability/test_attacks.py -k lease``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reliability.account import ACCOUNT
from tests.service import models
from tests.service.server import StandIn
from tests.tasks.engines import Driver, running
from triverse_addon.api import backoff
from triverse_addon.tasks.engine import service_updates, steps
from triverse_addon.tasks.record.events import Notice, TasksFound
from triverse_addon.tasks.record.record import Stage
from triverse_addon.tasks.store.store import FILE_NAME

FOUND = "Find My Tasks while an order is under way"
DAMAGED = "a damaged row of the store"

ACCOUNT.expect(
    [
        *[FOUND] * 4,
        "Retry pressed in two Blenders",
        "a lease that runs out in mid-download",
        *["a file that is never given out"] * 2,
        "404 from a proxy for a while",
        *[DAMAGED] * 3,
    ]
)


@pytest.fixture
def service() -> Iterator[StandIn]:
    with StandIn(speed=60, samples=("1k", "20k")) as made:
        yield made
        assert made.state.leaks == []


def charged_once(service: StandIn) -> bool:
    service.state.settle()
    return len(service.state.charged()) == 1 and not service.state.user.frozen


def find(driver: Driver) -> int:
    """Press Find My Tasks; return how many were new."""
    before = sum(isinstance(event, TasksFound) for event in driver.events)
    driver.engine.find_tasks()
    driver.until(lambda: sum(isinstance(event, TasksFound) for event in driver.events) > before)
    event = next(event for event in reversed(driver.events) if isinstance(event, TasksFound))
    assert event.error is None
    return event.added


# -----------------------------------------------------------------------------
# Paid twice


@pytest.mark.parametrize("followed", [False, True], ids=["found", "found and followed"])
def test_an_order_that_was_found_before_its_answer_came_is_still_itself(
    service: StandIn, tmp_path: Path, followed: bool
) -> None:
    """It was taken for a repetition, and Retry was offered, which orders and charges once more."""
    service.state.clock.speed = 0
    answer = service.faults.add("create", delay_answer_s=600.0)
    with running(service, tmp_path) as driver:
        task_id = driver.submit("a stone well tris:1k")
        driver.until(lambda: service.state.creations)
        assert find(driver) == 1
        (uuid,) = service.state.tasks
        if followed:
            driver.engine.track([uuid])
        answer.release()
        driver.reaches(task_id, Stage.WAITING)
        driver.until(lambda: len(driver.engine.tasks()) == 1)
        service.state.clock.speed = 60
        record = driver.reaches(task_id, Stage.IMPORTED, Stage.FAILED)
        assert (record.stage, record.task_uuid) == (Stage.IMPORTED, uuid)
    assert charged_once(service)
    assert len(service.state.creations) == 1
    ACCOUNT.add(FOUND)


@pytest.mark.parametrize("refusal", [{"status": 409, "code": 2005, "message": "duplicate order"}, {"status": 400}])
def test_an_order_that_was_found_and_whose_repetition_is_refused(
    service: StandIn, tmp_path: Path, refusal: dict[str, object]
) -> None:
    service.state.clock.speed = 0
    service.faults.add("create", reset_after=True)
    second = service.faults.add("create", latency_s=600.0, **refusal)
    with running(service, tmp_path) as driver:
        task_id = driver.submit("a stone well tris:1k")
        driver.until(lambda: second.hits)
        assert find(driver) == 1
        second.release()
        driver.reaches(task_id, Stage.WAITING)
        driver.until(lambda: len(driver.engine.tasks()) == 1)
        service.state.clock.speed = 60
        driver.reaches(task_id, Stage.IMPORTED)
    assert charged_once(service)
    ACCOUNT.add(FOUND)


def test_an_equal_task_of_long_ago_is_not_taken_for_the_order(service: StandIn, tmp_path: Path) -> None:
    """The other side of it: what was in the list before the order left is another task."""
    service.settings.duplicate_window_s = 100_000.0
    service.settings.on_duplicate = "payload"
    state = service.state
    made = state.create(state.user, "text-to-model", {"prompt": "a stone well tris:1k", "client_order_id": "studio"})
    with running(service, tmp_path) as driver:
        assert find(driver) == 1
        task_id = driver.submit("a stone well tris:1k")
        assert "repetition" in str(driver.reaches(task_id, Stage.FAILED).error)
        assert {record.task_uuid for record in driver.engine.tasks()} == {made.uuid, None}


def test_retry_in_two_blenders_is_one_new_order(service: StandIn, tmp_path: Path) -> None:
    """The second Blender does not know yet that the first has ordered anew."""
    with running(service, tmp_path) as one, running(service, tmp_path) as two:
        task_id = one.submit("fail once: a stone well tris:1k")
        failed = one.reaches(task_id, Stage.FAILED)
        two.until(lambda: [record.stage for record in two.engine.tasks()] == [Stage.FAILED])
        service.state.clock.speed = 0
        answer = service.faults.add("create", delay_answer_s=600.0)
        one.engine.retry(task_id)
        one.until(lambda: answer.hits)
        assert two.record(task_id).stage is Stage.FAILED, "it has not heard of it"
        pressed = two.engine.retry(task_id)
        assert pressed.stage is Stage.SUBMITTING
        assert pressed.submitted_at_s is not None, "the order that is out is not forgotten"
        answer.release()
        waiting = one.reaches(task_id, Stage.WAITING)
        assert waiting.client_order_id != failed.client_order_id
        two.until(lambda: two.record(task_id).task_uuid == waiting.task_uuid)
    assert [made.client_order_id for made in service.state.creations] == [
        failed.client_order_id,
        waiting.client_order_id,
    ]
    ACCOUNT.add("Retry pressed in two Blenders")


# -----------------------------------------------------------------------------
# Lost


def test_a_lease_that_runs_out_in_mid_download_makes_no_file_of_two_halves(service: StandIn, tmp_path: Path) -> None:
    slow = service.faults.add("asset", drip_bytes=20_000, drip_s=0.1)
    with running(service, tmp_path) as one, running(service, tmp_path) as two:
        task_id = one.submit("a stone well tris:20k")
        one.until(lambda: one.record(task_id).received_bytes > 0)
        # As if the first had slept for a minute in mid-download, and woke up again.
        connection = sqlite3.connect(tmp_path / FILE_NAME)
        with connection:
            connection.execute("UPDATE tasks SET lease_until_s = 0")
        connection.close()
        two.engine._supervisor.wake()

        def both() -> bool:
            one.engine.pump(0.01)
            return two.record(task_id).stage is Stage.IMPORTED

        two.until(both)
        record = two.record(task_id)
        assert Path(record.model_path).read_bytes() == models.glb_path("20k").read_bytes()
        assert [path.name for path in Path(record.folder).iterdir() if path.name.startswith(".")] == []
        assert slow.hits == 1
        last = service.state.seen("asset")[-1]
        assert last.range, "the second goes on where the first was"
    assert charged_once(service)
    ACCOUNT.add("a lease that runs out in mid-download")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried eight times is tried in a second."""
    monkeypatch.setattr(backoff, "FIRST_S", 0.02)
    monkeypatch.setattr(backoff, "LONGEST_S", 0.1)


def test_a_file_that_is_never_given_out_waits_for_a_later_retry(service: StandIn, tmp_path: Path, quick: None) -> None:
    for kind, rule in {"asset": {"expired": True}, "url": {"status": 404}, "download": {"status": 404}}.items():
        service.faults.add(kind, times=None, **rule)
    with running(service, tmp_path) as driver:
        task_id = driver.submit("a stone well tris:1k")
        for _ in range(2):
            record = driver.reaches(task_id, Stage.FAILED)
            assert "paid for" in str(record.error)
            assert "Press Retry later" in str(record.error)
            assert (record.is_final, record.failed_stage) == (False, Stage.DOWNLOADING)
            driver.engine.retry(task_id)
        driver.reaches(task_id, Stage.FAILED)
    service.faults.clear()
    # Another day, another Blender.
    with running(service, tmp_path) as driver:
        driver.engine.retry(task_id)
        record = driver.reaches(task_id, Stage.IMPORTED)
        assert Path(record.model_path).read_bytes() == models.glb_path("1k").read_bytes()
    assert charged_once(service)
    assert len(service.state.creations) == 1
    ACCOUNT.add("a file that is never given out", by_button=1)


def test_a_new_link_is_also_looked_for_in_the_status(service: StandIn, tmp_path: Path, quick: None) -> None:
    service.faults.add("asset", expired=True)
    service.faults.add("url", status=404, times=None)
    service.faults.add("download", status=404, times=None)
    service.state.clock.speed = 20
    with running(service, tmp_path) as driver:
        driver.reaches(driver.submit("a stone well tris:1k"), Stage.IMPORTED)
    assert charged_once(service)
    ACCOUNT.add("a file that is never given out")


def test_a_proxy_that_does_not_find_the_service_ends_no_task(
    service: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_updates, "NOT_YET_S", 0.0)
    monkeypatch.setattr(steps, "_LONGEST_NOT_FOUND_S", 0.05)
    service.state.clock.speed = 0
    with running(service, tmp_path) as driver:
        task_id = driver.submit("a stone well tris:1k")
        driver.reaches(task_id, Stage.WAITING)
        fault = service.faults.add("status", status=404, html=True, times=6)
        driver.until(lambda: fault.hits == 6)
        service.state.clock.speed = 60
        driver.reaches(task_id, Stage.IMPORTED)
    assert charged_once(service)
    ACCOUNT.add("404 from a proxy for a while")


def damage(folder: Path) -> None:
    connection = sqlite3.connect(folder / FILE_NAME)
    with connection:
        connection.execute("UPDATE tasks SET data = substr(data, 1, length(data) / 2)")
    connection.close()


@pytest.mark.parametrize("stage", [Stage.WAITING, Stage.READY])
def test_a_damaged_row_is_told_and_its_model_comes_all_the_same(service: StandIn, tmp_path: Path, stage: Stage) -> None:
    service.state.clock.speed = 0 if stage is Stage.WAITING else 60
    with running(service, tmp_path) as driver:
        driver.importer = None
        task_id = driver.submit("a stone well tris:1k")
        driver.reaches(task_id, stage)
    damage(tmp_path)
    service.state.clock.speed = 60
    with running(service, tmp_path) as driver:
        told = driver.until(lambda: [event for event in driver.events if isinstance(event, Notice)])
        assert "was damaged" in str(told[0].sentence)
        assert "asked for at Triverse again" in str(told[0].sentence)
        # For which file it was made is not known any more: it is not put into whichever is open.
        record = driver.reaches(task_id, Stage.READY)
        assert Path(record.model_path).read_bytes() == models.glb_path("1k").read_bytes()
        driver.engine.import_again(task_id)
        driver.reaches(task_id, Stage.IMPORTED)
    assert charged_once(service)
    assert len(service.state.creations) == 1
    ACCOUNT.add(DAMAGED, by_button=1)


def test_a_damaged_row_whose_order_was_out_is_brought_back_by_find_my_tasks(service: StandIn, tmp_path: Path) -> None:
    service.state.clock.speed = 0
    service.faults.add("create", delay_answer_s=600.0)
    with running(service, tmp_path) as driver:
        task_id = driver.submit("a stone well tris:1k")
        driver.until(lambda: service.state.creations)
    damage(tmp_path)
    with running(service, tmp_path) as driver:
        (told,) = driver.until(lambda: [event for event in driver.events if isinstance(event, Notice)])
        assert "Find My Tasks" in str(told.sentence)
        assert driver.record(task_id).stage is Stage.FAILED
        assert find(driver) == 1
        (uuid,) = service.state.tasks
        (found,) = driver.engine.track([uuid])
        service.state.clock.speed = 60
        driver.reaches(found.id, Stage.IMPORTED)
    assert charged_once(service)
    assert len(service.state.creations) == 1
    ACCOUNT.add(DAMAGED, by_button=1)
