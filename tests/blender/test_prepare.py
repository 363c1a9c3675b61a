# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot be uploaded as it is, and what a child Blender makes of it."""

from __future__ import annotations

import json
import struct
import sys
import threading
from pathlib import Path

import bpy
import pytest

from tests.blender import glbs, kept_children
from triverse_addon.api.flows import Kind
from triverse_addon.api.upload_checks import check_image, check_model
from triverse_addon.scene.capture import selection
from triverse_addon.scene.child.command import child_command
from triverse_addon.scene.child.preparer import LOG, MAX_EDGE_PX, ChildPreparer
from triverse_addon.tasks.converter import ConvertError, ConvertStopped, NoChildError

pytestmark = pytest.mark.usefixtures("fresh_file")


def preparer(**more) -> ChildPreparer:
    more = {"picture_suffixes": bpy.path.extensions_image} | more
    return ChildPreparer(more.pop("command", child_command("prepare_worker")), **more)


def prepare(path: Path, kind: Kind, out_dir: Path, **more) -> Path:
    """In a child that is kept, unless another command is given."""
    if "command" in more:
        return preparer(**more)(path, kind, out_dir, threading.Event())
    return kept_children.prepare(path, kind, out_dir, picture_suffixes=bpy.path.extensions_image, **more)


def pixel(path: Path, at: int = 0) -> list[int]:
    """One pixel of a picture, 0 to 255."""
    image = bpy.data.images.load(str(path), check_existing=False)
    try:
        return [round(value * 255) for value in image.pixels[at * 4 : at * 4 + 4]]
    finally:
        bpy.data.images.remove(image)


def size(path: Path) -> tuple[int, int]:
    image = bpy.data.images.load(str(path), check_existing=False)
    try:
        return tuple(image.size)
    finally:
        bpy.data.images.remove(image)


def painted(path: Path, file_format: str, *, colour=(0.5, 0.25, 0.125, 1.0)) -> Path:
    """A picture of 8 × 4 px of one colour."""
    image = bpy.data.images.new("painted", 8, 4, alpha=True)
    image.pixels.foreach_set(list(colour) * 32)
    image.file_format = file_format
    image.save(filepath=str(path))
    bpy.data.images.remove(image)
    return path


def document(path: Path) -> dict:
    """The JSON of a GLB."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    return json.loads(data[20 : 20 + length])


def extent(path: Path) -> tuple[list[float], list[float]]:
    """Lowest and highest corner of all positions, in glTF's axes."""
    found = document(path)
    used = [
        found["accessors"][primitive["attributes"]["POSITION"]]
        for mesh in found["meshes"]
        for primitive in mesh["primitives"]
    ]
    lows, highs = zip(*((one["min"], one["max"]) for one in used), strict=True)
    return [min(axis) for axis in zip(*lows, strict=True)], [max(axis) for axis in zip(*highs, strict=True)]


# -----------------------------------------------------------------------------
# What is taken


def test_a_picture_that_the_service_takes_is_left_alone(tmp_path: Path) -> None:
    for file_format, suffix in (("PNG", "png"), ("JPEG", "jpg"), ("WEBP", "webp")):
        path = painted(tmp_path / f"p.{suffix}", file_format)
        assert not preparer().takes(str(path), Kind.IMAGE)


def test_a_foreign_picture_is_taken_whatever_it_is_called(tmp_path: Path) -> None:
    path = painted(tmp_path / "p.tga", "TARGA")
    assert preparer().takes(str(path), Kind.IMAGE)
    assert preparer().takes(str(path.rename(tmp_path / "P.PNG")), Kind.IMAGE)


def test_what_blender_does_not_read_is_not_taken(tmp_path: Path) -> None:
    for name in ("p.heic", "p.gif", "p.txt", "p"):
        (tmp_path / name).write_bytes(b"something")
        assert not preparer().takes(str(tmp_path / name), Kind.IMAGE)
    for data in (b"GIF89a", b"\0\0\0\x18ftypheic"):
        (tmp_path / "p.png").write_bytes(data + bytes(50))
        assert not preparer().takes(str(tmp_path / "p.png"), Kind.IMAGE)
    (tmp_path / "empty.tga").touch()
    for path in (tmp_path / "empty.tga", tmp_path / "missing.tga", tmp_path):
        assert not preparer().takes(str(path), Kind.IMAGE)


