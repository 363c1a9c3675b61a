# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of tasks: rows, words, buttons, and drawing without a look at the disk."""

from __future__ import annotations

import time
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import bpy
import pytest

from tests.blender.drawing import (
    Tick,
    add_records,
    draw_rows,
    make_panel,
    poll_message,
    record,
    shown_rows,
    tasks_panel,
)
from tests.blender.recorder import Recorder, draw
from triverse_addon.api.sentence import Sentence
from triverse_addon.tasks.record.record import Stage

STAGES: dict[str, tuple[dict[str, Any], str, str]] = {
    "ready": ({"stage": Stage.READY}, "Ready to import", "import_task"),
    "imported": ({"stage": Stage.IMPORTED}, "Imported", "import_task"),
    "failed": ({"stage": Stage.FAILED, "failed_stage": Stage.WAITING, "error_code": 5003}, "Failed", "retry"),
    "refused": ({"stage": Stage.FAILED, "failed_stage": Stage.WAITING, "error_code": 2008}, "Failed", "regenerate"),
    "cancelled": ({"stage": Stage.CANCELLED}, "Cancelled", "retry"),
    "gone": ({"stage": Stage.GONE}, "Not known to the service", "retry"),
    "refused at once": ({"stage": Stage.FAILED, "is_final": True}, "Failed", "retry"),
    "paid": ({"stage": Stage.FAILED, "failed_stage": Stage.CONVERTING, "cost_credits": 40}, "Failed", "retry"),
    "left alone": ({"stage": Stage.WAITING}, "Not followed", "resume_following"),
}


@pytest.mark.parametrize("case", STAGES)
def test_each_stage_has_its_words_and_its_button(here: Any, case: str) -> None:
    given, words, operator = STAGES[case]
    add_records(record("A red chair", task_uuid="u-1", error=Sentence.of("It broke."), **given))
    (row,) = draw_rows()
    assert words in row.texts()
    assert [one for one in row.operators() if one != "triverse.choose_task"] == [f"triverse.{operator}"]
    assert "title" in row.properties()
    drawn = tasks_panel()
    assert f"triverse.{operator}" in drawn.operators()
    if case in ("failed", "refused", "cancelled", "gone"):
        assert "It broke." in drawn.prose()


@pytest.mark.parametrize(
    ("case", "row", "sentence"),
    [
        ("cancelled", "Cancelled · not charged", "It was not charged."),
        ("refused at once", "Failed · not charged", "It was not charged."),
        ("paid", "Failed · 40 credits charged", "40 credits were charged. Retry costs nothing."),
        ("gone", "Not known to the service", "It may have been charged."),
    ],
)
def test_what_ended_without_a_model_says_what_it_cost(here: Any, case: str, row: str, sentence: str) -> None:
    from triverse_addon.ui.state import task_presentation

    ended = record("A red chair", task_uuid="u-1", error=Sentence.of("It broke."), **STAGES[case][0])
    add_records(ended)
    assert task_presentation.line(ended)[0] == row, "the row says it where there is room"
    assert sentence in tasks_panel().prose()


def test_a_task_under_way_has_a_progress_bar(here: Any) -> None:
    from triverse_addon.ui.state import task_presentation

    moving = record("A", Stage.WAITING, following=True, service_status="RUNNING", progress=40, task_uuid="u-1")
    assert task_presentation.is_moving(moving)
    assert 0.0 < task_presentation.progress(moving) < 1.0
    assert task_presentation.state(moving)[-2:] == ("Generating, 40 %", "40 %")
    begun = moving.with_(started_at_s=time.time() - 200.0)
    assert task_presentation.state(begun) == (
        "Generating, 40 % · 5 min left",
        "40 % · 5 min left",
        "Generating, 40 %",
        "40 %",
    )
    assert task_presentation.action(moving).operator == "triverse.stop_following"
    held_up = moving.with_(status_note=Sentence.of("Waits."))
    assert not task_presentation.is_moving(held_up)


def test_the_bar_is_drawn_in_the_list_and_in_the_status_bar(here: Any) -> None:
    from triverse_addon.ui.timers import status_bar

    add_records(
        record("A", Stage.WAITING, following=True, service_status="RUNNING", progress=40, task_uuid="u-1"),
        record("B", Stage.IMPORTED, 1.0),
    )
    drawn = [one for row in draw_rows() for one in row.drawn if one.function == "progress"]
    layout = Recorder()
    status_bar._draw(SimpleNamespace(layout=layout), bpy.context)
    drawn += [one for one in layout.drawn if one.function == "progress"]
    assert [(one.text, 0.0 < one.given["factor"] < 1.0) for one in drawn] == [("Generating, 40 %", True)] * 2


