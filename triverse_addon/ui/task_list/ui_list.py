# SPDX-License-Identifier: GPL-3.0-or-later
"""
The UIList of tasks in the panel, and its filter.

Floor: third. Thread: main. Imports ``bpy``. Drawing reads memory only; Blender draws the visible rows only.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import bpy

from .. import settings
from ..rna import choices
from ..rna.members import window_props
from ..state import runtime, source_pictures
from ..text.layout_text import font_px, longest_that_fits, sidebar_width_px, ui_scale, underlay, wrapped
from . import group_menus

if TYPE_CHECKING:
    from ..form.properties import TriverseRow

#: Height of a row in interface units. The clickable and highlighted part of a row is one unit high in Blender; only
#: scaling the whole list makes it higher. The content of a row is scaled back.
ROW_UNITS = 1.9
#: Width of the icon before a row's text, which a progress bar does not have, in pixels at UI scale 1.
_ICON_PX = 20
#: Width of a row without its text, in pixels at UI scale 1: thumbnail, icon, button and scroll bar.
ROW_PX = 128
#: Size of a row's thumbnail in interface units: 32 px at UI scale 1.
_THUMBNAIL_UNITS = 1.75


class TRIVERSE_UL_tasks(bpy.types.UIList):
    """Tasks, the newest first."""

    bl_idname = "TRIVERSE_UL_tasks"

    def draw_item(
        self,
        context: bpy.types.Context,
        layout: bpy.types.UILayout,
        _data: object,
        item: "TriverseRow",
        _icon: int,
        _active_data: object,
        _active_property: str,
        _index: int = 0,
        _flag: int = 0,
    ) -> None:
        """Draw the row of a task: thumbnail, name, status or progress, and the button of its main action."""
        session = runtime.current()
        record = session.shown(item.task_id) if session is not None else None
        if session is None or record is None:
            # A row may still hold the id of a removed task, because rows are only written outside drawing.
            layout.label(text="")
            return
        from ..state import task_presentation  # lazy import, as in runtime

        row = layout.row()
        whole = row.column()
        whole.scale_y = 1.0 / ROW_UNITS
        whole.ui_units_x = _THUMBNAIL_UNITS
        thumbnail = source_pictures.icon_of_task(session, record)
        if thumbnail:
            _draw_thumbnail(whole, record.id, thumbnail)
        else:
            sign = icon_number(task_presentation.icon(record))
            whole.template_icon(icon_value=sign, scale=_THUMBNAIL_UNITS)
        stack = row.column(align=True)
        is_selected = session.many.selection.is_several and record.id in session.many.selection
        # Always drawn: while a layout has the same buttons, Blender knows which of them the mouse is over.
        colour = underlay(stack)
        colour.operator("triverse.choose_task", text="", depress=is_selected, emboss=is_selected).task_id = record.id
        column = underlay(stack).column(align=True)
        column.scale_y = 0.5
        title = column.row()
        title.prop(item, "title", text="", emboss=False)
        if record.starred:
            title.label(text="", icon="SOLO_ON")
        line = column.row()
        forms = task_presentation.line(record)
        room_px = sidebar_width_px(context) - ROW_PX * ui_scale()
        if task_presentation.is_moving(record):
            text = longest_that_fits(forms, room_px + _ICON_PX * ui_scale())
            line.progress(factor=task_presentation.progress(record), text=text, translate=False)
        else:
            text = longest_that_fits(forms, room_px)
            line.alert = task_presentation.is_bad(record)
            # In a narrow sidebar, the text is more useful than the icon.
            has_room = len(wrapped(text, room_px, font_px())) == 1
            line.label(text=text, icon=task_presentation.icon(record) if has_room else "NONE", translate=False)
        _draw_button(stack, record.id, "NAME", 1.0)
        action = task_presentation.action(record)
        row.operator(action.operator, text="", icon=action.icon, emboss=False).task_id = record.id

    def draw_filter(self, _context: bpy.types.Context, layout: bpy.types.UILayout) -> None:
        """Draw the filter settings at the bottom of the list. The search field is above the list instead."""
        column = layout.column()
        column.scale_y = 1.0 / ROW_UNITS  # its foot is scaled like the rows
        draw_filter(column)

    def filter_items(self, _context: bpy.types.Context, _data: object, _name: str) -> tuple[list[int], list[int]]:
        """Return flags and order of the rows: those with a task, in the order of the page that the store has sorted."""
        session = runtime.current()
        if session is None:
            return [], []
        return [self.bitflag_filter_item if task_id else 0 for task_id in session.slots.ids], session.slots.places


def _draw_thumbnail(layout: bpy.types.UILayout, task_id: str, icon: int) -> None:
    """
    Draw a picture. A click on it opens the large preview, and the mouse over it shows what is known of the task.

    A picture in a layout is no button. So it is drawn over one, which gets the click.

    :param icon: number of the icon.
    """
    below = underlay(layout)
    below.scale_y = _THUMBNAIL_UNITS
    below.operator("triverse.preview", text="", emboss=False, translate=False).task_ids = task_id
    layout.template_icon(icon_value=icon, scale=_THUMBNAIL_UNITS)


def _draw_button(layout: bpy.types.UILayout, task_id: str, part: str, height_units: float) -> None:
    """Draw a button that is not seen over a part of a row: Blender tells no list whether Shift or Ctrl is held."""
    over = layout.column()
    over.scale_y = height_units
    properties = over.operator("triverse.choose_task", text="", emboss=False)
    properties.task_id = task_id
    properties.part = part


class TRIVERSE_PT_filter(bpy.types.Panel):
    """Which tasks the list shows, and in which order."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "HEADER"
    bl_idname = "TRIVERSE_PT_filter"
    bl_label = "Filter"
    bl_ui_units_x = 9

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the filter settings."""
        draw_filter(self.layout)


def draw_filter(layout: bpy.types.UILayout) -> None:
    """Draw the settings that filter and sort the list."""
    manager = window_props(bpy.context.window_manager)
    column = layout.column()
    column.label(text="Show")
    choices.draw(column.column(align=True), manager, "show", expand=True)
    column.prop(manager, "this_file")
    column.label(text="Sort by")
    choices.draw(column.column(align=True), settings.preferences(), "task_order", expand=True)
    group_menus.draw(column)


@lru_cache
def icon_number(name: str) -> int:
    """Return the number of one of Blender's icons by its identifier. The numbers differ between Blender versions."""
    functions: Any = bpy.types.UILayout.bl_rna.functions  # type: ignore[attr-defined]
    return int(functions["label"].parameters["icon"].enum_items[name].value)


CLASSES = (TRIVERSE_UL_tasks, TRIVERSE_PT_filter)
