# SPDX-License-Identifier: GPL-3.0-or-later
"""
In the header of a 3D Viewport whose sidebar is closed: a progress bar, and for a new user the way to the panel.

The bar is there while tasks are in progress, the way to the panel until the first order.

Floor: third. Thread: main. Imports ``bpy``. Drawing reads memory only.
"""

import bpy

from .. import settings
from ..state import runtime

#: Width of the bar, in interface units.
_UNITS = 4.0
#: What was drawn last, to redraw headers only when it changes: the content, and whether the user is new.
_drawn: tuple[tuple[int, int] | None, bool] = (None, False)


def register() -> None:
    """Append the bar to the header of 3D Viewports."""
    bpy.types.VIEW3D_HT_header.append(_draw)  # type: ignore[arg-type]  # the stubs leave out the first argument


def unregister() -> None:
    """Remove the bar from the header."""
    global _drawn
    bpy.types.VIEW3D_HT_header.remove(_draw)  # type: ignore[arg-type]
    _drawn = (None, False)


def _content() -> tuple[int, int] | None:
    """Return the number of tasks in progress and their percentage, or None without any."""
    session = runtime.current()
    if session is None or not session.moving.count:
        return None
    return session.moving.count, round(100 * session.moving.progress)


def refresh() -> None:
    """Redraw the headers of viewports without a sidebar if what they show has changed."""
    global _drawn
    now = (_content(), runtime.is_new_user())
    if now == _drawn:
        return
    _drawn = now
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type != "VIEW_3D":
                continue
            for region in area.regions:
                if region.type == "HEADER":
                    region.tag_redraw()


def _draw(self: bpy.types.Header, context: bpy.types.Context) -> None:
    if getattr(context.space_data, "show_region_ui", True) or not settings.are_there():
        return
    content = _content()
    if content is None:
        if runtime.is_new_user():
            # Blender shows nowhere that an add-on has brought a tab.
            self.layout.operator("triverse.open_sidebar", text="Triverse", icon="SHADERFX", translate=False)
        return
    count, percent = content
    row = self.layout.row(align=True)
    bar = row.row()
    bar.ui_units_x = _UNITS
    text = f"{percent} %" if count == 1 else f"{count} · {percent} %"
    bar.progress(factor=percent / 100, text=text, translate=False)
    row.operator("triverse.open_sidebar", text="", icon="TRIA_LEFT")
