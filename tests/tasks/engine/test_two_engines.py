# SPDX-License-Identifier: GPL-3.0-or-later
"""
Two Blenders with one list, and tasks that are let go in mid-way. One: ``… tests/tasks/engine/test_two_engines.py``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.service import models
from tests.service.server import StandIn
from tests.tasks.engines import LIMIT_S, Driver, running
from triverse_addon.api.sentence import Sentence
from triverse_addon.tasks.converter import Converted, ConvertJob
from triverse_addon.tasks.engine.import_queue import Imported, Importer, Later
from triverse_addon.tasks.record.events import TaskChanged
from triverse_addon.tasks.record.record import Stage, TaskRecord

#: As long as a test needs to do something meanwhile, or until the rule is released.
SLOWLY = {"drip_bytes": 20_000, "drip_s": 0.1}


@pytest.fixture
def service() -> Iterator[StandIn]:
    with StandIn(speed=40, samples=("20k",), usual_sample="20k") as standin:
        yield standin


@pytest.fixture
def one(service: StandIn, tmp_path: Path) -> Iterator[Driver]:
    with running(service, tmp_path) as driver:
        yield driver


@pytest.fixture
def two(service: StandIn, tmp_path: Path, one: Driver) -> Iterator[Driver]:
    with running(service, tmp_path) as driver:
        yield driver


def both(one: Driver, two: Driver, look: Callable[[], object]) -> None:
    end = time.monotonic() + LIMIT_S
    while not look():
        assert time.monotonic() < end
        for driver in (one, two):
            driver.events += driver.engine.pump(0.01, driver.importer).events
        time.sleep(0.005)


def knows(driver: Driver, task_id: str, stage: Stage) -> bool:
    record = driver.engine.get(task_id)
    return record is not None and record.stage is stage


def mid_download(driver: Driver) -> str:
    task_id = driver.submit()
    driver.until(lambda: driver.record(task_id).received_bytes > 0)
    return task_id


# -----------------------------------------------------------------------------
# Two Blenders


def test_what_one_lets_go_the_other_takes_up(service: StandIn, one: Driver, two: Driver) -> None:
    service.state.clock.speed = 0
    task_id = one.submit()
    one.reaches(task_id, Stage.WAITING)
    one.engine.stop_following(task_id)
    both(one, two, lambda: any(r.id == task_id and not r.following for r in two.engine.tasks()))
    service.state.clock.speed = 40
    two.engine.resume_following(task_id)
    two.reaches(task_id, Stage.IMPORTED)
    both(one, two, lambda: knows(one, task_id, Stage.IMPORTED))
    assert list(service.state.charged_per_order().values()) == [1]


def test_a_task_renamed_elsewhere_is_fetched_by_its_driver_alone(service: StandIn, one: Driver, two: Driver) -> None:
    rule = service.faults.add("asset", **SLOWLY)
    task_id = mid_download(one)
    both(one, two, lambda: any(record.id == task_id for record in two.engine.tasks()))
    two.engine.rename(task_id, "My well")
    # A step that is not wanted would be at its request by now: the keeper's round trip is as long as that way.
    two.until(lambda: knows(two, task_id, Stage.DOWNLOADING))
    time.sleep(0.5)
    assert len(service.state.seen("asset")) == 1
    rule.release()
    both(one, two, lambda: knows(one, task_id, Stage.IMPORTED) or knows(two, task_id, Stage.IMPORTED))
    assert len(service.state.seen("asset")) == 1
    record = one.reaches(task_id, Stage.IMPORTED)
    assert record.name == "My well"
    assert Path(record.model_path).read_bytes() == models.glb_path("20k").read_bytes()


def test_what_one_takes_off_the_list_goes_from_the_other(service: StandIn, one: Driver, two: Driver) -> None:
    task_id = one.submit()
    one.reaches(task_id, Stage.IMPORTED)
    both(one, two, lambda: knows(two, task_id, Stage.IMPORTED))
    two.engine.forget(task_id)
    both(one, two, lambda: one.engine.get(task_id) is None)
    assert one.engine.tasks() == []


def test_a_model_is_imported_by_one_of_two_that_have_its_file_open(
    one: Driver, two: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other looks again just when the first has the model in its scene, and has not noted that yet."""
    one.importer = two.importer = None
    task_id = one.submit()
    both(one, two, lambda: knows(one, task_id, Stage.READY) and knows(two, task_id, Stage.READY))
    imports: list[str] = []

    def importer(name: str) -> Importer:
        def note(record: TaskRecord) -> Imported:
            imports.append(name)
            return Imported(record.name)

        return note

    finish = one.engine.imports._finish

    def late(*given: Any) -> None:
        two.engine.imports.try_now(task_id)
        two.engine.pump(0.01, importer("two"))
        finish(*given)

    monkeypatch.setattr(one.engine.imports, "_finish", late)
    one.engine.pump(0.01, importer("one"))
    both(one, two, lambda: knows(one, task_id, Stage.IMPORTED) and knows(two, task_id, Stage.IMPORTED))
    assert imports == ["one"]


