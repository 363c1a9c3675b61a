# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of tasks cannot be read for a while, as on a disk of the network: a sentence says so, and it goes on."""

from __future__ import annotations

import sqlite3
from types import ModuleType
from typing import Any

import bpy
import pytest

from tests.blender.drawing import Tick, add_records, record, session
from tests.blender.pressed import press
from triverse_addon.tasks.record.record import Stage
from triverse_addon.ui.task_list.operator_base import TaskOperatorMixin

UNREADABLE = "The list of tasks cannot be read (disk I/O error)."


@pytest.fixture
def unreadable(here: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of a task that is too old to be in memory; the list cannot be read."""
    old = record("An old chair", Stage.IMPORTED, task_uuid="11111111-1111-4111-8111-111111111111")
    add_records(old, record("A new chair", Stage.FAILED))
    here.engine._task_cache._records.pop(old.id)
    fail(monkeypatch)
    return old.id


def fail(monkeypatch: pytest.MonkeyPatch) -> None:
    def connection() -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(session().engine.store, "_connection", connection)


def of_a_task() -> list[str]:
    """The operators on one task."""
    return [
        name
        for name in dir(bpy.ops.triverse)
        if "task_id" in getattr(bpy.ops.triverse, name).get_rna_type().properties and name != "choose_task"
    ]


def test_every_operator_on_a_task_says_so(unreadable: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert len(of_a_task()) > 15
    for name in of_a_task():
        capfd.readouterr()
        result = getattr(bpy.ops.triverse, name)(task_id=unreadable)
        said = capfd.readouterr()
        assert result == ({"FINISHED"} if name in ("compare", "show_error") else {"CANCELLED"}), name
        assert result == {"FINISHED"} or UNREADABLE in said.out, name
        assert "Traceback" not in said.err, name


def test_earlier_prompts_are_not_said_to_be_none(unreadable: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert press(bpy.ops.triverse.prompt_history).result == {"CANCELLED"}
    assert UNREADABLE in capfd.readouterr().out


def test_no_dialog_fails_while_it_is_drawn(unreadable: str) -> None:
    class Shown(TaskOperatorMixin):
        task_id = unreadable

    assert Shown().record() is None


def test_what_is_not_in_the_list_is_told(here: Any, capfd: pytest.CaptureFixture[str]) -> None:
    add_records(record("A chair", Stage.IMPORTED))
    assert bpy.ops.triverse.import_task(task_id="none of the list") == {"CANCELLED"}
    assert "This task was taken off the list." in capfd.readouterr().out


def test_tags_are_read_again_after_they_could_not_be(
    here: Any, monkeypatch: pytest.MonkeyPatch, tick_until: Tick
) -> None:
    add_records(record("A chair", Stage.IMPORTED, tags=("wood",)))
    with monkeypatch.context() as patch:
        fail(patch)
        here.many.wanted_groups()
        tick_until(lambda: [one for one in here.notices if str(one.sentence) == UNREADABLE])
    add_records(record("A table", Stage.IMPORTED, tags=("stone",)))

    def tags() -> set[str]:
        return {group.name for group in here.many.wanted_groups().tags}

    tick_until(lambda: tags() == {"stone", "wood"}, limit_s=20.0)


def test_the_list_is_moved_nowhere_without_a_folder(
    ui: ModuleType, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from triverse_addon.tasks.store import user_folder

    monkeypatch.setattr(user_folder, "plan_move", lambda *_: pytest.fail("it would be the folder of the process"))
    assert bpy.ops.triverse.move_data() == {"CANCELLED"}
    assert "Choose the folder to move to." in capfd.readouterr().out


def test_a_name_is_typed_in_a_window_only(here: Any, capfd: pytest.CaptureFixture[str]) -> None:
    """Blender crashed in background."""
    add_records(record("A chair", Stage.IMPORTED))
    assert bpy.ops.triverse.rename_task() == {"CANCELLED"}
    assert "There is no window to type the name in." in capfd.readouterr().out
