# SPDX-License-Identifier: GPL-3.0-or-later
"""
Operators on the tasks of the list, except imports.

Floor: third. Thread: main. Imports ``bpy``. None of them waits for the network: they pass a request to the engine.
"""

from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, IntProperty

from ...api.errors import TriverseError
from ..generate import cost, reuse_inputs
from ..setup.operator_helpers import fill_in_reason, open_folder
from ..state import runtime
from ..text.layout_text import paragraph, ui_scale
from ..text.translate import tr, tr_button, translate
from ..timers import redraw
from .operator_base import TaskOperatorMixin

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    from ...tasks.record.record import TaskRecord
    from ..state.task_history import HistoryLine

#: Width of dialogs that hold sentences, in pixels at UI scale 1.
_WIDTH = 420
#: Most lines of a history in the dialog, so that it fits on a screen.
_MOST_LINES = 30


class TRIVERSE_OT_retry(TaskOperatorMixin, bpy.types.Operator):
    """Go on where it failed. Only what the service itself has failed or refused is ordered again"""

    bl_idname = "triverse.retry"
    bl_label = "Retry"
    bl_options = {"INTERNAL"}

    @classmethod
    def disabled_reason(cls, _context: bpy.types.Context, record: "TaskRecord") -> str | None:
        """Return why the task cannot be retried: it has not failed."""
        from ..state import task_presentation  # lazy import, as in runtime

        return None if task_presentation.is_bad(record) else tr("This task has not failed.")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Ask for confirmation if it is ordered again, and that is above a limit in the preferences."""
        record = self.usable(context)
        if record is None:
            return {"CANCELLED"}
        again = cost.cost_again([record])
        question = cost.question(again) if again != 0 else None
        if question is None:
            return self.execute(context)
        title, message = question
        return context.window_manager.invoke_confirm(
            self, event, title=title, message=message, confirm_text=tr_button(self.bl_label)
        )

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Request the retry."""
        return self.call_engine(context, "retry")


class TRIVERSE_OT_regenerate(TaskOperatorMixin, bpy.types.Operator):
    """Load the inputs of this task into the panel, to change them and make another model"""

    bl_idname = "triverse.regenerate"
    bl_label = "Use These Inputs Again"
    bl_options = {"INTERNAL", "UNDO"}

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context, record: "TaskRecord") -> str | None:
        """Return why the inputs cannot be loaded; see :func:`reuse_inputs.disabled_reason`."""
        return reuse_inputs.disabled_reason(record) or fill_in_reason(context)

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Load the inputs into the panel. Nothing is sent."""
        session, record = runtime.current(), self.usable(context)
        if session is None or record is None:
            return {"CANCELLED"}
        try:
            reuse_inputs.load(context, session, record)
        except TriverseError as error:
            self.report({"WARNING"}, translate(error.sentence))
            return {"CANCELLED"}
        self.report({"INFO"}, tr("The inputs are in the panel. Change what you like and press Generate."))
        redraw.redraw()
        return {"FINISHED"}


class TRIVERSE_OT_stop_following(TaskOperatorMixin, bpy.types.Operator):
    """Leave this task alone. The service cannot cancel it and may still charge it; follow it again at any time"""

    bl_idname = "triverse.stop_following"
    bl_label = "Stop Following"
    bl_options = {"INTERNAL"}

    @classmethod
    def disabled_reason(cls, _context: bpy.types.Context, record: "TaskRecord") -> str | None:
        """Return why the task cannot be left: it is already finished or not followed."""
        return None if record.is_unfinished else tr("This task is not under way.")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Ask for confirmation, because a user may expect that this cancels the task."""
        if self.usable(context) is None:
            return {"CANCELLED"}
        return context.window_manager.invoke_confirm(
            self,
            event,
            title=tr("Stop Following This Task?"),
            message=tr("The service cannot cancel it and may still charge it. You can follow it again later."),
            confirm_text=tr("Stop Following"),
        )

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Request that the task is no longer followed."""
        return self.call_engine(context, "stop_following")


class TRIVERSE_OT_cancel_order(TaskOperatorMixin, bpy.types.Operator):
    """Do not send this order. Nothing of it was sent yet, so it costs nothing"""

    bl_idname = "triverse.cancel_order"
    bl_label = "Cancel"
    bl_options = {"INTERNAL"}

    @classmethod
    def disabled_reason(cls, _context: bpy.types.Context, record: "TaskRecord") -> str | None:
        """Return why the order cannot be cancelled: it was sent already."""
        if record.is_unfinished and record.is_unsent:
            return None
        return tr("This was sent already. The service has no cancel.")

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Cancel the order, unless it was sent since the button was drawn."""
        result = self.call_engine(context, "cancel")
        record = self.record()
        if result == {"FINISHED"} and record is not None and not record.is_final:
            self.report({"WARNING"}, tr("This was sent already. The service has no cancel."))
            return {"CANCELLED"}
        return result


