# SPDX-License-Identifier: GPL-3.0-or-later
"""
Numbers of a batch: thousands are separated wherever people read them, and what cost nothing is noted so.

One: ``python scripts/test.py tests/batch/run/test_amounts.py``.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.batch.files import looked_at, write
from triverse_addon.batch.library.ledger import Ledger
from triverse_addon.batch.run.active_row import ActiveRow
from triverse_addon.batch.run.outcome import Progress
from triverse_addon.batch.run.plan import PlannedRow, RowAction
from triverse_addon.cli import batch_progress
from triverse_addon.cli.batch_printer import BatchPrinter
from triverse_addon.tasks.record.record import TaskRecord


def test_thousands_are_separated_in_plan_and_progress() -> None:
    said: list[str] = []
    output: Any = SimpleNamespace(say=lambda text: said.append(str(text)))
    planned: list[Any] = [SimpleNamespace(action=action) for action in RowAction for _ in range(1200)]
    BatchPrinter(output).plan(planned)
    assert said == [
        "7,200 rows: 1,200 done before, 2,400 under way or here, 1,200 to order, 1,200 to try again, "
        "1,200 failed before or left alone."
    ]
    line = batch_progress._line(Progress(9000, 4000, 1000, 1500, 1200, 1300, 0, 20_000, None))
    assert "4,000 of 9,000 done, 1,000 failed, 1,200 under way, 1,300 to write, 20,000 credits" in line


@pytest.mark.parametrize(("told", "noted"), [(0, 0), (15, 15), (None, 20)])
def test_the_price_that_the_service_told_is_noted(tmp_path: Path, told: int | None, noted: int) -> None:
    """The quoted one stands for a price that is unknown, not for one of nothing."""
    (row,), _ = looked_at(write(tmp_path / "rows.csv", "prompt\na chair\n"))
    ledger = Ledger(tmp_path)
    ledger.make()
    entry = ledger.claim(row, "batch_1", "key")
    planned = PlannedRow(row, "batch_1", "", with_blender=False, action=RowAction.ORDER, entry=entry)
    record = TaskRecord(
        id="1", name="Chair", flow=row.flow, client_order_id="batch_1", task_uuid="u", cost_credits=told
    )
    ordered = ActiveRow(planned).ordered_entry(record, 20)
    assert ordered is not None
    assert (ordered.state, ordered.cost_credits) == ("ordered", noted)
