# SPDX-License-Identifier: GPL-3.0-or-later
"""
The store where SQLite's write-ahead log cannot work, and what is said where nothing can.

The causes are SQLite's own: its VFS ``unix-dotfile`` has no shared memory, like a network file system. All of
``test_store*.py`` runs with the journal as well, see ``conftest``. One: ``python scripts/test.py
tests/tasks/store/test_network_homes.py``.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from triverse_addon.tasks.record.record import Stage, TaskRecord, new_id, now_s
from triverse_addon.tasks.store import connection as store_connection
from triverse_addon.tasks.store import errors, file_system
from triverse_addon.tasks.store.errors import StoreError
from triverse_addon.tasks.store.store import FILE_NAME, Store

pytestmark = pytest.mark.kind("network-homes")
REPO = Path(__file__).resolve().parents[3]


def record(**values: Any) -> TaskRecord:
    task_id = new_id()
    return TaskRecord(task_id, "text-to-model", "a chair", client_order_id=task_id, created_at_s=now_s(), **values)


def mode_of(store: Store) -> tuple[str, int]:
    """The journal's mode, and ``synchronous`` after a durable write: 2 is FULL, 3 is EXTRA."""
    connection = store._connection_for_writing()
    mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    return mode, connection.execute("PRAGMA synchronous").fetchone()[0]


@pytest.fixture
def no_shared_memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every connection of the store goes through a VFS of SQLite that has no shared memory."""
    opened = sqlite3.connect

    def through_vfs(path: Path, **options: Any) -> sqlite3.Connection:
        return opened(f"file:{urllib.parse.quote(str(path))}?vfs=unix-dotfile", uri=True, **options)

    with monkeypatch.context() as patched:
        patched.setattr(store_connection.sqlite3, "connect", through_vfs)
        yield


def test_on_a_disk_of_this_machine_there_is_a_log(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.add(record())
    assert mode_of(store) == ("wal", 2)
    store.close()


def test_without_shared_memory_there_is_a_journal(tmp_path: Path, no_shared_memory: None) -> None:
    store = Store(tmp_path)
    added = store.add(record())
    assert mode_of(store) == ("delete", 3)
    store.add_history(added.id, "INFO", errors.unusable(tmp_path, OSError()).sentence)
    assert mode_of(store)[1] == 2
    store.close()
    again = Store(tmp_path)
    assert again.get(added.id) == added
    again.close()
    assert {path.name for path in tmp_path.iterdir()} == {FILE_NAME}


def test_a_list_with_a_log_goes_on_where_there_can_be_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """The home was moved onto the network: the list says "log", and no connection can have one."""
    store = Store(tmp_path)
    added = [store.add(record()) for _ in range(5)]
    copied = tmp_path / "home"
    copied.mkdir()
    for name in (FILE_NAME, f"{FILE_NAME}-wal"):  # as a power cut leaves it: the last tasks are in the log alone
        (copied / name).write_bytes((tmp_path / name).read_bytes())
    store.close()
    request.getfixturevalue("no_shared_memory")
    moved = Store(copied)
    assert [task.id for task in reversed(moved.page())] == [task.id for task in added]
    assert moved.problem is None
    moved.add(record())
    assert mode_of(moved) == ("delete", 3)
    moved.close()


@pytest.mark.parametrize("where", ["//server/share on /home type nfs4", "fuse.sshfs", "cifs", "9p"])
def test_on_a_network_it_does_not_trust_what_seems_to_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Shared memory is there, but each machine has its own: two of them would spoil the list."""
    kind = where.rpartition(" ")[2]
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "22 1 8:1 / / rw - ext4 /dev/sda rw\n"
        f"30 22 0:42 / {tmp_path / 'my home'} rw shared:1 - {kind} server:/home rw\n".replace("my home", r"my\040home")
    )
    monkeypatch.setattr(file_system, "_MOUNTS", mounts)
    file_system.is_on_network.cache_clear()
    assert file_system.is_on_network(tmp_path / "my home" / "me" / "data")
    assert not file_system.is_on_network(tmp_path / "my homes")
    store = Store(tmp_path / "my home" / "me")
    store.add(record())
    assert mode_of(store) == ("delete", 3)
    store.close()
    file_system.is_on_network.cache_clear()


def test_a_later_mount_covers_an_earlier_one() -> None:
    mounts = "1 0 0:1 / / rw - ext4 x rw\n2 1 0:2 / /home rw - nfs x rw\n3 2 0:3 / /home/me rw - ext4 x rw\nodd\n"
    assert [file_system.mount_type(mounts, path) for path in ("/", "/home", "/home/you", "/home/me/a", "/homely")] == [
        "ext4",
        "nfs",
        "nfs",
        "ext4",
        "ext4",
    ]
    assert file_system.mount_type("", "/") == ""


