# SPDX-License-Identifier: GPL-3.0-or-later
"""
Operators that put a picture of the 3D viewport into the panel: of all of it, of the selection, or of a rectangle.

Floor: third. Thread: main. Imports ``bpy``.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty

from ..text.translate import tr
from ..viewport import under_mouse
from .image_operators import IntoPicture

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

#: Least side of a rectangle, in pixels. A shorter drag is taken for a click.
_LEAST_PX = 8
#: Events that turn the view, which is possible until the drag begins.
_NAVIGATION = frozenset({"MIDDLEMOUSE", "WHEELUPMOUSE", "WHEELDOWNMOUSE", "TRACKPADPAN", "TRACKPADZOOM"})


class TRIVERSE_OT_capture_viewport(IntoPicture, bpy.types.Operator):
    """Make a model from what the 3D viewport shows, without grid, outlines and gizmos"""

    bl_idname = "triverse.capture_viewport"
    bl_label = "Capture Viewport"
    bl_options = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return True if the window has a 3D viewport."""
        if _viewport(context) is None:
            cls.poll_message_set(tr("There is no 3D viewport to capture."))
            return False
        return super().poll(context)

    def picture(self, context: bpy.types.Context, folder: Path) -> str:
        """Draw the viewport without overlays, write the picture to a file and return its path."""
        from ...scene.capture import viewport

        area = _viewport(context)
        assert area is not None
        return str(viewport.capture_viewport(area, context.scene, context.view_layer, folder))


