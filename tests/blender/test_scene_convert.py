# SPDX-License-Identifier: GPL-3.0-or-later
"""
What the child Blender makes of models.

In a child that is started for it where a preview is drawn or left out, where a child's own files are looked at, and for
a usual model; all else in one that is kept.
"""

from __future__ import annotations

from pathlib import Path

import bpy
import pytest

from tests.blender import fresh, glbs
from triverse_addon.scene.importing.append import append_model
from triverse_addon.tasks.converter import Converted

pytestmark = pytest.mark.usefixtures("fresh_file")


def appended(converted: Converted) -> bpy.types.Collection:
    """What of a conversion arrives in a fresh file."""
    fresh.empty_file()
    collection = append_model(converted.blend_path, bpy.context.scene)
    bpy.context.view_layer.update()
    return collection


def triangles(objects) -> int:
    """Triangles as Blender itself counts them."""
    total = 0
    for obj in objects:
        if obj.type == "MESH":
            obj.data.calc_loop_triangles()
            total += len(obj.data.loop_triangles)
    return total


# -----------------------------------------------------------------------------
# What a file may hold


def test_one_textured_mesh_arrives_with_its_textures_and_triangles(tmp_path: Path) -> None:
    glb = glbs.export(tmp_path / "m.glb", lambda: glbs.sphere("geometry_0", material=glbs.textured()))
    converted = glbs.convert(glb, tmp_path / "out")
    assert (converted.objects, converted.triangles) == (1, glbs.SPHERE_TRIANGLES)
    collection = appended(converted)
    (obj,) = collection.objects
    assert obj.name == obj.data.name == collection.name == "A blue vase"
    assert triangles(collection.objects) == glbs.SPHERE_TRIANGLES
    (material,) = obj.data.materials
    images = [node.image for node in material.node_tree.nodes if node.type == "TEX_IMAGE"]
    assert len(images) >= 3
    assert all(image.packed_file and tuple(image.size) == (64, 64) and image.has_data for image in images)
    assert len(obj.data.uv_layers) == 1


def test_twenty_meshes_stay_under_the_empty_that_groups_them(tmp_path: Path) -> None:
    def build() -> None:
        top = glbs.empty("top", (1, 0, 0))
        for number in range(20):
            glbs.sphere(f"part {number}", (number, 2, 3), top)

    converted = glbs.convert_kept(glbs.export(tmp_path / "m.glb", build), tmp_path / "out")
    assert (converted.objects, converted.triangles) == (21, 20 * glbs.SPHERE_TRIANGLES)
    collection = appended(converted)
    places = {tuple(round(x, 4) for x in obj.matrix_world.translation) for obj in collection.objects if obj.data}
    assert places == {(1.0 + number, 2.0, 3.0) for number in range(20)}
    assert [obj.name for obj in collection.objects if obj.parent is None] == ["top"]


def test_a_file_of_empties_alone_arrives(tmp_path: Path) -> None:
    def build() -> None:
        glbs.empty("tip", (0, 0, 1), glbs.empty("base", (3, 0, 0)))

    converted = glbs.convert_kept(glbs.export(tmp_path / "m.glb", build), tmp_path / "out")
    assert (converted.objects, converted.triangles) == (2, 0)
    assert {obj.name for obj in appended(converted).objects} == {"base", "tip"}


def two_scenes(path: Path) -> Path:
    """A file whose default scene holds one sphere and whose other scene holds two."""

    def build() -> None:
        other = bpy.data.scenes.new("Other")
        shown = bpy.context.scene
        bpy.context.window.scene = other
        glbs.sphere("second", (5, 0, 0))
        glbs.sphere("third", (9, 0, 40))
        bpy.context.window.scene = shown
        glbs.sphere("first")

    return glbs.export(path, build)


