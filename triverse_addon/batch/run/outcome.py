# SPDX-License-Identifier: GPL-3.0-or-later
"""
How a row of a batch ended, or its current status.

Floor: between first and second. Thread: any (immutable). No ``bpy``.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ...api.sentence import Sentence
from ...tasks.files.download_errors import disk_full
from ...tasks.record.record import FAILED_STAGES, Stage, TaskRecord
from ..library.entry import Entry
from .plan import PlannedRow, RowAction, lacked_credits


class RowResult(StrEnum):
    """The result of a row in this run."""

    DONE = "done"
    """The model is in the library."""
    FAILED = "failed"
    """The service failed or rejected it, or its model cannot be used or written. ``--retry-failed`` tries it again."""
    ACCOUNT = "account"
    """The key is missing or wrong, or there are not enough credits."""
    SERVICE = "service"
    """The network or the service is down, or online access is off."""
    TIMED_OUT = "timed out"
    """The time limit was reached. The task continues at the service; the same command resumes it."""
    STOPPED = "stopped"
    """The run could not go on here, as on a full disk or without a child Blender. The same command resumes it."""
    OPEN = "open"
    """The run is still active, or was interrupted. The same command resumes it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    The outcome of one row.

    :ivar result: the result.
    :ivar was_there: the model was in the library already, at no cost.
    :ivar sentence: the error message; None if all went well.
    :ivar suggestion: the service's own advice; "" if there is none.
    """

    planned: PlannedRow
    result: RowResult
    sentence: Sentence | None = None
    suggestion: str = ""
    was_there: bool = False
    record: TaskRecord | None = None
    entry: Entry | None = None

    @property
    def is_kept(self) -> bool:
        """Whether the next run finds the row failed. One that failed before it was ordered, it starts again."""
        return (self.entry is not None and self.entry.state == "failed") or (
            self.record is not None and self.record.stage in FAILED_STAGES
        )


@dataclass(frozen=True, slots=True)
class RowStatus:
    """
    The status of a row during the run.

    :ivar outcome: its outcome; None while there is none.
    :ivar record: its task; None before it was started.
    :ivar is_writing: its model is being written into the library, or is queued for it.
    """

    outcome: Outcome | None = None
    record: TaskRecord | None = None
    is_writing: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """
    The progress of a batch, in rows.

    :ivar waiting: not started yet.
    :ivar under_way: at the service, or in transfer to or from it.
    :ivar writing: being written into the library, or queued for it.
    :ivar was_there: those of the done rows that were done before this run.
    :ivar credits: known cost of what this run has ordered, in credits.
    :ivar left_s: estimated remaining time, in seconds; None while it cannot be estimated.
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


def untouched(planned: PlannedRow) -> Outcome:
    """Return the outcome of a row that this run skips, or has not begun."""
    record, entry = planned.record, planned.entry
    if planned.action is RowAction.NOTHING:
        return Outcome(planned, RowResult.DONE, was_there=True, record=record, entry=entry)
    if not planned.has_failed:
        sentence = Sentence.of("The batch ended before this row was done.")
        if planned.action is RowAction.SKIP:
            sentence = Sentence.of("This run was about failed rows only.")
        return Outcome(planned, RowResult.OPEN, sentence, record=record, entry=entry)
    if record is not None and record.error is not None:
        result = RowResult.ACCOUNT if lacked_credits(record) else RowResult.FAILED
        return Outcome(planned, result, record.error, record.error_suggestion, record=record, entry=entry)
    words = entry.error if entry is not None else ""
    sentence = Sentence.of("{what}", what=words) if words else Sentence.of("It failed before.")
    return Outcome(planned, RowResult.FAILED, sentence, record=record, entry=entry)


def reason_to_end(failure: Sentence) -> Sentence | None:
    """Return why the run has to end with a task that failed with this message: the disk is full; otherwise None."""
    if failure.template != disk_full(Path()).sentence.template:
        return None
    return Sentence.of(
        "There is no room left on the disk of {folder}. Free some space, then run the batch again.", **failure.args
    )


def without_model(record: TaskRecord) -> Sentence:
    """Return why a task that has not failed gives a row no model."""
    if record.stage is Stage.DONE:
        return Sentence.of("{flow} makes no model, so a batch has no use for it.", flow=record.flow)
    return Sentence.of("Nobody follows this task any more. Run the batch again to follow it.")
