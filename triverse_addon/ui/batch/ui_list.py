# SPDX-License-Identifier: GPL-3.0-or-later
"""
The UIList of a batch's rows.

Floor: third. Thread: main. Imports ``bpy``. Drawing reads memory only; Blender draws the visible rows only.
"""

from typing import TYPE_CHECKING

import bpy

from ..state import batch_rows
from ..text.layout_text import beginning, font_px, longest_that_fits, sidebar_width_px, text_width_px, ui_scale
from ..text.translate import tr
from .file_operators import current

if TYPE_CHECKING:
    from ..form.properties import TriverseBatchRow

#: Least width for showing the line numbers, in pixels at UI scale 1.
_NARROW_PX = 180
#: Widths of the list's border, a line number, the scroll bar, the margins of a label, and an icon, in pixels at UI
#: scale 1.
_BORDER_PX = 24
_NUMBER_PX = 56
_SCROLL_BAR_PX = 20
_LABEL_PX = 14
_ICON_PX = 20
#: Share of a row's width for a progress bar, and the largest share for a text. The rest is for the row's name.
_BAR = 0.36
_WORDS = 0.45


class TRIVERSE_UL_batch(bpy.types.UIList):
    """Rows of a batch, those that need a look first."""

    bl_idname = "TRIVERSE_UL_batch"

    def draw_item(
        self,
        context: bpy.types.Context,
        layout: bpy.types.UILayout,
        _data: object,
        item: "TriverseBatchRow",
        _icon: int,
        _active_data: object,
        _active_property: str,
        _index: int = 0,
        _flag: int = 0,
    ) -> None:
        """Draw a row: line number, title, and problem, progress or state."""
        batch = current()
        if batch is None or item.index >= len(batch.rows):
            # A row may belong to an earlier table, because rows are only written outside drawing.
            layout.label(text="")
            return
        from . import presentation  # lazy import, as in runtime

        line = batch.rows[item.index]
        shown = presentation.shown(batch, line)
        row = layout.row()
        scale, width_px = ui_scale(), sidebar_width_px(context)
        room_px = width_px - (_BORDER_PX + _SCROLL_BAR_PX) * scale
        if width_px >= _NARROW_PX * scale:
            room_px -= _NUMBER_PX * scale
            number = row.row()
            number.ui_units_x = 2.2
            number.active = False
            number.alignment = "RIGHT"
            number.label(text=str(line.line or ""), translate=False)
        row.alert = shown.is_bad
        if line.problems:
            # The full text is the row's tooltip. For the selected row, it is also shown below the table.
            if len(batch.rows) <= batch_rows.UNTIL_IT_SCROLLS:
                room_px += _SCROLL_BAR_PX * scale
            text = beginning(shown.text, room_px - (_ICON_PX + _LABEL_PX) * scale)
            row.label(text=text, icon=shown.icon, translate=False)
            return
        share = _WORDS if shown.factor is None else _BAR
        forms = (shown.text, shown.short) if shown.short else (shown.text,)
        text = longest_that_fits(forms, share * room_px - _LABEL_PX * scale)
        if shown.factor is None:
            # A short text leaves more width for the name.
            share = min(share, (text_width_px(text, font_px()) + _LABEL_PX * scale) / room_px)
        split = row.split(factor=1.0 - share)
        split.label(text=line.title, icon=shown.icon, translate=False)
        if shown.factor is not None:
            split.progress(factor=shown.factor, text=text, translate=False)
            return
        state = split.row()
        state.alignment = "RIGHT"
        state.label(text=text, translate=False)

    def draw_filter(self, _context: bpy.types.Context, layout: bpy.types.UILayout) -> None:
        """Draw the search field, which the list shows at its bottom when expanded."""
        layout.prop(self, "filter_name", text="", icon="VIEWZOOM", placeholder=tr("Search"))

    def filter_items(self, _context: bpy.types.Context, data: object, name: str) -> tuple[list[int], list[int]]:
        """Return the filter flags: rows whose name contains all words of the search are shown."""
        sought = self.filter_name.lower().split()
        if not sought:
            return [], []
        names = [row.name.lower() for row in getattr(data, name)]
        return [self.bitflag_filter_item if all(word in name for word in sought) else 0 for name in names], []


CLASSES = (TRIVERSE_UL_batch,)