@pytest.mark.kind("landing-scene")
def test_only_the_default_scene_of_a_file_is_shown(tmp_path: Path) -> None:
    converted = glbs.convert_kept(two_scenes(tmp_path / "m.glb"), tmp_path / "out")
    assert (converted.objects, converted.triangles) == (1, glbs.SPHERE_TRIANGLES)
    collection = appended(converted)
    assert {obj.name for obj in collection.objects} == {"A blue vase"}, "a model of one object is named after it"
    assert [child.name for child in collection.children] == ["A blue vase other scenes"]
    assert {obj.name for obj in collection.all_objects} == {"A blue vase", "second", "third"}
    assert len(bpy.data.scenes) == 1
    assert [obj.name for obj in bpy.context.view_layer.objects] == ["A blue vase"]


def test_wrappers_go_and_world_matrices_stay(tmp_path: Path) -> None:
    def build() -> None:
        world = glbs.empty("world")
        world.rotation_euler = (0.3, 0.2, 1.0)
        world.scale = (2, 2, 2)
        node = glbs.empty("RootNode", parent=world)
        mesh = glbs.sphere("geometry_0", (1, 2, 3), node)
        mesh.rotation_euler = (0, 0.5, 0)
        pivot = glbs.empty("pivot", (4, 0, 0))
        glbs.sphere("lid", (0, 0, 1), pivot)
        bpy.context.view_layer.update()
        before.update({obj.name: obj.matrix_world.copy() for obj in bpy.data.objects})

    before: dict = {}
    collection = appended(glbs.convert_kept(glbs.export(tmp_path / "m.glb", build), tmp_path / "out"))
    assert {obj.name for obj in collection.objects} == {"geometry_0", "pivot", "lid"}
    for obj in collection.objects:
        difference = obj.matrix_world - before[obj.name]
        assert max(abs(x) for row in difference for x in row) < 1e-4, obj.name


@pytest.mark.parametrize("why", ["sheared", "with a note", "animated"])
def test_a_wrapper_with_a_meaning_stays(tmp_path: Path, why: str) -> None:
    def build() -> None:
        world = glbs.empty("world")
        mesh = glbs.sphere("geometry_0", (1, 0, 0), world)
        mesh.rotation_euler = (0, 0.5, 0)
        if why == "sheared":
            world.scale = (1, 1, 3)
        elif why == "with a note":
            world["note"] = "keep"
        else:
            world.keyframe_insert("location", frame=1)
            world.location.x = 1
            world.keyframe_insert("location", frame=20)
            world.location.x = 0

    collection = appended(glbs.convert_kept(glbs.export(tmp_path / "m.glb", build), tmp_path / "out"))
    assert {obj.name for obj in collection.objects} == {"world", "geometry_0"}


def test_the_collection_is_an_asset_that_says_where_it_comes_from(tmp_path: Path) -> None:
    glb = glbs.export(tmp_path / "m.glb", lambda: glbs.sphere("geometry_0"))
    preview = glbs.picture(tmp_path / "preview.png", 640, 320)
    converted = glbs.convert(glb, tmp_path / "out", preview=preview)
    collection = appended(converted)
    assert dict(collection.items()) == glbs.PROPERTIES
    assert collection.asset_data.author == "Triverse"
    assert collection.asset_data.description == "a blue vase"
    assert sorted(tag.name for tag in collection.asset_data.tags) == ["text-to-model", "vase"]
    assert tuple(collection.preview.image_size) == (256, 128)
    pixels = list(collection.preview.image_pixels_float)
    assert max(pixels) > 0.9
    assert len({round(value, 1) for value in pixels}) > 3
    assert converted.thumbnail_path is not None
    thumbnail = bpy.data.images.load(str(converted.thumbnail_path))
    assert tuple(thumbnail.size) == (256, 128)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_a_preview_of_another_format_is_taken_too(tmp_path: Path, kind: str) -> None:
    glb = glbs.export(tmp_path / "m.glb", lambda: glbs.sphere("geometry_0"))
    preview = glbs.picture(tmp_path / "preview.png", 320, 640, kind)
    converted = glbs.convert_kept(glb, tmp_path / "out", preview=preview)
    assert converted.thumbnail_path is not None
    assert tuple(appended(converted).preview.image_size) == (128, 256)


