# SPDX-License-Identifier: GPL-3.0-or-later
"""
What is read from the store: single tasks, pages, changes, histories.

Floor: first. Thread: any; each thread has a connection of its own. No ``bpy``.
"""

import contextlib
import sqlite3
from abc import abstractmethod
from collections.abc import Callable, Collection, Iterator
from typing import Any, TypeVar

from ...api.sentence import Sentence
from ..record.listed_task import ListedTask
from ..record.record import UNFINISHED, Stage, TaskRecord
from . import query as store_query
from .connection import Connection
from .errors import StoreError
from .lease_rows import oldest_s
from .rows import SELECT, HistoryLine, RowReader, history_of, order_ids_of, row_of_order, rows_of_orders

#: Number of tasks that are in memory at a time while they are listed.
_PIECE = 500

_Found = TypeVar("_Found")


class StoreReads:
    """The reading half of :class:`store.Store`."""

    _rows: RowReader

    @abstractmethod
    def _connection(self) -> Connection:
        """Return the connection of this thread."""

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            yield self._connection()
        except sqlite3.Error as error:
            raise StoreError(Sentence.of("The list of tasks cannot be read ({reason}).", reason=str(error))) from None

    def read(self, reader: Callable[[Connection], _Found]) -> _Found:
        """
        Return what a function of ``query`` or ``marks`` reads.

        :raises StoreError: the database cannot be read.
        """
        with self._reading() as connection:
            return reader(connection)

    def get(self, task_id: str, *, owner: str | None = None) -> TaskRecord | None:
        """
        Return the task with this id, or None.

        :param owner: only if this engine holds its lease.
        :raises StoreError: the database cannot be read.
        """
        where, values = ("id = ?", (task_id,)) if owner is None else ("id = ? AND owner = ?", (task_id, owner))
        with self._reading() as connection:
            row = connection.execute(f"SELECT {SELECT} FROM tasks WHERE {where}", values).fetchone()
        return self._rows.record(row)

    def find_by_uuid(self, task_uuid: str) -> TaskRecord | None:
        """Return the task with this UUID of the service, or None."""
        with self._reading() as connection:
            row = connection.execute(f"SELECT {SELECT} FROM tasks WHERE task_uuid = ?", (task_uuid,)).fetchone()
        return self._rows.record(row)

    def find_by_order_id(self, client_order_id: str) -> TaskRecord | None:
        """Return the newest task of a ``client_order_id`` or its retries (`order_endings`), or None."""
        with self._reading() as connection:
            row = row_of_order(connection, client_order_id)
        return self._rows.record(row)

    def finder(self) -> Callable[[str], TaskRecord | None]:
        """Return :meth:`find_by_order_id` for many ids at once: it asks only for those that are stored now."""
        with self._reading() as connection:
            stored = order_ids_of(connection)
        return lambda order_id: self.find_by_order_id(order_id) if order_id in stored else None

    def find_by_order_prefix(self, prefix: str) -> list[TaskRecord]:
        """Return the tasks whose ``client_order_id`` begins with a text of ASCII characters, newest first."""
        with self._reading() as connection:
            return self._rows.records(rows_of_orders(connection, prefix))

    def find_group(self, group: str) -> list[TaskRecord]:
        """Return the tasks that were ordered together, in the order of their numbers. Empty for ""."""
        with self._reading() as connection:
            ids = store_query.ids_of_group(connection, group) if group else []
            records = self._rows.records(store_query.rows_of(connection, SELECT, ids))
        return sorted(records, key=lambda record: record.variant)

    def page(
        self, *, offset: int = 0, count: int = 100, search: str = "", stages: Collection[Stage] = ()
    ) -> list[TaskRecord]:
        """Return tasks, newest first: see :meth:`find`."""
        return self.find(store_query.Query(search, frozenset(stages)), offset, count)

    def find(
        self,
        query: store_query.Query,
        offset: int,
        count: int,
        known: Callable[[str], TaskRecord | None] = lambda _: None,
    ) -> list[TaskRecord]:
        """
        Return at most ``count`` matching tasks, starting at index ``offset``.

        :param known: returns the record of a task id if it need not be read, else None.
        """
        with self._reading() as connection:
            ids = store_query.find_ids(connection, query, offset, count)
            records = {task_id: known(task_id) for task_id in ids}
            for row in store_query.rows_of(connection, SELECT, [one for one in ids if records[one] is None]):
                records[row[0]] = self._rows.record(row)
        return [record for record in records.values() if record is not None]

    def unfinished(self, count: int = -1) -> list[TaskRecord]:
        """
        Return the tasks that the engine still works on, newest first.

        :param count: at most so many; -1 for all.
        """
        with self._reading() as connection:
            rows = connection.execute(
                f"SELECT {SELECT} FROM tasks WHERE stage IN ({store_query.placeholders(UNFINISHED)}) AND following = 1 "
                "ORDER BY created_at_s DESC LIMIT ?",
                (*UNFINISHED, count),
            ).fetchall()
        return self._rows.records(rows)

    def in_pieces(self, query: store_query.Query, count: int, *, to_import: bool = False) -> Iterator[list[TaskRecord]]:
        """
        Return all matching tasks, newest first, at most ``count`` at a time, so that they are never all in memory.

        Tasks that are added meanwhile may be left out.

        :param query: which tasks; its order must be NEWEST.
        :param to_import: only those that are imported by themselves once they are ready.
        """
        for rows in self._rows_in_pieces(query, count, to_import=to_import):
            yield self._rows.records(rows)

    def listed(self, query: store_query.Query, count: int) -> Iterator[TaskRecord | ListedTask]:
        """Yield what is listed of the first ``count`` matching tasks, see :meth:`in_pieces`."""
        for rows in self._rows_in_pieces(query, _PIECE):
            for row in rows[:count]:
                if (task := self._rows.listed(row)) is not None:
                    yield task
            count -= len(rows)
            if count <= 0:
                return

    def _rows_in_pieces(
        self, query: store_query.Query, count: int, *, to_import: bool = False
    ) -> Iterator[list[tuple[Any, ...]]]:
        last: tuple[float, str] | None = None
        while True:
            with self._reading() as connection:
                rows = store_query.rows_after(connection, SELECT, query, last, count, to_import=to_import)
            if not rows:
                return
            yield rows
            last = store_query.place_of(rows[-1])

    def longest_name(self, query: store_query.Query, count: int) -> int:
        """Return the length of the longest name of the first ``count`` matching tasks, 1 at least; 0 if none match."""
        with self._reading() as connection:
            return store_query.longest_name(connection, query, count)

    def number_of(self, query: store_query.Query) -> int:
        """Return the number of matching tasks."""
        with self._reading() as connection:
            return store_query.number_of(connection, query)

    def count(self, stages: Collection[Stage] = ()) -> int:
        """Return the number of tasks in ``stages`` (all if empty)."""
        where = f"WHERE stage IN ({', '.join('?' * len(stages))})" if stages else ""
        with self._reading() as connection:
            return int(connection.execute(f"SELECT COUNT(*) FROM tasks {where}", tuple(stages)).fetchone()[0])

    def oldest_s(self, owner: str, stage: Stage) -> float | None:
        """Return when the oldest followed task in ``stage`` that ``owner`` drives was created; None without one."""
        with self._reading() as connection:
            return oldest_s(connection, owner, stage)

    def revision(self) -> int:
        """Return the current revision, for :meth:`since`."""
        with self._reading() as connection:
            return int(connection.execute("SELECT revision FROM counter").fetchone()[0])

    def since(self, revision: int) -> tuple[int, list[TaskRecord], list[str]]:
        """
        Return the changes after ``revision``, of any Blender.

        :returns: the current revision, the changed records, the ids of removed tasks.
        """
        with self._reading() as connection:
            newest = self.revision()
            if newest <= revision:
                return newest, [], []
            rows = connection.execute(
                f"SELECT {SELECT} FROM tasks WHERE revision > ? ORDER BY revision", (revision,)
            ).fetchall()
            removed = connection.execute("SELECT id FROM removed WHERE revision > ?", (revision,)).fetchall()
        return newest, self._rows.records(rows), [row[0] for row in removed]

    def history(self, task_id: str) -> list[HistoryLine]:
        """Return the history of a task, oldest first."""
        with self._reading() as connection:
            return history_of(connection, task_id)
