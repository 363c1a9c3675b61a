# SPDX-License-Identifier: GPL-3.0-or-later
"""
Blender waits for the check of a batch when it is closed, so that a check which is cancelled ends at the next file.

One: ``python scripts/test.py tests/batch/run/test_cancelled_check.py``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.service import models
from triverse_addon.batch.input import order_ids, picture_folder, validation
from triverse_addon.batch.run.request import BatchRequest
from triverse_addon.scripting.batch_worker import Worker
from triverse_addon.tasks.converter import ConvertStopped

COUNT = 5


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "pictures"
    for number in range(COUNT):
        (made / str(number)).mkdir(parents=True)
        (made / str(number) / "chair.png").write_bytes(models.preview_path("1k").read_bytes())
        (made / str(number) / "notes.txt").write_text("no picture")
    return made


def worker_for(folder: Path) -> Worker:
    store = SimpleNamespace(finder=lambda: lambda _order_id: None)
    engine: Any = SimpleNamespace(
        store=store, settings=SimpleNamespace(data_dir=folder / "data", api_url="https://example.org")
    )
    return Worker(engine, None, lambda: pytest.fail("no model is written"))


@pytest.mark.parametrize(
    ("module", "name"),
    [(picture_folder, "head_of"), (validation, "check_image"), (order_ids, "digest")],
    ids=["looked-for", "looked-at", "read"],
)
def test_a_cancelled_check_ends_at_the_next_file(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: Any, name: str
) -> None:
    worker = worker_for(tmp_path)
    whole: Callable[..., Any] = getattr(module, name)
    seen = []

    def cancels(*given: Any, **named: Any) -> Any:
        worker.cancel()
        seen.append(given)
        return whole(*given, **named)

    monkeypatch.setattr(module, name, cancels)
    with pytest.raises(ConvertStopped):
        worker.check(BatchRequest(folder, tmp_path / "library"))
    # One row has several hashes.
    assert len(seen) < COUNT


def test_a_cancelled_check_walks_through_no_more_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole disk may have been chosen, with few pictures on it."""
    for number in range(COUNT):
        (tmp_path / "disk" / str(number)).mkdir(parents=True)
    worker = worker_for(tmp_path)
    walked = []

    def walk(*given: Any, **named: Any) -> Any:
        for found in os_walk(*given, **named):
            worker.cancel()
            walked.append(found)
            yield found

    os_walk = os.walk
    monkeypatch.setattr(picture_folder.os, "walk", walk)
    with pytest.raises(ConvertStopped):
        worker.check(BatchRequest(tmp_path / "disk", tmp_path / "library"))
    assert len(walked) == 1
