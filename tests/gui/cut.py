# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds texts that Blender has cut, in whatever script: by the three dots that it draws where it cuts."""

from __future__ import annotations

from scripts._dev.pictures import Box, connected
from scripts._dev.window import TABS_PX, BlenderWindow

SCALE = 2.0
"""The scale of the interface at which the dots are large enough to be told from what else is small."""
BRIGHT = 130
"""Grey from which on a pixel is of a text that is not greyed."""


def cut_texts(window: BlenderWindow, side: Box) -> list[tuple[int, int]]:
    """Where the dots of cut texts are in the sidebar, which must be drawn at :data:`SCALE`. The mouse is moved away."""
    window.hover()
    window.redraw()
    right, low = side.x + side.width - round(TABS_PX * SCALE), side.y + side.height
    picture = window.screen.picture().convert("L").crop((side.x, side.y, right, low))
    dots = {(part.x, part.y) for part in connected(picture, BRIGHT) if {part.width, part.height} <= {3, 4, 5}}

    def is_dot(x: int, y: int) -> bool:
        return any((x + dx, y + dy) in dots for dx in (-1, 0, 1) for dy in (-1, 0, 1))

    return sorted(
        (x, y)
        for x, y in dots
        for gap in (5, 6, 7, 8)
        if [is_dot(x + times * gap, y) for times in (-1, 1, 2, 3)] == [False, True, True, False]
    )
