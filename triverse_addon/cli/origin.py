# SPDX-License-Identifier: GPL-3.0-or-later
"""
Marks the tasks of the command line, and the file that their models are saved in.

Floor: third. Thread: any. No ``bpy``.
"""

from pathlib import Path

from ..tasks.record.record import Origin, TaskRecord, new_id

#: ``Origin.session`` of tasks from the command line; no window uses this value.
CLI_ORIGIN = "command-line"


def new_origin(output: Path | None) -> Origin:
    """Return the origin for the tasks of one command. With it ``resume`` finds the tasks and their output file."""
    return Origin(session=CLI_ORIGIN, file=str(output or ""), scene_id=new_id())


def is_for_a_file(record: TaskRecord) -> bool:
    """Return whether a task was ordered by a command that saves its model as a file."""
    return record.origin.session == CLI_ORIGIN and bool(record.origin.file)
