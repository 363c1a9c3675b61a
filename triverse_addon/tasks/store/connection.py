# SPDX-License-Identifier: GPL-3.0-or-later
"""
Opens connections to the store's database, with the same guarantees on every file system.

Floor: first. Thread: any; a connection is used by the thread that opened it, but may be closed by another. No ``bpy``.

On a local disk SQLite uses a write-ahead log. It requires shared memory, so all programs must run on one machine
(https://sqlite.org/wal.html). On a network file system, and where there is no shared memory, a rollback journal is used
instead. Readers and writers then block each other for milliseconds.
"""

import contextlib
import logging
import sqlite3
import threading
import time
from pathlib import Path

from ...api.sentence import Sentence
from ..files.private_files import opener
from .errors import StoreError
from .file_system import is_on_network

log = logging.getLogger(__name__)

#: How long to wait for another process to finish its write, in seconds.
BUSY_S = 10.0
_AGAIN_S = 0.02


class Connection(sqlite3.Connection):
    """
    A connection with the ``synchronous`` settings that its journal mode requires.

    :ivar durable: value of ``synchronous`` for writes that must survive a power cut.
    :ivar hasty: value of ``synchronous`` for writes that may be lost by one, without damage to the rest.
    """

    # With a write-ahead log, NORMAL can only lose the last transactions. With a rollback journal, it may damage the
    # file, and FULL may roll back the last transaction: the removal of the journal must be on the disk too, for which
    # EXTRA waits (https://sqlite.org/pragma.html#pragma_synchronous).
    durable, hasty = "FULL", "NORMAL"
    _synchronous = ""
    """Its present value, if :meth:`begin` has set it."""

    def use_journal(self) -> None:
        """Use the values for a rollback journal."""
        self.durable, self.hasty = "EXTRA", "FULL"

    def begin(self, *, durable: bool) -> None:
        """
        Begin a write transaction.

        :param durable: whether it must survive a power cut.
        """
        wanted = self.durable if durable else self.hasty
        if wanted != self._synchronous:
            self.execute(f"PRAGMA synchronous={wanted}")
            self._synchronous = wanted
        self.execute("BEGIN IMMEDIATE")


def connect(path: Path) -> Connection:
    """
    Open the database, in autocommit mode.

    :raises sqlite3.Error: it cannot be opened, or is no database.
    """
    # SQLite would create a file readable by everybody. Log and journal get the permissions of the database. Only a new
    # file is opened here: closing the file of an open database would release the locks of this process.
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


class Connections:
    """
    The connections to one database: one for each thread that reads it, and one for writing.

    SQLite keeps the pages that a connection has read only until another one writes. With a connection for each thread
    that writes, every transaction read all its pages anew.

    :param path: path of the database.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._open: list[tuple[threading.Thread, Connection]] = []
        self._writer: Connection | None = None
        self._lock = threading.Lock()
        self._closed = False

    def of_this_thread(self) -> Connection:
        """
        Return the connection of the calling thread, opened on first use.

        :raises StoreError: :meth:`close` was called.
        :raises sqlite3.Error: the database cannot be opened.
        """
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            with self._lock:
                self._close_those_of_ended_threads()
                connection = self._connect()
                self._open.append((threading.current_thread(), connection))
            self._local.connection = connection
        return connection

    def for_writing(self) -> Connection:
        """
        Return the connection for writing. The caller makes sure that one thread at a time uses it.

        For errors see :meth:`of_this_thread`.
        """
        with self._lock:
            if self._writer is None:
                self._writer = self._connect()
            return self._writer

    def _connect(self) -> Connection:
        if self._closed:
            raise StoreError(Sentence.of("The list of tasks is closed."))
        return connect(self._path)

    def _close_those_of_ended_threads(self) -> None:
        """Each connection has 3 open files, and each WebSocket reconnect is a new thread."""
        ended = [entry for entry in self._open if not entry[0].is_alive()]
        self._open = [entry for entry in self._open if entry[0].is_alive()]
        for _, connection in ended:
            connection.close()

    def reset(self) -> None:
        """Close all connections; the next use opens a new one."""
        with self._lock:
            found = [connection for _, connection in self._open]
            self._open = []
            if self._writer is not None:
                found.append(self._writer)
                self._writer = None
        self._local = threading.local()
        for connection in found:
            connection.close()

    def close(self) -> None:
        """Close all connections, for good."""
        with self._lock:
            self._closed = True
        self.reset()


def is_damage(error: sqlite3.OperationalError) -> bool:
    """Return True if the file is damaged, False if it is locked or cannot be written."""
    return _code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _code(error: sqlite3.Error) -> int:
    """Return the primary error code, without the extended bits."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _set(connection: sqlite3.Connection, mode: str) -> str:
    """Set the journal mode, and return the mode that is in use after that."""
    ends_at_s = time.monotonic() + BUSY_S
    while True:
        try:
            return str(connection.execute(f"PRAGMA journal_mode={mode}").fetchone()[0])
        except sqlite3.OperationalError as error:
            # Unlike all other statements, changing the mode of a new database fails at once if another Blender does the
            # same (seen with six that started together).
            if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > ends_at_s:
                raise
            time.sleep(_AGAIN_S)


def _use_log(connection: sqlite3.Connection) -> bool:
    """Switch to a write-ahead log. Return False if that is not possible here."""
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
            # Another Blender has the database open with a write-ahead log, which therefore works here and stays in use.
            log.info("another Blender keeps the write-ahead log: %s", error)
            return
        # The database was written with a write-ahead log, elsewhere. Without shared memory, only a single connection
        # can read it, which then checkpoints the log.
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        mode = _set(connection, "DELETE")
        connection.execute("PRAGMA locking_mode=NORMAL")
        connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()  # releases the exclusive lock
    if mode != "wal":
        connection.use_journal()
