# SPDX-License-Identifier: GPL-3.0-or-later
"""
Draw the boxes of ``boxes`` into a 3D viewport.

Floor: third. Thread: main, in draw handlers. Imports ``bpy`` (``gpu``). Reads memory only.
"""

import logging

import bpy
import gpu
from bpy_extras import view3d_utils
from mathutils import Vector

from ...api.unexpected_errors import UNFORESEEN
from ..text.layout_text import font_px, ui_scale
from . import boxes, shapes

_log = logging.getLogger(__name__)

_EDGES = ((0, 1), (1, 2), (2, 3), (3, 0), (4, 5), (5, 6), (6, 7), (7, 4), (0, 4), (1, 5), (2, 6), (3, 7))
_SIDES = ((0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7), (0, 1, 2, 3), (4, 5, 6, 7))
_TRIANGLES = [triangle for a, b, c, d in _SIDES for triangle in ((a, b, c), (a, c, d))]
_GROUND = (0.0, 0.0, 0.0, 0.35)
_LINE = (0.95, 0.95, 0.95, 0.85)
_HIDDEN = (0.95, 0.95, 0.95, 0.18)
_FILL = (0.45, 0.72, 1.0, 0.16)
#: Widest text above a box, in pixels at UI scale 1.
_TEXT_PX = 260


def draw_boxes() -> None:
    """Draw edges, and the filled part, of each box. An error is logged, and nothing is drawn any more."""
    try:
        _draw_boxes()
    except UNFORESEEN:
        _log.exception("The boxes of the models cannot be drawn")
        boxes.shown, boxes.held, boxes.is_broken = (), None, True


def draw_texts() -> None:
    """Draw the text above each box. An error is logged, and nothing is drawn any more."""
    try:
        _draw_texts()
    except UNFORESEEN:
        _log.exception("The names of the models cannot be drawn")
        boxes.shown, boxes.held, boxes.is_broken = (), None, True


def _visible() -> list[boxes.Box]:
    space = bpy.context.space_data
    is_on = isinstance(space, bpy.types.SpaceView3D) and space.overlay.show_overlays
    return boxes.visible(bpy.context.scene) if is_on else []


class _Shapes:
    """What is drawn of some boxes, made anew only when they have changed."""

    def __init__(self, found: tuple[boxes.Box, ...]) -> None:
        self.found = found
        self.edges = shapes.Lines([box.corners[corner] for box in found for edge in _EDGES for corner in edge])
        points: list[shapes.Point] = []
        indices = []
        for box in found:
            if box.progress > 0.0:
                first = len(points)
                points += _filled(box)
                indices += [(first + a, first + b, first + c) for a, b, c in _TRIANGLES]
        self.fill = shapes.Surfaces(points, indices) if points else None


_shapes: _Shapes | None = None


def forget() -> None:
    """Free what was drawn last."""
    global _shapes
    _shapes = None


def _draw_boxes() -> None:
    global _shapes
    found = tuple(_visible())
    if not found:
        return
    if _shapes is None or _shapes.found != found:
        _shapes = _Shapes(found)
    scale = ui_scale()
    gpu.state.blend_set("ALPHA")
    try:
        gpu.state.depth_test_set("NONE")
        _shapes.edges.draw(_HIDDEN, 1.0 * scale)
        gpu.state.depth_test_set("LESS_EQUAL")
        if _shapes.fill is not None:
            _shapes.fill.draw(_FILL)
        _shapes.edges.draw(_GROUND, 3.0 * scale)
        _shapes.edges.draw(_LINE, 1.25 * scale)
    finally:
        gpu.state.depth_test_set("NONE")
        gpu.state.blend_set("NONE")


def _filled(box: boxes.Box) -> list[shapes.Point]:
    low, high = ([Vector(corner) for corner in box.corners[at : at + 4]] for at in (0, 4))
    top = (a.lerp(b, box.progress) for a, b in zip(low, high, strict=True))
    return [*box.corners[:4], *((point.x, point.y, point.z) for point in top)]


def _text(box: boxes.Box, size_px: float) -> str:
    """Return what is written above a box: of a long name the beginning, so that there is room for how far it is."""
    state_px = shapes.text_size(box.state, size_px)[0] if box.state else 0.0
    return f"{shapes.shortened(box.name, _TEXT_PX * ui_scale() - state_px, size_px)}{box.state}"


def _draw_texts() -> None:
    region, view = bpy.context.region, bpy.context.region_data
    size_px = font_px()
    found = []
    for box in _visible():
        top = sum(map(Vector, box.corners[4:]), Vector()) / 4
        at = view3d_utils.location_3d_to_region_2d(region, view, top)
        if at is not None:
            text = _text(box, size_px)
            found.append((text, at.x, at.y + 12 * ui_scale()))
    if found:
        shapes.labels(found, size_px)
