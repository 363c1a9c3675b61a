# SPDX-License-Identifier: GPL-3.0-or-later
"""Boxes show where models will stand, the user puts them elsewhere, and drops pictures where they shall be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import bpy
import pytest
from mathutils import Matrix, Vector

from tests.blender import glbs
from tests.blender.drawing import add_records, record, session
from tests.service.server import StandIn
from triverse_addon.tasks.record.record import Placement, Replaced, Stage

Tick = Callable[..., Any]


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """The draw handlers that are registered."""
    from triverse_addon.ui.viewport import box_control

    there: list[Any] = []

    class Space:
        draw_handler_add = staticmethod(lambda draw, args, region, kind: there.append(draw) or draw)
        draw_handler_remove = staticmethod(lambda draw, region: there.remove(draw))

    monkeypatch.setattr(bpy.types, "SpaceView3D", Space)
    yield there
    box_control.clear()
    assert there == []


def waiting(name: str = "chair", progress: int = 40, **more: Any) -> Any:
    """A task in progress for this scene that no thread takes up."""
    from triverse_addon.ui.form import request

    made = record(name, Stage.WAITING, following=True, progress=progress, task_uuid=name, **more)
    return made.with_(auto_import=True, origin=request.origin(bpy.context))


def show(here: Any, *records: Any) -> Any:
    from triverse_addon.ui.viewport import box_control, boxes

    here.engine.store  # noqa: B018 -- started
    for one in records:
        here.engine._task_cache.put(one)
    box_control.refresh()
    return boxes


def size(box: Any) -> tuple[list[float], list[float]]:
    axes = list(zip(*box.corners, strict=True))
    return [min(axis) for axis in axes], [max(axis) for axis in axes]


def near(*values: float) -> Any:
    return pytest.approx(values, abs=1e-3)


# -----------------------------------------------------------------------------
# Boxes


def test_a_box_that_goes_with_its_file_takes_no_handler_from_other_add_ons(here: Any, handlers: list[Any]) -> None:
    """Up to Blender 5.2, a handler that removes itself makes Blender skip the one after it."""
    from triverse_addon.ui.viewport import box_control

    show(here, waiting())
    called: list[object] = []
    other = bpy.app.handlers.persistent(lambda *_: called.append(None))
    bpy.app.handlers.load_post.append(other)
    try:
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    finally:
        bpy.app.handlers.load_post.remove(other)
    assert handlers == [], "the box is gone"
    assert len(called) == 1
    box_control.refresh()
    assert box_control._file_loaded not in bpy.app.handlers.load_post


def test_a_box_is_there_while_a_task_runs_and_costs_nothing_else(here: Any, handlers: list[Any]) -> None:
    boxes = show(here)
    assert boxes.shown == ()
    assert handlers == [], "nothing is drawn where there is nothing"
    task = waiting(placement=Placement(location=(1.0, 2.0, 0.5), on_ground=True))
    show(here, task)
    (box,) = boxes.shown
    assert size(box) == (near(0.5, 1.5, 0.5), near(1.5, 2.5, 1.5))
    assert box.text.startswith("chair · ")
    assert box.text.endswith(" %")
    assert 0.0 < box.progress < 1.0
    assert len(handlers) == 2
    assert boxes.visible(bpy.context.scene) == [box]
    assert boxes.visible(bpy.data.scenes.new("other")) == []
    show(here, task.with_(stage=Stage.IMPORTED, revision=1))
    assert boxes.shown == ()
    assert handlers == []


def test_viewports_are_redrawn_only_when_something_changed(
    here: Any, handlers: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from triverse_addon.ui.viewport import box_control

    show(here)
    applied: list[set[str]] = []
    real = box_control._apply
    monkeypatch.setattr(box_control, "_apply", lambda scenes: (applied.append(scenes), real(scenes)))
    task = waiting()
    show(here, task)
    assert applied == [{bpy.context.scene.name}]
    for _ in range(5):
        show(here, task)
    assert len(applied) == 1
    show(here, task.with_(progress=41, revision=1))
    assert len(applied) == 2


def test_boxes_avoid_what_is_there_and_each_other(here: Any, handlers: list[Any]) -> None:
    bpy.ops.mesh.primitive_cube_add(size=2.0, location=(0.0, 0.0, 1.0))
    placed = Placement(on_ground=True, step_aside=True)
    boxes = show(here, *(waiting(f"chair {number}", placement=placed) for number in range(3)))
    spans = [size(box) for box in boxes.shown]
    assert len(spans) == 3
    spans.append(([-1.0, -1.0, 0.0], [1.0, 1.0, 2.0]))
    for number, (low, high) in enumerate(spans):
        for other_low, other_high in spans[:number]:
            assert any(low[axis] >= other_high[axis] or high[axis] <= other_low[axis] for axis in (0, 1))


def test_thousands_of_tasks_are_not_looked_through(
    here: Any, handlers: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from triverse_addon.ui.viewport import box_control

    boxes = show(here, waiting("chair"), waiting("table"))
    assert len(boxes.shown) == 2
    monkeypatch.setattr(box_control, "_MOST_TASKS", 1)
    box_control.refresh()
    assert boxes.shown == ()


def test_a_box_has_the_size_that_was_asked_for(here: Any, handlers: list[Any]) -> None:
    marker = bpy.data.objects.new("place", bpy.data.meshes.new("place"))
    marker.data.from_pydata([(-1, -1, -1), (1, 1, 1)], [], [])
    bpy.context.scene.collection.objects.link(marker)
    marker.matrix_world = Matrix.Translation((5.0, 0.0, 0.0)) @ Matrix.Diagonal((1.0, 2.0, 3.0, 1.0))
    bpy.context.view_layer.update()
    replaced = Replaced(names=("place",), matrix=(0.0,) * 16, low=(0, 0, 0), high=(1, 1, 1))
    boxes = show(
        here,
        waiting("1 high", placement=Placement(height=3.0, on_ground=True)),
        waiting("2 marked", placement=Placement(placeholder="place")),
        waiting("3 textured", placement=Placement(replaces=replaced)),
        waiting("4 in centimetres", placement=Placement(unit_m=0.01)),
    )
    found = {box.text[0]: size(box) for box in boxes.shown}
    assert found["1"] == (near(-1.5, -1.5, 0.0), near(1.5, 1.5, 3.0))
    assert found["2"] == (near(4.0, -2.0, -3.0), near(6.0, 2.0, 3.0))
    assert "3" not in found, "what is textured stands there already"
    assert found["4"] == (near(-50, -50, -50), near(50, 50, 50))


def test_another_file_has_no_boxes_of_this_one(here: Any, handlers: list[Any]) -> None:
    boxes = show(here, waiting())
    assert boxes.shown
    bpy.ops.wm.read_homefile(use_empty=True)
    assert boxes.shown == ()


# -----------------------------------------------------------------------------
# Placing


def test_a_task_in_progress_is_put_elsewhere(here: Any, handlers: list[Any]) -> None:
    task = waiting(placement=Placement(step_aside=True, merge=True, placeholder="gone"))
    add_records(task)
    assert bpy.ops.triverse.place(task_id=task.id, location=(1.0, 2.0, 3.0)) == {"FINISHED"}
    placed = here.engine.get(task.id).placement
    assert placed.location == (1.0, 2.0, 3.0)
    assert (placed.on_ground, placed.step_aside, placed.placeholder) == (True, False, "")
    assert placed.merge, "the other settings are kept"
    bpy.context.scene.cursor.location = (7.0, 8.0, 9.0)
    other = bpy.data.scenes.new("Attic")
    other.cursor.location = (4.0, 5.0, 6.0)
    with bpy.context.temp_override(scene=other):
        assert bpy.ops.triverse.place_at_cursor(task_id=task.id) == {"FINISHED"}
    moved = here.engine.get(task.id)
    assert moved.placement.location == (4.0, 5.0, 6.0)
    assert moved.origin.scene_name == "Attic", "it comes into the scene in which it was put"
    assert here.engine.store.get(task.id).placement == moved.placement, "it outlives this Blender"


def test_a_height_stays_the_same_length_in_other_units(here: Any, handlers: list[Any]) -> None:
    from triverse_addon.ui.form import placement

    bpy.context.scene.unit_settings.scale_length = 0.01
    found = placement.moved_to(bpy.context, Placement(height=2.0, unit_m=1.0), Vector())
    assert found.height == pytest.approx(200.0)
    assert found.unit_m == pytest.approx(0.01)


def test_what_never_comes_and_what_has_its_place_cannot_be_put(
    here: Any, handlers: list[Any], capfd: pytest.CaptureFixture[str]
) -> None:
    replaced = Replaced(names=("Cube",), matrix=(0.0,) * 16, low=(0, 0, 0), high=(1, 1, 1))
    failed, textured = record("failed", Stage.FAILED), waiting("textured", placement=Placement(replaces=replaced))
    add_records(failed, textured)
    for task, said in ((failed, "ended without a model"), (textured, "comes in the place of the objects")):
        for operator in (bpy.ops.triverse.place, bpy.ops.triverse.place_at_cursor):
            assert operator(task_id=task.id) == {"CANCELLED"}
            assert said in capfd.readouterr().out


def test_a_model_that_is_there_is_imported_where_it_is_put(
    ui: ModuleType, connected: StandIn, tick_until: Tick, handlers: list[Any]
) -> None:
    bpy.context.scene.triverse.shared.prompt = "A chair tris:1k"
    bpy.ops.triverse.generate()
    tick_until(lambda: session().engine.tasks()[0].stage is Stage.IMPORTED)
    task = session().engine.tasks()[0]
    bpy.ops.triverse.place(task_id=task.id, location=(10.0, 0.0, 2.0))
    from triverse_addon.scene.importing import imported_models, placement

    tick_until(lambda: len(imported_models.find(task.task_uuid)) == 2)
    low, high = placement.bounds(imported_models.find(task.task_uuid)[0].all_objects)
    assert low.z == pytest.approx(2.0, abs=0.01), "it stands on that point"
    assert (low.x, high.x) != (0.0, 0.0)
    assert low.x > 5.0


@pytest.mark.parametrize("height", [0.0, 5.0])
def test_the_mouse_points_at_surfaces_and_else_at_the_ground(fresh_file: None, height: float) -> None:
    from triverse_addon.scene.importing.pointed_place import pointed_at

    def view_from(matrix: Matrix, *, is_perspective: bool = False) -> Any:
        window = Matrix.Diagonal((0.1, 0.1, -0.01, 1.0))
        return SimpleNamespace(
            perspective_matrix=window @ matrix.inverted(),
            view_matrix=matrix.inverted(),
            is_perspective=is_perspective,
            view_perspective="ORTHO",
            view_distance=10.0,
        )

    region = SimpleNamespace(width=200, height=200)
    scene = bpy.context.scene
    if height:
        bpy.ops.mesh.primitive_plane_add(size=50.0, location=(0.0, 0.0, height))
    depsgraph = bpy.context.evaluated_depsgraph_get()
    top = view_from(Matrix.Translation((0.0, 0.0, 20.0)))
    assert tuple(pointed_at(scene, depsgraph, region, top, (133.0, 100.0))) == near(3.3, 0.0, height)
    assert tuple(pointed_at(scene, depsgraph, region, top, (133.0, 85.0), grid=1.0)) == near(3.0, -2.0, height)
    # From the front, the ground is a line: the point is as deep as the 3D cursor.
    scene.cursor.location = (0.0, 7.0, 0.0)
    front = view_from(Matrix.Translation((0.0, -20.0, 0.0)) @ Matrix.Rotation(1.5707963, 4, "X"))
    x, y, z = pointed_at(scene, depsgraph, region, front, (120.0, 110.0))
    assert (x, z) == near(2.0, 1.0)
    assert y == pytest.approx(7.0, abs=1e-2)


def test_dropped_pictures_are_placed_where_they_were_dropped(
    ui: ModuleType, connected: StandIn, tmp_path: Path
) -> None:
    paths = [glbs.picture(tmp_path / f"{name}.png", 8, 8) for name in ("chair", "table")]
    files = [{"name": path.name} for path in paths]
    given = {"directory": str(tmp_path), "files": files}
    assert bpy.ops.triverse.drop(**given, location=(3.0, 4.0, 1.0), has_location=True) == {"FINISHED"}
    found = {task.name: task.placement for task in session().engine.tasks()}
    assert {one.location for one in found.values()} == {(3.0, 4.0, 1.0)}
    assert {name: one.step_aside for name, one in found.items()} == {"chair": False, "table": True}
    assert all(one.on_ground for one in found.values())


def test_of_a_long_name_the_beginning_is_written_and_all_of_the_percent(here: Any, handlers: list[Any]) -> None:
    from triverse_addon.ui.viewport import box_drawing, shapes

    def written(name: str) -> tuple[str, str]:
        boxes = show(here, waiting(name=name))
        (box,) = (one for one in boxes.shown if one.name == name)
        return box_drawing._text(box, 11.0), box.state

    text, state = written("A small wooden treasure chest with iron bands, and moss on its lid")
    assert text.startswith("A small wooden treasure")
    assert text.endswith(f"…{state}")
    assert state.endswith(" %")
    assert shapes.text_size(text, 11.0)[0] <= 260 * 1.01
    text, state = written("chair")
    assert text == f"chair{state}"
