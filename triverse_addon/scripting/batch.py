# SPDX-License-Identifier: GPL-3.0-or-later
"""
A batch of a script: its slow parts on a thread, its run driven by the engine's ticks.

Floor: between second and third. Thread: main. No ``bpy``.
"""

import logging
import operator
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from ..api.errors import TriverseError, UnforeseenError
from ..api.field_values import check_value
from ..api.fields import Field, Kind
from ..api.payloads import Balance
from ..api.sentence import Sentence
from ..api.unexpected_errors import UNFORESEEN
from ..batch.library.asset_writer import AssetWriter, GlbWriter
from ..batch.rows.problems import BatchProblemsError
from ..batch.run.limits import MAX_CONCURRENT_TASKS, Limits
from ..batch.run.outcome import Outcome, Progress
from ..batch.run.plan import PlannedRow
from ..batch.run.quotes import Prices
from ..batch.run.resume import SavedBatch
from ..batch.run.row_table import RowTable, has_work
from ..batch.run.runner import Runner
from .batch_request import Request
from .batch_worker import Ended, Started, Worker
from .connection import Connection, check_may_wait
from .errors import OverBudgetError
from .job_queue import JobQueue
from .readiness import check_ready

log = logging.getLogger(__name__)

#: Interval between two looks of a wait, in seconds.
_STEP_S = 0.05
#: More than any account has.
_MAX_CREDITS = 10**12


def _whole(name: str, value: Any, minimum: int, maximum: int) -> int:
    """
    Return an argument as an integer.

    :raises InputError: it is none, or out of range.
    """
    if hasattr(value, "__index__") and not isinstance(value, bool):  # also the integers of numpy and pandas
        value = operator.index(value)
    found = check_value(Field(name, Kind.INT, name, "", minimum=minimum, maximum=maximum), value)
    assert isinstance(found, int)
    return found


