# SPDX-License-Identifier: GPL-3.0-or-later
"""
Lines, surfaces and texts for the draw handlers of 3D viewports.

Floor: third. Thread: main, in a draw handler. Imports ``bpy`` (``blf``, ``gpu``).

Only shaders that are the same from Blender 4.2 on are used.
"""

from collections.abc import Sequence
from functools import lru_cache

import blf
import gpu
from gpu_extras.batch import batch_for_shader

Point = Sequence[float]
Colour = tuple[float, float, float, float]

_FONT = 0
_PLATE = (0.08, 0.08, 0.08, 0.6)


class Lines:
    """
    Separate lines that are drawn several times.

    :param points: start and end of each line.
    """

    def __init__(self, points: Sequence[Point]) -> None:
        self._shader = gpu.shader.from_builtin("POLYLINE_UNIFORM_COLOR")
        self._batch = batch_for_shader(self._shader, "LINES", {"pos": points})

    def draw(self, colour: Colour, width_px: float) -> None:
        """
        Draw them.

        :param colour: red, green, blue and alpha as they are shown (sRGB).
        """
        self._shader.bind()
        self._shader.uniform_float("viewportSize", gpu.state.viewport_get()[2:])
        self._shader.uniform_float("lineWidth", width_px)
        self._shader.uniform_float("color", colour)
        self._batch.draw(self._shader)


class Surfaces:
    """
    Triangles of one colour that are drawn several times.

    :param indices: three points of each triangle.
    """

    def __init__(self, points: Sequence[Point], indices: Sequence[tuple[int, int, int]]) -> None:
        self._shader = gpu.shader.from_builtin("UNIFORM_COLOR")
        self._batch = batch_for_shader(self._shader, "TRIS", {"pos": points}, indices=indices)

    def draw(self, colour: Colour) -> None:
        """Draw them."""
        self._shader.bind()
        self._shader.uniform_float("color", colour)
        self._batch.draw(self._shader)


def rectangle(left: float, low: float, width: float, height: float, colour: Colour) -> None:
    """Draw a filled rectangle of the region, in pixels from its lower left corner."""
    rectangles([(left, low, width, height)], colour)


def rectangles(places: Sequence[tuple[float, float, float, float]], colour: Colour) -> None:
    """Draw filled rectangles of the region: left, low, width and height of each, in pixels."""
    points: list[Point] = []
    indices = []
    for left, low, width, height in places:
        first, right, top = len(points), left + width, low + height
        points += [(left, low), (right, low), (right, top), (left, top)]
        indices += [(first, first + 1, first + 2), (first, first + 2, first + 3)]
    gpu.state.blend_set("ALPHA")
    Surfaces(points, indices).draw(colour)


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


def labels(found: Sequence[tuple[str, float, float]], size_px: float) -> None:
    """
    Draw lines of text on a dark ground, which keeps them readable over anything.

    :param found: each text, its middle from the left of the region, and its foot from below, in pixels.
    """
    margin = 0.4 * size_px
    sizes = [text_size(text, size_px) for text, _, _ in found]
    plates = [
        (middle - width / 2 - margin, low - margin, width + 2 * margin, height + 2 * margin)
        for (_, middle, low), (width, height) in zip(found, sizes, strict=True)
    ]
    rectangles(plates, _PLATE)
    for (text, middle, low), (width, _) in zip(found, sizes, strict=True):
        write(text, middle - width / 2, low, size_px)


@lru_cache(maxsize=256)
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
