# SPDX-License-Identifier: GPL-3.0-or-later
"""
The table of a batch as a window shows it before anything is sent: rows, problems, and what remains to be done.

Floor: between first and second. Thread: any that may read files. No ``bpy``.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ...api.sentence import Sentence
from ...tasks.preparer import Preparer
from ...tasks.provenance import short_name
from ...tasks.record import TaskRecord
from ..input.order_ids import order_ids, row_key
from ..library.ledger import Ledger
from ..outside_files import Outside
from ..problems import BatchProblemsError, Problem, asked_about
from ..raw_rows import LeftOut, RawRow
from .plan import Left, Planned, plan
from .request import Asked, Look, look


@dataclass(frozen=True, slots=True)
class Line:
    """
    One line of the table.

    :ivar number: the row's number; 0 for a problem of the file as a whole.
    :ivar line: line in the file, counted from 1; 0 for the file as a whole.
    :ivar title: name to display.
    :ivar problems: problems of this line.
    :ivar planned: the planned row; None while the batch has any problem.
    """

    number: int
    line: int
    title: str
    problems: tuple[Problem, ...] = ()
    planned: Planned | None = None


@dataclass(frozen=True)
class Checked:
    """
    A checked batch.

    :ivar asked: the user's request.
    :ivar lines: the table's lines; those that need attention first, the others in the order of the file.
    :ivar problems: all problems found.
    :ivar planned: the rows of a run; empty if there is a problem.
    :ivar retries: the rows of a run that only retries failed rows.
    :ivar notice: a message to show before anything is ordered; None if there is none.
    :ivar left_out: items of a folder of pictures that are not rows.
    """

    asked: Asked
    lines: tuple[Line, ...]
    problems: tuple[Problem, ...] = ()
    planned: tuple[Planned, ...] = ()
    retries: tuple[Planned, ...] = field(default=(), repr=False)
    notice: Sentence | None = None
    left_out: tuple[LeftOut, ...] = ()

    @cached_property
    def counts(self) -> dict[Left, int]:
        """Number of rows by what remains to be done."""
        lefts = [one.left for one in self.planned]
        return {left: lefts.count(left) for left in Left}

    @cached_property
    def outside(self) -> list[Outside]:
        """The files that need the user's permission."""
        return asked_about(self.problems)

    @property
    def has_work(self) -> bool:
        """Whether a run has anything to do."""
        return has_work(self.planned)

    def with_problems(self, problems: Iterable[Problem]) -> "Checked":
        """Return the batch with ``problems``, which block a run until they are fixed and the batch is checked again."""
        by_line: dict[int, list[Problem]] = defaultdict(list)
        for problem in problems:
            by_line[problem.line].append(problem)
        lines = [dataclasses.replace(line, problems=tuple(by_line.pop(line.line, ()))) for line in self.lines]
        lines += [Line(0, line, self.asked.file.name, tuple(found)) for line, found in by_line.items()]
        lines.sort(key=lambda line: (not line.problems, line.line))
        return dataclasses.replace(self, lines=tuple(lines), problems=tuple(problems), planned=(), retries=())

    @cached_property
    def costly(self) -> list[Planned]:
        """The rows for which a run may place an order."""
        return [one for one in self.planned if one.may_cost]

    @cached_property
    def costly_retries(self) -> list[Planned]:
        """The rows for which a run that only retries failed rows may place an order."""
        return [one for one in self.retries if one.may_cost]

    @cached_property
    def failed(self) -> list[Planned]:
        """The failed rows, planned as retries."""
        return [one for one in self.retries if one.left is Left.RETRY]


def has_work(planned: Iterable[Planned]) -> bool:
    """Return whether a run with these rows has anything to do."""
    return any(one.left not in (Left.NOTHING, Left.LEAVE) for one in planned)


def check_batch(
    asked: Asked, preparer: Preparer | None, by_order: Callable[[str], TaskRecord | None], service_url: str
) -> Checked:
    """
    Read, check and plan a batch.

    :param asked: the user's request.
    :param preparer: see :mod:`tasks.preparer`.
    :param by_order: see :func:`plan.plan`.
    :param service_url: see :func:`input.validation.check`.
    :raises TriverseError: the store cannot be read, or the selected rows do not exist.
    """
    seen = look(asked, preparer, service_url=service_url)
    if seen.problems:
        return _with_problems(asked, seen, seen.problems)
    try:
        ids = order_ids(seen.rows, asked.batch_id)
    except BatchProblemsError as error:
        return _with_problems(asked, seen, error.problems)
    keys = {row.number: row_key(row, asked.batch_id) for row in seen.rows}
    ledger = Ledger(asked.library)
    planned, retries = (
        plan(seen.rows, ids, keys, ledger, by_order, with_blender=asked.with_blender, retry_failed=retry_failed)
        for retry_failed in (False, True)
    )
    # Failed rows come first, as they are what a user looks for in a long table.
    lines = sorted(planned, key=lambda one: (one.left is not Left.LEAVE, one.row.number))
    return Checked(
        asked,
        tuple(Line(one.row.number, one.row.line, one.row.title, planned=one) for one in lines),
        planned=tuple(planned),
        retries=tuple(retries),
        notice=ledger.notice() if ledger.ignored else None,
        left_out=seen.raw.left_out,
    )


def _with_problems(asked: Asked, seen: Look, problems: Iterable[Problem]) -> Checked:
    by_line: dict[int, list[Problem]] = defaultdict(list)
    for problem in problems:
        by_line[problem.line].append(problem)
    lines = []
    for number, row in enumerate(seen.raw.rows, 1):
        lines.append(Line(number, row.line, _title(row), tuple(by_line.pop(row.line, ()))))
    # The remaining problems concern the header, lines that are not rows, or the file as a whole.
    lines += [Line(0, line, asked.file.name, tuple(found)) for line, found in by_line.items()]
    lines.sort(key=lambda line: (not line.problems, line.line))
    return Checked(asked, tuple(lines), problems=tuple(problems), left_out=seen.raw.left_out)


def _title(row: RawRow) -> str:
    """Return a display name for a row that could not be read completely."""
    for key in ("name", "prompt"):
        if isinstance(value := row.cells.get(key), str):
            return short_name(value)
    for key in ("image", "image_file", "front_image", "model", "model_file"):
        if isinstance(value := row.cells.get(key), str):
            return short_name(Path(value).stem)
    return ""
