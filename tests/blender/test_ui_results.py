# SPDX-License-Identifier: GPL-3.0-or-later
"""From a result to the next: what takes its model as input, and Blender's own work on it, both from its menu."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import bpy
import pytest

from tests.blender import glbs
from tests.blender.drawing import Tick, draw_rows, session, tasks_panel
from tests.blender.pressed import press
from tests.blender.recorder import Recorder, draw
from tests.service.server import StandIn
from triverse_addon.tasks.record.processing import PLAIN, Processing
from triverse_addon.tasks.record.record import Stage, TaskRecord

OPS: Any = bpy.ops.triverse
FLOWS = ("texture-model", "text-to-texture", "model-remesh", "convert-model-format")


@pytest.fixture
def made(here: Any, tick_until: Tick) -> TaskRecord:
    """An imported model of words, of about a thousand triangles."""
    bpy.context.scene.triverse.shared.prompt = "A red chair tris:1k"
    assert OPS.generate() == {"FINISHED"}
    return reaches(tick_until, session().engine.tasks()[0].id, Stage.IMPORTED)


def reaches(tick_until: Tick, task_id: str, stage: Stage) -> TaskRecord:
    tick_until(lambda: session().engine.get(task_id).stage is stage)
    found = session().engine.get(task_id)
    assert isinstance(found, TaskRecord)
    return found


def imported() -> list[bpy.types.Collection]:
    return [one for one in bpy.data.collections if "triverse_task_uuid" in one]


def triangles(collection: bpy.types.Collection) -> int:
    from triverse_addon.scene.worker.geometry import mesh_objects, triangles_of

    return sum(triangles_of(obj.data) for obj in mesh_objects(collection.objects) if not obj.name.startswith("UCX_"))


def menu(name: str) -> Recorder:
    from triverse_addon.ui.task_list import make_from, selected_task

    return draw({"task": selected_task.TRIVERSE_MT_task, "make": make_from.TRIVERSE_MT_make_from}[name])


# -----------------------------------------------------------------------------
# Made by the service


def test_the_menu_offers_what_takes_a_model_with_its_price(made: TaskRecord, tick_until: Tick) -> None:
    assert len(menu("task").operators()) <= 18
    tasks_panel()
    entries: Callable[[], list[str]] = lambda: [  # noqa: E731
        one.text for one in menu("make").drawn if one.given.get("operator") == "triverse.make_from"
    ]
    tick_until(lambda: all("credits" in one for one in entries()))
    assert [one.partition(" · ")[0] for one in entries()] == [
        "Texture from Image",
        "Texture from Text",
        "Remesh Model",
        "Convert Format",
    ]
    assert {"triverse.refine", "triverse.regenerate"} <= set(menu("make").operators())


@pytest.mark.parametrize("flow_name", FLOWS)
def test_one_click_orders_it_with_the_model_filled_in(
    made: TaskRecord, connected: StandIn, tick_until: Tick, tmp_path: Any, flow_name: str
) -> None:
    shared = bpy.context.scene.triverse.shared
    shared.prompt = "Red leather"
    shared.image_file = str(glbs.picture(tmp_path / "leather.png", 8, 8))
    price = connected.state.user.balance
    pressed = press(OPS.make_from, task_id=made.id, flow=flow_name)
    assert pressed.opened == "invoke_props_dialog"
    assert (pressed.given["title"], pressed.given["confirm_text"]) == ("Make From This", "Generate")
    assert any(made.name in text for text in pressed.texts)
    assert bpy.context.scene.triverse.flow == flow_name
    assert shared.model_file == made.model_path
    assert OPS.make_from(task_id=made.id, flow=flow_name) == {"FINISHED"}
    new = session().engine.tasks()[0]
    assert (new.flow, new.sources["model_file"]) == (flow_name, made.model_path)
    assert new.name == ("Red leather" if flow_name == "text-to-texture" else made.name)
    # It comes beside the model that is there.
    assert (new.placement.instead_of, new.placement.step_aside) == ("", True)
    tick_until(lambda: session().engine.get(new.id).stage in (Stage.IMPORTED, Stage.READY))
    assert connected.state.user.balance < price
    assert OPS.make_from(task_id=made.id, flow="image-to-model") == {"CANCELLED"}
    assert press(OPS.make_from, task_id=made.id, flow="image-to-model").opened == "", "it takes no model"
    assert len(session().engine.tasks()) == 2


def test_it_takes_the_place_of_the_model_if_that_is_wished(made: TaskRecord, tick_until: Tick) -> None:
    (old,) = imported()
    old.name = "My chair"
    assert OPS.make_from(task_id=made.id, flow="model-remesh", in_place=True) == {"FINISHED"}
    new = session().engine.tasks()[0]
    reaches(tick_until, new.id, Stage.IMPORTED)
    assert [(one.name, one["triverse_task_uuid"]) for one in imported()] == [
        ("My chair", session().engine.get(new.id).task_uuid)
    ]


def test_a_dialog_that_is_left_leaves_the_panel_as_it_was(made: TaskRecord) -> None:
    props = bpy.context.scene.triverse
    props.use_selection = True

    def leave(operator: Any, context: Any) -> None:
        assert (props.flow, props.shared.model_file, props.use_selection) == ("model-remesh", made.model_path, False)
        operator.cancel(context)

    press(OPS.make_from, task_id=made.id, flow="model-remesh", meanwhile=leave)
    assert (props.flow, props.shared.model_file, props.use_selection) == ("text-to-model", "", True)


# -----------------------------------------------------------------------------
# Made by Blender


def test_blender_works_on_the_model_in_its_place(made: TaskRecord, connected: StandIn, tick_until: Tick) -> None:
    (old,) = imported()
    old.name = "My chair"
    old.all_objects[0].location.x += 4.0
    before = (connected.state.user.balance, len(connected.state.creations), len(connected.state.uploads))
    work = {"use_decimate": True, "triangles": 400, "lods": 1, "hull": True, "merge": True}
    assert OPS.work_on_result(task_id=made.id, **work) == {"FINISHED"}
    under_way = session().engine.get(made.id)
    assert under_way.is_worked_on
    assert "Working on the model" in " ".join(text for row in draw_rows() for text in row.texts())
    assert "triverse.stop_work" in tasks_panel().operators()
    assert "triverse.stop_work" in menu("task").operators()
    done = reaches(tick_until, made.id, Stage.IMPORTED)
    (new,) = imported()
    assert (new.name, triangles(new) <= 400) == ("My chair", True)
    assert [one.name for one in new.children] == ["My chair LOD1"]
    assert [obj.name.startswith("UCX_") for obj in new.objects].count(True) == 1
    assert max(obj.location.x for obj in new.objects) > 3.0
    assert done.blend_work == Processing(decimate=400, lods=1, hull=True, merge=True)
    assert (done.placement.work, done.triangles) == (PLAIN, made.triangles)
    assert (connected.state.user.balance, len(connected.state.creations), len(connected.state.uploads)) == before
    # The model as it was delivered is a click away.
    assert OPS.replace_imported(task_id=made.id) == {"FINISHED"}
    tick_until(lambda: [triangles(one) for one in imported()] == [made.triangles])
    assert [one.name for one in bpy.data.collections] == ["My chair"]


def test_beside_the_model_both_are_there_and_share_their_material(made: TaskRecord, tick_until: Tick) -> None:
    (old,) = imported()
    old.all_objects[0].location.x += 4.0
    bpy.context.view_layer.update()
    assert OPS.work_on_result(task_id=made.id, use_decimate=True, triangles=300, in_place=False) == {"FINISHED"}
    tick_until(lambda: len(imported()) == 2)
    assert sorted(triangles(one) <= 300 for one in imported()) == [False, True]
    bpy.context.view_layer.update()
    new = next(one for one in imported() if one != old)
    distance = (new.all_objects[0].matrix_world.translation - old.all_objects[0].matrix_world.translation).length
    assert 0.1 < distance < 4.0, "beside it, wherever it is"
    materials = [{slot.material for obj in one.all_objects for slot in obj.material_slots} for one in imported()]
    assert materials[0] == materials[1]


@pytest.mark.parametrize("work", [{"hull": True}, {"merge": True}], ids=["hull", "merge"])
def test_what_cannot_be_done_is_said_once(
    made: TaskRecord, tick_until: Tick, monkeypatch: pytest.MonkeyPatch, work: dict[str, bool]
) -> None:
    from triverse_addon.api.sentence import Sentence
    from triverse_addon.scene.child import converter
    from triverse_addon.tasks.converter import ConvertError

    def refuse(*_: Any) -> None:
        raise ConvertError(Sentence.of("This model has no volume, so it cannot get a hull."))

    monkeypatch.setattr(converter.ChildConverter, "__call__", refuse)
    assert OPS.work_on_result(task_id=made.id, **work) == {"FINISHED"}
    reaches(tick_until, made.id, Stage.IMPORTED)
    tick_until(lambda: ["no volume" in str(one.sentence) for one in session().notices] == [True])
    assert "no volume" in tasks_panel().prose()
    assert len(imported()) == 1


def test_the_dialog_says_what_comes_of_it_in_blenders_words(made: TaskRecord) -> None:
    pressed = press(OPS.work_on_result, task_id=made.id)
    assert pressed.opened == "invoke_props_dialog"
    assert (pressed.given["title"], pressed.given["confirm_text"]) == ("Work on Result", "Start Work")
    assert pressed.properties["use_decimate"], "something is chosen"
    assert abs(pressed.properties["triangles"] - made.triangles // 2) < 50, "half of them"
    said = press(OPS.work_on_result, task_id=made.id, use_decimate=True, triangles=100, lods=2).prose
    assert f"{made.triangles:,} triangles" in said
    assert f"Ratio {100 / made.triangles:.3f}" in said
    assert "LOD1 50 · LOD2 25" in said
    assert OPS.work_on_result(task_id=made.id, use_decimate=False) == {"CANCELLED"}, "nothing was chosen"
    assert session().engine.get(made.id).stage is Stage.IMPORTED


@pytest.mark.parametrize("work", [{"use_decimate": True, "triangles": 100}, {"merge": True}], ids=["decimate", "merge"])
def test_work_is_stopped_and_the_model_stays_as_it_was(
    made: TaskRecord, tick_until: Tick, work: dict[str, Any]
) -> None:
    (old,) = imported()
    assert OPS.work_on_result(task_id=made.id, **work) == {"FINISHED"}
    assert session().engine.get(made.id).is_worked_on
    assert OPS.stop_work(task_id=made.id) == {"FINISHED"}
    left = reaches(tick_until, made.id, Stage.IMPORTED)
    assert (left.is_worked_on, left.blend_work) == (False, PLAIN)
    assert (imported(), triangles(old)) == ([old], made.triangles)
    assert press(OPS.stop_work, task_id=made.id).result == {"CANCELLED"}, "there is nothing to stop"


def test_what_makes_no_sense_is_greyed_with_the_reason(here: Any, made: TaskRecord) -> None:
    from tests.blender.drawing import add_records, record
    from triverse_addon.ui.task_list import make_from, work_operators

    add_records(record("B", Stage.WAITING, 1.0, task_uuid="u-2"))
    waiting = next(one for one in session().engine.tasks() if one.name == "B")
    for cls in (work_operators.TRIVERSE_OT_work_on_result, make_from.TRIVERSE_OT_make_from):
        assert "not there yet" in (cls.disabled_reason(bpy.context, waiting) or "")
        assert cls.disabled_reason(bpy.context, made) is None
    assert "does not work" in (work_operators.TRIVERSE_OT_stop_work.disabled_reason(bpy.context, made) or "")


def test_a_double_click_on_a_thumbnail_shows_the_model_in_the_scene(made: TaskRecord) -> None:
    from triverse_addon.ui.task_list import preview_operators
    from triverse_addon.ui.viewport import preview, preview_control

    window = bpy.context.window_manager.windows[0]
    (area,) = [one for one in window.screen.areas if one.type == "VIEW_3D"]
    region = next(one for one in area.regions if one.type == "WINDOW")
    for obj in bpy.context.view_layer.objects:
        obj.select_set(False)
    preview_control.show((preview.Tile(made.id, ""),), region)
    cls = preview_operators.TRIVERSE_OT_preview
    stand = SimpleNamespace(_dragged_from=None, _show_imported=lambda shown: cls._show_imported(None, shown))
    click = SimpleNamespace(type="LEFTMOUSE", value="PRESS", mouse_x=-9, mouse_y=-9)
    context = SimpleNamespace(window=window)
    assert cls.modal(stand, context, click) == {"PASS_THROUGH"}, "a click elsewhere is none of ours"
    assert preview.shown is not None
    preview_operators._Opened.set(click)
    assert cls.modal(stand, context, click) == {"FINISHED"}
    assert preview.shown is None
    assert {obj for obj in bpy.context.view_layer.objects if obj.select_get()} & set(imported()[0].all_objects)