class Batch:
    """
    Many models on their way into an asset library. Made by :meth:`Triverse.batch`.

    :ivar progress: the counts of rows, and the estimated time left in seconds; None before the run has saved.
    :ivar outcomes: what became of each row, in the order of the file; empty before the end.
    :ivar report: path of the report; None before the end.
    :ivar error: why the batch has ended without a run, or before all its rows were tried; None if it has not. Failed
        rows are no error: see :attr:`outcomes`.
    :ivar is_done: whether the batch has ended.
    """

    progress: Progress | None
    outcomes: tuple[Outcome, ...]
    report: Path | None
    error: TriverseError | None
    is_done: bool

    def __init__(
        self, connection: Connection, request: Request, *, max_credits: int | None, retry_failed: bool, jobs: int
    ) -> None:
        max_credits = None if max_credits is None else _whole("max_credits", max_credits, 0, _MAX_CREDITS)
        limits = Limits(jobs=_whole("jobs", jobs, 1, MAX_CONCURRENT_TASKS), max_credits=max_credits)
        self.progress = None
        self.outcomes = ()
        self.report = None
        self.error = None
        self.is_done = False
        self._connection = connection
        self._request = request
        self._asked = request.asked
        self._max_credits = max_credits
        self._retry_failed = retry_failed
        self._limits = limits
        self._on_done: list[Callable[[Batch], None]] = []
        engine, host = connection.engine, connection.host

        def make_writer() -> AssetWriter:
            writer = host.asset_writer(engine.settings.data_dir) if request.asked.with_blender else None
            return writer if writer is not None else GlbWriter()

        self._engine = engine
        self._worker = Worker(engine, host.preparer(), make_writer)
        self._jobs: JobQueue[None] = JobQueue("triverse-batch")
        self._was_stopped = False
        self._runner: Runner | None = None
        self._saved: SavedBatch | None = None
        self._do(self._check, self._checked)
        connection.callbacks.add_running(self)

    # -------------------------------------------------------------------------
    # Called by scripts

    def wait(self, on_change: "Callable[[Batch], None] | None" = None) -> Self:
        """
        Wait until the batch has ended. Not in a window, which it would block: see :meth:`on_done`.

        :param on_change: called at each change of :attr:`progress`. What it raises ends the wait.
        :raises WouldBlockError: this is a Blender with windows.
        :raises BatchProblemsError: the file has problems, which its ``problems`` list; nothing was ordered.
        :raises OverBudgetError: the price is above the limit or the balance; nothing was ordered.
        :raises TriverseError: the batch has ended before all its rows were tried, see :attr:`error`.
        """
        check_may_wait("wait()", "on_done()")
        seen = self.progress
        while not self.is_done:
            self._connection.drive(_STEP_S)
            if on_change is not None and self.progress != seen:
                seen = self.progress
                on_change(self)
            time.sleep(_STEP_S)
        if self.error is not None:
            raise self.error
        return self

    def on_done(self, function: "Callable[[Batch], None]") -> Self:
        """Call ``function`` with the batch once, on the main thread, when it has ended."""
        self._on_done.append(function)
        return self

    def stop(self) -> None:
        """Order nothing more. What was ordered goes on at the service, and is not paid again by the same batch."""
        self._was_stopped = True
        if self._runner is not None:
            self._runner.cancel()

    # -------------------------------------------------------------------------
    # Called by the ticks

    def step(self) -> None:
        """Take over what the thread has done, and advance the run. Raises nothing."""
        if self._jobs.is_pending:
            self._take_over()
        elif self._runner is not None:
            self._runner.step()
            self.progress = self._runner.progress()
            if self._runner.is_over:
                runner, saved = self._runner, self._saved
                assert saved is not None, "set with the runner"
                was_stopped = self._was_stopped
                self._do(lambda: self._worker.finish(runner, saved, was_stopped=was_stopped), self._ended)
        if self.is_done:
            functions, self._on_done = self._on_done, []
            for function in functions:
                try:
                    function(self)
                except UNFORESEEN:
                    log.exception("a function of a script failed")

    def shut_down(self) -> None:
        """End at once, because the engine ends. The same batch goes on where it was."""
        if self._runner is not None:
            self._runner.cancel()
        self._worker.cancel()
        runner = self._runner
        for result in self._jobs.shutdown():
            if isinstance(result, Started):
                runner = result.runner
        if runner is not None:
            runner.shutdown()
        self._worker.close()
        self.is_done = True

    def _do(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        self._jobs.start(work, then, None)

    def _take_over(self) -> None:
        job = self._jobs.take()
        if job is None:
            return
        try:
            job.deliver()
        except TriverseError as error:
            self._end(error)
        except UNFORESEEN as error:
            log.exception("a batch's work failed")
            self._end(UnforeseenError(error))

    def _end(self, error: TriverseError | None = None) -> None:
        self.error = error
        self.is_done = True
        self._runner = None
        self._jobs.shutdown()
        self._worker.close()

    # -------------------------------------------------------------------------
    # The steps

    def _check(self) -> RowTable:
        self._request.write()
        return self._worker.check(self._asked)

    def _checked(self, checked: RowTable) -> None:
        if checked.problems:
            raise BatchProblemsError(checked.problems)
        planned = checked.retries if self._retry_failed else checked.planned
        billable = [one.row for one in planned if one.is_billable]
        settings = self._engine.settings
        if has_work(planned):
            check_ready(settings)
        if billable:
            self._do(lambda: self._worker.query_prices(billable, settings), lambda found: self._start(planned, *found))
        else:
            self._start(planned)

    def _start(
        self, planned: Sequence[PlannedRow], prices: Prices | None = None, balance: Balance | None = None
    ) -> None:
        prices = prices or Prices()
        total = prices.total
        if self._max_credits is not None and prices.unknown:
            raise OverBudgetError(
                Sentence.of(
                    "The service tells no price of {count} {count|row before it is|rows before they are} ordered, so "
                    "the limit of {limit} {limit|credit|credits} cannot be kept. Nothing was ordered.",
                    count=len(prices.unknown),
                    limit=self._max_credits,
                )
            )
        if self._max_credits is not None and total > self._max_credits:
            raise OverBudgetError(
                Sentence.of(
                    "This costs {cost} {cost|credit|credits}, more than the {limit} that {limit|is|are} "
                    "allowed. Nothing was ordered.",
                    cost=total,
                    limit=self._max_credits,
                )
            )
        if balance is not None and total > balance.balance:
            raise OverBudgetError(
                Sentence.of(
                    "This costs {cost} {cost|credit|credits}, and you have {balance}.",
                    cost=total,
                    balance=balance.balance,
                )
            )
        orders = {one.row.number: one.order_id for one in planned if one.is_billable}
        known = {orders[number]: price for number, price in prices.by_row.items() if number in orders}
        saved = SavedBatch(self._asked, self._limits.jobs, frozenset(orders.values()), total, prices=known)
        if has_work(planned) and not self._was_stopped:
            self._do(lambda: self._worker.start(saved, planned, prices.by_row, self._limits), self._started)
        else:
            self._do(lambda: self._worker.finish_idle(self._asked, planned), self._ended)

    def _started(self, started: Started) -> None:
        self._runner, self._saved = started.runner, started.saved
        if self._was_stopped:
            self._runner.cancel()

    def _ended(self, ended: Ended) -> None:
        self.outcomes, self.report = ended.outcomes, ended.report
        problem = ended.reason or ended.problem
        self._end(None if problem is None else TriverseError(problem))
