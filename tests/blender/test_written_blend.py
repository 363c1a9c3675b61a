# SPDX-License-Identifier: GPL-3.0-or-later
"""
What is in the files that are handed over: the model, in units of ours, and nothing of this machine.

One: ``python scripts/test.py tests/blender/test_written_blend.py``.
"""

from __future__ import annotations

import os
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import bpy
import pytest

from tests.blender import fresh, glbs
from tests.blender.test_library import write
from tests.glb_files import animated_glb
from triverse_addon.batch.library.asset_writer import Tile
from triverse_addon.cli.blender_host import BlenderHost
from triverse_addon.cli.output_file import SaveError
from triverse_addon.scene.child.command import child_command
from triverse_addon.scene.child.library_writer import ChildAssetWriter
from triverse_addon.scene.importing.append import append_model
from triverse_addon.scene.worker import blend_file, path_fields
from triverse_addon.tasks.record.processing import Processing

pytestmark = pytest.mark.usefixtures("fresh_file")

#: Codes of blocks in a .blend that are no data-blocks: what was written, by which program, and its types.
NO_DATA_BLOCKS = {"DATA", "GLOB", "REND", "TEST", "DNA1", "ENDB"}
#: The workspaces of Blender, which cannot be left out where only a whole file keeps the previews of its collections.
WINDOWS = {"WM", "WS", "SN"} if bpy.app.version[:2] in ((4, 3), (4, 4), (5, 0)) else set()
MODEL = {"SC": 1, "GR": 1, "OB": 1, "ME": 1, "MA": 1, "IM": 3}
#: A folder as a user may have it; parts of it are looked for in every file.
USER = "Ms-Ursula-Example"


def blocks(path: Path) -> dict[str, int]:
    """
    How many data-blocks of each type a .blend holds, those included that Blender does not list (``WM``, ``SR``).

    An uncompressed file's header is ``BLENDER-v402`` up to 4.5 and ``BLENDER17-01v0500`` from 5.0 on; then come blocks:
    code, length, address, index of the type, count.
    """
    data = path.read_bytes()
    assert data.startswith(b"BLENDER"), "not compressed"
    is_new = data[7:9].isdigit()
    at, header = (int(data[7:9]), "<4siQqq") if is_new else (12, "<4siQii")
    found: Counter[str] = Counter()
    while True:
        code, second, _, fourth, _ = struct.unpack_from(header, data, at)
        name = code.rstrip(b"\0").decode()
        found[name] += 1
        if name == "ENDB":
            return {name: count for name, count in found.items() if name not in NO_DATA_BLOCKS | WINDOWS}
        at += struct.calcsize(header) + (fourth if is_new else second)


def traces(folder: Path) -> dict[str, list[str]]:
    """What of this user's folders is in which file."""
    words = [USER, "/.convert-", str(Path.home()) + "/", os.path.expanduser("~"), "/tmp/"]
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix not in (".log", ".json"):
            data = path.read_bytes()
            named = [word for word in words if word.encode() in data or word.encode("utf-16-le") in data]
            if named:
                found[path.name] = named
    return found


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChildAssetWriter]:
    writer = ChildAssetWriter(child_command("library_worker"), tmp_path_factory.mktemp("work"))
    yield writer
    writer.close()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with the user's name in it."""
    folder = tmp_path / USER
    folder.mkdir()
    return folder


@pytest.fixture
def glb(place: Path) -> Path:
    return glbs.export(place / "m.glb", lambda: glbs.sphere("geometry_0", material=glbs.textured()))


# -----------------------------------------------------------------------------
# The model and nothing else


@pytest.mark.kind("foreign-world")
def test_a_conversion_holds_the_model_and_nothing_else(place: Path, glb: Path) -> None:
    """Once with a picture of the service, once with one that is drawn: in a scene of its own, with camera and light."""
    preview = glbs.picture(place / "preview.png", 64, 64)
    for number, picture in enumerate((preview, None)):
        converted = glbs.convert(glb, place / str(number), preview=picture)
        assert converted.thumbnail_path is not None
        assert blocks(converted.blend_path) == MODEL


