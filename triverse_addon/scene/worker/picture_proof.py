# SPDX-License-Identifier: GPL-3.0-or-later
"""
Prove that Blender can read a picture, without Blender, in threads beside the import.

Floor: second. Thread: any. No ``bpy``, and nothing of this package: the child loads it as a plain module.

Decoding three maps of 2048 px takes Blender 0.15 to 0.35 s, on its main thread, only to learn whether they can be read.
A PNG that inflates to exactly the bytes that its header declares can be. What is not proven here is decoded by Blender
as before: damaged files, rare kinds, and JPEG, whose structure proves little.

A child that waits for its model proves what it has of that already, see ``part_follower``. Such a picture is known by
the SHA-256 of its bytes, so whatever becomes of the file in between, nothing is taken for proven that is not.
"""

import functools
import hashlib
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING or __package__:
    from .beside import LATER, Beside
else:
    from beside import LATER, Beside

_PNG = b"\x89PNG\r\n\x1a\n"
#: Longest side of a picture that is judged here, in pixels.
_MAX_EDGE_PX = 16384
#: Samples per pixel by PNG colour type, and the bit depths that it may have (PNG specification, table 11.1).
_PNG_KINDS = {0: (1, (1, 2, 4, 8, 16)), 2: (3, (8, 16)), 3: (1, (1, 2, 4, 8)), 4: (2, (8, 16)), 6: (4, (8, 16))}
_PNG_FILTERS = 5
#: Content of the chunk IHDR.
_HEADER = struct.Struct(">IIBBBBB")
#: Number of bytes that are read at a time of a picture that comes in pieces. Of one in memory, number of bytes that are
#: inflated at a time, packed and inflated: after each of these a thread has to wait for the interpreter's lock, which
#: Blender keeps for up to 0.02 s, so the numbers are large.
_READ_BYTES, _PACKED_BYTES, _BLOCK_BYTES = 64 * 1024, 16 * 1024**2, 32 * 1024**2
#: Number of bytes of which ``zlib.crc32`` works out the checksum without letting go of that lock.
_CHECKED_BYTES = 5 * 1024

#: SHA-256 of the pictures that were proven before the job came.
_proven_ahead: set[bytes] = set()
#: Called before a picture is looked up there: waits until what is under way has ended.
_wait_for_ahead: Callable[[], None] | None = None


class Source(Protocol):
    """A picture's bytes, one after the other."""

    @property
    def is_whole(self) -> bool:
        """Whether all of it is there, so that reading it never waits."""
        ...

    def read(self, size: int) -> "bytes | memoryview":
        """Return the next bytes: at least one and at most ``size``; none at the end."""
        ...


class _Memory:
    """A picture in memory."""

    is_whole = True

    def __init__(self, data: "bytes | memoryview") -> None:
        self._data, self._at = memoryview(data), 0

    def read(self, size: int) -> memoryview:
        self._at += size
        return self._data[self._at - size : self._at]


class Proof:
    """The proof for one picture, which is worked out in a thread. If no thread can be started, at once."""

    def __init__(self, data: "bytes | memoryview") -> None:
        #: Number of bytes that the proof is about.
        self.size_bytes = len(data)
        self._found = Beside(functools.partial(_is_proven, data), LATER)

    def is_proven(self) -> bool:
        """Wait for the result: True if Blender can certainly read the picture."""
        return self._found.result()


def _is_proven(data: "bytes | memoryview") -> bool:
    try:
        return _is_known(data) or is_readable(data)
    except MemoryError:
        return False


def _is_known(data: "bytes | memoryview") -> bool:
    """Return whether a picture was proven before the job came."""
    if _wait_for_ahead is None:
        return False
    _wait_for_ahead()
    return hashlib.sha256(data).digest() in _proven_ahead


def expect(wait: Callable[[], None]) -> None:
    """
    Let the proofs of this process begin with what :func:`prove_ahead` has found.

    :param wait: called by each proof, in its thread, before it looks; returns when nothing more will be found.
    """
    global _wait_for_ahead
    _wait_for_ahead = wait


def prove_ahead(source: Source) -> None:
    """Read a picture, and remember it if Blender can certainly read it."""
    hashed = _Hashed(source)
    if not _is_readable(hashed):
        return
    while hashed.read(_READ_BYTES):
        pass  # what follows its end is hashed too
    _proven_ahead.add(hashed.digest())


class _Hashed:
    """A source whose bytes are hashed as they are read."""

    is_whole = False

    def __init__(self, source: Source) -> None:
        self._source, self._hash = source, hashlib.sha256()

    def read(self, size: int) -> "bytes | memoryview":
        data = self._source.read(size)
        self._hash.update(data)
        return data

    def digest(self) -> bytes:
        return self._hash.digest()


def is_png(data: "bytes | memoryview") -> bool:
    """Return whether ``data`` begins as a PNG, the only kind that is proven."""
    return bytes(data[: len(_PNG)]) == _PNG


