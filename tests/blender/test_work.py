# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's own work on one result: what the child makes of the kept model, and what is then in the scene."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import bpy
import pytest
from mathutils import Matrix, Vector

from tests.blender import glbs
from triverse_addon.scene.importing import append, imported_models
from triverse_addon.scene.importing.importer import import_task
from triverse_addon.scene.importing.placement import world_matrix
from triverse_addon.scene.worker import asset_collection, geometry
from triverse_addon.scene.worker.geometry import mesh_objects, triangles_of
from triverse_addon.tasks.converter import Converted, ConvertError
from triverse_addon.tasks.engine.import_queue import ConvertAgain, Failed, Imported
from triverse_addon.tasks.record.processing import PLAIN, Processing
from triverse_addon.tasks.record.record import Placement, Stage, TaskRecord

pytestmark = pytest.mark.usefixtures("fresh_file")

ALL = Processing(cleanup=True, decimate=200, lods=2, hull=True)


@pytest.fixture
def glb(tmp_path: Path) -> Path:
    """A body with a lid, of 448 triangles together."""
    return glbs.export(tmp_path / "pair.glb", glbs.pair)


def record(glb: Path, made: Converted, placement: Placement, work: Processing = PLAIN) -> TaskRecord:
    """A task whose .blend was made with ``work``."""
    return TaskRecord(
        id="a" * 32,
        flow="text-to-model",
        name="A blue vase",
        stage=Stage.READY,
        task_uuid=str(glbs.PROPERTIES["triverse_task_uuid"]),
        folder=str(glb.parent),
        model_path=str(glb),
        blend_path=str(made.blend_path),
        placement=placement,
        blend_work=work,
    )


def bring(task: TaskRecord) -> bpy.types.Collection:
    """Import a model."""
    outcome = import_task(task)
    assert isinstance(outcome, Imported), outcome
    bpy.context.view_layer.update()
    return bpy.data.collections[outcome.collection_name]


def levels(collection: bpy.types.Collection) -> list[bpy.types.Collection]:
    return sorted((one for one in collection.children if one.get("triverse_lod")), key=lambda one: one["triverse_lod"])


def triangles(collection: bpy.types.Collection) -> int:
    objects = [obj for obj in mesh_objects(collection.objects) if not obj.name.startswith("UCX_")]
    return sum(triangles_of(obj.data) for obj in objects)


def extent(objects: list[bpy.types.Object]) -> tuple[Vector, Vector]:
    # Blender evaluates no objects that are excluded from the view layer.
    points = [world_matrix(obj, {}) @ vertex.co for obj in mesh_objects(objects) for vertex in obj.data.vertices]
    axes = list(zip(*points, strict=True))
    return Vector(map(min, axes)), Vector(map(max, axes))


def test_everything_is_done_in_one_child_and_comes_as_one_collection(glb: Path, tmp_path: Path) -> None:
    made = glbs.convert_kept(glb, tmp_path / "out", processing=ALL)
    assert (made.triangles <= 200, made.objects) == (True, 2)
    collection = bring(record(glb, made, Placement(work=ALL), ALL))
    found = levels(collection)
    assert [one.name for one in found] == ["A blue vase LOD1", "A blue vase LOD2"]
    counts = [triangles(one) for one in (collection, *found)]
    assert counts[0] == made.triangles
    assert [count <= limit for count, limit in zip(counts, (200, 100, 50), strict=True)] == [True] * 3
    (hull,) = [obj for obj in collection.objects if obj.name.startswith("UCX_")]
    assert (hull.display_type, hull.hide_render) == ("WIRE", True)
    assert {material.name for material in bpy.data.materials if material.users} == {"A blue vase"}
    # The model and its hull are seen, the levels are a click away, and nothing else came with them.
    assert {obj.name for obj in bpy.context.view_layer.objects} == {"body", "lid", hull.name}
    assert [one.name for one in bpy.context.scene.collection.children] == ["A blue vase"]
    shown = asset_collection.shown_objects(collection)
    assert {obj.name for obj in shown} == {"body", "lid", hull.name}
    assert imported_models.find(str(glbs.PROPERTIES["triverse_task_uuid"])) == [collection]


