# SPDX-License-Identifier: GPL-3.0-or-later
"""
Our PNGs, as Blender reads them.

One: ``python scripts/test.py tests/blender/test_png_bytes.py``.
"""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy
import pytest

from triverse_addon.scene.worker import png_bytes, preview_reading, thumbnail

pytestmark = pytest.mark.usefixtures("fresh_file")


def as_read(path: Path, channels: int) -> numpy.ndarray:
    """The bytes of a picture, by row, column and channel, the highest row first."""
    image = bpy.data.images.load(str(path))
    image.colorspace_settings.name = "Non-Color"
    # Else colours are multiplied by alpha when it is read.
    image.alpha_mode = "CHANNEL_PACKED"
    width, height = image.size
    pixels = numpy.empty(width * height * 4, numpy.float32)
    image.pixels.foreach_get(pixels)
    assert image.depth == 8 * channels
    return numpy.rint(pixels.reshape(height, width, 4)[::-1, :, :channels] * 255).astype(numpy.uint8)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 7), (7, 1), (64, 48)])
def test_blender_reads_what_was_encoded(tmp_path: Path, width: int, height: int, channels: int) -> None:
    random = numpy.random.default_rng(width * 100 + height + channels)
    pixels = random.integers(0, 256, (height, width, channels), dtype=numpy.uint8)
    path = tmp_path / "a.png"
    path.write_bytes(png_bytes.encode(pixels))
    assert (as_read(path, channels) == pixels).all()


@pytest.mark.parametrize("has_alpha", [False, True])
def test_a_thumbnail_has_the_pixels_that_blender_would_write(tmp_path: Path, has_alpha: bool) -> None:
    channels = 3 + has_alpha
    random = numpy.random.default_rng(1)
    source = tmp_path / "source.png"
    source.write_bytes(png_bytes.encode(random.integers(0, 256, (40, 30, channels), dtype=numpy.uint8)))
    image = bpy.data.images.load(str(source))
    pixels = numpy.empty(40 * 30 * 4, numpy.float32)
    image.pixels.foreach_get(pixels)
    ours = tmp_path / "ours.png"
    content = thumbnail._png_of(image, pixels)
    assert content is not None
    ours.write_bytes(content)
    image.file_format = "PNG"
    image.save(filepath=str(tmp_path / "blenders.png"))
    assert (as_read(ours, channels) == as_read(tmp_path / "blenders.png", channels)).all()


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\nnothing", b"<html>"])
def test_what_is_no_picture_is_not_read_ahead(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "preview.png"
    path.write_bytes(content)
    with pytest.raises(OSError, match=r"."):
        preview_reading.read_ahead(path)
    assert preview_reading.known(path) is None
