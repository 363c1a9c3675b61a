# SPDX-License-Identifier: GPL-3.0-or-later
"""
The place that models are kept in is full, removed in mid-way, cannot be written to, or has a very long name: said in
words, and mended by one press of Retry, from whichever folder is chosen by then.

One: ``python scripts/test.py tests/reliability/test_disks.py -k removed``.
"""

from __future__ import annotations

import dataclasses
import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.reliability.account import ACCOUNT
from tests.service import models
from tests.service.server import StandIn
from tests.tasks.engines import Driver, running
from triverse_addon.tasks.files import resumable_download
from triverse_addon.tasks.record.record import Stage

PART = "a disk or folder that fails"

ACCOUNT.expect([PART] * 7)


@pytest.fixture
def service() -> Iterator[StandIn]:
    with StandIn(speed=60, samples=("1k", "20k")) as made:
        yield made
        assert made.state.leaks == []
        made.state.settle()
        assert len(made.state.charged()) == 1


def came(driver: Driver, task_id: str, sample: str = "1k") -> Path:
    """Wait for the import, and return where the model lies."""
    path = Path(driver.reaches(task_id, Stage.IMPORTED).model_path)
    assert path.read_bytes() == models.glb_path(sample).read_bytes()
    return path


def full(*_given: object, **_named: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def denied(*_given: object, **_named: object) -> None:
    raise PermissionError(errno.EACCES, "Permission denied")


@pytest.mark.parametrize(
    ("patched", "fails", "words"),
    [
        ((resumable_download.os, "fsync"), full, "no room left"),
        ((resumable_download.os, "fdopen"), denied, "cannot be written to (Permission denied)"),
        ((resumable_download.os, "replace"), denied, "cannot be written to (Permission denied)"),
        ((Path, "mkdir"), denied, "cannot be written to (Permission denied)"),
    ],
    ids=["full", "file denied", "name denied", "folder denied"],
)
def test_it_is_told_and_mended(
    service: StandIn,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    patched: tuple[object, str],
    fails: Callable[..., None],
    words: str,
) -> None:
    with running(service, tmp_path) as driver:
        with monkeypatch.context() as during:
            during.setattr(*patched, fails)
            task_id = driver.submit("a stone well tris:1k")
            record = driver.reaches(task_id, Stage.FAILED)
        assert words in str(record.error)
        assert "press Retry" in str(record.error)
        driver.engine.retry(task_id)
        came(driver, task_id)
    ACCOUNT.add(PART, by_button=1)


def test_the_folder_is_removed_in_mid_download(service: StandIn, tmp_path: Path) -> None:
    slow = service.faults.add("asset", drip_bytes=20_000, drip_s=0.1)
    with running(service, tmp_path) as driver:
        task_id = driver.submit("a stone well tris:20k")
        driver.until(lambda: driver.record(task_id).received_bytes > 0)
        shutil.rmtree(tmp_path / "models")
        slow.release()
        record = driver.reaches(task_id, Stage.FAILED, Stage.IMPORTED)
        assert record.stage is Stage.FAILED
        assert "cannot be written to" in str(record.error)
        driver.engine.retry(task_id)
        came(driver, task_id, "20k")
    ACCOUNT.add(PART, by_button=1)


def test_a_model_whose_disk_is_gone_is_fetched_into_the_folder_that_is_chosen_now(
    service: StandIn, tmp_path: Path
) -> None:
    """Its own folder was kept for ever: every Retry met the disk that is gone."""
    gone, other = tmp_path / "stick", tmp_path / "other"
    with running(service, tmp_path, download_dir=gone) as driver:
        task_id = driver.submit("a stone well tris:1k")
        assert came(driver, task_id).is_relative_to(gone)
        shutil.rmtree(gone)
        gone.write_text("no folder")
        driver.engine.import_again(task_id)
        assert "Choose another download folder" in str(driver.reaches(task_id, Stage.FAILED).error)
        driver.engine.configure(dataclasses.replace(driver.engine.settings, download_dir=other))
        driver.engine.retry(task_id)
        assert came(driver, task_id).is_relative_to(other)
    ACCOUNT.add(PART, by_button=1)


def test_a_folder_of_250_characters_in_any_script(service: StandIn, tmp_path: Path) -> None:
    folder = tmp_path / "Ördner mit Leerzeichen" / "模型" / "👾"
    while len(str(folder)) < 250:
        folder /= "длинный" * 2
    with running(service, tmp_path, download_dir=folder) as driver:
        path = came(driver, driver.submit("椅子 с колёсами, tris:1k"))
        assert path.is_relative_to(folder)
        assert len(os.fspath(path)) > 250
    ACCOUNT.add(PART)
