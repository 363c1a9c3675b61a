# SPDX-License-Identifier: GPL-3.0-or-later
"""
How a batch is shown: icon and text of each row, counts, progress, and price.

Floor: third. Thread: main. Imports ``bpy`` through ``translate`` only. Reads memory, never disk or network.
"""

from dataclasses import dataclass

from ...api.sentence import Sentence
from ...batch.run.outcome import End, Outcome, Progress
from ...batch.run.plan import Left
from ...batch.run.row_table import Line
from .. import task_presentation
from ..state import batch_rows
from ..state.batch_session import BatchSession
from ..translate import say, words


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
    icon: str
    is_bad: bool = False
    factor: float | None = None
    short: str = ""


def shown(batch: BatchSession, line: Line) -> Shown:
    """Return icon, text and progress for a row of the table, from its problems, its state in a run or its plan."""
    if line.problems:
        return Shown(batch_rows.problem_words(line)[0], "ERROR", is_bad=True)
    if line.planned is None:
        return Shown("", "NONE")
    standing = batch.standing(line.number)
    if standing.outcome is not None:
        return _ended(standing.outcome)
    if standing.is_writing:
        return Shown(words("Writing"), "FILE_BLEND")
    if standing.record is not None:
        record = standing.record
        text = task_presentation.state(record)[-1]
        if not task_presentation.is_moving(record):
            return Shown(text, task_presentation.icon(record))
        factor = task_presentation.progress(record)
        return Shown(text, task_presentation.icon(record), factor=factor, short=f"{factor:.0%}".replace("%", " %"))
    if batch.is_running:
        return Shown(words("Waiting"), "SORTTIME")
    return _planned(line)


def _ended(outcome: Outcome) -> Shown:
    if outcome.end is End.DONE:
        return _done()
    text = say(outcome.sentence) if outcome.sentence is not None else ""
    if outcome.end is End.FAILED:
        return _failed(text)
    return Shown(text, "PAUSE", short=words("Stopped"))


def _planned(line: Line) -> Shown:
    planned = line.planned
    assert planned is not None
    if planned.left is Left.NOTHING:
        return _done()
    if planned.left is Left.FOLLOW:
        return Shown(words("Under way"), "SORTTIME")
    if planned.left is Left.WRITE:
        return Shown(words("To be written"), "FILE_BLEND")
    if planned.left is Left.LEAVE:
        if planned.record is not None and planned.record.error is not None:
            return _failed(say(planned.record.error))
        error = planned.entry.error if planned.entry is not None else ""
        return _failed(say(Sentence.of("{what}", what=error)) if error else words("Failed"))
    return Shown(words("To be made"), "DOT", short=words("To do"))


def _done() -> Shown:
    return Shown(words("In the library"), "CHECKMARK", short=words("Done"))


def _failed(text: str) -> Shown:
    # The text of the selected row is shown in full below the table.
    return Shown(text, "ERROR", is_bad=True, short=words("Failed"))


def place(line: Line) -> str:
    """Return the line number of a row in its file as translated text, or "" if it has none."""
    return words("Line {line}", line=line.line) if line.line else ""


def counts(batch: BatchSession) -> str:
    """Return the number of rows and how many are done, in progress, to be made and failed, as translated text."""
    checked = batch.checked
    if checked is None:
        return ""
    found = checked.counts
    parts = [words("{count} rows", count=len(checked.planned))]
    if found[Left.NOTHING]:
        parts.append(words("{count} done", count=found[Left.NOTHING]))
    if going := found[Left.FOLLOW] + found[Left.WRITE]:
        parts.append(words("{count} under way", count=going))
    if found[Left.ORDER]:
        parts.append(words("{count} to be made", count=found[Left.ORDER]))
    if found[Left.LEAVE]:
        parts.append(words("{count} failed", count=found[Left.LEAVE]))
    return " · ".join(parts)


def progress_words(progress: Progress) -> list[str]:
    """Return the progress of a run as lines of translated text. The first is for the progress bar."""
    lines = [words("{done} of {total} done", done=progress.done, total=progress.total)]
    if progress.failed:
        lines[0] += " · " + words("{count} failed", count=progress.failed)
    moving = [words("{count} under way", count=progress.under_way)]
    if progress.writing:
        moving.append(words("{count} to be written", count=progress.writing))
    if progress.waiting:
        moving.append(words("{count} waiting", count=progress.waiting))
    lines.append(" · ".join(moving))
    rest = [words("{credits} credits spent", credits=progress.credits)]
    if left := task_presentation.time_left(progress.left_s):
        rest.append(left)
    lines.append(" · ".join(rest))
    return lines


def price_words(batch: BatchSession) -> str:
    """Return price of the rows and balance as translated text, or "" while the price was not requested yet."""
    offer, count = batch.offer, len(batch.costly())
    if not count:
        return words("Nothing is left to be paid.")
    if batch.is_asking:
        return words("Asking for the price…")
    if offer is None:
        return ""
    if offer.problem is not None:
        return say(offer.problem)
    cost = batch.cost() or 0
    if batch.unknown_count():
        return words(
            "{count} rows cost {cost} credits, and {unknown} of them an amount that the service does not tell before. "
            "You have {balance}.",
            count=count,
            cost=cost,
            unknown=batch.unknown_count(),
            balance=offer.balance,
        )
    if count == 1:
        return words("One row costs {cost} credits. You have {balance}.", cost=cost, balance=offer.balance)
    return words("{count} rows cost {cost} credits. You have {balance}.", count=count, cost=cost, balance=offer.balance)
