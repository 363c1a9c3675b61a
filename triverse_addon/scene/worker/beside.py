# SPDX-License-Identifier: GPL-3.0-or-later
"""
Compute something in a thread, beside the main thread of the child.

Floor: second. Thread: any. No ``bpy``, and nothing of this package: the child loads it as a plain module.

numpy and zlib let go of the interpreter's lock while they compute, so two of their calculations take the time of one.
Blender's own functions keep it.
"""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Beside(Generic[T]):
    """
    A calculation in a thread of its own. If no thread can be started, it is done at once.

    :param work: what to compute; it must not use ``bpy``.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._found: list[T] = []
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = threading.Thread(target=self._run, name="beside", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # the system cannot start another thread
            self._thread = None
            self._run()

    def _run(self) -> None:
        try:
            self._found.append(self._work())
        except BaseException as error:  # noqa: BLE001 -- raised again where the result is asked for
            self._error = error

    def result(self) -> T:
        """
        Wait for the end, and return what was computed.

        :raises BaseException: what the calculation raised.
        """
        if self._thread is not None:
            self._thread.join()
        if self._error is not None:
            raise self._error
        return self._found[0]
