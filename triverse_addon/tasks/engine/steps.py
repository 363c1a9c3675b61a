# SPDX-License-Identifier: GPL-3.0-or-later
"""
The state machine: the work done for a task in each stage, one step at a time.

Floor: first. Thread: worker. No ``bpy``.

A step reads the task from the store, does one thing, writes the result in one transaction, and schedules the next step.
After any interruption (kill -9, power cut), the stored stage shows where to continue. The only step that costs credits
is repeated with the same ``client_order_id``.
"""

import logging
import time
from collections.abc import Callable

from ...api.errors import AuthenticationError, NotFoundError, ServiceError, TriverseError, UnforeseenError
from ...api.payloads import MAX_READ_DEADLINE_S, TERMINAL
from ...api.sentence import Sentence
from ...api.unexpected_errors import UNFORESEEN
from ..converter import Converter, ConvertStopped
from ..files.download_errors import DownloadStopped
from ..preparer import Preparer
from ..record.record import Stage, TaskRecord, now_s
from ..store.errors import LeaseLostError, NoSuchTaskError, StoreError
from .context import EngineContext
from .deliver_steps import DeliverSteps
from .expected_conversions import ExpectedConversions
from .pacing import RateLimiter, poll_interval_s
from .service_updates import apply_status
from .submit_steps import SubmitSteps
from .transitions import BLOCKED_S, Transitions

log = logging.getLogger(__name__)

#: Consecutive 404s after that time before a task is marked GONE: with the service's own error code, and without one,
#: which is probably the answer of a proxy that cannot reach the service.
_GONE_AFTER, _GONE_AFTER_A_PROXYS = 4, 30
#: Longest time between two of these tries, in seconds.
_LONGEST_NOT_FOUND_S = 10.0

#: The work queue of each stage.
QUEUE_FOR_STAGE = {
    Stage.QUEUED: "prepare",
    Stage.UPLOADING: "upload",
    Stage.SUBMITTING: "send",
    Stage.WAITING: "watch",
    Stage.DOWNLOADING: "download",
    Stage.CONVERTING: "convert",
}


