# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts in the bpy module: where models come in, what handlers see, and the engine that is shared with the panel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import bpy
import pytest

from tests import authorities
from tests.blender import glbs
from tests.service.server import StandIn
from triverse_addon import scripting
from triverse_addon.scene.importing.placement import bounds
from triverse_addon.scripting import Task, Triverse


@pytest.fixture
def triverse(
    fresh_file: None, tmp_path: Path, service: StandIn, kept_converters: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Triverse]:
    """Triverse with an engine of its own; the add-on is not registered."""
    authorities.read_once(monkeypatch)
    service.state.clock.speed = 40.0
    with scripting.open(data=tmp_path / "data", key=service.key, url=service.url) as opened:
        yield opened


@pytest.fixture
def handlers() -> Iterator[list[Any]]:
    """The handlers, which are those from before again after the test."""
    before = list(scripting.on_imported)
    yield scripting.on_imported
    scripting.on_imported[:] = before


def made(triverse: Triverse, prompt: str = "a red chair") -> Task:
    return triverse.generate(prompt=prompt, polygon_limit=1000).wait()


def box_of(model: bpy.types.Collection) -> tuple[Any, Any]:
    found = bounds(list(model.all_objects))
    assert found is not None
    return found


def told(triverse: Triverse, task: Task) -> list[str]:
    """The lines of a task's history."""
    return [str(line.sentence) for line in triverse._connection.engine.history(task.id)]


# -----------------------------------------------------------------------------
# Where a model comes in


def test_a_model_comes_into_the_scene_at_a_place_and_a_height(triverse: Triverse) -> None:
    task = made(triverse)
    assert task.files.blend is not None
    model = task.import_into(bpy.context.scene, at=(1.0, 2.0, 3.0), height=0.5)
    assert model.name in bpy.context.scene.collection.children
    assert model["triverse_task_uuid"] == task.uuid
    low, high = box_of(model)
    assert low.z == pytest.approx(3.0, abs=1e-4)
    assert high.z - low.z == pytest.approx(0.5, abs=1e-4)
    assert (task.stage, task.is_done) == ("imported", True)
    again = task.import_into()
    assert again != model
    assert len(task.name) <= len(again.name)


def test_a_model_comes_into_a_collection_of_another_scene(triverse: Triverse) -> None:
    scene = bpy.data.scenes.new("Set")
    props = bpy.data.collections.new("Props")
    scene.collection.children.link(props)
    model = made(triverse).import_into(props)
    assert list(props.children) == [model]
    assert model.name not in scene.collection.children
    assert not bpy.context.scene.collection.children
    task = made(triverse)
    assert task.import_into(scene.collection).name in scene.collection.children
    with pytest.raises(scripting.InputError, match="no scene"):
        task.import_into(bpy.data.collections.new("Nowhere"))


def test_a_model_fills_an_object_that_was_made_a_line_before(triverse: Triverse) -> None:
    marker = glbs.empty("Here", (4.0, 5.0, 6.0))
    marker.empty_display_size = 0.5
    task = made(triverse)
    low, high = box_of(task.import_into(fit_to=marker, keep_fit_to=True))
    assert low.z == pytest.approx(5.5, abs=1e-3)
    assert max(high - low) == pytest.approx(1.0, abs=1e-3)
    assert not marker.hide_viewport
    task.import_into(fit_to="Here", geometry_only=True)
    assert marker.hide_get() or marker.hide_viewport
    low, _ = box_of(task.import_into(at=marker))
    assert low.z == pytest.approx(6.0, abs=1e-3)
    with pytest.raises(scripting.InputError, match="no object “Nowhere”"):
        task.import_into(fit_to="Nowhere")
    with pytest.raises(scripting.InputError, match="There is no object “7”"):
        task.import_into(fit_to=7)  # type: ignore[arg-type]


def test_a_model_that_cannot_be_converted_for_a_scene_still_fits_the_others(
    triverse: Triverse, monkeypatch: pytest.MonkeyPatch
) -> None:
    from triverse_addon.api.sentence import Sentence
    from triverse_addon.scene.child.converter import ChildConverter
    from triverse_addon.tasks.converter import ConvertError

    def refuse(*_: Any) -> None:
        raise ConvertError(Sentence.of("Blender crashed while it read this model."))

    task = made(triverse)
    scene = bpy.data.scenes.new("Centimetres")
    scene.unit_settings.scale_length = 0.01
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(ChildConverter, "__call__", refuse)
        with pytest.raises(scripting.ImportFailedError, match="crashed while it read"):
            task.import_into(scene)
    assert (task.stage, task.error) == ("ready", None)
    assert task.import_into().name in bpy.context.scene.collection.children
    assert task.import_into(scene).name in scene.collection.children


