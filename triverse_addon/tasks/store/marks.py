# SPDX-License-Identifier: GPL-3.0-or-later
"""
The marks that users give to tasks (star, tags, project), as rows of their own, for filters and menus.

They are in each record's JSON too, which is what is read back. A filter reads only the rows of its mark, so it takes as
long as there are tasks with it, not as long as there are tasks.

Floor: first. Thread: any, within a transaction of the store. No ``bpy``.
"""

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..record.labels import file_title, natural_key
from ..record.record import TaskRecord

STAR, TAG, PROJECT = "star", "tag", "project"

#: The part of a query that selects the tasks with a mark; its values are the kind, and :func:`folded` of the name.
WHERE = "id IN (SELECT task_id FROM marks WHERE kind = ? AND folded = ?)"


@dataclass(frozen=True, slots=True)
class Group:
    """
    Tasks that have something in common.

    :ivar name: the tag, the project, or the path of the .blend.
    :ivar count: number of its tasks, without those that were put away.
    :ivar put_away: number of those.
    """

    name: str
    count: int
    put_away: int = 0


@dataclass(frozen=True, slots=True)
class Groups:
    """All groups of a store, each kind in natural order of its names, or of the files' titles."""

    projects: tuple[Group, ...] = ()
    tags: tuple[Group, ...] = ()
    files: tuple[Group, ...] = ()


def folded(name: str) -> str:
    """Return a name in the form in which it is compared."""
    return name.casefold().encode(errors="backslashreplace").decode()


def of(record: TaskRecord) -> frozenset[tuple[str, str]]:
    """Return the kind and the name of each mark of a task."""
    found = {(TAG, tag) for tag in record.tags}
    if record.starred:
        found.add((STAR, ""))
    if record.project:
        found.add((PROJECT, record.project))
    return frozenset(found)


def insert(connection: sqlite3.Connection, record: TaskRecord) -> None:
    """Insert the marks of a task that has none in the store."""
    if found := of(record):
        connection.executemany(
            "INSERT OR IGNORE INTO marks (kind, folded, task_id, name) VALUES (?, ?, ?, ?)",
            [(kind, folded(name), record.id, name) for kind, name in found],
        )


def update(connection: sqlite3.Connection, new: TaskRecord, old: TaskRecord | None) -> None:
    """
    Write the marks of a task if they have changed.

    :param old: the stored record; None if unknown.
    """
    if old is None or of(new) != of(old):
        remove(connection, new.id)
        insert(connection, new)


def remove(connection: sqlite3.Connection, task_id: str) -> None:
    """Delete the marks of a task."""
    connection.execute("DELETE FROM marks WHERE task_id = ?", (task_id,))


def groups(connection: sqlite3.Connection) -> Groups:
    """Return all projects, tags and files with the number of their tasks."""
    # Few are put away, and have an index: with a join, each mark would take a look at its task.
    away = {
        (kind, key): count
        for kind, key, count in connection.execute(
            "SELECT kind, folded, COUNT(*) FROM marks WHERE task_id IN (SELECT id FROM tasks WHERE put_away != 0) "
            "GROUP BY kind, folded"
        )
    }
    found: dict[str, list[Group]] = {STAR: [], TAG: [], PROJECT: []}
    rows = connection.execute("SELECT kind, folded, MIN(name), COUNT(*) FROM marks GROUP BY kind, folded")
    for kind, key, name, count in rows:
        hidden = away.get((kind, key), 0)
        found.setdefault(kind, []).append(Group(name, count - hidden, hidden))
    hidden_files = dict(
        connection.execute(
            "SELECT file, COUNT(*) FROM tasks WHERE put_away != 0 AND file <> '' GROUP BY file"
        ).fetchall()
    )
    files = [
        Group(file, count - hidden_files.get(file, 0), hidden_files.get(file, 0))
        for file, count in connection.execute("SELECT file, COUNT(*) FROM tasks WHERE file <> '' GROUP BY file")
    ]
    return Groups(
        projects=_in_order(found[PROJECT], lambda name: name),
        tags=_in_order(found[TAG], lambda name: name),
        files=_in_order(files, file_title),
    )


def _in_order(found: Iterable[Group], title: Callable[[str], str]) -> tuple[Group, ...]:
    return tuple(sorted(found, key=lambda group: (natural_key(title(group.name)), group.name)))
