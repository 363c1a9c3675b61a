# SPDX-License-Identifier: GPL-3.0-or-later
"""Several tasks at once: selecting, importing, retrying, removing, star, tags and projects."""

from __future__ import annotations

from typing import Any

import bpy
import pytest

from tests.blender.drawing import Tick, add_records, draw_rows, poll_message, record, tasks_panel
from tests.blender.pressed import press
from tests.blender.recorder import draw
from triverse_addon.api.sentence import Sentence
from triverse_addon.batch.run.dispatcher import BATCH_ORIGIN
from triverse_addon.tasks.record.events import TaskChanged
from triverse_addon.tasks.record.record import Origin, Stage, TaskRecord
from triverse_addon.ui.state import list_rows


def imported(count: int) -> list[TaskRecord]:
    """Imported tasks, the newest first."""
    return [record(f"task {number}", Stage.IMPORTED, number, task_uuid=f"u-{number}") for number in range(count)]


def selected(here: Any) -> set[str]:
    """The names of the selected tasks."""
    return {here.engine.store.get(one).name for one in here.many.selection.ids}


def test_keys_select_several(here: Any, tick_until: Tick) -> None:
    tasks = imported(60)
    add_records(*tasks)
    list_rows.click(here, tasks[0].id)
    assert selected(here) == {"task 0"}
    assert not here.many.selection.is_several
    list_rows.click(here, tasks[2].id, ctrl=True)
    assert selected(here) == {"task 0", "task 2"}
    assert here.chosen_id == tasks[2].id
    list_rows.click(here, tasks[2].id, ctrl=True)
    assert (selected(here), here.chosen_id) == ({"task 0"}, tasks[0].id), "the one that is left is chosen"
    list_rows.click(here, tasks[3].id, shift=True)
    assert selected(here) == {f"task {number}" for number in range(4)}
    list_rows.click(here, tasks[1].id, shift=True)
    assert selected(here) == {"task 0", "task 1"}, "from the same end"
    here.pager.go_to("NEXT")
    tick_until(lambda: not here.pager.is_waiting)
    list_rows.click(here, tasks[55].id, shift=True)
    tick_until(lambda: not here.many.needs_ticks)
    assert selected(here) == {f"task {number}" for number in range(56)}, "across pages"
    assert here.chosen_id == tasks[55].id
    bpy.ops.triverse.select_tasks(action="ALL")
    tick_until(lambda: len(here.many.selection) == 60)
    assert "60 tasks selected" in tasks_panel().texts()
    assert press(bpy.ops.triverse.select_tasks, action="NONE").result == {"FINISHED"}
    assert not here.many.selection.is_several
    press(bpy.ops.triverse.select_tasks, action="ALL")
    tick_until(lambda: len(here.many.selection) == 60)
    bpy.context.window_manager.triverse.search = "task 1"
    here.tick(0.01)
    assert not here.many.selection.is_several, "what is not shown is not worked on"


def test_selected_rows_are_marked_and_have_their_buttons(here: Any) -> None:
    tasks = imported(3)
    add_records(*tasks)
    list_rows.click(here, tasks[0].id)
    list_rows.click(here, tasks[1].id, ctrl=True)
    pressed = [any(one.given.get("depress") for one in row.drawn) for row in draw_rows()]
    assert pressed == [True, True, False]
    drawn = tasks_panel()
    assert {"triverse.import_selected", "triverse.retry_selected"} <= set(drawn.operators())
    assert "triverse.show_error" not in drawn.operators()
    from triverse_addon.ui.task_list import selected_tasks

    assert "triverse.remove_selected" in draw(selected_tasks.TRIVERSE_MT_tasks).operators()
    list_rows.click(here, tasks[2].id)
    assert "triverse.import_selected" not in tasks_panel().operators()
    assert "Shift" in poll_message(bpy.ops.triverse.import_selected)