@pytest.mark.parametrize(
    "work", [Processing(decimate=300), Processing(lods=1), Processing(hull=True), Processing(cleanup=True)]
)
def test_each_is_done_alone(glb: Path, tmp_path: Path, work: Processing) -> None:
    made = glbs.convert_kept(glb, tmp_path / "out", processing=work)
    collection = bring(record(glb, made, Placement(work=work), work))
    hulls = [obj for obj in collection.objects if obj.name.startswith("UCX_")]
    assert (triangles(collection) <= 300) == bool(work.decimate)
    assert (len(levels(collection)), len(hulls)) == (work.lods, int(work.hull))
    assert any(one.name == "A blue vase" for one in bpy.data.materials) == work.cleanup


def test_a_model_that_cannot_be_worked_on_is_refused_in_one_sentence(tmp_path: Path) -> None:
    def many() -> None:
        for at in range(40):
            glbs.sphere(f"Part {at}", (at, 0.0, 0.0))

    glb = glbs.export(tmp_path / "many.glb", many)
    with pytest.raises(ConvertError, match=r"many small parts\. Choose a larger number"):
        glbs.convert_kept(glb, tmp_path / "out", processing=Processing(decimate=100))

    def flat() -> None:
        bpy.ops.mesh.primitive_circle_add(vertices=3, fill_type="NGON")

    glb = glbs.export(tmp_path / "flat.glb", flat)
    with pytest.raises(ConvertError, match="no volume"):
        glbs.convert_kept(glb, tmp_path / "out", processing=Processing(hull=True))


def test_a_blend_is_used_for_what_it_was_made_for_only(glb: Path, tmp_path: Path) -> None:
    made = glbs.convert_kept(glb, tmp_path / "out", processing=ALL)
    assert isinstance(import_task(record(glb, made, Placement(), ALL)), ConvertAgain), "the model as delivered"
    assert isinstance(import_task(record(glb, made, Placement(work=ALL))), ConvertAgain)
    # Without its .blend, the model must not come as delivered where something else was asked for.
    made.blend_path.unlink()
    outcome = import_task(record(glb, made, Placement(work=ALL), ALL))
    assert isinstance(outcome, Failed)
    assert not bpy.data.collections


