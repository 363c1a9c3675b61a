# SPDX-License-Identifier: GPL-3.0-or-later
"""
The popover below the Generate button: what was spent, the monthly limit, and the export as a table.

Floor: third. Thread: main. Imports ``bpy``. Drawing reads memory only.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, StringProperty

from .. import settings
from ..setup.operator_helpers import session_or_report
from ..state import runtime
from ..text.layout_text import paragraph, ui_scale
from ..text.translate import tr, translate
from ..timers import app_timer

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    from ...tasks.store.spending import Spending
    from ..state.session import Session

_SUFFIX = ".csv"
#: Width of the popover, in units of a button's height, and that in pixels at UI scale 1.
_WIDTH_UNITS = 13
_UNIT_PX = 20


class TRIVERSE_PT_spending(bpy.types.Panel):
    """What was spent today, this month and on this file."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "HEADER"
    bl_idname = "TRIVERSE_PT_spending"
    bl_label = "Spending"
    bl_ui_units_x = _WIDTH_UNITS

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the sums, the limit, and the buttons for export and account."""
        column = self.layout.column()
        column.label(text="Spending")
        session = runtime.current()
        if session is None:
            return
        request_sums(session)
        sums, problem = session.spending.sums, session.spending.problem
        if problem is not None:
            paragraph(column, translate(problem), (_WIDTH_UNITS - 1) * _UNIT_PX * ui_scale(), icon="ERROR", alert=True)
        if sums is None:
            # The timer may be a second away.
            app_timer.wake()
            if problem is None:
                column.label(text="Reading…")
        else:
            _draw_sum(column, tr("Today"), sums.today)
            _draw_sum(column, tr("This Month"), sums.month)
            _draw_sum(column, tr("This File"), sums.file)
            if sums.month.unpriced:
                text = tr(
                    "The price of {count} {count|task|tasks} of this month is not known.", count=sums.month.unpriced
                )
                column.label(text=text, icon="INFO", translate=False)
        column.prop(settings.preferences(), "monthly_limit")
        column.separator()
        column.operator("triverse.export_spending", icon="EXPORT")
        column.operator("triverse.open_account", icon="URL")


def request_sums(session: "Session") -> None:
    """Request the sums for the popover. For drawing."""
    from ..state import query  # lazy import, as in runtime

    session.spending.request(query.open_file())


def _draw_sum(column: bpy.types.UILayout, name: str, spending: "Spending") -> None:
    row = column.split(factor=0.45)
    row.label(text=name, translate=False)
    text = tr("{credits} {credits|credit|credits}", credits=spending.credits)
    row.label(text=text, translate=False)


class TRIVERSE_OT_export_spending(bpy.types.Operator):
    """Write all tasks with their time, state and cost into a table for a spreadsheet (CSV)"""

    bl_idname = "triverse.export_spending"
    bl_label = "Export Spending"
    bl_options = {"INTERNAL"}

    if TYPE_CHECKING:
        filepath: str
        filter_glob: str
        check_existing: bool
    else:
        filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
        filter_glob: StringProperty(default=f"*{_SUFFIX}", options={"HIDDEN", "SKIP_SAVE"})
        # Blender's file browser reads the property of this name, and asks before a file is overwritten.
        check_existing: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Open a file browser to choose the file."""
        from ...api.calendar import local_text  # lazy imports, as in runtime
        from ...tasks.record.record import now_s

        if not self.filepath:
            self.filepath = f"triverse-spending-{local_text(now_s(), '%Y-%m-%d')}{_SUFFIX}"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def check(self, _context: bpy.types.Context) -> bool:
        """Add the suffix as soon as a name is typed, so that the file browser knows what would be overwritten."""
        name = os.path.basename(self.filepath)
        if not name or name.lower().endswith(_SUFFIX):
            return False
        self.filepath += _SUFFIX
        return True

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Start to write the table. The status bar tells when it is done."""
        self.check(context)
        if not os.path.basename(self.filepath):
            self.report({"WARNING"}, tr("Choose a file first."))
            return {"CANCELLED"}
        session = session_or_report(self)
        if session is None:
            return {"CANCELLED"}
        path = Path(bpy.path.abspath(self.filepath))
        session.spending.export(session.engine, path)
        return app_timer.finish_operator()


CLASSES = (TRIVERSE_PT_spending, TRIVERSE_OT_export_spending)
