# SPDX-License-Identifier: GPL-3.0-or-later
"""
Orders that a batch has named: sent from several machines, they are one. Uploads keep within the service's limit.

One: ``python scripts/test.py tests/tasks/engine/test_named_orders.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service import models
from tests.service.server import StandIn
from tests.tasks.engines import running
from triverse_addon.api.payloads import Created
from triverse_addon.tasks.engine import pacing, steps, submit_steps
from triverse_addon.tasks.engine.pacing import RateLimiter, SlidingWindowLimiter
from triverse_addon.tasks.engine.service_updates import is_earlier_task
from triverse_addon.tasks.record.events import LiveChanged
from triverse_addon.tasks.record.record import Stage, TaskRequest, now_s


@pytest.fixture
def service() -> Iterator[StandIn]:
    with StandIn(speed=40, samples=("1k", "20k")) as standin:
        yield standin


@pytest.mark.parametrize("answer", ["payload", "conflict", "named"])
def test_a_row_that_another_machine_ordered_is_followed_and_not_paid_again(
    service: StandIn, tmp_path: Path, answer: str
) -> None:
    service.settings.on_same_order = answer
    with running(service, tmp_path / "one") as driver:
        first = driver.reaches(driver.submit(client_order_id="batch_1", allow_duplicate=True), Stage.IMPORTED)
    # Long ago, too: a look at the last hour would not find it.
    service.state.tasks[first.task_uuid or ""].created_wall_s -= 100_000
    with running(service, tmp_path / "two") as driver:
        second = driver.reaches(
            driver.submit(client_order_id="batch_1", allow_duplicate=True), Stage.IMPORTED, Stage.FAILED
        )
    assert second.stage is Stage.IMPORTED, str(second.error)
    assert second.task_uuid == first.task_uuid
    assert service.state.charged_per_order() == {"batch_1": 1}


def test_rows_that_were_done_elsewhere_are_asked_for_at_once_beside_live_updates(
    service: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was over before the connection was opened is not pushed: eight rows together waited a minute."""

    class Never(RateLimiter):
        def delay_s(self) -> float:
            return 600.0

    # One question a second is the rate for what is pushed. Here, none is asked at that rate.
    monkeypatch.setattr(steps, "RateLimiter", lambda rate, burst: (Never if rate < 2 else RateLimiter)(rate, burst))
    names = [f"batch_{number}" for number in range(3)]
    with running(service, tmp_path / "one") as driver:
        for name in names:
            driver.submit(client_order_id=name, allow_duplicate=True)
        driver.until(lambda: {one.stage for one in driver.engine.tasks()} == {Stage.IMPORTED})
    with running(service, tmp_path / "two", live=True) as driver:
        driver.submit("hold: a lamp")
        driver.until(lambda: any(isinstance(event, LiveChanged) and event.live for event in driver.events))
        for task_id in [driver.submit(client_order_id=name, allow_duplicate=True) for name in names]:
            driver.reaches(task_id, Stage.IMPORTED)
    assert len(service.state.charged()) == len(names) + 1


@pytest.mark.parametrize(
    ("status", "age_s", "is_earlier"),
    [("PENDING", 2.0, False), ("QUEUED", -30.0, False), ("SUCCESS", 2.0, True), ("FAILED", None, True)]
    + [("PENDING", 3600.0, True), ("PENDING", None, False)],
)
def test_an_answer_with_a_task_of_before_is_told_from_a_new_one(
    status: str, age_s: float | None, is_earlier: bool
) -> None:
    made_at_s = None if age_s is None else now_s() - age_s
    assert is_earlier_task(Created("uuid", "text-to-model", status, made_at_s, 20, None, None, None)) is is_earlier