class TRIVERSE_OT_capture_selection(IntoPicture, bpy.types.Operator):
    """Make a model from the selected objects as the 3D viewport shows them, framed as a square"""

    bl_idname = "triverse.capture_selection"
    bl_label = "Capture Selection"
    bl_options = {"UNDO"}

    if TYPE_CHECKING:
        alone: bool
    else:
        alone: BoolProperty(
            name="Alone",
            description="Hide all other objects while the picture is taken, in front of a plain background",
            options={"SKIP_SAVE"},
        )

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """Return a tooltip that says whether the rest is hidden."""
        if properties.alone:
            return tr(
                "Make a model from the selected objects, framed as a square, without the rest of the scene "
                "and in front of a plain background"
            )
        return tr("Make a model from the selected objects as the 3D viewport shows them, framed as a square")

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return True if the window has a 3D viewport and an object is selected."""
        if _viewport(context) is None:
            cls.poll_message_set(tr("There is no 3D viewport to capture."))
            return False
        if not context.view_layer.objects.selected:
            cls.poll_message_set(tr("Nothing is selected."))
            return False
        return super().poll(context)

    def picture(self, context: bpy.types.Context, folder: Path) -> str:
        """Draw the selected objects, write the picture to a file and return its path."""
        from ...scene.capture import viewport

        area = _viewport(context)
        assert area is not None
        layer = context.view_layer
        chosen = list(layer.objects.selected)
        return str(viewport.capture_objects(area, context.scene, layer, folder, chosen, alone=self.alone))


class TRIVERSE_OT_capture_rectangle(IntoPicture, bpy.types.Operator):
    """Make a model from a part of the 3D viewport: drag a rectangle around it"""

    bl_idname = "triverse.capture_rectangle"
    bl_label = "Capture Rectangle"
    bl_options = {"UNDO"}

    _area: Any = None
    _region: Any = None
    _handle: Any = None
    _from: tuple[int, int] | None = None
    _to: tuple[int, int] = (0, 0)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return True if the window has a 3D viewport."""
        if _viewport(context) is None:
            cls.poll_message_set(tr("There is no 3D viewport to capture."))
            return False
        return super().poll(context)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Wait for the drag."""
        from ...scene.capture import viewport

        area, self._from = _viewport(context), None
        assert area is not None
        self._handle = bpy.types.SpaceView3D.draw_handler_add(self._draw, (), "WINDOW", "POST_PIXEL")
        self._drag_in(area, viewport.main_region(area))
        context.window.cursor_modal_set("CROSSHAIR")
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Follow the mouse from press to release, then capture."""
        if event.type in {"ESC", "RIGHTMOUSE"}:
            self._end(context)
            return {"CANCELLED"}
        if event.type == "MOUSEMOVE" and self._from is not None:
            self._to = (event.mouse_x, event.mouse_y)
            self._area.tag_redraw()
        elif event.type == "LEFTMOUSE" and event.value == "PRESS":
            found = under_mouse.region_at(context.window, event.mouse_x, event.mouse_y)
            if found is not None:
                self._drag_in(*found)
            self._from = self._to = (event.mouse_x, event.mouse_y)
        elif event.type == "LEFTMOUSE" and event.value == "RELEASE" and self._from is not None:
            self._to = (event.mouse_x, event.mouse_y)
            if min(abs(end - start) for start, end in zip(self._from, self._to, strict=True)) < _LEAST_PX:
                self._from = None
                return {"RUNNING_MODAL"}
            self._end(context)
            return self.execute(context)
        elif self._from is None and event.type in _NAVIGATION:
            return {"PASS_THROUGH"}
        return {"RUNNING_MODAL"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Clean up when Blender ends the operator."""
        self._end(context)

    def picture(self, context: bpy.types.Context, folder: Path) -> str:
        """Draw the rectangle of the viewport, write the picture to a file and return its path."""
        from ...scene.capture import viewport

        area = self._area or _viewport(context)
        assert area is not None
        region = self._region or viewport.main_region(area)
        low, high = self._corners(region) if self._from is not None else ((0.0, 0.0), (1.0, 1.0))
        return str(viewport.capture_rectangle(area, context.scene, context.view_layer, folder, low, high, region))

    def _drag_in(self, area: bpy.types.Area, region: bpy.types.Region) -> None:
        """Let the rectangle be one of this viewport, or of this part of its quad view."""
        if self._area is not None:
            self._area.header_text_set(None)
        self._area, self._region = area, region
        area.header_text_set(tr("Drag a rectangle around what to capture. Esc cancels."))

    def _corners(self, region: bpy.types.Region) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return the lower left and the upper right corner, from 0.0 to 1.0 of the region, and inside of it."""
        assert self._from is not None
        ends = []
        for start, end, origin, side in zip(
            self._from, self._to, (region.x, region.y), (region.width, region.height), strict=True
        ):
            shares = sorted(min(max((one - origin) / side, 0.0), 1.0) for one in (start, end))
            if shares[1] - shares[0] < _LEAST_PX / side:  # it was dragged outside
                shares = [0.0, 1.0]
            ends.append(shares)
        return (ends[0][0], ends[1][0]), (ends[0][1], ends[1][1])

    def _end(self, context: bpy.types.Context) -> None:
        if self._handle is None:
            return
        bpy.types.SpaceView3D.draw_handler_remove(self._handle, "WINDOW")
        self._handle = None
        self._area.header_text_set(None)
        self._area.tag_redraw()
        context.window.cursor_modal_restore()

    def _draw(self) -> None:
        """Draw the rectangle over the viewport in which it is dragged."""
        if self._from is None or bpy.context.region != self._region:
            return
        import gpu
        from gpu_extras.batch import batch_for_shader

        region = self._region
        (left, bottom), (right, top) = ((one[0] - region.x, one[1] - region.y) for one in (self._from, self._to))
        corners = [(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)]
        shader = gpu.shader.from_builtin("UNIFORM_COLOR")
        for colour, offset in (((0.0, 0.0, 0.0, 1.0), 1), ((1.0, 1.0, 1.0, 1.0), 0)):
            shader.uniform_float("color", colour)
            batch_for_shader(shader, "LINE_STRIP", {"pos": [(x + offset, y - offset) for x, y in corners]}).draw(shader)


def _viewport(context: bpy.types.Context) -> bpy.types.Area | None:
    """Return the 3D viewport of the context, or else the largest one of the window; None without one."""
    if context.area is not None and context.area.type == "VIEW_3D":
        return context.area
    if context.window is None:
        return None
    areas = [area for area in context.window.screen.areas if area.type == "VIEW_3D"]
    return max(areas, key=lambda area: area.width * area.height, default=None)


CLASSES = (
    TRIVERSE_OT_capture_viewport,
    TRIVERSE_OT_capture_selection,
    TRIVERSE_OT_capture_rectangle,
)
