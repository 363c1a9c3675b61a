# SPDX-License-Identifier: GPL-3.0-or-later
"""
Handling of unexpected errors in worker threads and timers.

Ground floor; any thread; no ``bpy``.

A worker that met such an error used to stop silently and leave its work unfinished. Now the work is tried once more,
and an error that occurs twice in a row is reported.
"""

from __future__ import annotations

from .errors import UnforeseenError

UNFORESEEN = (Exception, SystemExit)
"""Caught by the outermost handler of a thread. Foreign code may call ``sys.exit``, which ends a thread silently."""

MOST = 2
"""Number of consecutive errors after which they are reported."""


class ErrorStreak:
    """Counts consecutive unexpected errors of a repeated action. Used by one thread."""

    def __init__(self) -> None:
        self._count = 0

    def error_to_report(self, error: BaseException) -> UnforeseenError | None:
        """
        Count an error.

        :return: the error to report, when the count reaches `MOST`; else None.
        """
        self._count += 1
        if self._count != MOST:
            return None
        return error if isinstance(error, UnforeseenError) else UnforeseenError(error)

    def reset(self) -> bool:
        """Reset the count. Return whether an error had been reported."""
        was_reported = self._count >= MOST
        self._count = 0
        return was_reported
