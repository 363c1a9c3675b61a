# SPDX-License-Identifier: GPL-3.0-or-later
"""
Which editors a test's window shows.

No floor (development only). Thread of the window. Never imports ``bpy``: the code in quotes runs in Blender.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .screen import MIDDLE_PX, NARROW_PX

if TYPE_CHECKING:
    from .window import BlenderWindow

_VIEWPORT_PX = 400
"""Of a 3D viewport that is little wider than its sidebar, which is 350 wide in the tests' profile."""


def leave(window: BlenderWindow, width_px: int) -> None:
    """Leave the editors that a window of this width has space for, as a user who joins and splits areas.

    A 3D viewport alone below ``MIDDLE_PX``; with ``NARROW_PX`` little more of it than its sidebar; else all.
    """
    if width_px >= MIDDLE_PX:
        return
    # The timeline first: it is below the viewport.
    for kind in ("DOPESHEET_EDITOR", "OUTLINER", "PROPERTIES"):
        if window.run("result = bool(areas(kind))", kind=kind):
            window.run("with override(kind): bpy.ops.screen.area_close()", kind=kind)
            window.pass_events()
    if width_px <= NARROW_PX and not window.run("result = bool(areas('TEXT_EDITOR'))"):
        narrow_viewport(window)


def narrow_viewport(window: BlenderWindow, right_px: int = 0) -> None:
    """Leave a 3D viewport little more than the width of its sidebar, and show an empty text beside it.

    With every redraw, also where nothing in it has changed, Blender computes the colours of a viewport's pixels anew:
    in a window of 640 pixels that is 28 ms with the text, and 35 without.

    Args:
        right_px: the width of an empty text at the right of the sidebar, over which menus unfold.
    """
    if right_px:
        _split_off(window, "max", right_px)
    window.run("with override(): bpy.context.space_data.show_region_toolbar = False")
    _split_off(window, "min", _VIEWPORT_PX)


def _split_off(window: BlenderWindow, end: str, px: int) -> None:
    """Split the viewport so that its right part is ``px`` wide; the part at one end ("min": left) is an empty text."""
    window.run(
        """
        with override():
            bpy.ops.screen.area_split(direction="VERTICAL", factor=1 - px / bpy.context.area.width)
        """,
        px=px,
    )
    window.pass_events()
    window.run(
        f"""
        area = {end}((area for window, area in areas()), key=lambda area: area.x)
        area.type = "TEXT_EDITOR"
        area.spaces.active.show_region_header = area.spaces.active.show_region_footer = False
        """
    )
    window.pass_events()
