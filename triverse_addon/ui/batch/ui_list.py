# SPDX-License-Identifier: GPL-3.0-or-later
"""
The table of a batch's rows.

Floor: third. Thread: main. Imports ``bpy``. Drawing reads memory only; Blender draws the visible rows only.
"""

import bpy

from ..layout_text import beginning, font_px, sidebar_width_px, text_width_px, ui_scale
from ..state import batch_rows
from ..task_list.ui_list import longest_that_fits
from .file_operators import current

#: Below this width of a line, its number in the file is left out, in pixels at UI scale 1.
_NARROW_PX = 180
#: What the list's border, a row's number and a scroll bar take, and a label and an icon beside its text, in pixels at
#: UI scale 1.
_BORDER_PX = 24
_NUMBER_PX = 56
_SCROLL_BAR_PX = 20
_LABEL_PX = 14
_ICON_PX = 20
#: What a progress bar takes of a row's width, and the most that words take; the rest is for its name.
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
        item: bpy.types.AnyType,
        _icon: int,
        _active_data: object,
        _active_property: str,
        _index: int = 0,
        _flag: int = 0,
    ) -> None:
        """Draw one row: where it stands in the file, what it is called, how it stands."""
        batch = current()
        if batch is None or item.index >= len(batch.lines):
            # Rows outlive the table for a moment: they are only written outside of drawing.
            layout.label(text="")
            return
        from . import presentation  # lazy import, as in runtime

        line = batch.lines[item.index]
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
            # In full it is the row's tooltip, and of the chosen row it stands below the table.
            if len(batch.lines) <= batch_rows.UNTIL_IT_SCROLLS:
                room_px += _SCROLL_BAR_PX * scale
            text = beginning(shown.text, room_px - (_ICON_PX + _LABEL_PX) * scale)
            row.label(text=text, icon=shown.icon, translate=False)
            return
        share = _WORDS if shown.factor is None else _BAR
        forms = (shown.text, shown.short) if shown.short else (shown.text,)
        text = longest_that_fits(forms, share * room_px - _LABEL_PX * scale)
        if shown.factor is None:
            # What short words leave is for the name, too.
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
        """Draw the search; the list unfolds it at its foot."""
        layout.prop(self, "filter_name", text="", icon="VIEWZOOM", placeholder="Search")

    def filter_items(self, _context: bpy.types.Context, data: object, name: str) -> tuple[list[int], list[int]]:
        """Show the rows whose name holds the words of the search."""
        sought = self.filter_name.lower().split()
        if not sought:
            return [], []
        names = [row.name.lower() for row in getattr(data, name)]
        return [self.bitflag_filter_item if all(word in name for word in sought) else 0 for name in names], []


CLASSES = (TRIVERSE_UL_batch,)
