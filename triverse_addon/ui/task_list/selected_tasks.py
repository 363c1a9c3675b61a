# SPDX-License-Identifier: GPL-3.0-or-later
"""
What can be done with several selected tasks, below the list, and how far a job on many tasks is.

Floor: third. Thread: main. Imports ``bpy``. Drawing reads memory only.
"""

from typing import TYPE_CHECKING

import bpy

from ..rna.members import Icon
from ..state import runtime
from ..text.layout_text import side_by_side, sidebar_width_px
from ..text.translate import amount, tr, translate
from . import label_operators

if TYPE_CHECKING:
    from ..state.session import Session


def draw_progress(layout: bpy.types.UILayout, session: "Session") -> None:
    """Draw how far the job on many tasks is, and the button that stops it. Draws nothing without a job."""
    progress = session.many.progress
    if progress is None:
        return
    row = layout.row(align=True)
    text = f"{translate(progress.sentence)} {amount(progress.seen)} / {amount(progress.total)}"
    row.progress(factor=min(1.0, progress.seen / max(1, progress.total)), text=text, translate=False)
    row.operator("triverse.stop_many", text="", icon="X")


def draw(layout: bpy.types.UILayout, context: bpy.types.Context, session: "Session") -> None:
    """Draw the number of selected tasks, and the buttons for all of them."""
    row = layout.row()
    row.label(text=tr("{count} tasks selected", count=len(session.many.selection)), translate=False)
    row.operator("triverse.select_tasks", text="", icon="X", emboss=False).action = "NONE"
    row = layout.row(align=True)
    texts = (tr("Import"), tr("Retry"))
    buttons = side_by_side(row, texts, sidebar_width_px(context) - 28)
    buttons.operator("triverse.import_selected", text="Import", icon="IMPORT")
    buttons.operator("triverse.retry_selected", text="Retry", icon="FILE_REFRESH")
    row.menu("TRIVERSE_MT_tasks", text="", icon="DOWNARROW_HLT")


def draw_labels(layout: bpy.types.UILayout, session: "Session") -> None:
    """Draw the menu entries that put tasks in order."""
    star: Icon = "SOLO_ON" if label_operators.is_starred(session) else "SOLO_OFF"
    layout.operator("triverse.star", icon=star)
    layout.operator("triverse.edit_tags", text="Tags…", icon="BOOKMARKS")
    layout.operator("triverse.set_project", text="Project…", icon="FILE_FOLDER")


class TRIVERSE_MT_tasks(bpy.types.Menu):
    """What can be done with the selected tasks."""

    bl_idname = "TRIVERSE_MT_tasks"
    bl_label = "Selected Tasks"

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw all operators on several tasks."""
        layout = self.layout
        session = runtime.current()
        if session is None:
            return
        layout.operator("triverse.import_selected", icon="IMPORT")
        bare = layout.operator("triverse.import_selected", text="Import Geometry Only", icon="MESH_DATA")
        bare.geometry_only = True
        layout.operator("triverse.retry_selected", icon="FILE_REFRESH")
        layout.separator()
        draw_labels(layout, session)
        layout.separator()
        layout.operator("triverse.select_tasks", text="Select All").action = "ALL"
        layout.operator("triverse.select_tasks", text="Select None").action = "NONE"
        layout.operator("triverse.import_ready")
        layout.separator()
        layout.operator("triverse.put_selected_away", icon="HIDE_ON")
        back = layout.operator("triverse.put_selected_away", text="Bring Selected Back", icon="HIDE_OFF")
        back.is_away = False
        layout.operator("triverse.remove_selected", icon="TRASH")


CLASSES = (TRIVERSE_MT_tasks,)
