# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing a converted model, or a GLB, into a scene that somebody is working in."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import bpy
import pytest

from tests.blender import fresh, glbs, test_library_whole
from tests.corpus.builder import Glb
from triverse_addon.scene.host.errors import SceneError
from triverse_addon.scene.importing.append import append_model
from triverse_addon.scene.importing.in_process import import_model
from triverse_addon.scene.importing.placement import FitBox, TargetTransform, box_of
from triverse_addon.tasks.converter import Converted

MODES = ["OBJECT", "EDIT", "SCULPT", "VERTEX_PAINT", "WEIGHT_PAINT", "TEXTURE_PAINT", "POSE"]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def glb(folder: Path) -> Path:
    """Two spheres, 4 by 2 by 2 together, that stand with their middle in the origin, one of them with textures."""

    def build() -> None:
        glbs.sphere("left", (-1, 0, 0), material=glbs.textured())
        glbs.sphere("right", (1, 0, 0))

    return glbs.export(folder / "model.glb", build)


@pytest.fixture(scope="session")
def preview(folder: Path) -> Path:
    return glbs.picture(folder / "preview.png", 300, 300)


@pytest.fixture(scope="session")
def converted(folder: Path, glb: Path, preview: Path) -> Converted:
    return glbs.convert_kept(glb, folder, preview=preview)


@pytest.fixture(params=["append", "in place"])
def bring(request: pytest.FixtureRequest, converted: Converted, glb: Path, preview: Path) -> Callable:
    """Both ways into a scene; their results are the same."""
    fresh.empty_file()

    def appended(
        scene: bpy.types.Scene | None = None, target: TargetTransform | None = None, name: str = "A blue vase"
    ):
        return append_model(converted.blend_path, scene or bpy.context.scene, name=name, target=target)

    def in_place(
        scene: bpy.types.Scene | None = None, target: TargetTransform | None = None, name: str = "A blue vase"
    ):
        return import_model(
            glb,
            scene or bpy.context.scene,
            name=name,
            preview_path=preview,
            properties=glbs.PROPERTIES,
            tags=("text-to-model", "vase"),
            target=target,
        )

    return appended if request.param == "append" else in_place


def extent(collection: bpy.types.Collection) -> tuple[list[float], list[float]]:
    """Lowest and highest corner, from every vertex as the depsgraph places it."""
    bpy.context.view_layer.update()
    points = [obj.matrix_world @ vertex.co for obj in collection.objects if obj.data for vertex in obj.data.vertices]
    return ([round(min(axis), 3) for axis in zip(*points, strict=True)],
            [round(max(axis), 3) for axis in zip(*points, strict=True)])  # fmt: skip


def in_mode(mode: str) -> bpy.types.Object:
    """Somebody at work: one object active and in ``mode``, another selected, a third not."""
    other, third = glbs.sphere("selected too"), glbs.sphere("not selected")
    if mode == "POSE":
        mine = bpy.data.objects.new("mine", bpy.data.armatures.new("mine"))
        bpy.context.scene.collection.objects.link(mine)
    else:
        mine = glbs.sphere("mine", material=glbs.textured())
    bpy.context.view_layer.objects.active = mine
    mine.select_set(True)
    other.select_set(True)
    third.select_set(False)
    bpy.ops.object.mode_set(mode=mode)
    other.select_set(True)
    assert mine.mode == mode
    return mine


# -----------------------------------------------------------------------------
# The user's work stays as it is


@pytest.mark.parametrize("mode", MODES)
def test_mode_selection_and_active_object_stay(bring: Callable, mode: str) -> None:
    mine = in_mode(mode)
    selected = {obj.name for obj in bpy.context.selected_objects}
    collection = bring()
    assert (bpy.context.view_layer.objects.active, mine.mode) == (mine, mode)
    assert {obj.name for obj in bpy.context.selected_objects} == selected
    assert len(collection.objects) == 2
    assert extent(collection) == ([-2, -1, -1], [2, 1, 1])


def test_all_objects_that_were_edited_together_still_are(bring: Callable) -> None:
    pair = [glbs.sphere("a"), glbs.sphere("b")]
    for obj in pair:
        obj.select_set(True)
    bpy.context.view_layer.objects.active = pair[0]
    bpy.ops.object.mode_set(mode="EDIT")
    bring()
    assert set(bpy.context.objects_in_mode) == set(pair)


def test_edits_in_progress_are_not_lost(bring: Callable) -> None:
    import bmesh

    mine = in_mode("EDIT")
    shape = bmesh.from_edit_mesh(mine.data)
    bmesh.ops.translate(shape, verts=shape.verts, vec=(7, 0, 0))
    bmesh.update_edit_mesh(mine.data)
    bring()
    assert min(vertex.co.x for vertex in bmesh.from_edit_mesh(mine.data).verts) > 5
    bpy.ops.object.mode_set(mode="OBJECT")
    assert min(vertex.co.x for vertex in mine.data.vertices) > 5


