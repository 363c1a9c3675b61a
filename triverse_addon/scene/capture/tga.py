# SPDX-License-Identifier: GPL-3.0-or-later
"""
Write and check uncompressed TGAs (Truevision TGA 2.0, type 2).

Floor: second. Thread: any. No ``bpy``.
"""

import struct
from pathlib import Path

_HEADER_BYTES = 18


def encode(width: int, height: int, body: bytes, *, depth: int = 3) -> bytes:
    """
    Return an image as TGA.

    :param body: the pixels, row by row from the lower left: blue, green, red and, with a depth of 4, alpha.
    :param depth: bytes per pixel, 3 or 4.
    """
    has_alpha = depth == 4
    return struct.pack("<BBB5xHHHHBB", 0, 0, 2, 0, 0, width, height, 8 * depth, 8 * has_alpha) + body


def without_alpha(rgba: bytes) -> bytes:
    """Convert RGBA pixels to BGR."""
    body = bytearray(len(rgba) // 4 * 3)
    body[0::3], body[1::3], body[2::3] = rgba[2::4], rgba[1::4], rgba[0::4]
    return bytes(body)


def is_whole(path: Path) -> bool:
    """
    Return False for a TGA that ends early: not every Blender reports that the disk was full.

    :raises OSError: the file cannot be read.
    """
    with open(path, "rb") as file:
        header = file.read(_HEADER_BYTES)
    if len(header) < _HEADER_BYTES:
        return False
    width, height, depth_bits = struct.unpack_from("<HHB", header, 12)
    return path.stat().st_size >= _HEADER_BYTES + int(width * height * depth_bits) // 8