# -----------------------------------------------------------------------------
# Let go in mid-way


def test_a_forgotten_download_ends_and_leaves_nothing(service: StandIn, one: Driver, tmp_path: Path) -> None:
    service.faults.add("asset", **SLOWLY)
    task_id = mid_download(one)
    one.engine.forget(task_id, delete_files=True)
    sent = service.state.seen("asset")[0]
    # The connection is given up: the server notes the request's end, far from its whole length.
    one.until(lambda: not one.engine._queues["download"]._running)
    one.until(lambda: sent.sent_bytes)
    assert one.engine.tasks() == []
    assert one.engine.active_count == 0
    assert not list(tmp_path.rglob("model.glb"))


def test_a_download_that_is_let_be_goes_on_there_later(service: StandIn, one: Driver) -> None:
    rule = service.faults.add("asset", **SLOWLY)
    task_id = mid_download(one)
    one.engine.stop_following(task_id)
    one.until(lambda: not one.engine._queues["download"]._running)
    assert one.record(task_id).stage is Stage.DOWNLOADING
    assert one.engine.active_count == 0
    rule.release()
    one.engine.resume_following(task_id)
    record = one.reaches(task_id, Stage.IMPORTED)
    assert service.state.seen("asset")[-1].range
    assert Path(record.model_path).read_bytes() == models.glb_path("20k").read_bytes()


def test_a_download_that_is_let_be_here_and_followed_elsewhere_may_come_back(
    service: StandIn, one: Driver, tmp_path: Path
) -> None:
    rule = service.faults.add("asset", **SLOWLY)
    task_id = mid_download(one)
    one.engine.stop_following(task_id)
    one.until(lambda: not one.engine._queues["download"]._running)
    again = service.faults.add("asset", **SLOWLY)
    with running(service, tmp_path) as two:
        two.engine.resume_following(task_id)
        two.until(lambda: again.hits)
    for each in (rule, again):
        each.release()
    one.engine._supervisor.wake()  # and look now for tasks that nobody works on
    one.reaches(task_id, Stage.IMPORTED)


def test_an_order_that_is_let_be_keeps_its_uuid(service: StandIn, one: Driver) -> None:
    rule = service.faults.add("create", delay_answer_s=600)
    task_id = one.submit()
    one.until(service.state.charged)
    one.engine.stop_following(task_id)
    rule.release()
    one.until(lambda: one.record(task_id).task_uuid)
    assert one.record(task_id).stage is Stage.WAITING
    one.engine.resume_following(task_id)
    one.reaches(task_id, Stage.IMPORTED)
    assert list(service.state.charged_per_order().values()) == [1]


def test_a_model_that_is_let_be_is_not_imported(service: StandIn, tmp_path: Path) -> None:
    asked: list[str] = []

    def slow(job: ConvertJob, stop: object) -> Converted:
        driver.engine.stop_following(task_id)
        path = job.out_dir / "model.blend"
        path.write_bytes(b"blend")
        return Converted(path, None, job.name, triangles=1, objects=1, seconds=0.0)

    with running(service, tmp_path, slow) as driver:
        driver.importer = lambda record: asked.append(record.id) or Later(Sentence.of("No."))
        task_id = driver.submit()
        driver.reaches(task_id, Stage.READY)
        for _ in range(20):
            driver.engine.pump(0.01, driver.importer)
            time.sleep(0.01)
        assert asked == []
        assert driver.record(task_id).status_note is None
        # Asked for by hand it comes.
        driver.engine.import_again(task_id)
        driver.until(lambda: asked)


# -----------------------------------------------------------------------------
# What is shown meanwhile


def test_no_other_blender_is_blamed_when_there_is_none(service: StandIn, one: Driver) -> None:
    for number in range(5):
        one.reaches(one.submit(f"chair number {number}"), Stage.IMPORTED)
    notes = {str(event.record.status_note) for event in one.events if isinstance(event, TaskChanged)}
    assert not any("Another Blender" in note for note in notes)


def test_progress_and_reasons_outlast_the_look_at_the_store(service: StandIn, one: Driver) -> None:
    one.importer = None
    service.faults.add("asset", **SLOWLY)
    task_id = mid_download(one)
    seen = {one.record(task_id).received_bytes}
    # Longer than the keeper's pace: it reads the download's last stored state, in which nothing has come yet.
    end = time.monotonic() + 2.5
    while time.monotonic() < end:
        one.engine.pump(0.01)
        seen.add(one.record(task_id).received_bytes)
        time.sleep(0.005)
    assert 0 not in seen
