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
import mmap
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

#: A field of characters of at least this size in bytes is a path (``FILE_MAXDIR`` in Blender's source).
_MIN_PATH_BYTES = 768


#: A block of a file: its code, the offset and size in bytes of its content, the index of its type in the file's list of
#: types, and how many structs of that type are in it. A plain tuple, as a small model has a thousand of them.
_Block = tuple[bytes, int, int, int, int]


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
        # Through a map of the file, a thousand blocks are read in 0.8 ms. It is not written through, as there a full
        # disk would end the process.
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            found = _ends(data)
        for start, size_bytes in found:
            file.seek(start)
            file.write(bytes(size_bytes))


def _ends(data: mmap.mmap) -> list[tuple[int, int]]:
    """Return what stands behind the paths, where it is not zeros: offsets in the file, and sizes in bytes."""
    try:
        blocks = _read_blocks(data)
        _, start, size_bytes, _, _ = next(block for block in blocks if block[0] == b"DNA1")
        structs = _structs_of(data[start : start + size_bytes])
        ends = []
        for _, start, size_bytes, struct_number, items in blocks:
            kind = structs[struct_number]
            if kind.paths and size_bytes >= kind.size_bytes * items:
                for number in range(items):
                    for field in kind.paths:
                        at = start + number * kind.size_bytes + field.start
                        text, _, end = data[at : at + field.size_bytes].partition(b"\0")
                        if end.strip(b"\0"):
                            ends.append((at + len(text), field.size_bytes - len(text)))
    except (struct.error, StopIteration, IndexError) as error:
        raise ValueError("no .blend file of a known layout") from error
    return ends


def _read_blocks(data: mmap.mmap) -> list[_Block]:
    """
    Return all blocks of a file.

    A file begins with ``BLENDER-v402`` up to 4.5. From 5.0 on it is ``BLENDER17-01v0500``, and the headers of the
    blocks have another order and longer numbers.
    """
    is_new = data[:9] == b"BLENDER17"
    if not is_new and data[:8] != b"BLENDER-":
        raise ValueError("not an uncompressed .blend file")
    at, header = (17, struct.Struct("<4sI8xqq")) if is_new else (12, struct.Struct("<4sI8xII"))
    blocks: list[_Block] = []
    code = b""
    while code != b"ENDB":
        code, first, second, items = header.unpack_from(data, at)
        struct_number, size_bytes = (first, second) if is_new else (second, first)
        if size_bytes < 0:
            raise ValueError("a block of no size")
        at += header.size
        blocks.append((code, at, size_bytes, struct_number, items))
        at += size_bytes
    return blocks


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
