# SPDX-License-Identifier: GPL-3.0-or-later
"""
Draw the large preview of ``preview`` over a 3D viewport.

Floor: third. Thread: main, in a draw handler. Imports ``bpy`` (``gpu``). Reads memory only.
"""

import logging
from typing import TYPE_CHECKING

import bpy
import gpu

from ...api.unexpected_errors import UNFORESEEN
from ..state import list_rows, runtime
from ..text.layout_text import font_px, ui_scale
from ..text.translate import tr, translate
from . import preview, shapes, textures

if TYPE_CHECKING:
    from ...tasks.record.record import TaskRecord
    from ..state.session import Session

_log = logging.getLogger(__name__)

_BACKDROP = (0.06, 0.06, 0.065, 1.0)
_CELL = (0.14, 0.14, 0.15, 1.0)
_CHOSEN = (0.28, 0.45, 0.70, 1.0)
_TITLE = (0.95, 0.95, 0.95, 1.0)
_DIM = (0.70, 0.70, 0.70, 1.0)
#: Kinds of regions that may lie over a viewport, and which of its edges they take.
_LEFT, _RIGHT = {"TOOLS"}, {"UI"}


def draw_preview() -> None:
    """Draw the preview in its region. An error is logged, and the preview is closed."""
    try:
        shown, session = preview.shown, runtime.current()
        if shown is not None and session is not None and bpy.context.region.as_pointer() == shown.region:
            _draw(shown, session)
    except UNFORESEEN:
        _log.exception("The preview cannot be drawn")
        preview.shown = None


def _draw(shown: preview.Preview, session: "Session") -> None:
    region = bpy.context.region
    gpu.state.depth_test_set("NONE")
    shapes.rectangle(0, 0, region.width, region.height, _BACKDROP)
    left, right, top = _free_edges(region)
    margin, line_px = 16 * ui_scale(), font_px() * 1.9
    size_px = font_px()
    foot = margin + line_px
    hint = shapes.shortened(_hint(shown), right - left - 2 * margin, size_px)
    shapes.write(hint, (left + right - shapes.text_size(hint, size_px)[0]) / 2, margin, size_px, _DIM)
    shown.places = preview.cells(
        len(shown.tiles), left + margin, foot, right - left - 2 * margin, top - foot - margin, margin
    )
    chosen = list_rows.chosen_id(session)
    for tile, place in zip(shown.tiles, shown.places, strict=True):
        _draw_tile(shown, session, tile, place, is_chosen=tile.task_id == chosen and len(shown.tiles) > 1)
    gpu.state.blend_set("NONE")


def _free_edges(region: bpy.types.Region) -> tuple[float, float, float]:
    """Return the left, right and upper edge of the part of the viewport over which nothing else lies."""
    left, right, top = 0.0, float(region.width), float(region.height)
    for other in bpy.context.area.regions:
        if min(other.width, other.height) <= 1 or other.y >= region.y + region.height:
            continue
        if other.type in _LEFT and region.x <= other.x < region.x + region.width / 2:
            left = max(left, other.x + other.width - region.x)
        elif other.type in _RIGHT and other.x < region.x + region.width:
            right = min(right, other.x - region.x)
        elif other.type in ("HEADER", "TOOL_HEADER") and other.y > region.y + region.height / 2:
            top = min(top, other.y - region.y)
    return left, right, top


def _draw_tile(
    shown: preview.Preview,
    session: "Session",
    tile: preview.Tile,
    place: tuple[float, float, float, float],
    *,
    is_chosen: bool,
) -> None:
    from ..state import task_summary  # lazy import, as in state.runtime

    left, low, width, height = place
    edge = 2 * ui_scale()
    if is_chosen:
        shapes.rectangle(left - edge, low - edge, width + 2 * edge, height + 2 * edge, _CHOSEN)
    shapes.rectangle(left, low, width, height, _CELL)
    record = preview.record_of(tile)
    if record is None:
        return
    size_px, padding = font_px(), 8 * ui_scale()
    line_px = size_px * 1.7
    room = width - 2 * padding
    title = shapes.shortened(tile.title or record.name, room, size_px * 1.15)
    shapes.write(title, left + padding, low + height - line_px, size_px * 1.15, _TITLE)
    facts = shapes.shortened(" · ".join(task_summary.facts(record)), room, size_px)
    shapes.write(facts, left + padding, low + padding, size_px, _DIM)
    inner_low, inner_height = low + line_px + padding, height - 2 * line_px - 2 * padding
    texture = _picture(shown, session, record)
    if texture is not None:
        textures.draw(texture, left + padding, inner_low, room, max(1.0, inner_height))
        return
    text = shapes.shortened(_instead(session, record), room, size_px)
    middle = left + (width - shapes.text_size(text, size_px)[0]) / 2
    shapes.write(text, middle, inner_low + inner_height / 2, size_px, _DIM)


def _picture(shown: preview.Preview, session: "Session", record: "TaskRecord") -> gpu.types.GPUTexture | None:
    """Return the best picture of a task that is there: a view, the service's picture, or the thumbnail."""
    pictures = session.details.previews
    if pictures is None:
        return textures.of_thumbnail(session.thumbnails, record.id)
    views = preview.views_of(record)
    if shown.view is not None and views is not None:
        found = textures.get(pictures, views)
        if found:
            return found[shown.view % len(found)]
    several = preview.results_of(record)
    picture = several[(shown.view or 0) % len(several)] if several else preview.picture_of(record)
    found = textures.get(pictures, picture) if picture is not None else ()
    if found:
        return found[0]
    # This asks for it to be loaded, if it is not.
    session.thumbnails.icon(record.id, record.thumbnail_path)
    return textures.of_thumbnail(session.thumbnails, record.id)


def _instead(session: "Session", record: "TaskRecord") -> str:
    """Return what is said where there is no picture."""
    from ..state import task_presentation  # lazy import, as in state.runtime

    pictures, picture = session.details.previews, preview.picture_of(record)
    if pictures is not None and picture is not None:
        problem = pictures.problem(picture)
        if problem is not None:
            return translate(problem)
        if pictures.is_under_way(picture):
            return tr("Loading the picture…")
    return task_presentation.state(record)[0]


def _hint(shown: preview.Preview) -> str:
    pictures = preview.pictures()
    views = [source for record in preview.records() if (source := preview.views_of(record)) is not None]
    if shown.view is not None and pictures is not None:
        for source in views:
            if (problem := pictures.problem(source)) is not None:
                return translate(problem)
        if any(pictures.is_under_way(source) for source in views):
            return tr("Making views of all sides…   ·   Esc: close")
    if views:
        return tr("Arrow keys or drag: turn   ·   Esc: close")
    count = preview.steps()
    if count:
        number = (shown.view or 0) % count + 1
        return tr("{number} of {count}   ·   Arrow keys: other pictures   ·   Esc: close", number=number, count=count)
    return tr("Esc: close")
