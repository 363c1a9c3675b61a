# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that tests of batches write, and a look at them as the command has it. Plain Python."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from pathlib import Path

from triverse_addon.batch.input.order_ids import Identities, identities_of
from triverse_addon.batch.input.reader import read
from triverse_addon.batch.input.validation import check
from triverse_addon.batch.rows.problems import Problem
from triverse_addon.batch.rows.row import Row


def png(path: Path, shade: int = 128) -> Path:
    """Write a whole PNG of 4 × 4 grey pixels; other shades are other files."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixels = zlib.compress(b"".join(b"\0" + bytes([shade]) * 4 for _ in range(4)))
    header = struct.pack(">IIBBBBB", 4, 4, 8, 0, 0, 0, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b""))
    return path


def glb(path: Path) -> Path:
    """Write an empty but whole GLB."""
    body = b'{"asset":{"version":"2.0"}} '
    path.write_bytes(struct.pack("<4sIIII", b"glTF", 2, 20 + len(body), len(body), 0x4E4F534A) + body)
    return path


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    """Write a text file with the line ends it is given."""
    path.write_bytes(text.encode(encoding))
    return path


def looked_at(path: Path, **options: object) -> tuple[tuple[Row, ...], tuple[Problem, ...]]:
    """Read and check a batch."""
    return check(read(path), **options)  # type: ignore[arg-type]


def said(problems: tuple[Problem, ...]) -> list[str]:
    """The problems as a person reads them."""
    return [str(problem) for problem in problems]


def order_ids(rows: Iterable[Row], salt: str = "") -> dict[int, str]:
    """Return the ``client_order_id`` of each row by row number."""
    return {number: order_id for number, (order_id, _) in identities_of(rows, Identities(salt)).items()}
