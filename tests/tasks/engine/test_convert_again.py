# SPDX-License-Identifier: GPL-3.0-or-later
"""A .blend that does not fit is made anew, once for each reason. Plain Python, no ``bpy``."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path

import pytest

from tests.service.server import StandIn
from tests.tasks import engines
from triverse_addon.api.sentence import Sentence
from triverse_addon.tasks.converter import Converted, ConvertError, ConvertJob, Missing
from triverse_addon.tasks.engine.import_queue import ConvertAgain, Imported, ImportOutcome
from triverse_addon.tasks.record.events import Notice
from triverse_addon.tasks.record.record import Placement, Stage, TaskRecord

pytestmark = pytest.mark.kind("other-blenders")

WHY = Sentence.of("Converted again, for the units and the frame rate of the scene {scene}.", scene="Scene")


@pytest.mark.parametrize("is_mended", [True, False])
def test_a_model_is_converted_again_for_the_scene_it_comes_into(tmp_path: Path, is_mended: bool) -> None:
    jobs: list[ConvertJob] = []

    def convert(job: ConvertJob, stop: threading.Event) -> Converted:
        jobs.append(job)
        return engines.convert(job, stop)

    def bring(record: TaskRecord) -> ImportOutcome:
        fits = (record.blend_unit_m, record.blend_frames_per_s) == (0.01, 60.0)
        return Imported(record.name) if fits and is_mended else ConvertAgain(WHY, 0.01, 60.0)

    with StandIn(speed=80.0) as service, engines.running(service, tmp_path, convert) as driver:
        driver.importer = bring
        task_id = driver.submit(placement=Placement(location=(1.0, 2.0, 3.0)))
        done = driver.reaches(task_id, Stage.IMPORTED, Stage.FAILED)
    assert [(job.unit_m, job.frames_per_s) for job in jobs] == [(1.0, 24.0), (0.01, 60.0)]
    assert done.placement.location == (1.0, 2.0, 3.0)
    if is_mended:
        assert done.stage is Stage.IMPORTED
    else:
        assert (done.stage, done.error) == (Stage.FAILED, WHY), "for the same reason it is not done for ever"


@pytest.mark.kind("geometry-options")
def test_options_of_the_mesh_reach_the_converter_and_the_record(tmp_path: Path) -> None:
    jobs: list[ConvertJob] = []

    def convert(job: ConvertJob, stop: threading.Event) -> Converted:
        jobs.append(job)
        return engines.convert(job, stop)

    def bring(record: TaskRecord) -> ImportOutcome:
        made, chosen = (record.blend_merge, record.blend_smooth_deg), record.placement
        return Imported(record.name) if made == (chosen.merge, chosen.smooth_deg) else ConvertAgain(WHY, 1.0, 24.0)

    with StandIn(speed=80.0) as service, engines.running(service, tmp_path, convert) as driver:
        driver.importer = bring
        task_id = driver.submit(placement=Placement(merge=True, smooth_deg=30))
        done = driver.reaches(task_id, Stage.IMPORTED)
        assert (done.blend_merge, done.blend_smooth_deg) == (True, 30)
        driver.engine.import_again(task_id)
        driver.reaches(task_id, Stage.IMPORTED)
        assert len(jobs) == 1, "it has what it was made with"
        driver.engine.import_again(task_id, placement=Placement(smooth_deg=45))
        driver.reaches(task_id, Stage.IMPORTED)
    assert [(job.processing.merge, job.processing.smooth_deg) for job in jobs] == [(True, 30), (False, 45)]


@pytest.mark.kind("half-models")
def test_what_is_missing_of_a_model_is_told_in_the_tasks_history(tmp_path: Path) -> None:
    def convert(job: ConvertJob, stop: threading.Event) -> Converted:
        made = engines.convert(job, stop)
        return dataclasses.replace(made, missing=Missing(meshes=1, of_meshes=2, triangles=7, of_triangles=9))

    with StandIn(speed=80.0) as service, engines.running(service, tmp_path, convert) as driver:
        task_id = driver.submit()
        driver.reaches(task_id, Stage.IMPORTED)
        history = [(line.level, str(line.sentence)) for line in driver.engine.history(task_id)]
        warned = [str(event.sentence) for event in driver.events if isinstance(event, Notice)]
    said = "Of the 2 meshes of this model, Blender made 1 not or in part. The downloaded file is kept."
    assert ("WARNING", said) in history
    assert ("WARNING", "Blender left out 7 of the 9 triangles of this model.") in history
    assert said in warned


@pytest.mark.kind("half-models")
def test_what_an_import_in_place_lacks_is_told_in_the_tasks_history(tmp_path: Path) -> None:
    missing = Missing(pictures=["bark"])
    with StandIn(speed=80.0) as service, engines.running(service, tmp_path, None) as driver:
        driver.importer = lambda record: Imported(record.name, tuple(missing.history_lines()))
        task_id = driver.submit()
        driver.reaches(task_id, Stage.IMPORTED)
        history = [(line.level, str(line.sentence)) for line in driver.engine.history(task_id)]
    assert ("WARNING", "Pictures of this model that Blender cannot read: bark.") in history


@pytest.mark.parametrize("auto_import", [True, False], ids=["imported", "ready"])
def test_a_model_that_cannot_be_converted_otherwise_can_still_be_imported_as_it_is(
    tmp_path: Path, auto_import: bool
) -> None:
    """The task had failed, each Retry asked for the same, and a failed task is not imported."""
    jobs: list[ConvertJob] = []
    brought: list[TaskRecord] = []

    def convert(job: ConvertJob, stop: threading.Event) -> Converted:
        jobs.append(job)
        if job.processing.merge:
            raise ConvertError(Sentence.of("Blender crashed while it read this model."))
        return engines.convert(job, stop)

    def bring(record: TaskRecord) -> ImportOutcome:
        if not record.is_blend_as_asked:
            return ConvertAgain(WHY, 1.0, 24.0)
        brought.append(record)
        return Imported(record.name)

    with StandIn(speed=80.0) as service, engines.running(service, tmp_path, convert) as driver:
        driver.importer = bring
        task_id = driver.submit(auto_import=auto_import)
        before = Stage.IMPORTED if auto_import else Stage.READY
        driver.reaches(task_id, before)
        for tries in (1, 2):
            driver.engine.import_again(task_id, placement=Placement(merge=True))
            driver.until(lambda count=1 + tries: len(jobs) == count)
            left = driver.reaches(task_id, before, Stage.FAILED)
            driver.until(lambda: not driver.engine.active_count)
            assert (left.stage, left.error, left.waits_for_import) == (before, None, False)
            assert driver.engine.history(task_id)[-1].level == "ERROR"
        said = [str(event.sentence) for event in driver.events if isinstance(event, Notice)]
        assert said.count("Blender crashed while it read this model.") == 2
        count = len(brought)
        driver.engine.import_again(task_id, placement=Placement())
        driver.until(lambda: len(brought) > count and driver.record(task_id).stage is Stage.IMPORTED)
