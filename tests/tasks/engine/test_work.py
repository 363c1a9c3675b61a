# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's own work on one result: done by the child, for one import, and never to the harm of the model."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path

import pytest

from tests.service.server import StandIn
from tests.tasks import engines
from triverse_addon.api.sentence import Sentence
from triverse_addon.tasks.converter import (
    ChildNotStartedError,
    Converted,
    ConvertError,
    ConvertJob,
    ConvertStopped,
    NoChildError,
)
from triverse_addon.tasks.engine.import_queue import Failed, ImportOutcome
from triverse_addon.tasks.record.events import Notice
from triverse_addon.tasks.record.processing import PLAIN, Processing
from triverse_addon.tasks.record.record import Origin, Placement, Stage, TaskRecord
from triverse_addon.tasks.record.status_text import stage_text
from triverse_addon.tasks.store.store import Store

WORK = Processing(decimate=500, hull=True)
HERE = Origin(session="s")


class Child:
    """A converter that does what a test says when Blender is to work, and notes what it was given."""

    def __init__(self) -> None:
        self.jobs: list[ConvertJob] = []
        self.error: Exception | None = None
        self.waits = False
        self.begun = threading.Event()

    def __call__(self, job: ConvertJob, stop: threading.Event) -> Converted:
        self.jobs.append(job)
        if not job.processing.needs_child:
            return dataclasses.replace(engines.convert(job, stop), triangles=1000)
        if self.error is not None:
            raise self.error
        if self.waits:
            self.begun.set()
            assert stop.wait(engines.LIMIT_S)
            raise ConvertStopped(Sentence.of("Stopped."))
        return dataclasses.replace(engines.convert(job, stop), triangles=500)


def work_on(driver: engines.Driver, task_id: str, **more: object) -> TaskRecord:
    """Have Blender work on a task's model."""
    return driver.engine.work_on(task_id, Placement(work=WORK, merge=True, **more), HERE)  # type: ignore[arg-type]


def notices(driver: engines.Driver) -> list[str]:
    """What the user was told."""
    driver.events += driver.engine.pump(0.01, driver.importer).events
    return [str(event.sentence) for event in driver.events if isinstance(event, Notice)]


def test_the_child_works_on_the_kept_model_for_one_import(tmp_path: Path) -> None:
    child = Child()
    brought: list[TaskRecord] = []

    def bring(record: TaskRecord) -> ImportOutcome:
        brought.append(record)
        return engines.import_all(record)

    with StandIn(speed=80.0) as service, engines.running(service, tmp_path, child) as driver:
        driver.importer = bring
        task_id = driver.submit()
        driver.reaches(task_id, Stage.IMPORTED)
        begun = work_on(driver, task_id, instead_of="A stone well")
        assert begun.is_worked_on
        assert str(stage_text(begun)) == "Working on the model"
        done = driver.reaches(task_id, Stage.IMPORTED)
    assert [job.processing for job in child.jobs] == [PLAIN, dataclasses.replace(WORK, merge=True)]
    assert child.jobs[0].glb_path == child.jobs[1].glb_path
    assert (brought[-1].placement.work, brought[-1].placement.instead_of) == (WORK, "A stone well")
    assert brought[-1].is_blend_as_asked
    assert (done.triangles, done.blend_work, done.placement.work) == (1000, WORK, PLAIN)
    # The next import is of the model as it was delivered.
    assert not done.with_(placement=Placement()).is_blend_as_asked


@pytest.mark.parametrize(
    ("work", "said"),
    [
        (Processing(decimate=12000), "Reducing to 12,000 triangles"),
        (Processing(lods=2), "Making levels of detail"),
        (Processing(hull=True), "Making a collision hull"),
        (Processing(cleanup=True), "Cleaning up materials"),
        (Processing(cleanup=True, lods=1), "Working on the model"),
    ],
)
def test_the_list_says_what_is_done(work: Processing, said: str) -> None:
    record = TaskRecord(id="a", flow="text-to-model", name="A", stage=Stage.CONVERTING, placement=Placement(work=work))
    assert str(stage_text(record)) == said


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConvertError(Sentence.of("It has too many parts.")), "It has too many parts."),
        (NoChildError(Sentence.of("No child.")), "This needs a second Blender, and none can be started here."),
    ],
)
def test_what_cannot_be_done_leaves_the_model_as_it_was(tmp_path: Path, error: Exception, said: str) -> None:
    child = Child()
    with StandIn(speed=80.0) as service, engines.running(service, tmp_path, child) as driver:
        task_id = driver.submit()
        before = driver.reaches(task_id, Stage.IMPORTED)
        child.error = error
        work_on(driver, task_id)
        done = driver.reaches(task_id, Stage.IMPORTED, Stage.FAILED)
        assert (done.stage, done.error, done.placement.work) == (Stage.IMPORTED, None, PLAIN)
        assert (done.blend_sha256, done.blend_work) == (before.blend_sha256, PLAIN)
        assert [one for one in notices(driver) if one.startswith(said)]
        assert [line for line in driver.engine.history(task_id) if line.level == "ERROR"]
        # It can be asked for again.
        child.error = None
        work_on(driver, task_id)
        assert driver.reaches(task_id, Stage.IMPORTED).blend_work == WORK


