# SPDX-License-Identifier: GPL-3.0-or-later
"""
The command ``triverse batch FILE``: check, quote, confirm, run, report.

Floor: third. Thread: main, which may block on the network here. No ``bpy``.
"""

import argparse
import gc
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..api.errors import TriverseError
from ..api.flows import FLOWS
from ..api.sentence import Sentence
from ..batch.input.order_ids import Identities, identities_of, readable_identities, row_key
from ..batch.library import catalogs
from ..batch.library.asset_writer import AssetWriter, GlbWriter
from ..batch.library.ledger import Ledger, LedgerError, build_hash_of
from ..batch.library.parts import PartLedger, part_folder, unite
from ..batch.outside_files import Outside
from ..batch.results import report
from ..batch.results.finish import report_path, write_report, write_sheets
from ..batch.rows.problems import BatchProblemsError
from ..batch.rows.raw_rows import LeftOut
from ..batch.rows.row import Row
from ..batch.run.equal_rows import keep_models
from ..batch.run.machine_check import check_machine
from ..batch.run.outcome import Outcome, RowResult, untouched
from ..batch.run.plan import PlannedRow, plan
from ..batch.run.quotes import Prices
from ..batch.run.request import BatchCheck, check_request
from ..batch.run.row_table import has_work
from ..batch.run.runner import Runner
from .batch_agreement import Agreement, load, save
from .batch_arguments import limits_from, request_from
from .batch_prices import PriceCheck
from .batch_printer import BatchPrinter
from .batch_progress import BatchProgressPrinter
from .errors import UsageError
from .exit_codes import EXITS, Exit, for_all, for_error, for_interrupt
from .host import Host
from .output import Output
from .output_file import check_report
from .setup import open_engine, open_store, ready_to_send

