# SPDX-License-Identifier: GPL-3.0-or-later
"""A paid file that is no model is kept, and found. One: ``python scripts/test.py tests/tasks/test_delivered.py``."""

from __future__ import annotations

from pathlib import Path

from tests.service.server import StandIn
from tests.tasks.engines import running
from triverse_addon.tasks.folders import DELIVERED
from triverse_addon.tasks.record import Stage


def test_what_is_no_model_is_kept_where_the_task_says(tmp_path: Path) -> None:
    with StandIn(speed=40, samples=("20k",)) as service, running(service, tmp_path) as driver:
        record = driver.reaches(driver.submit("a badmagic chair"), Stage.FAILED)
    assert record.folder
    kept = Path(record.folder) / DELIVERED
    assert kept.read_bytes().startswith(b"This is not the model")
