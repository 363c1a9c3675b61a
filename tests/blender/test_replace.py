# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made for chosen objects takes their place: transform, parent, collection, selection. They stay, hidden."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path

import bpy
import pytest
from mathutils import Euler, Matrix, Vector

from tests.blender import glbs, kept_children
from triverse_addon.api.flows import Kind
from triverse_addon.scene.capture import selection
from triverse_addon.scene.importing import importer, origin, replace_import, replace_objects
from triverse_addon.scene.importing.importer import import_task, wait_reason
from triverse_addon.tasks.converter import ConvertJob
from triverse_addon.tasks.engine.import_queue import Failed, Imported
from triverse_addon.tasks.record.record import Placement, Replaced, Stage, TaskRecord

pytestmark = pytest.mark.usefixtures("fresh_file")

#: What the stand-in of the service gives back: what it got, or that at another place and size.
GaveBack = Callable[[Path], Path]


def as_it_is(glb: Path) -> Path:
    return glb


def normalised(glb: Path) -> Path:
    """A model of height 1 with its middle in the origin, as many services make of whatever they get."""
    scene = bpy.data.scenes.new("normalise")
    before = set(bpy.data.objects)
    window = bpy.context.window_manager.windows[0]
    shown, window.scene = window.scene, scene
    try:
        bpy.ops.import_scene.gltf(filepath=str(glb))
        made = [obj for obj in bpy.data.objects if obj not in before]
        points = [obj.matrix_world @ vertex.co for obj in made for vertex in obj.data.vertices]
        low, high = Vector(map(min, *points)), Vector(map(max, *points))
        change = Matrix.Scale(1.0 / (high.z - low.z), 4) @ Matrix.Translation(-(low + high) / 2)
        for obj in made:
            obj.data.transform(change @ obj.matrix_world)
            obj.matrix_world = Matrix()
        target = glb.with_name("normalised.glb")
        bpy.ops.export_scene.gltf(filepath=str(target), export_format="GLB", use_active_scene=True)
        return target
    finally:
        bpy.data.batch_remove([obj for obj in bpy.data.objects if obj not in before])
        window.scene = shown
        bpy.data.scenes.remove(scene)


def sent(objects: list[bpy.types.Object], tmp_path: Path, gave_back: GaveBack = as_it_is) -> TaskRecord:
    """Send objects through the real preparer and converter, with the service in between; return the finished task."""
    bpy.context.view_layer.update()
    path, replaced = selection.write(objects, tmp_path / "own")
    glb = gave_back(kept_children.prepare(path, Kind.MODEL, tmp_path / "task"))
    return finished(glb, tmp_path, replaced)


def finished(glb: Path, tmp_path: Path, replaced: Replaced) -> TaskRecord:
    converted = kept_children.convert(ConvertJob(glb, None, tmp_path / "task", "Painted"))
    return TaskRecord(
        id="a" * 32,
        flow="texture-model",
        name="Painted",
        stage=Stage.READY,
        blend_path=str(converted.blend_path),
        model_path=str(glb),
        placement=Placement(location=(9.0, 9.0, 9.0), replaces=replaced),
    )


def bring(record: TaskRecord) -> bpy.types.Collection:
    outcome = import_task(record)
    assert isinstance(outcome, Imported), outcome
    bpy.context.view_layer.update()
    return bpy.data.collections[outcome.collection_name]


def world_points(objects) -> list[Vector]:
    return [obj.matrix_world @ vertex.co for obj in objects if obj.type == "MESH" for vertex in obj.data.vertices]


