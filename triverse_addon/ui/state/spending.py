# SPDX-License-Identifier: GPL-3.0-or-later
"""
What was spent today, this month and on the open file, for the popover and for the monthly limit.

Floor: third. Thread: main; the store is read on a thread of its own. Imports no ``bpy``.

``draw()`` requests the sums, a tick starts to read them and takes them over.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...api.calendar import start_of_day, start_of_month
from ...api.errors import TriverseError, UnforeseenError
from ...api.sentence import Sentence
from ...api.unexpected_errors import UNFORESEEN
from ...scripting.job_queue import JobQueue
from ...tasks.record.events import Notice
from ...tasks.record.record import now_s
from ...tasks.store.spending import Spending
from ...tasks.store.spending_table import write_table
from .recent_orders import RecentOrders

if TYPE_CHECKING:
    from ...tasks.engine.engine import Engine
    from ...tasks.store.query import FileScope

#: Least time between two reads because tasks have changed, and after one that has failed, in seconds.
_AGAIN_S = 1.0
_AGAIN_AFTER_ERROR_S = 5.0
#: Tag of the job that reads the sums; the other one is the export.
_SUMS = "sums"


@dataclass(frozen=True, slots=True)
class Sums:
    """
    What was spent.

    :ivar file: on tasks for the open file.
    """

    today: Spending
    month: Spending
    file: Spending


class SpendingReader:
    """
    The sums as they were read last, and the export of all tasks with their costs.

    :param orders: the orders of this Blender, whose prices count before the service has told them.
    :param clock: returns a monotonic time in seconds.
    """

    def __init__(self, orders: RecentOrders, clock: Callable[[], float] = time.monotonic) -> None:
        self.sums: Sums | None = None
        """None until they were read for the first time."""
        self.problem: Sentence | None = None
        """Why the sums could not be read when they were asked for last. They are asked for again."""
        self.notices: deque[Notice] = deque()
        """What there is to tell about exports."""
        self._orders = orders
        self._clock = clock
        self._jobs: JobQueue[str] = JobQueue("triverse-spending")
        self._wanted: FileScope | None = None
        self._read: tuple[FileScope, int, float] | None = None
        self._read_from_s = float("-inf")

    def request(self, scope: "FileScope") -> None:
        """
        Request the sums; a later tick reads them if they may have changed. For drawing.

        :param scope: the open file.
        """
        self._wanted = scope

    @property
    def is_waiting(self) -> bool:
        """True while sums or an export are on their way."""
        return self._jobs.is_pending

    def tick(self, engine: "Engine") -> bool:
        """Read the requested sums, and take over what was read; return whether they have changed."""
        before = self.sums, self.problem
        while (job := self._jobs.take()) is not None:
            try:
                job.deliver()
            except TriverseError as error:
                self._failed(job.tag, error)
            except UNFORESEEN as error:
                self._failed(job.tag, UnforeseenError(error))
        changed = (self.sums, self.problem) != before or bool(self.notices)
        if self._wanted is None or self._jobs.is_pending or self._clock() < self._read_from_s:
            return changed
        scope, self._wanted = self._wanted, None
        state = (scope, engine.task_cache.list_version, start_of_day(now_s()))
        if state == self._read:
            return changed
        self._read, self._read_from_s = state, self._clock() + _AGAIN_S
        store = engine.store

        def read() -> Sums:
            today_s, month_s = start_of_day(now_s()), start_of_month(now_s())
            return Sums(store.spending(today_s), store.spending(month_s), store.spending(0.0, scope))

        self._jobs.start(read, self._take, _SUMS)
        return changed

    def _take(self, sums: Sums) -> None:
        self.sums, self.problem = sums, None

    def _failed(self, what: str, error: TriverseError) -> None:
        if what == _SUMS:
            # Told where the sums would be.
            self.problem = error.sentence
            self._read, self._read_from_s = None, self._clock() + _AGAIN_AFTER_ERROR_S
        else:
            self.notices.append(Notice("ERROR" if isinstance(error, UnforeseenError) else "WARNING", error.sentence))

    def this_month(self, engine: "Engine") -> int:
        """
        Return the credits that were spent this month, read now: an order depends on it.

        The orders of this Blender whose price the service has not confirmed yet count too.

        :raises StoreError: the store cannot be read.
        """
        spent = engine.store.spending(start_of_month(now_s())).credits
        for task_id, price in self._orders.prices().items():
            record = engine.task_cache.get(task_id)
            if record is not None and record.cost_credits is None and record.is_unfinished:
                spent += price
        return spent

    def export(self, engine: "Engine", path: Path) -> None:
        """Start to write all tasks with their costs to a CSV file. A notice tells when it is done."""
        store = engine.store
        self._jobs.start(lambda: write_table(store, path), lambda count: self._exported(path, count), "export")

    def _exported(self, path: Path, count: int) -> None:
        self.notices.append(
            Notice(
                "INFO",
                Sentence.of("{count} {count|task was|tasks were} written to “{path}”.", count=count, path=str(path)),
            )
        )

    def shutdown(self) -> None:
        """End the thread."""
        self._jobs.shutdown()
