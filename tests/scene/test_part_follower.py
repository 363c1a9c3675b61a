# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures of a model are proven while it is downloaded, and no other ones. Plain Python, no ``bpy``."""

from __future__ import annotations

import json
import os
import random
import struct
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.corpus.case import JPEG
from tests.scene.test_picture_proof import made_png
from triverse_addon.scene.worker import picture_proof
from triverse_addon.scene.worker.part_follower import PartFollower
from triverse_addon.scene.worker.picture_proof import Proof

SMALL, LARGE = made_png(6, 8, 9, 9), made_png(2, 8, 300, 300)
BROKEN = LARGE[:-20] + bytes(20)


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_proof, "_proven_ahead", set())
    monkeypatch.setattr(picture_proof, "_wait_for_ahead", None)


def glb_with(*pictures: bytes, views: list[object] | None = None) -> bytes:
    """A GLB with nothing but pictures, each behind a few bytes of something else."""
    data = b""
    made: list[object] = []
    for picture in pictures:
        data += b"mesh"
        made.append({"buffer": 0, "byteOffset": len(data), "byteLength": len(picture)})
        data += picture
    images = [{"bufferView": number, "mimeType": "image/png"} for number in range(len(pictures))]
    document = {
        "images": images,
        "bufferViews": made if views is None else views,
        "buffers": [{"byteLength": len(data)}],
    }
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<II", len(text), 0x4E4F534A) + text + struct.pack("<II", len(data), 0x004E4942) + data
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def known(picture: bytes) -> bool:
    return picture_proof._is_known(picture)


def eventually(picture: bytes) -> bool:
    ends = time.monotonic() + 60
    while not known(picture) and time.monotonic() < ends:
        time.sleep(0.01)
    return known(picture)


def expect(path: Path) -> PartFollower:
    follower = PartFollower(path)
    picture_proof.expect(lambda: None)
    return follower


def test_a_picture_is_proven_before_the_model_is_complete(tmp_path: Path) -> None:
    path, content = tmp_path / "part", glb_with(SMALL, LARGE)
    follower = expect(path)
    with path.open("wb", buffering=0) as file:
        file.write(content[:-100])
        assert eventually(SMALL)
        assert not known(LARGE), "its end is missing"
        # Its download has ended when it gets another name.
        file.write(content[-100:])
        os.replace(path, tmp_path / "model.glb")
        assert eventually(LARGE)
    follower.finish()


def test_a_proof_waits_for_what_is_under_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "part"
    path.write_bytes(glb_with(LARGE))
    picture_proof.expect(PartFollower(path).finish)
    monkeypatch.setattr(picture_proof, "is_readable", lambda _data: pytest.fail("it was proven ahead"))
    assert Proof(memoryview(LARGE)).is_proven()


def test_what_is_not_whole_or_no_png_is_not_known(tmp_path: Path) -> None:
    path = tmp_path / "part"
    path.write_bytes(glb_with(BROKEN, JPEG, SMALL))
    expect(path).finish()
    assert [known(picture) for picture in (BROKEN, JPEG, SMALL)] == [False, False, True]


def test_other_bytes_are_not_taken_for_those_that_were_proven(tmp_path: Path) -> None:
    path = tmp_path / "part"
    path.write_bytes(glb_with(LARGE))
    picture_proof.expect(PartFollower(path).finish)
    assert not Proof(BROKEN).is_proven()
    assert Proof(SMALL).is_proven(), "it is proven now"


def test_a_download_that_breaks_off_or_never_begins_ends_without_a_proof(tmp_path: Path) -> None:
    expect(tmp_path / "never").finish()
    path = tmp_path / "part"
    path.write_bytes(glb_with(SMALL, LARGE)[:-100])
    follower = expect(path)
    assert eventually(SMALL)
    follower.finish()
    assert not known(LARGE)


def test_no_file_is_opened_once_the_job_has_come(tmp_path: Path) -> None:
    path = tmp_path / "part"
    follower = expect(path)
    follower.complete()
    path.write_bytes(glb_with(SMALL))
    follower.finish()
    assert not known(SMALL)


def test_a_link_or_a_pipe_of_that_name_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(glb_with(SMALL))
    (tmp_path / "link").symlink_to("model")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe"):
        follower = expect(tmp_path / name)
        follower.complete()
        follower.finish()
    assert not known(SMALL)


def test_a_download_that_begins_again_is_not_mixed_with_the_first(tmp_path: Path) -> None:
    path = tmp_path / "part"
    first, second = made_png(2, 8, 301, 300), made_png(6, 8, 200, 200)
    with path.open("wb", buffering=0) as file:
        file.write(glb_with(SMALL, first)[:-100])
        follower = expect(path)
        assert eventually(SMALL)
        file.truncate(0)
        file.seek(0)
        file.write(glb_with(second))
        follower.finish()
    assert not known(first)
    assert Proof(second).is_proven()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"glTF",
        b"<html>not a model at all</html>",
        struct.pack("<4sIIII", b"glTF", 2, 2**31, 2**31, 0x4E4F534A),  # a description that is too large
        glb_with(SMALL, views=[]),
        glb_with(SMALL, views=["text"]),
        glb_with(SMALL, views=[{"buffer": 0, "byteOffset": "4", "byteLength": 1}]),
        glb_with(SMALL, views=[{"buffer": 0, "byteOffset": -9, "byteLength": 20}]),
        glb_with(SMALL, views=[{"buffer": 0, "byteLength": 2**40}]),
        glb_with(SMALL, views=[{"buffer": 0, "byteOffset": 2**80, "byteLength": 9}]),
        glb_with(SMALL, views=[{"buffer": 0, "byteOffset": 4.0, "byteLength": 9.5}]),
        glb_with(SMALL, views=[{"buffer": 1, "byteLength": 9}]),
    ],
)
def test_what_is_no_such_model_ends_it(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "part"
    path.write_bytes(content)
    expect(path).finish()
    assert not picture_proof._proven_ahead


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["images", "bufferViews", "bufferView", "buffer", "byteOffset", "byteLength"]), inner
        )
    ),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(values)
def test_no_description_makes_it_hang_or_fail(tmp_path: Path, document: object) -> None:
    text = json.dumps(document).encode()
    path = tmp_path / "part"
    path.write_bytes(struct.pack("<4sIIII", b"glTF", 2, 0, len(text), 0x4E4F534A) + text + bytes(40))
    expect(path).finish()
    assert not picture_proof._proven_ahead


class Pieces:
    """A picture that comes in pieces of any size."""

    is_whole = False

    def __init__(self, data: bytes, seed: int) -> None:
        self._data, self._choose = data, random.Random(seed)

    def read(self, size: int) -> bytes:
        step = self._choose.randint(1, size) if self._choose.random() < 0.5 else min(size, 3)
        piece, self._data = self._data[:step], self._data[step:]
        return piece


CHANGED = SMALL[:60] + bytes([SMALL[60] ^ 1]) + SMALL[61:]


@pytest.mark.parametrize("data", [SMALL, SMALL + b"what follows its end", SMALL[:-1], CHANGED])
@pytest.mark.parametrize("seed", range(20))
def test_a_picture_is_judged_alike_in_pieces_and_whole(data: bytes, seed: int) -> None:
    picture_proof.expect(lambda: None)
    picture_proof.prove_ahead(Pieces(data, seed))
    assert known(data) == picture_proof.is_readable(data)
