# SPDX-License-Identifier: GPL-3.0-or-later
"""
Models that have come, while the list of tasks could not be told so: they are there, and are not asked for again.

One: ``python scripts/test.py tests/tasks/engine/test_fetched_before.py``.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.service.server import StandIn
from tests.tasks.engines import running
from triverse_addon.tasks.engine import steps
from triverse_addon.tasks.engine.transitions import Transitions
from triverse_addon.tasks.files.folders import MODEL
from triverse_addon.tasks.record.record import Stage, TaskRecord
from triverse_addon.tasks.store.errors import unusable


@pytest.fixture
def service() -> Iterator[StandIn]:
    with StandIn(speed=40, samples=("1k",)) as made:
        yield made


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """There is no room for the list of tasks from when a model has come. It lies on another disk than the models."""
    move = Transitions.move

    def no_room(self: Transitions, record: TaskRecord, **changes: Any) -> TaskRecord:
        if changes.get("stage") is Stage.CONVERTING:
            raise unusable(Path("tasks.sqlite3"), OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        return move(self, record, **changes)

    monkeypatch.setattr(steps, "BLOCKED_S", 0.05)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transitions, "move", no_room)
        yield patch


def test_a_model_is_not_fetched_again_while_the_list_has_no_room(
    service: StandIn, tmp_path: Path, full_disk: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []
    unstored = steps.Steps._not_stored

    def count(self: steps.Steps, task_id: str, error: Any) -> float | None:
        tries.append(task_id)
        return unstored(self, task_id, error)

    full_disk.setattr(steps.Steps, "_not_stored", count)
    with running(service, tmp_path) as driver:
        task_id = driver.submit("a stone well tris:1k")
        driver.until(lambda: len(tries) >= 3)
        full_disk.undo()
        record = driver.reaches(task_id, Stage.IMPORTED, Stage.FAILED)
    assert record.stage is Stage.IMPORTED, record.error
    assert len(service.state.seen("asset")) == 1


def test_a_model_that_has_come_is_there_when_the_service_has_it_no_more(
    service: StandIn, tmp_path: Path, full_disk: pytest.MonkeyPatch
) -> None:
    with running(service, tmp_path) as driver:
        task_id = driver.submit("a stone well tris:1k")
        driver.until(lambda: driver.engine.unstored())
        assert driver.record(task_id).stage is Stage.DOWNLOADING
    full_disk.undo()
    service.faults.add("asset", times=None, expired=True)
    for kind in ("url", "download"):
        service.faults.add(kind, times=None, status=404, code=4042)
    with running(service, tmp_path) as driver:
        record = driver.reaches(task_id, Stage.IMPORTED, Stage.FAILED)
    assert record.stage is Stage.IMPORTED, record.error
    assert Path(record.model_path).name == MODEL


def test_a_part_of_a_model_is_not_taken_for_the_whole(
    service: StandIn, tmp_path: Path, full_disk: pytest.MonkeyPatch
) -> None:
    with running(service, tmp_path) as driver:
        task_id = driver.submit("a stone well tris:1k")
        driver.until(lambda: driver.engine.unstored())
    (path,) = tmp_path.rglob(MODEL)
    whole = path.read_bytes()
    path.write_bytes(whole[:600])
    full_disk.undo()
    with running(service, tmp_path) as driver:
        driver.reaches(task_id, Stage.IMPORTED, Stage.FAILED)
    assert path.read_bytes() == whole
