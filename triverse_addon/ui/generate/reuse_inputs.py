# SPDX-License-Identifier: GPL-3.0-or-later
"""
Load the inputs of an earlier task into the panel, to be changed and submitted as a new task.

Floor: third. Thread: main. Imports ``bpy``. Drawing reads memory only.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from .. import settings
from ..form import inputs, mesh_options
from ..rna.members import scene_props
from ..state import runtime
from ..text.layout_text import paragraph, sidebar_width_px, ui_scale
from ..text.translate import tr
from ..timers import redraw

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    from ...tasks.record.record import TaskRecord
    from ..state.session import Session


def disabled_reason(record: "TaskRecord") -> str | None:
    """Return why a task's inputs cannot be loaded into the panel, translated, or None if they can."""
    if not record.flow:
        return tr("It is not known yet what this task was made from.")
    if record.flow not in inputs.PANEL_FLOWS:
        return tr("Tasks of this kind cannot be made in the panel.")
    return None


def load(context: bpy.types.Context, session: "Session", record: "TaskRecord") -> None:
    """
    Load a task's inputs into the panel. Nothing is sent until the user presses Generate.

    :raises TriverseError: the task is no longer in the list.
    """
    request = session.engine.request_from(record.id)
    flow = inputs.PANEL_FLOWS[request.flow]
    own = settings.sources_dir(create=False)
    # The file with the selected objects was removed after the upload: the current selection is used instead.
    sources = {name: path for name, path in request.sources.items() if not _was_selection(path, own)}
    props = scene_props(context.scene)
    props.flow = flow.name
    inputs.fill(props, flow, {**request.values, **sources})
    mesh_options.show(context.scene, request.placement)
    session.rejected = {}
    session.again_of = props.loaded_from = record.id


def again_of(scene: bpy.types.Scene | None) -> str:
    """Return the id of the earlier task whose inputs ``scene`` has, until they are ordered; "" if there is none."""
    session = runtime.current()
    if session is None or scene is None or scene_props(scene).loaded_from != session.again_of:
        return ""
    return session.again_of


def _was_selection(path: str, own: Path) -> bool:
    return path.endswith(".blend") and Path(path).parent == own


def draw(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw a box that names the earlier task whose inputs are in the panel, if any."""
    session, task_id = runtime.current(), again_of(context.scene)
    if session is None or not task_id:
        return
    record = session.shown(task_id)
    box = layout.box()
    row = box.row()
    width_px = sidebar_width_px(context, boxed=True) - 36 * ui_scale()
    if record is None:
        text = tr("These are the inputs of an earlier task. Words and pictures are sent when you press Generate.")
    else:
        text = tr(
            "These are the inputs of “{name}”. Change what you like. "
            "Words and pictures are sent when you press Generate.",
            name=record.name,
        )
    paragraph(row.column(), text, width_px, icon="LOOP_BACK")
    row.operator("triverse.leave_again", text="", icon="X", emboss=False)


class TRIVERSE_OT_leave_again(bpy.types.Operator):
    """Keep the inputs, but send them as a new, unrelated task"""

    bl_idname = "triverse.leave_again"
    bl_label = "Dismiss"
    bl_options = {"INTERNAL"}

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Clear the reference to the earlier task; the inputs stay."""
        session = runtime.current()
        if session is None:
            return {"CANCELLED"}
        session.again_of = ""
        redraw.redraw()
        return {"FINISHED"}


CLASSES = (TRIVERSE_OT_leave_again,)
