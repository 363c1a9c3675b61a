# SPDX-License-Identifier: GPL-3.0-or-later
"""
The command ``triverse batch FILE``: check, quote, confirm, run, report.

Floor: third. Thread: main, which may block on the network here. No ``bpy``.
"""

import argparse
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..api.errors import (
    ConnectError,
    ConnectionLostError,
    StalledError,
    TooManyRequestsError,
    TriverseError,
    UnavailableError,
)
from ..api.flows import FLOWS
from ..api.payloads import Balance
from ..api.sentence import Sentence
from ..batch.input.order_ids import order_ids, row_key
from ..batch.library import catalogs
from ..batch.library.asset_writer import AssetWriter, GlbWriter
from ..batch.library.ledger import Ledger
from ..batch.outside_files import Outside
from ..batch.problems import BatchProblemsError
from ..batch.raw_rows import LeftOut
from ..batch.results import report
from ..batch.results.finish import report_path, write_report, write_sheets
from ..batch.row import Row
from ..batch.run.machine_check import check_machine
from ..batch.run.outcome import Outcome, untouched
from ..batch.run.plan import PlannedRow, plan
from ..batch.run.quotes import Prices
from ..batch.run.request import BatchCheck, check_request, query_prices_and_balance
from ..batch.run.row_table import has_work
from ..batch.run.runner import Runner
from ..scripting.errors import OverBudgetError
from .batch_arguments import limits_from, request_from
from .batch_printer import BatchPrinter
from .batch_progress import BatchProgressPrinter
from .errors import UsageError
from .exit_codes import EXITS, Exit, for_all, for_error
from .host import Host
from .output import Output
from .setup import open_client, open_engine, open_store, ready_to_send

#: Interval in seconds between two polls of the engine.
_PAUSE_S = 0.05
#: Interval in seconds between two attempts to get the prices during an outage.
_QUERY_PAUSE_S = 5.0
#: Errors that pass by themselves.
_OUTAGES = (ConnectError, ConnectionLostError, StalledError, TooManyRequestsError, UnavailableError)


def batch(args: argparse.Namespace, host: Host, output: Output) -> Exit:
    """Generate all models of a file and write them into an asset library."""
    return _Batch(args, host, output).run()


