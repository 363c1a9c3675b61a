# SPDX-License-Identifier: GPL-3.0-or-later
"""A placeholder says where, how large and which way round: the model fills its box, unstretched, on its floor."""

from __future__ import annotations

import bpy
import pytest
from mathutils import Euler, Vector

from tests.blender import glbs, kept_children
from triverse_addon.scene.importing import origin, step_aside
from triverse_addon.scene.importing import placement as importing
from triverse_addon.scene.importing.free_space import Bounds
from triverse_addon.scene.importing.importer import import_task, wait_reason
from triverse_addon.tasks.converter import ConvertJob
from triverse_addon.tasks.engine.import_queue import Imported
from triverse_addon.tasks.record.record import Placement, Stage, TaskRecord

pytestmark = pytest.mark.usefixtures("fresh_file")

#: The model: 2 wide, 4 deep, 1 high, and not around its origin.
SIZE = Vector((2.0, 4.0, 1.0))
MIDDLE = Vector((5.0, -3.0, 2.0))


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> TaskRecord:
    folder = tmp_path_factory.mktemp("task")

    def build() -> None:
        box = glbs.sphere("geometry_0", tuple(MIDDLE))
        box.scale = SIZE / 2

    glb = glbs.export(folder / "model.glb", build)
    converted = kept_children.convert(ConvertJob(glb, None, folder, "Chest"))
    return TaskRecord(
        id="a" * 32, flow="text-to-model", name="Chest", stage=Stage.READY, blend_path=str(converted.blend_path)
    )


def bring(task: TaskRecord, **placement) -> list[Vector]:
    """Import, and return where its vertices are."""
    bpy.context.view_layer.update()
    outcome = import_task(task.with_(placement=Placement(**placement)))
    assert isinstance(outcome, Imported)
    bpy.context.view_layer.update()
    objects = bpy.data.collections[outcome.collection_name].all_objects
    return [obj.matrix_world @ vertex.co for obj in objects for vertex in obj.data.vertices]


def box(points: list[Vector]) -> tuple[Vector, Vector]:
    """Middle and size."""
    low, high = Vector(map(min, *points)), Vector(map(max, *points))
    return (low + high) / 2, high - low


def cube(size: tuple[float, float, float], location: tuple[float, float, float]) -> bpy.types.Object:
    bpy.ops.mesh.primitive_cube_add(size=1.0, location=location)
    obj = bpy.context.object
    obj.scale = size
    return obj


def test_the_tightest_side_decides_and_nothing_is_stretched(task: TaskRecord) -> None:
    cube((4.0, 4.0, 4.0), (1.0, 2.0, 3.0))
    middle, size = box(bring(task, placeholder="Cube"))
    assert tuple(size) == pytest.approx(tuple(SIZE), abs=1e-3)
    assert tuple(middle) == pytest.approx((1.0, 2.0, 3.0 - 2.0 + 0.5), abs=1e-3)


def test_a_smaller_box_makes_it_smaller(task: TaskRecord) -> None:
    cube((1.0, 1.0, 1.0), (0.0, 0.0, 0.5))
    middle, size = box(bring(task, placeholder="Cube"))
    assert tuple(size) == pytest.approx(tuple(SIZE / 4), abs=1e-3)
    assert middle.z - size.z / 2 == pytest.approx(0.0, abs=1e-3), "it stands on the floor of the box"


def test_it_turns_with_the_placeholder(task: TaskRecord) -> None:
    marker = cube((2.0, 4.0, 1.0), (0.0, 0.0, 0.0))
    marker.rotation_euler = Euler((0.0, 0.0, 0.5))
    bpy.context.view_layer.update()
    inside = [marker.matrix_world.inverted() @ point for point in bring(task, placeholder="Cube")]
    _, size = box(inside)
    assert tuple(size) == pytest.approx((1.0, 1.0, 1.0), abs=1e-3)


@pytest.mark.parametrize("scale", [(-2.0, 4.0, 4.0), (2.0, -4.0, 4.0), (2.0, 4.0, -4.0), (-2.0, -4.0, -4.0)])
def test_a_mirrored_placeholder_turns_nothing_over(task: TaskRecord, scale: tuple[float, float, float]) -> None:
    """As Object > Mirror makes it."""
    marker = cube(scale, (0.0, 0.0, 2.0))
    marker.rotation_euler = Euler((0.0, 0.0, 0.5))
    bpy.context.view_layer.update()
    assert importing.box_of(marker).rotation == pytest.approx(tuple(Euler((0.0, 0.0, 0.5)).to_quaternion()), abs=1e-3)
    middle, size = box(bring(task, placeholder="Cube"))
    assert middle.z - size.z / 2 == pytest.approx(0.0, abs=1e-3), "it stands on the floor of the box"


def test_an_empty_marks_a_place_too(task: TaskRecord) -> None:
    marker = glbs.empty("Here", (7.0, 0.0, 0.0))
    marker.empty_display_size = 3.0
    middle, size = box(bring(task, placeholder="Here"))
    assert max(size) == pytest.approx(6.0, abs=1e-3)
    assert middle.x == pytest.approx(7.0, abs=1e-3)


def test_an_instance_of_a_collection_gives_the_box_of_its_objects(task: TaskRecord) -> None:
    kit = bpy.data.collections.new("Kit")
    kit.instance_offset = (1.0, 0.0, 0.0)
    for x in (0.0, 6.0):
        one = cube((2.0, 8.0, 2.0), (x, 0.0, 1.0))
        kit.objects.link(one)
        bpy.context.scene.collection.objects.unlink(one)
    marker = glbs.empty("Here", (10.0, 0.0, 0.0))
    marker.instance_type, marker.instance_collection = "COLLECTION", kit
    middle, size = box(bring(task, placeholder="Here"))
    assert tuple(size) == pytest.approx((4.0, 8.0, 2.0), abs=1e-3)
    assert tuple(middle) == pytest.approx((12.0, 0.0, 1.0), abs=1e-3)
    assert marker.hide_get()


