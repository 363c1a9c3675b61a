# SPDX-License-Identifier: GPL-3.0-or-later
"""
The batch of this Blender: what was chosen, how it stands, and the tick that carries it on.

Floor: third. Thread: main. Imports no ``bpy``. What reads files or waits for the network is done by ``batch_worker`` in
a thread of the batch's own, one thing after another; its results come back as dataclasses at a tick.

It runs on the engine of the session, and so under its store and its leases: the list of tasks shows its tasks too.
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

#: How often counts and time left are reckoned anew, in seconds.
_PROGRESS_S = 0.5
#: After this time a price that was not told is asked for again, in seconds.
_ASK_AGAIN_S = 30.0
_NOTHING = Standing()


class Phase(StrEnum):
    """What the batch is at."""

    EMPTY = "empty"
    """No file is chosen."""
    CHECKING = "checking"
    """The file is being read and checked."""
    CHECKED = "checked"
    """Its rows, or what is wrong with them, are known. Also after a run."""
    STARTING = "starting"
    RUNNING = "running"
    ENDING = "ending"
    """The last writers end; report and contact sheets are written."""


#: Something happens by itself.
_BUSY = frozenset({Phase.CHECKING, Phase.STARTING, Phase.RUNNING, Phase.ENDING})


class BatchSession:
    """
    The batch of a session.

    :param make_writer: makes what writes models into a library.
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
        """Price and balance, once the service has told them."""
        self.progress: Progress | None = None
        self.ended: Ended | None = None
        """How the last run ended."""
        self.begun: Begun | None = None
        """What was begun and is not over: it goes on without another question."""
        self.problem: Sentence | None = None
        """Why the last thing that was asked for could not be done."""
        self.is_asking = False
        """The service is being asked for the price."""
        self.recalled_jobs = 0
        """How many tasks at once the batch from last time was begun with, until the panel has taken it over."""
        self.rows_show: Sequence[Line] = ()
        """What the rows of the table were last made of."""
        self.untold: deque[Notice] = deque()
        """What the session has yet to tell."""
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
    # What is shown

    @property
    def is_busy(self) -> bool:
        """Whether something is under way, so that nothing else can be begun."""
        return self.phase in _BUSY

    @property
    def is_running(self) -> bool:
        """Whether rows are being made."""
        return self.phase in (Phase.STARTING, Phase.RUNNING, Phase.ENDING)

    @property
    def needs_ticks(self) -> bool:
        """Whether ticks should follow each other quickly."""
        return self.is_busy or self._job is not None

    @property
    def lines(self) -> Sequence[Line]:
        """The table's lines."""
        return self.checked.lines if self.checked is not None else ()

    def standing(self, number: int) -> Standing:
        """Return where a row stands in this run or stood at the end of the last, from memory."""
        if self._runner is not None:
            return self._runner.standing(number)
        outcome = self._outcomes.get(number)
        return Standing(outcome, outcome.record) if outcome is not None else _NOTHING

    def costly(self, *, retry: bool = False) -> list[Planned]:
        """Return the rows of a run that may cost something."""
        if self.checked is None:
            return []
        return self.checked.costly_retries if retry else self.checked.costly

    def cost(self, *, retry: bool = False) -> int | None:
        """Return what a run costs in credits, as far as the service tells; None while it is not known."""
        costly = self.costly(retry=retry)
        if not costly:
            return 0
        if self.offer is None or self.offer.prices is None:
            return None
        return sum(self.offer.prices.by_row.get(one.row.number, 0) for one in costly)

    def unknown_count(self, *, retry: bool = False) -> int:
        """Return of how many rows the service does not tell the price before it takes it."""
        if self.offer is None or self.offer.prices is None:
            return 0
        return sum(one.row.number not in self.offer.prices.by_row for one in self.costly(retry=retry))

    def is_agreed(self) -> bool:
        """Tell whether the user has agreed to what a run costs: it goes on with what was begun."""
        cost = self.cost()
        if self.begun is None or self.checked is None or cost is None:
            return False
        return cost <= self.begun.credits and self.begun.agreed.issuperset(one.order_id for one in self.checked.costly)

    @property
    def goes_on(self) -> bool:
        """Whether a run would go on with what an earlier one has begun."""
        return self.begun is not None and self.checked is not None and self.checked.has_work

    # -------------------------------------------------------------------------
    # What the user asks for

    def choose(self, file: Path, library: Path | None = None) -> None:
        """Take a file or a folder of pictures, and check it."""
        self._let_go()
        self.asked = Asked(file, library or library_for(file))
        self.check()

    def choose_library(self, library: Path) -> None:
        """Have the models written into another library."""
        if self.asked is not None and not self.is_busy and library != self.asked.library:
            self.choose(self.asked.file, library)

    def allow_outside(self) -> None:
        """Have the files opened that do not lie in the file's folder: the user knows them."""
        if self.asked is not None and self.checked is not None and not self.is_busy:
            allowed = self.asked.allowed | {one.key for one in self.checked.outside}
            self.asked = dataclasses.replace(self.asked, allowed=allowed)
            self.check()

    def check(self) -> None:
        """Check the file again."""
        if self.asked is None or self.is_busy:
            return
        self.phase = Phase.CHECKING
        self.problem = self.offer = None
        self.is_asking = False
        asked = self.asked
        self._do(lambda: self._worker.check(asked), self._seen)

    def ask_price(self, *, may_ask: bool) -> None:
        """Ask for price and balance, if they are not known and anything costs."""
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
        """Make the rows. What it costs was agreed to."""
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
        """Order nothing more; what was ordered goes on at the service, and is there when the batch goes on."""
        if self.phase is Phase.RUNNING:
            self._was_stopped = True
            self._end_run()

    def close(self) -> None:
        """Put the file away, and let go of what was begun: nothing is offered to go on."""
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
        """Carry it on; returns whether something that is visible has changed."""
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
        """End at once, for Blender or the add-on ends. What was begun is offered to go on at the next start."""
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
    # What came back

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
            # Whatever it was, the panel must not stand still in "Checking" for ever.
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
            # All was done but for the last word when Blender ended.
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
    """Return the run that a job has begun although nobody will carry it on."""
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
