# SPDX-License-Identifier: GPL-3.0-or-later
"""
The slow work of a batch outside the main thread: check the file, get the price, start a run, write report and sheets.

Floor: between second and third. Thread: the batch's thread, one job at a time, except :meth:`Worker.cancel`,
:meth:`Worker.has_saved_batch` and :meth:`Worker.close`. No ``bpy``.
"""

import contextlib
import dataclasses
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..api.errors import TriverseError
from ..api.payloads import Balance
from ..api.sentence import Sentence
from ..batch.library import catalogs
from ..batch.library.ledger import Ledger
from ..batch.results import report
from ..batch.results.finish import report_path, write_report, write_sheets
from ..batch.rows.problems import BatchProblemsError
from ..batch.rows.row import Row
from ..batch.run import resume
from ..batch.run.limits import Limits
from ..batch.run.machine_check import check_machine
from ..batch.run.outcome import Outcome, RowResult, untouched
from ..batch.run.plan import PlannedRow
from ..batch.run.quotes import Prices
from ..batch.run.request import BatchRequest, query_prices_and_balance
from ..batch.run.resume import SavedBatch
from ..batch.run.row_table import RowTable, build_table
from ..batch.run.runner import Runner
from ..tasks.converter import ConvertStopped
from ..tasks.engine.context import make_client
from ..tasks.record.events import Notice
from ..tasks.record.record import TaskRecord
from ..tasks.settings import Settings
from ..tasks.store.lease import Owner
from .abandoning import until_stopped

if TYPE_CHECKING:
    from ..api.client import Client
    from ..batch.library.asset_writer import AssetWriter
    from ..tasks.engine.engine import Engine
    from ..tasks.preparer import Preparer

log = logging.getLogger(__name__)

#: Results of rows that end a run early. The batch can be resumed later.
_EARLY = frozenset({RowResult.ACCOUNT, RowResult.SERVICE, RowResult.TIMED_OUT, RowResult.STOPPED})
_OPEN = _EARLY | {RowResult.OPEN}


@dataclass(frozen=True, slots=True)
class Offer:
    """
    Prices of rows and the account balance.

    :ivar prices: None if they are unknown.
    :ivar balance: in credits.
    :ivar problem: why prices and balance are unknown, else None.
    :ivar at_s: when they were read, in seconds of the monotonic clock.
    """

    prices: Prices | None = None
    balance: int = 0
    problem: Sentence | None = None
    at_s: float = dataclasses.field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class Dearer:
    """A run that was not started, because it became dearer after its price was shown. Nothing was ordered."""

    offer: Offer
    sentence: Sentence

    @classmethod
    def than_shown(cls, offer: Offer, cost: int, shown: int) -> "Dearer":
        """Return what to tell: the run costs this many credits, and not as many as were shown."""
        return cls(
            offer,
            Sentence.of(
                "The service has changed its prices: this costs {cost} {cost|credit|credits}, and not {limit} as was "
                "shown. Nothing was ordered. Press the button again if you agree.",
                cost=cost,
                limit=shown,
            ),
        )


@dataclass(frozen=True, slots=True)
class Started:
    """
    A run that was started.

    :ivar notes: warnings about what this machine cannot do for the run.
    """

    runner: Runner
    saved: SavedBatch
    notes: tuple[Sentence, ...] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """
    The result of a run.

    :ivar checked: the batch, checked again after the run.
    :ivar is_open: rows are left that another run can complete.
    :ivar credits: credits spent in the run.
    :ivar report: path of the report, None if it could not be written.
    :ivar page: path of the contact sheet, None if there is none.
    :ivar problem: why report or sheets could not be written.
    :ivar reason: why the run ended early; None if it did not, or if the user stopped it.
    """

    outcomes: tuple[Outcome, ...]
    checked: RowTable
    is_open: bool
    credits: int
    report: Path | None = None
    page: Path | None = None
    problem: Sentence | None = None
    reason: Sentence | None = None

    def notice(self, *, was_stopped: bool) -> Notice:
        """
        Return the notice about the end of the run.

        :param was_stopped: the user has stopped it.
        """
        results = [outcome.result for outcome in self.outcomes]
        done, failed = results.count(RowResult.DONE), results.count(RowResult.FAILED)
        if was_stopped:
            return Notice("INFO", Sentence.of("The batch was stopped. Press Continue to resume."))
        if self.is_open:
            return Notice("WARNING", Sentence.of("The batch ended before all its rows were done. The panel says why."))
        if failed:
            return Notice(
                "WARNING",
                Sentence.of(
                    "The batch is done: {done} {done|model is|models are} in the library, {failed} failed.",
                    done=done,
                    failed=failed,
                ),
            )
        return Notice(
            "INFO", Sentence.of("The batch is done: {done} {done|model is|models are} in the library.", done=done)
        )


