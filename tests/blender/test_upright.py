# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures that are written anew stand upright. One: ``python scripts/test.py tests/blender/test_upright.py``."""

from __future__ import annotations

import hashlib
from array import array
from pathlib import Path

import bpy
import pytest

from tests.blender.test_prepare import prepare, preparer, size
from triverse_addon.api.flows import Kind
from triverse_addon.scene.worker.orientation import upright
from triverse_addon.scene.worker.picture_tags import orientation_of

pytestmark = [pytest.mark.usefixtures("fresh_file"), pytest.mark.kind("picture-content")]

TURNED = Path(__file__).parent / "turned"
PICTURES = sorted(path for path in TURNED.glob("*-?.*") if path.suffix != ".avif")
#: Corners of the picture as it was taken, from the lower left.
STANDING = {(0, 0): (0, 0, 1), (15, 0): (1, 1, 1), (0, 7): (1, 0, 0), (15, 7): (0, 1, 0)}


def corners(path: Path) -> dict[tuple[int, int], tuple[int, ...]]:
    image = bpy.data.images.load(str(path), check_existing=False)
    width = image.size[0]
    found = {(x, y): tuple(round(v) for v in image.pixels[(y * width + x) * 4 :][:3]) for x, y in STANDING}
    bpy.data.images.remove(image)
    return found


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_what_is_written_anew_stands(tmp_path: Path, path: Path) -> None:
    made = prepare(path, Kind.IMAGE, tmp_path / "out")
    assert size(made) == (16, 8)
    assert corners(made) == STANDING


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_what_is_taken_as_it_is_stays_so(path: Path) -> None:
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    assert preparer().takes(str(path), Kind.IMAGE) is (path.suffix == ".tif")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before


def test_an_avif_is_not_turned_twice(tmp_path: Path) -> None:
    """Blender that reads AVIF turns it by what the container says, which is the same."""
    path = TURNED / "avif-6.avif"
    reads_avif = ".avif" in bpy.path.extensions_image
    assert reads_avif is (bpy.app.version >= (5, 1))
    assert preparer().takes(str(path), Kind.IMAGE) is reads_avif
    if reads_avif:
        made = prepare(path, Kind.IMAGE, tmp_path / "out")
        assert (size(made), corners(made)) == ((16, 8), STANDING)


def test_there_are_all_eight_and_four_formats() -> None:
    assert {orientation_of(path) for path in PICTURES if path.suffix == ".jpg"} == set(range(1, 9))
    assert {path.suffix for path in PICTURES if orientation_of(path) == 6} == {".jpg", ".png", ".webp", ".tif"}


@pytest.mark.parametrize("turned", range(1, 9))
def test_pixels_of_a_picture_that_is_no_square(turned: int) -> None:
    """Turning back gives what was there; the other way round for the two quarter turns."""
    pixels = array("f", range(5 * 3 * 4))
    made, width, height = upright(pixels, 5, 3, turned)
    assert sorted((width, height)) == [3, 5]
    back = {6: 8, 8: 6}.get(turned, turned)
    assert upright(made, width, height, back) == (pixels, 5, 3)
    assert sorted(made) == sorted(pixels)


@pytest.mark.parametrize("depth", ["8", "16"])
def test_colours_are_those_of_the_picture_that_was_not_turned(tmp_path: Path, depth: str) -> None:
    """Also where Blender holds floats: a TIFF of 16 bits a channel."""
    scene = bpy.context.scene
    image = bpy.data.images.new("painted", 8, 4, alpha=True, float_buffer=depth == "16")
    image.pixels.foreach_set([0.5, 0.25, 0.125, 1.0] * 32)
    scene.view_settings.view_transform = "Standard"
    scene.render.image_settings.file_format = "TIFF"
    scene.render.image_settings.color_depth = depth
    lying = tmp_path / "lying.tif"
    image.save_render(str(lying), scene=scene)
    data = bytearray(lying.read_bytes())
    made = [prepare(lying, Kind.IMAGE, tmp_path / "one")]
    at = data.find(b"\x12\x01\x03\x00\x01\x00\x00\x00\x01\x00") if data[:2] == b"II" else -1
    assert at > 0, "Blender notes an orientation of its own"
    data[at + 8] = 6
    lying.write_bytes(data)
    made.append(prepare(lying, Kind.IMAGE, tmp_path / "two"))
    assert [size(path) for path in made] == [(8, 4), (4, 8)]
    first, second = (bpy.data.images.load(str(path), check_existing=False) for path in made)
    assert list(first.pixels[:4]) == pytest.approx(list(second.pixels[:4]), abs=1 / 255)


def test_names_do_not_matter(tmp_path: Path) -> None:
    """A TIFF under any name becomes a picture that the service takes; so does one without a suffix."""
    tiff = next(path for path in PICTURES if path.name == "tif-6.tif")
    for name in ("chair", "chair.jfif", "chair.jpe", "chair.PNG", "chair.txt"):
        path = tmp_path / name
        path.write_bytes(tiff.read_bytes())
        assert preparer().takes(str(path), Kind.IMAGE), name
        made = prepare(path, Kind.IMAGE, tmp_path / "out")
        assert size(made) == (16, 8), name
