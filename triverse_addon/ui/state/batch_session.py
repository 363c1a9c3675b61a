# SPDX-License-Identifier: GPL-3.0-or-later
"""
The batch of this Blender session: the chosen file, the state of its rows, and the tick that advances it.

Floor: third. Thread: main. Imports no ``bpy``. Work that reads files or waits for the network runs in ``batch_worker``
on a separate thread, one job after the other. Its results are taken over as dataclasses at a tick.

The batch uses the engine of the session, and so its store and its leases. The task list shows the tasks of a batch too.
"""

import dataclasses
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ...api.errors import TriverseError, UnforeseenError
from ...api.sentence import Sentence
from ...api.unexpected_errors import UNFORESEEN
from ...batch.rows.problems import BatchProblemsError
from ...batch.run.limits import Limits, Refusal
from ...batch.run.outcome import Outcome, Progress, RowStatus
from ...batch.run.request import BatchRequest, library_for
from ...batch.run.resume import SavedBatch
from ...batch.run.row_table import RowTable, TableRow, has_work
from ...batch.run.runner import Runner
from ...scripting.batch_worker import Dearer, Ended, Offer, Started, Worker
from ...scripting.job_queue import JobQueue
from ...tasks.record.events import Notice
from .batch_costs import BatchCosts

if TYPE_CHECKING:
    from ...batch.library.asset_writer import AssetWriter
    from ...tasks.engine.engine import Engine
    from ...tasks.preparer import Preparer

Result = TypeVar("Result")

log = logging.getLogger(__name__)

#: Interval at which counts and remaining time are updated, in seconds.
_PROGRESS_S = 0.5
#: Time after a failed price request before the next one, in seconds.
_ASK_AGAIN_S = 30.0
#: Time after a price request before the next one, in seconds: the service may have changed its prices.
_FRESH_S = 600.0
_NOTHING = RowStatus()


class Phase(StrEnum):
    """The phase of the batch."""

    EMPTY = "empty"
    """No file is chosen."""
    CHECKING = "checking"
    """The file is being read and checked."""
    CHECKED = "checked"
    """The rows or their problems are known. Also the phase after a run."""
    STARTING = "starting"
    RUNNING = "running"
    ENDING = "ending"
    """The last writers finish; report and contact sheets are written."""


#: Phases in which work is in progress.
_BUSY = frozenset({Phase.CHECKING, Phase.STARTING, Phase.RUNNING, Phase.ENDING})


