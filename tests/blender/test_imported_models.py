# SPDX-License-Identifier: GPL-3.0-or-later
"""What is imported is known as it is in the file now, and can be shown wherever it is."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import bpy
import pytest

from tests.blender import glbs
from triverse_addon.scene.importing import imported_models, origin, show
from triverse_addon.scene.importing.imported_models import IMPORTED_AT, UUID
from triverse_addon.tasks.record.record import Origin, Placement, Stage, TaskRecord

pytestmark = pytest.mark.usefixtures("fresh_file")


def model(name: str = "Chair", uuid: str = "u-1", scene: bpy.types.Scene | None = None) -> bpy.types.Collection:
    """A cube in a collection as an import makes it."""
    collection = bpy.data.collections.new(name)
    collection[UUID], collection[IMPORTED_AT] = uuid, float(len(bpy.data.collections))
    (scene or bpy.context.scene).collection.children.link(collection)
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([(0, 0, 0), (2, 0, 0), (0, 2, 0), (0, 0, 2)], [], [(0, 1, 2), (0, 1, 3)])
    collection.objects.link(bpy.data.objects.new(name, mesh))
    imported_models.forget()
    return collection


def found(uuid: str | None = "u-1") -> list[str]:
    return [collection.name for collection in imported_models.find(uuid)]


def test_nothing_is_found_of_a_task_without_a_uuid_or_a_model() -> None:
    model()
    assert found(None) == found("") == found("u-2") == []


def test_the_last_import_comes_first() -> None:
    model()
    model()
    assert found() == ["Chair.001", "Chair"]


def test_it_follows_renaming_deleting_and_emptying() -> None:
    collection, other = model(), model("Table")
    assert found() == ["Table", "Chair"]
    collection.name = "Throne"
    assert found() == ["Table", "Throne"]
    bpy.data.objects.remove(other.objects[0])
    assert found() == ["Throne"]
    bpy.data.collections.remove(collection)
    assert found() == []


def test_one_that_was_exchanged_for_another_is_not_taken_for_it() -> None:
    collection = model()
    assert found() == ["Chair"]
    bpy.data.collections.remove(collection)
    bpy.data.collections.new("Chair")
    assert found() == []


def test_a_model_in_another_scene_is_found_and_shown_there() -> None:
    other = bpy.data.scenes.new("Other")
    collection = model(scene=other)
    layer = other.view_layers[0]
    (obj,) = collection.objects
    obj.hide_set(True, view_layer=layer)
    layer.layer_collection.children[collection.name].exclude = True
    window = bpy.context.window_manager.windows[0]
    assert window.scene != other
    assert found() == ["Chair"]
    assert show.show(collection, window, None)
    assert window.scene == other
    assert not layer.layer_collection.children[collection.name].exclude
    assert [one.name for one in layer.objects if one.select_get(view_layer=layer)] == ["Chair"]
    assert layer.objects.active == obj


@pytest.mark.parametrize("excluded", [(), ("Set",), ("Set", "Chair")])
def test_what_else_is_excluded_stays_so(excluded: tuple[str, ...]) -> None:
    collection = model()
    scene, home, other, inner = (bpy.context.scene, *map(bpy.data.collections.new, ("Set", "Spare", "Inner")))
    scene.collection.children.link(home)
    scene.collection.children.unlink(collection)
    for child in (other, collection):
        home.children.link(child)
    collection.children.link(inner)
    of_home = bpy.context.view_layer.layer_collection.children["Set"]
    of_model = of_home.children["Chair"]
    of_home.children["Spare"].exclude = of_model.children["Inner"].exclude = True
    if "Chair" in excluded:
        of_model.exclude = True
    if "Set" in excluded:
        of_home.exclude = True
    assert show.show(collection, bpy.context.window_manager.windows[0], None)
    assert not of_home.exclude
    assert not of_model.exclude
    assert of_home.children["Spare"].exclude
    assert of_model.children["Inner"].exclude
    assert collection.objects[0].visible_get()


def test_a_model_that_is_disabled_in_viewports_is_shown() -> None:
    collection = model()
    (obj,) = collection.objects
    obj.hide_viewport = True
    bpy.context.view_layer.update()
    assert show.show(collection, bpy.context.window_manager.windows[0], None)
    assert obj.visible_get()
    assert obj.select_get()


def test_all_objects_of_a_model_of_many_are_shown_and_selected() -> None:
    collection = model()
    mesh = collection.objects[0].data
    for at in range(100):
        collection.objects.link(bpy.data.objects.new(f"part_{at}", mesh))
    bpy.context.view_layer.update()
    assert show.show(collection, bpy.context.window_manager.windows[0], None)
    assert all(obj.select_get() for obj in collection.objects)


def test_in_edit_mode_the_selection_stays() -> None:
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.object.mode_set(mode="EDIT")
    cube, collection = bpy.context.object, model()
    assert show.show(collection, bpy.context.window_manager.windows[0], None)
    assert bpy.context.view_layer.objects.active == cube
    assert not collection.objects[0].select_get()
    assert cube.mode == "EDIT"


def test_a_collection_in_no_scene_is_not_shown() -> None:
    collection = model()
    bpy.context.scene.collection.children.unlink(collection)
    collection.use_fake_user = True
    assert found() == ["Chair"]
    assert not show.show(collection, bpy.context.window_manager.windows[0], None)


@pytest.mark.parametrize("home", [None, "Props"])
def test_a_model_that_only_an_instance_shows_is_shown(home: str | None) -> None:
    """An asset that is dragged in, and appended, is in no scene itself. It was called imported, and not found."""
    collection = model()
    bpy.context.scene.collection.children.unlink(collection)
    other = bpy.data.scenes.new("Other")
    instance = bpy.data.objects.new("Chair", None)
    instance.instance_type, instance.instance_collection = "COLLECTION", collection
    instance.location = 70, 0, 0
    layer = other.view_layers[0]
    layer.update()  # its layer collections, of a scene that was never shown
    if home is None:
        other.collection.objects.link(instance)
    else:
        props = bpy.data.collections.new(home)
        other.collection.children.link(props)
        props.objects.link(instance)
        layer.layer_collection.children[home].exclude = True
    window = bpy.context.window_manager.windows[0]
    assert imported_models.is_in_a_scene("u-1")
    assert show.show(collection, window, None)
    assert window.scene == other
    assert instance.visible_get(view_layer=layer)
    assert instance.select_get(view_layer=layer)
    assert layer.objects.active == instance
    area = max((one for one in window.screen.areas if one.type == "VIEW_3D"), key=lambda one: one.width * one.height)
    view = area.spaces.active.region_3d
    assert tuple(view.view_location) == pytest.approx((70, 0, 0), abs=3)


@pytest.mark.parametrize("how", ["unlinked", "scene deleted"])
def test_the_status_says_that_a_model_is_in_no_scene(ui: Any, how: str) -> None:
    """An asset stays in the file then; it said "Imported", and the button found nothing to show."""
    from triverse_addon.ui.state import task_presentation

    record = TaskRecord(id="a", flow="text-to-model", name="Chair", stage=Stage.IMPORTED, task_uuid="u-1")
    scene = bpy.data.scenes.new("Other")
    collection = model(scene=scene)
    collection.asset_mark()
    assert task_presentation.state(record) == ("Imported",)
    assert imported_models.uuids() == {"u-1"}
    if how == "unlinked":
        scene.collection.children.unlink(collection)
    else:
        bpy.data.scenes.remove(scene)
    assert found() == ["Chair"]
    assert imported_models.uuids() == set()
    assert task_presentation.state(record) == ("In this file, but in no scene", "In no scene")
    assert task_presentation.action(record).operator == "triverse.import_task"
    second = model()
    assert task_presentation.state(record) == ("Imported",)
    bpy.data.collections.remove(second)
    bpy.context.scene.collection.children.link(collection)
    assert task_presentation.action(record).operator == "triverse.show_imported"


@pytest.mark.parametrize(
    ("made_in", "words"),
    [
        (Origin(), ("Imported",)),
        (Origin(session="batch", file="/library"), ("Imported into the asset library", "In the library")),
        (Origin(session="other", file="/other.blend"), ("Imported into another file", "In another file")),
        (Origin(session="here"), ("Imported before, not in this file any more", "Was in this file")),
    ],
)
def test_the_status_says_where_it_was_imported(
    ui: Any, monkeypatch: pytest.MonkeyPatch, made_in: Origin, words: tuple[str, ...]
) -> None:
    from triverse_addon.ui.state import task_presentation

    monkeypatch.setattr(origin, "_token", "here")
    record = TaskRecord(
        id="a", flow="text-to-model", name="Chair", stage=Stage.IMPORTED, task_uuid="u-1", origin=made_in
    )
    assert task_presentation.state(record) == words
    assert task_presentation.action(record).operator == "triverse.import_task"
    collection = model()
    assert task_presentation.state(record) == ("Imported",)
    assert task_presentation.action(record).operator == "triverse.show_imported"
    bpy.data.collections.remove(collection)
    assert task_presentation.state(record) == words


def test_a_library_override_is_not_replaced_and_the_reason_is_said(ui: ModuleType, tmp_path: Path) -> None:
    from triverse_addon.ui.task_list.import_operators import TRIVERSE_OT_replace_imported as operator

    record = TaskRecord(
        id="a" * 32, flow="text-to-model", name="Chair", stage=Stage.IMPORTED, task_uuid="u-1", model_path="chair.glb"
    )
    assert operator.disabled_reason(bpy.context, record) == "No model of this task is in this scene."
    collection = model()
    assert operator.disabled_reason(bpy.context, record) is None
    glbs.overridden(collection, tmp_path)
    assert found() == ["Chair"]
    reason = operator.disabled_reason(bpy.context, record)
    assert reason == "The model in this scene is a library override. Replace it in its own file."


def test_a_linked_model_is_not_replaced_and_the_reason_is_said(ui: ModuleType, tmp_path: Path) -> None:
    """As the asset browser links one, as an instance."""
    from triverse_addon.ui.task_list.import_operators import TRIVERSE_OT_replace_imported as operator

    record = TaskRecord(
        id="a" * 32, flow="text-to-model", name="Chair", stage=Stage.IMPORTED, task_uuid="u-1", model_path="chair.glb"
    )
    override = glbs.overridden(model(), tmp_path)
    instance = glbs.empty("instance")
    instance.instance_type, instance.instance_collection = "COLLECTION", override.override_library.reference
    bpy.data.batch_remove([*override.all_objects, override])
    imported_models.forget()
    reason = operator.disabled_reason(bpy.context, record)
    assert reason == "The model in this scene is linked from another file. Replace it in its own file."
    bpy.data.objects.remove(instance)
    assert operator.disabled_reason(bpy.context, record) == "No model of this task is in this scene."


def test_beside_a_model_is_beside_the_instance_that_shows_it(ui: ModuleType) -> None:
    from triverse_addon.ui.form import placement

    collection, scene = model(), bpy.context.scene
    here = Placement()
    assert placement.beside(here, collection, scene).location == (1.0, 1.0, 0.0)
    scene.collection.children.unlink(collection)
    instance = glbs.empty("instance", (70, 0, 5))
    instance.instance_type, instance.instance_collection = "COLLECTION", collection
    bpy.context.view_layer.update()
    assert placement.beside(here, collection, scene).location == pytest.approx((71.0, 1.0, 5.0))
