# SPDX-License-Identifier: GPL-3.0-or-later
"""
A paid file that is no model is kept, and found. One: ``python scripts/test.py tests/tasks/engine/test_delivered.py``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.service.server import StandIn
from tests.tasks.engines import running
from triverse_addon.api.client import Client
from triverse_addon.api.responses import too_near
from triverse_addon.tasks.files.folders import DELIVERED
from triverse_addon.tasks.record.record import Stage


def test_what_is_no_model_is_kept_where_the_task_says(tmp_path: Path) -> None:
    with StandIn(speed=40, samples=("1k",)) as service, running(service, tmp_path) as driver:
        record = driver.reaches(driver.submit("a badmagic chair"), Stage.FAILED)
    assert record.folder
    kept = Path(record.folder) / DELIVERED
    assert kept.read_bytes().startswith(b"This is not the model")


@pytest.mark.kind("addresses")
@pytest.mark.parametrize("refused", ["the first address", "every address"])
def test_an_address_that_is_not_gone_to_leaves_the_other_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    """In a studio the storage's name may stand for a private number; the service itself hands the file out too."""
    asked: list[str] = []
    open_asset = Client.open_asset

    def open_or_refuse(client: Client, url: str, **named: Any) -> Any:
        asked.append(url)
        if refused == "every address" or len(asked) == 1:
            raise too_near("files.invalid")
        return open_asset(client, url, **named)

    monkeypatch.setattr(Client, "open_asset", open_or_refuse)
    with StandIn(speed=40, samples=("1k",)) as service, running(service, tmp_path) as driver:
        record = driver.reaches(driver.submit("a stone well"), Stage.READY)
        assert bool(service.state.seen("download")) is (refused == "every address")
    assert record.model_path
    assert Path(record.model_path).read_bytes().startswith(b"glTF")


def test_a_stop_in_the_middle_of_the_preview_leaves_it_for_the_next_start(tmp_path: Path) -> None:
    with StandIn(speed=40, samples=("1k",)) as service:
        service.faults.add("preview", stall_at_byte=20, times=1)
        with running(service, tmp_path) as driver:
            task_id = driver.submit("a stone well tris:1k")
            driver.until(lambda: service.state.seen("preview"))
        with running(service, tmp_path) as driver:
            record = driver.reaches(task_id, Stage.READY)
    assert record.preview_path
    assert Path(record.preview_path).read_bytes().startswith(b"\x89PNG")
