# SPDX-License-Identifier: GPL-3.0-or-later
"""A finished task on its way into the scene that asked for it, and into no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

from tests.blender import fresh, glbs
from triverse_addon.scene.importing import origin as origins
from triverse_addon.scene.importing.importer import import_task, wait_reason
from triverse_addon.scene.importing.origin import find_scene
from triverse_addon.tasks.converter import Converted
from triverse_addon.tasks.engine.import_queue import Failed, Imported, Later
from triverse_addon.tasks.record.record import Origin, Placement, Stage, TaskRecord


class SceneProperties(bpy.types.PropertyGroup):
    """What the ui keeps in a scene, as far as an origin needs it."""

    __annotations__ = {"scene_id": bpy.props.StringProperty()}


@pytest.fixture(autouse=True)
def _properties(fresh_file: None) -> Iterator[None]:
    bpy.utils.register_class(SceneProperties)
    bpy.types.Scene.triverse = bpy.props.PointerProperty(type=SceneProperties)
    yield
    del bpy.types.Scene.triverse
    bpy.utils.unregister_class(SceneProperties)


@pytest.fixture(scope="session")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Converted:
    folder = tmp_path_factory.mktemp("task")
    return glbs.convert_kept(glbs.export(folder / "model.glb", lambda: glbs.sphere("geometry_0")), folder)


def record(converted: Converted, **more) -> TaskRecord:
    return TaskRecord(
        id="a" * 32,
        flow="text-to-model",
        name="Green vase",
        stage=Stage.READY,
        params={"prompt": "a green vase"},
        task_uuid="uuid-1",
        created_at_s=1_777_889_472.0,
        cost_credits=55,
        folder=str(converted.blend_path.parent),
        model_path=str(converted.blend_path.with_name("model.glb")),
        blend_path=str(converted.blend_path),
        # Another than the one in the file: once imported, a record holds the name that the scene gave it.
        collection_name="Green vase.001",
    ).with_(**more)


def test_a_copy_of_a_scene_does_not_get_its_models() -> None:
    scene = bpy.context.scene
    scene.triverse.scene_id = "id-1"
    scene.name = "Z"
    copy = scene.copy()
    copy.name = "A"
    assert origins.find_scene(Origin("another", "", "id-1", "Z")) == scene


def asked_here(scene: bpy.types.Scene, scene_id: str = "") -> Origin:
    """What the ui writes down when ``scene`` asks."""
    scene.triverse.scene_id = scene_id
    return Origin(origins.token(), bpy.data.filepath, scene_id, scene.name)


def another_file() -> None:
    """File > New, as the ui's handler sees it."""
    fresh.empty_file()
    origins.renew_token()


# -----------------------------------------------------------------------------
# Whose model it is


def test_a_scene_is_found_by_its_id_after_it_was_renamed() -> None:
    asked = bpy.data.scenes.new("Kitchen")
    origin = asked_here(asked, "id-1")
    asked.name = "Bath"
    bpy.data.scenes.new("Kitchen")
    assert find_scene(origin) == asked


def test_a_scene_whose_id_was_undone_is_found_by_its_name_in_the_same_session() -> None:
    origin = asked_here(bpy.context.scene, "id-1")
    bpy.context.scene.triverse.scene_id = ""
    assert find_scene(origin) == bpy.context.scene


def test_a_scene_that_took_over_the_name_is_not_taken_for_it() -> None:
    origin = asked_here(bpy.context.scene, "id-1")
    bpy.context.scene.triverse.scene_id = "id-2"
    assert find_scene(origin) is None
    assert "is gone" in str(wait_reason(TaskRecord(id="x", flow="f", name="n", origin=origin)))


def test_the_same_name_in_another_file_is_not_enough() -> None:
    origin = asked_here(bpy.context.scene)
    another_file()
    assert bpy.data.scenes.get(origin.scene_name) is not None
    assert find_scene(origin) is None


def test_a_saved_file_is_known_when_it_is_opened_again(tmp_path: Path) -> None:
    path = str(tmp_path / "room.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    origin = asked_here(bpy.context.scene)
    another_file()
    assert find_scene(origin) is None
    assert "Waits until room.blend is open again." in str(origins.missing_scene_reason(origin))
    bpy.ops.wm.open_mainfile(filepath=path)
    origins.renew_token()
    assert find_scene(origin) == bpy.context.scene


def test_a_file_that_was_moved_is_known_by_its_scenes_id(tmp_path: Path) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "room.blend"))
    origin = asked_here(bpy.context.scene, "id-1")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "elsewhere.blend"))
    another_file()
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "elsewhere.blend"))
    origins.renew_token()
    assert find_scene(origin) == bpy.context.scene


def test_without_the_uis_properties_the_session_and_the_name_do() -> None:
    origin = Origin(origins.token(), "", "", bpy.context.scene.name)
    del bpy.types.Scene.triverse
    try:
        assert find_scene(origin) == bpy.context.scene
    finally:
        bpy.types.Scene.triverse = bpy.props.PointerProperty(type=SceneProperties)


