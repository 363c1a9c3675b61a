# SPDX-License-Identifier: GPL-3.0-or-later
"""
The container of a GLB: its header, its two chunks, and why a file is refused.

Floor: first. Thread: worker. No ``bpy``.

Source of the layout: glTF 2.0 specification, section "GLB File Format Specification".
"""

import os
import secrets
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from ...api.errors import TriverseError
from ...api.sentence import Sentence

MAGIC = b"glTF"
HEADER_BYTES = 12

_JSON_CHUNK = 0x4E4F534A
_BIN_CHUNK = 0x004E4942

#: Most bytes of the JSON chunk, pictures and buffers written into it as text included: 64 MB are read in 0.3 s.
MAX_TEXT_BYTES = 64 * 1024**2
_BLOCK_BYTES = 1024 * 1024

#: "damaged": another download may bring it whole; "unsafe": it must not be opened; "unreadable": Blender would refuse
#: it, or this Blender cannot decode it.
Kind = Literal["damaged", "unsafe", "unreadable"]


class GlbError(TriverseError):
    """
    The file is no GLB that Blender should be given.

    :ivar kind: see :data:`Kind`.
    """

    def __init__(self, sentence: Sentence, kind: Kind) -> None:
        super().__init__(sentence)
        self.kind: Kind = kind


def damaged(detail: str) -> GlbError:
    """Return the error for a file that did not arrive as it was sent."""
    sentence = Sentence.of(
        "The model that arrived is damaged ({detail}). The file is kept. Press Retry to fetch it again.", detail=detail
    )
    return GlbError(sentence, "damaged")


def unsafe(detail: str) -> GlbError:
    """Return the error for a file that would harm whoever opens it."""
    sentence = Sentence.of("It is not safe to open this model ({detail}). The file is kept.", detail=detail)
    return GlbError(sentence, "unsafe")


def unreadable(detail: str) -> GlbError:
    """Return the error for a file that Blender's importer would refuse as well."""
    sentence = Sentence.of(
        "Blender cannot read this model ({detail}). The file is kept; another program may open it.", detail=detail
    )
    return GlbError(sentence, "unreadable")


@dataclass(frozen=True, slots=True)
class Container:
    """
    What a GLB's two chunks are.

    :ivar text: the bytes of the JSON chunk.
    :ivar bin_offset: where the bytes of the binary chunk begin in the file.
    :ivar bin_bytes: how many there are, 0 without such a chunk.
    :ivar is_exact: the file has as many bytes as its header says, which Blender's importer insists on.
    """

    text: bytes
    bin_offset: int
    bin_bytes: int
    is_exact: bool


def read_container(file: BinaryIO, size_bytes: int) -> Container:
    """
    Read a GLB's header and its JSON chunk, and find its binary chunk.

    As for Blender's importer, that is the second chunk or none; what follows is not looked at.

    :param size_bytes: of the whole file.
    :raises GlbError: it is damaged, or its JSON chunk is too large.
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
    """Return kind and length of the chunk whose head is at ``offset``, where the file's position is."""
    head = file.read(8)
    if len(head) < 8:
        raise damaged("a chunk is cut off")
    chunk_bytes, kind = struct.unpack("<II", head)
    if chunk_bytes > size_bytes - offset - 8:
        raise damaged("a chunk is longer than the file")
    return int(kind), int(chunk_bytes)


def write_container(source: BinaryIO, container: Container, text: bytes, added: Sequence[bytes], target: Path) -> None:
    """
    Write a GLB with another description; it appears as a whole or not at all.

    :param source: the GLB that ``container`` was read from; its binary chunk is copied block by block.
    :param text: the JSON of the new one.
    :param added: what follows the binary chunk's bytes, as :func:`padding` had it laid out.
    :raises OSError: it cannot be read or written.
    """
    text += b" " * padding(len(text))
    bin_bytes = container.bin_bytes + padding(container.bin_bytes) + sum(map(len, added))
    bin_bytes += padding(bin_bytes)
    length = HEADER_BYTES + 8 + len(text) + (8 + bin_bytes if bin_bytes else 0)
    if length >= 2**32:
        raise unreadable("it is larger than a GLB can be")
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
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
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def padding(size_bytes: int) -> int:
    """Return how many bytes follow so many, up to the next multiple of 4."""
    return -size_bytes % 4
