# SPDX-License-Identifier: GPL-3.0-or-later
"""
What the buttons of the task list open when they are pressed, and what Blender is told of it.

One: ``python scripts/test.py tests/blender/test_ui_task_dialogs.py``.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import bpy
import pytest

from tests.blender import glbs
from tests.blender.drawing import Tick, add_records, record
from tests.blender.pressed import press
from tests.blender.recorder import Recorder, draw
from tests.service.server import StandIn
from triverse_addon.tasks.record.record import Stage, TaskRecord, now_s
from triverse_addon.ui.state import list_rows

OPS: Any = bpy.ops.triverse
UUIDS = ("7b4c0c1e-7d2f-4a59-9a5e-0f6f4f6f2b11", "7b4c0c1e-7d2f-4a59-9a5e-0f6f4f6f2b12")


def chosen(here: Any, *tasks: TaskRecord) -> TaskRecord:
    """Put tasks into the list, and choose the first."""
    add_records(*tasks)
    list_rows.click(here, tasks[0].id)
    return tasks[0]


def several(here: Any, count: int, stage: Stage = Stage.IMPORTED) -> None:
    """Put tasks into the list, and select all."""
    tasks = [record(f"task {number}", stage, number) for number in range(count)]
    chosen(here, *tasks)
    for one in tasks[1:]:
        list_rows.click(here, one.id, ctrl=True)
    assert len(here.many.selection) == count


def menu() -> list[str]:
    """The operators in the menu of the chosen task."""
    from triverse_addon.ui.task_list import selected_task

    return draw(selected_task.TRIVERSE_MT_task).operators()


# -----------------------------------------------------------------------------
# One task


def test_a_task_is_taken_off_the_list_after_a_question(here: Any, tmp_path: Path) -> None:
    task = chosen(here, record("A chair", Stage.IMPORTED, folder=str(tmp_path)))
    pressed = press(OPS.forget, task_id=task.id)
    assert pressed.opened == "invoke_props_dialog"
    assert pressed.given["title"] == "Take This Task off the List?"
    assert "Models that were imported stay in your scenes." in pressed.prose
    assert "Its files stay in" in pressed.prose
    assert "Delete Its Files" in pressed.texts
    pressed = press(OPS.forget, task_id=task.id, delete_files=True)
    assert "Its files stay in" not in pressed.prose
    assert here.shown(task.id) is not None, "nobody has said yes"


def test_of_a_task_under_way_it_is_said_that_its_model_will_not_come(
    here: Any, connected: StandIn, tick_until: Tick
) -> None:
    connected.state.clock.speed = 0.0
    bpy.context.scene.triverse.shared.prompt = "A chair"
    assert OPS.generate() == {"FINISHED"}
    (task,) = here.engine.tasks()
    tick_until(lambda: here.engine.get(task.id).task_uuid is not None)
    pressed = press(OPS.stop_following, task_id=task.id)
    assert (pressed.opened, pressed.given["title"]) == ("invoke_confirm", "Stop Following This Task?")
    assert "may still charge it" in pressed.given["message"]
    assert here.engine.get(task.id).following, "nobody has said yes"
    pressed = press(OPS.forget, task_id=task.id)
    assert "It is still under way: the service may still charge it" in pressed.prose


@pytest.mark.parametrize("name", ["forget", "stop_following", "refine"])
def test_a_question_is_about_the_task_that_was_chosen_when_it_was_asked(here: Any, name: str) -> None:
    """Another Blender may take it off the list meanwhile: then the list chooses another one."""
    stage = Stage.WAITING if name == "stop_following" else Stage.IMPORTED
    task = chosen(here, record("A chair", stage, task_uuid=UUIDS[0], following=True))
    pressed = press(getattr(OPS, name))
    assert pressed.opened
    assert pressed.properties["task_id"] == task.id


def test_the_uuid_is_copied(here: Any) -> None:
    task = chosen(here, record("A chair", Stage.IMPORTED, task_uuid=UUIDS[0]))
    pressed = press(OPS.copy_uuid, task_id=task.id)
    assert (pressed.result, pressed.clipboard) == ({"FINISHED"}, UUIDS[0])


def test_what_happened_is_said_even_if_nothing_did(here: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from triverse_addon.ui.state import task_history

    task = chosen(here, record("A chair", Stage.IMPORTED))
    monkeypatch.setattr(task_history, "read", lambda _engine, _id: ())
    pressed = press(OPS.show_error, task_id=task.id)
    assert pressed.opened == "invoke_popup"
    assert pressed.texts == ["A chair", "Nothing was noted."]


def test_the_menu_offers_to_follow_again_and_to_bring_back(here: Any) -> None:
    chosen(here, record("Left", Stage.WAITING, task_uuid=UUIDS[0]))
    assert "triverse.resume_following" in menu()
    assert "triverse.stop_following" not in menu()
    assert "triverse.put_away" in menu()
    bpy.context.window_manager.triverse.put_away = True
    chosen(here, record("Away", Stage.IMPORTED, put_away=True))
    here.tick(0.01)
    if "triverse.bring_back" not in menu():  # the page is read by the next tick
        here.tick(0.01)
    assert "triverse.bring_back" in menu()
    assert "triverse.put_away" not in menu()


def test_a_task_is_renamed_by_button_and_by_a_double_click_on_its_name(
    here: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from triverse_addon.ui.task_list import list_operators, rename

    begun: list[int] = []
    monkeypatch.setattr(rename, "begin", lambda: begun.append(1))
    monkeypatch.setattr(rename, "has_window", lambda: True)
    task = chosen(here, record("A chair", Stage.IMPORTED))
    assert OPS.rename_task() == {"FINISHED"}
    assert len(begun) == 1

    def double_click(part: str, **pressed: Any) -> Any:
        monkeypatch.setattr(list_operators, "_clicked", (task.id, part, 50, 50))
        event = SimpleNamespace(**{"mouse_x": 52, "mouse_y": 50, "shift": False, "ctrl": False, **pressed})
        return list_operators.TRIVERSE_OT_open_row.invoke(SimpleNamespace(), bpy.context, event)

    assert double_click("NAME") == {"FINISHED"}
    assert len(begun) == 2
    for part, pressed in (("", {}), ("NAME", {"ctrl": True}), ("NAME", {"mouse_x": 90})):
        assert double_click(part, **pressed) == {"PASS_THROUGH"}
    assert len(begun) == 2


def test_the_name_is_edited_in_a_popover_that_is_registered(ui: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    from triverse_addon.ui.task_list import rename

    asked: list[Any] = []
    wm = SimpleNamespace(call_panel=lambda how, **given: asked.append((how, given)))
    monkeypatch.setattr(rename, "bpy", SimpleNamespace(ops=SimpleNamespace(wm=wm)))
    rename.begin()
    ((how, given),) = asked
    assert (how, given["name"]) == ("INVOKE_DEFAULT", bpy.types.TRIVERSE_PT_rename.bl_idname)
    assert given.keys() <= set(bpy.ops.wm.call_panel.get_rna_type().properties.keys())


def test_a_click_on_a_picture_opens_the_large_preview(
    here: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from triverse_addon.ui.task_list import list_operators

    asked: list[tuple[str, Any]] = []
    fake = SimpleNamespace(triverse=SimpleNamespace(preview=lambda how, **given: asked.append((how, given))))
    assert "task_ids" in OPS.preview.get_rna_type().properties
    task = chosen(here, record("A chair", Stage.IMPORTED, thumbnail_path=str(tmp_path / "thumbnail.png")))
    monkeypatch.setattr(list_operators, "bpy", SimpleNamespace(ops=fake))
    assert press(OPS.choose_task, task_id=task.id).result == {"FINISHED"}
    assert asked == [("INVOKE_DEFAULT", {"task_ids": task.id})]
    press(OPS.choose_task, task_id=task.id, part="NAME")
    assert len(asked) == 1, "a click on the name chooses"


def test_below_the_list_is_the_chosen_task_and_without_one_nothing(here: Any) -> None:
    from triverse_addon.ui.task_list import selected_task

    def below() -> Recorder:
        layout = Recorder()
        selected_task.draw(layout, bpy.context, here)
        return layout

    assert list_rows.chosen_id(here) == ""
    assert not below().drawn
    chosen(here, record("A chair", Stage.FAILED, task_uuid=UUIDS[0]))
    assert below().operators()


# -----------------------------------------------------------------------------
# Several tasks


def test_many_are_imported_after_a_question_and_few_without(here: Any, tick_until: Tick) -> None:
    several(here, 2)
    pressed = press(OPS.import_selected)
    assert (pressed.result, pressed.opened) == ({"FINISHED"}, "")
    tick_until(lambda: not here.many.needs_ticks)
    pressed = press(OPS.import_ready)
    assert (pressed.opened, pressed.given["title"]) == ("invoke_confirm", "Import All Ready Models?")
    assert pressed.given["confirm_text"] == "Import"


def test_more_than_twenty_are_asked_about(here: Any) -> None:
    several(here, 21)
    pressed = press(OPS.import_selected)
    assert (pressed.opened, pressed.given["title"]) == ("invoke_confirm", "Import 21 Models?")
    assert not here.many.needs_ticks, "nobody has said yes"


def test_to_try_again_and_to_take_off_are_asked_about(here: Any) -> None:
    several(here, 2, Stage.FAILED)
    pressed = press(OPS.retry_selected)
    assert (pressed.opened, pressed.given["title"]) == ("invoke_confirm", "Retry 2 Tasks?")
    assert "ordered again and costs credits" in pressed.given["message"]
    pressed = press(OPS.remove_selected)
    assert (pressed.opened, pressed.given["title"]) == ("invoke_props_dialog", "Take 2 Tasks off the List?")
    assert "Models that were imported stay in your scenes." in pressed.prose
    assert "Delete Their Files" in pressed.texts
    assert "under way" not in pressed.prose


def test_what_is_ordered_again_above_a_limit_is_asked_about(here: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from triverse_addon.ui import settings

    paid = record("paid", Stage.IMPORTED, cost_credits=40, task_uuid="uuid-1").with_(created_at_s=now_s())
    failed = record("failed", Stage.FAILED, cost_credits=25, is_final=True)
    unread = record("unread", Stage.FAILED, cost_credits=30, task_uuid="uuid-2", failed_stage=Stage.DOWNLOADING)
    chosen(here, failed, unread, paid)
    limits = settings.preferences()
    monkeypatch.setattr(here.engine, "retry", lambda _id: None)

    assert press(OPS.retry, task_id=failed.id).result == {"FINISHED"}, "there is no limit"
    limits.monthly_limit = 80
    pressed = press(OPS.retry, task_id=failed.id)
    assert (pressed.opened, pressed.given["title"]) == ("invoke_confirm", "Generate above the Monthly Limit?")
    assert pressed.given["message"] == "70 of 80 credits were spent this month, and this costs 25."
    assert pressed.given["confirm_text"] == "Retry"
    assert press(OPS.retry, task_id=unread.id).result == {"FINISHED"}, "it costs nothing"
    list_rows.click(here, unread.id, ctrl=True)
    pressed = press(OPS.retry_selected)
    assert pressed.given["title"] == "Retry 2 Tasks?"
    assert pressed.given["message"] == "70 of 80 credits were spent this month, and this costs 25."
    limits.monthly_limit = 95
    assert press(OPS.retry, task_id=failed.id).result == {"FINISHED"}
    assert "ordered again and costs credits" in press(OPS.retry_selected).given["message"]
    limits.ask_above_credits = 20
    assert press(OPS.retry, task_id=failed.id).given["title"] == "Generate for 25 Credits?"


def test_of_many_selected_tasks_only_those_that_failed_are_read_for_the_limit(
    here: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 20,000 selected ones, reading all took 1.7 s on the main thread."""
    from triverse_addon.ui import settings

    several(here, 3)
    read: list[str] = []
    whole = type(here.engine).get
    monkeypatch.setattr(type(here.engine), "get", lambda self, task_id: (read.append(task_id), whole(self, task_id))[1])
    settings.preferences().monthly_limit = 80
    assert press(OPS.retry_selected).given["title"] == "Retry 3 Tasks?"
    assert read == []


