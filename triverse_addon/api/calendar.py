# SPDX-License-Identifier: GPL-3.0-or-later
"""
Times that may come from anywhere, and what every system's calendar can show of them.

Floor: ground. Thread: any. No ``bpy``.
"""

import time
from datetime import UTC, datetime, timedelta

#: 9999-12-30 in UTC: it lies in the calendar in every time zone.
_LAST_S = 253402128000.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def is_in_calendar(epoch_s: float) -> bool:
    """Tell whether a time, in seconds since the epoch, lies between 1970 and 9999. Takes integers of any length."""
    return 0 <= epoch_s <= _LAST_S  # not a number is in no order with others


def bounded(epoch_s: float) -> float:
    """Return a time of the calendar: the nearest one; the first for what is no number."""
    if is_in_calendar(epoch_s):
        return float(epoch_s)
    return _LAST_S if epoch_s > 0 else 0.0


def utc(epoch_s: float) -> datetime:
    """Return a time of the calendar in UTC. ``fromtimestamp`` has other bounds on each system."""
    return _EPOCH + timedelta(seconds=bounded(epoch_s))


def local_text(epoch_s: float, pattern: str) -> str:
    """Return a time of the calendar as text of this place, as ``time.strftime`` does; in UTC where that cannot be."""
    try:
        return time.strftime(pattern, time.localtime(bounded(epoch_s)))
    except (OverflowError, OSError, ValueError):
        # Windows knows no local time after the year 3000.
        return utc(epoch_s).strftime(pattern)