def is_readable(data: "bytes | memoryview") -> bool:
    """Return True if ``data`` is a picture that Blender can certainly read; False if it may not be."""
    return _is_readable(_Memory(data))


def _is_readable(source: Source) -> bool:
    try:
        return exactly(source, len(_PNG)) == _PNG and _is_whole_png(source)
    except (struct.error, zlib.error, IndexError, ValueError):
        return False


def exactly(source: Source, size: int) -> bytes:
    """
    Return the next ``size`` bytes.

    :raises ValueError: there are fewer.
    """
    return b"".join(_blocks(source, size))


def _blocks(source: Source, size: int) -> "Iterator[bytes | memoryview]":
    """
    Yield the next ``size`` bytes in blocks.

    :raises ValueError: there are fewer.
    """
    while size:
        block = source.read(size if source.is_whole else min(size, _READ_BYTES))
        if not block:
            raise ValueError("cut off")
        size -= len(block)
        yield block


def _png_chunks(source: Source) -> "Iterator[tuple[bytes, int, Iterator[bytes | memoryview]]]":
    """
    Yield the chunks of a PNG behind its signature: kind, size in bytes, and content in blocks, to be read to its end.

    :raises ValueError: a chunk is cut off, or damaged; also while its content is read.
    """
    kind = b""
    while kind != b"IEND":
        size, kind = struct.unpack(">I4s", exactly(source, 8))
        yield kind, size, _checked(source, kind, size)


def _checked(source: Source, kind: bytes, size: int) -> "Iterator[bytes | memoryview]":
    """
    Yield the content of a chunk in blocks, and read its checksum.

    :raises ValueError: it is cut off, or its checksum is another.
    """
    checksum = zlib.crc32(kind)
    for block in _blocks(source, size):
        for start in range(0, len(block), _CHECKED_BYTES):
            checksum = zlib.crc32(block[start : start + _CHECKED_BYTES], checksum)
        yield block
    if struct.unpack(">I", exactly(source, 4)) != (checksum,):
        raise ValueError("checksum")


def _is_whole_png(source: Source) -> bool:
    chunks = _png_chunks(source)
    kind, size, content = next(chunks)
    if kind != b"IHDR" or size != _HEADER.size:
        return False
    width, height, depth, colour, compression, filtering, interlace = _HEADER.unpack(b"".join(content))
    if colour not in _PNG_KINDS or compression or filtering or interlace:
        return False
    samples, depths = _PNG_KINDS[colour]
    if depth not in depths or not (0 < width <= _MAX_EDGE_PX and 0 < height <= _MAX_EDGE_PX):
        return False
    row_bytes = 1 + (width * samples * depth + 7) // 8
    has_palette = False
    rows = _Rows(row_bytes, height)
    waiting: list[bytes | memoryview] = []
    waiting_bytes = 0
    for kind, size, content in chunks:
        has_palette = has_palette or (kind == b"PLTE" and 0 < size <= 768 and size % 3 == 0)
        if kind not in (b"IDAT", b"PLTE", b"IEND") and not kind[0] & 0x20:
            return False  # an unknown chunk without which the picture cannot be read
        for packed in content:
            if kind != b"IDAT":
                continue
            waiting.append(packed)
            waiting_bytes += len(packed)
            if not source.is_whole or waiting_bytes >= _PACKED_BYTES:
                rows.add(b"".join(waiting))
                waiting, waiting_bytes = [], 0
    rows.add(b"".join(waiting))
    return rows.are_whole and (colour != 3 or has_palette)


class _Rows:
    """
    The rows of a PNG, which are inflated and forgotten.

    :param row_bytes: size of a row with its filter, in bytes.
    :param height: number of rows.
    """

    def __init__(self, row_bytes: int, height: int) -> None:
        self._row_bytes, self._all_bytes = row_bytes, row_bytes * height
        self._inflated = 0
        self._inflater = zlib.decompressobj()

    def add(self, packed: bytes) -> None:
        """
        Inflate the next bytes.

        :raises ValueError: there are more rows than there should be, or a row has a filter that does not exist.
        :raises zlib.error: they cannot be inflated.
        """
        while packed and not self._inflater.eof:
            block = self._inflater.decompress(packed, min(_BLOCK_BYTES, self._all_bytes - self._inflated + 1))
            # The first byte of a row names its filter.
            if max(block[-self._inflated % self._row_bytes :: self._row_bytes], default=0) >= _PNG_FILTERS:
                raise ValueError("filter")
            self._inflated += len(block)
            if self._inflated > self._all_bytes:
                raise ValueError("too many rows")
            packed = self._inflater.unconsumed_tail

    @property
    def are_whole(self) -> bool:
        """Whether all of them have come, and nothing more."""
        return self._inflater.eof and self._inflated == self._all_bytes
