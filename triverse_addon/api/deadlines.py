# SPDX-License-Identifier: GPL-3.0-or-later
"""
Calls functions when their deadlines pass, all of them in one thread.

Ground floor; any thread; no ``bpy``.

Nearly all deadlines of requests are lifted long before they pass. A ``threading.Timer`` for each is a thread that is
started and ended for nothing, which a batch does three times for each of its rows.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable

_EXIT_TIMEOUT_S = 1.0
"""How long `Deadlines.close` waits for the thread."""


class Deadlines:
    """Pending deadlines, and the thread that waits for the first one. It ends when none is left to wait for."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._heap: list[tuple[float, int]] = []
        """When each passes, monotonic, and its token. Those that were lifted stay until that time."""
        self._calls: dict[int, Callable[[], None]] = {}
        self._tokens = itertools.count(1)
        self._thread: threading.Thread | None = None
        self._closed = False

    def set(self, seconds_s: float, call: Callable[[], None]) -> int:
        """
        Have ``call`` called in ``seconds_s`` seconds, in the thread. It must be short, and not raise.

        :returns: a token for `lift`.
        :raises RuntimeError: the system gives out no more threads.
        """
        with self._changed:
            token, due_s = next(self._tokens), time.monotonic() + seconds_s
            if self._thread is None and not self._closed:
                thread = threading.Thread(target=self._run, name="triverse-deadline", daemon=True)
                thread.start()
                self._thread = thread
            self._calls[token] = call
            heapq.heappush(self._heap, (due_s, token))
            if self._heap[0][1] == token:
                self._changed.notify()
        return token

    def lift(self, token: int) -> None:
        """Remove a deadline, unless it has passed."""
        with self._changed:
            self._calls.pop(token, None)

    def close(self) -> None:
        """End the thread. Pending deadlines no longer count."""
        with self._changed:
            self._closed = True
            self._calls.clear()
            thread = self._thread
            self._changed.notify()
        if thread is not None and thread is not threading.current_thread():
            thread.join(_EXIT_TIMEOUT_S)

    def _run(self) -> None:
        while (call := self._next()) is not None:
            call()

    def _next(self) -> Callable[[], None] | None:
        """Wait for the next deadline, and return its function; None when there is nothing more to wait for."""
        with self._changed:
            while self._heap and not self._closed:
                due_s, token = self._heap[0]
                if (left_s := due_s - time.monotonic()) > 0:
                    self._changed.wait(left_s)
                    continue
                heapq.heappop(self._heap)
                if (call := self._calls.pop(token, None)) is not None:
                    return call
            self._thread = None
            return None