@pytest.mark.kind("foreign-world")
def test_an_asset_holds_the_model_and_nothing_else(writer: ChildAssetWriter, place: Path, glb: Path) -> None:
    asset = write(writer, place / "library", glb, Processing(exports=("glb", "fbx", "usd", "obj")))
    assert blocks(place / "library" / asset.files["blend"]) == MODEL
    asset = write(writer, place / "library", glb, Processing(lods=1, hull=True))
    assert blocks(place / "library" / asset.files["blend"]) == MODEL | {"GR": 2, "OB": 3, "ME": 3}


@pytest.mark.kind("foreign-world")
def test_a_file_of_the_command_holds_the_models_and_nothing_else(place: Path, glb: Path) -> None:
    converted = glbs.convert_kept(glb, place / "converted")
    host = BlenderHost("triverse")
    bpy.ops.wm.read_factory_settings()  # with a cube, a camera, a light and a world
    host.begin_blend()
    append_model(converted.blend_path, bpy.context.scene)
    host.save_blend(place / "out.blend")
    assert blocks(place / "out.blend") == MODEL
    assert not traces(place / "out.blend")


def test_models_that_move_stand_side_by_side_in_a_file_of_the_command(place: Path) -> None:
    """Their animation overwrites what is set to their own transform."""
    converted = glbs.convert(animated_glb(place / "m.glb"), place / "converted")
    host = BlenderHost("triverse")
    host.begin_blend()
    for _ in range(2):
        host._place_next_to_previous(append_model(converted.blend_path, bpy.context.scene))
    host.save_blend(place / "out.blend")
    bpy.ops.wm.open_mainfile(filepath=str(place / "out.blend"))
    bpy.context.scene.frame_set(10)
    left, right = sorted((obj for obj in bpy.data.objects if obj.type == "MESH"), key=lambda obj: obj.name)
    assert right.matrix_world.translation.x - left.matrix_world.translation.x == pytest.approx(1.5, abs=0.01)


@pytest.mark.kind("foreign-world")
def test_a_file_that_was_open_before_the_command_stays_the_users(place: Path, glb: Path) -> None:
    converted = glbs.convert_kept(glb, place / "converted")
    bpy.ops.wm.read_factory_settings()
    bpy.ops.wm.save_as_mainfile(filepath=str(place / "room.blend"))
    host = BlenderHost("triverse")
    host.begin_blend()
    append_model(converted.blend_path, bpy.context.scene)
    host.save_blend(place / "room.blend")
    bpy.ops.wm.open_mainfile(filepath=str(place / "room.blend"))
    assert {"Cube", "Camera", "Light", "A blue vase"} <= {obj.name for obj in bpy.data.objects}
    assert bpy.data.worlds


@pytest.mark.parametrize("is_open", [False, True])
def test_a_file_of_the_command_that_cannot_be_written_says_why(place: Path, is_open: bool) -> None:
    fresh.empty_file()
    if is_open:
        bpy.ops.wm.save_as_mainfile(filepath=str(place / "room.blend"))
    host = BlenderHost("triverse")
    assert host.is_open(place / "room.blend") is is_open
    host.begin_blend()
    with pytest.raises(SaveError, match=r"The file .*out\.blend cannot be written \(.*\)\."):
        host.save_blend(place / "nowhere" / "out.blend")
    assert not (place / "nowhere").exists()


