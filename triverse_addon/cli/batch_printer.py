# SPDX-License-Identifier: GPL-3.0-or-later
"""
What the command ``triverse batch`` prints, for users and for programs, except for its progress.

Floor: third. Thread: main. No ``bpy``.
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from ..api.sentence import Sentence
from ..batch.library.ledger import Ledger
from ..batch.outside_files import Outside
from ..batch.results import report
from ..batch.rows.problems import MAX_LISTED, Problem
from ..batch.rows.raw_rows import LeftOut
from ..batch.run.outcome import Outcome, RowResult
from ..batch.run.plan import PlannedRow, RowAction
from ..batch.run.quotes import Prices
from .errors import Declined, UsageError
from .output import Output


class BatchPrinter:
    """Prints the checks, the plan and the results of one batch."""

    def __init__(self, output: Output) -> None:
        self._output = output

    # -------------------------------------------------------------------------
    # Before anything is sent

    def problems(self, problems: Sequence[Problem]) -> None:
        """Print the problems of the rows."""
        for problem in problems:
            self._emit_problem("problem", problem)
        for problem in problems[:MAX_LISTED]:
            self._output.say(str(problem))
        if len(problems) > MAX_LISTED:
            self._output.say(Sentence.of("… and {count} more.", count=len(problems) - MAX_LISTED))

    def notes(self, notes: Iterable[Problem]) -> None:
        """Print warnings about what this machine cannot do for the rows."""
        for note in notes:
            self._emit_problem("note", note)
            self._output.say(str(note))

    def _emit_problem(self, kind: str, problem: Problem) -> None:
        self._output.emit(kind, line=problem.line, column=problem.column, message=str(problem.sentence))

    def ignored(self, ledger: Ledger) -> None:
        """Print a notice if the library has invalid entries."""
        if ledger.ignored:
            self._output.say(ledger.notice())

    def left_out(self, left_out: Sequence[LeftOut]) -> None:
        """Print the files of a folder that are no rows, and why."""
        for one in left_out:
            self._output.emit("left_out", file=one.name, message=str(one.reason))
        for one in left_out[:MAX_LISTED]:
            self._output.say(Sentence.of("Left out: {file}: {reason}", file=one.name, reason=str(one.reason)))
        if len(left_out) > MAX_LISTED:
            more = len(left_out) - MAX_LISTED
            self._output.say(Sentence.of("… and {count} more are left out. The report names all.", count=more))

    def outside_files(self, files: Sequence[Outside]) -> None:
        """Print the files outside the batch's folder."""
        for one in files:
            self._output.emit("outside", file=one.path, target=one.target, message=str(one.sentence))
        for one in files[:MAX_LISTED]:
            self._output.say(one.sentence)
        if len(files) > MAX_LISTED:
            self._output.say(Sentence.of("… and {count} more.", count=len(files) - MAX_LISTED))

    def plan(self, planned: Sequence[PlannedRow]) -> None:
        """Print how many rows are done, under way, and so on."""
        actions = [one.action for one in planned]
        self._output.say(
            Sentence.of(
                "{count} {count|row|rows}: {done} done before, {follow} under way or here, {order} to order, "
                "{retry} to try again, {leave} failed before or left alone.",
                count=len(planned),
                done=actions.count(RowAction.NOTHING),
                follow=actions.count(RowAction.FOLLOW) + actions.count(RowAction.WRITE),
                order=actions.count(RowAction.ORDER),
                retry=actions.count(RowAction.RETRY),
                leave=actions.count(RowAction.SKIP),
            )
        )

    def planned_rows(self, planned: Iterable[PlannedRow]) -> None:
        """Print each row with what remains to be done for it; for programs only."""
        for one in planned:
            row = one.row
            self._output.emit(
                "row",
                left=str(one.action),
                order_id=one.order_id,
                number=row.number,
                line=row.line,
                name=row.title,
                flow=row.flow,
                params=dict(row.params),
                sources=dict(row.sources),
                catalog=row.catalog,
                post=row.post.to_json(),
            )

    def quote(self, count: int, prices: Prices, balance: int) -> None:
        """
        Print the price of the rows.

        :param count: number of rows that may cost credits.
        :param balance: in credits.
        """
        text = "{count} {count|row costs|rows cost} {credits} {credits|credit|credits}"
        if prices.unknown:
            text += ", and {unknown} of them an amount that the service does not tell before"
        text += ". You have {balance}."
        unknown = len(prices.unknown)
        self._output.say(
            Sentence(text, {"count": count, "credits": prices.total, "unknown": unknown, "balance": balance})
        )
        self._output.emit(
            "quote", rows=count, cost_credits=prices.total, rows_without_price=unknown, available_credits=balance
        )

    def confirm(self, question: str, otherwise: str, if_nobody: Sentence) -> None:
        """
        Ask a yes-or-no question on the terminal.

        :param question: the question.
        :param otherwise: printed if the answer is no.
        :param if_nobody: error message if stdin is no terminal.
        :raises UsageError: stdin is no terminal.
        :raises Declined: the answer is no.
        """
        if not (sys.stdin is not None and sys.stdin.isatty()):
            raise UsageError(if_nobody)
        self._output.ask(f"{question} [y/N] ")
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            self._output.say(otherwise)
            raise Declined(otherwise)

    # -------------------------------------------------------------------------
    # Afterwards

    def results(self, report_rows: Sequence[report.ReportRow]) -> None:
        """Print the rows of the report, and how many are done, failed, and so on."""
        for row in report_rows:
            self._output.emit("result", **asdict(row))
        for text in report.table(report_rows):
            self._output.say(text)
        if report_rows:  # the last part of a batch may be empty
            found = report.counts(report_rows)
            self._output.say(", ".join(f"{count:,} {state}" for state, count in found.items()))

    def next_steps(self, outcomes: Iterable[Outcome], *, retried: bool) -> None:
        """
        Print which command continues with the rows that are not done.

        :param retried: the command was about failed rows only, and so it would be the next time.
        """
        left = [outcome for outcome in outcomes if outcome.result is not RowResult.DONE]
        failed = [outcome for outcome in left if outcome.result is RowResult.FAILED and outcome.is_kept]
        if len(failed) < len(left):
            command = "Without --retry-failed, the" if retried else "The same"
            self._output.say(f"{command} command goes on with what is not done.")
        if failed:
            again = "The same command tries" if retried else "Add --retry-failed to try"
            self._output.say(f"{again} the failed rows again.")
