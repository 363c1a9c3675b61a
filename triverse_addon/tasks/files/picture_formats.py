# SPDX-License-Identifier: GPL-3.0-or-later
"""
Reads the size of an image in any format that some Blender version decodes from memory.

Floor: first. Thread: worker. No ``bpy``.

A model's images are decoded in the user's own Blender when they are first drawn. glTF allows PNG, JPEG and WebP only
(see ``image_size``), but Blender detects the format by the content and decodes every format it knows.
"""

import re
import struct
from collections.abc import Callable
from typing import BinaryIO

from .image_size import EndlessPictureError, size_px

#: Enough for the headers of all formats but TIFF, whose directory may be anywhere.
_HEAD_BYTES = 64 * 1024
_MAX_TIFF_ENTRIES = 4096

Size = tuple[int, int]


def decoded_size_px(file: BinaryIO, length_bytes: int) -> Size | None:
    """
    Return width and height in pixels of the image at the file's position, in any format that Blender may decode.

    :param length_bytes: length of the image.
    :return: None if no Blender version reads it as an image.
    :raises EndlessPictureError: the size cannot be determined.
    """
    start = file.tell()
    head = file.read(min(_HEAD_BYTES, length_bytes))
    file.seek(start)
    try:
        if head[:2] in (b"II", b"MM"):
            return _tiff(file, start, head)
        for magic, read in _READERS:
            if head.startswith(magic):
                return read(head)
        if head[4:8] == b"ftyp":
            return _heif(head)
        if head[4:12] == b"jP  \r\n\x87\n":
            return _jpeg_2000(head)
        return size_px(file, length_bytes) or _targa(head)
    except struct.error:
        return None
    finally:
        file.seek(start)


def _bmp(head: bytes) -> Size:
    (header_bytes,) = struct.unpack_from("<I", head, 14)
    width, height = struct.unpack_from("<HH" if header_bytes == 12 else "<ii", head, 18)
    return abs(width), abs(height)


def _pair(form: str, offset: int, *, height_first: bool = False) -> Callable[[bytes], Size]:
    """Return a function that reads two adjacent numbers as width and height."""

    def read(head: bytes) -> Size:
        first, second = struct.unpack_from(form, head, offset)
        return (second, first) if height_first else (first, second)

    return read


def _radiance(head: bytes) -> Size | None:
    match = re.search(rb"\n[-+][XY] +(\d{1,9}) +[-+][XY] +(\d{1,9})\n", head)
    if match is None:
        if len(head) == _HEAD_BYTES:
            raise EndlessPictureError("Radiance")
        return None
    return int(match[2]), int(match[1])


def _open_exr(head: bytes) -> Size | None:
    """Return the larger of data window and display window. Blender creates an image of the size of the latter."""
    largest = None
    for name in (b"dataWindow\0box2i\0", b"displayWindow\0box2i\0"):
        # In a file of several parts, any part may be the one that is read.
        for match in re.finditer(re.escape(name), head):
            left, top, right, bottom = struct.unpack_from("<4i", head, match.end() + 4)
            size = (max(0, right - left + 1), max(0, bottom - top + 1))
            largest = size if largest is None else (max(largest[0], size[0]), max(largest[1], size[1]))
    if largest is None and len(head) == _HEAD_BYTES:
        raise EndlessPictureError("OpenEXR")
    return largest


def _codestream(head: bytes) -> Size:
    """Read the SIZ segment of JPEG 2000, which is the first one (ISO/IEC 15444-1, A.5.1)."""
    width, height, left, top = struct.unpack_from(">4I", head, 8)
    return max(0, width - left), max(0, height - top)


def _jpeg_2000(head: bytes) -> Size | None:
    at = head.find(b"\xff\x4f\xff\x51")
    if at < 0:
        if len(head) == _HEAD_BYTES:
            raise EndlessPictureError("JPEG 2000")
        return None
    return _codestream(head[at:])


def _heif(head: bytes) -> Size | None:
    """Return the largest "ispe" box. In an AVIF, the image, its alpha and its tiles have one each."""
    sizes = [struct.unpack_from(">II", head, match.end() + 4) for match in re.finditer(b"ispe", head)]
    if not sizes:
        if len(head) == _HEAD_BYTES:
            raise EndlessPictureError("HEIF")
        return None
    return max(size[0] for size in sizes), max(size[1] for size in sizes)


def _tiff(file: BinaryIO, start: int, head: bytes) -> Size | None:
    """Read width and height from the first directory (TIFF 6.0, section 2; BigTIFF has wider fields)."""
    order = "<" if head[:2] == b"II" else ">"
    (magic,) = struct.unpack_from(order + "H", head, 2)
    if magic not in (42, 43):
        return None
    is_big = magic == 43
    (offset,) = struct.unpack_from(order + ("Q" if is_big else "I"), head, 8 if is_big else 4)
    file.seek(start + min(offset, 2**40))
    (count,) = struct.unpack(order + ("Q" if is_big else "H"), file.read(8 if is_big else 2))
    if count > _MAX_TIFF_ENTRIES:
        raise EndlessPictureError("TIFF")
    sizes = {256: 0, 257: 0}
    entry_bytes, value_at = (20, 12) if is_big else (12, 8)
    directory = file.read(entry_bytes * count)
    for at in range(0, entry_bytes * count, entry_bytes):
        tag, kind = struct.unpack_from(order + "HH", directory, at)
        if tag in sizes:
            form = {1: "B", 3: "H", 4: "I", 16: "Q"}.get(kind)
            if form is None:
                raise EndlessPictureError("TIFF")
            # If a tag occurs twice, the larger value is used.
            sizes[tag] = max(sizes[tag], *struct.unpack_from(order + form, directory, at + value_at))
    return sizes[256], sizes[257]


def _targa(head: bytes) -> Size | None:
    """Read the size of a Targa. The format has no signature, so the same fields are checked as in Blender."""
    if len(head) < 18 or head[1] > 1 or head[2] not in (1, 2, 3, 9, 10, 11) or head[16] not in (8, 15, 16, 24, 32):
        return None
    width, height = struct.unpack_from("<HH", head, 12)
    return width, height


_READERS: tuple[tuple[bytes, Callable[[bytes], Size | None]], ...] = (
    (b"BM", _bmp),
    (b"DDS ", _pair("<II", 12, height_first=True)),
    (b"8BPS", _pair(">II", 14, height_first=True)),
    (b"\x01\xda", _pair(">HH", 6)),
    (b"SDPX", _pair(">II", 772)),
    (b"XPDS", _pair("<II", 772)),
    (b"\x80\x2a\x5f\xd7", _pair(">II", 200)),
    (b"\xd7\x5f\x2a\x80", _pair("<II", 200)),
    (b"#?", _radiance),
    (b"v/1\x01", _open_exr),
    (b"\xff\x4f\xff\x51", _codestream),
)
