# SPDX-License-Identifier: GPL-3.0-or-later
"""
The table of a batch as a window shows it before anything is sent: rows, problems, and what remains to be done.

Floor: between first and second. Thread: any that may read files. No ``bpy``.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import overload

from ...api.sentence import Sentence
from ...tasks.preparer import Preparer
from ...tasks.record.provenance import short_name
from ...tasks.record.record import TaskRecord
from ..input.order_ids import Identities, identities_of
from ..library.ledger import Ledger
from ..outside_files import Outside
from ..rows.problems import BatchProblemsError, Problem, files_to_allow
from ..rows.raw_rows import LeftOut, RawRow
from .equal_rows import keep_models
from .plan import PlannedRow, RowAction, as_retries, as_retry, plan
from .request import BatchCheck, BatchRequest, check_request


@dataclass(frozen=True, slots=True)
class TableRow:
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
    planned: PlannedRow | None = None


class PlannedLines(Sequence[TableRow]):
    """The lines of planned rows, each made when it is asked for: a window shows a few of them."""

    def __init__(self, planned: Sequence[PlannedRow]) -> None:
        self._planned = planned

    def __len__(self) -> int:
        """Return the number of lines."""
        return len(self._planned)

    @overload
    def __getitem__(self, index: int) -> TableRow: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[TableRow, ...]: ...

    def __getitem__(self, index: int | slice) -> TableRow | tuple[TableRow, ...]:
        """Return a line, or several."""
        if isinstance(index, slice):
            return tuple(map(self._line, self._planned[index]))
        return self._line(self._planned[index])

    @staticmethod
    def _line(one: PlannedRow) -> TableRow:
        return TableRow(one.row.number, one.row.line, one.row.title, planned=one)


@dataclass(frozen=True)
class RowTable:
    """
    A checked batch.

    :ivar request: the user's request.
    :ivar rows: the table's lines; those that need attention first, the others in the order of the file.
    :ivar problems: all problems found.
    :ivar planned: the rows of a run; empty if there is a problem.
    :ivar notice: a message to show before anything is ordered; None if there is none.
    :ivar left_out: items of a folder of pictures that are not rows.
    """

    request: BatchRequest
    rows: Sequence[TableRow]
    problems: tuple[Problem, ...] = ()
    planned: tuple[PlannedRow, ...] = ()
    notice: Sentence | None = None
    left_out: tuple[LeftOut, ...] = ()

    @property
    def retries(self) -> list[PlannedRow]:
        """The rows of a run that only retries failed rows."""
        return as_retries(self.planned)

    @cached_property
    def counts(self) -> dict[RowAction, int]:
        """Number of rows by what remains to be done."""
        actions = [one.action for one in self.planned]
        return {action: actions.count(action) for action in RowAction}

    @cached_property
    def outside(self) -> list[Outside]:
        """The files that need the user's permission."""
        return files_to_allow(self.problems)

    @property
    def has_work(self) -> bool:
        """Whether a run has anything to do."""
        return has_work(self.planned)

    def with_problems(self, problems: Iterable[Problem]) -> "RowTable":
        """Return the batch with ``problems``, which block a run until they are fixed and the batch is checked again."""
        by_line: dict[int, list[Problem]] = defaultdict(list)
        for problem in problems:
            by_line[problem.line].append(problem)
        rows = [dataclasses.replace(row, problems=tuple(by_line.pop(row.line, ()))) for row in self.rows]
        rows += [TableRow(0, line, self.request.file.name, tuple(found)) for line, found in by_line.items()]
        rows.sort(key=lambda row: (not row.problems, row.line))
        return dataclasses.replace(self, rows=tuple(rows), problems=tuple(problems), planned=())

    @cached_property
    def billable(self) -> list[PlannedRow]:
        """The rows for which a run may place an order."""
        return [one for one in self.planned if one.is_billable]

    @cached_property
    def retries_apart(self) -> list[PlannedRow]:
        """The rows of a run that only retries the failed rows which another run leaves alone, as a window does it."""
        return [
            dataclasses.replace(one, action=RowAction.SKIP) if one.action is RowAction.RETRY else as_retry(one)
            for one in self.planned
        ]

    @cached_property
    def billable_retries(self) -> list[PlannedRow]:
        """Those of :attr:`retries_apart` for which an order may be placed."""
        return [one for one in self.retries_apart if one.is_billable]

    @cached_property
    def failed(self) -> list[PlannedRow]:
        """The failed rows that only a run of :attr:`retries_apart` tries again, planned as retries."""
        return [one for one in self.retries_apart if one.action is RowAction.RETRY]


def has_work(planned: Iterable[PlannedRow]) -> bool:
    """Return whether a run with these rows has anything to do."""
    return any(one.action not in (RowAction.NOTHING, RowAction.SKIP) for one in planned)


def build_table(
    request: BatchRequest,
    preparer: Preparer | None,
    find_by_order_id: Callable[[str], TaskRecord | None],
    service_url: str,
    go_on: Callable[[], None] = lambda: None,
) -> RowTable:
    """
    Read, check and plan a batch.

    :param request: the user's request.
    :param preparer: see :mod:`tasks.preparer`.
    :param find_by_order_id: see :func:`plan.plan`.
    :param service_url: see :func:`input.validation.check`.
    :param go_on: see :func:`request.check_request`. Called for each file that is read, too.
    :raises TriverseError: the store cannot be read, or the selected rows do not exist.
    """
    check = check_request(request, preparer, service_url=service_url, go_on=go_on)
    if check.problems:
        return _with_problems(request, check, check.problems)
    ledger, known = Ledger(request.library), Identities(request.batch_id, request.file.name)
    try:
        rows = keep_models(check.rows, check.chosen, ledger, known)
        identities = identities_of(rows, known, go_on)
    except BatchProblemsError as error:
        return _with_problems(request, check, error.problems)
    planned = tuple(plan(rows, identities, ledger, find_by_order_id, with_blender=request.with_blender))
    # Failed rows come first, as they are what a user looks for in a long table; all in the order of the file.
    failed = [one for one in planned if one.action is RowAction.SKIP]
    others = [one for one in planned if one.action is not RowAction.SKIP] if failed else planned
    return RowTable(
        request,
        PlannedLines([*failed, *others] if failed else planned),
        planned=planned,
        notice=ledger.notice() if ledger.ignored else None,
        left_out=check.raw.left_out,
    )


def _with_problems(request: BatchRequest, check: BatchCheck, problems: Iterable[Problem]) -> RowTable:
    by_line: dict[int, list[Problem]] = defaultdict(list)
    for problem in problems:
        by_line[problem.line].append(problem)
    rows = []
    for one in check.rows:
        rows.append(TableRow(one.number, one.line, one.title, tuple(by_line.pop(one.line, ()))))
    for number, row in enumerate(check.raw.rows, 1):
        rows.append(TableRow(number, row.line, _title(row), tuple(by_line.pop(row.line, ()))))
    # The remaining problems concern the header, lines that are not rows, or the file as a whole.
    rows += [TableRow(0, line, request.file.name, tuple(found)) for line, found in by_line.items()]
    rows.sort(key=lambda row: (not row.problems, row.line))
    return RowTable(request, tuple(rows), problems=tuple(problems), left_out=check.raw.left_out)


def _title(row: RawRow) -> str:
    """Return a display name for a row that could not be read completely."""
    for key in ("name", "prompt"):
        if isinstance(value := row.cells.get(key), str):
            return short_name(value)
    for key in ("image", "image_file", "front_image", "model", "model_file"):
        if isinstance(value := row.cells.get(key), str):
            return short_name(Path(value).stem)
    return ""
