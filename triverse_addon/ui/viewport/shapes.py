# SPDX-License-Identifier: GPL-3.0-or-later
"""
Lines, surfaces and texts for the draw handlers of 3D viewports.

Floor: third. Thread: main, in a draw handler. Imports ``bpy`` (``blf``, ``gpu``).

Only shaders that are the same from Blender 4.2 on are used.
"""

from collections.abc import Sequence

import blf
import gpu
from gpu_extras.batch import batch_for_shader

Point = Sequence[float]
Colour = tuple[float, float, float, float]

_FONT = 0
_PLATE = (0.08, 0.08, 0.08, 0.6)


def lines(points: Sequence[Point], colour: Colour, width_px: float) -> None:
    """
    Draw separate lines.

    :param points: start and end of each line.
    :param colour: red, green, blue and alpha as they are shown (sRGB).
    """
    shader = gpu.shader.from_builtin("POLYLINE_UNIFORM_COLOR")
    shader.bind()
    shader.uniform_float("viewportSize", gpu.state.viewport_get()[2:])
    shader.uniform_float("lineWidth", width_px)
    shader.uniform_float("color", colour)
    batch_for_shader(shader, "LINES", {"pos": points}).draw(shader)


def triangles(points: Sequence[Point], indices: Sequence[tuple[int, int, int]], colour: Colour) -> None:
    """Draw triangles in one colour."""
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    shader.bind()
    shader.uniform_float("color", colour)
    batch_for_shader(shader, "TRIS", {"pos": points}, indices=indices).draw(shader)


def rectangle(left: float, low: float, width: float, height: float, colour: Colour) -> None:
    """Draw a filled rectangle of the region, in pixels from its lower left corner."""
    right, top = left + width, low + height
    gpu.state.blend_set("ALPHA")
    triangles([(left, low), (right, low), (right, top), (left, top)], [(0, 1, 2), (0, 2, 3)], colour)


def text_size(text: str, size_px: float) -> tuple[float, float]:
    """Return the width and height of ``text`` in pixels."""
    blf.size(_FONT, size_px)
    width, height = blf.dimensions(_FONT, text)
    return width, height


def write(text: str, left: float, low: float, size_px: float, colour: Colour = (1.0, 1.0, 1.0, 1.0)) -> None:
    """Draw one line of text."""
    blf.size(_FONT, size_px)
    blf.color(_FONT, *colour)
    blf.position(_FONT, left, low, 0.0)
    blf.draw(_FONT, text)


def label(text: str, middle: float, low: float, size_px: float) -> None:
    """
    Draw one line of text on a dark ground, which keeps it readable over anything.

    :param middle: middle of the text from the left of the region, in pixels.
    """
    width, height = text_size(text, size_px)
    margin = 0.4 * size_px
    rectangle(middle - width / 2 - margin, low - margin, width + 2 * margin, height + 2 * margin, _PLATE)
    write(text, middle - width / 2, low, size_px)


def shortened(text: str, room_px: float, size_px: float) -> str:
    """Return ``text``, cut with an ellipsis if it is wider than ``room_px``."""
    if text_size(text, size_px)[0] <= room_px:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if text_size(f"{text[:middle].rstrip()}…", size_px)[0] <= room_px:
            low = middle
        else:
            high = middle - 1
    return f"{text[:low].rstrip()}…"
