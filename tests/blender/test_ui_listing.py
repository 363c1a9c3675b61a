# SPDX-License-Identifier: GPL-3.0-or-later
"""What the list shows of many tasks: search, filter, sort order, pages, and the grid."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import pytest

from tests.blender.drawing import Tick, add_records, draw_rows, record, shown_rows, tasks_panel
from tests.blender.recorder import draw
from triverse_addon.tasks.record.record import Origin, Stage, TaskRecord

Show = Callable[..., list[str]]


@pytest.fixture
def show(here: Any, tick_until: Tick) -> Show:
    """Set what the list is to show, wait until it does, and return the names in it."""
    from triverse_addon.ui import settings
    from triverse_addon.ui.state import query

    def ask(**how: Any) -> list[str]:
        for name, value in how.items():
            holder = settings.preferences() if name.startswith("task_") else bpy.context.window_manager.triverse
            setattr(holder, name, value)
        here.tick(0.01)
        tick_until(lambda: query.wanted() == (here.pager.query, here.pager.count) and not here.pager.is_waiting)
        return [row.title for row in shown_rows()]

    return ask


def many(count: int) -> list[TaskRecord]:
    """Imported tasks, the newest first: "task 0", "task 1"…"""
    return [record(f"task {number}", Stage.IMPORTED, number, cost_credits=number % 7) for number in range(count)]


def test_the_search_finds_words_in_any_order(here: Any, show: Show) -> None:
    add_records(
        record("Old red chair", Stage.IMPORTED, 2, params={"prompt": "An old red chair, carved"}),
        record("Red table", Stage.IMPORTED, 1),
    )
    assert show() == ["Red table", "Old red chair"]
    assert show(search="red OLD") == ["Old red chair"]
    assert show(search="carved") == ["Old red chair"], "words of the prompt too"
    assert show(search="   ") == ["Red table", "Old red chair"]
    assert show(search="nothing") == []
    drawn = tasks_panel()
    assert "No task was found for “nothing”." in drawn.prose()
    assert "triverse.clear_filter" in drawn.operators()
    bpy.ops.triverse.clear_filter()
    assert show() == ["Red table", "Old red chair"]
    assert bpy.context.window_manager.triverse.search == ""


def test_the_filter_tells_what_became_of_tasks(here: Any, show: Show) -> None:
    add_records(
        record("waits", Stage.WAITING, 5, following=True, task_uuid="u-1"),
        record("let be", Stage.WAITING, 4, task_uuid="u-2"),
        record("ready", Stage.READY, 3),
        record("imported", Stage.IMPORTED, 2),
        record("failed", Stage.FAILED, 1, failed_stage=Stage.WAITING),
        record("gone", Stage.GONE, 0),
    )
    assert show() == ["gone", "failed", "imported", "ready", "let be", "waits"]
    assert show(show="ACTIVE") == ["waits"]
    assert show(show="READY") == ["ready"]
    assert show(show="IMPORTED") == ["imported"]
    assert show(show="FAILED") == ["gone", "failed"]
    assert "Failed" in tasks_panel().texts(), "what hides tasks is said"
    bpy.ops.triverse.clear_filter()
    assert len(show()) == 6


def test_a_task_leaves_the_list_when_it_fits_no_more(here: Any, show: Show, tick_until: Tick) -> None:
    one, other = record("one", Stage.READY, 2), record("other", Stage.READY, 1)
    add_records(one, other)
    assert show(show="READY") == ["other", "one"]
    changed = here.engine._context.store.change(one.id, lambda old: old.with_(stage=Stage.IMPORTED))
    here.engine._task_cache.put(changed)
    tick_until(lambda: [row.title for row in shown_rows()] == ["other"])
    assert show(show="IMPORTED") == ["one"]


def test_only_tasks_of_this_file(here: Any, show: Show, tmp_path: Path) -> None:
    from triverse_addon.scene.importing import origin
    from triverse_addon.ui.form import request

    path = str(tmp_path / "mine.blend")
    scene_id = request.scene_id(bpy.context.scene)
    bpy.ops.wm.save_as_mainfile(filepath=path)
    add_records(
        record("by its scene", Stage.IMPORTED, 4, origin=Origin("x", "/other.blend", scene_id, "Scene")),
        record("by its file", Stage.IMPORTED, 3, origin=Origin("x", bpy.data.filepath, "gone", "Scene")),
        record("by its time", Stage.IMPORTED, 2, origin=Origin(origin.token(), "", "gone", "Scene")),
        record("elsewhere", Stage.IMPORTED, 1, origin=Origin("x", "/other.blend", "other", "Scene")),
        record("command line", Stage.IMPORTED, 0),
    )
    assert len(show()) == 5
    assert show(this_file=True) == ["by its time", "by its file", "by its scene"]
    assert "This File Only" in tasks_panel().texts()
    bpy.ops.wm.read_homefile(use_empty=True)
    assert not bpy.context.window_manager.triverse.this_file
    assert len(show()) == 5
    assert show(this_file=True) == []
    assert "There is no such task." in tasks_panel().prose()


def test_the_order_is_kept_in_the_preferences(here: Any, show: Show) -> None:
    add_records(
        record("b", Stage.IMPORTED, 3, cost_credits=20),
        record("A", Stage.IMPORTED, 2),
        record("c", Stage.IMPORTED, 1, cost_credits=100),
    )
    assert show(task_order="OLDEST") == ["b", "A", "c"]
    assert show(task_order="NAME") == ["A", "b", "c"]
    assert show(task_order="COST") == ["c", "b", "A"]
    bpy.ops.wm.read_homefile(use_empty=True)
    assert show() == ["c", "b", "A"], "another file does not change how the list looks"
    assert show(task_order="NEWEST") == ["c", "A", "b"]


def test_old_tasks_are_paged_from_the_store(here: Any, show: Show) -> None:
    from triverse_addon.ui.state import list_rows

    records = many(130)
    add_records(*records)
    names = [one.name for one in records]
    assert show() == names[:50]
    assert "1 to 50 of 130" in tasks_panel().texts()
    assert len(bpy.context.window_manager.triverse.rows) == list_rows._SLOTS, "no row for each task"
    for to, first in (("NEXT", 50), ("NEXT", 100), ("NEXT", 100), ("PREVIOUS", 50), ("LAST", 100), ("FIRST", 0)):
        bpy.ops.triverse.turn_page(to=to)
        assert show() == names[first : first + 50], to
    bpy.ops.triverse.turn_page(to="LAST")
    assert show(search="task 7") == [name for name in names if "7" in name], "a search begins at the first"
    bpy.ops.triverse.clear_filter()
    assert show() == names[:50]


def test_the_chosen_task_stays_chosen_on_another_page(here: Any, show: Show) -> None:
    from triverse_addon.ui.state import list_rows

    records = many(120)
    add_records(*records)
    show()
    list_rows.choose(here, records[7].id)
    bpy.ops.triverse.turn_page(to="LAST")
    show()
    assert bpy.context.window_manager.triverse.active == -1
    assert list_rows.chosen_id(here) == records[7].id
    here.engine._task_cache._drop(records[7].id)
    assert here.shown(records[7].id) == records[7].with_(
        revision=here.shown(records[7].id).revision, updated_at_s=here.shown(records[7].id).updated_at_s
    ), "also when it is in the store only"
    bpy.context.window_manager.triverse.active = here.slots.row_of(records[110].id)
    show()
    assert here.chosen_id == records[110].id
    bpy.ops.triverse.forget("EXEC_DEFAULT", task_id=records[110].id)
    names = show()
    assert records[110].name not in names
    assert len(names) == 19
    assert here.chosen_id == records[100].id, "the first one is chosen then"


def test_a_task_keeps_its_row_when_others_come_in_above(here: Any, show: Show) -> None:
    """So a name that is being typed stays the name of its task."""
    records = many(49)
    add_records(*records)
    slot = here.slots.row_of(records[20].id)
    manager = bpy.context.window_manager.triverse
    for number in range(20):
        add_records(record(f"new {number}", Stage.IMPORTED, -1 - number))
        assert manager.rows[slot].task_id == records[20].id
    assert show()[:2] == ["new 19", "new 18"]
    assert show()[40] == records[20].name
    manager.rows[slot].title = "Mine"
    here.tick(0.01)
    assert here.shown(records[20].id).name == "Mine"
    gone = here.slots.row_of(records[40].id)
    assert gone == -1, "it is on the second page now"


def test_what_was_just_asked_for_is_seen(here: Any, show: Show) -> None:
    from triverse_addon.ui.state import list_rows

    add_records(*many(60))
    show(show="FAILED", search="x")
    made = record("made now", Stage.WAITING, -5, following=True)
    add_records(made)
    list_rows.choose(here, made.id)
    assert show()[0] == "made now"
    show(show="IMPORTED")
    bpy.ops.triverse.turn_page(to="LAST")
    show()
    list_rows.choose(here, here.engine.tasks()[20].id)
    assert bpy.context.window_manager.triverse.show == "IMPORTED", "it does not hide that one"


def test_the_grid_shows_and_chooses(here: Any, show: Show) -> None:
    records = [*many(28), record("broken", Stage.FAILED, 100), record("moving", Stage.WAITING, -1, following=True)]
    add_records(*records)
    assert len(show(task_layout="GRID")) == 12
    drawn = tasks_panel()
    chosen = [one for one in drawn.drawn if one.given.get("operator") == "triverse.choose_task"]
    assert [one.given["depress"] for one in chosen] == [True] + [False] * 11
    assert [one.text for one in drawn.drawn if one.function == "progress"] == ["moving"]
    assert "template_list" not in [one.function for one in drawn.drawn]
    assert bpy.ops.triverse.choose_task(task_id=records[3].id) == {"FINISHED"}
    assert here.chosen_id == records[3].id
    assert bpy.ops.triverse.choose_task(task_id="none") == {"CANCELLED"}
    bpy.ops.triverse.turn_page(to="LAST")
    assert show() == [one.name for one in records[23:29]]
    bpy.ops.triverse.turn_page(to="PREVIOUS")
    show()
    assert show(task_layout="LIST")[0] == "moving", "the page that holds what was seen"


def test_a_row_tells_the_cost_where_there_is_room(here: Any) -> None:
    from triverse_addon.ui.state import task_presentation
    from triverse_addon.ui.task_list import ui_list

    one = record("chair", Stage.IMPORTED, cost_credits=120)
    assert task_presentation.line(one) == ("Imported · 120 credits", "Imported")
    assert task_presentation.line(one.with_(cost_credits=None)) == ("Imported",)
    assert ui_list.longest_that_fits(task_presentation.line(one), 1000.0) == "Imported · 120 credits"
    assert ui_list.longest_that_fits(task_presentation.line(one), 80.0) == "Imported"
    add_records(one)
    (row,) = draw_rows()
    assert [one.given["icon"] for one in row.drawn if one.function == "label"] == [task_presentation.icon(one)]


def test_the_popover_offers_filter_and_order(here: Any) -> None:
    from triverse_addon.ui.task_list import ui_list

    assert draw(ui_list.TRIVERSE_PT_filter).properties() == ["show", "this_file", "task_order"]


def test_a_list_that_cannot_be_read_stays(here: Any, show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    from triverse_addon.tasks.store.errors import StoreError
    from triverse_addon.tasks.store.store import Store

    add_records(*many(3))
    assert len(show()) == 3

    def broken(*_: Any) -> None:
        raise StoreError(here.engine.notice_problem or _sentence())

    with monkeypatch.context() as patched:
        patched.setattr(Store, "find", broken)
        bpy.context.window_manager.triverse.search = "task 1"
        for _ in range(5):
            here.tick(0.01)
        assert len(shown_rows()) == 3
    assert show() == ["task 1"], "it is asked for again"


def _sentence() -> Any:
    from triverse_addon.api.sentence import Sentence

    return Sentence.of("The disk is gone.")
