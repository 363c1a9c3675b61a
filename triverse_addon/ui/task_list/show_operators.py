# SPDX-License-Identifier: GPL-3.0-or-later
"""
The operator that shows the model of a task in the viewport.

Floor: third. Thread: main. Imports ``bpy``. It uses neither network nor disk.
"""

from typing import TYPE_CHECKING

import bpy

from ..text.translate import tr
from .operator_base import TaskOperatorMixin

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    from ...tasks.record.record import TaskRecord


class TRIVERSE_OT_show_imported(TaskOperatorMixin, bpy.types.Operator):
    """Select the model of this task and bring it into view, whatever scene or collection it is in"""

    bl_idname = "triverse.show_imported"
    bl_label = "Show in Viewport"
    bl_options = {"INTERNAL", "UNDO"}

    @classmethod
    def disabled_reason(cls, _context: bpy.types.Context, record: "TaskRecord") -> str | None:
        """Return why nothing can be shown: the model is not in this file."""
        from ...scene.importing import imported_models  # lazy import, as in runtime

        return None if imported_models.find(record.task_uuid) else tr("No model of this task is in this file.")

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Show the model that was imported last."""
        from ...scene.importing import imported_models, show  # lazy import, as in runtime

        record = self.usable(context)
        if record is None:
            return {"CANCELLED"}
        for collection in imported_models.find(record.task_uuid):
            if show.show(collection, context.window, context.area):
                return {"FINISHED"}
        self.report({"WARNING"}, tr("No model of this task is in a scene of this file."))
        return {"CANCELLED"}


CLASSES = (TRIVERSE_OT_show_imported,)