def test_a_scene_that_is_not_shown_gets_its_model_and_stays_not_shown(bring: Callable) -> None:
    shown = bpy.context.scene
    asked = bpy.data.scenes.new("asked")
    collection = bring(asked)
    assert bpy.context.window.scene == shown
    assert list(asked.collection.children) == [collection]
    assert not shown.collection.all_objects
    assert set(bpy.data.scenes) == {shown, asked}


def test_nothing_else_arrives(bring: Callable) -> None:
    kinds = ("scenes", "worlds", "cameras", "lights", "collections", "objects", "meshes", "materials", "libraries")
    before = {kind: len(getattr(bpy.data, kind)) for kind in kinds}
    bring()
    added = {kind: len(getattr(bpy.data, kind)) - count for kind, count in before.items()}
    wanted = {"collections": 1, "objects": 2, "meshes": 2, "materials": 1}
    assert added == {kind: wanted.get(kind, 0) for kind in kinds}
    assert not [image for image in bpy.data.images if "preview" in image.name]


# -----------------------------------------------------------------------------
# What arrives


def test_it_is_an_asset_with_preview_and_provenance(bring: Callable) -> None:
    collection = bring()
    assert dict(collection.items()) == glbs.PROPERTIES
    assert sorted(tag.name for tag in collection.asset_data.tags) == ["text-to-model", "vase"]
    assert collection.asset_data.description == "a blue vase"
    assert tuple(collection.preview.image_size) == (256, 256)
    images = [image for image in bpy.data.images if image.source == "FILE"]
    assert len(images) >= 3
    assert all(image.packed_file for image in images)


def test_a_second_time_makes_a_copy_of_its_own(bring: Callable) -> None:
    first, second = bring(), bring()
    assert (first.name, second.name) == ("A blue vase", "A blue vase.001")
    meshes = [{obj.data for obj in collection.objects} for collection in (first, second)]
    assert not meshes[0] & meshes[1]
    materials = [{m for mesh in kind for m in mesh.materials} for kind in meshes]
    assert materials[0]
    assert not materials[0] & materials[1]


def test_it_survives_saving_without_the_files_it_came_from(bring: Callable, tmp_path: Path) -> None:
    bring(name="Renamed")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "mine.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "mine.blend"))
    assert len(bpy.data.collections["Renamed"].objects) == 2
    assert not bpy.data.libraries
    # Each of these would be the path of a file that the user may delete.
    assert all(image.packed_file for image in bpy.data.images if image.source == "FILE")


# -----------------------------------------------------------------------------
# Where it stands


@pytest.mark.parametrize(
    ("target", "low", "high"),
    [
        (None, [-2, -1, -1], [2, 1, 1]),
        (TargetTransform(), [-2, -1, -1], [2, 1, 1]),
        (TargetTransform((10, 20, 30)), [8, 19, 29], [12, 21, 31]),
        (TargetTransform((10, 20, 30), on_ground=True), [8, 19, 30], [12, 21, 32]),
        (TargetTransform((10, 20, 30), height=1.0), [9, 19.5, 29.5], [11, 20.5, 30.5]),
        (TargetTransform((10, 20, 30), height=1.0, on_ground=True), [9, 19.5, 30], [11, 20.5, 31]),
        (TargetTransform(box=FitBox((0, 0, 0), (8, 8, 8))), [-4, -2, -4], [4, 2, 0]),
        (TargetTransform(box=FitBox((5, 5, 5), (2, 100, 100))), [4, 4.5, -45], [6, 5.5, -44]),
        (TargetTransform(box=FitBox((0, 0, 0), (4, 4, 0))), [-2, -1, 0], [2, 1, 2]),
        (
            TargetTransform(box=FitBox((0, 0, 0), (4, 2, 2), (math.cos(math.pi / 4), 0, 0, math.sin(math.pi / 4)))),
            [-1, -2, -1],
            [1, 2, 1],
        ),
    ],
)
def test_it_stands_where_it_should(
    bring: Callable, target: TargetTransform | None, low: list[float], high: list[float]
) -> None:
    collection = bring(target=target)
    assert extent(collection) == (low, high)
    assert len(collection.objects) == 2, "no wrapper is added"


def test_a_turned_and_nested_model_stands_on_its_lowest_vertex(tmp_path: Path) -> None:
    def build() -> None:
        group = glbs.empty("group", (3, 0, 5))
        group.rotation_euler = (0.4, 0.3, 0.2)
        ball = glbs.sphere("ball", (1, 0, 0), group)
        ball.rotation_euler = (0.7, 0, 0)
        ball.scale = (1, 3, 1)
        glbs.sphere("small", (0, 2, 0), group).scale = (0.2, 0.2, 0.2)

    converted = glbs.convert_kept(glbs.export(tmp_path / "m.glb", build), tmp_path)
    scene = bpy.context.scene
    collection = append_model(
        converted.blend_path, scene, target=TargetTransform((0, 0, 2), height=4.0, on_ground=True)
    )
    low, high = extent(collection)
    assert low[2] == pytest.approx(2, abs=0.01)
    assert high[2] == pytest.approx(6, abs=0.01)


