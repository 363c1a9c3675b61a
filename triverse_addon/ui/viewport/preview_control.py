# SPDX-License-Identifier: GPL-3.0-or-later
"""
Open, turn and close the large preview of ``preview``.

Floor: third. Thread: main. Imports ``bpy``. The draw handler is registered only while the preview is open.
"""

from collections.abc import Sequence
from typing import Any

import bpy

from . import preview

_handlers: list[Any] = []


def show(tiles: Sequence[preview.Tile], region: bpy.types.Region) -> None:
    """Show tasks over a region of a 3D viewport, instead of what the preview shows now."""
    from . import preview_drawing  # lazy import: it loads gpu, which nothing needs before

    hide()
    preview.shown = preview.Preview(tuple(tiles), region.as_pointer())
    add = bpy.types.SpaceView3D.draw_handler_add
    _handlers.append(add(preview_drawing.draw_preview, (), "WINDOW", "POST_PIXEL"))
    redraw(preview.shown)


def hide() -> None:
    """Close the preview, and free its pictures."""
    before, preview.shown = preview.shown, None
    if not _handlers:
        return
    while _handlers:
        bpy.types.SpaceView3D.draw_handler_remove(_handlers.pop(), "WINDOW")
    from . import textures  # lazy import, as above

    textures.free()
    if (fetcher := preview.pictures()) is not None:
        fetcher.forget()
    if before is not None:
        redraw(before)


def refresh() -> None:
    """Redraw the preview, if it is open: something about its tasks has changed."""
    if preview.shown is not None:
        redraw(preview.shown)


def redraw(covering: preview.Preview) -> None:
    """Redraw the region that a preview covers."""
    region = region_of(covering)
    if region is not None:
        region.tag_redraw()


def region_of(covering: preview.Preview) -> bpy.types.Region | None:
    """Return the region that a preview covers; None if it is gone."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            for region in area.regions:
                if region.as_pointer() == covering.region:
                    return region
    return None


def turn(steps: int) -> None:
    """
    Turn the models by a number of views, all at once. The first time, this has their views made.

    Pictures of a task without a model are turned through, from the first on.
    """
    shown = preview.shown
    count = preview.steps()
    if shown is not None and steps and count:
        shown.view = ((shown.view or 0) + steps) % count
        redraw(shown)
