# SPDX-License-Identifier: GPL-3.0-or-later
"""
Orders whose answer was lost, whose task was found at the service and used before the order itself went on.

One: ``python scripts/test.py tests/tasks/engine/test_taken_over.py``.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.service.server import StandIn
from tests.tasks.engines import Driver, import_all
from triverse_addon.tasks.engine.import_queue import Imported
from triverse_addon.tasks.record.events import TasksFound
from triverse_addon.tasks.record.record import Stage, TaskRecord


@pytest.fixture
def service() -> Iterator[StandIn]:
    with StandIn(speed=80.0, samples=("1k",)) as standin:
        yield standin


def test_a_model_that_was_imported_as_found_does_not_come_once_more(service: StandIn, driver: Driver) -> None:
    imported: list[str] = []

    def imports(record: TaskRecord) -> Imported:
        imported.append(record.task_uuid or "")
        return import_all(record)

    driver.importer = imports
    service.faults.add("create", reset_after=True)
    fault = service.faults.add("create", status=503, code=5003, times=None)
    order = driver.submit()
    driver.until(lambda: fault.hits)
    driver.engine.find_tasks()
    driver.until(lambda: any(isinstance(event, TasksFound) for event in driver.events))
    (uuid,) = service.state.tasks
    (found,) = driver.engine.track([uuid])
    driver.reaches(found.id, Stage.IMPORTED)
    service.faults.clear()
    driver.reaches(order, Stage.READY, Stage.IMPORTED)
    driver.until(lambda: driver.record(order).stage is Stage.READY or len(imported) > 1)
    assert imported == [uuid]
    assert driver.record(order).task_uuid == uuid
    assert list(service.state.charged_per_order().values()) == [1]
