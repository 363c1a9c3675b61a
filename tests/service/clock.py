# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in's time: as fast as a test likes, while the stamps it hands out stay those of the wall clock.

Durations (queue, run, life of a URL, upload window) are counted in *virtual* seconds. One real second is `speed`
virtual ones; `advance` skips ahead. A stamp that goes to the client is the wall time at which the virtual moment was,
or will be, reached, so that a client may compare it with its own clock. Any thread.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime


def stamp(wall_s: float, *, fraction: bool = True) -> str:
    """Return a wall time as the service writes times: UTC, ISO 8601, ``Z``."""
    text = datetime.fromtimestamp(wall_s, UTC).isoformat(timespec="milliseconds" if fraction else "seconds")
    return text.replace("+00:00", "Z")


class Clock:
    """A clock whose speed can change."""

    def __init__(self, speed: float = 1.0) -> None:
        self._lock = threading.Lock()
        self._anchors = [(0.0, time.time())]  # (virtual, wall) at each change of speed or skip
        self._since = time.monotonic()
        self._speed = speed

    @property
    def speed(self) -> float:
        """Virtual seconds in a real one. 0 = time stands still but for `advance`."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        if speed < 0:
            raise ValueError("time does not run backwards")
        with self._lock:
            self._anchor(0.0)
            self._speed = speed

    def advance(self, seconds: float) -> None:
        """Skip ``seconds`` virtual seconds."""
        if seconds < 0:
            raise ValueError("time does not run backwards")
        with self._lock:
            self._anchor(seconds)

    def now(self) -> float:
        """Return the virtual seconds since the start."""
        with self._lock:
            return self._now()

    def wall(self, virtual_s: float) -> float:
        """Return the wall time, in epoch seconds, of a virtual moment: the first one, where time stood still."""
        with self._lock:
            following = float("inf")
            for index in range(len(self._anchors) - 1, -1, -1):
                virtual, wall = self._anchors[index]
                if virtual < virtual_s or index == 0:
                    speed = self._speed_of(index)
                    ahead = (virtual_s - virtual) / speed if speed else 0.0
                    return min(wall + ahead, following)
                following = wall
        raise AssertionError("the first anchor is at 0")

    def real(self, virtual_seconds: float) -> float:
        """Return how many real seconds a virtual duration takes at this speed."""
        return virtual_seconds / self._speed if self._speed else virtual_seconds

    def _now(self) -> float:
        return self._anchors[-1][0] + (time.monotonic() - self._since) * self._speed

    def _anchor(self, skip: float) -> None:
        now, wall = self._now(), time.time()
        self._anchors.append((now, wall))
        if skip:
            self._anchors.append((now + skip, wall))
        self._since = time.monotonic()

    def _speed_of(self, index: int) -> float:
        """Return the speed that held after an anchor."""
        if index == len(self._anchors) - 1:
            return self._speed
        (virtual, wall), (next_virtual, next_wall) = self._anchors[index : index + 2]
        return (next_virtual - virtual) / (next_wall - wall) if next_wall > wall else 0.0
