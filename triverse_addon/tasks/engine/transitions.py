# SPDX-License-Identifier: GPL-3.0-or-later
"""
Write the result of a step to the store, publish it to the main thread, and schedule the next step.

Floor: first. Thread: worker. No ``bpy``.
"""

from collections.abc import Callable
from typing import Any

from ...api.backoff import backoff_s
from ...api.errors import (
    AuthenticationError,
    KeyMissingError,
    NothingToDownloadError,
    OfflineError,
    ServiceError,
    TooManyRequestsError,
    TransportError,
    TriverseError,
    UnavailableError,
    UnforeseenError,
    UnusableError,
)
from ...api.sentence import Sentence
from ...api.service_codes import ServiceCode
from ..converter import ChildNotStartedError
from ..record.record import Stage, TaskRecord
from .context import EngineContext
from .expected_conversions import NEAR_END

#: Delay of requests that wait for a key or online access, in seconds; a change of settings ends it early.
BLOCKED_S = 30.0
#: Error codes after which an order is repeated only a few times (API page).
_NOT_RECOVERED = (ServiceCode.INVALID_FLOW, ServiceCode.STATE_NOT_RECOVERED)
#: Consecutive failures after which a step gives up.
MAX_ATTEMPTS = 8


def is_passing(error: TriverseError) -> bool:
    """Return whether an error is temporary, as opposed to a final answer of the service."""
    return isinstance(
        error,
        OfflineError
        | KeyMissingError
        | UnusableError
        | AuthenticationError
        | TooManyRequestsError
        | TransportError
        | UnavailableError,
    )


