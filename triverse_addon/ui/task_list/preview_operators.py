# SPDX-License-Identifier: GPL-3.0-or-later
"""
The operator of the large preview.

Floor: third. Thread: main. Imports ``bpy``. It uses neither network nor disk.
"""

import time
from typing import TYPE_CHECKING

import bpy
from bpy.props import StringProperty

from ..setup.operator_helpers import needs_task
from ..state import list_rows, runtime
from ..text.layout_text import ui_scale
from ..text.translate import tr
from ..timers import app_timer, redraw
from ..viewport import preview, preview_control, under_mouse

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

#: Distance that the mouse is dragged for the next view, in pixels at UI scale 1.
_STEP_PX = 40
#: Least distance of a drag, in pixels; less is a click.
_CLICK_PX = 4
#: Longest time between the two clicks of a double click on a thumbnail, and their distance.
_DOUBLE_S, _DOUBLE_PX = 1.0, 12


class TRIVERSE_OT_preview(bpy.types.Operator):
    """Look at the result in the 3D viewport, large and from all sides"""

    bl_idname = "triverse.preview"
    bl_label = "Preview"
    bl_options = {"INTERNAL"}

    if TYPE_CHECKING:
        task_ids: str
        titles: str
    else:
        task_ids: StringProperty(
            name="Tasks",
            description="Ids of the tasks that are shown side by side, with commas between them",
            options={"HIDDEN", "SKIP_SAVE"},
        )
        titles: StringProperty(
            name="Titles",
            description="What is written above each, one a line. Empty: the names of the tasks",
            options={"HIDDEN", "SKIP_SAVE"},
        )

    _dragged_from: tuple[int, int] | None = None
    _turned = 0
    _is_click = False

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """Return what is known of the task as tooltip."""
        from ..state import task_summary  # lazy import, as in state.runtime

        session, (first, *more) = runtime.current(), properties.task_ids.split(",")
        record = session.shown(first) if session is not None and not more else None
        return task_summary.tooltip(record) if record is not None else tr(str(cls.__doc__))

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Return True if there are tasks."""
        session = runtime.current()
        return needs_task(cls, session is not None and session.engine.tasks())

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Open the preview, or show other tasks in the one that is open. The same task once more closes it."""
        session, region = runtime.current(), _region(context)
        ctrl = event.ctrl or event.oskey
        if session is not None and (event.shift or ctrl) and session.shown(self.task_ids) is not None:
            # A click on a thumbnail with a key held selects, as one on a name does.
            list_rows.click(session, self.task_ids, shift=event.shift, ctrl=ctrl)
            return app_timer.finish_operator()
        titles = self.titles.split("\n")
        tiles = tuple(
            preview.Tile(task_id, titles[number] if number < len(titles) else "")
            for number, task_id in enumerate(filter(None, self.task_ids.split(",")))
        )
        if session is None or region is None or not tiles:
            return {"CANCELLED"}
        if len(tiles) == 1 and session.shown(tiles[0].task_id) is not None:
            list_rows.click(session, tiles[0].task_id)
        before = preview.shown
        if before is not None and before.tiles == tiles:
            preview_control.hide()
            redraw.redraw()
            return {"FINISHED"}
        preview_control.show(tiles, region)
        app_timer.finish_operator()
        if before is not None and _is_running(context):
            return {"FINISHED"}
        _Opened.set(event)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Turn, choose and close. What is outside of the preview is passed on."""
        shown = preview.shown
        region = preview_control.region_of(shown) if shown is not None else None
        if shown is None or region is None or runtime.current() is None:
            preview_control.hide()
            return {"FINISHED", "PASS_THROUGH"}
        if event.type == "ESC" and event.value == "PRESS":
            preview_control.hide()
            return {"FINISHED"}
        if event.type in ("LEFT_ARROW", "RIGHT_ARROW"):
            if event.value == "PRESS":
                preview_control.turn(1 if event.type == "RIGHT_ARROW" else -1)
            return {"RUNNING_MODAL"}
        if event.type.startswith(("TIMER", "WINDOW")) or event.type == "NONE":
            return {"PASS_THROUGH"}
        if self._dragged_from is None and not _is_over(context, event, region):
            # Blender does not report the second press as a double click here (4.3: "PRESS").
            if event.type == "LEFTMOUSE" and event.value != "RELEASE" and _Opened.is_double(event):
                return self._show_imported(shown)
            return {"PASS_THROUGH"}
        if event.type == "RIGHTMOUSE" and event.value == "PRESS":
            preview_control.hide()
            return {"FINISHED"}
        self._drag(event, region)
        return {"RUNNING_MODAL"}

    def _drag(self, event: bpy.types.Event, region: bpy.types.Region) -> None:
        if event.type == "LEFTMOUSE" and event.value in ("PRESS", "DOUBLE_CLICK"):
            self._dragged_from, self._turned, self._is_click = (event.mouse_x, event.mouse_y), 0, True
        elif event.type == "LEFTMOUSE" and event.value == "RELEASE" and self._dragged_from is not None:
            self._dragged_from = None
            tile = preview.tile_at(event.mouse_x - region.x, event.mouse_y - region.y)
            session = runtime.current()
            if self._is_click and tile is not None and session is not None and session.shown(tile.task_id) is not None:
                list_rows.choose(session, tile.task_id)
                redraw.redraw()
        elif event.type in ("MOUSEMOVE", "INBETWEEN_MOUSEMOVE") and self._dragged_from is not None:
            way = event.mouse_x - self._dragged_from[0]
            self._is_click = self._is_click and abs(way) < _CLICK_PX
            # What is dragged to the right is seen more from its left.
            steps = -round(way / (_STEP_PX * ui_scale()))
            preview_control.turn(steps - self._turned)
            self._turned = steps

    def _show_imported(self, shown: "preview.Preview") -> "set[OperatorReturnItems]":
        """Do what a double click on a thumbnail does: show the model that is in the scene."""
        record = preview.record_of(shown.tiles[0])
        from ..state import task_presentation  # lazy import, as in state.runtime

        if record is None or not task_presentation.is_in_this_file(record):
            return {"RUNNING_MODAL"}
        preview_control.hide()
        bpy.ops.triverse.show_imported("EXEC_DEFAULT", True, task_id=record.id)  # type: ignore[attr-defined]
        return {"FINISHED"}

    def cancel(self, _context: bpy.types.Context) -> None:
        """Close the preview. Blender calls this when the window closes or a file is loaded."""
        preview_control.hide()


class _Opened:
    """When and where a click has opened the preview."""

    at_s = float("-inf")
    x = y = 0

    @classmethod
    def set(cls, event: bpy.types.Event) -> None:
        """Remember a click."""
        cls.at_s, cls.x, cls.y = time.monotonic(), event.mouse_x, event.mouse_y

    @classmethod
    def is_double(cls, event: bpy.types.Event) -> bool:
        """Return whether ``event`` is the second click at the same place."""
        is_near = max(abs(event.mouse_x - cls.x), abs(event.mouse_y - cls.y)) <= _DOUBLE_PX
        return is_near and time.monotonic() - cls.at_s <= _DOUBLE_S


def _region(context: bpy.types.Context) -> bpy.types.Region | None:
    """Return the largest part of the 3D viewport that the mouse is in, or else of the largest one."""
    area = context.area
    if area is None or area.type != "VIEW_3D":
        areas = [one for one in context.screen.areas if one.type == "VIEW_3D"]
        area = max(areas, key=lambda one: one.width * one.height, default=None)
    if area is None:
        return None
    parts = [one for one in area.regions if one.type == "WINDOW"]
    return max(parts, key=lambda one: one.width * one.height, default=None)


def _is_over(context: bpy.types.Context, event: bpy.types.Event, region: bpy.types.Region) -> bool:
    found = under_mouse.view_at(context.window, event.mouse_x, event.mouse_y)
    return found is not None and found[1] == region


def _is_running(context: bpy.types.Context) -> bool:
    return any(
        operator.bl_idname == "TRIVERSE_OT_preview"
        for window in context.window_manager.windows
        for operator in window.modal_operators
    )


CLASSES = (TRIVERSE_OT_preview,)
