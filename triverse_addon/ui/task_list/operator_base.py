# SPDX-License-Identifier: GPL-3.0-or-later
"""
What all operators on one task share.

Floor: third. Thread: main. Imports ``bpy``. None of them waits for the network: each leaves a wish with the engine.
"""

from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import StringProperty

from ...api.errors import TriverseError
from ..state import list_rows, runtime
from ..timers import app_timer
from ..translate import say, words

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    from ...tasks.record import TaskRecord

#: Name of the string in the context that tells ``poll()`` which task a button is for: it cannot see ``task_id``.
_OF_TASK = "triverse_task"


def button(layout: bpy.types.UILayout, operator: str, record: "TaskRecord", **how: Any) -> bpy.types.OperatorProperties:
    """Draw an operator for a task, greyed with the reason where it makes no sense; returns its properties."""
    layout.context_string_set(_OF_TASK, record.id)
    properties = layout.operator(operator, **how)
    properties.task_id = record.id
    return properties


class OnTask:
    """An operator on the task ``task_id``, or on the chosen one when that is empty."""

    if TYPE_CHECKING:
        task_id: str
    else:
        task_id: StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a task; of a button drawn by :func:`button`, one for which it makes sense."""
        here = runtime.current()
        if here is None or not here.engine.tasks():
            cls.poll_message_set(words("There is no task in the list."))  # type: ignore[attr-defined]
            return False
        asked = getattr(context, _OF_TASK, None)
        record = here.shown(asked) if isinstance(asked, str) else None
        reason = cls.why_not(context, record) if record is not None else None
        if reason is not None:
            cls.poll_message_set(reason)  # type: ignore[attr-defined]
        return reason is None

    @classmethod
    def why_not(cls, _context: bpy.types.Context, _record: "TaskRecord") -> str | None:
        """Return why this makes no sense for a task, in words; None when it does. Called while drawing."""
        return None

    def record(self) -> "TaskRecord | None":
        """Return the task, if it still is there."""
        here = runtime.current()
        return None if here is None else here.engine.get(self.task_id or list_rows.chosen_id(here))

    def usable(self, context: bpy.types.Context) -> "TaskRecord | None":
        """Return the task if this makes sense for it; else report why it does not."""
        record = self.record()
        reason = words("This task was taken off the list.") if record is None else self.why_not(context, record)
        if reason is not None:
            self.report({"WARNING"}, reason)  # type: ignore[attr-defined]
            return None
        return record

    def wish(self, context: bpy.types.Context, method: str, /, **more: Any) -> "set[OperatorReturnItems]":
        """Leave a wish for the task with the engine, and report what speaks against it."""
        here, record = runtime.current(), self.usable(context)
        if here is None or record is None:
            return {"CANCELLED"}
        try:
            getattr(here.engine, method)(record.id, **more)
        except TriverseError as error:
            self.report({"WARNING"}, say(error.sentence))  # type: ignore[attr-defined]
            return {"CANCELLED"}
        return app_timer.done()