def test_a_child_that_cannot_be_started_just_now_is_tried_again(tmp_path: Path) -> None:
    child = Child()
    with StandIn(speed=80.0) as service, engines.running(service, tmp_path, child) as driver:
        task_id = driver.submit()
        driver.reaches(task_id, Stage.IMPORTED)
        child.error = ChildNotStartedError(Sentence.of("No memory just now."))
        work_on(driver, task_id)
        driver.notes(task_id, "No memory just now.")
        child.error = None
        assert driver.reaches(task_id, Stage.IMPORTED).blend_work == WORK
        child.error = ChildNotStartedError(Sentence.of("Never any memory."))
        work_on(driver, task_id)
        driver.notes(task_id, "Never any memory.")
        done = driver.reaches(task_id, Stage.IMPORTED, Stage.FAILED)
        assert (done.stage, done.error) == (Stage.IMPORTED, None)


def test_what_cannot_be_imported_leaves_the_task_with_its_model(tmp_path: Path) -> None:
    with StandIn(speed=80.0) as service, engines.running(service, tmp_path, Child()) as driver:
        task_id = driver.submit(auto_import=False)
        driver.reaches(task_id, Stage.READY)
        driver.importer = lambda _: Failed(Sentence.of("The file is gone."))
        work_on(driver, task_id)
        driver.until(lambda: "The file is gone." in notices(driver))
        left = driver.record(task_id)
        assert (left.stage, left.waits_for_import, left.error) == (Stage.READY, False, None)


def test_it_can_be_stopped(tmp_path: Path) -> None:
    child = Child()
    with StandIn(speed=80.0) as service, engines.running(service, tmp_path, child) as driver:
        task_id = driver.submit()
        driver.reaches(task_id, Stage.IMPORTED)
        child.waits = True
        work_on(driver, task_id)
        driver.until(child.begun.is_set)
        driver.engine.stop_work(task_id)
        left = driver.record(task_id)
        assert (left.stage, left.is_unfinished, left.placement.work) == (Stage.IMPORTED, False, PLAIN)
        child.waits = False
        work_on(driver, task_id)
        assert driver.reaches(task_id, Stage.IMPORTED).blend_work == WORK
        # Of a task that Blender does not work on, nothing is stopped.
        driver.engine.stop_work(task_id)
        assert driver.record(task_id).stage is Stage.IMPORTED


def test_it_goes_on_after_blender_was_closed(tmp_path: Path) -> None:
    child = Child()
    with StandIn(speed=80.0) as service:
        with engines.running(service, tmp_path, child) as driver:
            task_id = driver.submit()
            driver.reaches(task_id, Stage.IMPORTED)
            child.waits = True
            work_on(driver, task_id)
            driver.until(child.begun.is_set)
        child.waits = False
        with engines.running(service, tmp_path, child) as driver:
            assert driver.reaches(task_id, Stage.IMPORTED).blend_work == WORK


def test_merging_alone_that_cannot_be_done_leaves_the_model_as_it_was(tmp_path: Path) -> None:
    """The task had failed, and each Retry merged again: its model could not be imported any more."""

    def child(job: ConvertJob, stop: threading.Event) -> Converted:
        if job.processing.merge:
            raise ConvertError(Sentence.of("It has too many parts."))
        return engines.convert(job, stop)

    with StandIn(speed=80.0) as service, engines.running(service, tmp_path, child) as driver:
        task_id = driver.submit()
        driver.reaches(task_id, Stage.IMPORTED)
        begun = driver.engine.work_on(task_id, Placement(work=Processing(merge=True), merge=True), HERE)
        assert begun.is_worked_on
        done = driver.reaches(task_id, Stage.IMPORTED, Stage.FAILED)
        assert (done.stage, done.error) == (Stage.IMPORTED, None)
        assert done.placement.processing == PLAIN
        driver.engine.import_again(task_id)
        assert driver.reaches(task_id, Stage.IMPORTED, Stage.FAILED).stage is Stage.IMPORTED


def test_merging_alone_is_kept_in_the_store(tmp_path: Path) -> None:
    record = TaskRecord(id="a", flow="text-to-model", name="A", placement=Placement(work=Processing(merge=True)))
    store = Store(tmp_path)
    store.add(record)
    found = store.get("a")
    store.close()
    assert found is not None
    assert found.placement.work == Processing(merge=True)
