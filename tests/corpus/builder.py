# SPDX-License-Identifier: GPL-3.0-or-later
"""
Build a GLB piece by piece: each method adds one thing and returns its index. Plain Python, no ``bpy``.

Written after the glTF 2.0 specification (Khronos), section 3 and 4.4.
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

BYTE, UBYTE, SHORT, USHORT, UINT, FLOAT = 5120, 5121, 5122, 5123, 5125, 5126
_FORMATS = {BYTE: "b", UBYTE: "B", SHORT: "h", USHORT: "H", UINT: "I", FLOAT: "f"}
_COUNTS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
_KINDS = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}

Rows = Sequence[Sequence[float]]

#: A box of eight corners, as twelve triangles.
BOX = [(x, y, z) for x in (-0.5, 0.5) for y in (0.0, 1.0) for z in (-0.5, 0.5)]
BOX_INDICES = [
    0,
    1,
    3,
    0,
    3,
    2,
    4,
    6,
    7,
    4,
    7,
    5,
    0,
    4,
    5,
    0,
    5,
    1,
    2,
    3,
    7,
    2,
    7,
    6,
    0,
    2,
    6,
    0,
    6,
    4,
    1,
    5,
    7,
    1,
    7,
    3,
]


class Glb:
    """One file that is being made. ``document`` may be changed in any way before :meth:`packed`."""

    def __init__(self, **document: Any) -> None:
        self.binary = bytearray()
        self.document: dict[str, Any] = {"asset": {"version": "2.0", "generator": "corpus"}, **document}

    def add(self, kind: str, **value: Any) -> int:
        """Add an object to one of the document's lists."""
        entries = self.document.setdefault(kind, [])
        entries.append(value)
        return len(entries) - 1

    def view(self, data: bytes, **more: Any) -> int:
        """Add bytes to the buffer, aligned to four, and a view of them."""
        self.binary += b"\0" * (-len(self.binary) % 4)
        start = len(self.binary)
        self.binary += data
        return self.add("bufferViews", buffer=0, byteOffset=start, byteLength=len(data), **more)

    def accessor(self, rows: Iterable[Any], component: int = FLOAT, *, bounds: bool = False, **more: Any) -> int:
        """Add numbers, or rows of numbers, each row aligned to four bytes as vertex attributes have to be."""
        table = [tuple(row) if isinstance(row, Sequence) else (row,) for row in rows]
        letter, width = _FORMATS[component], len(table[0])
        size = struct.calcsize(f"<{width}{letter}")
        stride = size + -size % 4 if width > 1 else size
        data = b"".join(struct.pack(f"<{width}{letter}", *row).ljust(stride, b"\0") for row in table)
        strided = {"byteStride": stride} if stride != size else {}
        if bounds:
            columns = list(zip(*table, strict=True))
            more |= {"min": [min(column) for column in columns], "max": [max(column) for column in columns]}
        view = self.view(data, **strided)
        return self.add(
            "accessors", bufferView=view, componentType=component, count=len(table), type=_KINDS[width], **more
        )

    def primitive(
        self,
        positions: Rows = BOX,
        indices: Sequence[int] | None = BOX_INDICES,
        *,
        index_type: int = USHORT,
        mode: int | None = None,
        material: int | None = None,
        **attributes: int,
    ) -> dict[str, Any]:
        """Return a primitive; ``attributes`` are accessors by name."""
        made: dict[str, Any] = {"attributes": {"POSITION": self.accessor(positions, bounds=True), **attributes}}
        if indices is not None:
            made["indices"] = self.accessor(indices, index_type)
        if mode is not None:
            made["mode"] = mode
        if material is not None:
            made["material"] = material
        return made

    def mesh(self, *primitives: dict[str, Any], **more: Any) -> int:
        """Add a mesh; without primitives, a box."""
        return self.add("meshes", primitives=list(primitives) or [self.primitive()], **more)

    def node(self, name: str = "", **more: Any) -> int:
        """Add a node."""
        return self.add("nodes", **({"name": name} if name else {}), **more)

    def scene(self, *nodes: int, **more: Any) -> int:
        """Add a scene with these nodes; the first one is the default."""
        self.document.setdefault("scene", 0)
        return self.add("scenes", nodes=list(nodes), **more)

    def image(self, data: bytes, mime: str = "image/png", **more: Any) -> int:
        """Add a picture to the buffer."""
        return self.add("images", bufferView=self.view(data), mimeType=mime, **more)

    def texture(self, data: bytes | None = None, mime: str = "image/png", **more: Any) -> int:
        """Add a picture and a texture of it."""
        return self.add("textures", source=self.image(data or png(), mime), **more)

    def use(self, *extensions: str, required: bool = False) -> None:
        """Declare extensions."""
        for kind in ("extensionsUsed", *(("extensionsRequired",) if required else ())):
            known = self.document.setdefault(kind, [])
            known += [name for name in extensions if name not in known]

    def packed(self, *, json_pad: bytes = b" ", before: bytes = b"", behind: bytes = b"", longer: int = 0) -> bytes:
        """Return the file.

        Args:
            json_pad: what the JSON is filled up with to four bytes.
            before: bytes before the JSON's first, a byte order mark for one.
            behind: bytes behind the declared end.
            longer: how many bytes the buffer is declared longer than its chunk is.
        """
        binary = bytes(self.binary)
        if binary and "buffers" not in self.document:
            self.document["buffers"] = [{"byteLength": len(binary) + longer}]
        text = before + json.dumps(self.document).encode()
        text += json_pad * (-len(text) % 4)
        body = struct.pack("<II", len(text), 0x4E4F534A) + text
        if binary:
            binary += b"\0" * (-len(binary) % 4)
            body += struct.pack("<II", len(binary), 0x004E4942) + binary
        return struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body + behind


def png(width: int = 8, height: int = 8, color: tuple[int, int, int] = (200, 40, 90)) -> bytes:
    """Return a picture with a gradient."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(
        b"\0" + b"".join(bytes((color[0], (color[1] + 20 * x) % 256, (color[2] + 20 * y) % 256)) for x in range(width))
        for y in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def uvs(positions: Rows = BOX) -> list[tuple[float, float]]:
    """Return a texture coordinate for each position."""
    return [(x + 0.5, y * 0.5 + z * 0.25 + 0.25) for x, y, z in positions]


def normals(positions: Rows = BOX) -> list[tuple[float, float, float]]:
    """Return a unit vector away from the box's middle for each position."""
    found = []
    for x, y, z in positions:
        length = math.sqrt(x * x + (y - 0.5) ** 2 + z * z) or 1.0
        found.append((x / length, (y - 0.5) / length, z / length))
    return found


def turn(angle: float, axis: int = 1) -> list[float]:
    """Return a rotation of ``angle`` radians as a quaternion."""
    made = [0.0, 0.0, 0.0, math.cos(angle / 2)]
    made[axis] = math.sin(angle / 2)
    return made
