# SPDX-License-Identifier: GPL-3.0-or-later
"""A model without its surface, and one that takes the place of an earlier import: what is in the scene afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import bpy
import pytest
from mathutils import Matrix

from tests.blender import glbs
from triverse_addon.scene.importing import (
    append,
    carry_over,
    imported_models,
    orphan_data,
    replace_import,
    replaced_data,
)
from triverse_addon.scene.importing.importer import import_task, wait_reason
from triverse_addon.tasks.converter import Converted
from triverse_addon.tasks.engine.import_queue import Failed, Imported
from triverse_addon.tasks.record.record import Placement, Stage, TaskRecord

UUID = glbs.PROPERTIES["triverse_task_uuid"]


@pytest.fixture(scope="session")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Converted:
    folder = tmp_path_factory.mktemp("pair")
    return glbs.convert_kept(glbs.export(folder / "model.glb", glbs.pair), folder)


@pytest.fixture(scope="session")
def single(tmp_path_factory: pytest.TempPathFactory) -> Converted:
    folder = tmp_path_factory.mktemp("single")
    build: Callable[[], object] = lambda: glbs.sphere("geometry_0", material=glbs.textured())  # noqa: E731
    return glbs.convert_kept(glbs.export(folder / "model.glb", build), folder)


@pytest.fixture(autouse=True, params=[False, True], ids=["without a window", "as in a window"])
def in_window(request: pytest.FixtureRequest, fresh_file: None, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Each test begins with an empty file: as a command does it, and as a panel in whose window something is open."""
    monkeypatch.setattr(replaced_data, "has_window", lambda: request.param)
    return request.param


def record(made: Converted, **more) -> TaskRecord:
    return TaskRecord(
        id="a" * 32,
        flow="text-to-model",
        name="Vase",
        stage=Stage.READY,
        task_uuid=str(UUID),
        folder=str(made.blend_path.parent),
        model_path=str(made.blend_path.with_name("model.glb")),
        blend_path=str(made.blend_path),
    ).with_(**more)


def bring(made: Converted, *, instead_of: str = "", **more) -> bpy.types.Collection:
    """Import, let what was replaced be freed as it is when the file is saved, and return the collection."""
    return told(made, instead_of=instead_of, **more)[0]


def told(made: Converted, *, instead_of: str = "", **more) -> tuple[bpy.types.Collection, list[str]]:
    """As `bring`, with the lines of the task's history."""
    placement = more.pop("placement", Placement(instead_of=instead_of))
    outcome = import_task(record(made, placement=placement, **more))
    assert isinstance(outcome, Imported), outcome
    replaced_data.free()
    bpy.context.view_layer.update()
    return bpy.data.collections[outcome.collection_name], [str(sentence) for _, sentence in outcome.history]


def of_file() -> dict[str, int]:
    """How many datablocks there are of the kinds that a model brings."""
    kinds = ("objects", "meshes", "materials", "images", "node_groups", "collections", "actions", "libraries")
    return {kind: len(getattr(bpy.data, kind)) for kind in kinds}


def part(collection: bpy.types.Collection, stem: str) -> bpy.types.Object:
    """An object by the name its file gave it."""
    return next(obj for obj in collection.all_objects if obj.name.partition(".")[0] == stem)


def matrices(collection: bpy.types.Collection) -> dict[str, list[float]]:
    return {
        obj.name.partition(".")[0]: [round(x, 4) for row in obj.matrix_world for x in row]
        for obj in collection.all_objects
    }


# -----------------------------------------------------------------------------
# Geometry only


@pytest.mark.parametrize("in_place", [False, True])
def test_geometry_only_is_a_mesh_without_materials_and_pictures(converted: Converted, in_place: bool) -> None:
    more = {"blend_path": ""} if in_place else {}
    collection = bring(converted, geometry_only=True, **more)
    meshes = [obj.data for obj in collection.all_objects if obj.type == "MESH"]
    assert sum(len(mesh.polygons) for mesh in meshes) == 2 * glbs.SPHERE_TRIANGLES
    assert all(not mesh.materials and mesh.uv_layers for mesh in meshes), "the texture coordinates stay"
    assert not bpy.data.materials
    assert [image.name for image in bpy.data.images if image.source == "FILE"] == []
    assert collection["triverse_task_uuid"] == UUID