@pytest.mark.parametrize("answer", ["payload", "conflict", "named"])
@pytest.mark.parametrize("how", ["by its uuid", "found"])
def test_a_row_whose_task_is_on_the_list_already_is_followed_and_not_paid_again(
    service: StandIn, tmp_path: Path, how: str, answer: str
) -> None:
    """It was put there before the row was ordered here. To call it a repetition would offer to pay once more."""
    service.settings.on_same_order = answer
    with running(service, tmp_path / "one") as driver:
        first = driver.reaches(driver.submit(client_order_id="batch_1", allow_duplicate=True), Stage.IMPORTED)
    with running(service, tmp_path / "two", live=True) as driver:
        if how == "found":
            driver.engine.find_tasks()
        else:
            driver.engine.track([first.task_uuid or ""], auto_import=False)
        driver.until(driver.engine.tasks)
        (known,) = driver.engine.tasks()
        driver.engine.mark(known.id, lambda newest: newest.with_(starred=True, tags=("kitchen",)))
    with running(service, tmp_path / "two") as driver:
        task_id = driver.submit(client_order_id="batch_1", allow_duplicate=True)
        second = driver.reaches(task_id, Stage.IMPORTED, Stage.FAILED)
        assert second.stage is Stage.IMPORTED, str(second.error)
        assert second.task_uuid == first.task_uuid
        assert (second.starred, second.tags) == (True, ("kitchen",))
        driver.until(lambda: [one.id for one in driver.engine.tasks()] == [second.id])
    assert service.state.charged_per_order() == {"batch_1": 1}


def test_a_row_that_is_equal_to_another_task_is_a_task_of_its_own(service: StandIn, tmp_path: Path) -> None:
    service.settings.duplicate_window_s = 100_000.0
    with running(service, tmp_path) as driver:
        driver.reaches(driver.submit(), Stage.IMPORTED)
        driver.reaches(driver.submit(client_order_id="batch_1", allow_duplicate=True), Stage.IMPORTED)
    assert len(service.state.charged()) == 2


def test_two_equal_rows_whose_answers_were_lost_have_a_task_each(service: StandIn, tmp_path: Path) -> None:
    service.settings.on_same_order = "conflict"
    service.faults.add("create", processed=True, reset_after=True, times=2)
    with running(service, tmp_path) as driver:
        ids = [driver.submit(client_order_id=f"batch_{number}", allow_duplicate=True) for number in (1, 2)]
        ends = [driver.reaches(task_id, Stage.IMPORTED, Stage.FAILED) for task_id in ids]
    assert [end.stage for end in ends] == [Stage.IMPORTED] * 2, [str(end.error) for end in ends]
    assert len({end.task_uuid for end in ends}) == 2
    assert service.state.charged_per_order() == {"batch_1": 1, "batch_2": 1}


def test_what_is_not_to_be_converted_is_ready_as_it_came(service: StandIn, tmp_path: Path) -> None:
    with running(service, tmp_path) as driver:
        plain = driver.reaches(driver.submit(convert=False, auto_import=False), Stage.READY)
        other = driver.reaches(driver.submit(auto_import=False), Stage.READY)
    assert (plain.blend_path, bool(other.blend_path)) == ("", True)
    assert Path(plain.model_path).is_file()


def test_uploads_keep_within_the_limit(service: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The stand-in's minute lasts 1.5 s; the client's is made as long.
    monkeypatch.setattr(submit_steps, "UPLOADS_SPAN_S", 60.0 / service.state.clock.speed * 1.2)
    picture = models.preview_path("1k")
    with running(service, tmp_path) as driver:
        ids = [
            driver.engine.submit(
                TaskRequest("image-to-model", {}, {"image_file": str(picture)}, client_order_id=f"batch_{number}")
            ).id
            for number in range(23)
        ]
        for task_id in ids:
            driver.reaches(task_id, Stage.IMPORTED)
    uploads = service.state.seen("upload_image")
    assert [one.status for one in uploads] == [200] * 23
    assert len(service.state.charged()) == 23


def test_a_window_lets_so_many_pass_in_any_span(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(pacing.time, "monotonic", lambda: now[0])
    window = SlidingWindowLimiter(3, 60.0)
    passed: list[float] = []
    while len(passed) < 20:
        wait_s = window.delay_s()
        if wait_s:
            now[0] += wait_s
        else:
            passed.append(now[0])
            now[0] += 1.0
    for start in passed:
        assert sum(start <= at < start + 60.0 for at in passed) <= 3
    assert passed[-1] - passed[0] < 20 / 3 * 60.0