def test_many_parts_are_appended_all_the_same(glb: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = glbs.convert_kept(glb, tmp_path / "out", processing=ALL)
    monkeypatch.setattr("triverse_addon.scene.importing.importer.MAX_BLOCKS", 1)
    monkeypatch.setattr(append, "MAX_BLOCKS", 1)
    assert len(levels(bring(record(glb, made, Placement(work=ALL), ALL)))) == 2


# -----------------------------------------------------------------------------
# In the place of the model


@pytest.mark.parametrize("is_edited", [False, True])
def test_it_takes_the_place_of_the_model(glb: Path, tmp_path: Path, is_edited: bool) -> None:
    plain = glbs.convert_kept(glb, tmp_path / "plain")
    old = bring(record(glb, plain, Placement(step_aside=False)))
    old.name = "My vase"
    body = old.objects["body"]
    body.rotation_mode = "XYZ"
    body.location, body.rotation_euler, body.scale = (5.0, 1.0, 0.5), (0.0, 0.0, math.radians(30.0)), (2.0, 2.0, 2.0)
    bpy.context.view_layer.update()
    if is_edited:
        for obj in (body, old.objects["lid"]):
            world = obj.matrix_world.copy()
            obj.parent = None
            obj.data.transform(world)
            obj.matrix_world = Matrix()
    holder = glbs.empty("holder")
    body.parent = holder
    bpy.context.view_layer.update()
    low, high = extent(list(old.objects))

    made = glbs.convert_kept(glb, tmp_path / "out", processing=ALL)
    new = bring(record(glb, made, Placement(work=ALL, instead_of="My vase"), ALL))
    assert [one.name for one in imported_models.find(str(glbs.PROPERTIES["triverse_task_uuid"]))] == ["My vase"]
    assert [one.name for one in levels(new)] == ["My vase LOD1", "My vase LOD2"]
    (hull,) = [obj for obj in new.objects if obj.name.startswith("UCX_")]
    size = (high - low).length
    parts = [[obj for obj in new.objects if obj != hull], [hull], *(list(one.objects) for one in levels(new))]
    for objects in parts:
        its_low, its_high = extent(objects)
        assert max((its_low - low).length, (its_high - high).length) < 0.15 * size, [obj.name for obj in objects]
    holder.location.x += 3.0
    bpy.context.view_layer.update()
    if not is_edited:
        assert extent([hull])[0].x > low.x + 2.5, "the hull goes with the model"

    # Once more, and the model as it was: nothing is left over.
    again = bring(record(glb, made, Placement(work=ALL, instead_of="My vase"), ALL))
    assert [one.name for one in levels(again)] == ["My vase LOD1", "My vase LOD2"]
    assert len([obj for obj in bpy.data.objects if obj.name.startswith("UCX_")]) == 1
    whole = bring(record(glb, plain, Placement(instead_of="My vase")))
    assert {obj.name for obj in whole.all_objects} == {"body", "lid"}
    assert [one.name for one in bpy.data.collections] == ["My vase"]


def test_a_clean_up_takes_only_packed_pictures_for_equal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture that is not in the file has no content to compare."""
    # The child has them as plain modules.
    monkeypatch.setitem(sys.modules, "asset_collection", asset_collection)
    monkeypatch.setitem(sys.modules, "geometry", geometry)
    from triverse_addon.scene.worker import material_cleanup

    path = str(glbs.picture(tmp_path / "picture.png", 8, 8))
    collection = bpy.data.collections.new("Vase")
    bpy.context.scene.collection.children.link(collection)
    for number, pack in enumerate((True, True, False, False)):
        material = bpy.data.materials.new(f"Glaze {number}")
        if bpy.app.version < (5, 0):
            material.use_nodes = True
        image = bpy.data.images.load(path)
        if pack:
            image.pack()
        material.node_tree.nodes.new("ShaderNodeTexImage").image = image
        collection.objects.link(glbs.sphere(f"part {number}", material=material))
    material_cleanup.clean_up(collection)
    assert sorted(image.packed_file is not None for image in bpy.data.images) == [False, False, True]
    one, same, *others = (obj.material_slots[0].material for obj in collection.objects)
    assert one == same
    assert len({one, *others}) == 3, "they look alike but for the picture"


def test_an_instance_shows_neither_levels_nor_objects_of_other_scenes(glb: Path, tmp_path: Path) -> None:
    """As a duplicated instance does, and a model that another file links."""
    made = glbs.convert_kept(glb, tmp_path / "out", processing=Processing(lods=2))
    collection = bring(record(glb, made, Placement(work=Processing(lods=2)), Processing(lods=2)))
    other = asset_collection.gather([], [glbs.sphere("of another scene")], "Other")
    collection.children.link(other.children[0])
    asset_collection.exclude_others(collection)
    shows = bpy.data.objects.new("shows", None)
    shows.instance_type, shows.instance_collection = "COLLECTION", collection
    bpy.context.scene.collection.objects.link(shows)

    def instances() -> list[str]:
        graph = bpy.context.evaluated_depsgraph_get()
        graph.update()
        return sorted(one.object.name for one in graph.object_instances if one.is_instance)

    assert instances() == ["body", "lid"]
    # A level that a user shows is there in the scene.
    level = levels(collection)[0]
    place = bpy.context.view_layer.layer_collection.children[collection.name].children[level.name]
    place.exclude = level.hide_viewport = level.hide_render = False
    bpy.context.view_layer.update()
    assert all(obj.visible_get() for obj in level.objects)
