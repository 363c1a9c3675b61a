# SPDX-License-Identifier: GPL-3.0-or-later
"""
How a connection to the store's database is opened.

Floor: first. Thread: any; a connection belongs to the thread that opened it, but for its end. No ``bpy``.
"""

import sqlite3
import time
from pathlib import Path

#: How long to wait for another process to finish its own write, in seconds.
BUSY_S = 10.0


def connect(path: Path) -> sqlite3.Connection:
    """
    Open the database, in autocommit mode.

    :raises sqlite3.Error: it cannot be opened, or is no database.
    """
    # The store closes the connections of all threads, hence check_same_thread=False.
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        _use_wal(connection)
        connection.execute("PRAGMA synchronous=FULL")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def is_damage(error: sqlite3.OperationalError) -> bool:
    """Tell a damaged file from one that is locked or cannot be written."""
    return getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _use_wal(connection: sqlite3.Connection) -> None:
    ends_at_s = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            # Unlike everything else, the change of a new database's mode fails at once when another Blender is at it
            # (seen with six that began together).
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > ends_at_s:
                raise
            time.sleep(0.02)
        else:
            return