def test_objects_are_taken_and_models_are_not() -> None:
    assert preparer().takes("/somewhere/selection.blend", Kind.MODEL)
    assert not preparer().takes("/somewhere/chair.glb", Kind.MODEL)
    assert not preparer().takes("/somewhere/selection.blend", Kind.IMAGE)


def test_nothing_is_taken_where_no_child_can_be_started(tmp_path: Path) -> None:
    nobody = preparer(command=())
    path = painted(tmp_path / "p.tga", "TARGA")
    assert not nobody.takes(str(path), Kind.IMAGE)
    assert not nobody.takes("/somewhere/selection.blend", Kind.MODEL)
    with pytest.raises(NoChildError):
        nobody(path, Kind.IMAGE, tmp_path / "out", threading.Event())


# -----------------------------------------------------------------------------
# Pictures


@pytest.mark.parametrize(
    ("file_format", "suffix"), [("TARGA", "tga"), ("TARGA_RAW", "tga"), ("BMP", "bmp"), ("TIFF", "tif")]
)
def test_a_picture_becomes_a_png_of_the_same_colours(tmp_path: Path, file_format: str, suffix: str) -> None:
    path = painted(tmp_path / f"Old chair.{suffix}", file_format)
    made = prepare(path, Kind.IMAGE, tmp_path / "out")
    assert check_image(made) == "image/png"
    assert made.parent == tmp_path / "out"
    assert made.name.startswith("input-old-chair-")
    assert pixel(made) == [128, 64, 32, 255]
    assert size(made) == (8, 4)
    assert path.exists()


def test_transparency_is_kept(tmp_path: Path) -> None:
    path = painted(tmp_path / "p.tga", "TARGA", colour=(0.5, 0.25, 0.125, 0.5))
    assert pixel(prepare(path, Kind.IMAGE, tmp_path / "out")) == [128, 64, 32, 128]


def plain_tiff(
    path: Path, content: bytes, *, samples: int = 1, bits: int = 8, kind: int = 2, compression: int = 1
) -> Path:
    """
    A TIFF of 8 × 4 px whose only strip is ``content``.

    :param samples: numbers of a pixel; the last of two or four is straight alpha.
    :param kind: 0 for grey where the least is white, 1 where it is black, 2 for colours.
    """
    tags = {256: 8, 257: 4, 258: bits, 259: compression, 262: kind, 273: 0, 277: samples, 278: 4, 279: len(content)}
    if samples in (2, 4):
        tags[338] = 2
    depths_at = 8 + 2 + len(tags) * 12 + 4
    tags[273] = depths_at + 2 * samples
    if samples > 1:  # two have room in the entry itself
        tags[258] = bits + (bits << 16) if samples == 2 else depths_at
    entries = [struct.pack("<HHII", tag, 3, samples if tag == 258 else 1, value) for tag, value in tags.items()]
    head = b"II*\0" + struct.pack("<IH", 8, len(entries)) + b"".join(entries) + bytes(4)
    path.write_bytes(head + struct.pack(f"<{samples}H", *[bits] * samples) + content)
    return path


def test_transparency_of_a_grey_picture_is_kept(tmp_path: Path) -> None:
    """Blender 5.2 and newer tell another depth of it."""
    pixels = bytes((100, 128)) * 32
    path = plain_tiff(tmp_path / "mask.tif", pixels, samples=2, kind=1)
    assert pixel(prepare(path, Kind.IMAGE, tmp_path / "out")) == [100, 100, 100, 128]


