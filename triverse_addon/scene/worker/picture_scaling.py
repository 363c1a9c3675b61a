# SPDX-License-Identifier: GPL-3.0-or-later
"""
Read a picture and scale it down in a thread, with the OpenImageIO that comes with Blender.

Floor: second. Thread: any. No ``bpy``, and nothing of this package: the child loads it as a plain module. Imports numpy
and OpenImageIO. Blender has OpenImageIO's Python module in 4.5 and newer, but not in 4.2, nor in Debian's packages
(measured).

To do the same with an image data-block keeps the main thread busy for 0.03 s at 1024 px, half of what a batch's writer
needs there for a model. OpenImageIO lets go of the interpreter's lock. What is not read here is read by Blender.
"""

from pathlib import Path
from typing import Any

import numpy
import OpenImageIO

#: Numbers of channels that are read here: colours, and colours with transparency.
_CHANNELS = (3, 4)

# It would start threads of its own, which take address space, of which a child has a limited amount.
OpenImageIO.attribute("threads", 1)


def scaled(picture: Path, size: tuple[int, int], factor: int) -> numpy.ndarray | None:
    """
    Read a picture and scale it down by a whole number. Blender's own result differs by one of 255 steps at most.

    :param picture: path of a PNG, JPEG or WebP.
    :param size: the width and height in pixels that its header tells, both multiples of ``factor``.
    :param factor: how many times smaller each side is to be.
    :return: bytes by row, column and channel, of which there are three or four, the highest row first; None if it
        cannot be read here, or has another size, more than 8 bits a channel, or no colours.
    """
    try:
        rows = _read(picture)
        if rows is None or rows.shape[1::-1] != size:
            return None
        return _averaged(rows, factor)
    except (MemoryError, RuntimeError, TypeError, ValueError):
        return None


def floats(rows: numpy.ndarray) -> numpy.ndarray:
    """Return red, green, blue and alpha of each pixel, from 0 to 1, the lowest row first, as Blender has them."""
    height, width, channels = rows.shape
    pixels = numpy.ones((height, width, 4), numpy.float32)
    numpy.divide(rows[::-1], numpy.float32(255), out=pixels[..., :channels])
    return pixels.reshape(-1)


def _read(picture: Path) -> Any:
    """Return the bytes of a picture by row, column and channel; None if it cannot be read, or has other channels."""
    wanted = OpenImageIO.ImageSpec()
    # Otherwise colours are multiplied by their alpha.
    wanted.attribute("oiio:UnassociatedAlpha", 1)
    source = OpenImageIO.ImageInput.open(str(picture), wanted)
    if source is None:
        OpenImageIO.geterror()  # or it would be said when the process ends
        return None
    try:
        found = source.spec()
        if found.nchannels not in _CHANNELS or found.format != OpenImageIO.UINT8:
            return None
        return source.read_image(0, 0, 0, found.nchannels, OpenImageIO.UINT8)
    finally:
        source.close()


def _averaged(rows: numpy.ndarray, factor: int) -> numpy.ndarray:
    """Return the mean of each square of ``factor`` by ``factor`` pixels. In this order it takes 3 ms for 1024 px."""
    height, width, channels = rows.shape
    # Sums of up to 16 by 16 bytes fit.
    kind = numpy.uint16 if factor <= 16 else numpy.uint32
    lines = rows.reshape(height // factor, factor, width * channels)
    sums = lines[:, 0].astype(kind)
    for number in range(1, factor):
        sums += lines[:, number]
    columns = sums.reshape(height // factor, width // factor, factor, channels)
    totals = columns[:, :, 0].copy()
    for number in range(1, factor):
        totals += columns[:, :, number]
    return ((totals + factor * factor // 2) // (factor * factor)).astype(numpy.uint8)