class Worker:
    """
    Runs the slow parts of a batch (check, price, start, report) on its thread.

    :param preparer: prepares input files before the upload; None if not available.
    :param make_writer: creates the writer that writes models into an asset library.
    """

    def __init__(self, engine: "Engine", preparer: "Preparer | None", make_writer: "Callable[[], AssetWriter]") -> None:
        self._engine = engine
        self._preparer = preparer
        self._make_writer = make_writer
        self._data_dir = engine.settings.data_dir
        self._owner: Owner | None = None
        self._client: Client | None = None
        self._stop = threading.Event()

    def has_saved_batch(self) -> bool:
        """Return whether there may be a saved batch to resume. Does one file-system check."""
        return (self._data_dir / resume.FOLDER).is_dir()

    def cancel(self) -> None:
        """Cancel the present job: set the stop event, and close the HTTP client. Does not wait."""
        self._stop.set()
        if self._client is not None:
            self._client.close()

    def close(self) -> None:
        """Release the lock file that shows other Blender processes that this one may be running a batch."""
        if self._owner is not None:
            self._owner.close()

    def load_batch(self) -> SavedBatch | None:
        """Return the saved batch to resume, or None. Batches that another running process owns are skipped."""
        owner = self._own()
        return resume.load_batch(self._data_dir, lambda name: name == owner.name or owner.is_dead(name))

    def delete_batch(self, request: BatchRequest) -> None:
        """Delete the saved state of a batch."""
        resume.delete_batch(self._data_dir, request)

    def check(self, request: BatchRequest) -> RowTable:
        """
        Read and check a batch.

        :raises ConvertStopped: :meth:`cancel` was called.
        """
        find = self._engine.store.finder()

        def go_on() -> None:
            if self._stop.is_set():
                raise ConvertStopped(Sentence.of("The batch is ending."))

        def find_by_order_id(order_id: str) -> TaskRecord | None:
            go_on()
            return find(order_id)

        return build_table(request, self._preparer, find_by_order_id, self._engine.settings.api_url, go_on)

    def query_offer(self, billable: Sequence[Row], settings: Settings) -> Offer:
        """
        Request the prices of rows and the account balance from the service.

        :returns: with a problem if the request failed; errors are not raised.
        """
        try:
            prices, balance = self.query_prices(billable, settings)
        except TriverseError as error:
            return Offer(problem=error.sentence)
        return Offer(prices, balance.balance)

    def query_prices(self, billable: Sequence[Row], settings: Settings) -> tuple[Prices, Balance]:
        """
        Request the prices of rows and the account balance from the service.

        :raises TriverseError: the service was not reached, or rejected the key.
        :raises ConvertStopped: :meth:`cancel` was called.
        """

        def query() -> tuple[Prices, Balance]:
            with make_client(settings) as self._client:
                return query_prices_and_balance(billable, self._client)

        return until_stopped(query, self._stop)

    def start_at_price(
        self,
        billable: Sequence[Row],
        settings: Settings,
        saved: SavedBatch,
        planned: Sequence[PlannedRow],
        prices: Mapping[int, int],
        limits: Limits,
    ) -> Started | Dearer:
        """
        Start a run, see :meth:`start`, if the service still takes no more for it than was shown.

        What the service does not tell now is left to the limits.

        :param billable: the rows whose prices are asked for, also those that are not in this run.
        :param prices: what was shown.
        """
        if billable:
            offer = self.query_offer(billable, settings)
            if offer.prices is not None:
                now = {number: offer.prices.by_row.get(number, price) for number, price in prices.items()}
                if (cost := sum(now.values())) > (shown := sum(prices.values())):
                    return Dearer.than_shown(offer, cost, shown)
                prices = now
        return self.start(saved, planned, prices, limits)

    def start(
        self, saved: SavedBatch, planned: Sequence[PlannedRow], prices: Mapping[int, int], limits: Limits
    ) -> Started:
        """
        Check that this machine can do what the rows need, and start a run.

        :param prices: quoted credits by row number.
        :raises BatchProblemsError: this machine cannot do it. Nothing was sent.
        :raises LedgerError: the library cannot be written. Nothing was sent.
        """
        with contextlib.ExitStack() as on_error:
            writer = self._make_writer()
            on_error.callback(writer.close)
            found = check_machine(
                planned, saved.request.library, self._engine.settings.download_dir, writer, self._stop
            )
            if found.problems:
                raise BatchProblemsError(found.problems)
            ledger = Ledger(saved.request.library)
            ledger.make()
            ids = catalogs.merge(ledger.library, [one.row.catalog for one in planned])
            saved = dataclasses.replace(saved, owner=self._own().name)
            self._save_batch(saved)
            runner = Runner(
                self._engine,
                planned,
                writer,
                ledger,
                catalog_ids=ids,
                prices=prices,
                limits=limits,
                batch_id=saved.request.batch_id,
            )
            on_error.pop_all()  # from here on the runner closes the writer
        return Started(runner, saved, tuple(note.sentence for note in found.notes))

    def finish(self, runner: Runner, saved: SavedBatch, *, was_stopped: bool) -> Ended:
        """
        End a run, and write its report and contact sheets.

        :param was_stopped: the user has stopped the run: unsent tasks are not sent, and no contact sheets are written.
        """
        runner.shutdown(cancel_unsent=was_stopped)
        outcomes, progress = runner.outcomes(), runner.progress()
        ended = self._conclude(saved.request, outcomes, runner.elapsed_s, with_sheets=not was_stopped)
        if ended.is_open:
            self._save_batch(dataclasses.replace(saved, owner=""))
        else:
            resume.delete_batch(self._data_dir, saved.request)
        return dataclasses.replace(ended, credits=progress.credits)

    def finish_idle(self, request: BatchRequest, planned: Sequence[PlannedRow]) -> Ended:
        """Write report and contact sheets of a batch in which nothing is left to do."""
        return self._conclude(request, [untouched(one) for one in planned], 0.0, with_sheets=True)

    def _conclude(
        self, request: BatchRequest, outcomes: Sequence[Outcome], seconds: float, *, with_sheets: bool
    ) -> Ended:
        report_rows = [report.row_of_outcome(outcome) for outcome in outcomes]
        checked = self.check(request)
        written, page, problem = None, None, None
        try:
            write_report(report_path(request), request, report_rows, checked.left_out, seconds=seconds)
            written = report_path(request)
            if with_sheets:
                page, problem = self._write_sheets(request, report_rows)
        except TriverseError as error:
            problem = error.sentence
        is_open = any(outcome.result in _OPEN for outcome in outcomes)
        reason = next((outcome.sentence for outcome in outcomes if outcome.result in _EARLY), None)
        return Ended(tuple(outcomes), checked, is_open, 0, written, page, problem, reason)

    def _write_sheets(
        self, request: BatchRequest, report_rows: Sequence[report.ReportRow]
    ) -> tuple[Path, Sentence | None]:
        writer = self._make_writer()
        try:
            sheets = write_sheets(request, report_rows, writer if request.with_blender else None, self._stop)
        finally:
            writer.close()
        return sheets.page, sheets.problem

    def _save_batch(self, saved: SavedBatch) -> None:
        try:
            resume.save_batch(self._data_dir, saved)
        except OSError as error:
            # Not fatal: after a crash, the user has to choose the file again.
            log.warning("a batch is not kept in mind: %s", error)

    def _own(self) -> Owner:
        if self._owner is None:
            self._owner = Owner(self._data_dir / "owners")
        return self._owner