# -----------------------------------------------------------------------------
# The import


def test_a_model_comes_into_the_scene_that_asked(converted: Converted) -> None:
    asked, shown = bpy.context.scene, bpy.data.scenes.new("Shown now")
    origin = asked_here(asked, "id-1")
    bpy.context.window.scene = shown
    outcome = import_task(record(converted, origin=origin, placement=Placement(location=(1, 2, 3))))
    assert outcome == Imported("Green vase")
    (collection,) = asked.collection.children
    assert not shown.collection.children
    assert collection["triverse_cost_credits"] == 55
    assert collection["triverse_prompt"] == "a green vase"
    assert collection["triverse_created_at"] == "2026-05-04T10:11:12Z"
    assert [tuple(obj.location) for obj in collection.objects] == [(1, 2, 3)]


def test_a_model_never_lands_in_another_file(converted: Converted) -> None:
    origin = asked_here(bpy.context.scene, "id-1")
    another_file()
    wanted = record(converted, origin=origin)
    assert import_task(wanted) == Later(wait_reason(wanted))
    assert "closed without being saved" in str(wait_reason(wanted))
    assert not bpy.data.collections


def test_a_task_from_the_command_line_comes_into_the_open_scene(converted: Converted) -> None:
    assert import_task(record(converted)) == Imported("Green vase")
    assert import_task(record(converted)) == Imported("Green vase.001")
    assert len(bpy.context.scene.collection.children) == 2


def test_without_a_blend_the_glb_is_imported_with_the_same_result(converted: Converted) -> None:
    assert import_task(record(converted, blend_path="")) == Imported("Green vase")
    (collection,) = bpy.context.scene.collection.children
    assert collection["triverse_task_uuid"] == "uuid-1"
    assert collection.asset_data.description == "a green vase"
    assert len(collection.objects) == 1


def test_a_blend_that_was_deleted_is_made_up_for_by_the_glb(converted: Converted, tmp_path: Path) -> None:
    assert import_task(record(converted, blend_path=str(tmp_path / "gone.blend"))) == Imported("Green vase")


def test_files_that_are_gone_are_told_with_their_folder(converted: Converted, tmp_path: Path) -> None:
    gone = record(converted, blend_path=str(tmp_path / "a"), model_path=str(tmp_path / "b"), folder=str(tmp_path))
    outcome = import_task(gone)
    assert isinstance(outcome, Failed)
    assert str(tmp_path) in str(outcome.sentence)
    assert "Retry" in str(outcome.sentence)


@pytest.mark.parametrize("keep", [False, True])
def test_a_placeholder_gives_place_and_size_and_steps_aside(converted: Converted, keep: bool) -> None:
    mark = glbs.sphere("mark", (5, 5, 5))
    mark.scale = (3, 3, 3)
    bpy.context.view_layer.update()
    placement = Placement(placeholder="mark", keep_placeholder=keep)
    import_task(record(converted, origin=asked_here(bpy.context.scene, "id-1"), placement=placement))
    (collection,) = bpy.context.scene.collection.children
    bpy.context.view_layer.update()
    (obj,) = collection.objects
    assert tuple(obj.dimensions) == pytest.approx((6, 6, 6), abs=1e-3)
    assert tuple(obj.location) == pytest.approx((5, 5, 5), abs=1e-3)
    assert mark.hide_get() is mark.hide_render is (not keep)


def test_a_placeholder_that_is_gone_leaves_the_location(converted: Converted) -> None:
    placement = Placement(location=(1, 0, 0), placeholder="gone")
    import_task(record(converted, placement=placement))
    assert tuple(bpy.context.scene.collection.children[0].objects[0].location) == (1, 0, 0)


@pytest.mark.kind("many-objects")
@pytest.mark.parametrize("has_glb", [True, False])
def test_a_model_of_thousands_of_objects_is_imported_as_appending_would_take_minutes(
    tmp_path: Path, has_glb: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only where its GLB is still there; the .blend alone is appended however long it takes."""
    from triverse_addon.scene.importing import importer

    nodes = [{"name": f"part {number:04}", "mesh": 0} for number in range(12)]
    glb = glbs.triangles_glb(tmp_path / "model.glb", nodes=nodes)
    large = glbs.convert_kept(glb, tmp_path)
    monkeypatch.setattr(importer, "MAX_BLOCKS", 10)
    ways = []

    def noted(which: str) -> Callable[..., bpy.types.Collection]:
        way = getattr(importer, which)

        def go(*arguments: Any, **options: Any) -> bpy.types.Collection:
            ways.append(which)
            return way(*arguments, **options)

        return go

    for which in ("append_model", "import_model"):
        monkeypatch.setattr(importer, which, noted(which))
    if not has_glb:
        glb.unlink()
    assert import_task(record(large)) == Imported("Green vase")
    assert ways == (["append_model", "import_model"] if has_glb else ["append_model"])
    (collection,) = bpy.context.scene.collection.children
    assert len(collection.objects) == 12
    assert collection["triverse_task_uuid"] == "uuid-1"
    assert not bpy.data.libraries
