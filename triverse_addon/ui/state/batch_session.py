# SPDX-License-Identifier: GPL-3.0-or-later
"""
The batch of this Blender session: the chosen file, the state of its rows, and the tick that advances it.

Floor: third. Thread: main. Imports no ``bpy``. Work that reads files or waits for the network runs in ``batch_worker``
on a separate thread, one job at a time. Its results are taken over as dataclasses at a tick.

The batch uses the engine of the session, and so its store and its leases. The task list shows the tasks of a batch too.
"""

import dataclasses
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...api.errors import TriverseError, UnforeseenError
from ...api.sentence import Sentence
from ...api.unexpected_errors import UNFORESEEN
from ...batch.problems import BatchProblemsError
from ...batch.run.outcome import End, Outcome, Progress, Standing
from ...batch.run.plan import Planned
from ...batch.run.request import Asked, library_for
from ...batch.run.resume import Begun
from ...batch.run.row_table import Checked, Line, has_work
from ...batch.run.runner import Limits, Runner
from ...tasks.events import Notice
from .batch_worker import Ended, Offer, Started, Worker

if TYPE_CHECKING:
    from ...batch.library.asset_writer import AssetWriter
    from ...tasks.engine.engine import Engine
    from ...tasks.preparer import Preparer

log = logging.getLogger(__name__)

#: Interval at which counts and remaining time are updated, in seconds.
_PROGRESS_S = 0.5
#: Time after a failed price request before the next one, in seconds.
_ASK_AGAIN_S = 30.0
_NOTHING = Standing()


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


