# SPDX-License-Identifier: GPL-3.0-or-later
"""
Operators that change what the list shows: selection, page, filter.

Floor: third. Thread: main. Imports ``bpy``.
"""

from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import EnumProperty, StringProperty

from .. import choices
from ..state import list_rows, runtime, source_pictures
from ..timers import app_timer, redraw
from ..translate import tr

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems


class TRIVERSE_OT_choose_task(bpy.types.Operator):
    """Show what is known of this task below, and what can be done with it"""

    bl_idname = "triverse.choose_task"
    bl_label = "Choose Task"
    bl_options = {"INTERNAL"}

    if TYPE_CHECKING:
        task_id: str
    else:
        task_id: StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """Return what is known of the task as tooltip."""
        from .. import task_summary  # lazy import, as in runtime

        session = runtime.current()
        record = session.shown(properties.task_id) if session is not None else None
        return task_summary.tooltip(record) if record is not None else tr(str(cls.__doc__))

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Select the task in the list, and show its picture, if it has one, in the large preview."""
        session = runtime.current()
        record = session.shown(self.task_id) if session is not None else None
        if record is None or not (record.thumbnail_path or source_pictures.first_picture(record)):
            return self.execute(context)
        bpy.ops.triverse.preview("INVOKE_DEFAULT", task_ids=self.task_id)  # type: ignore[attr-defined]
        return {"FINISHED"}

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Select the task in the list."""
        session = runtime.current()
        if session is None or session.shown(self.task_id) is None:
            return {"CANCELLED"}
        list_rows.choose(session, self.task_id)
        redraw.redraw()
        return {"FINISHED"}


class TRIVERSE_OT_turn_page(bpy.types.Operator):
    """Show other tasks of the list"""

    bl_idname = "triverse.turn_page"
    bl_label = "Turn Page"
    bl_options = {"INTERNAL"}

    if TYPE_CHECKING:
        to: str
    else:
        to: EnumProperty(
            name="To",
            items=(
                ("FIRST", "First Page", "The beginning of the list", 0),
                ("PREVIOUS", "Previous Page", "The tasks before these", 1),
                ("NEXT", "Next Page", "The tasks after these", 2),
                ("LAST", "Last Page", "The end of the list", 3),
            ),
            options={"SKIP_SAVE"},
        )

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """Return the description of the enum item as tooltip."""
        # The items are read from ``properties``: the operator class's own bl_rna does not contain them.
        to: Any = properties.bl_rna.properties["to"]
        return str(to.enum_items[choices.chosen(properties, "to")].description)

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Return True if there is a session."""
        if runtime.current() is None:
            cls.poll_message_set(tr("There is no task in the list."))
            return False
        return True

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Request the page. It is shown after it was read."""
        session = runtime.current()
        if session is None:
            return {"CANCELLED"}
        session.pager.go_to(self.to)
        app_timer.wake()
        return {"FINISHED"}


class TRIVERSE_OT_clear_filter(bpy.types.Operator):
    """Empty the search and show all tasks"""

    bl_idname = "triverse.clear_filter"
    bl_label = "Show All Tasks"
    bl_options = {"INTERNAL"}

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Clear search and filter."""
        list_rows.clear_filter()
        return app_timer.finish_operator()


CLASSES = (TRIVERSE_OT_choose_task, TRIVERSE_OT_turn_page, TRIVERSE_OT_clear_filter)
