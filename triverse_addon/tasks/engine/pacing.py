# SPDX-License-Identifier: GPL-3.0-or-later
"""
Polling intervals and rate limits. The delay between retries is in ``api.backoff``.

Floor: first. Thread: any. No ``bpy``.
"""

import math
import threading
import time
from collections import deque

#: Shortest and longest polling interval, in seconds (issue: "about 2 s at first, growing to 10 s").
FIRST_POLL_S = 2.0
LONGEST_POLL_S = 10.0
#: Polling interval while the WebSocket is connected, in seconds: polling then only reconciles.
LIVE_POLL_S = 60.0

#: The service's limit for uploads of pictures and models together: 10 uploads per 60 s (API page).
UPLOADS = 10
UPLOADS_SPAN_S = 60.0

_POLL_GROWTH = 1.25
#: Requests that must wait for their turn ask again within this time, in seconds, however many they are.
_LONGEST_WAIT_S = 20.0


def poll_interval_s(polls: int, *, queue_wait_s: float | None, live: bool) -> float:
    """
    Return the delay before the next status query, in seconds.

    :param polls: number of queries answered so far.
    :param queue_wait_s: the service's estimate of the time in its queue, in seconds; while it is long, polling is
        useless.
    :param live: the WebSocket is connected and reports changes.
    """
    if live:
        return LIVE_POLL_S
    interval_s: float = min(FIRST_POLL_S * _POLL_GROWTH ** min(polls, 16), LONGEST_POLL_S)
    if queue_wait_s is not None:
        interval_s = min(max(interval_s, queue_wait_s / 2), LONGEST_POLL_S)
    return interval_s


class RateLimiter:
    """
    A rate limiter: at most ``rate`` requests a second over all threads, after a first ``burst``.

    :param rate: requests a second.
    :param burst: number of requests that may be sent at once after a pause.
    """

    def __init__(self, rate: float, burst: int) -> None:
        self._interval_s = 1.0 / rate
        self._burst = burst
        # Not 0.0: where the clock counts from the start of the machine, that may be a moment ago.
        self._next_s = -math.inf
        self._back_s = -math.inf
        """When the next of those that must wait is to ask again."""
        self._lock = threading.Lock()

    def delay_s(self) -> float:
        """
        Return 0.0 and count a request when one may go now, else how long to wait before asking again.

        Each of those that wait gets a time of its own: if a thousand asked again at once, all but one would in vain.
        """
        now = time.monotonic()
        with self._lock:
            self._next_s = max(self._next_s, now - self._burst * self._interval_s)
            if self._next_s <= now:
                self._next_s += self._interval_s
                return 0.0
            back_s = self._back_s if self._next_s < self._back_s < now + _LONGEST_WAIT_S else self._next_s
            self._back_s = back_s + self._interval_s
            return back_s - now


class SlidingWindowLimiter:
    """
    A sliding-window limiter: at most ``most`` requests in any ``span_s`` seconds, over all threads.

    :param most: number of requests.
    :param span_s: length of the window, in seconds.
    """

    def __init__(self, most: int, span_s: float) -> None:
        self._span_s = span_s
        self._times: deque[float] = deque(maxlen=most)
        self._lock = threading.Lock()

    def delay_s(self) -> float:
        """Return 0.0 and count a request when one may go now, else how long to wait."""
        now = time.monotonic()
        with self._lock:
            if len(self._times) == self._times.maxlen and (wait_s := self._times[0] + self._span_s - now) > 0:
                return wait_s
            self._times.append(now)
            return 0.0
