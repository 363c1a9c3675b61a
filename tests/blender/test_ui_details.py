# SPDX-License-Identifier: GPL-3.0-or-later
"""The details of the chosen task, and what its menu offers or refuses."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import bpy
import pytest

from tests.blender import glbs
from tests.blender.drawing import Tick, add_records, make_panel, record, tasks_panel
from triverse_addon.api.sentence import Sentence
from triverse_addon.tasks.record.record import Stage

UUID = "0198c0de-0000-4000-8000-000000000001"


def chair(tmp_path: Path, **more: Any) -> Any:
    given: dict[str, Any] = {
        "params": {"prompt": "A red chair with arms", "polygon_limit": 50_000, "texture_size": 2048, "turbo": True},
        "task_uuid": UUID,
        "cost_credits": 40,
        "triangles": 49_152,
        "folder": str(tmp_path),
        "started_at_s": 2e9 + 5,
        "finished_at_s": 2e9 + 75,
    }
    return record("A red chair", Stage.IMPORTED, **(given | more))


def test_everything_known_of_a_task_is_told(here: Any, tmp_path: Path) -> None:
    add_records(chair(tmp_path))
    prose = tasks_panel().prose()
    for words in (
        "Made With Text to Model",
        "Prompt A red chair with arms",
        "Polygon Limit 50,000",
        "Texture Size 2048 px",
        "Turbo Yes",
        "after 5 s",
        "took 1 min 10 s",
        "Cost 40 credits",
        "Triangle Count 49,152",
    ):
        assert words in prose, prose
    assert UUID in prose.replace(" ", "")
    assert {"triverse.copy_uuid", "triverse.open_folder"} <= set(tasks_panel().operators())


def test_the_history_is_read_by_a_tick_and_again_when_the_task_changed(here: Any, tmp_path: Path) -> None:
    made = chair(tmp_path)
    add_records(made)
    here.engine._context.store.add_history(made.id, "WARNING", Sentence.of("The connection broke off."))
    here.engine._context.store.add_history(made.id, "ERROR", Sentence.of("The disk is full."))
    assert "The disk is full." not in tasks_panel().prose()
    assert here.details.is_waiting
    assert here.tick(0.01)
    drawn = tasks_panel()
    assert "The connection broke off." in drawn.prose()
    assert drawn.prose().index("The connection broke off.") < drawn.prose().index("The disk is full.")
    assert any(one.alert for one in drawn.drawn if one.given.get("icon") == "ERROR")
    assert not here.details.is_waiting, "it is not read again and again"
    here.engine._context.store.add_history(made.id, "INFO", Sentence.of("Something new."))
    here.engine.rename(made.id, "Chair")
    here.tick(0.01)
    tasks_panel()
    here.tick(0.01)
    assert "Something new." in tasks_panel().prose()


def test_the_uuid_is_told_once(here: Any, tmp_path: Path) -> None:
    made = chair(tmp_path)
    add_records(made)
    sentence = Sentence.of("Accepted by the service as task {uuid}.", uuid=UUID)
    here.engine._context.store.add_history(made.id, "INFO", sentence)
    tasks_panel()
    here.tick(0.01)
    prose = tasks_panel().prose()
    assert "Accepted by the service as task 0198c0de…." in prose
    assert prose.replace(" ", "").count(UUID) == 1


def test_a_history_that_was_read_is_told_in_another_language_too(
    here: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from triverse_addon.ui.state import task_history

    made = chair(tmp_path)
    add_records(made)
    here.engine._context.store.add_history(made.id, "INFO", Sentence.of("The disk is full."))
    here.details.history(made)
    here.details.tick(here.engine)
    monkeypatch.setattr(task_history, "translate", lambda sentence: f"auf Deutsch: {sentence}")
    assert "auf Deutsch: The disk is full." in [line.text for line in here.details.history(made)]


def test_a_long_history_shows_its_end_and_the_way_to_the_rest(here: Any, tmp_path: Path) -> None:
    made = chair(tmp_path)
    add_records(made)
    for number in range(15):
        here.engine._context.store.add_history(made.id, "INFO", Sentence.of("Step {number}.", number=number))
    tasks_panel()
    here.tick(0.01)
    drawn = tasks_panel()
    assert "Step 14." in drawn.prose()
    assert "Step 2." not in drawn.prose()
    assert "3 earlier lines" in drawn.texts()


def test_what_the_service_gave_back_is_told(here: Any, tmp_path: Path) -> None:
    add_records(
        chair(
            tmp_path,
            is_final=True,
            error=Sentence.of("Triverse could not make this model."),
            error_message="Too thin",
            error_suggestion="Make it thicker",
        ).with_(stage=Stage.FAILED)
    )
    prose = tasks_panel().prose()
    assert "40 credits, given back" in prose
    assert "The service says Too thin" in prose
    assert prose.count("Make it thicker") == 1, "the advice stands above the details, and is not said again in them"


def test_the_input_picture_is_made_small_in_a_thread_of_its_own(here: Any, tmp_path: Path, tick_until: Tick) -> None:
    large = glbs.picture(tmp_path / "large.png", 1500, 900)
    small = glbs.picture(tmp_path / "small.png", 100, 100)
    made = record("chair", Stage.IMPORTED, sources={"image_file": str(large)}).with_(flow="image-to-model")
    add_records(made)
    assert "large.png" in tasks_panel().prose()
    assert here.details.is_waiting
    tick_until(lambda: here.details.pictures.path(str(large)))
    copy = here.details.pictures.path(str(large))
    image = bpy.data.images.load(copy)
    assert tuple(image.size) == (256, 154)
    tick_until(lambda: tasks_panel() and not here.thumbnails.is_loading and f"{made.id} image_file" in _loaded(here))
    assert not (tmp_path / "large.png").samefile(copy)
    for path, expected in ((small, str(small)), (tmp_path / "gone.png", "")):
        here.details.picture(str(path))
        tick_until(lambda path=path: here.details.pictures.path(str(path)) is not None)
        assert here.details.pictures.path(str(path)) == expected
    # The second time it is there at once, without a child.
    from triverse_addon.scene.child.source_thumbnails import SourceThumbnails

    again = SourceThumbnails([], Path(copy).parent)
    again.request(str(large))
    tick_until(lambda: again.take_results())
    assert again.path(str(large)) == copy
    again.close()


def _loaded(here: Any) -> Any:
    return here.thumbnails._order


def test_the_thread_of_the_pictures_ends_with_the_session(here: Any, tmp_path: Path) -> None:
    from triverse_addon.ui.state import runtime

    here.details.picture(str(glbs.picture(tmp_path / "large.png", 1500, 900)))
    runtime.shutdown()
    assert not any(thread.name == "triverse-source-thumbnails" for thread in threading.enumerate())


def test_a_picture_that_is_gone_is_told(here: Any, tmp_path: Path, tick_until: Tick) -> None:
    gone = str(tmp_path / "gone.png")
    add_records(record("chair", Stage.IMPORTED, sources={"image_file": gone}).with_(flow="image-to-model"))
    tasks_panel()
    tick_until(lambda: here.details.pictures.path(gone) == "")
    assert "The picture is not there any more." in tasks_panel().prose()


# -----------------------------------------------------------------------------
# What can be done, and why not


def disabled_reason(operator: str, made: Any) -> str | None:
    """Why a button of the menu is greyed; None when it is not."""
    kind = getattr(bpy.types, "TRIVERSE_OT_" + operator)
    return kind.disabled_reason(bpy.context, made)


@pytest.mark.parametrize(
    ("stage", "more", "refused"),
    [
        (Stage.READY, {}, {"replace_imported", "retry", "stop_following", "resume_following"}),
        (Stage.FAILED, {}, {"import_task", "replace_imported", "stop_following", "resume_following"}),
        (Stage.WAITING, {}, {"import_task", "replace_imported", "retry", "stop_following"}),
        (Stage.WAITING, {"service_status": "SUCCESS"}, {"replace_imported", "retry", "stop_following"}),
        (Stage.WAITING, {"following": True}, {"import_task", "replace_imported", "retry", "resume_following"}),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(here: Any, stage: Stage, more: Any, refused: set[str]) -> None:
    made = record("A", stage, task_uuid=UUID, folder="/tmp", **more)
    every = ("import_task", "replace_imported", "retry", "regenerate", "stop_following", "resume_following")
    every += ("open_folder", "copy_uuid", "forget", "show_error")
    reasons = {name: reason for name in every if (reason := disabled_reason(name, made)) is not None}
    assert set(reasons) == refused
    assert all(reason.endswith(".") for reason in reasons.values())


def test_a_task_without_files_or_name_says_so(here: Any) -> None:
    made = record("A", Stage.QUEUED).with_(flow="")
    assert "no files yet" in str(disabled_reason("open_folder", made))
    assert "not named this task" in str(disabled_reason("copy_uuid", made))
    assert "not known yet" in str(disabled_reason("regenerate", made))
    assert "cannot be made in the panel" in str(disabled_reason("regenerate", made.with_(flow="image-generation")))


def test_an_operator_that_makes_no_sense_changes_nothing(here: Any) -> None:
    made = record("A", Stage.READY, task_uuid=UUID)
    add_records(made)
    for operator in ("retry", "stop_following", "resume_following", "replace_imported", "open_folder"):
        assert getattr(bpy.ops.triverse, operator)("EXEC_DEFAULT", task_id=made.id) == {"CANCELLED"}
    assert here.engine.get(made.id).revision == here.shown(made.id).revision


# -----------------------------------------------------------------------------
# Regenerate


def test_the_panel_says_whose_inputs_it_shows_until_they_are_sent_or_let_go(here: Any) -> None:
    made = record("Old chair", Stage.IMPORTED, params={"prompt": "An old chair"})
    add_records(made)
    notice = "These are the inputs of “Old chair”."
    assert notice not in make_panel().prose()
    bpy.ops.triverse.regenerate(task_id=made.id)
    assert notice in make_panel().prose()
    assert len(here.engine.tasks()) == 1, "nothing was made yet"
    bpy.ops.triverse.leave_again()
    assert notice not in make_panel().prose()
    assert bpy.context.scene.triverse.shared.prompt == "An old chair"
    bpy.ops.triverse.generate()
    assert not any(one.allow_duplicate for one in here.engine.tasks())
    bpy.ops.triverse.regenerate(task_id=made.id)
    bpy.ops.triverse.generate()
    assert notice not in make_panel().prose()
    assert sum(one.allow_duplicate for one in here.engine.tasks()) == 1


def test_the_panel_does_not_say_so_when_undo_took_the_inputs_back(here: Any) -> None:
    """It did, of the user's own words, which could then be ordered twice by accident. Nor of those of another scene."""
    from triverse_addon.ui.generate import operators

    made = record("Old chair", Stage.IMPORTED, params={"prompt": "An old chair"})
    add_records(made)
    given, notice = bpy.context.scene.triverse, "These are the inputs of “Old chair”."
    before = given.loaded_from
    bpy.ops.triverse.regenerate(task_id=made.id)
    loaded = given.loaded_from
    given.loaded_from = before  # as undo does
    assert notice not in make_panel().prose()
    assert not operators.is_again()
    given.loaded_from = loaded  # as redo does
    assert notice in make_panel().prose()
    assert operators.is_again()
    window = bpy.context.window_manager.windows[0]
    own, window.scene = window.scene, bpy.data.scenes.new("Other")
    try:
        assert notice not in make_panel().prose()
    finally:
        window.scene = own