@pytest.mark.parametrize("build", [test_library_whole.posed, test_library_whole.shaped])
@pytest.mark.parametrize(
    "target",
    [
        TargetTransform(height=2.0, on_ground=True),
        TargetTransform(box=FitBox((0, 0, 1), (99, 99, 2))),
        TargetTransform(box=FitBox((0, 0, 1), (99, 99, 2), (math.cos(0.3), 0, 0, math.sin(0.3)))),
    ],
)
def test_the_size_is_that_of_the_shape_that_is_shown(
    build: Callable[[Glb], None], target: TargetTransform, tmp_path: Path
) -> None:
    """Bones and shape keys make of the mesh what is seen, and nothing is evaluated yet when it comes in."""
    glb = Glb()
    build(glb)
    (tmp_path / "m.glb").write_bytes(glb.packed())
    converted = glbs.convert_kept(tmp_path / "m.glb", tmp_path)
    scenes = list(bpy.data.scenes)
    collection = append_model(converted.blend_path, bpy.context.scene, target=target)
    low, high = test_library_whole.extent(collection)
    assert (low.z, high.z) == pytest.approx((0.0, 2.0), abs=0.001)
    assert list(bpy.data.scenes) == scenes


def test_an_animated_model_keeps_its_animation_and_its_place(tmp_path: Path) -> None:
    def build() -> None:
        ball = glbs.sphere("ball")
        for frame, x in ((1, 0.0), (25, 2.0)):
            ball.location.x = x
            ball.keyframe_insert("location", frame=frame)

    converted = glbs.convert_kept(glbs.export(tmp_path / "m.glb", build), tmp_path)
    scene = bpy.context.scene
    collection = append_model(converted.blend_path, scene, target=TargetTransform((10, 0, 0)))
    ball = next(obj for obj in collection.objects if obj.type == "MESH")
    scene.frame_set(0)
    start_x = ball.matrix_world.translation.x
    scene.frame_set(200)
    assert start_x == pytest.approx(10, abs=0.2)
    assert ball.matrix_world.translation.x == pytest.approx(12, abs=1e-3)


def test_the_box_of_an_object_is_along_its_own_axes() -> None:
    fresh.empty_file()
    ball = glbs.sphere("ball", (1, 2, 3))
    ball.scale = (1, 2, 3)
    ball.rotation_euler = (0, 0, 1)
    mark = glbs.empty("mark", (4, 5, 6))
    mark.empty_display_size = 0.5
    bpy.context.view_layer.update()
    box = box_of(ball)
    assert box.centre == pytest.approx((1, 2, 3))
    assert box.size == pytest.approx((2, 4, 6), abs=1e-5)
    assert box.rotation == pytest.approx(tuple(ball.rotation_euler.to_quaternion()))
    assert box_of(mark).centre == pytest.approx((4, 5, 6))
    assert box_of(mark).size == pytest.approx((1, 1, 1))


# -----------------------------------------------------------------------------
# What cannot be brought in


@pytest.mark.parametrize("fault", ["missing", "text", "cut", "no collection"])
def test_a_blend_that_cannot_be_used_is_told_and_changes_nothing(
    converted: Converted, tmp_path: Path, fault: str
) -> None:
    fresh.empty_file()
    path = tmp_path / "broken.blend"
    if fault == "text":
        path.write_text("hello" * 100)
    elif fault == "cut":
        data = converted.blend_path.read_bytes()
        path.write_bytes(data[: len(data) // 2])
    elif fault == "no collection":
        bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True)
    with pytest.raises(SceneError, match=r"converted model .*broken\.blend\.$"):
        append_model(path, bpy.context.scene)
    assert not bpy.data.libraries
    assert not bpy.data.collections
    assert not bpy.data.objects


def test_a_glb_that_cannot_be_used_in_place_is_told_and_changes_nothing(tmp_path: Path) -> None:
    fresh.empty_file()
    mine = in_mode("EDIT")
    objects = set(bpy.data.objects)
    path = tmp_path / "m.glb"
    path.write_bytes(b"glTF\x02\0\0\0" + b"\0" * 40)
    with pytest.raises(SceneError, match="importer cannot read this model"):
        import_model(path, bpy.context.scene, name="x")
    assert set(bpy.data.objects) == objects
    assert mine.mode == "EDIT"


def test_a_linked_scene_is_left_alone(converted: Converted, glb: Path, tmp_path: Path) -> None:
    fresh.empty_file()
    bpy.context.scene.name = "Theirs"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "theirs.blend"))
    fresh.empty_file()
    with bpy.data.libraries.load(str(tmp_path / "theirs.blend"), link=True) as (_, wanted):
        wanted.scenes = ["Theirs"]
    with pytest.raises(SceneError, match=r"Theirs is linked .* Import the model into a scene of this"):
        append_model(converted.blend_path, bpy.data.scenes["Theirs"])
    with pytest.raises(SceneError, match=r"Theirs is linked .* Import the model into a scene of this"):
        import_model(glb, bpy.data.scenes["Theirs"], name="x")