def test_geometry_only_leaves_other_copies_and_the_users_materials_alone(converted: Converted) -> None:
    own = glbs.textured("Own")
    textured = bring(converted)
    before = of_file()
    bring(converted, geometry_only=True)
    after = of_file()
    assert after["materials"] == before["materials"]
    assert after["images"] == before["images"]
    assert own.name == "Own"
    assert part(textured, "body").data.materials[0] is not None


# -----------------------------------------------------------------------------
# In the place of another


def test_the_new_one_stands_where_the_old_one_was_moved_to_and_nothing_is_left_over(converted: Converted) -> None:
    old = bring(converted, placement=Placement(location=(5, 0, 0)))
    before = of_file()
    part(old, "body").matrix_world = Matrix.LocRotScale((1, 2, 3), Matrix.Rotation(0.5, 3, "Z"), (2, 1, 1))
    part(old, "lid").location.z += 1.0
    part(old, "lid").hide_render = True
    bpy.context.view_layer.update()
    wanted, name, names = matrices(old), old.name, sorted(obj.name for obj in old.all_objects)
    new = bring(converted, instead_of=name)
    assert matrices(new) == wanted
    assert new.name == name
    assert sorted(obj.name for obj in new.all_objects) == names
    assert part(new, "lid").hide_render
    assert of_file() == before
    assert list(bpy.context.scene.collection.children) == [new]


def broken(*_given: object, **_named: object) -> None:
    raise RuntimeError("unforeseen")


