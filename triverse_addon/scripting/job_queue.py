# SPDX-License-Identifier: GPL-3.0-or-later
"""
Jobs for a worker thread, whose results are taken over on the main thread.

Floor: between second and third. Thread: main; the jobs run on a thread of their own. Imports no ``bpy``.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Tag = TypeVar("Tag")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Job(Generic[Tag]):
    """
    A job that was started.

    :ivar deliver: takes over the result of the job, or raises its error. To be called on the main thread.
    :ivar tag: what the caller needs to know about the job if it fails.
    """

    future: "Future[Any]"
    deliver: Callable[[], None]
    tag: Tag


class JobQueue(Generic[Tag]):
    """
    Runs jobs in their order on one thread. Each stays in the queue until its result was taken, so none is lost.

    :param thread_name: name of the thread. It is started with the first job.
    """

    def __init__(self, thread_name: str) -> None:
        self._thread_name = thread_name
        self._thread: ThreadPoolExecutor | None = None
        self._jobs: deque[Job[Tag]] = deque()

    def start(self, work: Callable[[], Result], then: Callable[[Result], None], tag: Tag) -> None:
        """
        Add a job.

        :param work: runs on the thread.
        :param then: takes over the result on the main thread.
        """
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix=self._thread_name)
        future = self._thread.submit(work)
        self._jobs.append(Job(future, lambda: then(future.result()), tag))

    @property
    def is_pending(self) -> bool:
        """True while the result of a job was not taken."""
        return bool(self._jobs)

    def take(self) -> "Job[Tag] | None":
        """Return the oldest job if it is done, and remove it from the queue; else None. Does not wait."""
        return self._jobs.popleft() if self._jobs and self._jobs[0].future.done() else None

    def shutdown(self) -> list[Any]:
        """Cancel the jobs that have not begun, wait for the thread, and return the results that were not taken."""
        if self._thread is not None:
            self._thread.shutdown(wait=True, cancel_futures=True)
        futures = [job.future for job in self._jobs]
        self._jobs.clear()
        return [future.result() for future in futures if not future.cancelled() and future.exception() is None]
