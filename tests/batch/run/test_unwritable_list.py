# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch whose list of tasks cannot be written says so while it waits, and goes on when it can be."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from tests.cli.driver import CommandsHere
from tests.service.server import StandIn
from triverse_addon.tasks.engine import steps
from triverse_addon.tasks.store.errors import unusable


def test_no_room_for_the_list_is_told_and_the_batch_goes_on_later(
    cli: CommandsHere, service: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waited without a word."""
    (cli.folder / "rows.csv").write_text("prompt,polygon_limit\na chair,1000\na lamp,1000\n")
    original, refused = steps.Steps._by_stage, set()

    def by_stage(self: steps.Steps, record: Any) -> None:
        if (record.id, record.stage) not in refused:
            refused.add((record.id, record.stage))
            raise unusable(cli.data / "tasks.sqlite3", OSError(errno.ENOSPC, "No space left on device"))
        original(self, record)

    monkeypatch.setattr(steps.Steps, "_by_stage", by_stage)
    monkeypatch.setattr(steps, "BLOCKED_S", 0.05)
    answer = cli.run("batch", "rows.csv", "--library", "lib", "--glb-only", "--yes")
    assert answer.code == 0, answer.people
    assert "There is no room left for the list of tasks in " in answer.people
    assert sorted(service.state.charged_per_order().values()) == [1, 1]