@pytest.mark.parametrize(
    ("left_s", "words"),
    [(None, ""), (0.0, "5 s left"), (42.0, "40 s left"), (61.0, "1 min left"), (3000.0, "50 min left")]
    + [(7500.0, "2 h 5 min left")],
)
def test_the_time_left_is_told_as_a_guess(ui: ModuleType, left_s: float | None, words: str) -> None:
    from triverse_addon.ui.state import task_presentation

    assert task_presentation.time_left(left_s) == words


def test_rows_follow_the_engine_and_keep_the_choice(here: Any) -> None:
    manager = bpy.context.window_manager.triverse
    first, second = record("first", Stage.IMPORTED, 10), record("second", Stage.IMPORTED, 5)
    add_records(first, second)
    assert [row.title for row in shown_rows()] == ["second", "first"]
    manager.active = here.slots.row_of(first.id)
    here.tick(0.01)
    assert here.chosen_id == first.id
    add_records(record("third", Stage.IMPORTED))
    assert [row.title for row in shown_rows()] == ["third", "second", "first"]
    assert manager.rows[manager.active].task_id == first.id
    bpy.ops.triverse.forget("EXEC_DEFAULT", task_id=first.id)
    here.tick(0.01)
    assert [row.title for row in shown_rows()] == ["third", "second"]
    assert manager.rows[manager.active].task_id == here.chosen_id


def test_a_chosen_task_that_the_filter_hides_is_named_above_its_buttons(here: Any, tick_until: Tick) -> None:
    """Else the buttons seem to be those of the row that is left."""
    manager = bpy.context.window_manager.triverse
    hidden, put_away = record("hidden", Stage.IMPORTED), record("put away", Stage.IMPORTED, 5, put_away=True)
    add_records(hidden, put_away)
    assert "hidden" not in tasks_panel().prose()
    manager.show = "PUT_AWAY"
    tick_until(lambda: [row.title for row in shown_rows()] == ["put away"])
    assert here.chosen_id == hidden.id
    assert "hidden" in tasks_panel().prose()


