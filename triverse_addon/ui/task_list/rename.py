# SPDX-License-Identifier: GPL-3.0-or-later
"""
The popover in which the chosen task is renamed, as Blender's F2 renames objects.

Floor: third. Thread: main. Imports ``bpy``.

A click anywhere on a row selects, so the name in the row is no text field. The popover edits the same property of the
row, and the next tick takes it over.
"""

from typing import TYPE_CHECKING

import bpy

from ..rna.members import window_props
from ..setup.operator_helpers import needs_task
from ..state import list_rows, runtime
from ..text.translate import tr

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems


def has_window() -> bool:
    """Return whether there is a window to open a popover in. In background, the context's is a mere description."""
    return not bpy.app.background


def begin() -> None:
    """Open the popover under the mouse, with the name selected."""
    bpy.ops.wm.call_panel("INVOKE_DEFAULT", name="TRIVERSE_PT_rename", keep_open=False)


class TRIVERSE_PT_rename(bpy.types.Panel):
    """The name of the chosen task."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "HEADER"
    bl_idname = "TRIVERSE_PT_rename"
    bl_label = "Rename Task"
    bl_ui_units_x = 14

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the name as a text field that is being edited."""
        session = runtime.current()
        slot = session.slots.row_of(list_rows.chosen_id(session)) if session is not None else -1
        rows = window_props(context.window_manager).rows
        if not 0 <= slot < len(rows):
            self.layout.label(text="No task is chosen")
            return
        row = self.layout.row()
        row.activate_init = True
        row.prop(rows[slot], "title", text="", icon="GREASEPENCIL")


class TRIVERSE_OT_rename_task(bpy.types.Operator):
    """Give the chosen task another name. A model that is imported later gets it, too"""

    bl_idname = "triverse.rename_task"
    bl_label = "Rename"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Return True if the chosen task has a row on this page."""
        session = runtime.current()
        return needs_task(cls, session is not None and session.slots.row_of(list_rows.chosen_id(session)) >= 0)

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Open the popover. Without a window, Blender would crash (4.2.23 and 5.2.3)."""
        if not has_window():
            self.report({"WARNING"}, tr("There is no window to type the name in."))
            return {"CANCELLED"}
        begin()
        return {"FINISHED"}


CLASSES = (TRIVERSE_PT_rename, TRIVERSE_OT_rename_task)
