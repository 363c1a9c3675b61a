# SPDX-License-Identifier: GPL-3.0-or-later
"""
Queries for many tasks: search, filters, order, pages.

Floor: first. Thread: any. No ``bpy``.

The values used for search and order are stored in columns next to a record's JSON, updated at each write, and one index
covers all of them: a search reads 2 MB of that index for 10,000 tasks, and not the 20 MB of their records. An index of
the words alone, half as large, says sooner that nothing is found.
"""

import re
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ...api.fields import PROMPT_NAMES
from ..record.labels import file_title
from ..record.record import Stage, TaskRecord
from . import codec, marks


class Order(StrEnum):
    """Sort order."""

    NEWEST = "newest"
    OLDEST = "oldest"
    NAME = "name"
    COST = "cost"
    """Highest cost first."""


_ORDER_BY = {
    Order.NEWEST: "created_at_s DESC, id",
    Order.OLDEST: "created_at_s, id DESC",
    Order.NAME: "title, created_at_s DESC, id",
    Order.COST: "cost_credits DESC, created_at_s DESC, id",
}


#: The characters that mean something in a pattern of LIKE.
_SPECIAL = re.compile(r"[%_!]")
#: Longer words are not searched by LIKE.
_LONG_WORD = 1_000


@dataclass(frozen=True, slots=True)
class FileScope:
    """
    The open file, as identified by :class:`record.Origin`. A task belongs to the file if any of the three matches.

    :ivar scene_ids: ids of its scenes.
    :ivar session: the token of the current session, which began when the file was loaded.
    :ivar file: its absolute path; "" if it has not been saved yet.
    """

    scene_ids: frozenset[str] = frozenset()
    session: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """
    A filter for tasks, and their order.

    :ivar search: words that must all occur in a task's name, prompt, flow, UUID, tags, project or the name of its
        .blend, ignoring case.
    :ivar stages: only tasks in these stages; all if empty.
    :ivar followed: only tasks that are followed.
    :ivar scope: only tasks of this file; None for all.
    :ivar order: the sort order.
    :ivar put_away: True for only what was put away, False for only what was not, None for both.
    :ivar starred: only favourites.
    :ivar tag: only tasks with this tag, ignoring case; "" for all.
    :ivar project: only tasks of this project, ignoring case; "" for all.
    :ivar file: only tasks made in this .blend, an absolute path; "" for all.
    """

    search: str = ""
    stages: frozenset[Stage] = frozenset()
    followed: bool = False
    scope: FileScope | None = None
    order: Order = Order.NEWEST
    put_away: bool | None = None
    starred: bool = False
    tag: str = ""
    project: str = ""
    file: str = ""

    @property
    def is_narrowed(self) -> bool:
        """Whether the filter may exclude tasks, other than those that were put away."""
        by_state = self.stages or self.followed or self.scope is not None or self.put_away is True
        return bool(self.search.split() or by_state or self.wanted_marks or self.file)

    @property
    def wanted_marks(self) -> frozenset[tuple[str, str]]:
        """The marks that a task must have, each a kind and a folded name; see :mod:`tasks.store.marks`."""
        wanted = ((marks.TAG, self.tag), (marks.PROJECT, self.project))
        found = {(kind, marks.folded(name)) for kind, name in wanted if name}
        return frozenset(found | {(marks.STAR, "")} if self.starred else found)

    def matches(self, record: TaskRecord) -> bool:
        """Return whether a task matches, without reading the store."""
        if (self.stages and record.stage not in self.stages) or (self.followed and not record.following):
            return False
        if self.put_away is not None and record.put_away != self.put_away:
            return False
        if not self.wanted_marks <= {(kind, marks.folded(name)) for kind, name in marks.of(record)}:
            return False
        columns = search_columns(record)
        if self.file and columns["file"] != sql_text(self.file):
            return False
        if not all(_folded(word) in columns["words"] for word in self.search.split()):
            return False
        scope = self.scope
        return scope is None or bool(
            (scope.session and columns["session"] == sql_text(scope.session))
            or columns["scene_id"] in scope.scene_ids
            or (scope.file and columns["file"] == sql_text(scope.file))
        )