def test_an_instance_gives_the_box_of_what_it_shows(task: TaskRecord) -> None:
    """Not of a cutter that is disabled in viewports; but of another instance, as in a kit that is built of kits."""

    def put(into: bpy.types.Collection, size: float, x: float) -> bpy.types.Object:
        one = cube((size, size, size), (x, 0.0, size / 2))
        into.objects.link(one)
        bpy.context.scene.collection.objects.unlink(one)
        return one

    kit, inner, away = (bpy.data.collections.new(name) for name in ("Kit", "Inner", "Away"))
    put(inner, 2.0, 0.0)
    kit.children.link(away)
    put(away, 40.0, 0.0)
    away.hide_viewport = True
    put(kit, 20.0, 0.0).hide_viewport = True
    nested = glbs.empty("Nested", (3.0, 0.0, 0.0))
    nested.instance_type, nested.instance_collection = "COLLECTION", inner
    kit.objects.link(nested)
    bpy.context.scene.collection.objects.unlink(nested)
    marker = glbs.empty("Here", (10.0, 0.0, 0.0))
    marker.instance_type, marker.instance_collection = "COLLECTION", kit
    bpy.context.view_layer.update()
    (around,) = step_aside.obstacles(bpy.context.scene)
    assert around == Bounds((12.0, -1.0, 0.0), (14.0, 1.0, 2.0))
    middle, size = box(bring(task, placeholder="Here"))
    assert max(size) == pytest.approx(2.0, abs=1e-3)
    assert tuple(middle) == pytest.approx((13.0, 0.0, middle.z), abs=1e-3)


def test_a_parents_scale_counts(task: TaskRecord) -> None:
    parent = glbs.empty("Parent")
    parent.scale = (3.0, 3.0, 3.0)
    marker = cube((1.0, 1.0, 1.0), (1.0, 0.0, 0.0))
    marker.parent = parent
    middle, size = box(bring(task, placeholder="Cube"))
    assert max(size) == pytest.approx(3.0, abs=1e-3)
    assert middle.x == pytest.approx(3.0, abs=1e-3)


def test_what_a_modifier_adds_counts(task: TaskRecord) -> None:
    marker = cube((2.0, 2.0, 1.0), (0.0, 0.0, 0.0))
    array = marker.modifiers.new("Array", "ARRAY")
    array.count = 2
    array.use_relative_offset = True
    array.relative_offset_displace = (0.0, 1.0, 0.0)
    _, size = box(bring(task, placeholder="Cube"))
    assert tuple(size) == pytest.approx(tuple(SIZE), abs=1e-3)


@pytest.mark.parametrize("keep", [False, True])
def test_the_placeholder_is_hidden_or_kept(task: TaskRecord, keep: bool) -> None:
    marker = cube((1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    bring(task, placeholder="Cube", keep_placeholder=keep)
    assert marker.hide_get() is not keep
    assert marker.hide_render is not keep
    assert marker.name in bpy.data.objects


def test_a_placeholder_that_is_edited_is_waited_for(task: TaskRecord) -> None:
    cube((1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    bpy.ops.object.mode_set(mode="EDIT")
    record = task.with_(placement=Placement(placeholder="Cube"))
    assert "Object Mode" in str(wait_reason(record))
    assert wait_reason(task.with_(placement=Placement(placeholder="Cube", keep_placeholder=True))) is None


def test_without_one_height_and_ground_decide(task: TaskRecord) -> None:
    middle, size = box(bring(task, location=(1.0, 1.0, 1.0), height=3.0, on_ground=True))
    assert tuple(size) == pytest.approx(tuple(SIZE * 3.0), abs=1e-2)
    assert middle.z - size.z / 2 == pytest.approx(1.0, abs=1e-3)


@pytest.mark.kind("identities")
def test_a_placeholder_is_known_whatever_it_is_called_by_then(task: TaskRecord) -> None:
    """Renamed while the model was made, and another object has its name: that one is not hidden."""
    marker = cube((4, 4, 4), (10, 0, 0))
    marker.name = "Marker"
    then = {"placeholder": "Marker", "placeholder_uid": marker.session_uid, "session": origin.token()}
    marker.name = "Table"
    other = cube((2, 2, 2), (-10, 0, 0))
    other.name = "Marker"
    middle, _ = box(bring(task, **then))
    assert middle.x == pytest.approx(10)
    assert (marker.hide_get(), other.hide_get()) == (True, False)

    # Deleted, it is gone: nothing else takes its part.
    bpy.data.objects.remove(marker)
    middle, _ = box(bring(task, location=(0, 20, 0), **then))
    assert middle.y == pytest.approx(20, abs=4)
    assert not other.hide_get()


@pytest.mark.kind("identities")
def test_after_a_file_was_loaded_the_name_is_all_there_is(task: TaskRecord) -> None:
    """Blender's numbers begin anew: the same number is another object."""
    marker, other = cube((4, 4, 4), (10, 0, 0)), cube((2, 2, 2), (-10, 0, 0))
    marker.name, other.name = "Marker", "Other"
    bring(task, placeholder="Marker", placeholder_uid=other.session_uid, session="an earlier one")
    assert (marker.hide_get(), other.hide_get()) == (True, False)
