# SPDX-License-Identifier: GPL-3.0-or-later
"""
The migrations of the store, one a version: the statements, and what fills new columns.

A migration that was released is never edited, and calls nothing of the package: the code that reads and writes records
changes with the add-on, while a migration must go on doing what it did for the stores of its time.

Floor: first. Thread: the one that opens the store. No ``bpy``.
"""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Migration:
    """
    The way from one version of the schema to the next.

    :ivar statements: executed in this order.
    :ivar fill: called after them, in the same transaction; None if there is nothing to fill.
    """

    statements: tuple[str, ...]
    fill: Callable[[sqlite3.Connection], None] | None = None


_VERSION_1 = (
    """
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
    )
    """,
    "CREATE INDEX tasks_by_time ON tasks (created_at_s DESC, id)",
    "CREATE INDEX tasks_by_stage ON tasks (stage, created_at_s DESC)",
    "CREATE INDEX tasks_by_revision ON tasks (revision)",
    "CREATE INDEX tasks_by_order ON tasks (client_order_id)",
    "CREATE INDEX tasks_by_owner ON tasks (owner)",
    """
    CREATE TABLE history (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        task_id TEXT NOT NULL,
        at_s REAL NOT NULL,
        level TEXT NOT NULL,
        template TEXT NOT NULL,
        args TEXT NOT NULL
    )
    """,
    "CREATE INDEX history_by_task ON history (task_id, id)",
    "CREATE TABLE removed (id TEXT PRIMARY KEY, revision INTEGER NOT NULL)",
    "CREATE TABLE counter (revision INTEGER NOT NULL)",
    "INSERT INTO counter (revision) VALUES (0)",
)

_VERSION_2 = (
    "ALTER TABLE tasks ADD COLUMN title TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE tasks ADD COLUMN words TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE tasks ADD COLUMN cost_credits INTEGER",
    "ALTER TABLE tasks ADD COLUMN scene_id TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE tasks ADD COLUMN session TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE tasks ADD COLUMN file TEXT NOT NULL DEFAULT ''",
    "DROP INDEX tasks_by_time",
    """
    CREATE INDEX tasks_by_time ON tasks (
        created_at_s DESC, id, stage, following, cost_credits, scene_id, session, file, title, words
    )
    """,
)


def _fill_version_2(connection: sqlite3.Connection) -> None:
    """Fill the columns for search and order from the JSON. Those of a damaged row keep their defaults."""
    rows = connection.execute("SELECT id, name, flow, task_uuid, data FROM tasks").fetchall()
    for task_id, name, flow, uuid, text in rows:
        try:
            data = json.loads(text)
        except (TypeError, ValueError, RecursionError):
            continue
        if not isinstance(data, dict):
            continue
        params, origin = (found if isinstance(found := data.get(key), dict) else {} for key in ("params", "origin"))
        words = (name, params.get("prompt"), params.get("text_prompt"), flow, uuid)
        cost = data.get("cost_credits")
        connection.execute(
            "UPDATE tasks SET title = ?, words = ?, cost_credits = ?, scene_id = ?, session = ?, file = ? WHERE id = ?",
            (
                _folded(name),
                " ".join(filter(None, map(_folded, words))),
                cost if isinstance(cost, int) and abs(cost) < 2**63 else None,
                *(_sql_text(origin.get(key)) for key in ("scene_id", "session", "file")),
                task_id,
            ),
        )


# What was put away, and what was ordered together, was not known before: the defaults hold for every row.
_VERSION_3 = (
    "ALTER TABLE tasks ADD COLUMN group_id TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE tasks ADD COLUMN put_away INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX tasks_by_group ON tasks (group_id) WHERE group_id != ''",
    "DROP INDEX tasks_by_time",
    """
    CREATE INDEX tasks_by_time ON tasks (
        created_at_s DESC, id, stage, following, cost_credits, scene_id, session, file, title, words, put_away
    )
    """,
)


def _folded(value: object) -> str:
    return _sql_text(value).casefold()


def _sql_text(value: object) -> str:
    """Return a text as SQLite takes it, without lone surrogates; "" for anything else."""
    return value.encode(errors="backslashreplace").decode() if isinstance(value, str) else ""


#: The prices of tasks that were taken off the list, for the sums of what was spent.
_VERSION_4 = (
    """
    CREATE TABLE spent (
        task_id TEXT PRIMARY KEY,
        task_uuid TEXT,
        flow TEXT NOT NULL,
        created_at_s REAL NOT NULL,
        cost_credits INTEGER NOT NULL,
        scene_id TEXT NOT NULL,
        session TEXT NOT NULL,
        file TEXT NOT NULL
    )
    """,
    "CREATE INDEX spent_by_time ON spent (created_at_s)",
)


_VERSION_5 = (
    """
    CREATE TABLE marks (
        kind TEXT NOT NULL,
        folded TEXT NOT NULL,
        task_id TEXT NOT NULL,
        name TEXT NOT NULL,
        PRIMARY KEY (kind, folded, task_id)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX marks_by_task ON marks (task_id)",
)


def _fill_version_5(connection: sqlite3.Connection) -> None:
    """Let a search find tasks by the name of the .blend that they were made in."""
    connection.create_function("title_of", 1, _title, deterministic=True)
    connection.execute("UPDATE tasks SET words = words || ' ' || title_of(file) WHERE file <> ''")


def _title(file: object) -> str:
    """Return the name of a .blend without folder and suffix."""
    return _folded(file).replace("\\", "/").rpartition("/")[2].removesuffix(".blend")


#: The first for a search that finds nothing, the second for the number of all others: see ``query``.
_VERSION_6 = (
    "CREATE INDEX tasks_by_words ON tasks (words)",
    "CREATE INDEX tasks_put_away ON tasks (put_away) WHERE put_away != 0",
)

#: Element n migrates from version n to version n + 1. Only append.
MIGRATIONS = (
    Migration(_VERSION_1),
    Migration(_VERSION_2, _fill_version_2),
    Migration(_VERSION_3),
    Migration(_VERSION_4),
    Migration(_VERSION_5, _fill_version_5),
    Migration(_VERSION_6),
)