class BatchSession(BatchCosts):
    """
    The batch of a session. There is at most one.

    :param preparer: prepares input files before the upload; None if not available.
    :param make_writer: creates the writer that writes models into an asset library.
    """

    def __init__(
        self,
        engine: "Engine",
        preparer: "Preparer | None",
        make_writer: "Callable[[], AssetWriter]",
    ) -> None:
        self.phase = Phase.EMPTY
        self.request: BatchRequest | None = None
        self.checked = self.offer = self.saved = None
        self.progress: Progress | None = None
        self.ended: Ended | None = None
        """The result of the last run."""
        self.problem: Sentence | None = None
        """Why the last request of the user failed."""
        self.is_asking = False
        """The price is being requested from the service."""
        self.recalled_jobs = 0
        """Number of simultaneous tasks of a resumed batch, until it was copied to the panel; then 0."""
        self.rows_shown: Sequence[TableRow] = ()
        """The lines for which the rows of the table were last written."""
        self.pending_notices: deque[Notice] = deque()
        """Notices that the session has not shown yet."""
        self._pending_end: Sentence | None = None
        self._engine = engine
        self._worker = Worker(engine, preparer, make_writer)
        self._jobs: JobQueue[Phase | None] = JobQueue("triverse-batch")
        """The jobs of the worker, each with the phase that it is."""
        self._runner: Runner | None = None
        self._outcomes: Mapping[int, Outcome] = {}
        self._progress_at_s = 0.0
        self._ask_again_s = 0.0
        self._was_stopped = False
        if self._worker.has_saved_batch():
            self._start_job(self._worker.load_batch, self._on_recalled)

    # -------------------------------------------------------------------------
    # Properties for drawing

    @property
    def is_busy(self) -> bool:
        """True while a check or a run is in progress, so that no other can be started."""
        return self.phase in _BUSY

    @property
    def is_running(self) -> bool:
        """True from the start of a run until its report was written."""
        return self.phase in (Phase.STARTING, Phase.RUNNING, Phase.ENDING)

    @property
    def needs_ticks(self) -> bool:
        """True while a phase or a job of the worker is in progress, so that ticks are needed at short intervals."""
        return self.is_busy or self._jobs.is_pending

    @property
    def rows(self) -> Sequence[TableRow]:
        """The lines of the table; empty before the file was checked."""
        return self.checked.rows if self.checked is not None else ()

    def row_status(self, number: int) -> RowStatus:
        """
        Return the state of a row in this run, or at the end of the last run. Reads memory only.

        :param number: number of the row.
        """
        if self._runner is not None:
            return self._runner.row_status(number)
        outcome = self._outcomes.get(number)
        return RowStatus(outcome, outcome.record) if outcome is not None else _NOTHING

    # -------------------------------------------------------------------------
    # Requests of the user

    def choose(self, file: Path, library: Path | None = None) -> None:
        """
        Choose a file or a folder of pictures, and start checking it.

        :param library: folder of the asset library; None for the default one of ``file``.
        """
        self._reset()
        self.request = BatchRequest(file, library or library_for(file))
        self.check()

    def choose_library(self, library: Path) -> None:
        """Choose another asset library for the models, and check the file again."""
        if self.request is not None and not self.is_busy and library != self.request.library:
            self.choose(self.request.file, library)

    def allow_outside(self) -> None:
        """Allow the input files outside the batch file's folder, which the user has confirmed, and check again."""
        if self.request is not None and self.checked is not None and not self.is_busy:
            allowed = self.request.allowed | {one.key for one in self.checked.outside}
            self.request = dataclasses.replace(self.request, allowed=allowed)
            self.check()

    def check(self) -> None:
        """Start checking the file. Does nothing while work is in progress."""
        if self.request is None or self.is_busy:
            return
        self.problem = self.offer = None
        self.is_asking = False
        request = self.request
        self._start_job(lambda: self._worker.check(request), self._on_checked, Phase.CHECKING)

    def ask_price(self, *, may_ask: bool) -> None:
        """
        Request price and balance, if they are not known and any row may cost credits.

        :param may_ask: whether requests to the service are possible.
        """
        checked = self.checked
        if not may_ask or checked is None or self.is_busy or self._jobs.is_pending:
            return
        if self.offer is not None and time.monotonic() < self._ask_again_s:
            return
        if rows := self.priced_rows:
            self.is_asking = True
            settings = self._engine.settings
            self._start_job(
                lambda: self._worker.query_offer(rows, settings),
                lambda offer: self._on_offer(checked, offer),
            )

    def run(self, jobs: int, *, retry: bool = False, refusal: Refusal | None = None) -> None:
        """
        Start a run. The user has confirmed its price.

        :param jobs: number of simultaneous tasks.
        :param retry: run the failed rows only.
        :param refusal: see :meth:`.month_limit.MonthLimit.refusal`.
        """
        checked = self.checked
        if checked is None or self.is_busy:
            return
        planned = checked.retries_apart if retry else checked.planned
        if not has_work(planned):
            return
        saved = self._state_to_save(checked, jobs, retry=retry)
        prices = self.shown_prices(retry=retry)
        # The price was the question: what became dearer meanwhile is asked about again.
        limits = Limits(jobs=saved.jobs, max_credits=self.cost(retry=retry), refusal=refusal)
        rows, settings = self.priced_rows if prices else (), self._engine.settings
        self.problem = self.ended = self.progress = None
        self._outcomes = {}
        self._was_stopped = False
        self._start_job(
            lambda: self._worker.start_at_price(rows, settings, saved, planned, prices, limits),
            lambda started: self._on_started(checked, started),
            Phase.STARTING,
        )

    def _state_to_save(self, checked: RowTable, jobs: int, *, retry: bool) -> SavedBatch:
        agreed = frozenset(one.order_id for one in self.billable(retry=retry))
        cost = self.cost(retry=retry) or 0
        if self.saved is not None and not retry and self.is_agreed():
            return dataclasses.replace(self.saved, jobs=jobs)
        return SavedBatch(checked.request, jobs, agreed, cost, prices=self.row_prices(retry=retry))

    def stop_run(self) -> None:
        """
        Stop the run: no more tasks are submitted.

        Submitted tasks continue at the service, and their models are fetched when the batch is resumed.
        """
        if self.phase is Phase.RUNNING:
            self._was_stopped = True
            self._end_run()

    def close(self) -> None:
        """Close the batch and delete its saved state, so that it is not offered to be resumed."""
        if not self.is_busy:
            if self.request is not None and self.saved is not None:
                request = self.request
                self._start_job(lambda: self._worker.delete_batch(request), lambda _: None)
            self._reset()
            self.phase = Phase.EMPTY

    def _reset(self) -> None:
        self.request = self.checked = self.offer = self.progress = self.ended = self.saved = self.problem = None
        self.is_asking = False
        self._outcomes = {}

    # -------------------------------------------------------------------------
    # The tick

    def tick(self) -> bool:
        """Take over results of the worker and advance a run; return whether anything visible has changed."""
        changed = self._take_result()
        if self.phase is Phase.RUNNING and self._runner is not None:
            self._runner.step()
            now_s = time.monotonic()
            if now_s - self._progress_at_s >= _PROGRESS_S or self._runner.is_over:
                self._progress_at_s = now_s
                self.progress = self._runner.progress()
                changed = True
            if self._runner.is_over:
                self._end_run()
        return changed

    def tell_end(self, tell: Callable[[Sentence], None]) -> None:
        """Tell once how a run has ended by itself, for a user who is away. One that the user stopped is not told."""
        sentence, self._pending_end = self._pending_end, None
        if sentence is not None:
            tell(sentence)

    def shutdown(self) -> None:
        """
        Shut down, because Blender exits or the add-on is disabled. Waits for the worker's thread.

        An unfinished batch is offered to be resumed at the next start.
        """
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.cancel()
        self._worker.cancel()
        for result in self._jobs.shutdown():
            if isinstance(result, Started):
                runner = result.runner
        if runner is not None:
            runner.shutdown()
        self._worker.close()

    def _end_run(self) -> None:
        runner, saved = self._runner, self.saved
        if runner is None or saved is None:
            return
        runner.cancel()
        was_stopped = self._was_stopped
        self._start_job(
            lambda: self._worker.finish(runner, saved, was_stopped=was_stopped), self._on_ended, Phase.ENDING
        )

    # -------------------------------------------------------------------------
    # Results of the worker

    def _start_job(
        self, work: Callable[[], Result], then: Callable[[Result], None], phase: Phase | None = None
    ) -> None:
        """
        Start a job of the worker.

        :param phase: the phase that begins with the job and ends with it, None for a job outside the phases.
        """
        if phase is not None:
            self.phase = phase
        self._jobs.start(work, then, phase)

    def _take_result(self) -> bool:
        job = self._jobs.take()
        if job is None:
            return False
        try:
            job.deliver()
        except BatchProblemsError as error:
            self._failed(error.sentence, job.tag)
            if self.checked is not None:
                self.checked = self.checked.with_problems(error.problems)
        except TriverseError as error:
            self._failed(error.sentence, job.tag)
        except UNFORESEEN as error:
            # Report any error, so that the batch does not stay in its present phase.
            log.exception("A batch's work failed")
            self._failed(UnforeseenError(error).sentence, job.tag)
        return True

    def _failed(self, sentence: Sentence, phase: Phase | None) -> None:
        """
        Show why a job failed, and end its phase.

        :param phase: see :meth:`_start_job`.
        """
        self.problem = sentence
        self.is_asking = False
        if phase is not None:
            self._runner = None
            self.phase = Phase.CHECKED

    def _on_recalled(self, saved: SavedBatch | None) -> None:
        if saved is not None and self.phase is Phase.EMPTY:
            self.saved, self.request, self.recalled_jobs = saved, saved.request, saved.jobs
            self.check()

    def _on_checked(self, checked: RowTable) -> None:
        self.checked = checked
        self.phase = Phase.CHECKED
        if self.saved is not None and not checked.problems and not checked.has_work:
            # All rows were done when Blender exited; only the saved state was not deleted yet.
            self.saved = None
            self._start_job(lambda: self._worker.delete_batch(checked.request), lambda _: None)

    def _on_offer(self, checked: RowTable, offer: Offer) -> None:
        self.is_asking = False
        if self.checked is not checked or self.phase is Phase.CHECKING:
            return  # another file was chosen meanwhile, or this one is being checked again
        self.offer = offer
        self._ask_again_s = time.monotonic() + (_FRESH_S if offer.problem is None else _ASK_AGAIN_S)

    def _on_started(self, checked: RowTable, started: Started | Dearer) -> None:
        if isinstance(started, Dearer):
            self.phase, self.problem = Phase.CHECKED, started.sentence
            self._on_offer(checked, started.offer)
            return
        self._runner = started.runner
        self.saved = started.saved
        self.progress = started.runner.progress()
        self.pending_notices.extend(Notice("WARNING", note) for note in started.notes)
        self.phase = Phase.RUNNING

    def _on_ended(self, ended: Ended) -> None:
        self._runner = None
        self._outcomes = {outcome.planned.row.number: outcome for outcome in ended.outcomes}
        self.ended, self.checked, self.offer = ended, ended.checked, None
        self.problem = ended.problem if ended.problem is not None else ended.reason
        self.phase = Phase.CHECKED
        if not ended.is_open:
            self.saved = None
        notice = ended.notice(was_stopped=self._was_stopped)
        self.pending_notices.append(notice)
        self._pending_end = None if self._was_stopped else notice.sentence
