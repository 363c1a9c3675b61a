# SPDX-License-Identifier: GPL-3.0-or-later
"""
Clear what stands behind the paths in a .blend file.

Floor: second. Thread: any. Imports nothing of this package, nor ``bpy``: the child loads it as a plain module.

A path is a field of 1,024 bytes that ends with a zero, and the whole field is saved. Behind the zero is the rest of a
longer path that was there before, or, where ``bpy.data.libraries.write`` has copied a packed image, whatever was in
memory. In one of ten files this was a piece of a path of this machine (measured: 4.5.15; 4.2.23 makes no copies).

The layout of a .blend file: https://developer.blender.org/docs/features/core/dna/
"""

import functools
import math
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

#: A field of characters of at least this size in bytes is a path (``FILE_MAXDIR`` in Blender's source).
_MIN_PATH_BYTES = 768


class _Block(NamedTuple):
    code: bytes
    start: int
    """Offset of its content in the file, in bytes."""
    size_bytes: int
    struct_number: int
    """Index of its type in the file's list of types."""
    items: int
    """Number of structs of that type in it."""


class _Field(NamedTuple):
    start: int
    """Offset in its struct, in bytes."""
    size_bytes: int


class _Struct(NamedTuple):
    size_bytes: int
    paths: list[_Field]


def clear_path_ends(path: Path) -> None:
    """
    Overwrite with zeros what stands behind the end of each path in a .blend file.

    :param path: an uncompressed .blend file, as Blender has just written it.
    :raises OSError: the file cannot be read or written.
    :raises ValueError: it is no uncompressed .blend file, or its layout is not known. It is not changed.
    """
    with path.open("r+b") as file:
        try:
            blocks = _read_blocks(file)
            structs = _read_structs(file, next(block for block in blocks if block.code == b"DNA1"))
        except (struct.error, StopIteration, IndexError) as error:
            raise ValueError("no .blend file of a known layout") from error
        for block in blocks:
            kind = structs[block.struct_number]
            if kind.paths and block.size_bytes >= kind.size_bytes * block.items:
                for number in range(block.items):
                    for field in kind.paths:
                        _clear_end(file, block.start + number * kind.size_bytes + field.start, field.size_bytes)


def _clear_end(file: BinaryIO, start: int, size_bytes: int) -> None:
    file.seek(start)
    text = file.read(size_bytes).partition(b"\0")[0]
    file.seek(start)
    file.write(text.ljust(size_bytes, b"\0"))


def _read_blocks(file: BinaryIO) -> list[_Block]:
    """
    Return all blocks of a file.

    A file begins with ``BLENDER-v402`` up to 4.5. From 5.0 on it is ``BLENDER17-01v0500``, and the headers of the
    blocks have another order and longer numbers.
    """
    is_new = (start := file.read(9)) == b"BLENDER17"
    if not is_new and start[:8] != b"BLENDER-":
        raise ValueError("not an uncompressed .blend file")
    at, header = (17, struct.Struct("<4sI8xqq")) if is_new else (12, struct.Struct("<4sI8xII"))
    blocks: list[_Block] = []
    while not blocks or blocks[-1].code != b"ENDB":
        file.seek(at)
        code, first, second, items = header.unpack(file.read(header.size))
        struct_number, size_bytes = (first, second) if is_new else (second, first)
        at += header.size
        blocks.append(_Block(code, at, size_bytes, struct_number, items))
        at += size_bytes
    return blocks


def _read_structs(file: BinaryIO, block: _Block) -> list[_Struct]:
    """Return the types of a file, in their order, with the paths in each."""
    file.seek(block.start)
    return _structs_of(file.read(block.size_bytes))


@functools.lru_cache(maxsize=1)
def _structs_of(content: bytes) -> list[_Struct]:
    """Read the content of a file's ``DNA1`` block. It is the same in all files of a Blender, and takes 13 ms."""
    reader = _TypeReader(content)
    names, types = reader.texts(b"NAME"), reader.texts(b"TYPE")
    sizes_bytes = reader.numbers(b"TLEN", len(types))
    structs = []
    for kind, members in reader.structs(b"STRC"):
        at, paths = 0, []
        for member, name in members:
            is_pointer = names[name].startswith((b"*", b"(*"))
            length = math.prod(int(number) for number in re.findall(rb"\[(\d+)\]", names[name]))
            size_bytes = length * (8 if is_pointer else sizes_bytes[member])
            if types[member] == b"char" and not is_pointer and size_bytes >= _MIN_PATH_BYTES:
                paths.append(_Field(at, size_bytes))
            at += size_bytes
        structs.append(_Struct(sizes_bytes[kind], paths))
    return structs


class _TypeReader:
    """Reads the content of a file's ``DNA1`` block, part by part. Each part begins with its name."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = len(b"SDNA")

    def texts(self, name: bytes) -> list[bytes]:
        """Return a list of texts that end with a zero each."""
        (count,) = self._begin(name, "<I")
        texts = self._content[self._at :].split(b"\0", count)[:count]
        self._at += sum(map(len, texts)) + count
        return texts

    def numbers(self, name: bytes, count: int) -> tuple[int, ...]:
        """Return a list of ``count`` numbers."""
        return self._begin(name, f"<{count}H")

    def structs(self, name: bytes) -> Iterator[tuple[int, list[tuple[int, int]]]]:
        """Yield the type of each struct, and of each of its members the type and the name, all as indices."""
        (count,) = self._begin(name, "<I")
        for _ in range(count):
            kind, members = self._read("<HH")
            numbers = self._read(f"<{2 * members}H")
            yield kind, list(zip(numbers[::2], numbers[1::2], strict=True))

    def _begin(self, name: bytes, layout: str) -> tuple[int, ...]:
        self._at = self._content.index(name, self._at) + len(name)
        return self._read(layout)

    def _read(self, layout: str) -> tuple[int, ...]:
        values = struct.unpack_from(layout, self._content, self._at)
        self._at += struct.calcsize(layout)
        return values
