# SPDX-License-Identifier: GPL-3.0-or-later
"""
Reads and writes the GLB container: the header and the two chunks.

Floor: first. Thread: worker. No ``bpy``.

Source of the layout: glTF 2.0 specification, section "GLB File Format Specification".
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from ...api.errors import TriverseError
from ...api.sentence import Sentence
from ..files.atomic_write import replacing

MAGIC = b"glTF"
HEADER_BYTES = 12

_JSON_CHUNK = 0x4E4F534A
_BIN_CHUNK = 0x004E4942

#: Maximum size of the JSON chunk, including images and buffers in data URIs: 64 MB are parsed in 0.3 s.
MAX_TEXT_BYTES = 64 * 1024**2
_BLOCK_BYTES = 1024 * 1024

#: "damaged": downloading it again may help; "unsafe": it must not be opened; "unreadable": Blender would refuse it, or
#: this Blender cannot decode it.
Kind = Literal["damaged", "unsafe", "unreadable"]


class GlbError(TriverseError):
    """
    The file is not a GLB that Blender may open.

    :ivar kind: see :data:`Kind`.
    """

    def __init__(self, sentence: Sentence, kind: Kind) -> None:
        super().__init__(sentence)
        self.kind: Kind = kind


def damaged(detail: str) -> GlbError:
    """Return the error for a file that was damaged on the way."""
    sentence = Sentence.of(
        "The model that arrived is damaged ({detail}). The file is kept. Press Retry to fetch it again.", detail=detail
    )
    return GlbError(sentence, "damaged")


def unsafe(detail: str) -> GlbError:
    """Return the error for a file that could harm the program that opens it."""
    sentence = Sentence.of("It is not safe to open this model ({detail}). The file is kept.", detail=detail)
    return GlbError(sentence, "unsafe")


def unreadable(detail: str) -> GlbError:
    """Return the error for a file that Blender's importer would refuse too."""
    sentence = Sentence.of(
        "Blender cannot read this model ({detail}). The file is kept; another program may open it.", detail=detail
    )
    return GlbError(sentence, "unreadable")


@dataclass(frozen=True, slots=True)
class Container:
    """
    The chunks of a GLB.

    :ivar text: content of the JSON chunk.
    :ivar bin_offset: offset of the content of the binary chunk in the file.
    :ivar bin_bytes: its length; 0 if there is no binary chunk.
    :ivar is_exact: whether the header contains the actual file size, which Blender's importer requires.
    """

    text: bytes
    bin_offset: int
    bin_bytes: int
    is_exact: bool


def read_container(file: BinaryIO, size_bytes: int) -> Container:
    """
    Read a GLB's header and its JSON chunk, and find its binary chunk.

    Only the second chunk can be the binary one, as in Blender's importer; later chunks are ignored.

    :param file: the GLB, at its beginning.
    :param size_bytes: size of the whole file.
    :raises GlbError: the file is damaged, of another version, or its JSON chunk is too large.
    :raises OSError: it cannot be read.
    """
    if size_bytes == 0:
        raise damaged("it is empty")
    head = file.read(HEADER_BYTES)
    if len(head) < HEADER_BYTES or head[:4] != MAGIC:
        raise damaged("it is not a GLB file")
    version, length = struct.unpack_from("<II", head, 4)
    if version != 2:
        raise unreadable(f"it has version {version}, not 2")
    if length > size_bytes:
        raise damaged(f"it has {size_bytes} bytes and says {length}")
    if length == HEADER_BYTES:
        raise damaged("it has no content")
    kind, text_bytes = _chunk_head(file, HEADER_BYTES, size_bytes)
    if kind != _JSON_CHUNK:
        raise damaged("its first chunk is not JSON")
    if text_bytes > MAX_TEXT_BYTES:
        raise unsafe("its description is too large")
    text = file.read(text_bytes)
    offset = HEADER_BYTES + 8 + text_bytes
    bin_bytes = 0
    if offset < length:
        kind, chunk_bytes = _chunk_head(file, offset, size_bytes)
        bin_bytes = chunk_bytes if kind == _BIN_CHUNK else 0
    return Container(text, offset + 8, bin_bytes, length == size_bytes)


def _chunk_head(file: BinaryIO, offset: int, size_bytes: int) -> tuple[int, int]:
    """Read the chunk header at ``offset``, the current position of the file. Return the chunk's type and length."""
    head = file.read(8)
    if len(head) < 8:
        raise damaged("a chunk is cut off")
    chunk_bytes, kind = struct.unpack("<II", head)
    if chunk_bytes > size_bytes - offset - 8:
        raise damaged("a chunk is longer than the file")
    return int(kind), int(chunk_bytes)


def write_container(source: BinaryIO, container: Container, text: bytes, added: Sequence[bytes], target: Path) -> None:
    """
    Write a GLB with new JSON, atomically.

    :param source: the GLB that ``container`` was read from; its binary chunk is copied in blocks.
    :param container: the chunks of ``source``.
    :param text: the new JSON.
    :param added: data to append to the binary chunk, after padding as in :func:`padding`.
    :param target: path of the new file.
    :raises GlbError: the new file would be too large, or ``source`` is truncated.
    :raises OSError: it cannot be read or written.
    """
    text += b" " * padding(len(text))
    bin_bytes = container.bin_bytes + padding(container.bin_bytes) + sum(map(len, added))
    bin_bytes += padding(bin_bytes)
    length = HEADER_BYTES + 8 + len(text) + (8 + bin_bytes if bin_bytes else 0)
    if length >= 2**32:
        raise unreadable("it is larger than a GLB can be")
    # Not flushed: the copy can be made from its source again.
    with replacing(target, durable=False) as file:
        file.write(struct.pack("<4sIIII", MAGIC, 2, length, len(text), _JSON_CHUNK))
        file.write(text)
        if bin_bytes:
            file.write(struct.pack("<II", bin_bytes, _BIN_CHUNK))
            source.seek(container.bin_offset)
            left_bytes = container.bin_bytes
            while left_bytes:
                block = source.read(min(_BLOCK_BYTES, left_bytes))
                if not block:
                    raise damaged("a chunk is cut off")
                file.write(block)
                left_bytes -= len(block)
            file.write(bytes(padding(container.bin_bytes)))
            for block in added:
                file.write(block)
            file.write(bytes(length - file.tell()))


def padding(size_bytes: int) -> int:
    """Return the number of padding bytes up to the next multiple of 4."""
    return -size_bytes % 4