def test_several_are_retried_imported_and_removed(here: Any, tick_until: Tick, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = [record(f"failed {n}", Stage.FAILED, n, failed_stage=Stage.READY) for n in range(3)]
    ready = [record(f"ready {n}", Stage.READY, 5 + n, task_uuid=f"r-{n}") for n in range(3)]
    of_batch = record("of a batch", Stage.READY, 20, origin=Origin(session=BATCH_ORIGIN))
    add_records(*failed, *ready, of_batch)
    # Whatever is tried, nothing of it is on the disk here: only what is asked of the engine is looked at.
    monkeypatch.setattr(here, "_must_wait", lambda record: Sentence.of("Waits."))
    done = lambda: not here.many.needs_ticks  # noqa: E731
    stage = lambda one: here.engine.store.get(one.id)  # noqa: E731

    here.many.selection.replace([failed[0].id, failed[1].id, ready[0].id])
    retried: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(here.engine, "retry", retried.append)
        bpy.ops.triverse.retry_selected()
        tick_until(done)
    assert retried == [failed[0].id, failed[1].id]
    assert str(here.notices[-1].sentence) == "2 of 3 tasks are tried again."
    assert here.notices[-1].sentence.args == {"done": 2, "total": 3}

    bpy.ops.triverse.import_ready()
    tick_until(done)
    assert all(stage(one).auto_import for one in ready)
    assert all(stage(one).origin.scene_id == bpy.context.scene.triverse.scene_id for one in ready)
    assert all(stage(one).placement.step_aside for one in ready), "none stands in another"
    assert not stage(of_batch).auto_import, "it goes into the library of its batch"

    told = "3 of 4 models are being imported."
    assert told in [str(one.sentence) for one in here.notices]
    for one in ready[:2]:
        here._handle_event(TaskChanged(stage(one).with_(stage=Stage.IMPORTED)))
    assert told in [str(one.sentence) for one in here.notices]
    here._handle_event(TaskChanged(stage(ready[2]).with_(stage=Stage.IMPORTED)))
    assert told not in [str(one.sentence) for one in here.notices], "they are in the scene"
    assert "2 of 3 tasks are tried again." in [str(one.sentence) for one in here.notices]

    here.many.selection.replace([one.id for one in (*failed, ready[0])])
    bpy.ops.triverse.remove_selected()
    tick_until(lambda: done() and len(here.pager.page.records) == 3)
    assert {one.name for one in here.page_records()} == {"ready 1", "ready 2", "of a batch"}
    assert len(here.many.selection) <= 1


def test_several_are_put_away_and_brought_back(here: Any, tick_until: Tick) -> None:
    tasks = imported(3)
    add_records(*tasks)
    manager = bpy.context.window_manager.triverse
    shown = lambda: [one.name for one in here.page_records()]  # noqa: E731
    here.many.selection.replace([one.id for one in tasks[:2]])
    bpy.ops.triverse.put_selected_away()
    tick_until(lambda: not here.many.needs_ticks and shown() == ["task 2"])
    assert not here.many.selection.is_several, "what is not shown is not worked on"
    manager.show = "PUT_AWAY"
    tick_until(lambda: sorted(shown()) == ["task 0", "task 1"])
    here.many.selection.replace([one.id for one in tasks[:2]])
    bpy.ops.triverse.put_selected_away(is_away=False)
    tick_until(lambda: not here.many.needs_ticks and not shown())
    manager.show = "ALL"
    tick_until(lambda: len(shown()) == 3)


def test_that_nothing_of_several_can_be_imported_is_said(here: Any, tick_until: Tick) -> None:
    failed = [record(f"failed {n}", Stage.FAILED, n, failed_stage=Stage.READY) for n in range(2)]
    add_records(*failed)
    here.many.selection.replace([one.id for one in failed])
    bpy.ops.triverse.import_selected()
    tick_until(lambda: not here.many.needs_ticks and here.notices)
    assert str(here.notices[-1].sentence).startswith("Nothing is imported: no model of these tasks is ready")


def test_star_tags_and_projects(here: Any, tick_until: Tick) -> None:
    tasks = [one.with_(origin=Origin("s", "/jobs/Castle.blend", "x", "Scene")) for one in imported(4)]
    add_records(*tasks)
    manager = bpy.context.window_manager.triverse
    done = lambda: not here.many.needs_ticks  # noqa: E731

    def shown(**how: str | bool) -> list[str]:
        bpy.ops.triverse.clear_filter()
        for name, value in how.items():
            setattr(manager, name, value)
        here.tick(0.01)
        tick_until(lambda: not here.pager.is_waiting)
        return [one.name for one in here.page_records()]

    list_rows.click(here, tasks[0].id)
    assert bpy.ops.triverse.star() == {"FINISHED"}
    assert here.shown(tasks[0].id).starred
    assert any(one.given.get("icon") == "SOLO_ON" for one in draw_rows()[0].drawn)
    assert shown(starred=True) == ["task 0"]
    shown()
    bpy.ops.triverse.star()
    assert shown(starred=True) == []

    shown()
    list_rows.click(here, tasks[0].id)
    list_rows.click(here, tasks[1].id, shift=True)
    bpy.ops.triverse.edit_tags(tags=" Stone,for  the client, stone", mode="ADD")
    tick_until(done)
    assert here.engine.store.get(tasks[1].id).tags == ("Stone", "for the client")
    bpy.ops.triverse.edit_tags(tags="STONE", mode="REMOVE")
    tick_until(done)
    assert here.engine.store.get(tasks[1].id).tags == ("for the client",)
    list_rows.click(here, tasks[2].id)
    bpy.ops.triverse.edit_tags(tags="wood", mode="REPLACE")
    bpy.ops.triverse.set_project(project="Kitchen")
    assert shown(search="client") == ["task 0", "task 1"]
    assert shown(search="KITCHEN") == ["task 2"]
    assert shown(search="castle wood") == ["task 2"], "the name of the .blend, too"
    assert shown(tag="wood") == ["task 2"]
    assert "#wood" in tasks_panel().texts()
    assert shown(project="kitchen") == ["task 2"]
    assert shown(made_in="/jobs/Castle.blend") == [f"task {n}" for n in range(4)]
    assert shown(made_in="/jobs/Other.blend") == []
    shown()

    from triverse_addon.ui.task_list import group_menus

    draw(group_menus.TRIVERSE_MT_projects)
    tick_until(done)
    entries = [one for one in draw(group_menus.TRIVERSE_MT_projects).drawn if one.function == "operator"]
    assert [one.text for one in entries] == ["All", "Kitchen (1)", "Castle (4)"]
    assert draw(group_menus.TRIVERSE_MT_tags).texts()[1:] == ["for the client (2)", "wood (1)"]
    bpy.ops.triverse.filter_by(kind="PROJECT", name="Kitchen")
    assert (manager.project, manager.made_in) == ("Kitchen", "")
    bpy.ops.triverse.filter_by(kind="FILE", name="/jobs/Castle.blend")
    assert (manager.project, manager.made_in) == ("", "/jobs/Castle.blend")


def test_the_menus_of_groups_count_what_the_list_shows(here: Any, tick_until: Tick) -> None:
    from triverse_addon.ui.task_list import group_menus

    origin = Origin("s", "/jobs/Castle.blend", "x", "Scene")
    marks = (("wood",), "", False), (("wood",), "Kitchen", True), (("iron",), "", True)
    tasks = [
        one.with_(tags=tags, project=project, put_away=put_away, origin=origin)
        for one, (tags, project, put_away) in zip(imported(3), marks, strict=True)
    ]
    add_records(*tasks)
    manager = bpy.context.window_manager.triverse

    def entries(menu: Any) -> list[str]:
        return [one.text for one in draw(menu).drawn if one.function == "operator"][1:]

    tick_until(lambda: entries(group_menus.TRIVERSE_MT_tags))
    assert entries(group_menus.TRIVERSE_MT_tags) == ["wood (1)"]
    assert entries(group_menus.TRIVERSE_MT_projects) == ["Castle (1)"]
    manager.show = "PUT_AWAY"
    assert entries(group_menus.TRIVERSE_MT_tags) == ["iron (1)", "wood (1)"]
    assert entries(group_menus.TRIVERSE_MT_projects) == ["Kitchen (1)", "Castle (2)"]
    manager.show = "ACTIVE"
    assert entries(group_menus.TRIVERSE_MT_tags) == ["iron (1)", "wood (2)"], "what is under way is never hidden"


def test_tags_and_projects_of_other_tasks_are_offered_while_words_are_typed(here: Any, tick_until: Tick) -> None:
    from triverse_addon.ui.task_list import label_operators

    marks = (("Stone", "wood"), "Kitchen"), ((), "Garden"), (("bare wood",), "")
    tasks = [one.with_(tags=tags, project=project) for one, (tags, project) in zip(imported(3), marks, strict=True)]
    add_records(*tasks)
    list_rows.click(here, tasks[0].id)
    pressed = press(bpy.ops.triverse.edit_tags)
    assert (pressed.opened, pressed.properties["tags"]) == ("invoke_props_dialog", "Stone, wood")
    assert pressed.properties["mode"] == "REPLACE"
    pressed = press(bpy.ops.triverse.set_project)
    assert (pressed.opened, pressed.properties["project"]) == ("invoke_props_dialog", "Kitchen")
    assert "several projects" not in " ".join(pressed.texts)
    tick_until(lambda: here.many.groups.tags and not here.many.needs_ticks)

    tags_like = lambda text: label_operators._tags_like(None, bpy.context, text)  # noqa: E731
    assert sorted(tags_like("WO")) == ["bare wood", "wood"]
    assert tags_like("wood, iron, sto") == ["wood, iron, Stone"]
    assert tags_like("Wood, wo") == ["Wood, bare wood"], "none twice"
    assert label_operators._projects_like(None, bpy.context, "garD") == ["Garden"]
    assert sorted(label_operators._projects_like(None, bpy.context, "")) == ["Garden", "Kitchen"]

    list_rows.click(here, tasks[1].id, ctrl=True)
    pressed = press(bpy.ops.triverse.set_project)
    assert pressed.properties["project"] == "", "they have not the same"
    assert "Without a name, they are taken out of them." in " ".join(pressed.texts)


def test_a_job_on_many_tells_how_far_it_is_and_is_stopped(here: Any) -> None:
    from triverse_addon.ui.state.many_tasks import Progress

    add_records(*imported(2))
    assert "Nothing is under way" in poll_message(bpy.ops.triverse.stop_many)
    progress = here.many.progress = Progress(Sentence.of("Importing"), total=2_000, seen=1_500)
    try:
        drawn = tasks_panel()
        (bar,) = [one for one in drawn.drawn if one.function == "progress"]
        assert (bar.text, bar.given["factor"]) == ("Importing 1,500 / 2,000", 0.75)
        assert "triverse.stop_many" in drawn.operators()
        assert bpy.ops.triverse.stop_many() == {"FINISHED"}
        assert progress.is_cancelled
    finally:
        here.many.progress = None
    assert "triverse.stop_many" not in tasks_panel().operators()