def test_rows_come_back_after_a_file_was_opened(here: Any, tmp_path: Path) -> None:
    add_records(record("first", Stage.IMPORTED))
    path = str(tmp_path / "other.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    assert [row.title for row in shown_rows()] == ["first"]


def test_a_row_is_renamed_in_the_list(here: Any) -> None:
    add_records(record("first", Stage.IMPORTED))
    (row,) = shown_rows()
    row.title = "  Grandmother's chair "
    here.tick(0.01)
    assert here.engine.tasks()[0].name == "Grandmother's chair"
    row.title = "   "
    here.tick(0.01)
    assert row.title == "Grandmother's chair"


def test_a_task_is_loaded_into_the_panel_to_be_made_again(here: Any) -> None:
    made = record("chair", Stage.IMPORTED, params={"prompt": "An old chair", "texture_size": 4096, "turbo": True})
    add_records(made)
    assert bpy.ops.triverse.regenerate() == {"FINISHED"}
    given = bpy.context.scene.triverse
    assert (given.flow, given.shared.prompt) == ("text-to-model", "An old chair")
    assert (given.text_to_model.texture_size, given.text_to_model.turbo) == ("4096", True)
    bpy.ops.triverse.generate()
    assert here.engine.tasks()[0].allow_duplicate or here.engine.tasks()[1].allow_duplicate
    bpy.ops.triverse.generate()
    assert sum(one.allow_duplicate for one in here.engine.tasks()) == 1, "only the one that was meant"


def test_bad_uuids_are_told(here: Any) -> None:
    assert bpy.ops.triverse.add_tasks(uuids="what/is this") == {"CANCELLED"}
    assert bpy.ops.triverse.add_tasks(uuids="  ") == {"CANCELLED"}
    assert len(here.engine.tasks()) == 0
    uuids = "11111111-1111-4111-8111-111111111111, 22222222-2222-4222-8222-222222222222"
    assert bpy.ops.triverse.add_tasks(uuids=uuids) == {"FINISHED"}
    assert len(here.engine.tasks()) == 2


def test_uuids_are_found_in_a_mail_and_the_key_is_none(here: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from triverse_addon.ui.task_list.track_operators import find_uuids

    first, second, key = (f"{digit * 8}-1111-4111-8111-{digit * 12}" for digit in "abc")
    monkeypatch.setenv("TRIVERSE_API_KEY", key)
    text = f"Name;UUID\r\nChair;{first}\r\n<https://example.com/tasks/{second}.glb> {first}, {key} 0{first} {second}0"
    assert find_uuids(text) == [first, second]


def test_tasks_made_elsewhere_are_found_and_told(here: Any, tick_until: Tick) -> None:
    bpy.ops.triverse.find_tasks()
    assert "The service is being asked." in poll_message(bpy.ops.triverse.find_tasks)
    tick_until(lambda: not here.is_searching)
    assert "No other tasks were found." in tasks_panel().prose()
    bpy.ops.triverse.dismiss(index=0)
    assert "No other tasks were found." not in tasks_panel().prose()


# -----------------------------------------------------------------------------
# Drawing


def test_drawing_looks_at_neither_disk_nor_network(here: Any, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    from triverse_addon.ui.state import list_rows
    from triverse_addon.ui.timers import status_bar

    image = bpy.data.images.new("thumbnail", 256, 256)
    image.filepath_raw, image.file_format = str(tmp_path / "t.png"), "PNG"
    image.save()
    add_records(*(record(f"{n}", Stage.IMPORTED, n, thumbnail_path=str(tmp_path / "t.png")) for n in range(20)))
    # The chosen one has all that Details tell of, and their pictures.
    picture = str(tmp_path / "t.png")
    made = record(
        "chair", Stage.IMPORTED, thumbnail_path=picture, sources={"image_file": picture}, folder=str(tmp_path)
    )
    made = made.with_(flow="image-to-model", task_uuid="u-1", cost_credits=20, finished_at_s=2e9 + 9.0)
    add_records(made)
    list_rows.choose(here, made.id)
    draw_everything(here, status_bar)
    here.tick(0.01)
    seen = request.getfixturevalue("watched")
    draw_everything(here, status_bar)
    assert seen == []
    assert here.thumbnails.is_loading
    assert here.tick(0.01), "the picture is loaded by a tick"


def draw_everything(here: Any, status_bar: Any) -> None:
    from triverse_addon.ui.batch import panel
    from triverse_addon.ui.task_list import grid, make_from, selected_task, ui_list

    make_panel()
    told = tasks_panel().prose()
    for words in ("Made With", "t.png", "Cost", "Folder", "What Happened"):
        assert words in told, "the details are drawn, too"
    draw(panel.TRIVERSE_PT_batch)
    draw_rows()
    grid.draw(Recorder(), bpy.context, here, "")
    draw(ui_list.TRIVERSE_PT_filter)
    draw(selected_task.TRIVERSE_MT_task)
    draw(make_from.TRIVERSE_MT_make_from)
    status_bar._draw(SimpleNamespace(layout=Recorder()), bpy.context)


def test_the_settings_at_the_foot_of_the_list_are_as_high_as_everywhere(here: Any) -> None:
    """The list is scaled as a whole: without a scale of their own, they are as high as its rows (seen in 5.2.2)."""
    from triverse_addon.ui.task_list import ui_list

    foot = Recorder()
    foot.scale_y = ui_list.ROW_UNITS
    ui_list.TRIVERSE_UL_tasks.draw_filter(SimpleNamespace(), bpy.context, foot)
    assert [one.scale_y for one in foot.drawn] == pytest.approx([1.0] * len(foot.drawn))
    assert foot.properties() == draw(ui_list.TRIVERSE_PT_filter).properties()


def test_thumbnails_are_bounded_and_bad_files_do_no_harm(here: Any, tmp_path: Path) -> None:
    from triverse_addon.ui.state import thumbnails

    image = bpy.data.images.new("thumbnail", 256, 256)
    image.filepath_raw, image.file_format = str(tmp_path / "t.png"), "PNG"
    image.save()
    pictures = here.thumbnails
    count = thumbnails._KEPT + 10
    for number in range(count):
        assert pictures.icon(f"{number}", str(tmp_path / "t.png")) == 0
    while pictures.is_loading:
        assert pictures.load(0.0)
    assert len(pictures._order) == len(pictures._previews) == thumbnails._KEPT
    assert f"{count - 1}" in pictures._previews
    assert "0" not in pictures._previews, "the longest unused went"
    for name, data in (("no.png", None), ("bad.png", b"nothing like a picture")):
        path = tmp_path / name
        if data:
            path.write_bytes(data)
        assert pictures.icon(name, str(path)) == 0
        assert pictures.load(0.0) is False
        assert pictures.icon(name, str(path)) == 0
        assert not pictures.is_loading, "it is not asked for again and again"


def test_import_asks_for_the_scene_that_is_shown(here: Any) -> None:
    made = record("A red chair", Stage.READY, task_uuid="u-1")
    add_records(made)
    assert bpy.ops.triverse.import_task(task_id=made.id, geometry_only=True) == {"FINISHED"}
    asked = here.engine.get(made.id)
    assert (asked.auto_import, asked.geometry_only) == (True, True)
    assert asked.origin.scene_name == bpy.context.scene.name
