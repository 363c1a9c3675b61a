# SPDX-License-Identifier: GPL-3.0-or-later
"""
The rows of the batch table in the window manager: indexes into the batch's lines, in the same order.

Floor: third. Thread: main, outside ``draw()``, which must not write. Imports ``bpy``.
"""

from typing import TYPE_CHECKING

import bpy

from ...api.display_text import shown as plain
from ..rna.members import window_props
from ..text.translate import translate

if TYPE_CHECKING:
    from ...batch.run.row_table import TableRow
    from .batch_session import BatchSession

#: Rows written in one tick, which takes 1 ms (measured). Writing 10,000 rows at once would block the interface.
_AT_ONCE = 500
#: Visible rows before the table scrolls. The user can drag the table's grip to show more.
UNTIL_IT_SCROLLS = 8
#: Most rows in the table. The panel shows how many more there are.
MOST = 10_000


def problem_texts(line: "TableRow") -> list[str]:
    """Return the problems of a row as translated texts, each with the name of its column if known."""
    return [
        f"{plain(problem.column)}: {translate(problem.sentence)}" if problem.column else translate(problem.sentence)
        for problem in line.problems
    ]


def sync(batch: "BatchSession") -> bool:
    """
    Write the next rows that are missing in the window manager, a limited number per call.

    Also takes over the number of simultaneous tasks of a resumed batch.

    :returns: whether the table has changed.
    """
    group = window_props(bpy.context.window_manager)
    if batch.recalled_jobs:
        group.batch_jobs, batch.recalled_jobs = batch.recalled_jobs, 0
    lines = batch.rows
    rows = group.batch_rows
    count = min(len(lines), MOST)
    if lines is not batch.rows_shown:
        batch.rows_shown = lines
        rows.clear()
        group.batch_active = 0
        changed = True
    else:
        # File > Open clears the rows.
        changed = len(rows) != count
    for index in range(len(rows), min(count, len(rows) + _AT_ONCE)):
        row = rows.add()
        line = lines[index]
        row.index, row.name = index, line.title
        if line.problems:
            row.problems = "\n".join(problem_texts(line))
    return changed
