# SPDX-License-Identifier: GPL-3.0-or-later
"""
What was spent as a table in CSV, one line a task, for spreadsheets and bookkeeping.

Floor: first. Thread: a worker's; 10,000 tasks take about a second. No ``bpy``.
"""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from ...api.calendar import local_text, utc
from ...api.errors import TriverseError
from ...api.sentence import Sentence
from ..files.atomic_write import write_whole
from ..record.charge import Charge, charge_of
from ..record.record import TaskRecord
from ..record.status_text import stage_text
from .spending import RemovedCost
from .store import Store

#: Names of the columns. They are not translated, because programs read them.
COLUMNS = ("ordered", "ordered_utc", "name", "flow", "state", "credits", "charge", "task_uuid", "file")
#: A cell that begins with one of these is a formula for a spreadsheet, so that a name could run one.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_table(store: Store, path: Path) -> int:
    """
    Write all tasks that were ordered, the newest first, with their cost.

    :returns: the number of tasks.
    :raises StoreError: the tasks cannot be read.
    :raises TriverseError: the file cannot be written.
    """
    rows = list(_rows(store))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(list(map(_cell, row)) for row in rows)
    try:
        # With a byte order mark, Excel takes the file for UTF-8.
        write_whole(path, text.getvalue().encode("utf-8-sig", "backslashreplace"))
    except OSError as error:
        raise TriverseError(
            Sentence.of(
                "The table cannot be written to {path} ({reason}).",
                path=str(path),
                reason=error.strerror or type(error).__name__,
            )
        ) from None
    return len(rows)


def _rows(store: Store) -> Iterator[tuple[object, ...]]:
    lines = [(record.created_at_s, _of_record(record)) for record in store.page(count=1_000_000)]
    lines += [(removed.created_at_s, _of_removed(removed)) for removed in store.removed_costs()]
    for at_s, cells in sorted(lines, key=lambda line: -line[0]):
        yield local_text(at_s, "%Y-%m-%d %H:%M:%S"), utc(at_s).strftime("%Y-%m-%dT%H:%M:%SZ"), *cells


def _of_record(record: TaskRecord) -> tuple[object, ...]:
    credits = 0 if charge_of(record) is Charge.NONE else record.cost_credits
    return (
        record.name,
        record.flow,
        str(stage_text(record)),
        "" if credits is None else credits,
        str(charge_of(record)),
        record.task_uuid or "",
        record.origin.file,
    )


def _of_removed(removed: RemovedCost) -> tuple[object, ...]:
    """Return the cells of a task that was taken off the list: its name was removed with it."""
    cells = ("", removed.flow, "Taken off the list", removed.cost_credits, str(Charge.CHARGED))
    return (*cells, removed.task_uuid, removed.file)


def _cell(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