@pytest.mark.parametrize("at", ["append", "materials", "replacing"])
def test_one_that_breaks_off_before_the_old_one_is_touched_is_removed(
    converted: Converted, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    """It stayed in the scene, and each Retry added another."""
    old = bring(converted)
    before, wanted = of_file(), matrices(old)
    name = "" if at == "append" else old.name
    placement = Placement(instead_of=name, instead_of_uuid=str(UUID) if name else "")
    with monkeypatch.context() as patch:
        if at == "append":
            patch.setattr(append, "place", broken)
        elif at == "materials":
            patch.setattr(orphan_data, "remove_materials", broken)
        else:
            patch.setattr(carry_over, "carry", broken)
        outcome = import_task(record(converted, placement=placement, geometry_only=at == "materials"))
    assert isinstance(outcome, Failed)
    assert "the scene is as before" in str(outcome.sentence)
    assert of_file() == before
    assert matrices(old) == wanted
    assert imported_models.find(str(UUID)) == [old]


def test_one_that_breaks_off_after_that_is_kept(converted: Converted, monkeypatch: pytest.MonkeyPatch) -> None:
    """What referred to the old one may refer to it already."""
    old = bring(converted)
    monkeypatch.setattr(replaced_data, "put_away", broken)
    with pytest.raises(RuntimeError, match="unforeseen"):
        import_task(record(converted, placement=Placement(instead_of=old.name, instead_of_uuid=str(UUID))))
    assert len(imported_models.find(str(UUID))) >= 1


def test_what_the_interface_may_point_to_is_there_until_the_file_is_saved(
    converted: Converted, in_window: bool, tmp_path: Path
) -> None:
    old = bring(converted)
    old.asset_mark()
    before = of_file()
    body = part(old, "body")
    pointers = {block.as_pointer() for block in (old, *old.all_objects, body.data)}

    def there() -> set[int]:
        kinds = (bpy.data.collections, bpy.data.objects, bpy.data.meshes)
        return {block.as_pointer() for kind in kinds for block in kind}

    shape, names = body.data, sorted(obj.name for obj in old.all_objects)
    outcome = import_task(record(converted, placement=Placement(instead_of=old.name)))
    assert isinstance(outcome, Imported)
    new = bpy.data.collections[outcome.collection_name]
    assert sorted(obj.name for obj in new.all_objects) == names
    assert pointers <= there() if in_window else not pointers & there()
    if in_window:
        assert imported_models.find(UUID) == [new]
        assert [one for one in bpy.data.collections if "triverse_task_uuid" in one] == [new]
        assert (old.users, old.asset_data, list(old.objects), list(old.children)) == (0, None, [], [])
        assert (body.users, body.parent, shape.users) == (0, None, 1)
        # Another one soon after it lets it be.
        third = import_task(record(converted, placement=Placement(instead_of=new.name)))
        assert isinstance(third, Imported)
        assert pointers <= there()
    replaced_data.free()
    assert of_file() == before
    assert imported_models.find(UUID) == list(bpy.context.scene.collection.children)


def test_what_was_replaced_long_ago_is_freed_when_another_is(converted: Converted, in_window: bool) -> None:
    old = bring(converted)
    count = len(bpy.data.objects)
    first = import_task(record(converted, placement=Placement(instead_of=old.name)))
    assert isinstance(first, Imported)
    for block in (*bpy.data.objects, *bpy.data.collections):
        if replaced_data.REPLACED_AT in block:
            block[replaced_data.REPLACED_AT] -= 601.0
    second = import_task(record(converted, placement=Placement(instead_of=first.collection_name)))
    assert isinstance(second, Imported)
    assert len(bpy.data.objects) == (2 * count if in_window else count)


def test_what_a_user_has_taken_back_stays(converted: Converted) -> None:
    old = bring(converted)
    import_task(record(converted, placement=Placement(instead_of=old.name)))
    back = [obj for obj in bpy.data.objects if replaced_data.REPLACED_AT in obj][:1]
    for obj in back:
        bpy.context.scene.collection.objects.link(obj)
    replaced_data.free()
    assert [obj for obj in bpy.data.objects if replaced_data.REPLACED_AT in obj] == back


def test_what_was_painted_on_is_there_for_undo(single: Converted, in_window: bool) -> None:
    """Undo brought a picture back that was freed on saving, without the strokes."""
    old = bring(single)
    painted, *others = (image for image in bpy.data.images if image.users)
    painted.pixels[0] = 1.0 - painted.pixels[0]
    assert (painted.is_dirty, [one.is_dirty for one in others]) == (True, [False] * len(others))
    kept, gone = painted.session_uid, {one.session_uid for one in others}
    bring(single, instead_of=old.name)
    there = {image.session_uid for image in bpy.data.images}
    assert (kept in there) == in_window
    assert not gone & there


def test_what_referred_to_the_old_one_refers_to_the_new_one(converted: Converted) -> None:
    scene = bpy.context.scene
    shelf = bpy.data.collections.new("Shelf")
    scene.collection.children.link(shelf)
    old = bring(converted)
    scene.collection.children.unlink(old)
    shelf.children.link(old)
    carrier = glbs.empty("carrier", (0, 0, 7))
    part(old, "body").parent = carrier
    flower = glbs.sphere("flower", (0, 0, 1), parent=part(old, "lid"))
    follower = glbs.empty("follower")
    follower.constraints.new("COPY_LOCATION").target = part(old, "lid")
    light = bpy.data.objects.new("lamp", bpy.data.lights.new("lamp", "POINT"))
    old.objects.link(light)
    bpy.context.view_layer.objects.active = part(old, "body")
    part(old, "body").select_set(True)
    instance = glbs.empty("instance", (9, 0, 0))
    instance.instance_type, instance.instance_collection = "COLLECTION", old
    bpy.context.view_layer.update()
    stood = flower.matrix_world.copy()
    new = bring(converted, instead_of=old.name)
    assert list(shelf.children) == [new]
    assert not [child for child in scene.collection.children if child != shelf]
    assert part(new, "body").parent == carrier
    assert flower.parent == part(new, "lid")
    assert flower.matrix_world == stood
    assert follower.constraints[0].target == part(new, "lid")
    assert instance.instance_collection == new
    assert light.name in new.objects
    assert bpy.context.view_layer.objects.active == part(new, "body")
    assert part(new, "body").select_get()


@pytest.mark.parametrize("is_in_kit", [False, True])
def test_a_model_that_only_instances_show_is_replaced(converted: Converted, single: Converted, is_in_kit: bool) -> None:
    """As one that was dragged in from the asset browser. The new one came beside it, once more."""
    scene = bpy.context.scene
    old = bring(converted)
    scene.collection.children.unlink(old)
    shown = old
    if is_in_kit:
        shown = bpy.data.collections.new("Kit")
        shown.children.link(old)
    old.instance_offset = (0, 0, 2)
    instances = [glbs.empty(name, (9, 0, 0)) for name in ("first", "second")]
    for instance in instances:
        instance.instance_type, instance.instance_collection = "COLLECTION", shown
    before = of_file()
    assert imported_models.find_latest(scene, str(UUID), "", None) == old
    # The same model, and another one.
    for made in (converted, single):
        new = bring(made, instead_of=old.name)
        assert [one.instance_collection for one in instances] == [shown if is_in_kit else new] * 2
        assert not is_in_kit or list(shown.children) == [new]
        assert not scene.collection.children
        assert tuple(new.instance_offset) == (0, 0, 2)
        assert of_file()["collections"] == before["collections"]
        old = new


def test_the_chosen_instance_says_which_model_is_replaced(single: Converted) -> None:
    scene = bpy.context.scene
    first, second = bring(single), bring(single)
    scene.collection.children.unlink(first)
    instance = glbs.empty("first", (9, 0, 0))
    instance.instance_type, instance.instance_collection = "COLLECTION", first
    assert imported_models.find_latest(scene, str(UUID), "", instance) == first
    assert imported_models.find_latest(scene, str(UUID), "", None) == second


def test_an_applied_transform_is_found_again_from_the_vertices(single: Converted) -> None:
    old = bring(single)
    (obj,) = old.objects
    change = Matrix.LocRotScale((1, 0, 0), Matrix.Rotation(0.7, 3, "X"), (1, 2, 3))
    obj.data.transform(change)
    obj.location = (0, 4, 0)
    obj.name = "My vase"
    bpy.context.view_layer.update()
    corners = [tuple(obj.matrix_world @ vertex.co) for vertex in obj.data.vertices]
    new = bring(single, instead_of=old.name)
    (again,) = new.objects
    assert again.name == "My vase"
    assert again.data.materials[0] is not None
    now = [tuple(again.matrix_world @ vertex.co) for vertex in again.data.vertices]
    assert [x for corner in now for x in corner] == pytest.approx([x for corner in corners for x in corner], abs=1e-3)


def test_after_an_applied_mirroring_the_new_one_is_not_inside_out(single: Converted) -> None:
    old = bring(single)
    (obj,) = old.objects
    # As Object > Apply > Scale does it from Blender 5.2 on.
    obj.data.transform(Matrix.Diagonal((-1.0, 1.0, 1.0, 1.0)))
    obj.data.flip_normals()
    (again,) = bring(single, instead_of=old.name).objects
    assert all(face.normal.dot(face.center) > 0 for face in again.data.polygons)


def test_a_model_that_was_remade_gives_its_box(single: Converted) -> None:
    old = bring(single)
    (obj,) = old.objects
    obj.data = bpy.data.meshes.new("other")
    obj.data.from_pydata([(0, 0, 0), (6, 0, 0), (6, 6, 0), (0, 0, 6)], [], [(0, 1, 2), (0, 1, 3)])
    obj.location = (10, 0, 0)
    bpy.context.view_layer.update()
    new = bring(single, instead_of=old.name)
    (again,) = new.objects
    assert tuple(again.dimensions) == pytest.approx((6, 6, 6), abs=1e-3)
    assert tuple(again.location) == pytest.approx((13, 3, 3), abs=1e-3)
    assert len(bpy.data.objects) == 1


def test_the_place_of_a_mirrored_model_is_not_upside_down(single: Converted) -> None:
    """A model of another mesh, as Refine brings it, after Object > Mirror."""
    old = bring(single)
    (obj,) = old.objects
    obj.data = bpy.data.meshes.new("other")
    obj.data.from_pydata([(0, 0, 0), (6, 0, 0), (6, 6, 0), (0, 0, 6)], [], [(0, 1, 2), (0, 1, 3)])
    obj.scale.x = -1.0
    bpy.context.view_layer.update()
    (again,) = bring(single, instead_of=old.name).objects
    assert again.matrix_world.col[2].z > 0.0


def test_textured_and_geometry_only_take_each_others_place(single: Converted) -> None:
    old = bring(single)
    old.objects[0].location = (1, 2, 3)
    bare = bring(single, instead_of=old.name, geometry_only=True)
    assert tuple(bare.objects[0].location) == (1, 2, 3)
    assert not bpy.data.materials
    assert not [image for image in bpy.data.images if image.source == "FILE"]
    full = bring(single, instead_of=bare.name)
    assert tuple(full.objects[0].location) == (1, 2, 3)
    assert full.objects[0].data.materials[0] is not None


def test_a_collection_of_another_task_or_of_none_is_never_taken(single: Converted) -> None:
    other = bpy.data.collections.new("Vase")
    bpy.context.scene.collection.children.link(other)
    new = bring(single, placement=Placement(location=(1, 0, 0), instead_of="Vase"))
    assert new != other
    assert other.name == "Vase"
    assert tuple(new.objects[0].location) == (1, 0, 0), "the place of the wish holds"


def test_it_waits_while_the_old_one_is_being_edited(single: Converted) -> None:
    old = bring(single)
    bpy.context.view_layer.objects.active = old.objects[0]
    old.objects[0].select_set(True)
    wanted = record(single, placement=Placement(instead_of=old.name))
    assert wait_reason(wanted) is None
    bpy.ops.object.mode_set(mode="EDIT")
    assert "Object Mode" in str(wait_reason(wanted))
    bpy.ops.object.mode_set(mode="OBJECT")


def test_the_one_that_is_meant_is_the_active_one_else_the_last(single: Converted) -> None:
    scene = bpy.context.scene
    first, second = bring(single), bring(single)
    assert imported_models.find_latest(scene, str(UUID), second.name, None) == second
    assert imported_models.find_latest(scene, str(UUID), second.name, first.objects[0]) == first
    assert imported_models.find_latest(scene, str(UUID), "gone", None) == second
    assert imported_models.find_latest(scene, "another", second.name, first.objects[0]) is None
    assert imported_models.find_latest(scene, None, second.name, first.objects[0]) is None


@pytest.mark.kind("identities")
def test_the_last_is_the_one_that_came_last_wherever_it_is_and_whatever_it_is_called(single: Converted) -> None:
    scene = bpy.context.scene
    first, second = bring(single), bring(single)
    names = first.name, second.name
    # The user renames both, one to the name of the other, and sorts them the other way round.
    first.name = "Chair"
    second.name = names[0]
    first.name = names[1]
    scene.collection.children.unlink(first)
    scene.collection.children.link(first)
    assert [one.name for one in scene.collection.children_recursive][-1] == first.name == names[1]
    assert imported_models.find_latest(scene, str(UUID), names[1], None) == second
    # Those of version 0.1.0 say no more than their names.
    for one in (first, second):
        del one["triverse_imported_at"]
    assert imported_models.find_latest(scene, str(UUID), names[1], None) == first


def test_an_animated_model_keeps_what_carries_it(tmp_path: Path) -> None:
    def build() -> None:
        obj = glbs.sphere("geometry_0")
        obj.keyframe_insert("location", frame=1)
        obj.location.z = 1
        obj.keyframe_insert("location", frame=10)

    made = glbs.convert_kept(glbs.export(tmp_path / "model.glb", build), tmp_path)
    old = bring(made, placement=Placement(location=(5, 0, 0)))
    bpy.context.scene.frame_set(1)
    before = of_file()
    stood = matrices(old)
    new = bring(made, instead_of=old.name)
    bpy.context.scene.frame_set(1)
    assert matrices(new) == stood
    assert of_file() == before


def test_the_parts_of_a_model_of_thousands_find_their_counterparts_at_once() -> None:
    model, before = ([bpy.data.objects.new(f"part_{at}", None) for at in range(3000)] for _ in range(2))
    begun_s = time.perf_counter()
    found = replace_import.counterparts(model, before)
    assert time.perf_counter() - begun_s < 1.0
    assert [found[obj] for obj in model] == before


def test_counterparts_are_those_of_the_same_name_then_the_only_ones_left_of_their_type() -> None:
    def empties(*names: str) -> list[bpy.types.Object]:
        return [bpy.data.objects.new(name, None) for name in names]

    lid, first, second, other = empties("lid", "leg", "leg", "handle")
    before = empties("leg", "leg", "knob", "lid")
    assert replace_import.counterparts([lid, first, second, other], before) == {
        lid: before[3], first: before[0], second: before[1], other: before[2]
    }  # fmt: skip
    assert replace_import.counterparts(empties("a", "b"), empties("c")) == {}


def test_a_library_override_of_a_model_is_left_alone(single: Converted, tmp_path: Path) -> None:
    scene = bpy.context.scene
    override = glbs.overridden(bring(single), tmp_path)
    assert override["triverse_task_uuid"] == UUID
    assert imported_models.find(str(UUID)) == [override]
    override.objects[0].location.x = 4.0
    assert imported_models.find_latest(scene, str(UUID), override.name, None) is None
    for uuid in ("", str(UUID)):
        placement = Placement(instead_of=override.name, instead_of_uuid=uuid)
        collection, said = told(single, placement=placement)
        assert said == ["The model in this scene is a library override. Replace it in its own file."]
        assert collection in scene.collection.children.values()
        assert override in scene.collection.children.values()
        assert [obj.matrix_world.translation.x for obj in override.objects] == [4.0]
        bpy.data.batch_remove([*collection.all_objects, collection])
