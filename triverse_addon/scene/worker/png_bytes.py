# SPDX-License-Identifier: GPL-3.0-or-later
"""
Turn pixels into the bytes of a PNG, without Blender.

Floor: second. Thread: any. No ``bpy``, and nothing of this package: the child loads it as a plain module. Imports
numpy.

Blender's own writer takes two to four times as long, and needs all pixels as floats.
"""

import struct
import zlib

import numpy

#: Level of compression. The next ones take several times as long, for a tenth of the bytes.
_COMPRESSION = 3
#: The kind of a PNG by its number of channels: colours, and colours with transparency.
_KINDS = {3: 2, 4: 6}


def encode(pixels: numpy.ndarray, compression: int = _COMPRESSION) -> bytes:
    """
    Return a PNG.

    :param pixels: bytes by row, column and channel, of which there are three or four, the highest row first.
    :param compression: level of zlib, from 1 to 9.
    """
    height, width, channels = pixels.shape
    rows = pixels.reshape(height, width * channels)
    # Each row but the first is stored as the difference to the one above it: the filter "up", number 2.
    filtered = numpy.empty((height, 1 + width * channels), numpy.uint8)
    filtered[:, 0] = 2
    filtered[0, 1:] = rows[0]
    numpy.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    header = struct.pack(">IIBBBBB", width, height, 8, _KINDS[channels], 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(filtered, compression)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(content, zlib.crc32(kind)))
        for kind, content in chunks
    )
