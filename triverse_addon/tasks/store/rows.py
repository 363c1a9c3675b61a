# SPDX-License-Identifier: GPL-3.0-or-later
"""
Reads and writes single rows of the store's tables.

Floor: first. Thread: any, within a transaction of the store. No ``bpy``.
"""

import itertools
import json
import re
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ...api.calendar import bounded
from ...api.sentence import Sentence
from ..record.charge import Charge, charge_of
from ..record.listed_task import ListedTask
from ..record.record import TaskRecord, now_s
from . import codec, marks, query
from .listed import from_row

#: The columns of a task's row that :func:`codec.from_row` needs, the JSON last.
SELECT = ", ".join((*codec.COLUMNS, "data"))


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One event in the history of a task. ``level`` is "INFO", "WARNING" or "ERROR"."""

    at_s: float
    level: str
    sentence: Sentence


class RowReader:
    """
    Turns rows into records, recovered as far as possible if they are damaged.

    :ivar damaged: ids of the tasks whose rows were found damaged, and have not been repaired yet.
    """

    def __init__(self) -> None:
        self.damaged: set[str] = set()

    def record(self, row: Sequence[Any] | None) -> TaskRecord | None:
        """Return the record of a row; None for no row, or if even its id cannot be read."""
        if row is None:
            return None
        columns = dict(zip(codec.COLUMNS, row, strict=False))
        try:
            return codec.from_row(columns, row[len(codec.COLUMNS)])
        except (ValueError, TypeError):
            record = codec.recover_from_columns(columns)
            if record is not None:
                self.damaged.add(record.id)
            return record

    def listed(self, row: Sequence[Any]) -> TaskRecord | ListedTask | None:
        """Return what is listed of a row; the recovered record if that is damaged, see :meth:`record`."""
        try:
            return from_row(row)
        except (ValueError, TypeError):
            return self.record(row)

    def records(self, rows: Iterable[Sequence[Any]]) -> list[TaskRecord]:
        """Return the records of rows, without those of which even the id cannot be read."""
        return [record for row in rows if (record := self.record(row)) is not None]


def row_of_order(connection: sqlite3.Connection, client_order_id: str) -> Any:
    """Return the row of the newest task with this order id or one of its retries; None if there is none."""
    return connection.execute(
        # Texts that begin with "…_r" are between "…_r" and "…_s", a range for which the index is used. Of these, only
        # the ones with a number after it are retries.
        f"SELECT {SELECT} FROM tasks WHERE client_order_id = ? "
        "OR (client_order_id > ? AND client_order_id < ? AND substr(client_order_id, ?) NOT GLOB '*[^0-9]*') "
        "ORDER BY created_at_s DESC LIMIT 1",
        (client_order_id, f"{client_order_id}_r", f"{client_order_id}_s", len(client_order_id) + 3),
    ).fetchone()


def rows_of_orders(connection: sqlite3.Connection, prefix: str) -> list[Any]:
    """Return the rows of all tasks whose ``client_order_id`` begins with a text of ASCII characters, newest first."""
    return connection.execute(
        f"SELECT {SELECT} FROM tasks WHERE client_order_id >= ? AND client_order_id < ? ORDER BY created_at_s DESC",
        (prefix, f"{prefix}\x7f"),
    ).fetchall()


def order_ids_of(connection: sqlite3.Connection) -> frozenset[str]:
    """Return the order ids for which :func:`row_of_order` returns a row: those of the tasks, and what they retry."""
    found = [str(row[0]) for row in connection.execute("SELECT client_order_id FROM tasks")]
    retried = (match[1] for order_id in found if (match := re.fullmatch(r"(.*)_r[0-9]*", order_id, re.DOTALL)))
    return frozenset(itertools.chain(found, retried))


def take_in(connection: sqlite3.Connection, tasks: Iterable[tuple[TaskRecord, Sequence[HistoryLine]]]) -> int:
    """Insert those tasks of another store that are new here, with their history; return their number."""
    count = 0
    for record, lines in tasks:
        if _is_known(connection, record):
            continue
        insert(connection, record.with_(revision=next_revision(connection)), owner=None, lease_until_s=0.0)
        for line in lines:
            add_history(connection, record.id, line.level, line.sentence, at_s=line.at_s)
        count += 1
    return count


def _is_known(connection: sqlite3.Connection, record: TaskRecord) -> bool:
    """Return whether a task of another store is known here: by its id, UUID or order id, or as removed."""
    found = connection.execute(
        "SELECT 1 FROM tasks WHERE id = ? OR task_uuid = ? UNION SELECT 1 FROM removed WHERE id = ?",
        (record.id, record.task_uuid, record.id),
    ).fetchone()
    return found is not None or row_of_order(connection, record.client_order_id) is not None


def insert(connection: sqlite3.Connection, record: TaskRecord, *, owner: str | None, lease_until_s: float) -> None:
    """
    Insert a task that has no row yet.

    :param owner: the engine that holds its lease; None for none.
    :param lease_until_s: when the lease expires, in epoch seconds.
    """
    columns = _columns(record) | {"data": codec.to_json(record), "owner": owner, "lease_until_s": lease_until_s}
    names = ", ".join(columns)
    values = ", ".join("?" * len(columns))
    connection.execute(f"INSERT INTO tasks ({names}) VALUES ({values})", tuple(columns.values()))
    marks.insert(connection, record)


def write(connection: sqlite3.Connection, new: TaskRecord, old: TaskRecord | None, *, end_lease: bool = False) -> None:
    """
    Update the row of a task.

    :param old: the stored record; None if unknown, as for a damaged row.
    :param end_lease: whether to end its lease.
    """
    columns = _columns(new)
    if old is not None:
        # SQLite rewrites each index on a column in the statement, even if its value does not change.
        before = _columns(old)
        columns = {name: value for name, value in columns.items() if value != before[name]}
    columns["data"] = codec.to_json(new)
    if end_lease:
        columns["owner"] = None
    sets = ", ".join(f"{name} = ?" for name in columns)
    connection.execute(f"UPDATE tasks SET {sets} WHERE id = ?", (*columns.values(), new.id))
    marks.update(connection, new, old)


def _columns(record: TaskRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in codec.COLUMNS} | query.search_columns(record)


def remove(connection: sqlite3.Connection, task_id: str) -> None:
    """Delete the row and the history of a task, and note its price, and for other Blenders that it was removed."""
    _keep_price(connection, task_id)
    connection.execute("DELETE FROM tasks WHERE id = ?", (task_id,))
    connection.execute("DELETE FROM history WHERE task_id = ?", (task_id,))
    marks.remove(connection, task_id)
    connection.execute("INSERT INTO removed (id, revision) VALUES (?, ?)", (task_id, next_revision(connection)))


def _keep_price(connection: sqlite3.Connection, task_id: str) -> None:
    """Note what a task costs that is removed, so that the sums in ``spending`` stay as they are."""
    row = connection.execute(f"SELECT {SELECT} FROM tasks WHERE id = ?", (task_id,)).fetchone()
    record = RowReader().record(row)
    if record is None or record.cost_credits is None or charge_of(record) is Charge.NONE:
        return
    connection.execute(
        "INSERT OR IGNORE INTO spent (task_id, task_uuid, flow, created_at_s, cost_credits, scene_id, session, file) "
        "SELECT id, task_uuid, flow, created_at_s, cost_credits, scene_id, session, file FROM tasks "
        "WHERE id = ? AND cost_credits IS NOT NULL",
        (task_id,),
    )


def next_revision(connection: sqlite3.Connection) -> int:
    """Increment the revision counter, which every write does, and return it."""
    connection.execute("UPDATE counter SET revision = revision + 1")
    return int(connection.execute("SELECT revision FROM counter").fetchone()[0])


def ends_lease(old: TaskRecord, new: TaskRecord) -> bool:
    """Return whether the transition from ``old`` to ``new`` ends the lease of the task."""
    ended = new.stage is not old.stage and not new.is_unfinished
    # Tasks that are not followed are not worked on. Such a task's lease may belong to another Blender, which would not
    # resume the task.
    return ended or (new.following and not old.following)


def add_history(
    connection: sqlite3.Connection, task_id: str, level: str, sentence: Sentence, *, at_s: float | None = None
) -> None:
    """Add a line to a task's history, with the current time unless ``at_s`` is given."""
    connection.execute(
        "INSERT INTO history (task_id, at_s, level, template, args) VALUES (?, ?, ?, ?, ?)",
        (task_id, now_s() if at_s is None else at_s, level, sentence.template, json.dumps(dict(sentence.args))),
    )


def history_of(connection: sqlite3.Connection, task_id: str) -> list[HistoryLine]:
    """Return the history of a task, oldest first."""
    rows = connection.execute(
        "SELECT at_s, level, template, args FROM history WHERE task_id = ? ORDER BY id", (task_id,)
    ).fetchall()
    return [line for row in rows if (line := line_of(*row)) is not None]


def line_of(at_s: Any, level: Any, template: Any, args: Any) -> HistoryLine | None:
    """Return a line of a task's history; None if it is damaged, so that the other lines remain readable."""
    try:
        return HistoryLine(
            bounded(float(at_s)), str(level), Sentence.from_json({"template": template, "args": json.loads(args)})
        )
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None
