# SPDX-License-Identifier: GPL-3.0-or-later
"""
Models, their copies, addresses and pictures, from valid to anything. Longer by hand: see ``test_fuzz.py``.

Whatever is taken is copied, and the copy is read as strictly as Blender's importer reads.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.test_fuzz import FUZZ, broken, changed
from tests.tasks import tolerated
from tests.tasks.glb.test_glb_tolerated import LARGE, NEWEST, document_of
from triverse_addon.tasks.files import image_size, picture_formats
from triverse_addon.tasks.glb import data_uri, glb_check
from triverse_addon.tasks.glb.gltf_reader import ANY_BLENDER, GltfReader

pytestmark = pytest.mark.kind("fuzz")

SEEDS = sorted({**tolerated.AS_IT_IS, **tolerated.MENDED}.items())
READERS = (ANY_BLENDER, NEWEST, GltfReader(NEWEST.extensions, frozenset({"EXT_meshopt_compression"}), (5, 3)))
PICTURES = [tolerated.png(), tolerated.GIF, tolerated.KTX2, *LARGE.values()]


def take_or_refuse(path: Path, reader: GltfReader) -> None:
    """A copy that Blender's importer can parse, has no address and needs no more mending; or a sentence."""
    before = path.read_bytes()
    said = "."
    try:
        with glb_check.readable(path, reader) as (readable, verdict):
            if not verdict.is_as_it_is:
                document, binary = document_of(readable)
                for buffer in document.get("buffers", [])[:1]:
                    assert buffer["byteLength"] <= len(binary)
                for place in (*document.get("images", []), *document.get("buffers", [])):
                    assert "uri" not in place
                assert glb_check.check(readable, reader).is_as_it_is
    except glb_check.GlbError as error:
        said = str(error.sentence)
    assert said.endswith(".")
    assert path.read_bytes() == before
    assert [left.name for left in path.parent.iterdir()] == [path.name]


@FUZZ
@given(data=st.data(), reader=st.sampled_from(READERS))
def test_any_document(tmp_path: Path, data: st.DataObject, reader: GltfReader) -> None:
    _, seed = data.draw(st.sampled_from(SEEDS))
    text_bytes = int.from_bytes(seed[12:16], "little")
    document: Any = json.loads(seed[20 : 20 + text_bytes].strip(b"\0 \xef\xbb\xbf"))
    try:
        model = tolerated.pack(data.draw(changed(document)), seed[28 + text_bytes :] or b"")
    except (ValueError, UnicodeEncodeError):
        return
    path = tmp_path / "model.glb"
    path.write_bytes(model)
    take_or_refuse(path, reader)


@FUZZ
@given(data=st.data(), reader=st.sampled_from(READERS))
def test_any_bytes(tmp_path: Path, data: st.DataObject, reader: GltfReader) -> None:
    _, seed = data.draw(st.sampled_from(SEEDS))
    path = tmp_path / "model.glb"
    path.write_bytes(data.draw(broken(seed)))
    take_or_refuse(path, reader)


@FUZZ
@given(seed=st.sampled_from(PICTURES), data=st.data())
def test_any_picture(seed: bytes, data: st.DataObject) -> None:
    content = data.draw(broken(seed))
    file = io.BytesIO(b"before" + content + b"behind")
    file.seek(6)
    try:
        size = picture_formats.decoded_size_px(file, len(content))
    except image_size.EndlessPictureError:
        size = None
    assert size is None or min(size) >= 0
    assert file.tell() == 6


@FUZZ
@given(
    head=st.sampled_from(["data:", "DATA:image/png", "data:;base64", "data:a;b=c;BASE64", "file:", ""]),
    rest=st.text(max_size=20),
)
def test_any_address(head: str, rest: str) -> None:
    uri = head + rest
    try:
        media_type, content = data_uri.decode(uri)
    except ValueError:
        return
    assert data_uri.is_data_uri(uri)
    assert uri.lower().startswith("data:")
    assert media_type == media_type.strip().lower()
    assert len(content) <= 4 * len(uri)
