# SPDX-License-Identifier: GPL-3.0-or-later
"""
The main thread's list of tasks in memory, newest first.

Floor: first. Thread: main only. No ``bpy``.
"""

import bisect
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..record import UNFINISHED, Stage, TaskRecord

if TYPE_CHECKING:
    from ..store.store import Store

#: Number of finished tasks kept in memory; older ones are read from the store by page.
MOST_FINISHED = 500


class TaskCache:
    """Records by id and by time. Panels draw from it without disk access."""

    def __init__(self) -> None:
        self._records: dict[str, TaskRecord] = {}
        self._order: list[tuple[float, str]] = []
        self._unfinished: set[str] = set()
        self._list: list[TaskRecord] | None = None
        self._forgotten: set[str] = set()
        self.list_version = 0
        """Version of the list: increased when a sorted or filtered view of it may have changed, but not by progress."""

    def put(self, record: TaskRecord, *, only_newer: bool = False) -> bool:
        """
        Add a record, or replace it by a newer state.

        :param only_newer: also ignore a record whose revision is already known.
        :returns: False if the record was ignored. A progress report has the revision of the record it belongs to, so it
            is accepted without ``only_newer``.
        """
        if record.id in self._forgotten:
            return False
        known = self._records.get(record.id)
        if known is not None:
            if record.revision < known.revision + only_newer or record == known:
                return False
            if record.created_at_s != known.created_at_s:
                self._order.remove((-known.created_at_s, known.id))
                bisect.insort(self._order, (-record.created_at_s, record.id))
        else:
            bisect.insort(self._order, (-record.created_at_s, record.id))
        if known is None or _listed(known) != _listed(record):
            self.list_version += 1
        self._records[record.id] = record
        (self._unfinished.add if record.is_unfinished else self._unfinished.discard)(record.id)
        self._list = None
        if len(self._records) - len(self._unfinished) > MOST_FINISHED * 2:
            self._prune()
        return True

    def load(self, store: "Store") -> None:
        """Load all unfinished tasks, all that can be imported, and the newest others."""
        for stages, count in ((frozenset(), MOST_FINISHED), (UNFINISHED | {Stage.READY}, 1_000_000)):
            for record in store.page(count=count, stages=stages):
                self.put(record)

    def forget(self, task_id: str) -> None:
        """Remove a task permanently: later reports of workers about it are ignored."""
        self._forgotten.add(task_id)
        self.list_version += 1
        self._drop(task_id)

    def _drop(self, task_id: str) -> None:
        record = self._records.pop(task_id, None)
        if record is not None:
            self._order.remove((-record.created_at_s, record.id))
            self._unfinished.discard(task_id)
            self._list = None

    def get(self, task_id: str) -> TaskRecord | None:
        """Return a task by its local id; None if it is not in memory."""
        return self._records.get(task_id)

    def all(self) -> Sequence[TaskRecord]:
        """Return every task in memory, newest first."""
        if self._list is None:
            self._list = [self._records[task_id] for _, task_id in self._order]
        return self._list

    def unfinished(self) -> list[TaskRecord]:
        """Return the tasks that continue without the user, in no particular order."""
        return [self._records[task_id] for task_id in self._unfinished]

    @property
    def unfinished_count(self) -> int:
        """Number of tasks that continue without the user."""
        return len(self._unfinished)

    def _prune(self) -> None:
        finished = 0
        for _, task_id in list(self._order):
            record = self._records[task_id]
            if record.is_unfinished or record.stage is Stage.READY:
                continue
            finished += 1
            if finished > MOST_FINISHED:
                self._drop(task_id)


def _listed(record: TaskRecord) -> tuple[object, ...]:
    """Return the values that decide a task's place in a list; see :mod:`tasks.store.query`."""
    return (
        record.stage,
        record.following,
        record.name,
        record.task_uuid,
        record.cost_credits,
        record.created_at_s,
        record.origin,
        record.put_away,
        record.starred,
        record.tags,
        record.project,
    )
