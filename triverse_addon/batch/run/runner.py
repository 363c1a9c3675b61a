# SPDX-License-Identifier: GPL-3.0-or-later
"""
Run a batch: a limited number of tasks at a time, each model written into the library as soon as it is downloaded.

Floor: between first and second. Thread: main, but for the writers' own. No ``bpy``.

Like the engine, the runner is stepped: the driver calls :meth:`Engine.pump` and then :meth:`Runner.step`, from a timer
in a window, otherwise in a loop. A task counts as imported once its asset is written. All disk access is done by
threads of the runner: the dispatcher starts rows one after another and writes the ledger, the writers write models.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future

from ...api.errors import TriverseError, UnforeseenError
from ...api.sentence import Sentence
from ...api.service_codes import ServiceCode
from ...api.unexpected_errors import UNFORESEEN, ErrorStreak
from ...tasks.converter import ConvertStopped, NoChildError
from ...tasks.engine.engine import Engine
from ...tasks.files.no_room import NoRoomError
from ...tasks.record.command_words import text_for_rows
from ...tasks.record.record import FAILED_STAGES, Stage, TaskRecord
from ..library.asset_writer import AssetWriter
from ..library.entry import Entry
from ..library.ledger import Ledger
from .active_row import ActiveRow
from .dispatcher import Dispatcher
from .limits import Budget, Limits, LimitsCheck
from .model_writers import ModelGoneError, ModelWriters
from .outcome import Outcome, Progress, RowResult, RowStatus, reason_to_end, untouched, without_model
from .plan import PlannedRow, RowAction, in_start_order

log = logging.getLogger(__name__)

#: Largest number of rows queued at the dispatcher. Rows that it has not started can still be stopped.
_MAX_STARTING = 32


class Runner:
    """
    One run of a batch, with a started engine.

    :param planned: all rows of this run.
    :param catalog_ids: catalog path -> UUID.
    :param prices: row number -> quoted price in credits.

    A row is entered into its next group before it leaves the last one: Ctrl-C may interrupt a step anywhere.
    """

    def __init__(
        self,
        engine: Engine,
        planned: Sequence[PlannedRow],
        writer: AssetWriter,
        ledger: Ledger,
        *,
        catalog_ids: Mapping[str, str],
        prices: Mapping[int, int],
        limits: Limits,
        batch_id: str = "",
    ) -> None:
        self._engine = engine
        self._prices = prices
        self._limits = limits
        self._budget = Budget(limits.max_credits, prices, limits.refusal)
        self._started_s = time.monotonic()
        self._limits_check = LimitsCheck(engine, limits, self._started_s)
        self._total, self._done, self._failed = len(planned), 0, 0
        self._was_there = sum(one.action is RowAction.NOTHING for one in planned)
        self._outcomes: dict[int, Outcome] = {}
        self._starting: dict[int, ActiveRow] = {}
        self._under_way: dict[int, ActiveRow] = {}
        self._writing: dict[int, ActiveRow] = {}
        # What is over of :attr:`_writing`, of which there may be hundreds; other threads put it here.
        self._written: deque[tuple[ActiveRow, Future[tuple[Entry, Sentence | None]]]] = deque()
        self._groups = (self._under_way, self._writing, self._starting)
        self._end: tuple[RowResult, Sentence] | None = None
        """Why the run has to end; models that are being written are still finished."""
        self._no_orders: Sentence | None = None
        """Why no more orders are placed; existing orders continue."""
        self._is_over = False
        self._error_streak = ErrorStreak()
        self._stop = threading.Event()
        self._dispatcher = Dispatcher(engine, ledger, self._stop, batch_id)
        self._writers = ModelWriters(
            writer, self._dispatcher, ledger.library, catalog_ids, count=limits.writers, stop=self._stop
        )
        self._free: deque[ActiveRow] = deque()
        self._billable: deque[ActiveRow] = deque()
        for one in in_start_order(planned):
            if one.action not in (RowAction.NOTHING, RowAction.SKIP):
                (self._billable if one.is_billable else self._free).append(ActiveRow(one))
                continue
            self._set_outcome(untouched(one))
            if one.action is RowAction.NOTHING and one.entry and one.record and one.record.stage is Stage.READY:
                # A previous run was killed after writing the model and before marking its task.
                self._dispatcher.queue_mark(one.entry, one.record, one.row.title)

    # -------------------------------------------------------------------------
    # Called by the driver

    @property
    def is_over(self) -> bool:
        """Whether this run has nothing more to do."""
        return self._is_over

    @property
    def elapsed_s(self) -> float:
        """Seconds since the run was started."""
        return time.monotonic() - self._started_s

    def step(self) -> None:
        """Update all active rows, and start the next ones. No disk access. A repeated unforeseen error ends the run."""
        if self._is_over:
            return
        try:
            self._step()
            self._error_streak.reset()
        except UNFORESEEN as error:
            log.exception("a step of the batch failed")
            if (repeated := self._error_streak.error_to_report(error)) is not None:
                self._abort(repeated)

    def _abort(self, error: UnforeseenError) -> None:
        self._end = (RowResult.FAILED, error.sentence)
        self.cancel()

    def _step(self) -> None:
        if (slip := self._dispatcher.slip) is not None:
            self._abort(slip)
            return
        self._start_rows()
        self._check_starting()
        for item in list(self._under_way.values()):
            self._check_task(item)
        while self._written:
            self._check_writing(*self._written[0])
            self._written.popleft()
        if self._end is None and (self._under_way or self._free or self._billable or self._starting):
            self._end = self._limits_check.reason_to_end(self.records())
        if self._writing or self._starting:
            return
        if self._end is not None or not (self._under_way or self._free or (self._billable and self._no_orders is None)):
            self._is_over = True

    def hold_back(self) -> None:
        """Cancel the run, and keep the engine from sending what was not sent yet. :meth:`shutdown` must follow."""
        self.cancel()
        self._dispatcher.settle()
        self._cancel_unsent()

    def shutdown(self, *, cancel_unsent: bool = False) -> None:
        """
        End the run, and wait for its threads. A window uses a separate thread for this. No :meth:`step` may follow.

        :param cancel_unsent: also keep the engine, which keeps running, from sending tasks that were not sent yet.
        """
        self.cancel()
        self._writers.shutdown()  # first: writers wait for the dispatcher
        self._dispatcher.shutdown()
        if cancel_unsent:
            self._cancel_unsent()

    def _cancel_unsent(self) -> None:
        started = [item.starting for item in self._starting.values() if item.starting is not None]
        found = [one.result().record.id for one in started if one.done() and one.exception() is None]
        self._dispatcher.cancel_unsent([*found, *(item.record_id for item in self._under_way.values())])

    def cancel(self) -> None:
        """Cancel the run without waiting: nothing more is started or checked. :meth:`shutdown` must follow."""
        self._is_over = True
        self._stop.set()

    def outcomes(self) -> list[Outcome]:
        """Return the outcome of every row, in the order of the file."""
        found = {}
        not_ordered = {item.number for item in self._billable}
        for item in [*self._free, *self._billable, *(item for group in self._groups for item in group.values())]:
            result, sentence = self._end or (RowResult.OPEN, Sentence.of("The batch ended before this row was done."))
            if self._end is None and self._no_orders is not None and item.number in not_ordered:
                result, sentence = RowResult.ACCOUNT, self._no_orders
            record = self._engine.get(item.record_id) if item.record_id else None
            found[item.number] = Outcome(item.planned, result, sentence, record=record, entry=item.entry)
        found |= self._outcomes
        return [found[number] for number in sorted(found)]

    def row_status(self, number: int) -> RowStatus:
        """Return the status of the row with this number, from memory."""
        item = next((group[number] for group in self._groups if number in group), None)
        record = item.record if item is not None else None
        return RowStatus(self._outcomes.get(number), record, is_writing=number in self._writing)

    def progress(self) -> Progress:
        """Return the progress of the run."""
        own, waiting = self._done - self._was_there, len(self._free) + len(self._billable)
        under_way = len(self._under_way) + len(self._starting)
        left = waiting + under_way + len(self._writing)
        # With fewer finished rows, the duration of the first row would be used for every row.
        is_known = own > min(self._limits.jobs, self._total - self._was_there - 1)
        return Progress(
            total=self._total,
            done=self._done,
            failed=self._failed,
            waiting=waiting,
            under_way=under_way,
            writing=len(self._writing),
            was_there=self._was_there,
            credits=self._budget.ordered_credits,
            left_s=self.elapsed_s / own * left if is_known else None,
        )

    def records(self) -> list[TaskRecord]:
        """Return the active tasks."""
        return [item.record for item in self._under_way.values() if item.record is not None]

    # -------------------------------------------------------------------------
    # Starting rows

    def _start_rows(self) -> None:
        while self._end is None and (queue := self._next_queue()) is not None:
            item = queue[0]
            if item.planned.is_billable:
                self._budget.reserve(item.number)
            try:
                item.starting = self._dispatcher.start(item.planned)
            except UNFORESEEN as error:
                log.exception("row %d could not be handed to the dispatcher", item.number)
                self._fail_start(item, UnforeseenError(error))
            else:
                self._starting[item.number] = item
            queue.popleft()

    def _next_queue(self) -> deque[ActiveRow] | None:
        """Return the queue whose first row is to be started now; None if none is."""
        if len(self._starting) >= _MAX_STARTING:
            return None
        has_place = len(self._under_way) + len(self._starting) < self._limits.jobs
        if self._free and (has_place or self._free[0].planned.action is RowAction.WRITE):
            return self._free
        number = self._billable[0].number if self._billable and has_place else 0
        if not number or self._no_orders is not None or self._budget.must_wait(number):
            return None
        self._no_orders = self._budget.over_limit(number)
        return self._billable if self._no_orders is None else None

    def _check_starting(self) -> None:
        for item in list(self._starting.values()):
            future = item.starting
            if future is None or not future.done():
                return  # the dispatcher starts rows in order
            try:
                started = future.result()
            except ConvertStopped:
                return  # like all rows after it; they stay listed as open
            except NoRoomError as error:
                self._budget.release(item.number)
                self._stop_at(item, error)
                continue
            except TriverseError as error:
                self._fail_start(item, error)
                continue
            except UNFORESEEN as error:
                log.exception("row %d could not be started", item.number)
                self._fail_start(item, UnforeseenError(error))
                continue
            if not started.is_ordered:
                self._budget.release(item.number)
            item.entry, item.record_id = started.entry, started.record.id
            self._under_way[item.number] = item
            del self._starting[item.number]

    def _fail_start(self, item: ActiveRow, error: TriverseError) -> None:
        self._budget.release(item.number)
        self._fail(item, error.sentence, suggestion=error.suggestion)

    # -------------------------------------------------------------------------
    # Following rows

    def _check_task(self, item: ActiveRow) -> None:
        record = self._engine.get(item.record_id)
        if record is item.record and record is not None and not record.has_model:
            return
        item.record = record
        if record is None:
            self._fail(item, Sentence.of("The task was taken off the list elsewhere."))
            return
        self._update_entry(item, record)
        if record.has_model:
            self._start_writing(item, record)
        elif record.stage in FAILED_STAGES:
            sentence = record.error or Sentence.of("The service cancelled the task.")
            result = RowResult.ACCOUNT if record.error_code == ServiceCode.INSUFFICIENT_CREDITS else RowResult.FAILED
            self._fail(item, sentence, suggestion=record.error_suggestion, result=result, record=record)
            if result is RowResult.ACCOUNT:
                self._no_orders = sentence
            elif (end := reason_to_end(sentence)) is not None:
                self._end = (RowResult.STOPPED, end)
        elif record.stage is Stage.DONE or not record.following:
            self._fail(item, without_model(record), record=record)

    def _update_entry(self, item: ActiveRow, record: TaskRecord) -> None:
        """Record the real price and, for other machines, the task's UUID as soon as it is known."""
        if record.cost_credits is not None or record.task_uuid:
            self._budget.answer(item.number, record.cost_credits)
        if (entry := item.ordered_entry(record, self._prices.get(item.number))) is not None:
            item.entry = entry
            self._dispatcher.queue_write(entry)

    def _start_writing(self, item: ActiveRow, record: TaskRecord) -> None:
        assert item.entry is not None
        future = self._writers.start(item.planned, item.entry, record)
        self._writing[item.number] = item
        del self._under_way[item.number]
        future.add_done_callback(lambda over: self._written.append((item, over)))

    def _check_writing(self, item: ActiveRow, future: Future[tuple[Entry, Sentence | None]]) -> None:
        try:
            item.entry, problem = future.result()
        except ConvertStopped:
            return
        except ModelGoneError:
            self._redownload(item)
        except (NoChildError, NoRoomError) as error:
            self._stop_at(item, error)
        except TriverseError as error:
            self._fail(item, error.sentence, record=item.record)
        except UNFORESEEN as error:
            log.exception("row %d could not be written", item.number)
            self._fail(item, UnforeseenError(error).sentence, record=item.record)
        else:
            result = RowResult.DONE if problem is None else RowResult.FAILED  # the files that could be written are kept
            self._finish(item, Outcome(item.planned, result, problem, record=item.record, entry=item.entry))

    def _redownload(self, item: ActiveRow) -> None:
        """Download a model that was deleted by hand once more. It is never ordered again."""
        if item.was_redownloaded or item.record is None:
            path = item.record.model_path if item.record is not None else ""
            sentence = Sentence.of("The downloaded model {path} is not there any more.", path=path)
            self._fail(item, sentence, record=item.record)
            return
        item.was_redownloaded = True
        self._engine.redownload(item.record_id)
        item.record = None
        self._under_way[item.number] = item
        del self._writing[item.number]

    # -------------------------------------------------------------------------
    # Outcomes

    def _fail(
        self,
        item: ActiveRow,
        sentence: Sentence,
        *,
        suggestion: str = "",
        result: RowResult = RowResult.FAILED,
        record: TaskRecord | None = None,
    ) -> None:
        if item.entry is not None and result is RowResult.FAILED:
            is_final = record is not None and record.is_final
            item.entry = item.entry.failed(text_for_rows(sentence), item.planned.build_hash, is_final=is_final)
            self._dispatcher.queue_write(item.entry)
        self._finish(item, Outcome(item.planned, result, sentence, suggestion, record=record, entry=item.entry))

    def _stop_at(self, item: ActiveRow, error: TriverseError) -> None:
        """End the run at a row for a reason that every other row meets too. It has not failed: the next run does it."""
        self._end = (RowResult.STOPPED, error.sentence)
        self._finish(item, Outcome(item.planned, *self._end, record=item.record, entry=item.entry))

    def _finish(self, item: ActiveRow, outcome: Outcome) -> None:
        self._set_outcome(outcome)
        self._budget.answer(item.number, None)
        for group in self._groups:
            group.pop(item.number, None)

    def _set_outcome(self, outcome: Outcome) -> None:
        self._outcomes[outcome.planned.row.number] = outcome
        self._done += outcome.result is RowResult.DONE
        self._failed += outcome.result not in (RowResult.DONE, RowResult.OPEN, RowResult.STOPPED)