def assert_same_shape(found, wanted: list[Vector], tolerance: float = 1e-3) -> None:
    """Each point of one is near a point of the other: an importer may split vertices, but moves none."""
    assert found
    for these, those in ((found, wanted), (wanted, found)):
        for point in these[:: max(1, len(these) // 40)]:
            assert min((point - other).length for other in those) < tolerance


def tilted_ball() -> bpy.types.Object:
    """A ball in no simple place: far off, turned, stretched, below a parent, in a collection of its own."""
    parent = glbs.empty("Parent", (10.0, 0.0, 2.0))
    parent.rotation_euler = Euler((0.0, 0.0, 1.0))
    ball = glbs.sphere("Ball", (1.0, 2.0, 3.0), parent, glbs.textured())
    ball.rotation_euler = Euler((0.4, 0.3, 0.2), "YXZ")
    ball.rotation_mode = "YXZ"
    ball.scale = (1.0, 1.5, 2.0)
    ball.data.vertices[0].co *= 1.7
    home = bpy.data.collections.new("FileScope")
    bpy.context.scene.collection.children.link(home)
    home.objects.link(ball)
    bpy.context.scene.collection.objects.unlink(ball)
    return ball


@pytest.mark.parametrize("gave_back", [as_it_is, normalised])
def test_it_stands_where_the_original_stood(tmp_path: Path, gave_back: GaveBack) -> None:
    ball = tilted_ball()
    record = sent([ball], tmp_path, gave_back)
    wanted = world_points([ball])
    collection = bring(record)
    assert_same_shape(world_points(collection.all_objects), wanted, 0.01)


def test_it_has_the_originals_transform_parent_and_collection(tmp_path: Path) -> None:
    ball = tilted_ball()
    collection = bring(sent([ball], tmp_path))
    (painted,) = collection.all_objects
    assert painted is not ball
    assert painted.parent == bpy.data.objects["Parent"]
    assert painted.rotation_mode == "YXZ"
    assert painted.location == ball.location
    assert painted.rotation_euler == ball.rotation_euler
    assert painted.scale == ball.scale
    assert painted.matrix_world == ball.matrix_world
    assert list(bpy.data.collections["FileScope"].children) == [collection]
    assert collection.name not in bpy.context.scene.collection.children
    bpy.data.objects["Parent"].location.x += 1.0
    bpy.context.view_layer.update()
    assert painted.matrix_world == ball.matrix_world


def test_a_model_for_a_library_override_comes_into_the_scene(tmp_path: Path) -> None:
    home = bpy.data.collections.new("Library")
    bpy.context.scene.collection.children.link(home)
    home.objects.link(glbs.sphere("Ball"))
    override = glbs.overridden(home, tmp_path)
    (ball,) = override.objects
    ball.location = (1.0, 2.0, 3.0)
    collection = bring(sent([ball], tmp_path))
    assert collection.name in bpy.context.scene.collection.children
    (painted,) = collection.all_objects
    assert painted.matrix_world == ball.matrix_world
    assert ball.hide_get()
    assert list(override.objects) == [ball]


def test_the_original_is_kept_and_hidden(tmp_path: Path) -> None:
    ball = tilted_ball()
    bring(sent([ball], tmp_path))
    assert ball.name == "Ball"
    assert ball.hide_get()
    assert ball.hide_render
    assert not ball.hide_viewport, "Alt H brings it back"


def test_it_goes_where_the_original_was_moved_to_meanwhile(tmp_path: Path) -> None:
    ball = tilted_ball()
    record = sent([ball], tmp_path)
    ball.location = (-4.0, 0.0, 1.0)
    ball.rotation_euler = Euler((1.0, 2.0, 3.0), "YXZ")
    bpy.context.view_layer.update()
    wanted = world_points([ball])
    collection = bring(record)
    assert_same_shape(world_points(collection.all_objects), wanted)


def test_a_mirrored_original_is_not_turned_inside_out(tmp_path: Path) -> None:
    ball = glbs.sphere("Ball")
    ball.scale = (-1.0, 1.0, 1.0)
    (painted,) = bring(sent([ball], tmp_path)).all_objects

    def outward(obj: bpy.types.Object) -> bool:
        # A mirroring matrix turns faces around when it is drawn.
        turned = -1.0 if obj.matrix_world.determinant() < 0 else 1.0
        polygon = obj.data.polygons[20]
        return turned * polygon.normal.dot(polygon.center) > 0

    assert painted.scale.x == -1.0
    assert outward(painted) == outward(ball)


def outer_faces(objects) -> float:
    """Return the share of faces whose normals, as Blender draws them, point away from the middle."""
    found = []
    for obj in objects:
        across = obj.matrix_world.to_3x3().inverted().transposed()
        found += [(across @ one.normal).dot(obj.matrix_world.to_3x3() @ one.center) > 0 for one in obj.data.polygons]
    return sum(found) / len(found)


def test_a_mirrored_object_is_not_sent_inside_out(tmp_path: Path) -> None:
    ball = glbs.sphere("Ball")
    ball.scale = (-1.0, 1.0, 2.0)
    record = sent([ball], tmp_path)
    assert outer_faces([ball]) == 1.0
    before = set(bpy.data.objects)
    bpy.ops.import_scene.gltf(filepath=record.model_path)
    made = [obj for obj in bpy.data.objects if obj not in before]
    assert outer_faces(made) == 1.0
    bpy.data.batch_remove(made)
    (painted,) = bring(record).all_objects
    assert painted.scale.x == -1.0
    assert outer_faces([painted]) == 1.0


def test_normals_point_where_they_did(tmp_path: Path) -> None:
    ball = tilted_ball()
    ball.data.shade_smooth()
    (painted,) = bring(sent([ball], tmp_path)).all_objects

    def normal_at(obj: bpy.types.Object, place: Vector) -> Vector:
        nearest = min(obj.data.loops, key=lambda loop: (obj.data.vertices[loop.vertex_index].co - place).length)
        return obj.data.corner_normals[nearest.index].vector

    for index in (5, 30, 60):
        place = ball.data.vertices[index].co
        assert normal_at(ball, place).dot(normal_at(painted, place)) > 0.95


def test_whether_any_of_many_objects_is_selected_is_told() -> None:
    home = bpy.data.collections.new("Home")
    bpy.context.scene.collection.children.link(home)
    for at in range(100):
        home.objects.link(bpy.data.objects.new(f"part_{at}", None))
    before = list(home.objects)
    before[-1].select_set(True)
    shown = replace_import._selection(before)
    layer = bpy.context.view_layer
    assert shown == {(bpy.context.scene.name, layer.name): False}
    layer.objects.active = before[0]
    assert replace_import._selection(before) == {(bpy.context.scene.name, layer.name): True}


def test_many_originals_are_found_by_their_ids_or_names() -> None:
    home = bpy.data.collections.new("Home")
    bpy.context.scene.collection.children.link(home)
    for at in range(100):
        home.objects.link(bpy.data.objects.new(f"part_{at}", None))
    wanted = list(home.objects)[-40:]
    replaced = Replaced(
        names=tuple(obj.name for obj in wanted),
        matrix=tuple(number for row in Matrix() for number in row),
        low=(0.0, 0.0, 0.0),
        high=(1.0, 1.0, 1.0),
        uids=tuple(obj.session_uid for obj in wanted),
    )
    wanted[0].name = "renamed"
    found = replace_objects.originals(bpy.context.scene, replaced, origin.token())
    named = replace_objects.originals(bpy.context.scene, replaced, "another session")
    assert found == wanted
    assert named == wanted[1:]


def test_several_originals_are_replaced_together(tmp_path: Path) -> None:
    first, second = tilted_ball(), glbs.sphere("Second", (14.0, 0.0, 0.0))
    record = sent([first, second], tmp_path)
    wanted = world_points([first, second])
    collection = bring(record)
    assert_same_shape(world_points(collection.all_objects), wanted)
    assert first.hide_get()
    assert second.hide_get()
    assert all(obj.parent is not None for obj in collection.all_objects)


def test_an_animated_original_takes_it_along(tmp_path: Path) -> None:
    ball = glbs.sphere("Ball", (1.0, 0.0, 0.0))
    ball.keyframe_insert("location", frame=1)
    ball.location.x = 5.0
    ball.keyframe_insert("location", frame=10)
    bpy.context.scene.frame_set(1)
    collection = bring(sent([ball], tmp_path))
    bpy.context.scene.frame_set(10)
    (painted,) = collection.all_objects
    assert painted.matrix_world.translation.x == pytest.approx(5.0)


def test_an_original_that_is_gone_leaves_its_place(tmp_path: Path) -> None:
    ball = tilted_ball()
    record = sent([ball], tmp_path)
    wanted = world_points([ball])
    bpy.data.objects.remove(ball)
    collection = bring(record)
    assert_same_shape(world_points(collection.all_objects), wanted)
    assert collection.name in bpy.context.scene.collection.children


def test_the_selection_goes_over_to_it_and_no_other_changes(tmp_path: Path) -> None:
    ball, other = glbs.sphere("Ball"), glbs.sphere("Other")
    record = sent([ball], tmp_path)
    other.select_set(True)
    bpy.context.view_layer.objects.active = other
    (painted,) = bring(record).all_objects
    assert not painted.select_get()
    assert bpy.context.view_layer.objects.active == other

    ball.hide_set(False)
    ball.select_set(True)
    bpy.context.view_layer.objects.active = ball
    (again,) = bring(record).all_objects
    assert set(bpy.context.view_layer.objects.selected) == {again, other}
    assert bpy.context.view_layer.objects.active == again


def test_it_waits_while_the_original_is_edited(tmp_path: Path) -> None:
    ball = glbs.sphere("Ball")
    record = sent([ball], tmp_path)
    assert wait_reason(record) is None
    bpy.context.view_layer.objects.active = ball
    bpy.ops.object.mode_set(mode="EDIT")
    assert "Object Mode" in str(wait_reason(record))
    bpy.ops.object.mode_set(mode="OBJECT")
    assert wait_reason(record) is None


def test_without_a_child_the_glb_takes_the_place_too(tmp_path: Path) -> None:
    ball = tilted_ball()
    record = sent([ball], tmp_path).with_(blend_path="")
    wanted = world_points([ball])
    assert_same_shape(world_points(bring(record).all_objects), wanted)
    assert math.isclose(bpy.data.objects["Ball"].location.x, 1.0)


@pytest.mark.kind("identities")
def test_the_objects_that_were_sent_are_known_whatever_they_are_called_by_then(tmp_path: Path) -> None:
    """Renamed while the service was at work, and a new object has the name: that one stays as it is."""
    sent_one = glbs.sphere("Vase", (3, 0, 0))
    record = sent([sent_one], tmp_path)
    record = record.with_(placement=dataclasses.replace(record.placement, session=origin.token()))
    sent_one.name = "Old Vase"
    sent_one.location.x = 7
    new_one = glbs.sphere("Vase", (-3, 0, 0))
    bpy.context.view_layer.update()
    collection = bring(record)
    assert (sent_one.hide_get(), new_one.hide_get()) == (True, False)
    points = world_points(collection.all_objects)
    assert sum(point.x for point in points) / len(points) == pytest.approx(7, abs=0.1)

    # It is gone: the model stands where it stood when it was sent, and nothing else is hidden.
    bpy.data.objects.remove(sent_one)
    collection = bring(record)
    points = world_points(collection.all_objects)
    assert sum(point.x for point in points) / len(points) == pytest.approx(3, abs=0.1)
    assert not new_one.hide_get()


@pytest.mark.parametrize("elsewhere", ["", "another view layer", "another scene"])
def test_an_original_in_an_excluded_collection_is_not_seen_beside_its_model(tmp_path: Path, elsewhere: str) -> None:
    """View layers keep nothing about objects of excluded collections: once included, both were seen."""
    ball, scene = tilted_ball(), bpy.context.scene
    record = sent([ball], tmp_path)
    if elsewhere == "another view layer":
        scene.view_layers.new("Other")
    elif elsewhere == "another scene":
        bpy.data.scenes.new("Set").collection.objects.link(ball)
    home = bpy.context.view_layer.layer_collection.children["FileScope"]
    home.exclude = True
    bpy.context.view_layer.update()
    collection = bring(record)
    assert ball.hide_render
    home.exclude = False
    bpy.context.view_layer.update()
    (painted,) = collection.all_objects
    assert painted.visible_get()
    # Where Alt H can show it, or another scene has it, it is not disabled.
    assert ball.hide_viewport is (not elsewhere)
    assert ball.visible_get() is bool(elsewhere)


def broken(*_given: object, **_named: object) -> None:
    raise RuntimeError("unforeseen")


@pytest.mark.parametrize("at", ["_follow", "_transfer_selection", "variants.transfer"])
def test_an_import_that_breaks_off_leaves_the_scene_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    ball = tilted_ball()
    ball.select_set(True)
    bpy.context.view_layer.objects.active = ball
    record = sent([ball], tmp_path)
    kinds = ("collections", "objects", "meshes", "materials", "images", "libraries")
    before = {kind: set(getattr(bpy.data, kind).keys()) for kind in kinds}
    with monkeypatch.context() as patch:
        patch.setattr(importer.variants if "." in at else replace_objects, at.rpartition(".")[2], broken)
        outcome = import_task(record)
    assert isinstance(outcome, Failed)
    assert "the scene is as before" in str(outcome.sentence)
    assert {kind: set(getattr(bpy.data, kind).keys()) for kind in kinds} == before
    assert ball.visible_get()
    assert not ball.hide_render
    assert bpy.context.view_layer.objects.active == ball
    assert ball.select_get()
    assert len(bring(record).all_objects) == 1, "as Retry does"
