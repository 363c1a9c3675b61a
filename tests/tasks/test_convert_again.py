# SPDX-License-Identifier: GPL-3.0-or-later
"""A .blend that does not fit is made anew, once for each reason. Plain Python, no ``bpy``."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.service.server import StandIn
from tests.tasks import engines
from triverse_addon.api.sentence import Sentence
from triverse_addon.tasks.convert import Converted, ConvertJob
from triverse_addon.tasks.imports import ConvertAgain, Imported, ImportOutcome
from triverse_addon.tasks.record import Placement, Stage, TaskRecord

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

    with StandIn(speed=10.0) as service, engines.running(service, tmp_path, convert) as driver:
        driver.importer = bring
        task_id = driver.submit(placement=Placement(location=(1.0, 2.0, 3.0)))
        done = driver.reaches(task_id, Stage.IMPORTED, Stage.FAILED)
    assert [(job.unit_m, job.frames_per_s) for job in jobs] == [(1.0, 24.0), (0.01, 60.0)]
    assert done.placement.location == (1.0, 2.0, 3.0)
    if is_mended:
        assert done.stage is Stage.IMPORTED
    else:
        assert (done.stage, done.error) == (Stage.FAILED, WHY), "for the same reason it is not done for ever"
