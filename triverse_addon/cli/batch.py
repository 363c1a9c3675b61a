# SPDX-License-Identifier: GPL-3.0-or-later
"""
The command ``triverse batch FILE``: check, quote, confirm, run, report.

Floor: third. Thread: main, which may block on the network here. No ``bpy``.
"""

import argparse
import os
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from ..api.errors import TriverseError
from ..api.flows import FLOWS
from ..api.payloads import Balance
from ..api.sentence import Sentence
from ..batch.input.order_ids import order_ids, row_key
from ..batch.library import catalogs
from ..batch.library.asset_writer import AssetWriter, GlbWriter
from ..batch.library.ledger import Ledger
from ..batch.outside_files import Outside
from ..batch.problems import MOST_TOLD, BatchProblemsError, Problem
from ..batch.raw_rows import LeftOut
from ..batch.results import report
from ..batch.results.finish import report_path, write_report, write_sheets
from ..batch.row import Row
from ..batch.run.machine_check import examine
from ..batch.run.outcome import End, Outcome
from ..batch.run.plan import Left, Planned, plan
from ..batch.run.quotes import Prices
from ..batch.run.request import Look, ask, look
from ..batch.run.runner import Runner, untouched
from .batch_arguments import asked_of, limits_of
from .batch_progress import BatchProgress
from .errors import TooDearError, UsageError
from .exit_codes import Exit, for_all
from .host import Host
from .output import Output
from .setup import open_client, open_engine, open_store, ready_to_send

#: Interval in seconds between two polls of the engine.
_PAUSE_S = 0.05

_EXITS = {
    End.DONE: Exit.DONE,
    End.FAILED: Exit.FAILED,
    End.ACCOUNT: Exit.ACCOUNT,
    End.SERVICE: Exit.SERVICE,
    End.TIMED_OUT: Exit.TIMED_OUT,
    End.OPEN: Exit.DONE,
}


def batch(args: argparse.Namespace, host: Host, output: Output) -> Exit:
    """Generate all models of a file and write them into an asset library."""
    return _Batch(args, host, output).run()