class BatchSession:
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
        self.asked: Asked | None = None
        self.checked: Checked | None = None
        self.offer: Offer | None = None
        """Price and balance, or why they are unknown; None before the service was asked."""
        self.progress: Progress | None = None
        self.ended: Ended | None = None
        """The result of the last run."""
        self.begun: Begun | None = None
        """The unfinished batch, which can be resumed without another confirmation."""
        self.problem: Sentence | None = None
        """Why the last request of the user failed."""
        self.is_asking = False
        """The price is being requested from the service."""
        self.recalled_jobs = 0
        """Number of simultaneous tasks of a resumed batch, until it was copied to the panel; then 0."""
        self.rows_show: Sequence[Line] = ()
        """The lines for which the rows of the table were last written."""
        self.untold: deque[Notice] = deque()
        """Notices that the session has not shown yet."""
        self._engine = engine
        self._worker = Worker(engine, preparer, make_writer)
        self._thread: ThreadPoolExecutor | None = None
        self._job: tuple[Future[Any], Callable[[Any], None]] | None = None
        self._runner: Runner | None = None
        self._outcomes: Mapping[int, Outcome] = {}
        self._reckoned_s = 0.0
        self._ask_again_s = 0.0
        self._was_stopped = False
        if self._worker.has_memory():
            self._do(self._worker.recall, self._recalled)

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
        return self.is_busy or self._job is not None

    @property
    def lines(self) -> Sequence[Line]:
        """The lines of the table; empty before the file was checked."""
        return self.checked.lines if self.checked is not None else ()

    def standing(self, number: int) -> Standing:
        """
        Return the state of a row in this run, or at the end of the last run. Reads memory only.

        :param number: number of the row.
        """
        if self._runner is not None:
            return self._runner.standing(number)
        outcome = self._outcomes.get(number)
        return Standing(outcome, outcome.record) if outcome is not None else _NOTHING

    def costly(self, *, retry: bool = False) -> list[Planned]:
        """
        Return the rows of a run that may cost credits.

        :param retry: a run that retries the failed rows only.
        """
        if self.checked is None:
            return []
        return self.checked.costly_retries if retry else self.checked.costly

    def cost(self, *, retry: bool = False) -> int | None:
        """
        Return the known price of a run in credits, without rows whose price the service does not quote.

        :returns: None while the price is unknown.
        """
        costly = self.costly(retry=retry)
        if not costly:
            return 0
        if self.offer is None or self.offer.prices is None:
            return None
        return sum(self.offer.prices.by_row.get(one.row.number, 0) for one in costly)

    def unknown_count(self, *, retry: bool = False) -> int:
        """Return the number of rows whose price the service does not quote in advance."""
        if self.offer is None or self.offer.prices is None:
            return 0
        return sum(one.row.number not in self.offer.prices.by_row for one in self.costly(retry=retry))

    def is_agreed(self) -> bool:
        """
        Return whether the user has already confirmed the costs of a run, because it resumes an unfinished batch.

        True if neither the price nor the set of rows that may cost credits exceeds what was confirmed.
        """
        cost = self.cost()
        if self.begun is None or self.checked is None or cost is None:
            return False
        return cost <= self.begun.credits and self.begun.agreed.issuperset(one.order_id for one in self.checked.costly)

    @property
    def goes_on(self) -> bool:
        """True if a run would resume an unfinished batch."""
        return self.begun is not None and self.checked is not None and self.checked.has_work

    # -------------------------------------------------------------------------
    # Requests of the user

    def choose(self, file: Path, library: Path | None = None) -> None:
        """
        Choose a file or a folder of pictures, and start checking it.

        :param library: folder of the asset library; None for the default one of ``file``.
        """
        self._let_go()
        self.asked = Asked(file, library or library_for(file))
        self.check()

    def choose_library(self, library: Path) -> None:
        """Choose another asset library for the models, and check the file again."""
        if self.asked is not None and not self.is_busy and library != self.asked.library:
            self.choose(self.asked.file, library)

    def allow_outside(self) -> None:
        """Allow the input files outside the batch file's folder, which the user has confirmed, and check again."""
        if self.asked is not None and self.checked is not None and not self.is_busy:
            allowed = self.asked.allowed | {one.key for one in self.checked.outside}
            self.asked = dataclasses.replace(self.asked, allowed=allowed)
            self.check()

    def check(self) -> None:
        """Start checking the file. Does nothing while work is in progress."""
        if self.asked is None or self.is_busy:
            return
        self.phase = Phase.CHECKING
        self.problem = self.offer = None
        self.is_asking = False
        asked = self.asked
        self._do(lambda: self._worker.check(asked), self._seen)

    def ask_price(self, *, may_ask: bool) -> None:
        """
        Request price and balance, if they are not known and any row may cost credits.

        :param may_ask: whether requests to the service are possible.
        """
        checked = self.checked
        if not may_ask or checked is None or self.is_busy or self._job is not None:
            return
        if self.offer is not None and (self.offer.problem is None or time.monotonic() < self._ask_again_s):
            return
        costly = {one.row.number: one.row for one in (*checked.costly, *checked.costly_retries)}
        if costly:
            self.is_asking = True
            settings = self._engine.settings
            self._do(lambda: self._worker.ask(tuple(costly.values()), settings), self._offered)

    def run(self, jobs: int, *, retry: bool = False) -> None:
        """
        Start a run. The user has confirmed its price.

        :param jobs: number of simultaneous tasks.
        :param retry: run the failed rows only.
        """
        checked = self.checked
        if checked is None or self.is_busy:
            return
        planned = checked.retries if retry else checked.planned
        if not has_work(planned):
            return
        begun = self._to_remember(checked, jobs, retry=retry)
        prices = self.offer.prices.by_row if self.offer is not None and self.offer.prices is not None else {}
        self.phase = Phase.STARTING
        self.problem = self.ended = self.progress = None
        self._outcomes = {}
        self._was_stopped = False
        self._do(lambda: self._worker.start(begun, planned, prices, Limits(jobs=begun.jobs)), self._started)

    def _to_remember(self, checked: Checked, jobs: int, *, retry: bool) -> Begun:
        agreed = frozenset(one.order_id for one in self.costly(retry=retry))
        cost = self.cost(retry=retry) or 0
        if self.begun is not None and not retry and self.is_agreed():
            return dataclasses.replace(self.begun, jobs=jobs)
        return Begun(checked.asked, jobs, agreed, cost)

    def stop(self) -> None:
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
            if self.asked is not None and self.begun is not None:
                asked = self.asked
                self._do(lambda: self._worker.forget(asked), lambda _: None)
            self._let_go()
            self.phase = Phase.EMPTY

    def _let_go(self) -> None:
        self.asked = self.checked = self.offer = self.progress = self.ended = self.begun = self.problem = None
        self.is_asking = False
        self._outcomes = {}

    # -------------------------------------------------------------------------
    # The tick

    def tick(self) -> bool:
        """Take over results of the worker and advance a run; return whether anything visible has changed."""
        changed = self._hear()
        if self.phase is Phase.RUNNING and self._runner is not None:
            self._runner.step()
            now_s = time.monotonic()
            if now_s - self._reckoned_s >= _PROGRESS_S or self._runner.is_over:
                self._reckoned_s = now_s
                self.progress = self._runner.progress()
                changed = True
            if self._runner.is_over:
                self._end_run()
        return changed

    def end(self) -> None:
        """
        Shut down, because Blender exits or the add-on is disabled. Waits for the worker's thread.

        An unfinished batch is offered to be resumed at the next start.
        """
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.halt()
        if self._thread is not None:
            self._worker.give_up()
            self._thread.shutdown(wait=True, cancel_futures=True)
        if runner is None and self._job is not None and self.phase is Phase.STARTING:
            runner = _runner_of(self._job[0])
        if runner is not None:
            runner.stop()
        self._worker.close()

    def _end_run(self) -> None:
        runner, begun = self._runner, self.begun
        if runner is None or begun is None:
            return
        runner.halt()
        self.phase = Phase.ENDING
        in_haste = self._was_stopped
        self._do(lambda: self._worker.finish(runner, begun, in_haste=in_haste), self._has_ended)

    # -------------------------------------------------------------------------
    # Results of the worker

    def _do(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="triverse-batch")
        self._job = (self._thread.submit(work), then)

    def _hear(self) -> bool:
        if self._job is None or not self._job[0].done():
            return False
        future, then = self._job
        self._job = None
        try:
            then(future.result())
        except BatchProblemsError as error:
            self._failed(error.sentence)
            if self.checked is not None:
                self.checked = self.checked.with_problems(error.problems)
        except TriverseError as error:
            self._failed(error.sentence)
        except UNFORESEEN as error:
            # Report any error, so that the batch does not stay in its present phase.
            log.exception("A batch's work failed")
            self._failed(UnforeseenError(error).sentence)
        return True

    def _failed(self, sentence: Sentence) -> None:
        self.problem = sentence
        self.is_asking = False
        self._runner = None
        if self.phase is not Phase.EMPTY:
            self.phase = Phase.CHECKED

    def _recalled(self, begun: Begun | None) -> None:
        if begun is not None and self.phase is Phase.EMPTY:
            self.begun, self.asked, self.recalled_jobs = begun, begun.asked, begun.jobs
            self.check()

    def _seen(self, checked: Checked) -> None:
        self.checked = checked
        self.phase = Phase.CHECKED
        if self.begun is not None and not checked.problems and not checked.has_work:
            # All rows were done when Blender exited; only the saved state was not deleted yet.
            self.begun = None
            self._do(lambda: self._worker.forget(checked.asked), lambda _: None)

    def _offered(self, offer: Offer) -> None:
        self.is_asking = False
        self.offer = offer
        self._ask_again_s = time.monotonic() + _ASK_AGAIN_S

    def _started(self, started: Started) -> None:
        self._runner = started.runner
        self.begun = started.begun
        self.progress = started.runner.progress()
        self.untold.extend(Notice("WARNING", note) for note in started.notes)
        self.phase = Phase.RUNNING

    def _has_ended(self, ended: Ended) -> None:
        self._runner = None
        self._outcomes = {outcome.planned.row.number: outcome for outcome in ended.outcomes}
        self.ended, self.checked, self.offer = ended, ended.checked, None
        self.problem = ended.problem if ended.problem is not None else ended.reason
        self.phase = Phase.CHECKED
        if not ended.is_open:
            self.begun = None
        self.untold.append(_notice(ended, was_stopped=self._was_stopped))


def _runner_of(future: Future[Any]) -> Runner | None:
    """Return the run that a finished job has started, so that it can be stopped; None if there is none."""
    if future.cancelled() or future.exception() is not None:
        return None
    started = future.result()
    return started.runner if isinstance(started, Started) else None


def _notice(ended: Ended, *, was_stopped: bool) -> Notice:
    ends = [outcome.end for outcome in ended.outcomes]
    done, failed = ends.count(End.DONE), ends.count(End.FAILED)
    if was_stopped:
        return Notice("INFO", Sentence.of("The batch was stopped. Press Continue to resume."))
    if ended.is_open:
        return Notice("WARNING", Sentence.of("The batch ended before all its rows were done. The panel says why."))
    if failed:
        return Notice(
            "WARNING",
            Sentence.of(
                "The batch is done: {done} models are in the library, {failed} failed.", done=done, failed=failed
            ),
        )
    return Notice("INFO", Sentence.of("The batch is done: {done} models are in the library.", done=done))