class Transitions:
    """
    Writes the results of steps, provided that this engine holds the task's lease.

    :param context: store, gate, event queue.
    :param schedule: called with a record and the delay until its next step, in seconds.
    :param left_stage: called with the id of a task that has moved to another stage.
    :param near_end: called with a task that the service has nearly done.
    """

    def __init__(
        self,
        context: EngineContext,
        schedule: Callable[[TaskRecord, float], None],
        left_stage: Callable[[str], None],
        near_end: Callable[[TaskRecord], None],
    ) -> None:
        self._context = context
        self._store = context.store
        self.schedule = schedule
        self._left_stage = left_stage
        self._near_end = near_end

    def move(
        self,
        record: TaskRecord,
        *,
        after_s: float = 0.0,
        history: Sentence | None = None,
        level: str = "INFO",
        durable: bool = True,
        **changes: Any,
    ) -> TaskRecord:
        """
        Write changes to a record, publish them, and schedule the next step.

        Nothing is written if the record has moved to another stage.

        :param record: the record as the step read it.
        :param after_s: delay until the next step, in seconds.
        :param history: a line for the task's history; None for none.
        :param level: the level of that line.
        :param durable: wait until the change is on disk.
        :param changes: new field values.
        :returns: the record as stored.
        :raises LeaseLostError: another engine owns the task.
        """
        old_stage = record.stage

        def edit(newest: TaskRecord) -> TaskRecord | None:
            # Applied to the newest state. If another stage was stored in the meantime (by a live update), it takes
            # precedence.
            return newest.with_(**changes) if newest.stage is old_stage else None

        record = self._store.change(
            record.id,
            edit,
            owner=self._context.owner.name,
            history=None if history is None else (level, history),
            durable=durable,
        )
        self._context.changed(record)
        if record.stage is not old_stage:
            self._left_stage(record.id)
        if record.is_unfinished:
            self.schedule(record, after_s)
        return record

    def apply_service_status(self, record: TaskRecord, changes: dict[str, Any], *, after_s: float) -> None:
        """
        Store the status of a WAITING task that the service has reported.

        Called by the poll (:class:`steps.Steps`) and for each pushed status (:class:`supervisor.Supervisor`).

        :param changes: see :func:`service_updates.apply_status`.
        :param after_s: delay before the next poll if the task is not finished, in seconds.
        """
        changes = {"attempts": 0, "status_note": None, **changes}
        stage = changes.get("stage", record.stage)
        history = None
        if stage in (Stage.FAILED, Stage.CANCELLED):
            history = changes["error"]
        elif stage is Stage.DOWNLOADING:
            history = Sentence.of("Finished by the service.")
        self.move(
            record,
            after_s=after_s if stage is record.stage else 0.0,
            history=history,
            level="INFO" if stage in (record.stage, Stage.DOWNLOADING) else "ERROR",
            durable=stage is not record.stage,
            **changes,
        )
        if stage is record.stage and (changes.get("progress") or 0) >= NEAR_END:
            self._near_end(record)

    def fail(
        self, record: TaskRecord, error: TriverseError, *, stage: Stage | None = None, is_final: bool, **changes: Any
    ) -> None:
        """
        Move a task to FAILED with a message.

        :param stage: stage from which a retry continues; the current one by default.
        :param is_final: the service's answer to the order is final.
        :param changes: further field values.
        """
        self.move(
            record,
            history=error.sentence,
            level="ERROR",
            stage=Stage.FAILED,
            failed_stage=stage or record.stage,
            is_final=is_final,
            error=error.sentence,
            error_code=error.code,
            error_message=error.message if isinstance(error, ServiceError) else "",
            error_suggestion=error.suggestion,
            status_note=None,
            **changes,
        )

    def handle_error(self, record: TaskRecord, error: TriverseError) -> None:
        """Handle an error of a step: wait and try again, or fail the task."""
        self._context.gate.failed(str(record.stage), error)
        attempts = record.attempts + 1
        ordering = record.stage is Stage.SUBMITTING
        # An order whose first try did not arrive, or was refused for now, was never accepted: it may be cancelled.
        is_unsent = ordering and record.submitted_at_s is None and _was_not_taken(error)
        more = {"submitted_at_s": None, "sent_with": ""} if is_unsent else {}
        if isinstance(error, OfflineError | KeyMissingError | UnusableError | AuthenticationError):
            self.reschedule(record, error, BLOCKED_S, attempts=record.attempts, **more)
        elif isinstance(error, TooManyRequestsError):
            self.reschedule(record, error, self._context.gate.pause_s(str(record.stage)), attempts=attempts, **more)
        elif (
            isinstance(error, UnavailableError)
            and error.code in _NOT_RECOVERED
            and ordering
            and attempts >= MAX_ATTEMPTS
        ):
            self.fail(record, error, is_final=False)
        elif isinstance(error, ChildNotStartedError) and attempts < MAX_ATTEMPTS:
            self.reschedule(record, error, backoff_s(attempts), attempts=attempts)
        elif isinstance(error, TransportError | UnavailableError) or (record.is_paid and self._may_pass(record, error)):
            self.reschedule(record, error, backoff_s(attempts, error.retry_after_s), attempts=attempts, **more)
        else:
            # A permanent error of an upload or of a paid task; a retry continues from here. Rejected orders are handled
            # elsewhere.
            self.fail(record, error, is_final=False)

    @staticmethod
    def _may_pass(record: TaskRecord, error: TriverseError) -> bool:
        """Return whether an error about a paid task may be temporary."""
        return (
            isinstance(error, ServiceError)
            and not isinstance(error, NothingToDownloadError)
            and (record.stage is Stage.WAITING or record.attempts < MAX_ATTEMPTS)
        )

    def give_up(self, task_id: str, error: UnforeseenError) -> None:
        """
        Fail a task whose step raised an unforeseen error twice in a row. A retry continues from the same stage.

        :raises StoreError: the failure cannot be recorded.
        """
        record = self._store.get(task_id, owner=self._context.owner.name)
        if record is not None and record.is_unfinished:
            self.fail(record, error, is_final=False)

    def reschedule(
        self, record: TaskRecord, error: TriverseError, after_s: float, *, attempts: int, **changes: Any
    ) -> None:
        """
        Schedule another try of a step, with the error as the task's note.

        The history gets a line when the note changes.

        :param after_s: delay before the next try, in seconds.
        :param attempts: the failures in a row to store.
        :param changes: further field values.
        """
        new_note = record.status_note != error.sentence
        self.move(
            record,
            after_s=after_s,
            history=error.sentence if new_note else None,
            level="WARNING",
            durable=False,
            status_note=error.sentence,
            attempts=attempts,
            **changes,
        )


def _was_not_taken(error: TriverseError) -> bool:
    """Return whether the service has certainly not accepted the order that this is the answer to."""
    if isinstance(error, TransportError):
        return not error.sent
    if isinstance(error, AuthenticationError):
        return error.code is not None or error.http_status == 401
    # Without the service's own code, the answer may come from a proxy that has passed the order on.
    return isinstance(error, TooManyRequestsError) and error.code is not None
