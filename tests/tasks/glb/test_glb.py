# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused before Blender sees it. One: ``python scripts/test.py tests/tasks/glb/test_glb.py``."""

from __future__ import annotations

import copy
import json
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from triverse_addon.tasks.glb import glb_check

WHOLE: dict[str, Any] = {
    "asset": {"version": "2.0"},
    "buffers": [{"byteLength": 44}],
    "bufferViews": [{"buffer": 0, "byteLength": 36}, {"buffer": 0, "byteOffset": 36, "byteLength": 6}],
    "accessors": [
        {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3"},
        {"bufferView": 1, "componentType": 5123, "count": 3, "type": "SCALAR"},
    ],
    "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}],
    "nodes": [{"mesh": 0, "children": [1]}, {}],
    "scenes": [{"nodes": [0]}],
}


def packed(document: object, binary: bytes = bytes(44), *, version: int = 2) -> bytes:
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    body = struct.pack("<II", len(text), 0x4E4F534A) + text
    body += struct.pack("<II", len(binary), 0x004E4942) + binary
    return struct.pack("<4sII", b"glTF", version, 12 + len(body)) + body


def with_(*path: str | int, value: object) -> dict[str, Any]:
    """Return the good document with one place changed."""
    document = copy.deepcopy(WHOLE)
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return document


def test_a_whole_model_passes(tmp_path: Path) -> None:
    path = tmp_path / "a.glb"
    path.write_bytes(packed(WHOLE))
    glb_check.check(path)
    assert glb_check.looks_like_glb(path.read_bytes()[:16])
    assert glb_check.declared_size(path.read_bytes()[:12]) == path.stat().st_size


@pytest.mark.parametrize("end", [b"", b"\\"], ids=["quotes", "half an escape"])
def test_a_string_without_end_is_read_once(tmp_path: Path, end: bytes) -> None:
    """Each escaped quote was tried as a beginning: these 4 MB took days. (The net against a hang ends such a test.)"""
    path = tmp_path / "a.glb"
    path.write_bytes(packed(b'{"asset": "' + b'\\"' * 2_000_000 + end))
    with pytest.raises(glb_check.GlbError, match="not JSON"):
        glb_check.check(path)


def test_brackets_in_strings_are_no_depth(tmp_path: Path) -> None:
    path = tmp_path / "a.glb"
    path.write_bytes(packed({**WHOLE, "extras": '[{"\\' * 100}))
    glb_check.check(path)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "it is empty"),
        (b"<html>no such thing", "not a GLB"),
        (packed(WHOLE, version=1), "version 1"),
        (packed(WHOLE)[:-4], "and says"),
        (struct.pack("<4sII", b"glTF", 2, 12), "no content"),
        (struct.pack("<4sIIII", b"glTF", 2, 20, 1000, 0x4E4F534A), "longer than the file"),
        (struct.pack("<4sIIII", b"glTF", 2, 20, 0, 0x004E4942), "not JSON"),
        (struct.pack("<4sIII", b"glTF", 2, 16, 0), "cut off"),
        (packed(b"{nonsense"), "not JSON"),
        (packed(b"\xff\xfe\xfd"), "not JSON"),
        (packed(b'{"a":' + b"9" * 5000 + b"}"), "not JSON"),
        (packed(b"[" * 100_000), "nested too deeply"),
        (packed([]), "not an object"),
        (packed(with_("asset", value=None)), "not glTF 2"),
        (packed(with_("asset", "version", value="1.0")), "not glTF 2"),
        (packed(with_("extensionsRequired", value=["EXT_of_tomorrow"])), "EXT_of_tomorrow"),
        (packed(with_("extensionsRequired", value=[{}])), "cannot read"),
        (packed(with_("extensionsRequired", value="all")), "no list"),
        (packed(with_("nodes", value=[{}] * 100_001)), "100001 nodes"),
        (packed(with_("nodes", value=[{"children": [1]}, {"children": [0]}])), "ring"),
        (packed(with_("nodes", value=[{"children": [1, 1]}, {}])), "two parents"),
        (packed(with_("nodes", value=[{"children": [7]}])), "not there"),
        (packed(with_("buffers", 0, "uri", value="file:///etc/passwd")), "outside the file"),
        (packed(with_("images", value=[{"uri": "http://example.invalid/a.png"}])), "outside the file"),
        (packed(with_("images", value=[{"bufferView": 9}])), "picture points nowhere"),
        (packed(WHOLE, bytes(20)), "longer than its data"),
        (packed(with_("bufferViews", 1, "byteOffset", value=60)), "longer than its data"),
        (packed(with_("bufferViews", 0, "buffer", value=3)), "view points nowhere"),
        (packed(with_("accessors", 0, "count", value=4)), "ends outside its buffer view"),
        (packed(with_("accessors", 0, "count", value=10**9)), "elements in one place"),
        (packed(with_("accessors", 0, "count", value=-1)), "no whole number"),
        (packed(with_("accessors", 0, "componentType", value=1)), "unknown type"),
        (packed(with_("accessors", 0, "componentType", value=[])), "no whole number"),
        (packed(with_("accessors", 0, "bufferView", value=5)), "points nowhere"),
        (packed(with_("meshes", 0, "primitives", value=None)), "no list of objects"),
        (packed(with_("meshes", 0, "primitives", 0, "indices", value=2)), "not there"),
        (packed(with_("meshes", 0, "primitives", 0, "attributes", value=[0])), "no attributes"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "a.glb"
    path.write_bytes(data)
    with pytest.raises(glb_check.GlbError) as caught:
        glb_check.check(path)
    assert words in str(caught.value.sentence)


PATHS = [
    *(("asset",), ("asset", "version"), ("buffers",), ("buffers", 0), ("buffers", 0, "byteLength"), ("bufferViews",)),
    *(("bufferViews", 0, "byteOffset"), ("bufferViews", 0, "byteStride"), ("accessors", 0), ("accessors", 0, "type")),
    *(("accessors", 0, "componentType"), ("accessors", 0, "byteOffset"), ("accessors", 0, "count"), ("meshes", 0)),
    *(("meshes", 0, "primitives"), ("meshes", 0, "primitives", 0), ("meshes", 0, "primitives", 0, "attributes")),
    *(("nodes", 0, "children"), ("nodes", 0), ("images",), ("extensionsRequired",), ("scenes",)),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)
ANY_FOLDER = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@ANY_FOLDER
@given(place=st.sampled_from(PATHS), value=JSON)
def test_any_content_passes_or_is_refused_in_words(tmp_path: Path, place: tuple[Any, ...], value: object) -> None:
    path = tmp_path / "a.glb"
    path.write_bytes(packed(with_(*place, value=value)))
    check_without_surprise(path)


@ANY_FOLDER
@given(data=st.data())
def test_any_change_of_bytes_passes_or_is_refused_in_words(tmp_path: Path, data: st.DataObject) -> None:
    whole = bytearray(packed(WHOLE))
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "a.glb"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))] if data.draw(st.booleans()) else whole)
    check_without_surprise(path)


def check_without_surprise(path: Path) -> None:
    sentence = "."
    try:
        glb_check.check(path)
    except glb_check.GlbError as error:
        sentence = str(error.sentence)
    assert sentence.endswith(".")
