# SPDX-License-Identifier: GPL-3.0-or-later
"""
How a batch is shown: icon and text of each row, counts, progress, and price.

Floor: third. Thread: main. Imports ``bpy`` through ``translate`` only. Reads memory, never disk or network.
"""

from dataclasses import dataclass

from ...api.sentence import Sentence
from ...batch.run.outcome import Outcome, Progress, RowResult
from ...batch.run.plan import RowAction
from ...batch.run.row_table import TableRow
from ..rna.members import Icon
from ..state import batch_rows, runtime, task_presentation
from ..state.batch_session import BatchSession
from ..text.translate import tr, translate


@dataclass(frozen=True, slots=True)
class Shown:
    """
    How a row is shown.

    :ivar text: translated text.
    :ivar icon: identifier of Blender's icon.
    :ivar is_bad: draw in the theme's colour for errors.
    :ivar factor: progress from 0.0 to 1.0, None for no progress bar.
    :ivar short: a shorter text for narrow sidebars; "" if there is none.
    """

    text: str
    icon: Icon
    is_bad: bool = False
    factor: float | None = None
    short: str = ""


def shown(batch: BatchSession, line: TableRow) -> Shown:
    """Return icon, text and progress for a row of the table, from its problems, its state in a run or its plan."""
    if line.problems:
        return Shown(batch_rows.problem_texts(line)[0], "ERROR", is_bad=True)
    if line.planned is None:
        return Shown("", "NONE")
    status = batch.row_status(line.number)
    if status.outcome is not None:
        return _ended(status.outcome)
    if status.is_writing:
        return Shown(tr("Writing"), "FILE_BLEND")
    if status.record is not None:
        record = status.record
        text = task_presentation.state(record)[-1]
        if not task_presentation.is_moving(record):
            return Shown(text, task_presentation.icon(record))
        factor = task_presentation.progress(record)
        return Shown(text, task_presentation.icon(record), factor=factor, short=f"{factor:.0%}".replace("%", " %"))
    if batch.is_running:
        return Shown(tr("Waiting"), "SORTTIME")
    return _planned(line)


def _ended(outcome: Outcome) -> Shown:
    if outcome.result is RowResult.DONE:
        return _done()
    text = translate(outcome.sentence) if outcome.sentence is not None else ""
    if outcome.result is RowResult.FAILED:
        return _failed(text)
    return Shown(text, "PAUSE", short=tr("Stopped"))


def _planned(line: TableRow) -> Shown:
    planned = line.planned
    assert planned is not None
    if planned.action is RowAction.NOTHING:
        return _done()
    if planned.action is RowAction.FOLLOW:
        return Shown(tr("Under way"), "SORTTIME")
    if planned.action is RowAction.WRITE:
        return Shown(tr("To be written"), "FILE_BLEND")
    if planned.action is RowAction.SKIP:
        if planned.record is not None and planned.record.error is not None:
            return _failed(translate(planned.record.error))
        error = planned.entry.error if planned.entry is not None else ""
        return _failed(translate(Sentence.of("{what}", what=error)) if error else tr("Failed"))
    return Shown(tr("To be made"), "DOT", short=tr("To do"))


def _done() -> Shown:
    return Shown(tr("In the library"), "CHECKMARK", short=tr("Done"))


def _failed(text: str) -> Shown:
    # The text of the selected row is shown in full below the table.
    return Shown(text, "ERROR", is_bad=True, short=tr("Failed"))


def place(line: TableRow) -> str:
    """Return the line number of a row in its file as translated text, or "" if it has none."""
    return tr("Line {line}", line=line.line) if line.line else ""


def counts(batch: BatchSession) -> str:
    """Return the number of rows and how many are done, in progress, to be made and failed, as translated text."""
    checked = batch.checked
    if checked is None:
        return ""
    found = checked.counts
    parts = [tr("{count} {count|row|rows}", count=len(checked.planned))]
    if found[RowAction.NOTHING]:
        parts.append(tr("{count} done", count=found[RowAction.NOTHING]))
    if going := found[RowAction.FOLLOW] + found[RowAction.WRITE]:
        parts.append(tr("{count} under way", count=going))
    if to_make := found[RowAction.ORDER] + found[RowAction.RETRY]:
        parts.append(tr("{count} to be made", count=to_make))
    if found[RowAction.SKIP]:
        parts.append(tr("{count} failed", count=found[RowAction.SKIP]))
    return " · ".join(parts)


def progress_texts(progress: Progress) -> list[str]:
    """Return the progress of a run as lines of translated text. The first is for the progress bar."""
    lines = [tr("{done} of {total} done", done=progress.done, total=progress.total)]
    if progress.failed:
        lines[0] += " · " + tr("{count} failed", count=progress.failed)
    moving = [tr("{count} under way", count=progress.under_way)]
    if progress.writing:
        moving.append(tr("{count} to be written", count=progress.writing))
    if progress.waiting:
        moving.append(tr("{count} waiting", count=progress.waiting))
    lines.append(" · ".join(moving))
    rest = [tr("{credits} {credits|credit|credits} spent", credits=progress.credits)]
    if left := task_presentation.time_left(progress.left_s):
        rest.append(left)
    lines.append(" · ".join(rest))
    return lines


def balance(batch: BatchSession) -> int:
    """Return the account balance in credits as it was read last: with the batch's prices, or later by the panel."""
    session, offer = runtime.current(), batch.offer
    if offer is None:
        return 0
    if session is None or session.price.balance is None or session.price.balance_at_s <= offer.at_s:
        return offer.balance
    return session.price.balance.balance


def is_short(batch: BatchSession, *, retry: bool = False) -> bool:
    """Return whether there are too few credits. Then the balance is read again: they may have been bought meanwhile."""
    session = runtime.current()
    if (batch.cost(retry=retry) or 0) <= balance(batch):
        return False
    if session is not None:
        session.price.recheck_balance()
    return True


def price_text(batch: BatchSession) -> str:
    """Return price of the rows and balance as translated text, or "" while the price was not requested yet."""
    offer, count = batch.offer, len(batch.billable())
    if not count:
        return tr("Nothing is left to be paid.")
    if batch.is_asking:
        return tr("Asking for the price…")
    if offer is None:
        return ""
    if offer.problem is not None:
        return translate(offer.problem)
    cost = batch.cost() or 0
    if batch.unknown_count():
        return tr(
            "{count} {count|row costs|rows cost} {cost} {cost|credit|credits}, and {unknown} of them an amount that "
            "the service does not tell before. You have {balance}.",
            count=count,
            cost=cost,
            unknown=batch.unknown_count(),
            balance=balance(batch),
        )
    if count == 1:
        return tr("One row costs {cost} {cost|credit|credits}. You have {balance}.", cost=cost, balance=balance(batch))
    return tr(
        "{count} {count|row costs|rows cost} {cost} {cost|credit|credits}. You have {balance}.",
        count=count,
        cost=cost,
        balance=balance(batch),
    )
