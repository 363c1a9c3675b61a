# SPDX-License-Identifier: GPL-3.0-or-later
"""A model whose place is taken stands next to what is there."""

from __future__ import annotations

from pathlib import Path

import bpy
import pytest
from mathutils import Vector

from tests.blender import glbs, kept_children, test_library_whole
from tests.corpus.builder import Glb
from triverse_addon.scene.importing import placement, step_aside
from triverse_addon.scene.importing.append import append_model
from triverse_addon.scene.importing.importer import import_task
from triverse_addon.scene.importing.placement import bounds
from triverse_addon.tasks.converter import ConvertJob
from triverse_addon.tasks.engine.import_queue import Imported
from triverse_addon.tasks.record.record import Placement, Stage, TaskRecord

pytestmark = pytest.mark.usefixtures("fresh_file")


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> TaskRecord:
    """A model of 1 x 1 x 1 around its origin."""
    folder = tmp_path_factory.mktemp("task")

    def build() -> None:
        glbs.sphere("geometry_0", (0.0, 0.0, 0.0)).scale = (0.5, 0.5, 0.5)

    glb = glbs.export(folder / "model.glb", build)
    converted = kept_children.convert(ConvertJob(glb, None, folder, "Chest"))
    return TaskRecord(
        id="a" * 32, flow="text-to-model", name="Chest", stage=Stage.READY, blend_path=str(converted.blend_path)
    )


def bring(task: TaskRecord, *, aside: bool = True, **placement) -> Vector:
    """Import, and return the middle of the model."""
    bpy.context.view_layer.update()
    outcome = import_task(task.with_(placement=Placement(step_aside=aside, **placement)))
    assert isinstance(outcome, Imported)
    bpy.context.view_layer.update()
    objects = bpy.data.collections[outcome.collection_name].all_objects
    points = [obj.matrix_world @ Vector(corner) for obj in objects if obj.data for corner in obj.bound_box]
    return (Vector(map(min, *points)) + Vector(map(max, *points))) / 2


def cube(location: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> bpy.types.Object:
    bpy.ops.mesh.primitive_cube_add(size=2.0, location=location)
    return bpy.context.object


def near(x: float, y: float, z: float = 0.0) -> object:
    return pytest.approx((x, y, z), abs=2e-2)


def test_it_stands_next_to_the_default_cube(task: TaskRecord) -> None:
    cube()
    assert tuple(bring(task)) == near(1.6, 0.0)


def test_it_keeps_its_height_and_goes_along_the_ground(task: TaskRecord) -> None:
    cube((4.0, 0.0, 0.0))
    assert tuple(bring(task, location=(4.0, 0.0, 0.5))) == near(5.6, 0.0, 0.5)


def test_without_the_option_it_stands_where_it_was_asked_for(task: TaskRecord) -> None:
    cube()
    assert tuple(bring(task, aside=False)) == near(0.0, 0.0)


def test_models_that_come_one_after_the_other_in_one_tick_do_not_stand_in_each_other(task: TaskRecord) -> None:
    # No update of the view layer in between: the first model's world matrix is not evaluated yet.
    for _ in range(3):
        assert isinstance(import_task(task.with_(placement=Placement(step_aside=True))), Imported)
    bpy.context.view_layer.update()
    middles = {tuple(round(c, 1) for c in obj.matrix_world.translation) for obj in bpy.data.objects if obj.data}
    assert middles == {(0.0, 0.0, 0.0), (1.1, 0.0, 0.0), (0.0, 1.1, 0.0)}


def test_what_is_not_seen_or_has_no_geometry_is_not_in_the_way(task: TaskRecord) -> None:
    cube().hide_set(True)
    bpy.ops.object.light_add(location=(0, 0, 0))
    bpy.ops.object.empty_add(location=(0, 0, 0))
    bpy.ops.object.camera_add(location=(0, 0, 0))
    bpy.ops.mesh.primitive_plane_add(size=10.0)
    assert tuple(bring(task)) == near(0.0, 0.0)


def test_an_instance_of_a_collection_is_in_the_way(task: TaskRecord) -> None:
    obj = cube((10.0, 0.0, 0.0))
    kit = bpy.data.collections.new("Kit")
    kit.objects.link(obj)
    bpy.context.scene.collection.objects.unlink(obj)
    kit.instance_offset = (10.0, 0.0, 0.0)
    bpy.ops.object.collection_instance_add(collection="Kit", location=(0.0, 0.0, 0.0))
    assert tuple(bring(task)) == near(1.6, 0.0)


def test_what_many_instances_show_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[object] = []
    monkeypatch.setattr(placement, "bounds", lambda objects: measured.append(objects) or bounds(objects))
    obj = cube()
    kit = bpy.data.collections.new("Kit")
    kit.objects.link(obj)
    bpy.context.scene.collection.objects.unlink(obj)
    for x in range(20):
        bpy.ops.object.collection_instance_add(collection="Kit", location=(10.0 * x, 0.0, 0.0))
    assert len(list(step_aside.obstacles(bpy.context.scene))) == 20
    assert len(measured) == 1


def test_a_turned_and_parented_object_is_in_the_way_where_it_is_seen(task: TaskRecord) -> None:
    parent = bpy.data.objects.new("Parent", None)
    parent.location = (0.0, 3.0, 0.0)
    bpy.context.scene.collection.objects.link(parent)
    obj = cube((0.0, -3.0, 0.0))
    obj.parent = parent
    obj.rotation_euler = (0.0, 0.0, 0.7853982)
    assert tuple(bring(task)) == near(2.0**0.5 + 0.6, 0.0)


def test_in_a_scene_of_very_many_objects_it_stays(task: TaskRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_aside, "MOST_OBJECTS", 1)
    cube()
    cube((20.0, 0.0, 0.0))
    assert tuple(bring(task)) == near(0.0, 0.0)


def test_a_placeholder_is_no_obstacle(task: TaskRecord) -> None:
    cube()
    assert tuple(bring(task, placeholder="Cube", keep_placeholder=True)) == near(0.0, 0.0)


def test_the_other_objects_are_untouched(task: TaskRecord) -> None:
    obj = cube()
    bring(task)
    assert tuple(obj.location) == (0.0, 0.0, 0.0)


def test_a_model_that_its_bones_make_higher_does_not_stand_in_what_is_above_its_mesh(tmp_path: Path) -> None:
    glb = Glb()
    test_library_whole.posed(glb)  # a box of one metre, pulled up to three
    (tmp_path / "m.glb").write_bytes(glb.packed())
    converted = kept_children.convert(ConvertJob(tmp_path / "m.glb", None, tmp_path, "Totem"))
    cube((0.0, 0.0, 2.5))
    bpy.context.view_layer.update()
    collection = append_model(converted.blend_path, bpy.context.scene)
    assert step_aside.step_aside(collection, bpy.context.scene)
    low, high = test_library_whole.extent(collection)
    assert max(low.x, low.y, -high.x, -high.y) >= 1.0
