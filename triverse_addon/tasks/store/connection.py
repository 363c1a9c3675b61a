# SPDX-License-Identifier: GPL-3.0-or-later
"""
How a connection to the store's database is opened, and how it gives the same promises on every file system.

Floor: first. Thread: any; a connection belongs to the thread that opened it, but for its end. No ``bpy``.

On a disk of this machine SQLite keeps a write-ahead log. That takes shared memory, which all programs must have on one
machine (https://sqlite.org/wal.html): on a network, and where it cannot be had, there is a rollback journal instead.
Readers and writers then wait for each other, for milliseconds.
"""

import contextlib
import logging
import sqlite3
import time
from pathlib import Path

from ..private_files import opener
from .file_system import is_on_network

log = logging.getLogger(__name__)

#: How long to wait for another process to finish its own write, in seconds.
BUSY_S = 10.0
_AGAIN_S = 0.02


class Connection(sqlite3.Connection):
    """
    A connection that knows what its journal needs.

    :ivar durable: ``synchronous`` of what must outlast a power cut.
    :ivar hasty: ``synchronous`` of what may be lost by one, but must not spoil the rest.
    """

    # With a log, NORMAL loses the last transactions and no more. With a journal it may spoil the file, and FULL may
    # bring the last transaction back as undone: the journal's removal must be on the disk too, which EXTRA waits for
    # (https://sqlite.org/pragma.html#pragma_synchronous).
    durable, hasty = "FULL", "NORMAL"

    def use_journal(self) -> None:
        """Note that there is a rollback journal."""
        self.durable, self.hasty = "EXTRA", "FULL"


def connect(path: Path) -> Connection:
    """
    Open the database, in autocommit mode.

    :raises sqlite3.Error: it cannot be opened, or is no database.
    """
    # SQLite would let everybody read it; log and journal get the rights of the database. Only a new one is opened here:
    # closing an open one's file would give back the locks of this process.
    with contextlib.suppress(OSError), open(path, "xb", opener=opener):
        pass
    # The store closes the connections of all threads, hence check_same_thread=False.
    connection = sqlite3.connect(
        path, timeout=BUSY_S, isolation_level=None, check_same_thread=False, factory=Connection
    )
    try:
        if is_on_network(path.parent) or not _use_log(connection):
            _use_journal(connection)
        connection.execute(f"PRAGMA synchronous={connection.durable}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def is_damage(error: sqlite3.OperationalError) -> bool:
    """Tell a damaged file from one that is locked or cannot be written."""
    return _code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _code(error: sqlite3.Error) -> int:
    """Return the primary code: what is more exact stands in the higher bits."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _set(connection: sqlite3.Connection, mode: str) -> str:
    """Set the journal's mode; returns the one that is in use then."""
    ends_at_s = time.monotonic() + BUSY_S
    while True:
        try:
            return str(connection.execute(f"PRAGMA journal_mode={mode}").fetchone()[0])
        except sqlite3.OperationalError as error:
            # Unlike everything else, the change of a new database's mode fails at once when another Blender is at it
            # (seen with six that began together).
            if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > ends_at_s:
                raise
            time.sleep(_AGAIN_S)


def _use_log(connection: sqlite3.Connection) -> bool:
    """Use a write-ahead log; False where there can be none."""
    try:
        return _set(connection, "WAL") == "wal"
    except sqlite3.OperationalError as error:
        if _code(error) not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_PROTOCOL):
            raise
        log.info("no write-ahead log here: %s", error)
        return False


def _use_journal(connection: Connection) -> None:
    try:
        mode = _set(connection, "DELETE")
    except sqlite3.OperationalError as error:
        if _code(error) == sqlite3.SQLITE_BUSY:
            # Another Blender has it open with a log, so that one works here, and goes on to.
            log.info("another Blender keeps the write-ahead log: %s", error)
            return
        # It was written with a log, elsewhere. Without shared memory it is read by one connection at a time, which
        # takes the log in.
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        mode = _set(connection, "DELETE")
        connection.execute("PRAGMA locking_mode=NORMAL")
        connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()  # only now it lets go of the lock
    if mode != "wal":
        connection.use_journal()
