# SPDX-License-Identifier: GPL-3.0-or-later
"""
The current page of tasks as a grid of thumbnails.

Floor: third. Thread: main. Imports ``bpy``. Drawing reads memory only.

Blender 5.0 removed the grid layout from UILists, and buttons can only hold small icons. So each cell is a tall button
with a picture and a name drawn over it. Those are not buttons, so clicks reach the button below.
"""

from typing import TYPE_CHECKING

import bpy

from ..state import source_pictures
from ..text.layout_text import sidebar_width_px, ui_scale, underlay
from .ui_list import icon_number

if TYPE_CHECKING:
    from ...tasks.record.record import TaskRecord
    from ..state.session import Session

#: Least width of a cell, in pixels at UI scale 1.
_CELL_PX = 76
#: One interface unit in pixels at UI scale 1.
_UNIT_PX = 20
_MOST_COLUMNS = 6
#: Height of the line with state and name below the picture, in interface units.
_LINE_UNITS = 1.0


def draw(layout: bpy.types.UILayout, context: bpy.types.Context, session: "Session", chosen_id: str) -> None:
    """
    Draw the tasks of the current page.

    :param chosen_id: id of the selected task.
    """
    width_px = sidebar_width_px(context) / ui_scale()
    columns = max(1, min(_MOST_COLUMNS, int(width_px // _CELL_PX)))
    picture_units = width_px / columns / _UNIT_PX - 0.4
    grid = layout.grid_flow(row_major=True, columns=columns, even_columns=True, even_rows=True, align=True)
    selected = session.many.selection if session.many.selection.is_several else (chosen_id,)
    for record in session.page_records():
        _draw_cell(grid.column(align=True), session, record, picture_units, is_chosen=record.id in selected)


def _draw_cell(
    layout: bpy.types.UILayout, session: "Session", record: "TaskRecord", picture_units: float, *, is_chosen: bool
) -> None:
    from ..state import task_presentation  # lazy import, as in runtime

    below = underlay(layout)
    below.scale_y = picture_units + _LINE_UNITS
    below.operator("triverse.choose_task", text="", depress=is_chosen, translate=False).task_id = record.id
    picture = source_pictures.icon_of_task(session, record)
    if picture:
        below = underlay(layout)
        below.template_icon(icon_value=picture, scale=picture_units)
        corner = layout.column()
        corner.ui_units_y = picture_units
        # A button, since its ground keeps the sign readable on light pictures and on dark ones.
        sign = corner.row()
        sign.alignment = "LEFT"
        sign.alert = task_presentation.is_bad(record)
        sign.operator("triverse.preview", text="", icon=task_presentation.icon(record)).task_ids = record.id
        if record.starred:
            corner.label(text="", icon="SOLO_ON")
    else:
        layout.template_icon(icon_value=icon_number(task_presentation.icon(record)), scale=picture_units)
    line = layout.row()
    line.alert = task_presentation.is_bad(record)
    if task_presentation.is_moving(record):
        line.progress(factor=task_presentation.progress(record), text=record.name, translate=False)
    else:
        line.label(text=record.name, translate=False)