class _Batch:
    """One run of the command."""

    def __init__(self, args: argparse.Namespace, host: Host, output: Output) -> None:
        self._args = args
        self._host = host
        self._output = output
        self._began_s = time.monotonic()
        self._asked = asked_of(args)
        self._library = self._asked.library
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
        seen = self._look()
        if args.merge:
            return self._merge(seen.rows)
        chosen_rows = seen.chosen_rows
        keys = {row.number: row_key(row, args.batch_id) for row in chosen_rows}
        ids = order_ids(chosen_rows, args.batch_id)
        with open_store(self._host.settings(args.data, offline=args.offline)) as store:
            planned = plan(
                chosen_rows,
                ids,
                keys,
                self._ledger,
                store.by_order if store is not None else lambda order_id: None,
                with_blender=not args.glb_only,
                retry_failed=args.retry_failed,
            )
        self._tell_ignored()
        self._tell_plan(planned)
        costly = [one.row for one in planned if one.may_cost]
        self._examine(planned)
        if args.dry_run:
            return self._dry_run(planned, costly)
        prices = self._agree(costly) if costly else Prices()
        outcomes = self._drive(planned, prices) if _has_work(planned) else _ends_of(planned)
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

    def _look(self) -> Look:
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
        seen = look(self._asked, self._preparer, with_sources=not args.merge, service_url=url)
        if seen.outside:
            self._ask_about(seen.outside)
            seen = look(self._asked, self._preparer, with_sources=not args.merge, service_url=url)
        self._tell_left_out(seen.raw.left_out)
        if seen.problems:
            self._tell_problems(seen.problems)
            raise BatchProblemsError(seen.problems)
        for name in dict.fromkeys(row.flow for row in seen.rows):
            if FLOWS[name].experimental:
                self._output.say(f"{name}: {FLOWS[name].experimental}")
        return seen

    def _tell_problems(self, problems: Sequence[Problem]) -> None:
        for problem in problems:
            self._output.emit("problem", line=problem.line, column=problem.column, message=str(problem.sentence))
        for problem in problems[:MOST_TOLD]:
            self._output.say(str(problem))
        if len(problems) > MOST_TOLD:
            self._output.say(Sentence.of("… and {count} more.", count=len(problems) - MOST_TOLD))

    def _examine(self, planned: Sequence[Planned]) -> None:
        """
        Check whether this machine can process the rows, before the user is asked and credits are spent.

        :raises BatchProblemsError: a requirement is missing, after printing the affected rows.
        """
        settings = self._host.settings(self._args.data, offline=self._args.offline)
        writer = self._writer()
        try:
            found = examine(planned, self._library, settings.download_dir, writer, threading.Event())
        finally:
            writer.close()
        for note in found.notes:
            self._output.emit("note", line=note.line, column=note.column, message=str(note.sentence))
            self._output.say(str(note))
        if found.problems:
            self._tell_problems(found.problems)
            raise BatchProblemsError(found.problems)

    def _tell_ignored(self) -> None:
        if self._ledger.ignored:
            self._output.say(self._ledger.notice())

    def _tell_left_out(self, left_out: tuple[LeftOut, ...]) -> None:
        self._left_out = left_out
        for one in left_out:
            self._output.emit("left_out", file=one.name, message=str(one.reason))
        for one in left_out[:MOST_TOLD]:
            self._output.say(Sentence.of("Left out: {file}: {reason}", file=one.name, reason=str(one.reason)))
        if len(left_out) > MOST_TOLD:
            more = len(left_out) - MOST_TOLD
            self._output.say(Sentence.of("… and {count} more are left out. The report names all.", count=more))

    def _tell_plan(self, planned: Sequence[Planned]) -> None:
        lefts = [one.left for one in planned]
        self._output.say(
            Sentence.of(
                "{count} rows: {done} done before, {follow} under way or here, {order} to order, {retry} to try again, "
                "{leave} failed before or left alone.",
                count=len(planned),
                done=lefts.count(Left.NOTHING),
                follow=lefts.count(Left.FOLLOW) + lefts.count(Left.WRITE),
                order=lefts.count(Left.ORDER),
                retry=lefts.count(Left.RETRY),
                leave=lefts.count(Left.LEAVE),
            )
        )

    def _ask(self, costly: Sequence[Row]) -> tuple[Prices, Balance]:
        with open_client(ready_to_send(self._args, self._host)) as client:
            prices, balance = ask(costly, client)
        words = "{count} rows cost {credits} credits. You have {balance}."
        if prices.unknown:
            words = "{count} rows cost {credits} credits, and {unknown} of them an amount that the service does not "
            words += "tell before. You have {balance}."
        self._output.say(
            Sentence(
                words,
                {
                    "count": len(costly),
                    "credits": prices.total,
                    "unknown": len(prices.unknown),
                    "balance": balance.balance,
                },
            )
        )
        self._output.emit(
            "quote",
            rows=len(costly),
            cost_credits=prices.total,
            rows_without_price=len(prices.unknown),
            available_credits=balance.balance,
        )
        return prices, balance

    def _agree(self, costly: Sequence[Row]) -> Prices:
        """
        Get the prices, and the user's confirmation.

        :return: the prices.
        :raises TriverseError: the price exceeds a limit or the balance, or nobody can be asked.
        :raises KeyboardInterrupt: the user does not confirm.
        """
        prices, balance = self._ask(costly)
        self._check_limit(prices)
        if prices.total > balance.balance:
            raise TooDearError(
                Sentence.of(
                    "{missing} credits are missing, and nothing was ordered. Add API credits, or choose fewer rows "
                    "with --rows.",
                    missing=prices.total - balance.balance,
                )
            )
        if not self._args.yes and self._args.max_credits is None:
            self._ask_person(
                "Order them?",
                "Nothing was ordered.",
                Sentence.of("Cannot ask for confirmation: stdin is not a terminal. Add --yes, or --max-credits N."),
            )
        return prices

    def _check_limit(self, prices: Prices) -> None:
        limit = self._args.max_credits
        if limit is not None and prices.total > limit:
            raise TooDearError(
                Sentence.of("That is more than the {limit} credits of --max-credits. Nothing was ordered.", limit=limit)
            )

    def _ask_person(self, question: str, otherwise: str, if_nobody: Sentence) -> None:
        """
        Ask a yes-or-no question on the terminal.

        :param question: the question.
        :param otherwise: printed if the answer is no.
        :param if_nobody: error message if stdin is no terminal.
        :raises UsageError: stdin is no terminal.
        :raises KeyboardInterrupt: the answer is no.
        """
        if not (sys.stdin is not None and sys.stdin.isatty()):
            raise UsageError(if_nobody)
        self._output.ask(f"{question} [y/N] ")
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            self._output.say(otherwise)
            raise KeyboardInterrupt

    def _ask_about(self, files: Sequence[Outside]) -> None:
        """
        List the files outside the batch's folder, and ask whether they may be opened.

        :raises TriverseError: stdin is no terminal.
        :raises KeyboardInterrupt: the answer is no.
        """
        for one in files:
            self._output.emit("outside", file=one.path, target=one.target, message=str(one.sentence))
        for one in files[:MOST_TOLD]:
            self._output.say(one.sentence)
        if len(files) > MOST_TOLD:
            self._output.say(Sentence.of("… and {count} more.", count=len(files) - MOST_TOLD))
        which, it = ("this file", "it") if len(files) == 1 else (f"these {len(files)} files", "them")
        self._ask_person(
            f"Open {which}, and send {it} with the batch?",
            "Nothing was opened.",
            Sentence.of(
                "Not all files lie in the folder of {name}, and nothing was opened. If you know {which}, add "
                "--allow-outside-files.",
                which=which,
                name=self._asked.file.name,
            ),
        )
        self._asked = replace(self._asked, allowed=frozenset(one.key for one in files))

    def _dry_run(self, planned: Sequence[Planned], costly: Sequence[Row]) -> Exit:
        for one in planned:
            self._output.emit("row", left=str(one.left), order_id=one.order_id, **_row_fields(one.row))
        try:
            if costly:
                self._check_limit(self._ask(costly)[0])
        except TooDearError:
            raise
        except TriverseError as error:
            self._output.say(Sentence.of("The price is not known: {reason}", reason=str(error.sentence)))
        self._output.say("Nothing was sent." if not costly else "Nothing was ordered.")
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

    def _drive(self, planned: Sequence[Planned], prices: Prices) -> list[Outcome]:
        """
        Run the batch to its end.

        :raises TriverseError: the library or the task list cannot be written; nothing was sent.
        :raises KeyboardInterrupt: Ctrl-C, after the report was written.
        """
        self._make_library()
        ids = catalogs.merge(self._library, [one.row.catalog for one in planned])
        settings = ready_to_send(self._args, self._host)
        progress = BatchProgress(self._output)
        with open_engine(settings, self._host.converter(), self._output, self._preparer) as engine:
            runner = Runner(
                engine,
                planned,
                self._writer(),
                self._ledger,
                catalog_ids=ids,
                prices=prices.by_row,
                limits=limits_of(self._args),
            )
            try:
                while not runner.is_over:
                    engine.pump(_PAUSE_S)
                    runner.step()
                    progress.show(runner.progress(), runner.records())
                    time.sleep(_PAUSE_S)
            except KeyboardInterrupt:
                self._finish(runner.outcomes(), in_haste=True)
                raise
            finally:
                runner.stop()
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
        lines = [report.line_of_outcome(outcome) for outcome in outcomes]
        codes = {_EXITS[outcome.end] for outcome in outcomes}
        code = for_all(codes - {Exit.FAILED} if self._args.failed_ok else codes)
        self._write_report(lines, code)
        if not self._args.rows and not in_haste:
            self._write_sheets(lines)
        self._tell(lines)
        unfinished = {End.OPEN, End.SERVICE, End.TIMED_OUT, End.ACCOUNT}
        if any(outcome.end in unfinished for outcome in outcomes):
            self._output.say("The same command goes on with what is not done.")
        if any(outcome.end is End.FAILED for outcome in outcomes):
            self._output.say("Add --retry-failed to try the failed rows again.")
        return code

    def _merge(self, rows: Sequence[Row]) -> Exit:
        if not self._ledger.folder.is_dir():
            raise UsageError(Sentence.of("No batch has written into {path} yet.", path=str(self._library)))
        keys = {row.number: row_key(row, self._args.batch_id) for row in rows}
        lines = report.merged(rows, keys, self._ledger)
        self._tell_ignored()
        catalogs.merge(self._library, [row.catalog for row in rows])
        code = Exit.DONE if all(line.state == "done" for line in lines) else Exit.FAILED
        self._write_report(lines, code)
        self._write_sheets(lines)
        self._tell(lines)
        return code

    def _write_report(self, lines: Sequence[report.Line], code: Exit) -> None:
        target = report_path(self._asked)
        if self._args.report is not None:
            target = Path(self._args.report).expanduser().absolute()
        if self._args.report is not None or self._library.is_dir():
            write_report(
                target,
                self._asked,
                lines,
                self._left_out,
                seconds=time.monotonic() - self._began_s,
                exit_code=int(code),
                ledger_ignored=self._ledger.ignored,
            )
            self._output.say(Sentence.of("Report: {path}", path=str(target)))

    def _write_sheets(self, lines: Sequence[report.Line]) -> None:
        if not self._library.is_dir():
            return
        writer = self._host.asset_writer(self._data_dir()) if not self._args.glb_only else None
        try:
            sheets = write_sheets(self._asked, lines, writer, threading.Event())
        finally:
            if writer is not None:
                writer.close()
        for path in (sheets.page, *sheets.pictures):
            self._output.say(Sentence.of("Contact sheet: {path}", path=str(path)))
        if sheets.problem is not None:
            self._output.say(sheets.problem)

    def _tell(self, lines: Sequence[report.Line]) -> None:
        for line in lines:
            self._output.emit("result", **asdict(line))
        for words in report.table(lines):
            self._output.say(words)
        found = report.counts(lines)
        self._output.say(", ".join(f"{count} {state}" for state, count in found.items()))


def _row_fields(row: Row) -> dict[str, object]:
    return {
        "number": row.number,
        "line": row.line,
        "name": row.title,
        "flow": row.flow,
        "params": dict(row.params),
        "sources": dict(row.sources),
        "catalog": row.catalog,
        "post": row.post.to_json(),
    }


def _has_work(planned: Iterable[Planned]) -> bool:
    return any(one.left not in (Left.NOTHING, Left.LEAVE) for one in planned)


def _ends_of(planned: Iterable[Planned]) -> list[Outcome]:
    """Return the outcomes of rows that are already finished."""
    return [untouched(one) for one in planned]