def test_one_that_has_the_log_open_is_not_thrown_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An older version on the same machine works with a log there: so does this one, for as long as that runs."""
    monkeypatch.setattr(store_connection, "BUSY_S", 0.1)
    older = Store(tmp_path)
    added = older.add(record())
    monkeypatch.setattr(store_connection, "is_on_network", lambda _folder: True)
    store = Store(tmp_path)
    assert store.get(added.id) == added
    store.add(record())
    assert mode_of(store) == ("wal", 2)
    store.close()
    older.close()
    alone = Store(tmp_path)
    alone.add(record())
    assert mode_of(alone) == ("delete", 3)
    assert alone.count() == 3
    alone.close()


def test_two_processes_share_a_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both write as fast as they can; nothing is lost, and nobody is told that the list is locked."""
    monkeypatch.setattr(store_connection, "is_on_network", lambda _folder: True)
    code = (
        "import sys; from pathlib import Path\n"
        "from triverse_addon.tasks.store import connection as connect; connect.is_on_network = lambda _: True\n"
        "from tests.tasks.store.test_network_homes import record\n"
        "from triverse_addon.tasks.store.store import Store\n"
        "store = Store(Path(sys.argv[1]))\n"
        "[store.add(record()) for _ in range(40)]; [store.since(0) for _ in range(40)]\n"
    )
    others = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=REPO) for _ in range(2)]
    store = Store(tmp_path)
    mine = store.add(record())
    for _ in range(40):
        store.change(mine.id, lambda old: old.with_(attempts=old.attempts + 1))
        store.page()
    assert [other.wait() for other in others] == [0, 0]
    assert store.count() == 81
    found = store.get(mine.id)
    assert found is not None
    assert found.attempts == 40
    store.close()


def test_a_journal_that_a_kill_left_is_taken_back(tmp_path: Path) -> None:
    """kill -9 in mid-transaction: the next connection finds the journal and undoes the half."""
    code = (
        "import os, sys; from pathlib import Path\n"
        "from triverse_addon.tasks.store import connection as connect; connect.is_on_network = lambda _: True\n"
        "from tests.tasks.store.test_network_homes import record\n"
        "from triverse_addon.tasks.store.store import Store\n"
        "store = Store(Path(sys.argv[1])); store.add(record())\n"
        "with store._writing() as connection:\n"
        "    connection.execute('PRAGMA cache_spill=1'); connection.execute('PRAGMA cache_size=1')\n"
        "    connection.executemany('INSERT INTO removed VALUES (?, 1)', [(str(n) * 99,) for n in range(5000)])\n"
        "    os._exit(9)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=REPO, check=False).returncode == 9
    assert (tmp_path / f"{FILE_NAME}-journal").stat().st_size
    store = Store(tmp_path)
    assert store.problem is None
    assert store.count() == 1
    assert store._connection().execute("SELECT COUNT(*) FROM removed").fetchone() == (0,)
    store.close()


# -----------------------------------------------------------------------------
# Causes


def told(folder: Path) -> str:
    with pytest.raises(StoreError) as caught:
        Store(folder)
    return str(caught.value)


def test_a_file_system_without_locks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system says of a lock (ENOLCK), SQLite tells as "database is locked"."""
    monkeypatch.setattr(store_connection, "BUSY_S", 0.1)
    Store(tmp_path).close()
    holder = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    holder.execute("PRAGMA journal_mode=DELETE")
    holder.execute("BEGIN EXCLUSIVE")

    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    assert "because another program holds it" in told(tmp_path)
    monkeypatch.setattr(fcntl, "lockf", no_locks)
    assert "has no working locks" in told(tmp_path)
    holder.close()
    assert {path.name for path in tmp_path.iterdir()} <= {FILE_NAME, f"{FILE_NAME}-journal"}


def sqlite_error(name: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("it went wrong")
    error.sqlite_errorcode = getattr(sqlite3, name)
    error.sqlite_errorname = name
    return error


@pytest.mark.parametrize(
    ("error", "on_network", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), False, "There is no room left"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), False, "There is no room left"),
        (sqlite_error("SQLITE_FULL"), False, "There is no room left"),
        (OSError(errno.EACCES, "Permission denied"), False, "Check the permissions"),
        (sqlite_error("SQLITE_READONLY"), True, "Check the permissions"),
        (sqlite_error("SQLITE_IOERR_LOCK"), True, "which is on a network (it went wrong, SQLITE_IOERR_LOCK)"),
        (sqlite_error("SQLITE_PROTOCOL"), True, "which is on a network"),
        (sqlite_error("SQLITE_CANTOPEN"), True, "which is on a network"),
        (OSError(errno.ESTALE, "Stale file handle"), True, "which is on a network (Stale file handle)"),
        (sqlite_error("SQLITE_IOERR_READ"), False, "cannot be opened or written (it went wrong, SQLITE_IOERR_READ)"),
    ],
)
def test_each_cause_has_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, on_network: bool, words: str
) -> None:
    monkeypatch.setattr(errors, "is_on_network", lambda _folder: on_network)
    sentence = str(errors.unusable(tmp_path / FILE_NAME, error))
    assert words in sentence
    assert ("permissions" in sentence) == (words == "Check the permissions")
    assert ("space" in sentence) == ("room" in words)


def test_a_list_that_cannot_be_had_is_moved_away_by_the_preferences(tmp_path: Path) -> None:
    """There is nothing to bring where no list could be begun: the folder that is chosen begins one."""
    from triverse_addon.tasks.store.user_folder import plan_move, settle

    usual, chosen = tmp_path / "home", tmp_path / "disk"
    usual.mkdir()
    plan_move(usual, chosen)
    assert settle(usual, []).folder == chosen
    store = Store(chosen)
    assert store.add(record(stage=Stage.READY))
    store.close()
