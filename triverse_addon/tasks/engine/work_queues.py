# SPDX-License-Identifier: GPL-3.0-or-later
"""
The work queues of one engine: one for each kind of work, with the steps that they run.

Floor: first. Thread: any. No ``bpy``.
"""

import os
import threading
from collections.abc import Callable
from functools import partial

from ...api.errors import UnforeseenError
from .. import machine_memory
from ..record.record import Stage, TaskRecord
from .steps import QUEUE_FOR_STAGE, Steps
from .work_queue import WorkQueue

#: Number of worker threads for each kind of work. Uploads are limited by the service (10 a minute), downloads by the
#: network, conversions by cores and memory, see :func:`conversions_at_once`.
_THREADS = {"prepare": 2, "send": 2, "upload": 2, "watch": 3, "download": 3}
#: Memory of the machine, in bytes, for each conversion at a time: a child Blender that holds a model of 1.5 million
#: triangles uses 2 to 3 GB, and the user's Blender has to go on.
_BYTES_PER_CONVERSION = 8 * 1024**3
_MOST_CONVERSIONS = 3


def conversions_at_once() -> int:
    """Return how many models are converted at a time: one a core, and as many as the memory can hold."""
    by_memory = machine_memory.physical_bytes() // _BYTES_PER_CONVERSION
    return max(1, min(_MOST_CONVERSIONS, os.cpu_count() or 1, by_memory))


class WorkQueues:
    """
    The queues of all kinds of work.

    :param steps: runs the step of a task.
    :param cannot_start: called with the error when no thread can be started for a queue.
    """

    def __init__(self, steps: Steps, cannot_start: Callable[[UnforeseenError], None]) -> None:
        self._queues = {
            name: WorkQueue(name, size, partial(steps.run, name), steps.give_up, cannot_start)
            for name, size in {**_THREADS, "convert": conversions_at_once()}.items()
        }

    def __getitem__(self, name: str) -> WorkQueue:
        return self._queues[name]

    def schedule(self, record: TaskRecord, after_s: float) -> None:
        """Schedule the next step of a task in ``after_s`` seconds, in the queue of its stage, if it has one."""
        name = QUEUE_FOR_STAGE.get(record.stage)
        if name is not None:
            self._queues[name].schedule(record.id, after_s)

    def poll_within(self, within_s: float) -> None:
        """Reschedule all tasks that wait for the service, so that each is polled within this many seconds."""
        self._queues[QUEUE_FOR_STAGE[Stage.WAITING]].run_within(within_s)

    def run_now(self) -> None:
        """Make all tasks due, because what they were waiting for may have changed."""
        for queue in self._queues.values():
            queue.run_within()

    def discard(self, task_id: str) -> None:
        """Remove a task from all queues. A running step is not interrupted."""
        for queue in self._queues.values():
            queue.discard(task_id)

    def stop(self) -> None:
        """Ask all threads to stop after their current step."""
        for queue in self._queues.values():
            queue.stop()

    def join(self, deadline_s: float) -> list[threading.Thread]:
        """Wait for the threads until the monotonic time ``deadline_s``, in seconds; return those that still run."""
        return [thread for queue in self._queues.values() for thread in queue.join(deadline_s)]