class Steps:
    """
    The steps of all stages.

    :param context: settings, client, store.
    :param converter: None where conversion is not possible; models are then imported from their GLB.
    :param preparer: None where source files are uploaded unchanged.
    :param schedule: called with a record and the delay until its next step, in seconds.
    :ivar transitions: writes the results of steps, and statuses that the service pushes.
    """

    def __init__(
        self,
        context: EngineContext,
        converter: Converter | None,
        preparer: Preparer | None,
        schedule: Callable[[TaskRecord, float], None],
    ) -> None:
        self._context = context
        self._store = context.store
        self._expected = ExpectedConversions(context, converter)
        self.transitions = Transitions(context, schedule, self.forget, self._expected.soon)
        self._submit_steps = SubmitSteps(context, self.transitions, preparer, self._report)
        self._deliver_steps = DeliverSteps(context, self.transitions, converter, self._report, self._expected)
        # The service documents no rate limit for status queries. Send at most ten a second, and one a second while the
        # WebSocket reports changes.
        self._poll_limit = RateLimiter(rate=10.0, burst=10)
        self._live_poll_limit = RateLimiter(rate=1.0, burst=1)
        self._unstored: dict[str, Sentence] = {}
        self._polls: dict[str, int] = {}
        self._reported_s: dict[str, float] = {}

    def run(self, queue_name: str, task_id: str) -> float | None:
        """
        Run the due step of a task. An error sets the task's stage, its note, or the time of the next try.

        :param queue_name: name of the work queue that took the task.
        :param task_id: id of the task.
        :returns: delay in seconds after which to run the task again, because the store could not be used; None if the
            step has scheduled what follows.
        """
        try:
            # Only tasks whose lease this engine holds: two engines would write to the same partial file.
            record = self._store.get(task_id, owner=self._context.owner.name)
            if record is None or not record.is_unfinished or self._context.stop.is_set():
                self.forget(task_id)
                return None
            if QUEUE_FOR_STAGE[record.stage] != queue_name:
                # A poll and a live update may both have scheduled the same change. Each queue must run only its own
                # stages, or a step would run twice at the same time (observed: two conversions in one folder).
                self.transitions.schedule(record, 0.0)
                return None
            try:
                self._by_stage(record)
            except (LeaseLostError, NoSuchTaskError):
                log.info("task %s is not driven here any more", task_id)
                self.forget(task_id)
            except (StoreError, ConvertStopped, DownloadStopped):
                raise
            except TriverseError as error:
                if not self._context.stop.is_set():
                    self.transitions.handle_error(record, error)
        except (LeaseLostError, NoSuchTaskError, ConvertStopped, DownloadStopped):
            return None
        except StoreError as error:
            return self._not_stored(task_id, error)
        self._unstored.pop(task_id, None)
        return None

    def unstored(self) -> Sentence | None:
        """Return why the last step of some task could not be stored; None if each was."""
        return next(iter([*self._unstored.values()]), None)

    def forget(self, task_id: str) -> None:
        """Drop what is kept in memory about the current stage of a task."""
        self._unstored.pop(task_id, None)
        self._polls.pop(task_id, None)
        self._reported_s.pop(task_id, None)
        self._expected.left_stage(task_id)

    def _not_stored(self, task_id: str, error: StoreError) -> float | None:
        if self._context.stop.is_set():
            return None
        self._unstored[task_id] = error.sentence
        self._context.notice("ERROR", error.sentence)
        return BLOCKED_S

    def give_up(self, task_id: str, error: UnforeseenError) -> float | None:
        """
        Fail a task whose step raised an unforeseen error twice in a row.

        Raises nothing. If the failure cannot be recorded either, all requests are blocked and the user is notified.

        :param task_id: id of the task.
        :param error: the unforeseen error.
        :returns: as for :meth:`run`.
        """
        try:
            self.transitions.give_up(task_id, error)
        except (LeaseLostError, NoSuchTaskError):
            return None
        except StoreError as problem:
            return self._not_stored(task_id, problem)
        except UNFORESEEN as other:
            log.exception("the end of task %s could not be noted", task_id)
            self._context.broke_down("steps", UnforeseenError(other))
        return None

    def _by_stage(self, record: TaskRecord) -> None:
        if record.stage is Stage.QUEUED:
            self._submit_steps.begin(record)
        elif record.stage is Stage.UPLOADING:
            self._submit_steps.upload(record)
        elif record.stage is Stage.SUBMITTING:
            self._submit_steps.submit(record)
        elif record.stage is Stage.WAITING:
            self._poll_status(record)
        elif record.stage is Stage.DOWNLOADING:
            self._deliver_steps.download(record)
        else:
            self._deliver_steps.convert(record)

    def _poll_status(self, record: TaskRecord) -> None:
        # Of a task that was over, or unknown here, when the WebSocket told of it, nothing more is pushed.
        is_pushed = self._context.live and record.service_status not in ("", *TERMINAL)
        limit = self._live_poll_limit if is_pushed else self._poll_limit
        if delay_s := max(limit.delay_s(), self._context.gate.pause_s(str(Stage.WAITING))):
            self.transitions.schedule(record, delay_s)
            return
        client = self._context.client()
        try:
            status = client.status(
                record.task_uuid or "",
                extra_header=record.read_header if record.read_header and _is_new(record) else None,
            )
        except NotFoundError as error:
            self._not_found(record, error)
            return
        except AuthenticationError as error:
            if self._context.is_key_refused(error):
                raise
            self._not_found(record, error)
            return
        self._context.gate.succeeded(str(Stage.WAITING))
        polls = self._polls[record.id] = self._polls.get(record.id, -1) + 1
        changes = apply_status(record, status)
        queue_wait_s = changes.get("queue_wait_s", record.queue_wait_s)
        interval_s = poll_interval_s(polls, queue_wait_s=queue_wait_s, live=self._context.live)
        self.transitions.apply_service_status(record, changes, after_s=interval_s)

    def _not_found(self, record: TaskRecord, error: ServiceError) -> None:
        attempts = record.attempts + 1
        # Right after creating a task, the service may not find it yet.
        most = _GONE_AFTER if error.code is not None else _GONE_AFTER_A_PROXYS
        if _is_new(record) or attempts < most:
            self.transitions.move(
                record, after_s=min(1.0 + attempts, _LONGEST_NOT_FOUND_S), durable=False, attempts=attempts
            )
            return
        sentence = Sentence.of(
            "Triverse does not know this task. It may have expired or belong to another account. Press Retry to look "
            "again, or choose Use These Inputs Again to order it once more."
        )
        # Not final: with the right key the task can be found again, and placing a new order is the user's decision.
        self.transitions.move(
            record,
            history=sentence,
            level="ERROR",
            stage=Stage.GONE,
            error=sentence,
            error_code=error.code,
            error_message=error.message,
            error_suggestion=error.suggestion,
            status_note=None,
        )

    def _report(self, record: TaskRecord, done_bytes: int, all_bytes: int | None) -> None:
        """
        Publish the progress of a transfer, at most four times a second; it is not stored.

        :raises DownloadStopped: the user stopped following the task, or another Blender owns it by now.
        """
        if record.id in self._context.unfollowed_ids and record.stage is Stage.DOWNLOADING:
            raise DownloadStopped(Sentence.of("This task is not followed any more."))
        now = time.monotonic()
        if now - self._reported_s.get(record.id, 0.0) >= 0.25 or done_bytes == all_bytes:
            self._reported_s[record.id] = now
            if record.stage is Stage.DOWNLOADING and self._store.get(record.id, owner=self._context.owner.name) is None:
                # If this machine slept for longer than the lease, another Blender may have taken over the task.
                raise DownloadStopped(Sentence.of("Another Blender works on this task."))
            self._context.changed(record.with_(received_bytes=done_bytes, size_bytes=all_bytes))


def _is_new(record: TaskRecord) -> bool:
    """Return whether a task was created so recently that the service may not find it yet."""
    # More time is left only if the clock was set back.
    return record.visible_by_s is not None and 0.0 < record.visible_by_s - now_s() <= MAX_READ_DEADLINE_S