@pytest.mark.kind("foreign-world")
def test_a_file_opens_with_its_model_in_a_scene_of_metres(place: Path, glb: Path) -> None:
    converted = glbs.convert(glb, place / "converted")
    bpy.ops.wm.open_mainfile(filepath=str(converted.blend_path))
    scene = bpy.context.scene
    assert [scene.name, [child.name for child in scene.collection.children]] == ["Scene", ["A blue vase"]]
    assert [obj.name for obj in bpy.context.view_layer.objects] == ["A blue vase"]
    units = scene.unit_settings
    assert (units.system, units.scale_length, units.length_unit) == ("METRIC", 1.0, "METERS")
    assert (scene.render.fps, scene.render.fps_base) == (24, 1.0)
    assert scene.world is None
    assert scene.camera is None
    assert bpy.data.collections["A blue vase"].asset_data is not None
    assert [*bpy.data.collections["A blue vase"].preview.image_size] == [256, 256]


# -----------------------------------------------------------------------------
# Nothing of this machine


@pytest.mark.kind("render-path")
def test_no_path_of_this_machine_is_in_a_conversion(place: Path, glb: Path) -> None:
    glbs.convert(glb, place / "converted")
    assert traces(place / "converted") == {}


@pytest.mark.kind("render-path")
def test_no_path_of_this_machine_is_in_a_library(writer: ChildAssetWriter, place: Path, glb: Path) -> None:
    library = place / "library"
    asset = write(writer, library, glb, Processing(lods=1, hull=True, exports=("glb", "fbx", "usd", "obj")))
    writer.draw_sheets(library, [Tile(library / asset.files["thumbnail"], ("Vase", ""))], threading.Event())
    assert traces(library) == {}


@pytest.mark.kind("render-path")
def test_nothing_of_the_memory_is_behind_a_path(place: Path) -> None:
    """What a copy of a packed image holds behind its path is what was in memory: here what was freed just before."""
    images = []
    for number in range(30):
        image = bpy.data.images.new(f"Picture {number}", 8, 8)
        image.pack()
        images.append(image)
        image.filepath_raw = f"//{'longer' * 20}.png"
        image.filepath_raw = "//a.png"
    scene = blend_file.begin()
    for image in images:
        scene[image.name] = image
    freed = [f"/home/{USER}/some/folder/{number}/" * 30 for number in range(20_000)]
    del freed
    blend_file.write(place / "pictures.blend", scene)
    assert traces(place) == {}
    assert b"longer" not in (place / "pictures.blend").read_bytes()
    with bpy.data.libraries.load(str(place / "pictures.blend")) as (inside, wanted):
        wanted.images = inside.images
    assert {image.filepath_raw for image in wanted.images} == {"//a.png"}
    assert [tuple(image.size) for image in wanted.images] == [(8, 8)] * 30


def test_a_file_of_a_layout_that_is_not_known_stays_as_it_is(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for content in (b"no .blend at all", b"BLENDER-v405", b"BLENDER17-01v0500DATA"):
        (place / "a.blend").write_bytes(content)
        with pytest.raises(ValueError, match="blend file"):
            path_fields.clear_path_ends(place / "a.blend")
        assert (place / "a.blend").read_bytes() == content
    refusal = ValueError("no .blend file of a known layout")
    monkeypatch.setattr(blend_file, "clear_path_ends", lambda path: (_ for _ in ()).throw(refusal))
    blend_file.write(place / "b.blend", blend_file.begin())
    assert blocks(place / "b.blend") == {"SC": 1}


@pytest.mark.kind("render-path")
def test_a_name_in_the_delivered_file_that_looks_like_a_path_loses_its_folders(place: Path) -> None:
    """Pictures are named by the service; a maker's own path would be passed on with them."""

    def build() -> None:
        glbs.sphere("geometry_0", material=glbs.textured())
        for image in bpy.data.images:
            image.filepath_raw = f"/home/{USER}/pictures/{image.name}.png"

    glb = glbs.export(place / "m.glb", build)
    converted = glbs.convert_kept(glb, place / "converted")
    bpy.ops.wm.open_mainfile(filepath=str(converted.blend_path))
    paths = [image.filepath for image in bpy.data.images]
    paths += [packed.filepath for image in bpy.data.images for packed in image.packed_files]
    assert not [path for path in paths if path.removeprefix("//").count("/")]
