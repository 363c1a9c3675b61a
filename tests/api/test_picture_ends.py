# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures whose end is missing. Pillow makes them, as other programs do; the cuts are at every kind of place."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from triverse_addon.api.errors import InputError
from triverse_addon.api.picture_ends import is_cut_off
from triverse_addon.api.upload_checks import check_image


def saved(kind: str, **options: object) -> bytes:
    """A picture of 64 × 48 pixels that compresses badly."""
    picture = Image.effect_noise((64, 48), 80).convert("RGB")
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def with_thumbnail() -> bytes:
    """A JPEG as cameras write them: a whole small JPEG is in its header."""
    thumbnail = saved("JPEG", quality=30)
    segment = b"Exif\0\0" + thumbnail
    whole = saved("JPEG")
    return whole[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment + whole[2:]


def with_text() -> bytes:
    """A PNG with a text whose words are those of its end."""
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "IEND")
    return saved("PNG", pnginfo=text)


PICTURES = {
    "PNG": ("PNG", saved("PNG")),
    "PNG with a text": ("PNG", with_text()),
    "JPEG": ("JPEG", saved("JPEG")),
    "JPEG of a camera": ("JPEG", with_thumbnail()),
    "progressive JPEG": ("JPEG", saved("JPEG", progressive=True)),
    "JPEG with restarts": ("JPEG", saved("JPEG", restart_marker_blocks=2)),
    "WebP": ("WebP", saved("WebP")),
    "lossless WebP": ("WebP", saved("WebP", lossless=True)),
}
#: What phones append, such as a film, and what is left of an older, longer file.
APPENDED = (b"", b"\0", b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 9 + b"\xff\xda\xff", b"\n" * 5000)


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("appended", range(len(APPENDED)))
def test_whole_ones_are_taken_whatever_follows_them(tmp_path: Path, name: str, appended: int) -> None:
    kind, content = PICTURES[name]
    path = tmp_path / "picture"
    path.write_bytes(content + APPENDED[appended])
    assert check_image(path) == f"image/{kind.lower()}"


@pytest.mark.parametrize("name", PICTURES)
@given(data=st.data())
def test_one_that_is_cut_is_found_wherever_it_is_cut(name: str, data: st.DataObject) -> None:
    kind, content = PICTURES[name]
    # Of a PNG, the last four bytes are the checksum of its end, without which it is whole.
    size_bytes = data.draw(st.integers(32, len(content) - (5 if kind == "PNG" else 1)))
    assert is_cut_off(io.BytesIO(content[:size_bytes]), kind)


@given(content=st.binary(max_size=200), kind=st.sampled_from(["PNG", "JPEG", "WebP", "TIFF", ""]))
def test_nothing_raises_and_other_formats_are_not_judged(content: bytes, kind: str) -> None:
    beginning = {"PNG": b"\x89PNG\r\n\x1a\n", "JPEG": b"\xff\xd8"}.get(kind, b"")
    found = is_cut_off(io.BytesIO(beginning + content), kind)
    assert not (found and kind in ("TIFF", ""))


def test_it_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "chair.jpg"
    path.write_bytes(PICTURES["JPEG"][1][:-300])
    with pytest.raises(InputError) as caught:
        check_image(path, field="left_file")
    assert caught.value.field == "left_file"
    assert str(caught.value) == (
        "The end of chair.jpg is missing: it was copied or saved only in part. Copy or save it again."
    )
