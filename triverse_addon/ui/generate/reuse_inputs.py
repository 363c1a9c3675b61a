# SPDX-License-Identifier: GPL-3.0-or-later
"""
The inputs of an earlier task in the panel, to be changed and sent as a new task.

Floor: third. Thread: main. Imports ``bpy``. Drawing reads memory only.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from .. import settings
from ..form import inputs, mesh_options
from ..layout_text import paragraph, sidebar_width_px, ui_scale
from ..state import runtime
from ..timers import redraw
from ..translate import words

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    from ...tasks.record import TaskRecord
    from ..state.session import Session


def why_not(record: "TaskRecord") -> str | None:
    """Return why a task's inputs cannot be put into the panel, in words; None when they can."""
    if not record.flow:
        return words("It is not known yet what this task was made from.")
    if record.flow not in inputs.PANEL_FLOWS:
        return words("Tasks of this kind cannot be made in the panel.")
    return None


def load(context: bpy.types.Context, here: "Session", record: "TaskRecord") -> None:
    """
    Put a task's inputs into the panel. Words and pictures are sent when Generate is pressed.

    :raises TriverseError: the task is gone from the list.
    """
    wish = here.engine.regenerate_wish(record.id)
    flow = inputs.PANEL_FLOWS[wish.flow]
    own = settings.sources_dir(create=False)
    # Objects that were written to be sent are gone after that: the selection takes their place.
    sources = {name: path for name, path in wish.sources.items() if not _was_selection(path, own)}
    given = context.scene.triverse
    given.flow = flow.name
    inputs.fill(given, flow, {**wish.values, **sources})
    mesh_options.show(context.scene, wish.placement)
    here.refused = {}
    here.again_of = record.id


def _was_selection(path: str, own: Path) -> bool:
    return path.endswith(".blend") and Path(path).parent == own


def draw(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Say whose inputs the panel shows, for as long as it does."""
    here = runtime.current()
    if here is None or not here.again_of:
        return
    record = here.shown(here.again_of)
    box = layout.box()
    row = box.row()
    width_px = sidebar_width_px(context, boxed=True) - 36 * ui_scale()
    if record is None:
        text = words("These are the inputs of an earlier task. Words and pictures are sent when you press Generate.")
    else:
        text = words(
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
        """Forget whose inputs they were."""
        here = runtime.current()
        if here is None:
            return {"CANCELLED"}
        here.again_of = ""
        redraw.redraw()
        return {"FINISHED"}


CLASSES = (TRIVERSE_OT_leave_again,)
