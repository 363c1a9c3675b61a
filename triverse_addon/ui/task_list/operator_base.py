# SPDX-License-Identifier: GPL-3.0-or-later
"""
The base class of all operators on one task, and the function that draws their buttons.

Floor: third. Thread: main. Imports ``bpy``. None of them waits for the network: they pass a request to the engine.
"""

import contextlib
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, StringProperty

from ...api.errors import TriverseError
from ..rna.members import OperatorMixin
from ..setup.operator_helpers import needs_task
from ..state import list_rows, runtime
from ..text.translate import tr, translate
from ..timers import app_timer

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    from ...tasks.record.record import TaskRecord

#: Name of the string in the layout's context that holds the id of a button's task. ``poll()`` reads it, because it has
#: no access to the operator's ``task_id``.
_OF_TASK = "triverse_task"


def draw_task_operator(
    layout: bpy.types.UILayout, operator: str, record: "TaskRecord", **how: Any
) -> bpy.types.OperatorProperties:
    """
    Draw a button for an operator on a task. It is greyed out, with the reason as tooltip, if it does not apply.

    :param operator: ``bl_idname`` of an operator based on :class:`TaskOperatorMixin`.
    :param how: keyword arguments for ``layout.operator``.
    :returns: the properties of the operator.
    """
    layout.context_string_set(_OF_TASK, record.id)
    properties = layout.operator(operator, **how)
    properties.task_id = record.id
    return properties


def in_place_property(*, default: bool) -> Any:
    """Return the property of whether what is made from a model replaces it."""
    return BoolProperty(
        name="In Its Place",
        description="What is made replaces the model in this scene. Off, it comes beside it",
        default=default,
    )


class TaskOperatorMixin(OperatorMixin):
    """Base class of operators on the task with the id or UUID ``task_id``, or on the selected task if that is empty."""

    if TYPE_CHECKING:
        task_id: str
    else:
        task_id: StringProperty(
            name="Task",
            description="Id or UUID of the task. Empty: the one that is chosen in the list",
            options={"HIDDEN", "SKIP_SAVE"},
        )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """
        Return True if there are tasks.

        For a button drawn by :func:`draw_task_operator`, the operator must also apply to the button's task.
        """
        session = runtime.current()
        if not needs_task(cls, session is not None and session.engine.has_tasks):
            return False
        asked = getattr(context, _OF_TASK, None)
        record = session.shown(asked) if isinstance(asked, str) else None
        reason = cls.disabled_reason(context, record) if record is not None else None
        if reason is not None:
            cls.poll_message_set(reason)
        return reason is None

    @classmethod
    def disabled_reason(cls, _context: bpy.types.Context, _record: "TaskRecord") -> str | None:
        """Return why the operator does not apply to a task, translated, or None if it does. Called while drawing."""
        return None

    def record(self) -> "TaskRecord | None":
        """Return the operator's task, or None if it is no longer in the list, or that cannot be read."""
        with contextlib.suppress(TriverseError):
            return self._read_record()
        return None

    def _read_record(self) -> "TaskRecord | None":
        session = runtime.current()
        if session is None:
            return None
        asked = self.task_id or list_rows.chosen_id(session)
        return session.engine.get(asked) or session.engine.store.find_by_uuid(asked)

    def usable(self, context: bpy.types.Context) -> "TaskRecord | None":
        """
        Return the operator's task if the operator applies to it. Else report the reason and return None.

        From now on it stays the operator's task: while a question is open, the list may choose another one.
        """
        try:
            record = self._read_record()
        except TriverseError as error:
            self.report({"WARNING"}, translate(error.sentence))
            return None
        reason = tr("This task was taken off the list.") if record is None else self.disabled_reason(context, record)
        if reason is not None:
            self.report({"WARNING"}, reason)
            return None
        if record is not None:
            self.task_id = record.id
        return record

    def call_engine(self, context: bpy.types.Context, method: str, /, **more: Any) -> "set[OperatorReturnItems]":
        """
        Pass a request for the operator's task to the engine, and report an error.

        :param method: name of the engine's method. It gets the task's id.
        :param more: keyword arguments for the method.
        :returns: the operator's result.
        """
        session, record = runtime.current(), self.usable(context)
        if session is None or record is None:
            return {"CANCELLED"}
        try:
            getattr(session.engine, method)(record.id, **more)
        except TriverseError as error:
            self.report({"WARNING"}, translate(error.sentence))
            return {"CANCELLED"}
        return app_timer.finish_operator()