def search_columns(record: TaskRecord) -> dict[str, Any]:
    """Return the columns for queries, in addition to :data:`codec.COLUMNS`. They are never read back into a record."""
    params = record.params if isinstance(record.params, Mapping) else {}
    cost = record.cost_credits
    texts = (
        record.name,
        *map(params.get, PROMPT_NAMES),
        record.flow,
        record.task_uuid,
        record.project,
        *record.tags,
        file_title(str(record.origin.file)),
    )
    return {
        "title": _folded(record.name),
        "words": " ".join(filter(None, map(_folded, texts))),
        "cost_credits": cost if isinstance(cost, int) and abs(cost) < 2**63 else None,
        "scene_id": sql_text(str(record.origin.scene_id)),
        "session": sql_text(str(record.origin.session)),
        "file": sql_text(str(record.origin.file)),
        "group_id": sql_text(record.group),
        "put_away": int(record.put_away),
    }


def _folded(text: object) -> str:
    # SQLite's LIKE reads no further than a null character.
    return sql_text(text.casefold()).replace("\0", " ") if isinstance(text, str) else ""


def sql_text(text: str) -> str:
    """Return ``text`` in a form that SQLite accepts: paths may contain lone surrogates for non-UTF-8 bytes."""
    return text.encode(errors="backslashreplace").decode()


def find_ids(connection: sqlite3.Connection, query: Query, offset: int, count: int) -> list[str]:
    """Return the ids of at most ``count`` matching tasks, starting at index ``offset``."""
    where, values = where_of(query)
    if query.search.split() and not _is_anywhere(connection, query):
        return []
    rows = connection.execute(
        f"SELECT id FROM tasks WHERE {where} ORDER BY {_ORDER_BY[query.order]} LIMIT ? OFFSET ?",
        (*values, count, offset),
    )
    return [row[0] for row in rows]


def ids_of_group(connection: sqlite3.Connection, group: str) -> list[str]:
    """Return the ids of the tasks that were ordered together."""
    # The second condition is that of the index, which SQLite uses only if it is given.
    rows = connection.execute("SELECT id FROM tasks WHERE group_id = ? AND group_id != ''", (sql_text(group),))
    return [row[0] for row in rows]


def _is_anywhere(connection: sqlite3.Connection, query: Query) -> bool:
    """Return whether any task has the searched words, from an index of half the size: most new letters match less."""
    parts, values = _words(query)
    return connection.execute(f"SELECT 1 FROM tasks WHERE {' AND '.join(parts)} LIMIT 1", values).fetchone() is not None


