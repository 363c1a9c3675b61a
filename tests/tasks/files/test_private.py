# SPDX-License-Identifier: GPL-3.0-or-later
"""List, models and logs are for their user alone. One: ``python scripts/test.py tests/tasks/files/test_private.py``."""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.server import StandIn
from tests.tasks.engines import running
from triverse_addon.batch.run import resume
from triverse_addon.batch.run.request import BatchRequest
from triverse_addon.tasks.files import private_files
from triverse_addon.tasks.files.atomic_write import write_whole
from triverse_addon.tasks.files.private_files import ForeignFolderError, make_folder, own_folder, tighten
from triverse_addon.tasks.files.resumable_download import DownloadSpec, fetch
from triverse_addon.tasks.record.record import Stage
from triverse_addon.tasks.store.errors import StoreError
from triverse_addon.tasks.store.store import FILE_NAME, Store
from triverse_addon.tasks.store.user_folder import Place, plan_move, settle, write_place

pytestmark = pytest.mark.kind("private-files")


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """New files are readable by everybody, as they are for most users."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> dict[str, str]:
    """Everything at and below ``folder`` that has any right for others, with its mode."""
    found = [folder, *folder.rglob("*")]
    return {str(path): oct(path.lstat().st_mode) for path in found if path.lstat().st_mode & 0o077}


def test_what_a_task_leaves_is_private(tmp_path: Path) -> None:
    data = tmp_path / "share" / "triverse"
    with StandIn(speed=30) as service, running(service, data) as driver:
        task_id = driver.submit()
        driver.reaches(task_id, Stage.IMPORTED)
        assert open_to_others(data / "owners") == {}
        names = {path.name for path in data.rglob("*")}
        assert {FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm", "model.glb"} <= names
        found = open_to_others(tmp_path / "share")
        # The stand-in for the child Blender writes as a test does; the real one is in tests/blender.
        assert {Path(path).name for path in found} <= {"model.blend"}


def test_the_models_of_a_folder_of_the_users_choice_are_private_and_the_folder_is_his(tmp_path: Path) -> None:
    chosen = tmp_path / "models"
    chosen.mkdir(mode=0o755)
    with StandIn(speed=30) as service, running(service, tmp_path / "data", download_dir=chosen) as driver:
        record = driver.reaches(driver.submit(), Stage.IMPORTED)
    assert stat.S_IMODE(chosen.stat().st_mode) == 0o755
    assert stat.S_IMODE(Path(record.folder).stat().st_mode) == 0o700
    assert stat.S_IMODE(Path(record.model_path).stat().st_mode) == 0o600


def test_what_an_earlier_version_left_is_put_right_at_the_start(tmp_path: Path) -> None:
    data, elsewhere, chosen = tmp_path / "data", tmp_path / "elsewhere", tmp_path / "chosen"
    store = Store(data)
    store.close()
    for folder in (data / "models" / "2026-11-29_chair_12345678", data / "sources", chosen, data / "work"):
        folder.mkdir(parents=True)
        (folder / "file").write_bytes(b"x")
    (data / "sources" / "file").rename(data / "sources" / "picture-0a1b2c3d.png")
    own = chosen / "2026-11-29_a-chair_12345678"
    for folder in (own, chosen / "my holidays", elsewhere):
        folder.mkdir()
        (folder / "file").write_bytes(b"x")
    (data / "models" / "2026-11-29_link_12345678").symlink_to(elsewhere)
    (data / "sources" / "link-0a1b2c3d.png").symlink_to(elsewhere / "file")
    for path in (data, *data.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)
    with StandIn() as service, running(service, data, download_dir=chosen) as driver:
        ends_at_s = time.monotonic() + 5.0
        while driver.engine._rights.is_alive():
            assert time.monotonic() < ends_at_s
            time.sleep(0.01)
        links = {str(path) for path in data.rglob("*") if path.is_symlink()}
        # What is made in "work" goes into a library, with the rights of any new file; the folder itself is closed.
        assert open_to_others(data).keys() - links == {str(data / "work"), str(data / "work" / "file")}
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert open_to_others(own) == {}
    assert len(open_to_others(elsewhere)) == 2
    assert len(open_to_others(chosen / "my holidays")) == 2
    assert stat.S_IMODE((chosen / "file").stat().st_mode) == 0o644


def test_a_folder_that_is_used_for_other_things_too_stays_open(tmp_path: Path) -> None:
    """``--data .`` in a project that others work on: our files are closed, and nothing else changes."""
    project = tmp_path / "project"
    task = project / "models" / "2026-11-29_chair_12345678"
    for folder in (task, project / "models" / "rocks", project / "sources"):
        folder.mkdir(parents=True)
        (folder / "rock.glb").touch()
    (project / "shot.blend").touch()
    store = Store(project)
    store.close()
    (project / FILE_NAME).chmod(0o644)
    before = open_to_others(project)
    tighten(project, project / "models", threading.Event())
    changed = {str(project / FILE_NAME), str(task), str(task / "rock.glb")}
    assert before.keys() - open_to_others(project).keys() == changed


def test_it_ends_when_the_engine_does(tmp_path: Path) -> None:
    path = tmp_path / "sources" / "picture-0a1b2c3d.png"
    path.parent.mkdir()
    path.touch(mode=0o644)
    stop = threading.Event()
    stop.set()
    tighten(tmp_path, tmp_path, stop)
    assert path.stat().st_mode & 0o077


def test_a_data_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    """Root could use it all the same, and is refused like anybody else."""
    theirs = Path("/")
    if os.geteuid() == 0:
        theirs = tmp_path / "theirs"
        theirs.mkdir(mode=0o777)
        os.chown(theirs, 4711, -1)
    before = sorted(theirs.iterdir())
    with pytest.raises(StoreError, match="belongs to another user"):
        Store(theirs)
    assert sorted(theirs.iterdir()) == before
    assert stat.S_IMODE(theirs.stat().st_mode) != 0o700
    (tmp_path / "link").symlink_to(theirs)
    with pytest.raises(StoreError, match="belongs to another user"):
        Store(tmp_path / "link")


def test_nothing_is_moved_into_a_folder_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual, theirs = tmp_path / "usual", tmp_path / "theirs"
    Store(usual).close()
    theirs.mkdir()
    plan_move(usual, theirs)
    monkeypatch.setattr(private_files, "_is_own", lambda folder: folder != theirs)
    settled = settle(usual, [])
    assert settled.folder == usual
    assert "belongs to another user" in str(settled.problem)
    write_place(usual, Place(theirs))
    with pytest.raises(StoreError, match="belongs to another user"):
        Store(settle(usual, []).folder)


def test_a_network_that_renames_all_users_is_not_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a mapping of users (sshfs, NFS), the folder and a new file in it have the same other owner."""
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    own_folder(tmp_path / "home")
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700
    assert list((tmp_path / "home").iterdir()) == []
    monkeypatch.setattr(private_files.secrets, "token_hex", lambda _length: "taken")
    (tmp_path / "home" / ".owner-taken").touch()
    with pytest.raises(ForeignFolderError):
        own_folder(tmp_path / "home")


