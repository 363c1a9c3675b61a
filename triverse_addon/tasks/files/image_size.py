# SPDX-License-Identifier: GPL-3.0-or-later
"""
How large a picture is, from its header alone: what is decoded later is bounded before.

Floor: first. Thread: worker. No ``bpy``.
"""

import re
import struct
from pathlib import Path
from typing import BinaryIO

#: Most pixels that the textures of one model may have together. The service makes maps of up to 4096 px square; what
#: is taken decodes to 1 GB.
MAX_PIXELS = 16_384 * 16_384
#: Up to so many pixels a picture is shown as it is: Blender decodes it on the main thread, in some 5 ms.
_SMALL_PX = 512 * 512
#: Steps from a JPEG's beginning to its first frame. Real ones have some dozens.
_MAX_SEGMENTS = 4096
#: A JPEG's marker that is followed by a length; before it, any number of fill bytes.
_MARKER = re.compile(rb"\xff[\x02-\xcf\xda-\xfe]", re.DOTALL)
_BLOCK_BYTES = 64 * 1024


class EndlessPictureError(ValueError):
    """A picture's header goes on for longer than any real one: its size is not known, so it must not be decoded."""


def size_px(file: BinaryIO, length_bytes: int) -> tuple[int, int] | None:
    """
    Return width and height of the PNG, JPEG or WebP that begins at the file's position; None for anything else.

    :param length_bytes: where the picture ends, counted from there.
    :raises EndlessPictureError: it cannot be told.
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
    Tell whether the file is a picture that can be shown as it is.

    :raises OSError: it cannot be read.
    """
    with path.open("rb") as file:
        try:
            size = size_px(file, path.stat().st_size)
        except EndlessPictureError:
            return False
    return size is not None and 0 < size[0] * size[1] <= _SMALL_PX


def _webp(head: bytes) -> tuple[int, int] | None:
    """Read each of the three kinds of first chunk (RFC 9649)."""
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
    """
    Go from segment to segment to the first frame (ITU T.81, B.2.2), over whatever a decoder passes over between them.
    """
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
    """Return the next marker from ``at`` on, and where what follows it begins; None when there is none."""
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
