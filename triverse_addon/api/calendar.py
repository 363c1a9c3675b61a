# SPDX-License-Identifier: GPL-3.0-or-later
"""
Times from any source, limited to the range that the calendars of all systems can show.

Floor: ground. Thread: any. No ``bpy``.
"""

import time
from datetime import UTC, datetime, timedelta

#: 9999-12-30 in UTC, a valid date in every time zone.
_LAST_S = 253402128000.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def is_in_calendar(epoch_s: float) -> bool:
    """Return whether a time, in seconds since the epoch, is between 1970 and 9999. Accepts integers of any length."""
    return 0 <= epoch_s <= _LAST_S  # False for NaN, which compares as false


def bounded(epoch_s: float) -> float:
    """Return the nearest time, in epoch seconds, between 1970 and 9999; 0.0 for NaN."""
    if is_in_calendar(epoch_s):
        return float(epoch_s)
    return _LAST_S if epoch_s > 0 else 0.0


def utc(epoch_s: float) -> datetime:
    """Return a time, limited by `bounded`, in UTC. The range of ``datetime.fromtimestamp`` differs between systems."""
    return _EPOCH + timedelta(seconds=bounded(epoch_s))


def local_text(epoch_s: float, pattern: str) -> str:
    """Return a time formatted by ``time.strftime``, in local time, or in UTC where the system has no local time."""
    try:
        return time.strftime(pattern, time.localtime(bounded(epoch_s)))
    except (OverflowError, OSError, ValueError):
        # Windows has no local time after the year 3000.
        return utc(epoch_s).strftime(pattern)


def start_of_day(epoch_s: float) -> float:
    """Return when the day of a time began, in epoch seconds, by local time."""
    year, month, day, *_ = _local(epoch_s)
    return _epoch_s(year, month, day)


def start_of_month(epoch_s: float) -> float:
    """Return when the month of a time began, in epoch seconds, by local time."""
    year, month, *_ = _local(epoch_s)
    return _epoch_s(year, month, 1)


def _local(epoch_s: float) -> time.struct_time:
    try:
        return time.localtime(bounded(epoch_s))
    except (OverflowError, OSError, ValueError):
        return utc(epoch_s).timetuple()


def _epoch_s(year: int, month: int, day: int) -> float:
    try:
        # The last number lets the system find out whether summer time was in force then.
        return time.mktime((year, month, day, 0, 0, 0, 0, 0, -1))
    except (OverflowError, ValueError):
        return datetime(year, month, day, tzinfo=UTC).timestamp()