REST = pytest.mark.rest


@pytest.mark.parametrize(
    "broken", [pytest.param("missing", marks=REST), pytest.param("text", marks=REST), "cut", "enormous"]
)
def test_for_a_broken_preview_the_model_is_drawn(tmp_path: Path, broken: str) -> None:
    glb = glbs.export(tmp_path / "m.glb", lambda: glbs.sphere("geometry_0"))
    preview = tmp_path / "preview.png"
    if broken == "text":
        preview.write_text("<html>")
    elif broken == "cut":
        preview.write_bytes(glbs.picture(preview, 64, 64).read_bytes()[:60])
    elif broken == "enormous":
        data = bytearray(glbs.picture(preview, 64, 64).read_bytes())
        data[16:24] = (60_000).to_bytes(4, "big") * 2
        preview.write_bytes(data)
    converted = glbs.convert(glb, tmp_path / "out", preview=preview)
    assert preview.exists() is (broken != "missing")
    assert_shows_a_sphere(converted)


def assert_shows_a_sphere(converted: Converted) -> None:
    """In the thumbnail and in the asset's preview: something in the middle, nothing in the corners."""
    assert converted.objects == 1
    collection = appended(converted)
    assert tuple(collection.preview.image_size) == (256, 256)
    assert converted.thumbnail_path is not None
    thumbnail = bpy.data.images.load(str(converted.thumbnail_path))
    assert tuple(thumbnail.size) == (256, 256)
    for pixels in (list(thumbnail.pixels), list(collection.preview.image_pixels_float)):
        alpha = pixels[3::4]
        assert alpha[128 * 256 + 128] == 1
        assert alpha[0] == alpha[-1] == 0
        assert max(pixels[4 * (128 * 256 + 128) :][:3]) > 0.2
    assert {obj.type for obj in collection.objects} == {"MESH"}, "neither camera nor light of the rendered preview"


def test_without_a_preview_the_model_is_drawn(tmp_path: Path) -> None:
    glb = glbs.export(tmp_path / "m.glb", lambda: glbs.sphere("geometry_0", (40, 0, 0)))
    assert_shows_a_sphere(glbs.convert(glb, tmp_path / "out"))


def test_a_model_without_a_surface_has_no_thumbnail(tmp_path: Path) -> None:
    glb = glbs.export(tmp_path / "m.glb", lambda: glbs.empty("alone"))
    assert glbs.convert(glb, tmp_path / "out").thumbnail_path is None


def test_a_name_of_any_kind_is_fit_for_blender(tmp_path: Path) -> None:
    glb = glbs.export(tmp_path / "m.glb", lambda: glbs.sphere("geometry_0"))
    converted = glbs.convert_kept(glb, tmp_path / "out", name="  Vase\n\x07\tmit Ümläüten " + "花瓶" * 40)
    assert converted.collection_name.startswith("Vase mit Ümläüten 花瓶")
    assert len(converted.collection_name.encode()) <= 58


def test_a_second_conversion_replaces_the_first_and_leaves_nothing_else(tmp_path: Path) -> None:
    glb = glbs.export(tmp_path / "m.glb", lambda: glbs.sphere("geometry_0"))
    preview = glbs.picture(tmp_path / "preview.png", 64, 64)
    out = tmp_path / "out"
    (out / ".convert-0123abcd" / "x").mkdir(parents=True)
    (out / ".model.99.blend").write_text("a conversion that was killed")
    for _ in range(2):
        converted = glbs.convert(glb, out, preview=preview)
    assert sorted(path.name for path in out.iterdir()) == ["convert.log", "model.blend", "thumbnail.png"]
    assert converted.blend_path.read_bytes()[:7] == b"BLENDER", "the .blend must not be compressed"
    assert len(appended(converted).objects) == 1