def test_a_file_system_without_rights_is_used_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    tmp_path.chmod(0o755)
    monkeypatch.setattr(private_files.os, "chmod", refused)
    Store(tmp_path).close()


def test_each_folder_that_is_made_is_private(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b" / "c")
    assert open_to_others(tmp_path / "a") == {}
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        make_folder(tmp_path / "file")


def test_a_begun_batch_is_private_and_a_report_is_not(tmp_path: Path) -> None:
    resume.save_batch(tmp_path / "data", resume.SavedBatch(BatchRequest(tmp_path / "a.csv", tmp_path / "library"), 1))
    assert open_to_others(tmp_path / "data") == {}
    write_whole(tmp_path / "report.json", b"{}")
    assert stat.S_IMODE((tmp_path / "report.json").stat().st_mode) == 0o644


def test_half_a_download_and_its_note_are_private(tmp_path: Path) -> None:
    class Answer:
        status_code = 200
        headers = {"ETag": '"a"', "Content-Length": "100"}

        def close(self) -> None:
            pass

    want = DownloadSpec(tmp_path / "task" / "model.glb", 1000, bool, "model")
    with pytest.raises(Exception, match="broke off"):
        fetch(want, lambda *_: Answer(), lambda *_: iter([b"half"]), lambda *_: None, threading.Event())  # type: ignore[arg-type,return-value]
    assert {path.name for path in (tmp_path / "task").iterdir()} == {".model.glb.part", ".model.glb.part.json"}
    assert open_to_others(tmp_path / "task") == {}