def test_a_scene_with_other_units_gets_a_model_that_fits(triverse: Triverse) -> None:
    task = made(triverse)
    low, high = box_of(task.import_into())
    scene = bpy.data.scenes.new("Centimetres")
    scene.unit_settings.scale_length = 0.01
    small_low, small_high = box_of(task.import_into(scene))
    assert (small_high - small_low).z == pytest.approx(100 * (high - low).z, rel=1e-3)


def test_a_function_that_imports_what_has_to_be_converted_first_is_called_once(triverse: Triverse) -> None:
    task = triverse.generate(prompt="a red chair", polygon_limit=1000)
    bpy.context.scene.unit_settings.scale_length = 0.01
    models: list[str] = []

    def imports(one: Task) -> None:
        if one.stage == "ready":
            models.append(one.import_into().name)

    task.on_change(imports)
    task.wait()
    assert len(models) == 1
    assert len(bpy.context.scene.collection.children) == 1
    assert not [line for line in told(triverse, task) if "failed" in line]


def test_a_model_does_not_come_into_the_collection_of_an_import_that_failed(triverse: Triverse) -> None:
    props = bpy.data.collections.new("Props")
    bpy.context.scene.collection.children.link(props)
    task = made(triverse)
    assert task.files.model is not None
    assert task.files.blend is not None
    for path in (task.files.model, task.files.blend):
        path.write_bytes(b"damaged")
    with pytest.raises(scripting.TaskFailedError):
        task.import_into(props)
    model = task.retry().wait().import_into(bpy.context.scene)
    assert model.name in bpy.context.scene.collection.children
    assert not props.children


def test_what_cannot_be_imported_says_why(triverse: Triverse, service: StandIn) -> None:
    failed = triverse.generate(prompt="a chair that will fail")
    triverse.wait([failed])
    with pytest.raises(scripting.TriverseError):
        failed.import_into()
    service.state.clock.speed = 0.01
    task = triverse.generate(prompt="a slow chair", polygon_limit=1000)
    with pytest.raises(scripting.NotReadyError, match="a slow chair"):
        task.import_into()
    assert len(bpy.data.collections) == 0


@pytest.mark.parametrize("is_override", [False, True])
def test_a_collection_of_another_file_is_refused_and_nothing_comes(
    triverse: Triverse, tmp_path: Path, is_override: bool
) -> None:
    kit = bpy.data.collections.new("Kit")
    glbs.sphere("part")
    kit.objects.link(bpy.data.objects["part"])
    home = glbs.overridden(kit, tmp_path)
    if not is_override:
        home = next(one for one in bpy.data.collections if one.library is not None)
        bpy.context.scene.collection.children.link(home)
    before = set(bpy.data.collections)
    task = made(triverse)
    with pytest.raises(scripting.InputError, match="The collection Kit is linked from another file"):
        task.import_into(home)
    assert (set(bpy.data.collections), task.stage) == (before, "ready")


@pytest.mark.parametrize(
    "given",
    [{"height": value} for value in (0, -1.0, float("nan"), float("inf"), "tall")]
    + [{"at": value} for value in ((0.0, 1.0), "abc", None, (0.0, 0.0, float("nan")))],
    ids=str,
)
def test_a_place_or_height_that_cannot_be_used_leaves_the_task_as_it_is(
    triverse: Triverse, given: dict[str, Any]
) -> None:
    """A text as height failed the task for good; 0 and less gave a model without size, or on its head."""
    task = made(triverse)
    [field] = given
    with pytest.raises(scripting.InputError, match=f"^{field} must be ") as caught:
        task.import_into(**given)
    assert caught.value.field == field
    assert (task.stage, len(bpy.data.collections)) == ("ready", 0)
    low, high = box_of(task.import_into(height="0.5"))  # type: ignore[arg-type]
    assert high.z - low.z == pytest.approx(0.5, abs=1e-4)


def test_files_that_were_deleted_are_fetched_again(triverse: Triverse, service: StandIn) -> None:
    task = made(triverse)
    for path in (task.files.model, task.files.blend):
        assert path is not None
        path.unlink()
    assert len(task.import_into().all_objects) >= 1
    assert len(service.state.charged()) == 1


# -----------------------------------------------------------------------------
# Handlers


