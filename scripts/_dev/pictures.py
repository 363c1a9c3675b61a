# SPDX-License-Identifier: GPL-3.0-or-later
"""
Parts of a picture of the screen, and where two pictures differ.

No floor (development only). Any thread. Never imports ``bpy``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from PIL import Image, ImageChops

_TILE_PX = 16
"""So near to each other, two changes are of one thing."""
_AROUND_PX = 70
"""Above and below a button there is something within so many pixels, and it moves with the button."""
_ROW_PX = 18
"""From the middle of a button to its edge, and a little more: it is lighter while the mouse is over it."""


@dataclass(frozen=True)
class Box:
    """A rectangle on the screen in pixels; y runs down."""

    x: int
    y: int
    width: int
    height: int

    @property
    def center(self) -> tuple[int, int]:
        """Its middle."""
        return self.x + self.width // 2, self.y + self.height // 2


def crop(picture: Image.Image, part: Box) -> Image.Image:
    """A part of a picture."""
    return picture.crop((part.x, part.y, part.x + part.width, part.y + part.height))


def is_half(part: Box, pixels: int) -> bool:
    """Whether a part is half of so many pixels or more."""
    return part.width * part.height >= pixels // 2


def has_changed(before: Image.Image, now: Image.Image, parts: Iterable[Box]) -> bool:
    """Whether two pictures of a screen differ in one of these parts."""
    return any(crop(before, part).tobytes() != crop(now, part).tobytes() for part in parts)


def around(box: Box, part: Box, mouse_y: int) -> list[Box]:
    """What is above and below a text in a part of the screen, without the row that the mouse is over."""
    top, bottom = box.center[1] - _AROUND_PX, box.center[1] + _AROUND_PX
    end = part.y + part.height
    rows = ((max(top, part.y), mouse_y - _ROW_PX), (mouse_y + _ROW_PX, min(bottom, end)))
    return [Box(part.x, low, part.width, high - low) for low, high in rows if high > low]


def connected(grey: Image.Image, above: int) -> Iterator[Box]:
    """Around each connected part of a grey picture that is brighter than ``above``."""
    width = grey.width
    left = {place for place, value in enumerate(grey.tobytes()) if value > above}
    steps = [down + right for down in (-width, 0, width) for right in (-1, 0, 1)]
    while left:
        part, at = [left.pop()], 0
        while at < len(part):
            near = {part[at] + step for step in steps} & left
            left -= near
            part += near
            at += 1
        xs, ys = [place % width for place in part], [place // width for place in part]
        yield Box(min(xs), min(ys), max(xs) - min(xs) + 1, max(ys) - min(ys) + 1)


def largest_change(before: Image.Image, now: Image.Image) -> Box | None:
    """Where the largest connected part is in which two pictures differ; None if there is none, or it is large."""
    differ = ImageChops.difference(before.convert("L"), now.convert("L")).point(
        [255 * (grey > 8) for grey in range(256)]
    )
    tiles = max(connected(differ.reduce(_TILE_PX), 0), key=lambda part: part.width * part.height, default=None)
    if tiles is None:
        return None
    largest = Box(*(number * _TILE_PX for number in (tiles.x, tiles.y, tiles.width, tiles.height)))
    return None if is_half(largest, now.width * now.height) else largest
