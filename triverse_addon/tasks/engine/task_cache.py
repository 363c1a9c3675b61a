# SPDX-License-Identifier: GPL-3.0-or-later
"""
The main thread's list of tasks in memory, newest first.

Floor: first. Thread: main only. No ``bpy``.

However many tasks are stored, it holds those that the engine works on, those that wait to be imported, and the newest
others. What a change costs does not depend on their number, except for a shift within a list.
"""

import bisect
import heapq
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..record.record import TaskRecord

if TYPE_CHECKING:
    from ..store.store import Store

#: Number of finished tasks kept in memory; older ones are read from the store by page.
MOST_FINISHED = 500
#: Number of tasks that are loaded at the start because they are unfinished. The supervisor reads the others.
MOST_LOADED = 500
#: Number of tasks kept because they wait to be imported, with their notes that say why. Of more, the import queue reads
#: the records when it tries them.
_MOST_TO_IMPORT = 500

#: Sorts a task among others, newest first.
_Place = tuple[float, str]


class TaskCache:
    """Records by id and by time. Panels draw from it without disk access."""

    def __init__(self) -> None:
        self._records: dict[str, TaskRecord] = {}
        self._kept: list[_Place] = []
        """The places of the tasks that stay in memory, in order."""
        self._finished: list[_Place] = []
        """The places of all others, in order."""
        self._unfinished: set[str] = set()
        self._to_import: set[str] = set()
        """Ids of the tasks that are kept because they wait to be imported."""
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
        if known is not None and (
            record.revision < known.revision + only_newer
            # Only progress leaves the revision as it is. To compare all fields takes longer than the rest of this.
            or (record.revision == known.revision and record == known)
        ):
            return False
        if known is None or _listed(known) != _listed(record):
            self.list_version += 1
            if known is not None:
                self._take_out(known)
            self._put_in(record)
        self._records[record.id] = record
        self._list = None
        if len(self._finished) > MOST_FINISHED * 2:
            self._prune()
        return True

    def load(self, store: "Store") -> None:
        """Load the newest tasks, and the newest of the unfinished ones: so many that it never takes long."""
        for record in store.page(count=MOST_FINISHED):
            self.put(record)
        for record in store.unfinished(count=MOST_LOADED):
            self.put(record)

    def forget(self, task_id: str) -> None:
        """Remove a task permanently: later reports of workers about it are ignored."""
        self._forgotten.add(task_id)
        self.list_version += 1
        self._drop(task_id)

    def _drop(self, task_id: str) -> None:
        record = self._records.pop(task_id, None)
        if record is not None:
            self._take_out(record)
            self._list = None

    def get(self, task_id: str) -> TaskRecord | None:
        """Return a task by its local id; None if it is not in memory."""
        return self._records.get(task_id)

    def all(self) -> Sequence[TaskRecord]:
        """Return every task in memory, newest first."""
        if self._list is None:
            self._list = [self._records[task_id] for _, task_id in heapq.merge(self._kept, self._finished)]
        return self._list

    def __len__(self) -> int:
        return len(self._records)

    def unfinished(self) -> list[TaskRecord]:
        """Return the tasks that continue without the user, in no particular order."""
        return [self._records[task_id] for task_id in self._unfinished]

    @property
    def unfinished_count(self) -> int:
        """Number of tasks that continue without the user."""
        return len(self._unfinished)

    def _put_in(self, record: TaskRecord) -> None:
        """Give a record its place. One that waits to be imported is kept, as long as these are not too many."""
        if record.is_unfinished:
            self._unfinished.add(record.id)
        elif record.waits_for_import and len(self._to_import) < _MOST_TO_IMPORT:
            self._to_import.add(record.id)
        else:
            bisect.insort(self._finished, _place(record))
            return
        bisect.insort(self._kept, _place(record))

    def _take_out(self, record: TaskRecord) -> None:
        is_kept = record.id in self._unfinished or record.id in self._to_import
        places = self._kept if is_kept else self._finished
        del places[bisect.bisect_left(places, _place(record))]
        self._unfinished.discard(record.id)
        self._to_import.discard(record.id)

    def _prune(self) -> None:
        for _, task_id in self._finished[MOST_FINISHED:]:
            del self._records[task_id]
        del self._finished[MOST_FINISHED:]


def _place(record: TaskRecord) -> _Place:
    return -record.created_at_s, record.id


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
        record.auto_import,
    )