def test_objects_that_were_sent_are_chosen_anew(here: Any, tmp_path: Path) -> None:
    from triverse_addon.ui import settings

    written = str(settings.sources_dir(create=True) / "selection-1.blend")
    kept = tmp_path / "kept.glb"
    kept.write_bytes(b"glTF")
    params = {"prompt": "Gold leaf"}
    gone = record("A", Stage.IMPORTED, params=params, sources={"model_file": written}).with_(flow="text-to-texture")
    there = record("B", Stage.IMPORTED, 9, params=params, sources={"model_file": str(kept)}).with_(
        flow="text-to-texture"
    )
    add_records(gone, there)
    given = bpy.context.scene.triverse
    bpy.ops.triverse.regenerate(task_id=gone.id)
    assert (given.flow, given.use_selection, given.shared.model_file) == ("text-to-texture", True, "")
    bpy.ops.triverse.regenerate(task_id=there.id)
    assert (given.use_selection, given.shared.model_file) == (False, str(kept))


# -----------------------------------------------------------------------------
# Forget


@pytest.mark.parametrize("with_files", [False, True])
def test_files_stay_unless_told_otherwise(here: Any, tmp_path: Path, with_files: bool, tick_until: Tick) -> None:
    folder = tmp_path / "task"
    folder.mkdir()
    (folder / "model.glb").write_bytes(b"glTF")
    made = chair(tmp_path, folder=str(folder))
    add_records(made)
    more = {"delete_files": True} if with_files else {}
    assert bpy.ops.triverse.forget("EXEC_DEFAULT", task_id=made.id, **more) == {"FINISHED"}
    tick_until(lambda: not here.engine.tasks())
    if with_files:
        tick_until(lambda: not os.path.exists(folder))
    else:
        assert os.listdir(folder) == ["model.glb"]
