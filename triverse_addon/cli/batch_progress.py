# SPDX-License-Identifier: GPL-3.0-or-later
"""
Progress of a batch: one updated line on a terminal, occasional lines in a log file, JSON lines for programs.

Floor: third. Thread: main. No ``bpy``.
"""

import dataclasses
import shutil
import time
from collections.abc import Sequence

from ..batch.run.outcome import Progress
from ..tasks.record.events import Event, Notice
from ..tasks.record.record import TaskRecord
from .output import Output

#: Minimum interval in seconds between two lines in a log file.
_LINE_S = 10.0
#: Interval in seconds when nothing changes: render farms consider a program hung if it prints nothing for minutes.
_ALIVE_S = 60.0
_BAR_WIDTH = 24


class BatchProgressPrinter:
    """Prints what has changed since the last call."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._bar = output.people.isatty()
        self._last_emitted: tuple[int, ...] = ()
        self._last_printed: tuple[int, ...] = ()
        self._last_printed_s = float("-inf")
        self._tasks: dict[str, object] = {}

    def print_problems(self, events: Sequence[Event]) -> None:
        """Print the errors among ``events`` that concern the whole run, such as a task list that cannot be written."""
        for event in events:
            if isinstance(event, Notice) and event.level == "ERROR" and not event.task_id:
                self._output.say(event.sentence)

    def show(self, progress: Progress, records: Sequence[TaskRecord]) -> None:
        """
        Print the current state.

        :param progress: counts of the batch.
        :param records: the records of its tasks.
        """
        for record in records:
            # Without the percentage, which would produce a hundred lines per task.
            state = (record.stage, record.service_status, record.task_uuid, record.status_note)
            if self._tasks.get(record.id) != state:
                self._tasks[record.id] = state
                self._output.emit("task", **self._output.task_fields(record))
        for task_id in self._tasks.keys() - {record.id for record in records}:
            del self._tasks[task_id]
        counts = (progress.done, progress.failed, progress.waiting, progress.under_way, progress.writing)
        if self._bar:
            self._output.line(_line(progress)[: shutil.get_terminal_size().columns - 1])
        if counts != self._last_emitted:
            self._last_emitted = counts
            self._output.emit("progress", **dataclasses.asdict(progress))
        if not self._bar and time.monotonic() - self._last_printed_s >= (
            _LINE_S if counts != self._last_printed else _ALIVE_S
        ):
            self._last_printed, self._last_printed_s = counts, time.monotonic()
            self._output.say(_line(progress))


def _line(progress: Progress) -> str:
    share = (progress.done + progress.failed) / progress.total if progress.total else 1.0
    done = round(share * _BAR_WIDTH)
    parts = [f"{progress.done:,} of {progress.total:,} done"]
    parts += [f"{progress.failed:,} failed"] if progress.failed else []
    parts += [f"{progress.under_way:,} under way"] if progress.under_way else []
    parts += [f"{progress.writing:,} to write"] if progress.writing else []
    parts += [f"{progress.credits:,} credit{'' if progress.credits == 1 else 's'}"] if progress.credits else []
    parts += [f"about {_span(progress.left_s)} left"] if progress.left_s else []
    return f"[{'#' * done}{'.' * (_BAR_WIDTH - done)}] {', '.join(parts)}"


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
