# SPDX-License-Identifier: GPL-3.0-or-later
"""
The picture that is about to be sent: a row under its field, and the same picture large.

Floor: third. Thread: main. Imports ``bpy``. Drawing reads memory only; a worker reads the files.
"""

from typing import TYPE_CHECKING

import bpy
from bpy.props import StringProperty

from ..form import source_names
from ..state import runtime, source_pictures
from ..text.layout_text import beginning, paragraph, sidebar_width_px, ui_scale, underlay
from ..text.translate import megabytes, tr

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    from ...scene.child.source_thumbnails import SourcePicture

#: Height of the row, and edge of the picture in it, in interface units (20 px at UI scale 1).
_ROW_UNITS = 1.8
#: The same where a flow takes several pictures.
_COMPACT_UNITS = 1.2
#: Edge of the large picture in interface units, and width of its popup in pixels at UI scale 1.
_LARGE_UNITS = 20.0
_LARGE_PX = 420


def draw(
    layout: bpy.types.UILayout, context: bpy.types.Context, source: str, *, is_one_of_several: bool = False
) -> None:
    """
    Draw a picture small, with name and size; the row is a button that shows it large.

    :param source: absolute path of the picture. Nothing is drawn for an address.
    :param is_one_of_several: draw it with its name only, in less height.
    """
    session = runtime.current()
    if session is None or not source or source.startswith("https://"):
        return
    seen = source_pictures.shown_input(session, source)
    if seen is None:
        return
    icon, found = seen
    if not found.thumbnail and not found.is_untried:
        text = tr("There is no such file.") if found.size_bytes is None else tr("Blender cannot read this picture.")
        paragraph(layout, text, sidebar_width_px(context), icon="ERROR", alert=True)
        return
    units = _COMPACT_UNITS if is_one_of_several else _ROW_UNITS
    cell = layout.column(align=True)
    below = underlay(cell)
    below.scale_y = units
    below.operator("triverse.show_picture", text="", emboss=False, translate=False).source = source
    # What is drawn over the button are no buttons, so clicks reach it.
    row = cell.row()
    picture = row.row()
    picture.ui_units_x = units
    if found.is_untried:
        picture.label(text="", icon="IMAGE_DATA")
    else:
        picture.template_icon(icon_value=icon, scale=units)
    column = row.column(align=True)
    column.scale_y = units if is_one_of_several else units / 2
    room_px = sidebar_width_px(context) - (units * 20 + 8) * ui_scale()
    column.label(text=beginning(source_names.name_of(source), room_px), translate=False)
    if is_one_of_several:
        return
    line = column.row()
    line.active = False
    line.label(text=size(found), translate=False)


def size(found: "SourcePicture") -> str:
    """Return the size of a picture in pixels and bytes, as far as it is known."""
    size_bytes = found.size_bytes or 0
    length = megabytes(size_bytes) if size_bytes >= 100_000 else f"{max(1, round(size_bytes / 1e3))} KB"
    return length if found.size_px is None else f"{found.size_px[0]} × {found.size_px[1]} · {length}"


class TRIVERSE_OT_show_picture(bpy.types.Operator):
    """Show this picture large"""

    bl_idname = "triverse.show_picture"
    bl_label = "Show Picture"
    bl_options = {"INTERNAL"}

    if TYPE_CHECKING:
        source: str
    else:
        source: StringProperty(subtype="FILE_NAME", options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """Return the path of the picture as tooltip, and what a click does."""
        return tr("{path}\nShow this picture large", path=properties.source)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Open the popup. It closes when the mouse leaves it."""
        # Blender draws a popup when it opens, and not again when a picture was loaded.
        if (session := runtime.current()) is not None:
            source_pictures.load_input(session, self.source)
        return context.window_manager.invoke_popup(self, width=_LARGE_PX)

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Do nothing: the popup only shows."""
        return {"FINISHED"}

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the picture, its name and its size."""
        session = runtime.current()
        seen = source_pictures.shown_input(session, self.source) if session is not None else None
        if seen is None:
            return
        icon, found = seen
        row = self.layout.row()
        row.alignment = "CENTER"
        row.template_icon(icon_value=icon, scale=_LARGE_UNITS)
        row = self.layout.row()
        row.alignment = "CENTER"
        row.label(text=f"{source_names.name_of(self.source)} · {size(found)}", translate=False)


CLASSES = (TRIVERSE_OT_show_picture,)