def tiff(path: Path, bits: int, extra: tuple[int, ...], mark: str) -> Path:
    """A TIFF of 8 × 8 px of one colour, half transparent; ``extra``: its ExtraSamples, where 1 is premultiplied."""
    colour = [one * 128 // 255 if extra[0] == 1 else one for one in (200, 100, 50)]
    pixel = [*colour, 128, *[0] * (len(extra) - 1)]
    kind, full = ("H", 257) if bits == 16 else ("B", 1)
    content = struct.pack(f"{mark}{64 * len(pixel)}{kind}", *[one * full for one in pixel * 64])
    depths_at = 8 + 2 + 10 * 12 + 4
    pixels_at = depths_at + 2 * len(pixel)
    head = [(256, "H", 8), (257, "H", 8), (258, "I", depths_at), (259, "H", 1), (262, "H", 2), (273, "I", pixels_at)]
    entries = [*head, (277, "H", len(pixel)), (278, "H", 8), (279, "I", len(content)), (338, "H", *extra)]
    data = (b"II" if mark == "<" else b"MM") + struct.pack(f"{mark}HIH", 42, 8, len(entries))
    for tag, size, *values in entries:
        count = len(pixel) if tag == 258 else len(values)
        data += struct.pack(f"{mark}HHI", tag, 3 if size == "H" or tag == 258 else 4, count)
        data += struct.pack(f"{mark}{len(values)}{size}", *values).ljust(4, b"\0")
    path.write_bytes(data + struct.pack(f"{mark}I{len(pixel)}H", 0, *[bits] * len(pixel)) + content)
    return path


@pytest.mark.parametrize("mark", ["<", ">"])
@pytest.mark.parametrize("extra", [(1,), (2,), (2, 0)])
@pytest.mark.parametrize("bits", [8, 16])
def test_a_tiff_says_whether_its_colours_are_multiplied_with_alpha(
    tmp_path: Path, bits: int, extra: tuple[int, ...], mark: str
) -> None:
    """Blender does not read it, and would make some too bright and others too dark."""
    path = tiff(tmp_path / "leaf.tif", bits, extra, mark)
    assert pixel(prepare(path, Kind.IMAGE, tmp_path / "out")) == pytest.approx([200, 100, 50, 128], abs=2)


@pytest.mark.parametrize("suffix", ["exr", "hdr"])
def test_linear_light_becomes_srgb(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"p.{suffix}"
    if suffix == "exr":
        light = bpy.data.images.new("light", 8, 4, float_buffer=True)
        light.pixels.foreach_set([0.5, 0.25, 2.0, 1.0] * 32)
        bpy.context.scene.render.image_settings.file_format = "OPEN_EXR"
        light.save_render(str(path), scene=bpy.context.scene)
    else:
        # By hand: Image.save() puts sRGB into files that hold linear light, Radiance's always and EXR of 4.2.
        path.write_bytes(b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 4 +X 8\n" + bytes((32, 16, 128, 130)) * 32)
    made = prepare(path, Kind.IMAGE, tmp_path / "out")
    assert check_image(made) == "image/png"
    assert pixel(made)[:3] == pytest.approx([188, 137, 255], abs=1)


def test_a_picture_with_too_many_pixels_is_scaled(tmp_path: Path) -> None:
    path = glbs.picture(tmp_path / "wide.bmp", MAX_EDGE_PX + 904, 250, "BMP")
    made = prepare(path, Kind.IMAGE, tmp_path / "out")
    assert size(made) == (MAX_EDGE_PX, 205)


def test_a_picture_with_too_many_bytes_is_packed_tighter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import random

    from triverse_addon.scene.child import preparer as module

    noise = bpy.data.images.new("noise", 256, 256)
    noise.pixels.foreach_set([random.Random(1).random() for _ in range(256)] * 1024)
    noise.file_format = "BMP"
    path = tmp_path / "noise.bmp"
    noise.save(filepath=str(path))
    plain = prepare(path, Kind.IMAGE, tmp_path / "plain")
    assert check_image(plain) == "image/png"
    monkeypatch.setattr(module, "MAX_IMAGE_BYTES", plain.stat().st_size - 1)
    tighter = prepare(path, Kind.IMAGE, tmp_path / "tighter")
    assert check_image(tighter) in ("image/webp", "image/jpeg")
    assert tighter.stat().st_size < plain.stat().st_size
    monkeypatch.setattr(module, "MAX_IMAGE_BYTES", 10)
    with pytest.raises(ConvertError, match="does not get smaller than 0 MB"):
        prepare(path, Kind.IMAGE, tmp_path / "never")


def test_a_png_larger_than_the_limit_is_taken_and_shrunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from triverse_addon.scene.child import preparer as module

    path = glbs.picture(tmp_path / "large.png", 600, 600)
    monkeypatch.setattr(module, "MAX_IMAGE_BYTES", path.stat().st_size - 1)
    assert preparer().takes(str(path), Kind.IMAGE)


def test_a_picture_that_blender_cannot_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "broken.exr"
    path.write_bytes(b"v/1\x01 and nothing more")
    with pytest.raises(ConvertError, match=r"cannot read this picture\. Save it as PNG, JPEG or WebP"):
        prepare(path, Kind.IMAGE, tmp_path / "out")
    assert not list((tmp_path / "out").glob("input*"))


def test_a_picture_that_blender_reads_as_black_is_not_sent(tmp_path: Path) -> None:
    """Zstandard is not in the TIFF library of Blender, which has an image of the right size up to 5.2, all black."""
    brown = bytes.fromhex("28b52ffd00604d000018c864320100eae486")
    path = plain_tiff(tmp_path / "height.tif", brown, samples=3, compression=50000)
    with pytest.raises(ConvertError, match=r"cannot read this picture\. Save it as PNG, JPEG or WebP"):
        prepare(path, Kind.IMAGE, tmp_path / "out")


def test_a_picture_that_blender_reads_as_a_negative_is_not_sent(tmp_path: Path) -> None:
    def scan(bits: int, black: int) -> Path:
        return plain_tiff(tmp_path / f"{bits}-{black}.tif", bytes(range(4 * bits)), bits=bits, kind=black)

    with pytest.raises(ConvertError, match=r"cannot read this picture\. Save it as PNG, JPEG or WebP"):
        prepare(scan(16, 0), Kind.IMAGE, tmp_path / "out")
    for bits, black in ((16, 1), (8, 0), (8, 1)):
        made = prepare(scan(bits, black), Kind.IMAGE, tmp_path / f"out-{bits}-{black}")
        assert check_image(made) == "image/png"


def test_a_black_shape_is_sent(tmp_path: Path) -> None:
    shape = bytes((0, 0, 0, 255)) + bytes(4 * 31)
    path = plain_tiff(tmp_path / "shape.tif", shape, samples=4)
    made = prepare(path, Kind.IMAGE, tmp_path / "out")
    assert (pixel(made, 8 * 3)[3], pixel(made)[3]) == (255, 0)  # Blender counts from the lowest row


# -----------------------------------------------------------------------------
# Objects


def test_chosen_objects_become_a_glb_as_they_stand(tmp_path: Path) -> None:
    ball = glbs.sphere("Ball", (5.0, 0.0, 0.0), material=glbs.textured())
    ball.scale = (1.0, 2.0, 3.0)
    bpy.context.view_layer.update()
    path, replaced = selection.write([ball], tmp_path / "own")
    made = prepare(path, Kind.MODEL, tmp_path / "out", own_dir=tmp_path / "own")
    assert check_model(made) == "model/gltf-binary"
    found = document(made)
    assert not found.get("images")
    assert not found.get("cameras")
    assert "TEXCOORD_0" in found["meshes"][0]["primitives"][0]["attributes"]
    triangles = sum(
        found["accessors"][primitive["indices"]]["count"] // 3 for primitive in found["meshes"][0]["primitives"]
    )
    assert triangles == glbs.SPHERE_TRIANGLES
    low, high = extent(made)
    # glTF's y is up: what is 3 high in Blender's z is so in glTF's y.
    assert high == pytest.approx([1.0, 3.0, 2.0], abs=0.1)
    assert low == pytest.approx([-1.0, -3.0, -2.0], abs=0.1)
    assert replaced.high == pytest.approx((high[0], -low[2], high[1]), abs=1e-5)
    assert not path.exists(), "it was written for this task alone"


def test_a_blend_of_the_users_is_not_removed(tmp_path: Path) -> None:
    ball = glbs.sphere("Ball")
    path = tmp_path / "mine.blend"
    bpy.data.libraries.write(str(path), {ball})
    prepare(path, Kind.MODEL, tmp_path / "out", own_dir=tmp_path / "own")
    assert path.exists()


def test_a_preparation_that_was_not_written_down_is_found_again(tmp_path: Path) -> None:
    path, _ = selection.write([glbs.sphere("Ball")], tmp_path / "own")
    made = prepare(path, Kind.MODEL, tmp_path / "out", own_dir=tmp_path / "own")
    assert prepare(path, Kind.MODEL, tmp_path / "out", own_dir=tmp_path / "own") == made


def test_objects_that_take_too_many_bytes_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from triverse_addon.scene.child import preparer as module

    monkeypatch.setattr(module, "MAX_MODEL_BYTES", 1024)
    path, _ = selection.write([glbs.sphere("Ball")], tmp_path / "own")
    with pytest.raises(ConvertError, match="more than 0 MB, which is the most"):
        prepare(path, Kind.MODEL, tmp_path / "out", own_dir=tmp_path / "own")
    assert path.exists(), "a retry needs it"
    assert not list((tmp_path / "out").glob("*.glb"))


def test_a_blend_without_faces_or_with_rubbish_is_told(tmp_path: Path) -> None:
    path = tmp_path / "empty.blend"
    bpy.data.libraries.write(str(path), {glbs.empty("Nothing")})
    with pytest.raises(ConvertError, match="have no faces"):
        prepare(path, Kind.MODEL, tmp_path / "out")
    path.write_bytes(b"rubbish")
    with pytest.raises(ConvertError, match="cannot prepare this file"):
        prepare(path, Kind.MODEL, tmp_path / "out")


def test_old_pictures_of_ours_are_removed_and_new_ones_kept(tmp_path: Path) -> None:
    import os

    own = tmp_path / "own"
    own.mkdir()
    old, new = painted(own / "old-01234567.tga", "TARGA"), painted(own / "new-89abcdef.tga", "TARGA")
    os.utime(old, (1.0, 1.0))
    prepare(new, Kind.IMAGE, tmp_path / "out", own_dir=own)
    assert not old.exists()
    assert new.exists()


# -----------------------------------------------------------------------------
# How the child may end


def test_a_crash_and_an_early_end_are_told_and_nothing_was_sent(tmp_path: Path) -> None:
    path = painted(tmp_path / "p.tga", "TARGA")
    crash = (sys.executable, "-c", "import os; os.kill(os.getpid(), 11)")
    with pytest.raises(ConvertError, match=r"crashed while it prepared this file \(SIGSEGV\)\. Nothing was sent"):
        prepare(path, Kind.IMAGE, tmp_path / "out", command=crash)
    with pytest.raises(ConvertError, match="exit code 7"):
        prepare(path, Kind.IMAGE, tmp_path / "out", command=(sys.executable, "-c", "print('oh'); raise SystemExit(7)"))
    assert (tmp_path / "out" / LOG).read_text().strip() == "oh"


def test_stopping_ends_it(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    path = painted(tmp_path / "p.tga", "TARGA")
    with pytest.raises(ConvertStopped):
        preparer()(path, Kind.IMAGE, tmp_path / "out", stop)


@pytest.mark.kind("foreign-tables")
@pytest.mark.parametrize("how", ["mesh", "cache"])
def test_a_blend_that_takes_from_another_file_is_not_sent(tmp_path: Path, how: str) -> None:
    """Of a table that was handed over: what it links to may be anything of this user's."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "table").mkdir()
    secret = glbs.sphere("Secret")
    bpy.data.libraries.write(str(tmp_path / "mine" / "marker.blend"), {secret})
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    if how == "cache":
        (tmp_path / "mine" / "marker.abc").touch()
        obj = glbs.sphere("Chair")
        bpy.ops.cachefile.open(filepath=str(tmp_path / "mine" / "marker.abc"))
        obj.modifiers.new("Cache", "MESH_SEQUENCE_CACHE").cache_file = bpy.data.cache_files[0]
    else:
        with bpy.data.libraries.load(str(tmp_path / "mine" / "marker.blend"), link=True) as (inside, wanted):
            wanted.meshes = inside.meshes
        obj = bpy.data.objects.new("Chair", wanted.meshes[0])
    path = tmp_path / "table" / "chair.blend"
    bpy.data.libraries.write(str(path), {obj, glbs.sphere("Own")}, path_remap="ABSOLUTE")
    with pytest.raises(ConvertError, match="another file"):
        prepare(path, Kind.MODEL, tmp_path / "out")
    assert not list((tmp_path / "out").glob("*.glb"))
