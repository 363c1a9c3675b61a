# SPDX-License-Identifier: GPL-3.0-or-later
"""
Compute something in a thread, beside the main thread of the child.

Floor: second. Thread: any. No ``bpy``, and nothing of this package: the child loads it as a plain module.

numpy and zlib let go of the interpreter's lock while they compute, so two of their calculations take the time of one.
Blender's own functions keep it.

The threads are kept: to start one means to wait until it runs, which is until it gets that lock. A batch's writer spent
a seventh of its time so, on a machine with more to do than it has cores.
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")


def threads() -> ThreadPoolExecutor:
    """Return threads of its own to compute in, one for each core, which are started when they are needed."""
    return ThreadPoolExecutor(min(max(os.cpu_count() or 1, 2), 8), initializer=_take_name)


def _take_name() -> None:
    threading.current_thread().name = "beside"


SOON = threads()
"""For what the main thread soon waits for."""
LATER = threads()
"""For what takes long and is asked for at the end, so that nothing that is needed soon waits behind it."""


class Beside(Generic[T]):
    """
    A calculation in another thread. If no thread can be started, it is done at once.

    :param work: what to compute; it must not use ``bpy``.
    :param pool: :data:`SOON` or :data:`LATER`.
    """

    def __init__(self, work: Callable[[], T], pool: ThreadPoolExecutor = SOON) -> None:
        try:
            self._found = pool.submit(work)
        except RuntimeError:  # the system cannot start another thread
            self._found = Future()
            try:
                self._found.set_result(work())
            except Exception as error:  # noqa: BLE001 -- raised again where the result is asked for
                self._found.set_exception(error)

    def result(self) -> T:
        """
        Wait for the end, and return what was computed.

        :raises Exception: what the calculation raised.
        """
        return self._found.result()
