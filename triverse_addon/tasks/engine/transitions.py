# SPDX-License-Identifier: GPL-3.0-or-later
"""
What comes of a step: written to the store, told to the main thread, and the next step scheduled.

Floor: first. Thread: worker. No ``bpy``.
"""

from collections.abc import Callable
from typing import Any

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
from ..record import Stage, TaskRecord
from .context import Shared
from .pacing import retry_delay_s

#: Requests wait this long for a key or online access; a change of settings hurries them.
BLOCKED_S = 30.0
#: Codes that an order is sent again after a few times only (API page).
_NOT_RECOVERED = (ServiceCode.INVALID_FLOW, ServiceCode.STATE_NOT_RECOVERED)
#: Failures in a row after which a step whose repetition is futile gives up.
MANY = 8


def is_passing(error: TriverseError) -> bool:
    """Tell errors that are waited out from those that are the service's last word."""
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


class Outcomes:
    """
    Writes outcomes under this engine's lease.

    :param schedule: called with a record whose next step is due, and in how many seconds.
    """

    def __init__(self, shared: Shared, schedule: Callable[[TaskRecord, float], None]) -> None:
        self._shared = shared
        self._store = shared.store
        self.schedule = schedule

    def move(
        self,
        record: TaskRecord,
        *,
        after_s: float = 0.0,
        told: Sentence | None = None,
        level: str = "INFO",
        durable: bool = True,
        **changes: Any,
    ) -> TaskRecord:
        """Write changes, tell the main thread, and schedule what comes next."""
        old_stage = record.stage

        def edit(newest: TaskRecord) -> TaskRecord | None:
            # Somebody else moved it meanwhile (stopped following, applied a live update): that stands.
            return newest.with_(**changes) if newest.stage is old_stage else None

        record = self._store.change(
            record.id,
            edit,
            owner=self._shared.owner.name,
            told=None if told is None else (level, told),
            durable=durable,
        )
        self._shared.changed(record)
        if record.is_unfinished:
            self.schedule(record, after_s)
        return record

    def fail(
        self, record: TaskRecord, error: TriverseError, *, stage: Stage | None = None, settled: bool, **changes: Any
    ) -> None:
        """
        End a task badly, in words.

        :param stage: where a retry goes on; the present stage by default.
        :param settled: the service has said its last word on the order.
        :param changes: what else the record keeps.
        """
        self.move(
            record,
            told=error.sentence,
            level="ERROR",
            stage=Stage.FAILED,
            failed_stage=stage or record.stage,
            is_settled=settled,
            error=error.sentence,
            error_code=error.code,
            error_message=error.message if isinstance(error, ServiceError) else "",
            error_suggestion=error.suggestion,
            note=None,
            **changes,
        )

    def trouble(self, record: TaskRecord, error: TriverseError) -> None:
        """Decide what an error means: wait and go on, or the end."""
        self._shared.gate.failed(str(record.stage), error)
        attempts = record.attempts + 1
        ordering = record.stage is Stage.SUBMITTING
        if isinstance(error, OfflineError | KeyMissingError | UnusableError | AuthenticationError):
            self.wait(record, error, BLOCKED_S, attempts=record.attempts)
        elif isinstance(error, TooManyRequestsError):
            self.wait(record, error, self._shared.gate.pause_s(str(record.stage)), attempts=attempts)
        elif isinstance(error, UnavailableError) and error.code in _NOT_RECOVERED and ordering and attempts >= MANY:
            self.fail(record, error, settled=False)
        elif isinstance(error, ChildNotStartedError) and attempts < MANY:
            self.wait(record, error, retry_delay_s(attempts), attempts=attempts)
        elif isinstance(error, TransportError | UnavailableError) or (record.is_paid and self._may_pass(record, error)):
            self.wait(record, error, retry_delay_s(attempts, error.retry_after_s), attempts=attempts)
        else:
            # Refused for good: the upload, or what was paid, with which a retry goes on. The order has its own end.
            self.fail(record, error, settled=False)

    @staticmethod
    def _may_pass(record: TaskRecord, error: TriverseError) -> bool:
        """Tell whether an error about a paid task may be gone at a later try."""
        return (
            isinstance(error, ServiceError)
            and not isinstance(error, NothingToDownloadError)
            and (record.stage is Stage.WAITING or record.attempts < MANY)
        )

    def give_up(self, task_id: str, error: UnforeseenError) -> None:
        """
        End a task on which a step failed, twice in a row, that should not fail. A retry goes on where it was.

        :raises StoreError: it cannot be noted.
        """
        record = self._store.get(task_id, owner=self._shared.owner.name)
        if record is not None and record.is_unfinished:
            self.fail(record, error, settled=False)

    def wait(self, record: TaskRecord, error: TriverseError, after_s: float, *, attempts: int) -> None:
        new_note = record.note != error.sentence
        self.move(
            record,
            after_s=after_s,
            told=error.sentence if new_note else None,
            level="WARNING",
            durable=False,
            note=error.sentence,
            attempts=attempts,
        )
