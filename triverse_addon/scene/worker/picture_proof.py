# SPDX-License-Identifier: GPL-3.0-or-later
"""
Prove that Blender can read a picture, without Blender, in threads beside the import.

Floor: second. Thread: any. No ``bpy``, and nothing of this package: the child loads it as a plain module.

Decoding three maps of 2048 px takes Blender 0.15 to 0.35 s, on its main thread, only to learn whether they can be read.
A PNG that inflates to exactly the bytes that its header declares can be. What is not proven here is decoded by Blender
as before: damaged files, rare kinds, and JPEG, whose structure proves little.
"""

import struct
import threading
import zlib
from collections.abc import Iterator

_PNG = b"\x89PNG\r\n\x1a\n"
#: Longest side of a picture that is judged here, in pixels.
_MAX_EDGE_PX = 16384
#: Samples per pixel by PNG colour type, and the bit depths that it may have (PNG specification, table 11.1).
_PNG_KINDS = {0: (1, (1, 2, 4, 8, 16)), 2: (3, (8, 16)), 3: (1, (1, 2, 4, 8)), 4: (2, (8, 16)), 6: (4, (8, 16))}
_PNG_FILTERS = 5
#: Number of bytes that are inflated at a time.
_BLOCK_BYTES = 1024 * 1024


class Proof:
    """The proof for one picture, which is worked out in a thread. If no thread can be started, there is none."""

    def __init__(self, data: "bytes | memoryview") -> None:
        self._data = data
        #: Number of bytes that the proof is about.
        self.size_bytes = len(data)
        self._is_proven = False
        self._thread = threading.Thread(target=self._work, name="picture-proof", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # the system cannot start another thread
            self._work()

    def _work(self) -> None:
        try:
            self._is_proven = is_readable(self._data)
        except MemoryError:
            pass
        finally:
            self._data = b""

    def is_proven(self) -> bool:
        """Wait for the result: True if Blender can certainly read the picture."""
        if self._thread.ident is not None:
            self._thread.join()
        return self._is_proven


def is_png(data: "bytes | memoryview") -> bool:
    """Return whether ``data`` begins as a PNG, the only kind that is proven."""
    return bytes(data[: len(_PNG)]) == _PNG


def is_readable(data: "bytes | memoryview") -> bool:
    """Return True if ``data`` is a picture that Blender can certainly read; False if it may not be."""
    try:
        return is_png(data) and _is_whole_png(data)
    except (struct.error, zlib.error, IndexError, ValueError):
        return False


def _png_chunks(data: "bytes | memoryview") -> Iterator[tuple[bytes, memoryview]]:
    """
    Yield the chunks of a PNG: kind and content.

    :raises ValueError: a chunk is cut off, or damaged.
    """
    at, view = len(_PNG), memoryview(data)
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        content = view[at + 8 : at + 8 + size]
        (declared,) = struct.unpack_from(">I", data, at + 8 + size)
        if zlib.crc32(content, zlib.crc32(kind)) != declared:
            raise ValueError("checksum")
        yield kind, content
        if kind == b"IEND":
            return
        at += 12 + size
    raise ValueError("no end")


def _is_whole_png(data: "bytes | memoryview") -> bool:
    chunks = _png_chunks(data)
    kind, header = next(chunks)
    if kind != b"IHDR":
        return False
    width, height, depth, colour, compression, filtering, interlace = struct.unpack(">IIBBBBB", header)
    if colour not in _PNG_KINDS or compression or filtering or interlace:
        return False
    samples, depths = _PNG_KINDS[colour]
    if depth not in depths or not (0 < width <= _MAX_EDGE_PX and 0 < height <= _MAX_EDGE_PX):
        return False
    row_bytes = 1 + (width * samples * depth + 7) // 8
    has_palette = False
    inflated = 0
    inflater = zlib.decompressobj()
    for kind, content in chunks:
        has_palette = has_palette or (kind == b"PLTE" and 0 < len(content) <= 768 and len(content) % 3 == 0)
        if kind != b"IDAT":
            if kind not in (b"PLTE", b"IEND") and not kind[0] & 0x20:
                return False  # an unknown chunk without which the picture cannot be read
            continue
        rest = bytes(content)
        while rest:
            block = inflater.decompress(rest, _BLOCK_BYTES)
            # The first byte of a row names its filter.
            if any(one >= _PNG_FILTERS for one in block[-inflated % row_bytes :: row_bytes]):
                return False
            inflated += len(block)
            if inflated > row_bytes * height:
                return False
            rest = inflater.unconsumed_tail
            if inflater.eof:
                break
    return inflater.eof and inflated == row_bytes * height and (colour != 3 or has_palette)
