# SPDX-License-Identifier: GPL-3.0-or-later
"""
Finds pictures that were copied or saved only in part: a copy that was broken off, a full disk, a download that ended.

Ground floor; any thread (it reads the file's end, and all of it only where that does not tell); no ``bpy``.

Sources: PNG (ISO/IEC 15948), 5.3; JPEG (ITU-T T.81), B.1 and B.2; WebP (RFC 9649), 2.3 and 2.4.
"""

from __future__ import annotations

import os
from typing import BinaryIO

_PNG_END = b"\0\0\0\0IEND\xae\x42\x60\x82"
_JPEG_END = b"\xff\xd9"
_JPEG_SCAN = 0xDA
#: JPEG markers that no length follows: TEM, RST0 to RST7, SOI.
_BARE = frozenset((0x01, *range(0xD0, 0xD9)))


def is_cut_off(file: BinaryIO, kind: str) -> bool:
    """
    Return whether the end of a picture is missing. What is not built as its format says, is not judged.

    :param file: the picture, opened for reading.
    :param kind: "JPEG", "PNG" or "WebP"; others are never cut off.
    :raises OSError: the file cannot be read.
    """
    size_bytes = file.seek(0, os.SEEK_END)
    if kind == "PNG":
        return not _ends_with(file, _PNG_END, size_bytes) and _is_cut_png(file, size_bytes)
    if kind == "JPEG":
        return not _ends_with(file, _JPEG_END, size_bytes) and _is_cut_jpeg(_whole(file))
    return kind == "WebP" and _is_cut_webp(file, size_bytes)


def _ends_with(file: BinaryIO, end: bytes, size_bytes: int) -> bool:
    file.seek(max(0, size_bytes - len(end)))
    return file.read(len(end)) == end


def _whole(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read()


def _is_cut_png(file: BinaryIO, size_bytes: int) -> bool:
    at, kind = 8, b""
    while at + 8 <= size_bytes:
        file.seek(at)
        head = file.read(8)
        if at == 8 and head[4:] != b"IHDR":
            return False
        kind = head[4:]
        if kind == b"IEND":
            return False
        at += 12 + int.from_bytes(head[:4], "big")  # with length, kind and checksum
    return kind != b""


def _is_cut_jpeg(content: bytes) -> bool:
    at = 2
    while at + 4 <= len(content):
        if content[at] != 0xFF:
            return False
        marker = content[at + 1]
        if marker == 0xFF:  # fills up
            at += 1
        elif marker in _BARE:
            at += 2
        elif marker == _JPEG_SCAN:
            # In the data of a scan, no marker but RSTn follows 0xFF. What other programs append comes after the end.
            return content.find(_JPEG_END, at) < 0
        else:
            at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return at > 2  # a marker of the header was read, and no data of the picture came


def _is_cut_webp(file: BinaryIO, size_bytes: int) -> bool:
    file.seek(0)
    head = file.read(20)
    return len(head) == 20 and 8 + int.from_bytes(head[4:8], "little") > size_bytes
