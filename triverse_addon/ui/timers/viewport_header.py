# SPDX-License-Identifier: GPL-3.0-or-later
"""
A small progress bar in the header of a 3D Viewport whose sidebar is closed, while tasks are in progress.

Floor: third. Thread: main. Imports ``bpy``. Drawing reads memory only, and nothing at all without a task in progress.
"""

import bpy

from ..state import runtime

#: Width of the bar, in interface units.
_UNITS = 4.0
#: What was drawn last, to redraw headers only when it changes.
_drawn: tuple[int, int] | None = None


def register() -> None:
    """Append the bar to the header of 3D Viewports."""
    bpy.types.VIEW3D_HT_header.append(_draw)  # type: ignore[arg-type]  # the stubs leave out the first argument


def unregister() -> None:
    """Remove the bar from the header."""
    global _drawn
    bpy.types.VIEW3D_HT_header.remove(_draw)  # type: ignore[arg-type]
    _drawn = None


def _content() -> tuple[int, int] | None:
    """Return the number of tasks in progress and their percentage, or None without any."""
    session = runtime.current()
    if session is None or not session.moving.count:
        return None
    return session.moving.count, round(100 * session.moving.progress)


def refresh() -> None:
    """Redraw the headers of viewports without a sidebar if what they show has changed."""
    global _drawn
    now = _content()
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
    content = _content()
    if content is None or getattr(context.space_data, "show_region_ui", True):
        return
    count, percent = content
    row = self.layout.row(align=True)
    bar = row.row()
    bar.ui_units_x = _UNITS
    text = f"{percent} %" if count == 1 else f"{count} · {percent} %"
    bar.progress(factor=percent / 100, text=text, translate=False)
    row.operator("triverse.open_sidebar", text="", icon="TRIA_LEFT")
