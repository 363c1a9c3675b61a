# SPDX-License-Identifier: GPL-3.0-or-later
"""A model that is imported again uses what is in the file already, unless it is to have data of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import bpy
import pytest

from tests.blender import glbs
from triverse_addon.scene.importing.importer import import_task
from triverse_addon.tasks.converter import Converted
from triverse_addon.tasks.engine.import_queue import Imported
from triverse_addon.tasks.record.record import Placement, Stage, TaskRecord

pytestmark = pytest.mark.usefixtures("fresh_file")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Converted:
    folder = tmp_path_factory.mktemp("pair")
    return glbs.convert_kept(glbs.export(folder / "model.glb", glbs.pair), folder)


@pytest.fixture(params=["appended", "in place"])
def record(request: pytest.FixtureRequest, made: Converted) -> TaskRecord:
    """The task, with a .blend from the child, or without: then its GLB is imported in the user's Blender."""
    return TaskRecord(
        id="a" * 32,
        flow="text-to-model",
        name="Vase",
        stage=Stage.READY,
        task_uuid=str(glbs.PROPERTIES["triverse_task_uuid"]),
        folder=str(made.blend_path.parent),
        model_path=str(made.blend_path.with_name("model.glb")),
        blend_path=str(made.blend_path) if request.param == "appended" else "",
    )


def bring(record: TaskRecord, *, share: bool = True, **more) -> bpy.types.Collection:
    outcome = import_task(record.with_(placement=Placement(share_data=share), **more))
    assert isinstance(outcome, Imported), outcome
    return bpy.data.collections[outcome.collection_name]


def number() -> dict[str, int]:
    """How many data-blocks the file holds of each kind that a model brings."""
    images = sum(image.source == "FILE" for image in bpy.data.images)
    return {"meshes": len(bpy.data.meshes), "materials": len(bpy.data.materials), "images": images}


def test_three_imports_have_one_set_of_data(record: TaskRecord) -> None:
    bring(record)
    once = number()
    collections = [bring(record), bring(record)]
    assert number() == once
    assert len({collection.name for collection in collections}) == 2
    for collection in collections:
        assert all(obj.data.users == 3 for obj in collection.all_objects if obj.type == "MESH")


def test_with_the_option_each_has_its_own(record: TaskRecord) -> None:
    bring(record)
    once = number()
    bring(record, share=False)
    assert number() == {kind: 2 * count for kind, count in once.items()}


def test_a_mesh_that_was_edited_is_not_shared_but_its_material_is(record: TaskRecord) -> None:
    first = bring(record)
    once = number()
    edited = next(obj for obj in first.all_objects if obj.type == "MESH")
    edited.data.vertices[0].co.x += 1.0
    second = bring(record)
    assert number() == once | {"meshes": once["meshes"] + 1}
    assert edited.data not in [obj.data for obj in second.all_objects]


def paint(obj: bpy.types.Object) -> None:
    obj.data.color_attributes.new("Painted", "BYTE_COLOR", "CORNER")


def mark_seam(obj: bpy.types.Object) -> None:
    obj.data.edges[0].use_seam = True


def mark_sharp(obj: bpy.types.Object) -> None:
    obj.data.edges[0].use_edge_sharp = True


def shade_a_face(obj: bpy.types.Object) -> None:
    obj.data.polygons[0].use_smooth = not obj.data.polygons[0].use_smooth


def turn_normals(obj: bpy.types.Object) -> None:
    obj.data.normals_split_custom_set([(0.0, 0.0, 1.0)] * len(obj.data.loops))


def weigh(obj: bpy.types.Object) -> None:
    obj.vertex_groups.new(name="Pinned").add([0], 1.0, "REPLACE")


def add_attribute(obj: bpy.types.Object) -> None:
    obj.data.attributes.new("Height", "FLOAT", "POINT")


@pytest.mark.parametrize(
    "edit",
    [paint, mark_seam, mark_sharp, shade_a_face, turn_normals, weigh, add_attribute],
    ids=lambda edit: edit.__name__,
)
def test_what_a_user_adds_to_a_mesh_is_not_taken_over(record: TaskRecord, edit: Callable[..., None]) -> None:
    first = bring(record)
    edited = next(obj for obj in first.all_objects if obj.type == "MESH")
    edit(edited)
    second = bring(record)
    assert edited.data not in [obj.data for obj in second.all_objects]


def test_a_mesh_that_was_only_looked_at_in_edit_mode_is_shared(record: TaskRecord) -> None:
    first = bring(record)
    once = number()
    bpy.context.view_layer.objects.active = next(obj for obj in first.all_objects if obj.type == "MESH")
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="DESELECT")
    bpy.ops.object.mode_set(mode="OBJECT")
    bring(record)
    assert number() == once


def test_what_is_linked_from_another_file_is_not_shared(record: TaskRecord, tmp_path: Path) -> None:
    """As in an override of a linked model: its objects can be changed, their meshes and materials cannot."""
    first = bring(record)
    parts = [obj for obj in first.all_objects if obj.type == "MESH"]
    library = tmp_path / "library.blend"
    bpy.data.libraries.write(str(library), {obj.data for obj in parts})
    for obj in parts:
        with bpy.data.libraries.load(str(library), link=True) as (_, wanted):
            wanted.meshes = [obj.data.name]
        obj.data = wanted.meshes[0]
    assert all(obj.data.library for obj in parts)
    second = bring(record)
    parts = [obj for obj in second.all_objects if obj.type == "MESH"]
    assert parts
    assert not [obj for obj in parts if obj.data.library]
    assert not [slot.name for obj in parts for slot in obj.material_slots if slot.material.library]


def test_a_material_that_was_exchanged_is_not_taken_over(record: TaskRecord) -> None:
    first = bring(record)
    gold = bpy.data.materials.new("Gold")
    for obj in first.all_objects:
        if obj.type == "MESH":
            obj.data.materials[0] = gold
    second = bring(record)
    materials = {slot.material.name for obj in second.all_objects for slot in obj.material_slots}
    assert "Gold" not in materials
    assert materials


def test_geometry_alone_takes_no_materials_over(record: TaskRecord) -> None:
    bring(record)
    once = number()
    bare = bring(record, geometry_only=True)
    assert all(not obj.material_slots for obj in bare.all_objects)
    assert number() == once | {"meshes": 2 * once["meshes"]}
    bring(record)
    assert number() == once | {"meshes": 2 * once["meshes"]}, "the last import has no materials, the one before has"


def test_the_models_stay_apart(record: TaskRecord) -> None:
    first, second = bring(record), bring(record)
    assert not set(first.all_objects) & set(second.all_objects)
    root = next(obj for obj in second.all_objects if obj.parent is None)
    root.location.x += 5.0
    assert next(obj for obj in first.all_objects if obj.parent is None).location.x != root.location.x


def test_replacing_has_data_of_its_own(record: TaskRecord, tmp_path: Path) -> None:
    first, _second = bring(record), bring(record)
    outcome = import_task(record.with_(placement=Placement(share_data=True, instead_of=first.name)))
    assert isinstance(outcome, Imported)
    assert not [block for block in bpy.data.meshes if not block.users]