class _Batch:
    """One run of the command."""

    def __init__(self, args: argparse.Namespace, host: Host, output: Output) -> None:
        self._args = args
        self._host = host
        self._output = output
        self._print = BatchPrinter(output)
        self._started_s = time.monotonic()
        self._request = request_from(args)
        self._library = self._request.library
        self._ledger = Ledger(self._library)
        self._preparer = host.preparer()
        self._left_out: tuple[LeftOut, ...] = ()

    def run(self) -> Exit:
        """
        Run the command.

        :raises TriverseError: nothing was ordered, or the library cannot be written.
        """
        args = self._args
        self._check_report()
        check = self._read_and_check()
        if args.merge:
            return self._merge(check.rows)
        chosen_rows = check.chosen_rows
        keys = {row.number: row_key(row, args.batch_id) for row in chosen_rows}
        ids = order_ids(chosen_rows, args.batch_id)
        with open_store(self._host.settings(args.data, offline=args.offline)) as store:
            planned = plan(
                chosen_rows,
                ids,
                keys,
                self._ledger,
                store.find_by_order_id if store is not None else lambda order_id: None,
                with_blender=not args.glb_only,
                retry_failed=args.retry_failed,
            )
        self._print.ignored(self._ledger)
        self._print.plan(planned)
        billable = [one.row for one in planned if one.is_billable]
        self._check_machine(planned)
        if args.dry_run:
            return self._dry_run(planned, billable)
        prices = self._confirm_prices(billable) if billable else Prices()
        outcomes = self._run_rows(planned, prices) if has_work(planned) else [untouched(one) for one in planned]
        return self._finish(outcomes)

    # -------------------------------------------------------------------------
    # Before anything is sent

    def _check_report(self) -> None:
        """
        Check that ``--report`` does not name an existing file that is no report.

        :raises UsageError: it does.
        """
        if self._args.report is None:
            return
        target = Path(self._args.report).expanduser().absolute()
        if os.path.lexists(target) and not report.is_report(target):
            raise UsageError(
                Sentence.of("{path} is there, and is no report of a batch. Name another file.", path=str(target))
            )

    def _read_and_check(self) -> BatchCheck:
        """
        Read and check the file.

        :return: all rows, and which of them are selected.
        :raises BatchProblemsError: with all problems, after printing them.
        :raises InputError: ``--rows`` selects no row.
        """
        args = self._args
        if not args.glb_only and not args.merge and not self._host.can_save_blend:
            raise UsageError(
                Sentence.of("A .blend file takes Blender. Add --glb-only, or run this with Blender or the bpy module.")
            )
        # For --merge, the source files of rows that were sent already need not exist any more.
        url = self._host.settings(args.data, offline=args.offline).api_url
        check = check_request(self._request, self._preparer, with_sources=not args.merge, service_url=url)
        if check.outside:
            self._confirm_outside_files(check.outside)
            check = check_request(self._request, self._preparer, with_sources=not args.merge, service_url=url)
        self._left_out = check.raw.left_out
        self._print.left_out(self._left_out)
        if check.problems:
            self._print.problems(check.problems)
            raise BatchProblemsError(check.problems)
        for name in dict.fromkeys(row.flow for row in check.rows):
            if FLOWS[name].experimental:
                self._output.say(f"{name}: {FLOWS[name].experimental}")
        return check

    def _check_machine(self, planned: Sequence[PlannedRow]) -> None:
        """
        Check whether this machine can process the rows, before the user is asked and credits are spent.

        :raises BatchProblemsError: a requirement is missing, after printing the affected rows.
        """
        settings = self._host.settings(self._args.data, offline=self._args.offline)
        writer = self._writer()
        try:
            found = check_machine(planned, self._library, settings.download_dir, writer, threading.Event())
        finally:
            writer.close()
        self._print.notes(found.notes)
        if found.problems:
            self._print.problems(found.problems)
            raise BatchProblemsError(found.problems)

    def _query_prices(self, billable: Sequence[Row]) -> tuple[Prices, Balance]:
        settings = ready_to_send(self._args, self._host)
        # A person at a terminal is told at once. Without one, a minute's outage must not end a farm's job.
        is_attended = not self._args.yes and self._args.max_credits is None
        ends_at_s = time.monotonic() + (0.0 if is_attended else self._args.patience)
        if self._args.timeout is not None:
            ends_at_s = min(ends_at_s, self._started_s + self._args.timeout)
        while True:
            try:
                with open_client(settings) as client:
                    prices, balance = query_prices_and_balance(billable, client)
                break
            except _OUTAGES as error:
                if time.monotonic() >= ends_at_s:
                    raise
                self._output.say(Sentence.of("{reason} Trying again.", reason=str(error.sentence)))
                time.sleep(min(_QUERY_PAUSE_S, max(0.0, ends_at_s - time.monotonic())))
        self._print.quote(len(billable), prices, balance.balance)
        return prices, balance

    def _confirm_prices(self, billable: Sequence[Row]) -> Prices:
        """
        Get the prices, and the user's confirmation.

        :return: the prices.
        :raises TriverseError: the price exceeds a limit or the balance, or nobody can be asked.
        :raises KeyboardInterrupt: the user does not confirm.
        """
        prices, balance = self._query_prices(billable)
        self._check_limit(prices)
        if prices.total > balance.balance:
            raise OverBudgetError(
                Sentence.of(
                    "{missing} credits are missing, and nothing was ordered. Add API credits, or choose fewer rows "
                    "with --rows.",
                    missing=prices.total - balance.balance,
                )
            )
        if not self._args.yes and self._args.max_credits is None:
            self._print.confirm(
                "Order them?",
                "Nothing was ordered.",
                Sentence.of("Cannot ask for confirmation: stdin is not a terminal. Add --yes, or --max-credits N."),
            )
        return prices

    def _check_limit(self, prices: Prices) -> None:
        limit = self._args.max_credits
        if limit is not None and prices.unknown:
            raise OverBudgetError(
                Sentence.of(
                    "The service tells no price of {count} rows before they are ordered, so --max-credits cannot be "
                    "kept. Nothing was ordered.",
                    count=len(prices.unknown),
                )
            )
        if limit is not None and prices.total > limit:
            raise OverBudgetError(
                Sentence.of("That is more than the {limit} credits of --max-credits. Nothing was ordered.", limit=limit)
            )

    def _confirm_outside_files(self, files: Sequence[Outside]) -> None:
        """
        List the files outside the batch's folder, and ask whether they may be opened.

        :raises TriverseError: stdin is no terminal.
        :raises KeyboardInterrupt: the answer is no.
        """
        self._print.outside_files(files)
        which, it = ("this file", "it") if len(files) == 1 else (f"these {len(files)} files", "them")
        self._print.confirm(
            f"Open {which}, and send {it} with the batch?",
            "Nothing was opened.",
            Sentence.of(
                "Not all files lie in the folder of {name}, and nothing was opened. If you know {which}, add "
                "--allow-outside-files.",
                which=which,
                name=self._request.file.name,
            ),
        )
        self._request = replace(self._request, allowed=frozenset(one.key for one in files))

    def _dry_run(self, planned: Sequence[PlannedRow], billable: Sequence[Row]) -> Exit:
        self._print.planned_rows(planned)
        try:
            if billable:
                self._check_limit(self._query_prices(billable)[0])
        except OverBudgetError:
            raise
        except TriverseError as error:
            # Under a limit, an unknown price is no consent; and with this key, nothing could be ordered.
            if self._args.max_credits is not None or for_error(error) is Exit.ACCOUNT:
                raise
            self._output.say(Sentence.of("The price is not known: {reason}", reason=str(error.sentence)))
        self._output.say("Nothing was sent." if not billable else "Nothing was ordered.")
        return Exit.DONE

    # -------------------------------------------------------------------------
    # Running

    def _writer(self) -> AssetWriter:
        if self._args.glb_only:
            return GlbWriter()
        writer = self._host.asset_writer(self._data_dir())
        assert writer is not None, "can_save_blend was asked for"
        return writer

    def _data_dir(self) -> Path:
        return self._host.settings(self._args.data, offline=self._args.offline).data_dir

    def _run_rows(self, planned: Sequence[PlannedRow], prices: Prices) -> list[Outcome]:
        """
        Run the batch to its end.

        :raises TriverseError: the library or the task list cannot be written; nothing was sent.
        :raises KeyboardInterrupt: Ctrl-C or SIGTERM, after the report was written.
        """
        self._make_library()
        ids = catalogs.merge(self._library, [one.row.catalog for one in planned])
        settings = ready_to_send(self._args, self._host)
        progress = BatchProgressPrinter(self._output)
        with open_engine(settings, self._host.converter(), self._output, self._preparer) as engine:
            runner = Runner(
                engine,
                planned,
                self._writer(),
                self._ledger,
                catalog_ids=ids,
                prices=prices.by_row,
                limits=limits_from(self._args),
            )
            was_interrupted = False
            try:
                while not runner.is_over:
                    engine.pump(_PAUSE_S)
                    runner.step()
                    progress.show(runner.progress(), runner.records())
                    time.sleep(_PAUSE_S)
            except KeyboardInterrupt:
                was_interrupted = True  # first: the report may fail, or a second Ctrl-C end it
                self._finish(runner.outcomes(), in_haste=True)
                raise
            finally:
                runner.shutdown(cancel_unsent=was_interrupted)
            return runner.outcomes()

    def _make_library(self) -> None:
        try:
            self._library.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                Sentence.of(
                    "The folder {path} cannot be made ({reason}).",
                    path=str(self._library),
                    reason=error.strerror or type(error).__name__,
                )
            ) from None
        self._ledger.make()

    # -------------------------------------------------------------------------
    # Results and report
    def _finish(self, outcomes: Sequence[Outcome], *, in_haste: bool = False) -> Exit:
        report_rows = [report.row_of_outcome(outcome) for outcome in outcomes]
        codes = {EXITS[outcome.result] for outcome in outcomes}
        code = for_all(codes - {Exit.FAILED} if self._args.failed_ok else codes)
        self._write_report(report_rows, code)
        if not self._args.rows and not in_haste:
            self._write_sheets(report_rows)
        self._print.results(report_rows)
        self._print.next_steps(outcomes)
        return code

    def _merge(self, rows: Sequence[Row]) -> Exit:
        if not self._ledger.folder.is_dir():
            raise UsageError(Sentence.of("No batch has written into {path} yet.", path=str(self._library)))
        keys = {row.number: row_key(row, self._args.batch_id) for row in rows}
        report_rows = report.rows_from_ledger(rows, keys, self._ledger)
        self._print.ignored(self._ledger)
        catalogs.merge(self._library, [row.catalog for row in rows])
        code = Exit.DONE if all(row.state == "done" for row in report_rows) else Exit.FAILED
        self._write_report(report_rows, code)
        self._write_sheets(report_rows)
        self._print.results(report_rows)
        return code

    def _write_report(self, report_rows: Sequence[report.ReportRow], code: Exit) -> None:
        target = report_path(self._request)
        if self._args.report is not None:
            target = Path(self._args.report).expanduser().absolute()
        if self._args.report is not None or self._library.is_dir():
            write_report(
                target,
                self._request,
                report_rows,
                self._left_out,
                seconds=time.monotonic() - self._started_s,
                exit_code=int(code),
                ledger_ignored=self._ledger.ignored,
            )
            self._output.say(Sentence.of("Report: {path}", path=str(target)))

    def _write_sheets(self, report_rows: Sequence[report.ReportRow]) -> None:
        if not self._library.is_dir():
            return
        writer = self._host.asset_writer(self._data_dir()) if not self._args.glb_only else None
        try:
            sheets = write_sheets(self._request, report_rows, writer, threading.Event())
        finally:
            if writer is not None:
                writer.close()
        for path in (sheets.page, *sheets.pictures):
            self._output.say(Sentence.of("Contact sheet: {path}", path=str(path)))
        if sheets.problem is not None:
            self._output.say(sheets.problem)
