# SPDX-License-Identifier: GPL-3.0-or-later
"""
The list of tasks in the panel.

Floor: third. Thread: main. Imports ``bpy``. Drawing reads memory only; Blender draws the visible rows only.
"""

from functools import lru_cache

import bpy

from .. import choices, settings
from ..layout_text import font_px, sidebar_width_px, ui_scale, wrapped
from ..state import runtime

#: Height of a row in units of the interface. Blender makes the part of a row that can be clicked and is highlighted one
#: unit high; only a scale of the whole list makes it higher. What a row shows is scaled back.
ROW_UNITS = 1.9
#: An icon before a row's words, which a progress bar does without, in pixels at UI scale 1.
_ICON_PX = 20
#: Size of a row's thumbnail: 32 px at scale 1.
_THUMBNAIL_UNITS = 1.75


class TRIVERSE_UL_tasks(bpy.types.UIList):
    """Tasks, the newest first."""

    bl_idname = "TRIVERSE_UL_tasks"

    def draw_item(
        self,
        context: bpy.types.Context,
        layout: bpy.types.UILayout,
        _data: object,
        item: bpy.types.AnyType,
        _icon: int,
        _active_data: object,
        _active_property: str,
        _index: int = 0,
        _flag: int = 0,
    ) -> None:
        """Draw one task."""
        here = runtime.current()
        record = here.shown(item.task_id) if here is not None else None
        if here is None or record is None:
            # Rows outlive their task for a moment: they are only written outside of drawing.
            layout.label(text="")
            return
        from .. import task_presentation  # lazy import, as in runtime

        row = layout.row()
        whole = row.row()
        whole.scale_y = 1.0 / ROW_UNITS
        whole.ui_units_x = _THUMBNAIL_UNITS
        thumbnail = here.thumbnails.icon(record.id, record.thumbnail_path) or icon_number(
            task_presentation.icon(record)
        )
        whole.template_icon(icon_value=thumbnail, scale=_THUMBNAIL_UNITS)
        column = row.column(align=True)
        column.scale_y = 0.5
        column.prop(item, "title", text="", emboss=False)
        line = column.row()
        forms = task_presentation.line(record)
        # A row holds its text between thumbnail, icon, button and scroll bar.
        room_px = sidebar_width_px(context) - 128 * ui_scale()
        if task_presentation.is_moving(record):
            text = longest_that_fits(forms, room_px + _ICON_PX * ui_scale())
            line.progress(factor=task_presentation.progress(record), text=text, translate=False)
        else:
            text = longest_that_fits(forms, room_px)
            line.alert = task_presentation.is_bad(record)
            # In a narrow sidebar, the words say more than the icon.
            has_room = len(wrapped(text, room_px, font_px())) == 1
            line.label(text=text, icon=task_presentation.icon(record) if has_room else "NONE", translate=False)
        action = task_presentation.action(record)
        row.operator(action.operator, text="", icon=action.icon, emboss=False).task_id = record.id

    def draw_filter(self, _context: bpy.types.Context, layout: bpy.types.UILayout) -> None:
        """Draw what unfolds at the foot of the list; its search stands above it, where it is seen."""
        draw_filter(layout)

    def filter_items(self, _context: bpy.types.Context, _data: object, _name: str) -> tuple[list[int], list[int]]:
        """Show the rows that hold a task, in the order of the page; the store has searched and sorted already."""
        here = runtime.current()
        if here is None:
            return [], []
        return [self.bitflag_filter_item if task_id else 0 for task_id in here.slots.ids], here.slots.places


class TRIVERSE_PT_filter(bpy.types.Panel):
    """Which tasks the list shows, and in which order."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "HEADER"
    bl_idname = "TRIVERSE_PT_filter"
    bl_label = "Filter"
    bl_ui_units_x = 9

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the choices."""
        draw_filter(self.layout)


def draw_filter(layout: bpy.types.UILayout) -> None:
    """Draw what narrows and sorts the list."""
    manager = bpy.context.window_manager.triverse
    column = layout.column()
    column.label(text="Show")
    choices.draw(column.column(align=True), manager, "show", expand=True)
    column.prop(manager, "this_file")
    column.label(text="Sort by")
    choices.draw(column.column(align=True), settings.preferences(), "task_order", expand=True)


@lru_cache
def icon_number(name: str) -> int:
    """Return the number of one of Blender's icons, which differs from version to version."""
    return int(bpy.types.UILayout.bl_rna.functions["label"].parameters["icon"].enum_items[name].value)


def longest_that_fits(forms: tuple[str, ...], width_px: float) -> str:
    """Return the first of ``forms`` that is not cut at this width, else the last."""
    return next((form for form in forms if len(wrapped(form, width_px, font_px())) == 1), forms[-1])


CLASSES = (TRIVERSE_UL_tasks, TRIVERSE_PT_filter)
