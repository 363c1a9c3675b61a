# SPDX-License-Identifier: GPL-3.0-or-later
"""
Read what an image file says in tags that Blender ignores: its Exif orientation, and the kind of a TIFF's alpha.

Floor: second. Thread: any, also of a child Blender, which imports it as a plain module. No ``bpy``.

Exif data is stored in JPEG in an APP1 segment (Exif 2.3, 4.7.2), in PNG in an eXIf chunk (PNG 3, 11.3.3.5), and in WebP
in an EXIF chunk (RFC 9649, 2.7.1.5). It has the structure of a TIFF, whose own tags are in its first directory.
"""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

#: Greatest number of segments or chunks that are read to find the Exif data. Real files have some dozens.
_MAX_STEPS = 4096
#: Greatest number of bytes of Exif data that are read. In JPEG, it is in one segment, so it is not longer.
_MAX_NOTE_BYTES = 65_536
_TIFF_MARKS = (b"II*\0", b"MM\0*")
_BITS_PER_SAMPLE = 258
_PHOTOMETRIC, _WHITE_IS_0 = 262, 0
_ORIENTATION = 274
_EXTRA_SAMPLES = 338
#: ``Image.alpha_mode`` for values of ExtraSamples (TIFF 6.0, page 31): associated alpha, and unassociated.
_ALPHA_MODES = {1: "PREMUL", 2: "STRAIGHT"}


def orientation_of(path: Path) -> int:
    """
    Return the Exif orientation of an image, 1 to 8; 1 (not rotated) if there is none or it cannot be parsed.

    :raises OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        found = _value(file, _exif, _ORIENTATION)
    return found if 1 <= found <= 8 else 1


def alpha_mode_of(path: Path) -> str:
    """
    Return the ``Image.alpha_mode`` that a TIFF asks for, "PREMUL" or "STRAIGHT"; "" if it does not say, or is no TIFF.

    Blender never reads the tag: it takes TIFF with 16 bits a channel for premultiplied, and all other for straight
    (``findings/cycles-tiff-alpha.sh``).

    :raises OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return _ALPHA_MODES.get(_value(file, _in_tiff, _EXTRA_SAMPLES), "")


def is_tiff(path: Path) -> bool:
    """
    Return whether a file begins as a TIFF does.

    :raises OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return file.read(4).startswith(_TIFF_MARKS)


def is_read_as_negative(path: Path) -> bool:
    """
    Return whether Blender makes a negative of a TIFF: one of 16 bits in which 0 is white (TIFF 6.0, page 37).

    Those of 8 bits are read right (``findings/tiff-zstandard-black.sh``).

    :raises OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return _value(file, _in_tiff, _BITS_PER_SAMPLE) == 16 and _value(file, _in_tiff, _PHOTOMETRIC) == _WHITE_IS_0


def _value(file: BinaryIO, directory: Callable[[BinaryIO], bytes], tag: int) -> int:
    """Return the value of a tag; 0 if there is none, or the file cannot be parsed."""
    try:
        return _in_directory(directory(file), tag)
    except (struct.error, ValueError):
        return 0


def _exif(file: BinaryIO) -> bytes:
    head = file.read(12)
    if head.startswith(b"\xff\xd8"):
        return _in_jpeg(file)
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return _in_chunks(file, 8, ">I4s", b"eXIf", 4)
    if head[:4] == b"RIFF" and head[8:] == b"WEBP":
        return _in_chunks(file, 12, "<4sI", b"EXIF", 0)
    return _in_tiff(file)


def _in_jpeg(file: BinaryIO) -> bytes:
    at = 2
    for _ in range(_MAX_STEPS):
        file.seek(at)
        lead, marker, length = struct.unpack(">BBH", file.read(4))
        if lead != 0xFF or marker == 0xDA:  # not a marker, or start of scan: the image data follows
            break
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker == 0xE1:
            data = file.read(length - 2)
            if data.startswith(b"Exif\0"):
                return data[6:]
        at += 2 + max(2, int(length))
    return b""


def _in_chunks(file: BinaryIO, at: int, header: str, wanted: bytes, behind: int) -> bytes:
    for _ in range(_MAX_STEPS):
        file.seek(at)
        first, second = struct.unpack(header, file.read(8))
        kind, length = (second, first) if isinstance(first, int) else (first, second)
        if kind == wanted:
            data = file.read(min(length, _MAX_NOTE_BYTES))
            return data.removeprefix(b"Exif\0\0")
        # Chunks of WebP are padded to an even length.
        at += 8 + length + behind + (length & 1 if wanted == b"EXIF" else 0)
    return b""


def _in_tiff(file: BinaryIO) -> bytes:
    """Return the header of a TIFF, directly followed by its first directory, and with the offset changed to match."""
    file.seek(0)
    head = file.read(8)
    if not head.startswith(_TIFF_MARKS):
        return b""
    mark = "<" if head.startswith(b"II") else ">"
    file.seek(struct.unpack(mark + "I", head[4:])[0])
    return head[:4] + struct.pack(mark + "I", 8) + file.read(_MAX_NOTE_BYTES)


def _in_directory(note: bytes, wanted: int) -> int:
    """Return the value of a tag in data with the structure of a TIFF; 0 if it is absent, or too long for its entry."""
    mark = {b"II": "<", b"MM": ">"}.get(note[:2])
    if mark is None:
        return 0
    (at,) = struct.unpack_from(mark + "I", note, 4)
    (entries,) = struct.unpack_from(mark + "H", note, at)
    for entry in range(at + 2, at + 2 + 12 * entries, 12):
        tag, kind, count = struct.unpack_from(mark + "HHI", note, entry)
        if tag == wanted:
            number = mark + {3: "H", 4: "I"}.get(kind, "B")
            is_inside = count * struct.calcsize(number) <= 4
            return int(struct.unpack_from(number, note, entry + 8)[0]) if is_inside else 0
    return 0