class TRIVERSE_OT_resume_following(TaskOperatorMixin, bpy.types.Operator):
    """Follow this task again, and fetch its model when it is ready"""

    bl_idname = "triverse.resume_following"
    bl_label = "Follow Again"
    bl_options = {"INTERNAL"}

    @classmethod
    def disabled_reason(cls, _context: bpy.types.Context, record: "TaskRecord") -> str | None:
        """Return why the task cannot be followed: it is finished, or already followed."""
        from ..state import task_presentation  # lazy import, as in runtime

        return None if task_presentation.is_unfollowed(record) else tr("There is nothing to follow again.")

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Request that the task is followed again."""
        return self.call_engine(context, "resume_following")


class TRIVERSE_OT_forget(TaskOperatorMixin, bpy.types.Operator):
    """Take this task off the list"""

    bl_idname = "triverse.forget"
    bl_label = "Take off the List"
    bl_options = {"INTERNAL"}

    if TYPE_CHECKING:
        delete_files: bool
    else:
        delete_files: BoolProperty(
            name="Delete Its Files",
            description="Also delete the downloaded model from this machine",
            options={"SKIP_SAVE"},
        )

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Open the dialog to confirm the removal."""
        if self.usable(context) is None:
            return {"CANCELLED"}
        return context.window_manager.invoke_props_dialog(
            self, width=_WIDTH, title=tr("Take This Task off the List?"), confirm_text=tr("Take off the List")
        )

    def draw(self, context: bpy.types.Context) -> None:
        """Draw what is kept, and the option to delete the files."""
        record = self.record()
        width_px = (_WIDTH - 40) * ui_scale()
        column = self.layout.column()
        if record is not None and record.is_unfinished:
            text = tr("It is still under way: the service may still charge it, and its model will not come.")
        else:
            text = tr("Models that were imported stay in your scenes.")
        paragraph(column, text, width_px)
        if record is not None and record.folder:
            if not self.delete_files:
                paragraph(column, tr("Its files stay in {folder}", folder=record.folder), width_px)
            column.prop(self, "delete_files")

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Request the removal from the list, and of the files if chosen."""
        return self.call_engine(context, "forget", delete_files=self.delete_files)


class TRIVERSE_OT_show_error(TaskOperatorMixin, bpy.types.Operator):
    """Show everything that happened to this task, in order"""

    bl_idname = "triverse.show_error"
    bl_label = "What Happened"
    bl_options = {"INTERNAL"}

    if TYPE_CHECKING:
        _lines: tuple[HistoryLine, ...]
    else:
        _lines = ()

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Read the history from the store, because drawing must not, and open the popup."""
        session, record = runtime.current(), self.usable(context)
        if session is None or record is None:
            return {"CANCELLED"}
        from ..state.task_history import read  # lazy import, as in runtime

        self._lines = read(session.engine, record.id)
        return context.window_manager.invoke_popup(self, width=_WIDTH)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the error, then the history."""
        from ..state import task_presentation  # lazy import, as in runtime

        record = self.record()
        width_px = (_WIDTH - 40) * ui_scale()
        column = self.layout.column()
        if record is not None:
            column.label(text=record.name, icon=task_presentation.icon(record), translate=False)
            if record.error is not None:
                paragraph(column, translate(record.error), width_px)
        column.separator(type="LINE")
        if len(self._lines) > _MOST_LINES:
            text = tr(
                "{count} {count|earlier line is|earlier lines are} not shown.", count=len(self._lines) - _MOST_LINES
            )
            paragraph(column, text, width_px)
        for line in self._lines[-_MOST_LINES:]:
            row = column.split(factor=0.36)
            row.label(text=line.at, translate=False)
            paragraph(row, line.text, width_px * 0.64, alert=line.level == "ERROR")
        if not self._lines:
            column.label(text="Nothing was noted.")

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Do nothing: the operator only shows a popup."""
        return {"FINISHED"}


class TRIVERSE_OT_open_folder(TaskOperatorMixin, bpy.types.Operator):
    """Open the folder of this task's files in the file browser of your system"""

    bl_idname = "triverse.open_folder"
    bl_label = "Open Folder"
    bl_options = {"INTERNAL"}

    @classmethod
    def disabled_reason(cls, _context: bpy.types.Context, record: "TaskRecord") -> str | None:
        """Return why the folder cannot be opened: the task has none."""
        return None if record.folder else tr("This task has no files yet.")

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Open the task's folder in the system's file browser."""
        record = self.usable(context)
        return {"CANCELLED"} if record is None else open_folder(self, record.folder)


class TRIVERSE_OT_copy_uuid(TaskOperatorMixin, bpy.types.Operator):
    """Copy the UUID under which the service knows this task"""

    bl_idname = "triverse.copy_uuid"
    bl_label = "Copy Task UUID"
    bl_options = {"INTERNAL"}

    @classmethod
    def disabled_reason(cls, _context: bpy.types.Context, record: "TaskRecord") -> str | None:
        """Return why the UUID cannot be copied: the service has not assigned one yet."""
        return None if record.task_uuid is not None else tr("The service has not named this task yet.")

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Copy the UUID to the clipboard."""
        record = self.usable(context)
        if record is None or record.task_uuid is None:
            return {"CANCELLED"}
        context.window_manager.clipboard = record.task_uuid
        self.report({"INFO"}, tr("The UUID is in the clipboard."))
        return {"FINISHED"}


class TRIVERSE_OT_dismiss(bpy.types.Operator):
    """Dismiss this notice"""

    bl_idname = "triverse.dismiss"
    bl_label = "Dismiss"
    bl_options = {"INTERNAL"}

    if TYPE_CHECKING:
        index: int
    else:
        index: IntProperty(options={"HIDDEN", "SKIP_SAVE"})

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Remove the notice from the panel."""
        session = runtime.current()
        if session is None or not 0 <= self.index < len(session.notices):
            return {"CANCELLED"}
        del session.notices[self.index]
        redraw.redraw()
        return {"FINISHED"}


CLASSES = (
    TRIVERSE_OT_retry,
    TRIVERSE_OT_regenerate,
    TRIVERSE_OT_stop_following,
    TRIVERSE_OT_cancel_order,
    TRIVERSE_OT_resume_following,
    TRIVERSE_OT_forget,
    TRIVERSE_OT_show_error,
    TRIVERSE_OT_open_folder,
    TRIVERSE_OT_copy_uuid,
    TRIVERSE_OT_dismiss,
)
