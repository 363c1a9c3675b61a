# SPDX-License-Identifier: GPL-3.0-or-later
"""
Questions to the store about many tasks: which fit a search and a filter, in which order, a page at a time.

Floor: first. Thread: any. No ``bpy``.

What is asked about stands in columns beside a record's JSON, made anew at each write, and one index holds all of them:
a search reads 2 MB of that index for 10,000 tasks, and not the 20 MB of their records.
"""

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ..record import Stage, TaskRecord


class Order(StrEnum):
    """What comes first."""

    NEWEST = "newest"
    OLDEST = "oldest"
    NAME = "name"
    COST = "cost"
    """The dearest first."""


_ORDER_BY = {
    Order.NEWEST: "created_at_s DESC, id",
    Order.OLDEST: "created_at_s, id DESC",
    Order.NAME: "title, created_at_s DESC, id",
    Order.COST: "cost_credits DESC, created_at_s DESC, id",
}


@dataclass(frozen=True, slots=True)
class Home:
    """
    The file that is open, as :class:`record.Origin` names it. Any of the three tells that a task is of this file.

    :ivar scene_ids: ids of its scenes.
    :ivar session: the token of the time since it was loaded.
    :ivar file: its absolute path, "" when it was not saved yet.
    """

    scene_ids: frozenset[str] = frozenset()
    session: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """
    Which tasks, and in which order.

    :ivar search: words that must all be in a task's name, prompt, flow or uuid; letter case is ignored.
    :ivar stages: only tasks in these stages; all when empty.
    :ivar followed: only tasks that are followed.
    :ivar home: only tasks of this file.
    """

    search: str = ""
    stages: frozenset[Stage] = frozenset()
    followed: bool = False
    home: Home | None = None
    order: Order = Order.NEWEST

    @property
    def is_narrowed(self) -> bool:
        """True when tasks may be left out."""
        return bool(self.search.split() or self.stages or self.followed or self.home is not None)

    def fits(self, record: TaskRecord) -> bool:
        """Tell without the store whether a task is one of them."""
        if (self.stages and record.stage not in self.stages) or (self.followed and not record.following):
            return False
        columns = asked_columns(record)
        if not all(_folded(word) in columns["words"] for word in self.search.split()):
            return False
        home = self.home
        return home is None or bool(
            (home.session and columns["session"] == sql_text(home.session))
            or columns["scene_id"] in home.scene_ids
            or (home.file and columns["file"] == sql_text(home.file))
        )


def asked_columns(record: TaskRecord) -> dict[str, Any]:
    """Return what questions are asked about, beside :data:`codec.COLUMNS`. Never read back into a record."""
    params = record.params if isinstance(record.params, Mapping) else {}
    cost = record.cost_credits
    words = (record.name, params.get("prompt"), params.get("text_prompt"), record.flow, record.task_uuid)
    return {
        "title": _folded(record.name),
        "words": " ".join(filter(None, map(_folded, words))),
        "cost_credits": cost if isinstance(cost, int) and abs(cost) < 2**63 else None,
        "scene_id": sql_text(str(record.origin.scene_id)),
        "session": sql_text(str(record.origin.session)),
        "file": sql_text(str(record.origin.file)),
    }


def _folded(text: object) -> str:
    return sql_text(text.casefold()) if isinstance(text, str) else ""


def sql_text(text: str) -> str:
    """Return ``text`` as SQLite can hold it: paths may have lone surrogates for bytes that are no UTF-8."""
    return text.encode(errors="backslashreplace").decode()


def find_ids(connection: sqlite3.Connection, query: Query, offset: int, count: int) -> list[str]:
    """Return the ids of ``count`` tasks from the ``offset``-th on."""
    where, values = _where(query)
    rows = connection.execute(
        f"SELECT id FROM tasks WHERE {where} ORDER BY {_ORDER_BY[query.order]} LIMIT ? OFFSET ?",
        (*values, count, offset),
    )
    return [row[0] for row in rows]


def rows_of(connection: sqlite3.Connection, columns: str, ids: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return the rows of these tasks, in no order."""
    rows: list[tuple[Any, ...]] = []
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        rows += connection.execute(f"SELECT {columns} FROM tasks WHERE id IN ({_marks(some)})", some)
    return rows


def number_of(connection: sqlite3.Connection, query: Query) -> int:
    """Return how many tasks fit."""
    where, values = _where(query)
    return int(connection.execute(f"SELECT COUNT(*) FROM tasks WHERE {where}", values).fetchone()[0])


def _where(query: Query) -> tuple[str, list[Any]]:
    parts = ["1"]
    values: list[Any] = []
    if query.stages:
        # The plus keeps SQLite from the index by stage, from where it would look up each record.
        parts.append(f"+stage IN ({_marks(query.stages)})")
        values.extend(str(stage) for stage in query.stages)
    if query.followed:
        parts.append("following = 1")
    for word in query.search.split():
        parts.append("instr(words, ?)")
        values.append(_folded(word))
    if (home := query.home) is not None:
        any_of = ["0"]
        if home.session:
            any_of.append("session = ?")
            values.append(sql_text(home.session))
        if home.scene_ids:
            any_of.append(f"scene_id IN ({_marks(home.scene_ids)})")
            values.extend(home.scene_ids)
        if home.file:
            any_of.append("file = ?")
            values.append(sql_text(home.file))
        parts.append(f"({' OR '.join(any_of)})")
    return " AND ".join(parts), values


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))