def test_tags_of_several_are_added_or_removed(here: Any) -> None:
    several(here, 2)
    pressed = press(OPS.edit_tags)
    assert (pressed.opened, pressed.properties["mode"]) == ("invoke_props_dialog", "ADD")
    assert "Separate tags by commas." in pressed.prose


def test_the_filter_takes_a_tag_and_a_star(here: Any) -> None:
    manager = bpy.context.window_manager.triverse
    OPS.filter_by(kind="TAG", name="kitchen")
    assert (manager.tag, manager.starred) == ("kitchen", False)
    OPS.filter_by(kind="STAR")
    assert (manager.tag, manager.starred) == ("kitchen", True)
    OPS.filter_by(kind="STAR")
    assert not manager.starred


# -----------------------------------------------------------------------------
# Variants


def test_variants_are_compared_and_seen_large(here: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from triverse_addon.ui.task_list import variant_operators

    group = "a" * 32
    tasks = [record(f"Chair {n}", Stage.IMPORTED, n, group=group, variant=n, variants=3) for n in range(3)]
    first = chosen(here, *tasks)
    assert {"triverse.compare", "triverse.keep_variant"} <= set(menu())
    pressed = press(OPS.compare, task_id=first.id)
    assert pressed.opened == "invoke_popup"
    assert {"Compare Variants", "Chair 0", "Chair 1", "Chair 2"} <= {text.partition(" · ")[0] for text in pressed.texts}

    asked: list[Any] = []
    fake = SimpleNamespace(
        triverse=SimpleNamespace(preview=lambda how, **given: asked.append((how, given["task_ids"])))
    )
    monkeypatch.setattr(variant_operators, "bpy", SimpleNamespace(ops=fake))
    assert OPS.compare_large(task_id=first.id) == {"FINISHED"}
    ((how, ids),) = asked
    assert (how, set(ids.split(","))) == ("INVOKE_DEFAULT", {one.id for one in tasks})


@pytest.mark.parametrize(
    ("count", "width", "height", "columns", "picture"),
    [
        (4, 96.0, 54.0, 2, 11.0),  # 1920 x 1080 px at UI scale 1
        (4, 26.0, 38.0, 2, 10.125),  # a narrow window
        (4, 48.0, 27.0, 4, 9.8125),  # the screen of a laptop at UI scale 2
        (9, 96.0, 54.0, 3, 11.0),
        (2, 26.0, 38.0, 2, 10.125),
        (1, 26.0, 38.0, 1, 11.0),
        (16, 10.0, 10.0, 4, 3.0),  # too small for any
    ],
)
def test_pictures_of_variants_are_as_large_as_the_window_allows(
    ui: ModuleType, count: int, width: float, height: float, columns: int, picture: float
) -> None:
    from triverse_addon.ui.task_list import variant_operators

    assert variant_operators.fitting_grid(count, width, height) == (columns, picture)


def test_the_pictures_of_variants_are_loaded_before_those_of_the_list(
    here: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The popup is drawn once: what comes later would stay an icon in it."""
    from triverse_addon.ui.task_list import variant_operators

    monkeypatch.setattr(variant_operators, "_PICTURES_S", 60.0)
    group = "a" * 32
    picture = str(glbs.picture(tmp_path / "a chair.png", 64, 64))
    tasks = [
        record(f"Chair {n}", Stage.IMPORTED, n, group=group, variant=n, variants=3, thumbnail_path=picture)
        for n in range(3)
    ]
    first = chosen(here, *tasks)
    for number in range(50):
        here.thumbnails.icon(f"other-{number}", picture)
    press(OPS.compare, task_id=first.id)
    assert all(here.thumbnails.pixels(one.id) is not None for one in tasks)
    assert here.thumbnails.is_loading, "the time was for the variants"


# -----------------------------------------------------------------------------
# Tasks by their UUIDs


def test_uuids_come_from_the_clipboard_and_from_a_pasted_list(here: Any) -> None:
    pressed = press(OPS.add_tasks, clipboard=f"Look at {UUIDS[0]}, please.")
    assert (pressed.opened, pressed.properties["uuids"]) == ("invoke_props_dialog", UUIDS[0])

    def paste(operator: Any, context: Any) -> None:
        # Blender puts the first line of what is pasted into the field.
        context.window_manager.clipboard = "\n".join(UUIDS)
        operator.uuids = UUIDS[0]
        assert operator.check(context)
        assert operator.uuids == " ".join(UUIDS)
        operator.uuids = UUIDS[0]
        assert operator.check(context)
        assert operator.uuids == UUIDS[0], "what is taken out stays out"
        operator.uuids = " ".join(UUIDS)

    pressed = press(OPS.add_tasks, meanwhile=paste)
    assert "2 UUIDs" in pressed.texts
    pressed = press(OPS.add_tasks, uuids="chair")
    assert "chair is not the UUID of a task." in pressed.prose


def test_a_word_that_is_no_uuid_opens_the_dialog_again(here: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from triverse_addon.ui.task_list import track_operators

    asked: list[Any] = []
    fake = SimpleNamespace(triverse=SimpleNamespace(add_tasks=lambda how, **given: asked.append((how, given))))
    monkeypatch.setattr(track_operators, "bpy", SimpleNamespace(ops=fake, app=SimpleNamespace(background=False)))
    assert OPS.add_tasks(uuids=f"{UUIDS[0]} chair") == {"CANCELLED"}
    assert asked == [("INVOKE_DEFAULT", {"uuids": f"{UUIDS[0]} chair"})]
    assert not here.engine.tasks()
