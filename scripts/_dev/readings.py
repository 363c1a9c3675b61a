# SPDX-License-Identifier: GPL-3.0-or-later
"""
What was read of the rows of a panel and of pictures, by their looks, for all tests, Blenders and runs on this machine.

No floor (development only). One thread. Never imports ``bpy``.

To read some rows takes 0.15 s of processor time (see :mod:`reader`), and nearly all rows of a panel look the same in
every test. They are kept in the development cache, where they can be deleted at any time. So is what the reader said of
a picture, by all of its pixels: the next run does not ask for the same picture again.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .cache import dev_cache

Reading = Sequence[Sequence[Any]]
"""The words of a row as JSON can hold them."""

_NAME = "readings-3.sqlite"
"""The number goes up when the reader or its settings change: what it read before is no longer wanted."""
_WAIT_S = 60.0
_MOST_ASKED = 500
"""SQLite takes 999 parameters in the oldest version that is still about."""


class Readings:
    """The rows that were read, on disk. A process that was forked opens the file anew."""

    def __init__(self) -> None:
        self._connection: sqlite3.Connection | None = None
        self._process = 0

    def known(self, looks: Sequence[bytes]) -> dict[bytes, Reading]:
        """Return what was read of those rows that are known, by their looks."""
        found: dict[bytes, Reading] = {}
        for begin in range(0, len(looks), _MOST_ASKED):
            part = looks[begin : begin + _MOST_ASKED]
            marks = ",".join("?" * len(part))
            rows = self._open().execute(f"SELECT looks, words FROM reading WHERE looks IN ({marks})", part)
            found.update((row[0], json.loads(row[1])) for row in rows)
        return found

    def keep(self, readings: Mapping[bytes, Reading]) -> None:
        """Keep what was read. A row that was read again, because something was missed in it, is kept as read last."""
        rows: Iterable[tuple[bytes, str]] = ((looks, json.dumps(words)) for looks, words in readings.items())
        with self._open() as connection:
            connection.executemany("INSERT OR REPLACE INTO reading VALUES (?, ?)", rows)

    def close(self) -> None:
        """Close the file, as far as this process has opened it."""
        if self._connection is not None and self._process == os.getpid():
            self._connection.close()
        self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None or self._process != os.getpid():
            with contextlib.ExitStack() as undo:
                connection = sqlite3.connect(dev_cache() / _NAME, timeout=_WAIT_S)
                undo.callback(connection.close)
                connection.execute("PRAGMA journal_mode = WAL")
                # Lost at a power cut, they are read again.
                connection.execute("PRAGMA synchronous = OFF")
                connection.execute("CREATE TABLE IF NOT EXISTS reading (looks BLOB PRIMARY KEY, words TEXT NOT NULL)")
                connection.commit()
                undo.pop_all()
            self._connection, self._process = connection, os.getpid()
        return self._connection
