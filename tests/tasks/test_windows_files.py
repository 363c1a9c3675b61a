# SPDX-License-Identifier: GPL-3.0-or-later
"""
The life of a task, and of the list, where open files can be neither renamed nor removed.

One: ``python scripts/test.py tests/tasks/test_windows_files.py``. The rule is in ``windows_rules.py``; on Windows
itself, the workflow in ``.github`` runs everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service import models
from tests.service.server import StandIn
from tests.tasks import windows_rules
from tests.tasks.engines import running
from tests.tasks.store.test_moving import assert_whole, bytes_of, filled
from triverse_addon.tasks.files import resumable_download
from triverse_addon.tasks.record.record import Stage
from triverse_addon.tasks.store import moving
from triverse_addon.tasks.store.user_folder import settle


@pytest.fixture
def service() -> Iterator[StandIn]:
    with StandIn(speed=40, samples=("20k",), usual_sample="20k") as standin:
        yield standin


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What broke the rule."""
    return windows_rules.hold(monkeypatch, resumable_download, moving)


def test_the_rule_is_held(broken: list[str], tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("w"):
        for act in (path.unlink, lambda: path.rename(tmp_path / "other"), lambda: tmp_path.rename("elsewhere")):
            with pytest.raises(PermissionError):
                act()
    assert len(broken) in (0, 3), "on Windows, nobody but Windows notices"
    path.unlink()


def test_a_task_is_made_and_taken_off_the_list_with_its_files(
    service: StandIn, broken: list[str], tmp_path: Path
) -> None:
    with running(service, tmp_path) as driver:
        task_id = driver.submit()
        record = driver.reaches(task_id, Stage.IMPORTED)
        assert Path(record.model_path).read_bytes() == models.glb_path("20k").read_bytes()
        driver.engine.forget(task_id, delete_files=True)
        driver.until(lambda: not Path(record.folder).exists())
    assert broken == []


def test_a_download_that_broke_off_is_resumed(service: StandIn, broken: list[str], tmp_path: Path) -> None:
    service.faults.add("asset", truncate_at_byte=200_000)
    with running(service, tmp_path) as driver:
        record = driver.reaches(driver.submit(), Stage.IMPORTED)
        assert Path(record.model_path).read_bytes() == models.glb_path("20k").read_bytes()
        assert not list(Path(record.folder).glob("*.part*"))
    assert broken == []


def test_a_second_engine_takes_over_what_the_first_left(service: StandIn, broken: list[str], tmp_path: Path) -> None:
    with running(service, tmp_path) as driver:
        task_id = driver.submit("hold a chair")
        driver.reaches(task_id, Stage.WAITING)
    service.state.clock.speed = 1000
    with running(service, tmp_path) as driver:
        driver.until(lambda: driver.engine.get(task_id) is not None)
        assert driver.record(task_id).client_order_id
    assert broken == []


def test_list_and_models_are_moved(broken: list[str], tmp_path: Path) -> None:
    old, usual = tmp_path / "extension" / "triverse", tmp_path / "share" / "triverse-blender"
    kept = bytes_of(filled(old))
    settle(usual, [old])
    assert_whole(usual, old, kept)
    assert broken == []
