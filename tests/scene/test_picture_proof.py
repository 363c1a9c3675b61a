# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of pictures without Blender: whole ones are proven, damaged ones never. Plain Python, no ``bpy``."""

from __future__ import annotations

import random
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.corpus.builder import png
from tests.corpus.case import BMP, JPEG, WEBP
from triverse_addon.scene.worker.picture_proof import Proof, is_png, is_readable

#: Samples per pixel by colour type.
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def made_png(colour: int, depth: int, width: int, height: int, *, filters: int = 5, blocks: int = 1) -> bytes:
    choose = random.Random(width * height + colour)
    row_bytes = (width * SAMPLES[colour] * depth + 7) // 8
    rows = b"".join(bytes([choose.randrange(filters)]) + choose.randbytes(row_bytes) for _ in range(height))
    packed = zlib.compress(rows)
    size = -(-len(packed) // blocks)
    parts = [packed[at : at + size] for at in range(0, len(packed), size)]
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    palette = chunk(b"PLTE", bytes(6)) if colour == 3 else b""
    data = b"".join(chunk(b"IDAT", part) for part in parts)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + palette + data + chunk(b"IEND", b"")


KINDS = [(0, 1), (0, 8), (0, 16), (2, 8), (2, 16), (3, 2), (3, 8), (4, 8), (6, 8), (6, 16)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(1, 1), (7, 5), (640, 700)])
@pytest.mark.parametrize("blocks", [1, 3])
def test_a_whole_png_is_proven(kind: tuple[int, int], size: tuple[int, int], blocks: int) -> None:
    assert is_readable(made_png(*kind, *size, blocks=blocks))


def test_other_formats_are_left_to_blender() -> None:
    assert is_readable(png())
    for data in (JPEG, WEBP, BMP, b""):
        assert not is_readable(data)


@given(st.sampled_from([png(), made_png(6, 8, 9, 9), made_png(3, 4, 5, 5)]), st.data())
def test_a_changed_or_shortened_png_is_not_proven(whole: bytes, data: st.DataObject) -> None:
    assert not is_readable(whole[: data.draw(st.integers(0, len(whole) - 1))])
    changed = bytearray(whole)
    changed[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    assert not is_readable(bytes(changed))


@given(st.binary(max_size=400))
def test_no_bytes_make_it_fail(data: bytes) -> None:
    for head in (b"\x89PNG\r\n\x1a\n", b"", png()[:40]):
        is_readable(head + data)


@pytest.mark.parametrize(
    "data",
    [
        made_png(6, 8, 4, 4)[:-12],  # no end
        made_png(0, 8, 4, 4, filters=200),  # a filter that there is not
        made_png(2, 8, 4, 4).replace(struct.pack(">II", 4, 4), struct.pack(">II", 4, 5)),
    ],
)
def test_what_is_not_whole_is_not_proven(data: bytes) -> None:
    assert not is_readable(data)


def test_a_png_with_right_checksums_and_too_few_rows_is_not_proven() -> None:
    head = struct.pack(">IIBBBBB", 4, 5, 8, 0, 0, 0, 0)
    for rows in (bytes(5 * 4), bytes(5 * 6)):
        data = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
        assert not is_readable(b"\x89PNG\r\n\x1a\n" + data)


def test_the_result_comes_from_a_thread() -> None:
    proofs = [Proof(png()), Proof(b"nothing")]
    assert [proof.is_proven() for proof in proofs] == [True, False]


def test_a_part_of_a_file_is_proven_where_it_lies() -> None:
    picture = made_png(6, 8, 40, 30)
    file = memoryview(b"before" + picture + b"after")
    inside = file[6 : 6 + len(picture)]
    proof = Proof(inside)
    assert proof.is_proven()
    assert proof.size_bytes == len(picture)
    assert not Proof(inside[:-1]).is_proven()


def test_only_a_png_begins_as_one() -> None:
    assert is_png(png())
    assert is_png(memoryview(png()))
    for data in (JPEG, WEBP, BMP, b"", png()[:7]):
        assert not is_png(data)
