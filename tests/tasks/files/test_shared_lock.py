# SPDX-License-Identifier: GPL-3.0-or-later
"""
The lock of a shared folder is neither ignored nor stolen while its owner lives, and taken over from a dead one.

One: ``python scripts/test.py tests/tasks/files/test_shared_lock.py``.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from triverse_addon.tasks.files import disk_clock, file_lock, shared_lock
from triverse_addon.tasks.files.shared_lock import STALE_AFTER_S, LockLostError, LockTimeoutError, locked

REPO = Path(__file__).resolve().parents[3]
HOLD = (
    "import sys, time; from pathlib import Path; from triverse_addon.tasks.files import shared_lock\n"
    "with shared_lock.locked(Path(sys.argv[1]), 'list', wait_s=5.0):\n"
    "    print('held', flush=True); time.sleep(60)"
)


@pytest.fixture(params=["with locks", "without locks"])
def disk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A disk with locks of the operating system, and one without."""

    def unsupported(file: BinaryIO) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    if request.param == "without locks":
        monkeypatch.setattr(file_lock, "lock", unsupported)
    return str(request.param)


def left_by_the_dead(folder: Path, *, age_s: float, who: str = "another machine\n") -> Path:
    """The file of a contender whose last sign of life is so old."""
    path = folder / ".list.0123456789abcdef.lock"
    path.write_text(who)
    at_s = disk_clock.disk_time_s(folder) - age_s
    os.utime(path, (at_s, at_s))
    return path


def test_one_at_a_time(tmp_path: Path, disk: str) -> None:
    inside, most, done = [0], [0], []

    def work() -> None:
        for _ in range(20):
            with locked(tmp_path, "list", wait_s=60.0) as lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                lock.check()
                time.sleep(0.001)
                inside[0] -= 1
                done.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most[0], len(done)) == (1, 80)
    assert not list(tmp_path.iterdir())


def test_a_slow_owner_keeps_it(tmp_path: Path, disk: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_lock, "_SIGN_OF_LIFE_S", 0.1)
    monkeypatch.setattr(shared_lock, "STALE_AFTER_S", 3.0)
    with locked(tmp_path, "list", wait_s=0.0) as lock:
        with pytest.raises(LockTimeoutError), locked(tmp_path, "list", wait_s=6.0):
            pytest.fail("the lock of a living owner was taken")
        lock.check()
    assert not list(tmp_path.iterdir())


def test_an_owner_on_another_machine_keeps_it(tmp_path: Path, disk: str) -> None:
    path = left_by_the_dead(tmp_path, age_s=STALE_AFTER_S - 15)
    with pytest.raises(LockTimeoutError), locked(tmp_path, "list", wait_s=0.2):
        pytest.fail("the lock of a living owner was taken")
    assert path.exists()


def test_a_dead_one_on_another_machine_is_taken_over(tmp_path: Path, disk: str) -> None:
    left_by_the_dead(tmp_path, age_s=STALE_AFTER_S + 5)
    with locked(tmp_path, "list", wait_s=0.0):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ahead_s", [3600.0, -3600.0])
def test_the_clock_of_this_machine_does_not_count(
    tmp_path: Path, disk: str, monkeypatch: pytest.MonkeyPatch, ahead_s: float
) -> None:
    right = time.time
    monkeypatch.setattr(time, "time", lambda: right() + ahead_s)
    left_by_the_dead(tmp_path, age_s=5.0)
    with pytest.raises(LockTimeoutError), locked(tmp_path, "list", wait_s=0.1):
        pytest.fail("the lock of a living owner was taken")
    left_by_the_dead(tmp_path, age_s=STALE_AFTER_S + 5)
    with locked(tmp_path, "list", wait_s=0.0):
        pass


def test_a_share_that_does_not_tell_who_holds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = left_by_the_dead(tmp_path, age_s=5.0, who=shared_lock._this_machine().decode())

    def needs_writing(file: BinaryIO) -> None:
        if not file.writable():
            raise OSError(errno.EBADF, "Bad file descriptor")

    monkeypatch.setattr(file_lock, "lock", needs_writing)
    with pytest.raises(LockTimeoutError), locked(tmp_path, "list", wait_s=0.1):
        pytest.fail("the lock of a living owner was taken")
    at_s = path.stat().st_mtime - STALE_AFTER_S
    os.utime(path, (at_s, at_s))
    with locked(tmp_path, "list", wait_s=0.0):
        pass


def test_the_lock_of_a_killed_process_is_taken_over_at_once(tmp_path: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], cwd=REPO, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    assert owner.stdout.readline() == "held\n"
    with pytest.raises(LockTimeoutError), locked(tmp_path, "list", wait_s=0.3):
        pytest.fail("the lock of a living owner was taken")
    owner.kill()
    owner.communicate()
    assert list(tmp_path.iterdir()), "a killed process leaves its file"
    with locked(tmp_path, "list", wait_s=STALE_AFTER_S / 2):
        pass
    assert not list(tmp_path.iterdir())


def test_an_owner_that_counted_as_dead_does_not_write(tmp_path: Path, disk: str) -> None:
    with locked(tmp_path, "list", wait_s=0.0) as lock:
        (own,) = tmp_path.iterdir()
        own.unlink()
        with pytest.raises(LockLostError):
            lock.check()


@pytest.mark.parametrize("name", [".list.lock", ".other.0123456789abcdef.lock", "list.0123456789abcdef.lock"])
def test_other_files_are_left_alone(tmp_path: Path, disk: str, name: str) -> None:
    (tmp_path / name).touch()
    os.utime(tmp_path / name, (0, 0))
    with locked(tmp_path, "list", wait_s=0.0):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_folder_in_the_way_stops_nobody(tmp_path: Path, disk: str) -> None:
    (tmp_path / ".list.0123456789abcdef.lock").mkdir()
    with locked(tmp_path, "list", wait_s=0.0):
        pass


def test_a_folder_that_cannot_be_written(tmp_path: Path, disk: Any) -> None:
    with pytest.raises(OSError), locked(tmp_path / "nowhere", "list", wait_s=0.0):  # noqa: PT011
        pytest.fail("there is no folder")
