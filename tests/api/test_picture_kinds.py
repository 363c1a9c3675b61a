# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures are what is in them. One: ``python scripts/test.py tests/api/test_picture_kinds.py``."""

from __future__ import annotations

import os
from pathlib import Path

import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triverse_addon.api.errors import InputError
from triverse_addon.api.picture_kinds import SUFFIX_OF, TAKEN, picture_kind
from triverse_addon.api.upload_checks import check_image, head_of

pytestmark = pytest.mark.kind("picture-content")


def _media(major: bytes, *more: bytes) -> bytes:
    brands = b"".join(more)
    return (16 + len(brands)).to_bytes(4, "big") + b"ftyp" + major + bytes(4) + brands + bytes(40)


HEADS = {
    "HEIC": [_media(b"heic"), _media(b"mif1", b"mif1", b"heic"), _media(b"heix"), _media(b"mif1", b"miaf")],
    "AVIF": [_media(b"avif"), _media(b"mif1", b"avif"), _media(b"avis")],
    "video": [_media(b"isom", b"iso2", b"mp41"), _media(b"qt  "), b"RIFF\0\0\0\0AVI LIST", b"\x1aE\xdf\xa3"],
    "camera raw": [_media(b"crx "), b"II*\0\x10\0\0\0CR\2\0", b"FUJIFILMCCD-RAW 0201", b"IIRO\x08\0\0\0"],
    "TIFF": [b"II*\0\x08\0\0\0\0\0", b"MM\0*\0\0\0\x08", b"II+\0\x08\0\0\0"],
    "PSD": [b"8BPS\0\1"],
    "JPEG XL": [b"\xff\x0a\0\0", b"\0\0\0\x0cJXL \r\n\x87\n"],
    "JPEG 2000": [b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51\0"],
    "SVG": [b"<svg xmlns=''>", b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- a -->\n<svg>"],
    "web page": [b"<!DOCTYPE html><html>", b"\n <html>", b"<?xml version='1.0'?><error/>"],
    "Krita": [b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/x-krita"],
    "": [b"", b"BM and more words", b"a text", b"PK\x03\x04", b"RIFF\0\0\0\0WAVE", b"\0\0\2\0", b"1 < 2"],
}


@pytest.mark.parametrize(("kind", "head"), [(kind, head) for kind, heads in HEADS.items() for head in heads])
def test_kinds_by_their_first_bytes(kind: str, head: bytes) -> None:
    assert picture_kind(head) == kind


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "JPEG2000", "ICO", "DDS", "AVIF"])
def test_files_of_another_program_under_no_name(tmp_path: Path, format_name: str) -> None:
    path = tmp_path / "chair"
    PIL.Image.new("RGB", (20, 10), "red").save(path, format_name)
    kind = {"WEBP": "WebP", "JPEG2000": "JPEG 2000"}.get(format_name, format_name)
    assert picture_kind(head_of(path)) == kind
    if kind in TAKEN:
        assert check_image(path) == TAKEN[kind]
        return
    with pytest.raises(InputError) as caught:
        check_image(path)
    assert f"chair is not a JPEG, PNG or WebP picture. It is {kind}: save it as one of these." in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("HEIC", "It is HEIC: export it as JPEG, and set the phone to its most compatible format."),
        ("camera raw", "It is a raw picture of a camera: develop it to JPEG."),
        ("video", "It is a video: save one frame."),
        ("web page", "It is a web page: save the picture itself."),
        ("PSD", "It is PSD: save it as one of these."),
        ("", "Save it as one of these."),
    ],
)
def test_what_to_do_with_it(tmp_path: Path, kind: str, words: str) -> None:
    path = tmp_path / "chair.jpg"
    path.write_bytes(HEADS[kind][-1])
    with pytest.raises(InputError) as caught:
        check_image(path)
    assert str(caught.value.sentence) == f"chair.jpg is not a JPEG, PNG or WebP picture. {words}"


@pytest.mark.parametrize("suffix", [".jfif", ".jpe", "", ".txt", ".heic"])
def test_a_jpeg_is_one_whatever_it_is_called(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"chair{suffix}"
    PIL.Image.new("RGB", (20, 10)).save(path, "JPEG")
    assert check_image(path) == "image/jpeg"


def test_a_pipe_is_not_waited_at(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert head_of(tmp_path / "pipe.png") == b""
    assert head_of(tmp_path) == head_of(tmp_path / "nowhere") == head_of("null\0") == b""


@settings(deadline=None, derandomize=True)
@given(st.binary(max_size=64) | st.sampled_from([head for heads in HEADS.values() for head in heads]))
def test_any_bytes_are_some_kind_or_none(head: bytes) -> None:
    assert picture_kind(head) in {*HEADS, *SUFFIX_OF, "GIF", "GIMP", "ICO", "KTX", "PDF", "PostScript", "OpenRaster"}
