# SPDX-License-Identifier: GPL-3.0-or-later
"""
How far a batch is: one line on a terminal, a line now and then elsewhere, JSON lines for programs.

Floor: third. Thread: main. No ``bpy``.
"""

import dataclasses
import shutil
import time
from collections.abc import Sequence

from ..batch.run.outcome import Progress
from ..tasks.record import TaskRecord
from .output import Output, task_fields

#: A log file gets a line at most so often, in seconds.
_LINE_S = 10.0
#: And so often even when nothing has changed: a farm takes a program that is silent for minutes for hung.
_ALIVE_S = 60.0
_BAR_WIDTH = 24


class BatchProgress:
    """Tells what has changed since it was told last."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._bar = output.people.isatty()
        self._told: tuple[int, ...] = ()
        self._said: tuple[int, ...] = ()
        self._said_s = float("-inf")
        self._tasks: dict[str, object] = {}

    def show(self, progress: Progress, records: Sequence[TaskRecord]) -> None:
        """Show the present state."""
        for record in records:
            # A task's every percent would be a thousand lines a row.
            state = (record.stage, record.service_status, record.task_uuid, record.note)
            if self._tasks.get(record.id) != state:
                self._tasks[record.id] = state
                self._output.emit("task", **task_fields(record))
        for task_id in self._tasks.keys() - {record.id for record in records}:
            del self._tasks[task_id]
        told = (progress.done, progress.failed, progress.waiting, progress.under_way, progress.writing)
        if self._bar:
            self._output.line(_line(progress)[: shutil.get_terminal_size().columns - 1])
        if told != self._told:
            self._told = told
            self._output.emit("progress", **dataclasses.asdict(progress))
        if not self._bar and time.monotonic() - self._said_s >= (_LINE_S if told != self._said else _ALIVE_S):
            self._said, self._said_s = told, time.monotonic()
            self._output.say(_line(progress))


def _line(progress: Progress) -> str:
    share = (progress.done + progress.failed) / progress.total if progress.total else 1.0
    done = round(share * _BAR_WIDTH)
    words = [f"{progress.done} of {progress.total} done"]
    words += [f"{progress.failed} failed"] if progress.failed else []
    words += [f"{progress.under_way} under way"] if progress.under_way else []
    words += [f"{progress.writing} to write"] if progress.writing else []
    words += [f"{progress.credits} credits"] if progress.credits else []
    words += [f"about {_span(progress.left_s)} left"] if progress.left_s else []
    return f"[{'#' * done}{'.' * (_BAR_WIDTH - done)}] {', '.join(words)}"


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
