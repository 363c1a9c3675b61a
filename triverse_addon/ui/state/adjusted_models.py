# SPDX-License-Identifier: GPL-3.0-or-later
"""
Bring a model back that was taken away when the user adjusted, by *Adjust Last Operation*, what was done before it came.

Floor: third. Thread: main. Imports ``bpy``.

To repeat an operation with other values, Blender goes back to before it, and drops all steps since: also that of a
model that has arrived meanwhile. That is told apart from *Undo* afterwards, when only that has left something to redo.
The model's files are on the disk, and it stands where it stood.
"""

import bpy

from ...api.errors import TriverseError
from ...scene.importing import imported_models, undo
from ...scripting import write_access
from ...tasks.record.events import Notice
from . import runtime

#: The models before the first undo that was not looked at yet: session UID of the collection -> the task's UUID.
_before: dict[int, str] = {}


def going_back() -> None:
    """Note which models there are. Called before Blender goes back a step."""
    if not _before:
        _before.update(imported_models.in_file())


def gone_back() -> None:
    """Look what is missing as soon as Blender has repeated the operation. Called when it has gone back a step."""
    if not bpy.app.timers.is_registered(_look):
        bpy.app.timers.register(_look, first_interval=0.0)


def forget() -> None:
    """Look for nothing. Called when another file was loaded."""
    _before.clear()


def _look() -> None:
    write_access.call(_bring_back)


def _bring_back() -> None:
    there = imported_models.in_file()
    gone = [uuid for uid, uuid in _before.items() if uid not in there]
    _before.clear()
    session = runtime.current()
    if not gone or session is None or undo.can_redo():
        return
    for uuid in gone:
        task_id = ""
        try:
            record = session.engine.store.find_by_uuid(uuid)
            if record is not None:
                task_id = record.id
                session.engine.import_again(task_id, geometry_only=record.geometry_only)
        except TriverseError as error:
            session.add_notice(Notice("WARNING", error.sentence, task_id))
