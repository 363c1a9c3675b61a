# SPDX-License-Identifier: GPL-3.0-or-later
"""
What the store writes into its tables, and reads from them, row by row.

Floor: first. Thread: any, within a transaction of the store. No ``bpy``.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ...api.calendar import bounded
from ...api.sentence import Sentence
from ..record import TaskRecord, now_s
from . import codec, query

#: The columns of a task's row that :func:`codec.from_row` reads, its JSON last.
SELECT = ", ".join((*codec.COLUMNS, "data"))


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """Something that happened to a task. ``level`` is "INFO", "WARNING" or "ERROR"."""

    at_s: float
    level: str
    sentence: Sentence


def row_of_order(connection: sqlite3.Connection, client_order_id: str) -> Any:
    """Return the row of the newest task of an order or of its retries, or None."""
    return connection.execute(
        # All that begins with "…_r" lies between "…_r" and "…_s", which the index finds.
        f"SELECT {SELECT} FROM tasks WHERE client_order_id = ? "
        "OR (client_order_id > ? AND client_order_id < ?) ORDER BY created_at_s DESC LIMIT 1",
        (client_order_id, f"{client_order_id}_r", f"{client_order_id}_s"),
    ).fetchone()


def take_in(connection: sqlite3.Connection, tasks: Iterable[tuple[TaskRecord, Sequence[HistoryLine]]]) -> int:
    """Write the tasks of another store that are new here, with their history; returns how many those are."""
    count = 0
    for record, lines in tasks:
        if _is_known(connection, record):
            continue
        insert(connection, record.with_(revision=next_revision(connection)), owner=None, lease_until_s=0.0)
        for line in lines:
            tell(connection, record.id, line.level, line.sentence, at_s=line.at_s)
        count += 1
    return count


def _is_known(connection: sqlite3.Connection, record: TaskRecord) -> bool:
    """Tell whether a task of another store is here: by our id, by the service's, by its order, or as removed."""
    found = connection.execute(
        "SELECT 1 FROM tasks WHERE id = ? OR task_uuid = ? UNION SELECT 1 FROM removed WHERE id = ?",
        (record.id, record.task_uuid, record.id),
    ).fetchone()
    return found is not None or row_of_order(connection, record.client_order_id) is not None


def insert(connection: sqlite3.Connection, record: TaskRecord, *, owner: str | None, lease_until_s: float) -> None:
    """Write a task that has no row yet."""
    columns = _columns(record) | {"data": codec.to_json(record), "owner": owner, "lease_until_s": lease_until_s}
    names = ", ".join(columns)
    marks = ", ".join("?" * len(columns))
    connection.execute(f"INSERT INTO tasks ({names}) VALUES ({marks})", tuple(columns.values()))


def write(connection: sqlite3.Connection, new: TaskRecord, old: TaskRecord | None, *, let_go: bool = False) -> None:
    """
    Write a task over its row.

    :param old: what the row holds; None if that is not known, as of one that is damaged.
    :param let_go: end its lease.
    """
    columns = _columns(new)
    if old is not None:
        # SQLite writes each index again that has one of the columns named, even if its value is the same.
        before = _columns(old)
        columns = {name: value for name, value in columns.items() if value != before[name]}
    columns["data"] = codec.to_json(new)
    if let_go:
        columns["owner"] = None
    sets = ", ".join(f"{name} = ?" for name in columns)
    connection.execute(f"UPDATE tasks SET {sets} WHERE id = ?", (*columns.values(), new.id))


def _columns(record: TaskRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in codec.COLUMNS} | query.asked_columns(record)


def next_revision(connection: sqlite3.Connection) -> int:
    """Count up the revision that every write has, and return it."""
    connection.execute("UPDATE counter SET revision = revision + 1")
    return int(connection.execute("SELECT revision FROM counter").fetchone()[0])


def is_let_go(old: TaskRecord, new: TaskRecord) -> bool:
    """Tell whether whoever drove a task does so no more, in the same transaction that says so."""
    ended = new.stage is not old.stage and not new.is_unfinished
    # Nobody works on what is not followed. Its lease may be another Blender's, which would not take it up again.
    return ended or (new.following and not old.following)


def tell(
    connection: sqlite3.Connection, task_id: str, level: str, sentence: Sentence, *, at_s: float | None = None
) -> None:
    """Add a line to a task's history, of now unless ``at_s`` says when."""
    connection.execute(
        "INSERT INTO history (task_id, at_s, level, template, args) VALUES (?, ?, ?, ?, ?)",
        (task_id, now_s() if at_s is None else at_s, level, sentence.template, json.dumps(dict(sentence.args))),
    )


def line_of(at_s: Any, level: Any, template: Any, args: Any) -> HistoryLine | None:
    """Return a line of a task's history; None for one that is damaged: the others are worth no less."""
    try:
        return HistoryLine(
            bounded(float(at_s)), str(level), Sentence.from_json({"template": template, "args": json.loads(args)})
        )
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None