#: Interval in seconds between two polls of the engine.
_PAUSE_S = 0.05


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
        self._prices = PriceCheck(args, host, output, self._started_s)
        self._whole = request_from(args)
        self._request = self._whole
        self._library = self._whole.library
        self._ledger = Ledger(self._library)
        if args.apart:
            self._library = part_folder(self._whole.library, self._whole.rows)
            self._request = replace(self._whole, library=self._library)
            self._ledger = PartLedger(self._library, self._whole.library)
        self._preparer = host.preparer()
        self._writer: AssetWriter | None = None
        self._left_out: tuple[LeftOut, ...] = ()
        self._report: Path | None = None

    def run(self) -> Exit:
        """
        Run the command.

        :raises TriverseError: nothing was ordered, or the library cannot be written.
        """
        try:
            return self._run()
        except TriverseError as error:
            if not self._args.record:
                raise
            code = for_error(error)
            save(self._whole, Agreement(code, self._output.text(error.sentence)))
            if not self._args.failed_ok:
                raise
            self._output.error(error, code)
            return Exit.DONE
        finally:
            self._close_writer()

    def _run(self) -> Exit:
        args = self._args
        if args.report is not None:
            self._report = check_report(args.report)
        check = self._read_and_check()
        if args.merge:
            return self._merge(check.rows)
        agreement = load(self._whole) if args.checked else Agreement()
        known = Identities(args.batch_id, self._request.file.name)
        check = replace(check, rows=keep_models(check.rows, check.chosen, self._ledger, known))
        chosen_rows = check.chosen_rows
        identities = identities_of(chosen_rows, known)
        with open_store(self._host.settings(args.data, offline=args.offline)) as store:
            planned = plan(
                chosen_rows,
                identities,
                self._ledger,
                store.finder() if store is not None else lambda order_id: None,
                with_blender=not args.glb_only,
                retry_failed=args.retry_failed,
                row_keys_elsewhere=(
                    row_key(row, args.batch_id) for row in check.rows if row.number not in check.chosen
                ),
            )
        self._print.ignored(self._ledger)
        self._print.plan(planned)
        self._check_machine(planned)
        if args.dry_run:
            self._close_writer()  # before the price is asked, which may take minutes
            found = self._prices.dry_run(planned)
            if args.record:
                save(self._whole, found)
            return Exit.DONE
        billable = [one for one in planned if one.is_billable]
        limit = agreement.share(billable) if args.checked else args.max_credits
        prices = self._prices.confirm([one.row for one in billable], limit) if billable else Prices()
        if not has_work(planned):
            return self._finish([untouched(one) for one in planned])
        return self._finish(self._run_rows(planned, prices, self._prices.agreed_limit(prices, limit)))

    # -------------------------------------------------------------------------
    # Before anything is sent

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
        # It writes the models too, with the child that was tried: a start of Blender less.
        self._writer = writer = self._make_writer()
        # A part does not try to render, which takes longest: whoever checks the whole batch does.
        writer.tries_drawing = writer.tries_drawing and self._args.rows is None
        found = check_machine(planned, self._library, settings.download_dir, writer, threading.Event())
        self._print.notes(found.notes)
        if found.problems:
            self._print.problems(found.problems)
            raise BatchProblemsError(found.problems)

    def _confirm_outside_files(self, files: Sequence[Outside]) -> None:
        """
        List the files outside the batch's folder, and ask whether they may be opened.

        :raises TriverseError: stdin is no terminal.
        :raises Declined: the answer is no.
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

    # -------------------------------------------------------------------------
    # Running

    def _make_writer(self) -> AssetWriter:
        if self._args.glb_only:
            return GlbWriter()
        writer = self._host.asset_writer(self._data_dir())
        assert writer is not None, "can_save_blend was asked for"
        return writer

    def _close_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def _data_dir(self) -> Path:
        return self._host.settings(self._args.data, offline=self._args.offline).data_dir

    def _run_rows(self, planned: Sequence[PlannedRow], prices: Prices, limit: int | None) -> list[Outcome]:
        """
        Run the batch to its end.

        :raises TriverseError: the library or the task list cannot be written; nothing was sent.
        :raises KeyboardInterrupt: Ctrl-C or SIGTERM, after the report was written.
        """
        assert self._writer is not None, "the machine was checked"
        self._make_library()
        ids = catalogs.merge(self._library, [one.row.catalog for one in planned])
        settings = ready_to_send(self._args, self._host)
        progress = BatchProgressPrinter(self._output)
        with open_engine(settings, self._host.converter(), self._output, self._preparer) as engine:
            runner = Runner(
                engine,
                planned,
                self._writer,
                self._ledger,
                catalog_ids=ids,
                prices=prices.by_row,
                limits=replace(limits_from(self._args), max_credits=limit),
                batch_id=self._args.batch_id,
            )
            was_interrupted = False
            # More than 50,000 objects of Blender and Python stay to the end: the collector need not look at them again
            # and again for what comes and goes with each row.
            gc.freeze()
            try:
                while not runner.is_over:
                    progress.print_problems(engine.pump(_PAUSE_S).events)
                    runner.step()
                    progress.show(runner.progress(), runner.records())
                    time.sleep(_PAUSE_S)
            except KeyboardInterrupt as signalled:
                was_interrupted = True  # first: the report may fail, or a second Ctrl-C end it
                runner.hold_back()
                self._finish(runner.outcomes(), interrupted=for_interrupt(signalled))
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
    def _finish(self, outcomes: Sequence[Outcome], *, interrupted: Exit | None = None) -> Exit:
        """
        Write the report and the contact sheets, and print the results.

        :param interrupted: exit code if the command was interrupted: no contact sheets are drawn.
        :raises ReportError: the report cannot be written; likewise SheetError for the page. The results were printed.
        """
        report_rows = [report.row_of_outcome(outcome) for outcome in outcomes]
        results = {outcome.result for outcome in outcomes} - ({RowResult.FAILED} if self._args.failed_ok else set())
        code = interrupted or for_all(EXITS[result] for result in results)
        problem = self._write_report(report_rows, code)
        self._print.results(report_rows)
        self._print.next_steps(outcomes, retried=self._args.retry_failed)
        if not self._args.rows and interrupted is None:
            self._write_sheets(report_rows)
        if problem is not None:
            raise problem
        return code

    def _merge(self, rows: Sequence[Row]) -> Exit:
        if not self._ledger.folder.is_dir():
            raise UsageError(Sentence.of("No batch has written into {path} yet.", path=str(self._library)))
        known = Identities(self._args.batch_id, self._request.file.name)
        rows = keep_models(rows, range(1, len(rows) + 1), self._ledger, known)
        keys = {row.number: row_key(row, self._args.batch_id) for row in rows}
        self._unite_parts({keys[row.number]: row for row in rows})
        # Files of rows that were sent already need not exist any more.
        identities, _ = readable_identities(rows, known)
        with_blender = not self._args.glb_only
        report_rows = report.rows_from_ledger(rows, keys, self._ledger, identities, with_blender=with_blender)
        self._print.ignored(self._ledger)
        catalogs.merge(self._library, [row.catalog for row in rows])
        good = {"done", "failed"} if self._args.failed_ok else {"done"}
        code = Exit.DONE if all(row.state in good for row in report_rows) else Exit.FAILED
        problem = self._write_report(report_rows, code)
        self._print.results(report_rows)
        if not any(row.order_id for row in report_rows) and self._ledger.order_ids():
            self._output.say(
                "None of these rows is in the library, but others are. Give --merge the --set and --batch-id of the "
                "command that has ordered them, or they are other rows."
            )
        self._write_sheets(report_rows)
        if problem is not None:
            raise problem
        return code

    def _unite_parts(self, rows: Mapping[str, Row]) -> None:
        """
        Take over what machines without a common disk have written.

        :raises TriverseError: the library cannot be written.
        """
        hashes = {key: build_hash_of(row, with_blender=not self._args.glb_only) for key, row in rows.items()}
        try:
            count = unite(self._library, rows, hashes)
        except OSError as error:
            raise LedgerError(
                Sentence.of(
                    "The library {path} cannot be written ({reason}). Check its permissions and free space.",
                    path=str(self._library),
                    reason=error.strerror or type(error).__name__,
                )
            ) from None
        if count:
            self._output.say(
                Sentence.of("{count} {count|row was|rows were} taken over from the libraries of parts.", count=count)
            )

    def _write_report(self, report_rows: Sequence[report.ReportRow], code: Exit) -> TriverseError | None:
        """Write the report. Return the error if that fails: it is raised after the results were told."""
        if self._report is None and not self._library.is_dir():
            return None
        target = self._report or report_path(self._request)
        try:
            write_report(
                target,
                self._request,
                report_rows,
                self._left_out,
                seconds=time.monotonic() - self._started_s,
                exit_code=int(code),
                ledger_ignored=self._ledger.ignored,
            )
        except TriverseError as error:
            return error
        self._output.say(Sentence.of("Report: {path}", path=str(target)))
        return None

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
