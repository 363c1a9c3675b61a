# SPDX-License-Identifier: GPL-3.0-or-later
"""
The rows of the batch's table: places in the window manager, in the order of the lines.

Floor: third. Thread: main, outside ``draw()``, which must not write. Imports ``bpy``.
"""

from typing import TYPE_CHECKING

import bpy

from ...api.display_text import shown as plain
from ..translate import say

if TYPE_CHECKING:
    from ...batch.run.row_table import Line
    from .batch_session import BatchSession

#: Rows written in one tick: 1 ms (measured). Ten thousand at once would be a hitch.
_AT_ONCE = 500
#: Rows of the table until it scrolls; its grip makes it longer.
UNTIL_IT_SCROLLS = 8
#: Rows that are shown; a table that is longer says so.
MOST = 10_000


def problem_words(line: "Line") -> list[str]:
    """Return what is wrong with a row, each with the column it is in."""
    return [
        f"{plain(problem.column)}: {say(problem.sentence)}" if problem.column else say(problem.sentence)
        for problem in line.problems
    ]


def sync(batch: "BatchSession") -> bool:
    """Make the rows those of the table, some at each tick; returns whether any was written."""
    group = bpy.context.window_manager.triverse
    if batch.recalled_jobs:
        group.batch_jobs, batch.recalled_jobs = batch.recalled_jobs, 0
    lines = batch.lines
    rows = group.batch_rows
    count = min(len(lines), MOST)
    if lines is not batch.rows_show:
        batch.rows_show = lines
        rows.clear()
        group.batch_active = 0
        changed = True
    else:
        # File > Open empties the rows.
        changed = len(rows) != count
    for index in range(len(rows), min(count, len(rows) + _AT_ONCE)):
        row = rows.add()
        line = lines[index]
        row.index, row.name = index, line.title
        if line.problems:
            row.problems = "\n".join(problem_words(line))
    return changed
