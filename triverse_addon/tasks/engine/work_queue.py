# SPDX-License-Identifier: GPL-3.0-or-later
"""
Work queues: worker threads that run each task when it is due.

Floor: first. Thread: a queue owns its threads; all methods are thread-safe. No ``bpy``.
"""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

from ...api.errors import UnforeseenError
from ...api.unexpected_errors import UNFORESEEN

log = logging.getLogger(__name__)


#: Delay before a task is run once more after an unforeseen error, in seconds.
RETRY_AFTER_S = 3.0


class WorkQueue:
    """
    A queue of tasks with due times, and the threads that run them.

    :param name: name prefix of the threads.
    :param threads: largest number of threads; they are started by :meth:`schedule` as needed.
    :param work: called with a task's id on one of the threads, never twice at the same time for one id. It may return a
        delay in seconds after which the task is run again.
    :param give_up: called with a task's id and the unforeseen error when ``work`` raised twice in a row; returns the
        same. Must not raise.
    :param cannot_start: called with the error when there is no thread and none can be started.
    """

    def __init__(
        self,
        name: str,
        threads: int,
        work: Callable[[str], float | None],
        give_up: Callable[[str, UnforeseenError], float | None],
        cannot_start: Callable[[UnforeseenError], None],
    ) -> None:
        self._name = name
        self._size = threads
        self._work = work
        self._give_up = give_up
        self._cannot_start = cannot_start
        self._failed_once: set[str] = set()
        """Ids of tasks whose last step raised an unforeseen error."""
        self._threads: list[threading.Thread] = []
        self._changed = threading.Condition()
        self._heap: list[tuple[float, int, str]] = []
        self._due: dict[str, float] = {}
        self._running: set[str] = set()
        self._order = itertools.count()
        self._watch: tuple[float, int] | None = None
        """Until when one thread waits for the next task, monotonic, and which. The others wait until they are woken:
        if each waited for that time, all would wake up for each task, and all but one in vain.
        """
        self._stopped = False

    def schedule(self, task_id: str, after_s: float = 0.0) -> None:
        """Schedule a task in ``after_s`` seconds, unless it is due earlier already."""
        due_s = time.monotonic() + after_s
        with self._changed:
            if self._stopped or self._due.get(task_id, float("inf")) <= due_s:
                return
            self._due[task_id] = due_s
            heapq.heappush(self._heap, (due_s, next(self._order), task_id))
            if len(self._threads) < self._size:
                self._start_thread()
            self._changed.notify()

    def discard(self, task_id: str) -> None:
        """Remove a task from the queue. A running step is not interrupted."""
        with self._changed:
            self._due.pop(task_id, None)

    def run_within(self, within_s: float = 0.0) -> None:
        """Make all tasks due within ``within_s`` seconds, because what they were waiting for has changed."""
        with self._changed:
            latest_s = time.monotonic() + within_s
            in_order = sorted(self._due.items(), key=lambda item: item[1])
            self._due = {task_id: min(due_s, latest_s) for task_id, due_s in in_order}
            self._heap = [(due_s, next(self._order), task_id) for task_id, due_s in self._due.items()]
            self._changed.notify_all()

    def stop(self) -> None:
        """Clear the queue, and ask the threads to stop after their current step."""
        with self._changed:
            self._stopped = True
            self._heap.clear()
            self._due.clear()
            self._changed.notify_all()

    def join(self, deadline_s: float) -> list[threading.Thread]:
        """Wait for the threads until the monotonic time ``deadline_s``, in seconds; return those that still run."""
        for thread in self._threads:
            thread.join(max(0.0, deadline_s - time.monotonic()))
        return [thread for thread in self._threads if thread.is_alive()]

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._run, name=f"triverse-{self._name}-{len(self._threads) + 1}", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # the system gives out no more threads
            log.warning("a thread cannot be started: %s", error)
            if not self._threads:
                self._cannot_start(UnforeseenError(error))
            return
        self._threads.append(thread)

    def _take(self) -> str | None:
        """Wait for a task that is due, and return its id; None when the queue is stopped."""
        with self._changed:
            while not self._stopped:
                now = time.monotonic()
                next_s = None
                postponed = []
                found = None
                while self._heap:
                    due_s, _, task_id = self._heap[0]
                    if self._due.get(task_id) != due_s:
                        heapq.heappop(self._heap)
                    elif due_s > now:
                        next_s = due_s
                        break
                    elif task_id in self._running:
                        postponed.append(heapq.heappop(self._heap))
                    else:
                        heapq.heappop(self._heap)
                        del self._due[task_id]
                        found = task_id
                        break
                for entry in postponed:
                    heapq.heappush(self._heap, entry)
                if found is not None:
                    self._running.add(found)
                    if self._heap and self._watch is None:
                        self._changed.notify()
                    return found
                self._wait(next_s)
            return None

    def _wait(self, next_s: float | None) -> None:
        """
        Wait until something has changed; until the next task is due, unless another thread waits for that.

        :param next_s: when it is due, monotonic; None if there is none.
        """
        if next_s is None or (self._watch is not None and self._watch[0] <= next_s):
            self._changed.wait()
            return
        watch = self._watch = next_s, threading.get_ident()
        try:
            self._changed.wait(max(0.0, next_s - time.monotonic()))
        finally:
            if self._watch is watch:
                self._watch = None

    def _run(self) -> None:
        while (task_id := self._take()) is not None:
            after_s: float | None = None
            try:
                after_s = self._work(task_id)
                self._failed_once.discard(task_id)
            except UNFORESEEN as error:
                # Handle every error here: if the thread died, the tasks of this queue would no longer be run. ``work``
                # itself handles all errors that it knows.
                log.exception("a step of task %s failed", task_id)
                if task_id not in self._failed_once:
                    self._failed_once.add(task_id)
                    after_s = RETRY_AFTER_S
                else:
                    self._failed_once.discard(task_id)
                    after_s = self._give_up(task_id, UnforeseenError(error))
            finally:
                # No other thread is woken: if the task is due again, this one takes it.
                with self._changed:
                    self._running.discard(task_id)
            if after_s is not None:
                self.schedule(task_id, after_s)
