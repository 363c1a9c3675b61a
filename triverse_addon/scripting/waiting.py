# SPDX-License-Identifier: GPL-3.0-or-later
"""
Decides when waiting for a task is over, and with which error.

Floor: between second and third. Thread: main. No ``bpy``.
"""

import time
from dataclasses import dataclass

from ..api.errors import ServiceError, TriverseError
from ..api.responses import TOO_MANY_REQUESTS, error_type_of
from ..api.sentence import Sentence
from ..api.service_codes import ServiceCode
from ..batch.run.outcome import RowResult
from ..tasks.engine.engine import Engine
from ..tasks.engine.request_gate import BlockReason
from ..tasks.record.record import FAILED_STAGES, Stage, TaskRecord
from .errors import TaskFailedError, WaitTimeoutError

#: Consecutive failures after which the service counts as down: about half a minute of back-off.
_GIVE_UP_AFTER = 6
_BLOCKED = {BlockReason.KEY: RowResult.ACCOUNT, BlockReason.ONLINE: RowResult.SERVICE}


@dataclass(frozen=True, slots=True)
class Ending:
    """
    Why waiting for a task is over.

    :ivar result: DONE if the result is there.
    :ivar error: None if the result is there.
    """

    record: TaskRecord
    result: RowResult
    error: TriverseError | None = None


class Patience:
    """
    Knows how long waiting for tasks is useful.

    :param engine: a started engine.
    :param deadline_s: monotonic time at which to stop waiting; None for no limit.
    """

    def __init__(self, engine: Engine, deadline_s: float | None) -> None:
        self._engine = engine
        self._deadline_s = deadline_s
        self._attempts_before: dict[str, int] = {}
        """Consecutive failures of each task when it was first seen here, which belong to earlier waits."""

    def ending(self, record: TaskRecord) -> Ending | None:
        """Return why waiting for a task is over; None while it is useful."""
        if record.has_result:
            return Ending(record, RowResult.DONE)
        if not record.is_unfinished:
            is_short = record.error_code == ServiceCode.INSUFFICIENT_CREDITS
            return Ending(record, RowResult.ACCOUNT if is_short else RowResult.FAILED, error_of(record))
        try:
            self._engine.gate.check()
        except TriverseError as error:
            return Ending(record, _BLOCKED.get(self._engine.blocked()[0], RowResult.FAILED), error)
        if record.status_note is not None and self._has_given_up(record):
            is_of_this_machine = record.stage in (Stage.QUEUED, Stage.CONVERTING)
            result = RowResult.FAILED if is_of_this_machine else RowResult.SERVICE
            return Ending(record, result, TaskFailedError(record.status_note))
        if self._deadline_s is not None and time.monotonic() >= self._deadline_s:
            over = Sentence.of("The time is over. The task goes on at the service.")
            if not record.is_paid:
                over = Sentence.of("The time is over. The service has not accepted the order yet, which is kept.")
            return Ending(record, RowResult.TIMED_OUT, WaitTimeoutError(over))
        return None

    def _has_given_up(self, record: TaskRecord) -> bool:
        """Return whether requests have failed repeatedly, and at least once during this wait."""
        before = self._attempts_before.setdefault(record.id, record.attempts)
        if record.status_note == TOO_MANY_REQUESTS:
            return False
        return record.attempts >= _GIVE_UP_AFTER and record.attempts > before


def error_of(record: TaskRecord) -> TriverseError | None:
    """Return why a task ended without a model, or is not followed any more; None if neither is so."""
    if record.stage in FAILED_STAGES and record.error is not None:
        if record.error_code is None:
            return TaskFailedError(record.error, suggestion=record.error_suggestion)
        error_type: type[ServiceError] = error_type_of(record.error_code)
        return error_type(
            record.error,
            http_status=0,
            message=record.error_message,
            suggestion=record.error_suggestion,
            code=record.error_code,
        )
    if record.stage is Stage.CANCELLED:
        return TaskFailedError(Sentence.of("The service cancelled the task."))
    if record.stage in FAILED_STAGES or not (record.following or record.has_result):
        return TaskFailedError(Sentence.of("Nobody follows this task any more."))
    return None