def rows_of(connection: sqlite3.Connection, columns: str, ids: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return the rows of the tasks ``ids``, in no particular order."""
    rows: list[tuple[Any, ...]] = []
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        rows += connection.execute(f"SELECT {columns} FROM tasks WHERE id IN ({placeholders(some)})", some)
    return rows


#: Of the JSON of a record that is imported by itself. A text in it cannot look like that: its quotes are escaped.
_IMPORTS_ITSELF = """instr(data, '"auto_import":false') = 0"""


def rows_after(
    connection: sqlite3.Connection,
    columns: str,
    query: Query,
    last: tuple[float, str] | None,
    count: int,
    *,
    to_import: bool,
) -> list[tuple[Any, ...]]:
    """
    Return ``columns`` of the next matching tasks, newest first.

    :param columns: the names of :data:`codec.COLUMNS`, and more.
    :param last: see :func:`place_of`, of the task before them; None for the first ones.
    :param to_import: only tasks that are imported by themselves once they are ready.
    """
    where, values = where_of(query)
    if last is not None:
        # Written as two parts because SQLite uses the index for the first.
        where += " AND created_at_s <= ? AND (created_at_s < ? OR id > ?)"
        values += [last[0], *last]
    if to_import:
        where += f" AND {_IMPORTS_ITSELF}"
    return connection.execute(
        f"SELECT {columns} FROM tasks WHERE {where} ORDER BY {_ORDER_BY[Order.NEWEST]} LIMIT ?",
        (*values, count),
    ).fetchall()


def place_of(row: Sequence[Any]) -> tuple[float, str]:
    """Return time of creation and id of a row that begins with :data:`codec.COLUMNS`, as :func:`rows_after` takes."""
    return row[codec.COLUMNS.index("created_at_s")], row[0]


def longest_name(connection: sqlite3.Connection, query: Query, count: int) -> int:
    """Return the length of the longest name of the first ``count`` matching tasks, 1 at least; 0 if none match."""
    where, values = where_of(query)
    found = connection.execute(
        "SELECT MAX(LENGTH(name)), COUNT(*) FROM ("
        f"SELECT name FROM tasks WHERE {where} ORDER BY {_ORDER_BY[query.order]} LIMIT ?)",
        (*values, count),
    ).fetchone()
    return max(int(found[0] or 0), 1) if found[1] else 0


def number_of(connection: sqlite3.Connection, query: Query) -> int:
    """Return the number of matching tasks."""
    if not query.is_narrowed:
        # Asked at each change of the list. Without any condition, SQLite counts the pages of an index: all, and those
        # that were put away, are counted in a fraction of the time.
        every = int(connection.execute("SELECT COUNT(*) FROM tasks").fetchone()[0])
        if query.put_away is None:
            return every
        return every - int(connection.execute("SELECT COUNT(*) FROM tasks WHERE put_away != 0").fetchone()[0])
    where, values = where_of(query)
    return int(connection.execute(f"SELECT COUNT(*) FROM tasks WHERE {where}", values).fetchone()[0])


def where_of(query: Query) -> tuple[str, list[Any]]:
    """Return the condition for tasks that match, and the values of its placeholders."""
    parts = ["1"]
    values: list[Any] = []
    if query.stages:
        # The plus prevents SQLite from using the index by stage, from which it would have to look up each record.
        parts.append(f"+stage IN ({placeholders(query.stages)})")
        values.extend(str(stage) for stage in query.stages)
    if query.followed:
        parts.append("following = 1")
    if query.put_away is not None:
        parts.append("put_away = ?")
        values.append(int(query.put_away))
    for mark in sorted(query.wanted_marks):
        parts.append(marks.WHERE)
        values.extend(mark)
    if query.file:
        parts.append("file = ?")
        values.append(sql_text(query.file))
    words = _words(query)
    parts += words[0]
    values += words[1]
    if (scope := query.scope) is not None:
        any_of = ["0"]
        if scope.session:
            any_of.append("session = ?")
            values.append(sql_text(scope.session))
        if scope.scene_ids:
            any_of.append(f"scene_id IN ({placeholders(scope.scene_ids)})")
            values.extend(scope.scene_ids)
        if scope.file:
            any_of.append("file = ?")
            values.append(sql_text(scope.file))
        parts.append(f"({' OR '.join(any_of)})")
    return " AND ".join(parts), values


def _words(query: Query) -> tuple[list[str], list[str]]:
    """Return the conditions for the searched words, and their values."""
    parts, values = [], []
    for word in map(_folded, query.search.split()):
        # LIKE takes two thirds of the time that instr() takes. Its patterns may have 50,000 bytes.
        if len(word) <= _LONG_WORD:
            parts.append("words LIKE ? ESCAPE '!'")
            values.append("%" + _SPECIAL.sub(r"!\g<0>", word) + "%")
        else:
            parts.append("instr(words, ?)")
            values.append(word)
    return parts, values


def placeholders(values: Collection[object]) -> str:
    """Return as many placeholders as there are values."""
    return ", ".join("?" * len(values))
