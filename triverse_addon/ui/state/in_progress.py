# SPDX-License-Identifier: GPL-3.0-or-later
"""
The tasks in progress: summed up for the status bar, and those whose model will be there in a moment.

Floor: third. Thread: main. No ``bpy``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...tasks.engine.task_cache import TaskCache
from ...tasks.record.events import Event, TaskChanged, TaskForgotten
from ...tasks.record.record import Stage, TaskRecord
from ...tasks.record.status_text import overall_progress

#: With more tasks in progress, their mean progress is computed at this interval only, in seconds.
_MANY = 100
_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Moving:
    """
    The tasks in progress, for the status bar.

    :ivar count: number of tasks.
    :ivar one: the task if there is exactly one, else None.
    :ivar progress: mean progress of all tasks, from 0.0 to 1.0.
    """

    count: int
    one: TaskRecord | None
    progress: float


class InProgress:
    """
    Sums up the tasks in progress. ``last`` is the latest sum.

    :param records: the tasks that are known at the start.
    """

    def __init__(self, records: Iterable[TaskRecord] = ()) -> None:
        self.last = Moving(0, None, 0.0)
        self._summed_at_s = 0.0
        self._arriving: set[str] = set()
        """Ids of the tasks whose model is being converted, and imported when it is ready."""
        self._arriving.update(record.id for record in records if _is_arriving(record))

    @property
    def expects_model(self) -> bool:
        """True while a model is converted that is imported as soon as it is ready: somebody waits for it."""
        return bool(self._arriving)

    def heed(self, event: Event) -> None:
        """Note what an event of the engine says."""
        if isinstance(event, TaskChanged) and _is_arriving(event.record):
            self._arriving.add(event.record.id)
        elif isinstance(event, TaskChanged):
            self._arriving.discard(event.record.id)
        elif isinstance(event, TaskForgotten):
            self._arriving.discard(event.id)

    def sum_up(self, task_cache: TaskCache, now_s: float) -> Moving:
        """Return the present sum; of very many tasks with a progress that may be a second old."""
        count = task_cache.unfinished_count
        if count <= _MANY or now_s - self._summed_at_s >= _AGAIN_S:
            self._summed_at_s = now_s
            self.last = _moving(task_cache.unfinished())
        elif count != self.last.count:
            self.last = Moving(count, None, self.last.progress)
        return self.last


def _is_arriving(record: TaskRecord) -> bool:
    return record.stage is Stage.CONVERTING and record.auto_import and record.following


def _moving(records: Sequence[TaskRecord]) -> Moving:
    progress = sum(map(overall_progress, records)) / len(records) if records else 0.0
    return Moving(len(records), records[0] if len(records) == 1 else None, max(0.0, min(1.0, progress)))