def test_handlers_get_the_task_and_the_collection(triverse: Triverse, handlers: list[Any]) -> None:
    seen: list[tuple[str, int]] = []

    def rename(task: Task, collection: bpy.types.Collection) -> None:
        seen.append((task.name, len(collection.all_objects)))
        collection.name = f"prp_{task.flow}"

    handlers.append(rename)
    task = made(triverse)
    model = task.import_into()
    assert model.name == "prp_text-to-model"
    assert seen == [("a red chair", len(model.all_objects))]
    assert any("Imported as “prp_text-to-model" in line for line in told(triverse, task))


def test_a_handler_that_raises_breaks_nothing_and_is_told(triverse: Triverse, handlers: list[Any]) -> None:
    called: list[str] = []

    def careless(task: Task, collection: bpy.types.Collection) -> None:
        raise RuntimeError("no such shader")

    def leaving(task: Task, collection: bpy.types.Collection) -> None:
        raise SystemExit(3)

    handlers += [careless, leaving, lambda task, collection: called.append(task.name)]
    task = made(triverse)
    assert task.import_into().name in bpy.data.collections
    assert called == [task.name]
    assert task.stage == "imported"
    lines = told(triverse, task)
    assert any("careless" in line and "RuntimeError: no such shader" in line for line in lines), lines
    assert any("leaving" in line for line in lines)


def test_a_handler_may_remove_the_collection(triverse: Triverse, handlers: list[Any]) -> None:
    handlers.append(lambda task, collection: bpy.data.collections.remove(collection))
    task = made(triverse)
    with pytest.raises(scripting.ImportFailedError):
        task.import_into()
    assert task.stage == "imported"


# -----------------------------------------------------------------------------
# Together with the panel


def test_a_script_shares_the_engine_of_the_panel(
    ui: ModuleType, connected: StandIn, handlers: list[Any], tick_until: Callable[..., Any]
) -> None:
    from triverse_addon.ui.state import runtime

    seen: list[str] = []
    handlers.append(lambda task, collection: seen.append(f"{task.name} in {collection.name}"))
    bpy.context.scene.triverse.shared.prompt = "a chair of the panel"
    assert bpy.ops.triverse.generate() == {"FINISHED"}
    with scripting.open() as triverse:
        session = runtime.current()
        assert session is not None
        assert triverse._connection.engine is session.engine
        (of_panel,) = triverse.tasks()
        assert of_panel.name == "a chair of the panel"
        of_script = triverse.generate(prompt="a lamp", polygon_limit=1000)
        assert triverse.wait([of_panel, of_script]) == [of_panel, of_script]
        assert seen == [], "a wait of a script imports nothing"
        of_script.import_into()
    assert runtime.current() is session, "the panel's engine goes on"
    tick_until(lambda: len(seen) == 2)
    assert seen[0].startswith("a lamp in ")
    assert seen[1].startswith("a chair of the panel in ")
    assert bpy.context.window_manager.triverse.rows, "the script's task is in the list"


def test_functions_are_called_by_the_panels_ticks(
    ui: ModuleType, connected: StandIn, tick_until: Callable[..., Any]
) -> None:
    done: list[Task] = []
    with scripting.open() as triverse:
        triverse.generate(prompt="a lamp", polygon_limit=1000).on_done(done.append)
    tick_until(lambda: done)
    assert done[0].error is None


def test_a_script_does_not_start_what_was_switched_off(ui: ModuleType, connected: StandIn) -> None:
    import triverse_addon

    triverse = scripting.open()
    triverse_addon.unregister()
    with pytest.raises(scripting.TriverseError, match="switched off"):
        triverse.generate(prompt="a lamp")


def test_a_batch_is_driven_by_the_panels_ticks_and_ends_with_it(
    ui: ModuleType, connected: StandIn, tmp_path: Path, tick_until: Callable[..., Any], kept_writers: None
) -> None:
    from triverse_addon.ui.state import runtime

    with scripting.open() as triverse:
        batch = triverse.batch([{"prompt": "a lamp", "polygon_limit": 1000}], tmp_path / "library")
        tick_until(lambda: batch.is_done)
        assert batch.error is None
        assert (tmp_path / "library" / "a-lamp.blend").is_file()
        connected.state.clock.speed = 0.01
        other = triverse.batch([{"prompt": "a sofa", "polygon_limit": 1000}], tmp_path / "library")
        tick_until(lambda: other.progress is not None)
    runtime.shutdown()
    assert other.is_done
