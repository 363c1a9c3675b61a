# SPDX-License-Identifier: GPL-3.0-or-later
"""
Previews that are read in a thread, beside those that Blender reads.

One: ``python scripts/test.py tests/blender/test_preview_reading.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import bpy
import numpy
import pytest

from triverse_addon.scene.worker import png_bytes, preview_reading, thumbnail

pytestmark = pytest.mark.usefixtures("fresh_file")

#: Blender comes with OpenImageIO's Python module.
HAS_READER = bpy.app.version >= (4, 5)
#: Width and height of images that a thread can read, and their numbers of channels.
WHOLE = [(512, 512, 3), (1024, 1024, 4), (1024, 512, 3), (768, 1536, 4), (512, 2, 4)]


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    yield
    preview_reading._made_ahead.clear()
    preview_reading._begun = None


def write(path: Path, width: int, height: int, channels: int) -> None:
    """Write a PNG of soft shapes under noise, with all degrees of transparency."""
    random = numpy.random.default_rng(width + height + channels)
    y, x = numpy.mgrid[:height, :width]
    layers = [127 + 100 * numpy.sin(x / (17 + one)) * numpy.cos(y / (23 - one)) for one in range(channels)]
    pixels = numpy.stack(layers, -1) + random.integers(-30, 30, (height, width, channels))
    path.write_bytes(png_bytes.encode(numpy.clip(pixels, 0, 255).astype(numpy.uint8)))


def as_read(path: Path) -> numpy.ndarray:
    """The pixels of a picture in steps from 0 to 255."""
    image = bpy.data.images.load(str(path), check_existing=False)
    pixels = numpy.empty(len(image.pixels), numpy.float32)
    image.pixels.foreach_get(pixels)
    bpy.data.images.remove(image)
    return numpy.rint(pixels * 255).astype(int)


@pytest.mark.parametrize(("width", "height", "channels"), WHOLE)
def test_a_thread_makes_of_it_what_blender_makes(tmp_path: Path, width: int, height: int, channels: int) -> None:
    source = tmp_path / "preview.png"
    write(source, width, height, channels)
    preview_reading.begin(source)
    assert (preview_reading._begun is not None) == HAS_READER
    small = preview_reading.try_read(source, tmp_path / "ours.png")
    blenders = thumbnail.read(source, tmp_path / "blenders.png")
    assert small is not None
    assert small.size == blenders.size
    assert max(small.size) == thumbnail.EDGE_PX
    assert numpy.abs(numpy.rint(small.pixels * 255) - numpy.rint(blenders.pixels * 255)).max() <= 1
    assert numpy.abs(as_read(tmp_path / "ours.png") - as_read(tmp_path / "blenders.png")).max() <= 1


@pytest.mark.parametrize(("file_format", "suffix"), [("JPEG", ".jpg"), ("WEBP", ".webp")])
def test_a_preview_of_another_format_too(tmp_path: Path, file_format: str, suffix: str) -> None:
    drawn, source = tmp_path / "drawn.png", tmp_path / f"preview{suffix}"
    write(drawn, 512, 512, 3)
    image = bpy.data.images.load(str(drawn), check_existing=False)
    image.file_format = file_format
    image.save(filepath=str(source))
    preview_reading.begin(source)
    small = preview_reading.try_read(source, tmp_path / "ours.png")
    blenders = thumbnail.read(source, None)
    assert small is not None
    assert small.size == blenders.size
    assert numpy.abs(numpy.rint(small.pixels * 255) - numpy.rint(blenders.pixels * 255)).max() <= 1


def test_what_a_thread_has_read_blender_does_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "preview.png"
    write(source, 512, 512, 3)
    by_blender: list[Path] = []
    scaled = thumbnail.scaled

    def noted(picture: Path, *, with_png: bool) -> tuple[thumbnail.Small, bytes]:
        by_blender.append(picture)
        return scaled(picture, with_png=with_png)

    monkeypatch.setattr(thumbnail, "scaled", noted)
    preview_reading.begin(source)
    assert preview_reading.try_read(source, tmp_path / "made.png") is not None
    preview_reading.read_ahead(source)
    assert preview_reading.known(source) is not None
    assert by_blender == ([] if HAS_READER else [source, source])


@pytest.mark.parametrize(("width", "height"), [(500, 500), (256, 256), (30, 40), (1024, 1023), (301, 1024)])
def test_parts_of_pixels_are_left_to_blender(tmp_path: Path, width: int, height: int) -> None:
    source = tmp_path / "preview.png"
    write(source, width, height, 3)
    preview_reading.begin(source)
    small = preview_reading.try_read(source, tmp_path / "ours.png")
    blenders = thumbnail.read(source, tmp_path / "blenders.png")
    assert small is not None
    assert (small.pixels == blenders.pixels).all()
    assert (tmp_path / "ours.png").read_bytes() == (tmp_path / "blenders.png").read_bytes()


@pytest.mark.parametrize(("color_mode", "color_depth"), [("BW", "8"), ("RGB", "16"), ("RGBA", "16")])
def test_other_kinds_of_pixels_are_left_to_blender(tmp_path: Path, color_mode: str, color_depth: str) -> None:
    image = bpy.data.images.new("source", 512, 512, alpha=color_mode == "RGBA", float_buffer=color_depth == "16")
    image.pixels.foreach_set(numpy.random.default_rng(2).random(512 * 512 * 4, numpy.float32))
    settings = bpy.context.scene.render.image_settings
    settings.file_format = "PNG"
    settings.color_mode, settings.color_depth = color_mode, color_depth
    source = tmp_path / "preview.png"
    image.save_render(str(source))
    preview_reading.begin(source)
    small = preview_reading.try_read(source, tmp_path / "ours.png")
    if small is None:
        # Of one channel, Blender up to 4.5 makes none.
        with pytest.raises(thumbnail.PictureError):
            thumbnail.read(source, None)
        return
    assert (small.pixels == thumbnail.read(source, None).pixels).all()


def test_a_damaged_one_is_refused_as_blender_refuses_it(tmp_path: Path) -> None:
    source = tmp_path / "preview.png"
    write(source, 512, 512, 3)
    source.write_bytes(source.read_bytes()[:200])
    preview_reading.begin(source)
    small = preview_reading.try_read(source, tmp_path / "ours.png")
    blenders = thumbnail.try_read(source, None)
    assert (small is None) == (blenders is None)
    assert (tmp_path / "ours.png").exists() == (small is not None)


def test_it_is_scaled_alike_whether_it_was_begun_or_not(tmp_path: Path) -> None:
    source = tmp_path / "preview.png"
    write(source, 512, 512, 3)
    preview_reading.try_read(source, tmp_path / "at once.png")
    preview_reading.begin(source)
    preview_reading.try_read(source, tmp_path / "begun.png")
    preview_reading.read_ahead(source)
    preview_reading.try_read(source, tmp_path / "ahead.png")
    assert len({(tmp_path / f"{name}.png").read_bytes() for name in ("at once", "begun", "ahead")}) == 1


def test_one_that_was_not_begun_is_read_anew(tmp_path: Path) -> None:
    first, second = tmp_path / "first.png", tmp_path / "second.png"
    write(first, 512, 512, 3)
    write(second, 1024, 512, 3)
    preview_reading.begin(first)
    small = preview_reading.try_read(second, tmp_path / "made.png")
    assert small is not None
    assert small.size == (256, 128)


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\nnothing", b"<html>"])
def test_what_is_no_picture_is_not_begun(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "preview.png"
    path.write_bytes(content)
    preview_reading.begin(path)
    assert preview_reading._begun is None
    assert preview_reading.try_read(path, tmp_path / "made.png") is None
    assert not (tmp_path / "made.png").exists()
