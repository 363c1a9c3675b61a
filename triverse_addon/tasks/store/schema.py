# SPDX-License-Identifier: GPL-3.0-or-later
"""
The tables of the store, and the migrations from older versions.

Floor: first. Thread: the one that opens the store. No ``bpy``.
"""

import sqlite3

from . import codec
from .query import search_columns

_VERSION_1 = """
CREATE TABLE tasks (
    id TEXT PRIMARY KEY,
    task_uuid TEXT UNIQUE,
    client_order_id TEXT NOT NULL,
    stage TEXT NOT NULL,
    flow TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at_s REAL NOT NULL,
    updated_at_s REAL NOT NULL,
    following INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    owner TEXT,
    lease_until_s REAL NOT NULL DEFAULT 0,
    data TEXT NOT NULL
);
CREATE INDEX tasks_by_time ON tasks (created_at_s DESC, id);
CREATE INDEX tasks_by_stage ON tasks (stage, created_at_s DESC);
CREATE INDEX tasks_by_revision ON tasks (revision);
CREATE INDEX tasks_by_order ON tasks (client_order_id);
CREATE INDEX tasks_by_owner ON tasks (owner);
CREATE TABLE history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id TEXT NOT NULL,
    at_s REAL NOT NULL,
    level TEXT NOT NULL,
    template TEXT NOT NULL,
    args TEXT NOT NULL
);
CREATE INDEX history_by_task ON history (task_id, id);
CREATE TABLE removed (id TEXT PRIMARY KEY, revision INTEGER NOT NULL);
CREATE TABLE counter (revision INTEGER NOT NULL);
INSERT INTO counter (revision) VALUES (0);
"""

_VERSION_2 = """
ALTER TABLE tasks ADD COLUMN title TEXT NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN words TEXT NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN cost_credits INTEGER;
ALTER TABLE tasks ADD COLUMN scene_id TEXT NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN session TEXT NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN file TEXT NOT NULL DEFAULT '';
DROP INDEX tasks_by_time;
CREATE INDEX tasks_by_time ON tasks (
    created_at_s DESC, id, stage, following, cost_credits, scene_id, session, file, title, words
);
"""


def _fill_version_2(connection: sqlite3.Connection) -> None:
    """Fill the new columns. Those of a damaged row keep their defaults."""
    for row in connection.execute(f"SELECT {', '.join(codec.COLUMNS)}, data FROM tasks").fetchall():
        try:
            record = codec.from_row(dict(zip(codec.COLUMNS, row[:-1], strict=True)), row[-1])
        except ValueError:
            continue
        columns = search_columns(record)
        sets = ", ".join(f"{name} = ?" for name in columns)
        connection.execute(f"UPDATE tasks SET {sets} WHERE id = ?", (*columns.values(), row[0]))


#: Element n migrates from version n to version n + 1. Never edit a released element; only append.
_STEPS = (_VERSION_1, _VERSION_2)

#: Functions to call after the statements of a version, in the same transaction.
_FILLS = {2: _fill_version_2}

#: ``PRAGMA user_version`` of the newest schema.
SCHEMA_VERSION = len(_STEPS)


def migrate(connection: sqlite3.Connection) -> None:
    """
    Migrate the database to the newest version.

    Each step is one transaction, so a power cut leaves a consistent version.
    :param connection: a connection in autocommit mode.
    :raises sqlite3.Error: the database cannot be read or written.
    """
    while True:
        # The version is read inside the write transaction: two Blenders may open a new store at the same time.
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if version >= SCHEMA_VERSION:
                return
            for statement in _STEPS[version].split(";"):
                if statement.strip():
                    connection.execute(statement)
            if (fill := _FILLS.get(version + 1)) is not None:
                fill(connection)
            connection.execute(f"PRAGMA user_version = {version + 1}")
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
