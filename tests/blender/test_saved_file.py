# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks belong to the file that their scene is saved in, also if it had no name, or another, when they were ordered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import pytest

from tests.blender.drawing import add_records, record
from triverse_addon.tasks.record.record import Origin, Stage
from triverse_addon.tasks.store.errors import StoreError


def save(path: Path, **how: bool) -> str:
    bpy.ops.wm.save_as_mainfile(filepath=str(path), **how)
    return str(path)


def files(here: Any) -> dict[str, str]:
    """The files of all tasks in the store, by the names of the tasks."""
    return {one.name: here.engine._context.store.get(one.id).origin.file for one in here.engine.tasks()}


def ordered_here(name: str, stage: Stage, **more: Any) -> Any:
    from triverse_addon.ui.form import request

    return record(name, stage, origin=request.origin(bpy.context), **more)


def test_what_was_ordered_before_the_file_had_a_name_waits_for_it(here: Any, tmp_path: Path) -> None:
    from triverse_addon.scene.importing import origin

    add_records(ordered_here("waiting", Stage.WAITING), ordered_here("imported", Stage.IMPORTED))
    add_records(record("elsewhere", Stage.WAITING, origin=Origin("another", "/other.blend", "other", "Scene")))
    save(tmp_path / "copy.blend", copy=True)
    assert files(here) == {"waiting": "", "imported": "", "elsewhere": "/other.blend"}
    room = save(tmp_path / "room.blend")
    assert files(here) == {"waiting": room, "imported": room, "elsewhere": "/other.blend"}

    bpy.ops.wm.read_homefile(use_empty=True)
    (waiting,) = (one for one in here.engine.tasks() if one.name == "waiting")
    assert "Waits until room.blend is open again." in str(origin.missing_scene_reason(waiting.origin))


def test_what_is_still_to_come_follows_a_file_to_its_new_name(here: Any, tmp_path: Path) -> None:
    first = save(tmp_path / "first.blend")
    add_records(ordered_here("waiting", Stage.WAITING), ordered_here("imported", Stage.IMPORTED))
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.open_mainfile(filepath=first)
    second = save(tmp_path / "second.blend")
    assert files(here) == {"waiting": second, "imported": first}, "by the scene: another session has begun"


@pytest.mark.parametrize("knows", [False, True], ids=["as it was before", "saved after an order"])
def test_what_lies_under_the_old_name_is_an_older_version(here: Any, tmp_path: Path, knows: bool) -> None:
    from triverse_addon.scene.importing import origin
    from triverse_addon.ui.form import request

    if knows:
        request.origin(bpy.context)  # which gives the scene its id
    old = save(tmp_path / "old.blend")
    add_records(ordered_here("waiting", Stage.WAITING))
    new = save(tmp_path / "new.blend")

    def wanted() -> list[str]:
        found = [one.name for one in here.engine.tasks() if origin.find_scene(one.origin) is not None]
        return sorted(found)

    assert wanted() == ["waiting"]
    bpy.ops.wm.open_mainfile(filepath=old)
    assert wanted() == []
    # It goes on by itself, with orders of its own, and takes nothing from the newer one.
    add_records(ordered_here("of the old one", Stage.WAITING))
    bpy.ops.wm.save_mainfile()
    assert files(here) == {"waiting": new, "of the old one": old}
    assert wanted() == ["of the old one"]
    bpy.ops.wm.open_mainfile(filepath=new)
    assert "waiting" in wanted()
    # Saved over the old one, it is there again.
    save(tmp_path / "old.blend")
    assert "waiting" in wanted()
    bpy.ops.wm.open_mainfile(filepath=old)
    assert "waiting" in wanted()


def test_a_file_is_saved_although_the_list_cannot_be_written(
    here: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from triverse_addon.api.sentence import Sentence
    from triverse_addon.tasks.store.store import Store

    add_records(ordered_here("waiting", Stage.WAITING))

    def full(*_: Any, **__: Any) -> None:
        raise StoreError(Sentence.of("The disk is full."))

    with monkeypatch.context() as patched:
        patched.setattr(Store, "change", full)
        save(tmp_path / "room.blend")
    assert "The disk is full." in caplog.text
    assert files(here) == {"waiting": ""}
    save(tmp_path / "room.blend")
    assert files(here) == {"waiting": str(tmp_path / "room.blend")}, "the next save notes it"
