# SPDX-License-Identifier: GPL-3.0-or-later
"""
How a row of a batch ended, or where it stands.

Floor: between first and second. Thread: any (immutable). No ``bpy``.
"""

from dataclasses import dataclass
from enum import StrEnum

from ...api.sentence import Sentence
from ...tasks.record import TaskRecord
from ..library.entry import Entry
from .plan import Planned


class End(StrEnum):
    """How a row ended for this run."""

    DONE = "done"
    """It lies in the library."""
    FAILED = "failed"
    """The service failed or refused it, or its model cannot be used or written. ``--retry-failed`` tries it again."""
    ACCOUNT = "account"
    """There is no key, it is wrong, or there are too few credits."""
    SERVICE = "service"
    """The network or the service is down, or online access is off."""
    TIMED_OUT = "timed out"
    """The time was over. The task goes on; the same command picks it up."""
    OPEN = "open"
    """It is not over: the run is going on, or was interrupted. The same command picks it up."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    One row's end.

    :ivar was_there: it lay in the library already, and cost nothing.
    :ivar sentence: what went wrong, None when all went well.
    :ivar suggestion: the service's own advice, "" if none.
    """

    planned: Planned
    end: End
    sentence: Sentence | None = None
    suggestion: str = ""
    was_there: bool = False
    record: TaskRecord | None = None
    entry: Entry | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """
    Where a row stands while the run goes on.

    :ivar outcome: its end, None while it has none.
    :ivar record: its task, None before it was begun.
    :ivar is_writing: its model is being written into the library, or about to be.
    """

    outcome: Outcome | None = None
    record: TaskRecord | None = None
    is_writing: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """
    How far a batch is, in rows.

    :ivar waiting: not begun.
    :ivar under_way: at the service, or on their way to or from it.
    :ivar writing: being written into the library, or about to be.
    :ivar was_there: of those that are done, how many were before.
    :ivar credits: cost of what was ordered by this run, as far as it is known.
    :ivar left_s: about how long it takes yet, in seconds; None while that cannot be said.
    """

    total: int
    done: int
    failed: int
    waiting: int
    under_way: int
    writing: int
    was_there: int
    credits: int
    left_s: float | None
