# SPDX-License-Identifier: GPL-3.0-or-later
"""
Progress of tasks: a bar on a terminal, plain lines elsewhere, JSON lines for programs.

Floor: third. Thread: main. No ``bpy``.
"""

import shutil
from collections.abc import Sequence

from ..tasks.record.events import Event, Notice
from ..tasks.record.record import Stage, TaskRecord
from ..tasks.record.status_text import overall_progress, stage_text, time_left_s
from .output import Output

_BAR_WIDTH = 24


class ProgressPrinter:
    """
    Prints what has changed since the last call.

    :param output: the output to print to.
    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self._bar = output.people.isatty()
        self._last_printed: dict[str, object] = {}
        self._last_emitted: dict[str, object] = {}

    def show(self, records: Sequence[TaskRecord]) -> None:
        """Print the current state of all tasks of the command."""
        for record in records:
            self._emit_if_changed(record)
            if not self._bar:
                self._print_if_changed(record, len(records) > 1)
        if self._bar and records:
            self._draw_bar(records)

    def print_notices(self, events: Sequence[Event]) -> None:
        """Print the notices among ``events``."""
        for event in events:
            if isinstance(event, Notice):
                self._output.say(event.sentence)

    def _emit_if_changed(self, record: TaskRecord) -> None:
        fields = self._output.task_fields(record)
        if self._last_emitted.get(record.id) != fields:
            self._last_emitted[record.id] = fields
            self._output.emit("task", **fields)

    def _print_if_changed(self, record: TaskRecord, several: bool) -> None:
        # Steps of ten percent are enough for a log file.
        step = (
            record.stage,
            record.service_status,
            record.queue_position,
            (record.progress or 0) // 10,
            record.status_note,
        )
        if self._last_printed.get(record.id) == step:
            return
        self._last_printed[record.id] = step
        self._output.say(f"{record.name}: {self._status_text(record)}" if several else self._status_text(record))

    def _draw_bar(self, records: Sequence[TaskRecord]) -> None:
        share = sum(overall_progress(record) for record in records) / len(records)
        done = round(share * _BAR_WIDTH)
        if len(records) == 1:
            text = self._status_text(records[0])
        else:
            ended = sum(not record.is_unfinished for record in records)
            text = f"{ended} of {len(records)} done"
        line = f"[{'#' * done}{'.' * (_BAR_WIDTH - done)}] {share:4.0%} {text}"
        # A line that wraps could not be overwritten.
        self._output.line(line[: shutil.get_terminal_size().columns - 1])

    def _status_text(self, record: TaskRecord) -> str:
        """Return a task's state, the reason for waiting, and the remaining time."""
        text = "Arrived" if record.stage is Stage.READY else str(stage_text(record))
        if record.status_note is not None and record.is_unfinished:
            return f"{text} ({self._output.text(record.status_note)})"
        left_s = time_left_s(record)
        return text if left_s is None else f"{text}, about {_span(left_s)} left"


def _span(seconds: float) -> str:
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{round(seconds / 60)} min"
