# SPDX-License-Identifier: GPL-3.0-or-later
"""
Operators that put the model of a task where the user wants it: where the mouse points, or at the 3D cursor.

Floor: third. Thread: main. Imports ``bpy``. They use neither network nor disk.
"""

from typing import TYPE_CHECKING

import bpy
from bpy.props import FloatVectorProperty
from mathutils import Vector

from ..form import placement, request
from ..state import runtime
from ..text.translate import tr
from ..viewport import box_control, boxes, under_mouse
from .operator_base import TaskOperatorMixin

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    from ...tasks.record.record import TaskRecord


class _Place(TaskOperatorMixin):
    """Base class of the operators that place the model of a task."""

    @classmethod
    def disabled_reason(cls, _context: bpy.types.Context, record: "TaskRecord") -> str | None:
        """Return why the model cannot be placed: it never comes, or it belongs in the place of other objects."""
        from ..state import task_presentation  # lazy import, as in runtime

        if task_presentation.is_bad(record):
            return tr("This task ended without a model.")
        if not record.gives_model:
            return tr("This task makes no model to import.")
        if record.placement.replaces is not None and not record.has_model:
            return tr("This model comes in the place of the objects that it is made for.")
        return None

    def put(self, context: bpy.types.Context, location: Vector) -> "set[OperatorReturnItems]":
        """
        Put the model at ``location`` in the scene of ``context``.

        One in progress goes there when it is ready. One that is on this machine is imported there.
        """
        record = self.usable(context)
        if record is None:
            return {"CANCELLED"}
        where = placement.moved_to(context, record.placement, location)
        method = "import_again" if record.has_model else "move"
        return self.call_engine(context, method, placement=where, origin=request.origin(context))


class TRIVERSE_OT_place(_Place, bpy.types.Operator):
    """Point in the 3D viewport at where the model is to stand: on the ground, or on a surface"""

    bl_idname = "triverse.place"
    bl_label = "Place in Viewport"
    bl_options = {"INTERNAL"}

    if TYPE_CHECKING:
        location: tuple[float, float, float]
    else:
        location: FloatVectorProperty(
            name="Location",
            description="Where the model is to stand",
            subtype="TRANSLATION",
            options={"HIDDEN", "SKIP_SAVE"},
        )

    _is_over_view = False
    _name = ""
    _workspace = ""
    _size = (1.0, 1.0, 1.0)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Start to follow the mouse with a box of the model's size."""
        record = self.usable(context)
        if record is None:
            return {"CANCELLED"}
        # The button's context may name another task later, and so may the list.
        self.task_id, self._name, self._size = record.id, record.name, _size_of(context, record)
        context.window_manager.modal_handler_add(self)
        # Each workspace has a status text of its own, and the tool may end in another one.
        self._workspace = context.workspace.name
        context.workspace.status_text_set(
            tr("Click: place the model   ·   Ctrl: snap to the grid   ·   Esc or right click: cancel")
        )
        self._follow(context, event)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Follow the mouse, until a click places the model. What is not for this tool is passed on, to navigate."""
        if runtime.current() is None:
            self._end()
            return {"CANCELLED", "PASS_THROUGH"}
        if event.type == "ESC" and event.value == "PRESS":
            self._end()
            return {"CANCELLED"}
        if event.type.startswith("TIMER"):
            return {"PASS_THROUGH"}
        self._follow(context, event)
        if not self._is_over_view or event.value not in ("PRESS", "DOUBLE_CLICK") or event.alt:
            return {"PASS_THROUGH"}
        if event.type == "RIGHTMOUSE":
            self._end()
            return {"CANCELLED"}
        if event.type in ("LEFTMOUSE", "RET", "NUMPAD_ENTER"):
            self._end()
            return self.execute(context)
        return {"PASS_THROUGH"}

    def cancel(self, _context: bpy.types.Context) -> None:
        """Remove the box. Blender calls this when the window closes or a file is loaded."""
        self._end()

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Put the model at ``location``."""
        return self.put(context, Vector(self.location))

    def _follow(self, context: bpy.types.Context, event: bpy.types.Event) -> None:
        """Move the box to where the mouse points."""
        from ...scene.importing import expected_box  # lazy import, as in runtime

        point = under_mouse.point_at(context, event.mouse_x, event.mouse_y, is_snap_switched=event.ctrl)
        self._is_over_view = point is not None
        if point is None:
            box_control.hold(None)
            return
        self.location = point.x, point.y, point.z
        corners = expected_box.corners_of(expected_box.around(self.location, self._size, on_ground=True))
        box_control.hold(boxes.Box(context.window.scene.name, corners, self._name))

    def _end(self) -> None:
        box_control.hold(None)
        workspace: bpy.types.WorkSpace | None = bpy.data.workspaces.get(self._workspace)
        if workspace is not None:
            # Blender sets the text of the context's workspace, whatever it is called on (4.3, 5.2).
            with bpy.context.temp_override(workspace=workspace):
                workspace.status_text_set(None)


class TRIVERSE_OT_place_at_cursor(_Place, bpy.types.Operator):
    """Put the model where the 3D cursor is now"""

    bl_idname = "triverse.place_at_cursor"
    bl_label = "Place at 3D Cursor"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Put the model at the 3D cursor."""
        return self.put(context, context.scene.cursor.location)


def _size_of(context: bpy.types.Context, record: "TaskRecord") -> tuple[float, float, float]:
    """Return the size of the model of ``record`` in Blender units, as far as it is known."""
    from ...scene.importing import expected_box, imported_models  # lazy import, as in runtime
    from ...scene.importing.placement import bounds
    from ...scene.worker.asset_collection import shown_objects

    if record.placement.height is None:
        for collection in imported_models.find(record.task_uuid):
            extent = bounds(shown_objects(collection))
            if extent is not None:
                size = extent[1] - extent[0]
                return size.x, size.y, size.z
    box = expected_box.standing(placement.moved_to(context, record.placement, Vector()))
    return box.high[0] - box.low[0], box.high[1] - box.low[1], box.high[2] - box.low[2]


CLASSES = (TRIVERSE_OT_place, TRIVERSE_OT_place_at_cursor)
