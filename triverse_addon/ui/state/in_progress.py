# SPDX-License-Identifier: GPL-3.0-or-later
"""
How far the tasks in progress are, for the status bar and the like.

Floor: third. Thread: main. Imports no ``bpy``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ...tasks.record import TaskRecord
from ...tasks.status_text import overall_progress


@dataclass(frozen=True, slots=True)
class Moving:
    """
    The tasks in progress, for the status bar.

    :ivar count: number of tasks.
    :ivar one: the task if there is exactly one, else None.
    :ivar progress: mean progress of all tasks, from 0.0 to 1.0.
    """

    count: int
    one: TaskRecord | None
    progress: float


def moving_of(records: Sequence[TaskRecord]) -> Moving:
    """Return how far these tasks are."""
    progress = sum(map(overall_progress, records)) / len(records) if records else 0.0
    return Moving(len(records), records[0] if len(records) == 1 else None, max(0.0, min(1.0, progress)))
