# SPDX-License-Identifier: GPL-3.0-or-later
"""
Reads the size of an image from its header, to limit it before the image is decoded.

Floor: first. Thread: worker. No ``bpy``.
"""

import re
import struct
from pathlib import Path
from typing import BinaryIO

#: Maximum number of pixels of one image, which decodes to 1 GB. The service's textures have up to 4096 x 4096 pixels.
MAX_PIXELS = 16_384 * 16_384
#: Images up to this number of pixels are shown directly: Blender decodes them on the main thread, in some 5 ms.
_SMALL_PX = 512 * 512
#: Maximum number of segments before a JPEG's first frame. Real ones have some dozens.
_MAX_SEGMENTS = 4096
#: A JPEG marker that is followed by a length. Any number of fill bytes may precede it.
_MARKER = re.compile(rb"\xff[\x02-\xcf\xda-\xfe]", re.DOTALL)
_BLOCK_BYTES = 64 * 1024


class EndlessPictureError(ValueError):
    """The header of an image is longer than any real one. Its size is unknown, so it must not be decoded."""


def size_px(file: BinaryIO, length_bytes: int) -> tuple[int, int] | None:
    """
    Return width and height in pixels of the PNG, JPEG or WebP at the file's position; None for other formats.

    :param length_bytes: length of the image.
    :raises EndlessPictureError: the size cannot be determined.
    """
    start = file.tell()
    head = file.read(min(32, length_bytes))
    try:
        if head.startswith(b"\x89PNG\r\n\x1a\n") and head[12:16] == b"IHDR":
            width, height = struct.unpack_from(">II", head, 16)
            return int(width), int(height)
        if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return _webp(head)
        if head.startswith(b"\xff\xd8"):
            return _jpeg(file, start, start + length_bytes)
    except struct.error:
        pass
    return None


def is_small(path: Path) -> bool:
    """
    Return whether the file is an image that is small enough to be shown directly.

    :raises OSError: it cannot be read.
    """
    with path.open("rb") as file:
        try:
            size = size_px(file, path.stat().st_size)
        except EndlessPictureError:
            return False
    return size is not None and 0 < size[0] * size[1] <= _SMALL_PX


def size_of(path: Path) -> tuple[int, int] | None:
    """
    Return width and height in pixels of a PNG, JPEG, WebP or TGA, before it is turned upright; None for other formats.

    :raises OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        if path.suffix.lower() == ".tga":  # nothing else tells a TGA
            head = file.read(16)
            return struct.unpack_from("<HH", head, 12) if len(head) == 16 else None
        try:
            return size_px(file, path.stat().st_size)
        except EndlessPictureError:
            return None


def _webp(head: bytes) -> tuple[int, int] | None:
    """Read the size from any of the three kinds of first chunk (RFC 9649)."""
    kind = head[12:16]
    if kind == b"VP8X" and len(head) >= 30:
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", head, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", head, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _jpeg(file: BinaryIO, start: int, end: int) -> tuple[int, int] | None:
    """Return the size in the first frame header (ITU T.81, B.2.2). Skip whatever a decoder skips before it."""
    at = start + 2
    for _ in range(_MAX_SEGMENTS):
        marker_at = _next_marker(file, at, end)
        if marker_at is None:
            return None
        at, marker = marker_at
        file.seek(at)
        (length,) = struct.unpack(">H", file.read(2))
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            _, height, width = struct.unpack(">BHH", file.read(5))
            return int(width), int(height)
        at += max(2, int(length))
    raise EndlessPictureError("JPEG")


def _next_marker(file: BinaryIO, at: int, end: int) -> tuple[int, int] | None:
    """Return the position after the next marker and the marker's second byte; None if there is no marker."""
    file.seek(at)
    left_bytes = max(0, end - at)
    last = b""
    while left_bytes:
        block = last + file.read(min(_BLOCK_BYTES, left_bytes))
        if len(block) == len(last):
            return None
        match = _MARKER.search(block)
        if match is not None:
            return at + match.end() - len(last), match[0][-1]
        at += len(block) - len(last)
        left_bytes -= len(block) - len(last)
        last = block[-1:]
    return None
