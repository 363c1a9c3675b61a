# SPDX-License-Identifier: GPL-3.0-or-later
"""Flows without a model in the panel: a better prompt, a picture from words, preview renders, another format."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import bpy
import pytest

from tests.blender.drawing import Tick, draw_rows, session, tasks_panel
from tests.blender.pressed import press
from tests.blender.recorder import draw
from tests.service.server import StandIn
from triverse_addon.tasks.record.record import Stage, TaskRecord

OPS: Any = bpy.ops.triverse
BETTER = "a stone well, fine detail, studio light"


def ended(tick_until: Tick, task_id: str) -> TaskRecord:
    tick_until(lambda: not session().engine.get(task_id).is_unfinished)
    found = session().engine.get(task_id)
    assert isinstance(found, TaskRecord)
    assert found.stage is Stage.DONE, str(found.error)
    return found


def newest() -> TaskRecord:
    found = session().engine.tasks()[0]
    assert isinstance(found, TaskRecord)
    return found


def panel_operators() -> list[str]:
    from triverse_addon.ui.generate import panel

    return draw(panel.TRIVERSE_PT_make).operators()


def panel_texts() -> list[str]:
    from triverse_addon.ui.generate import panel

    return draw(panel.TRIVERSE_PT_make).texts()


@pytest.fixture
def improved(here: Any, tick_until: Tick) -> TaskRecord:
    """A better prompt for the one in the panel."""
    bpy.context.scene.triverse.flow = "text-to-model"
    bpy.context.scene.triverse.shared.prompt = "a stone well"
    assert OPS.improve_prompt() == {"FINISHED"}
    assert any("Improving" in text for text in panel_texts())
    return ended(tick_until, newest().id)


def test_a_better_prompt_is_offered_and_used(improved: TaskRecord) -> None:
    from triverse_addon.ui.generate import prompt_history

    shared = bpy.context.scene.triverse.shared
    assert shared.prompt == "a stone well", "nothing is overwritten unasked"
    assert any(BETTER in " ".join(panel_texts()) for _ in (1,))
    assert {"triverse.use_better_prompt", "triverse.keep_prompt"} <= set(panel_operators())
    assert OPS.use_better_prompt(task_id=improved.id) == {"FINISHED"}
    assert shared.prompt == BETTER
    assert "triverse.keep_prompt" not in panel_operators()
    assert {"a stone well", BETTER} <= set(prompt_history.prompts(session()))


def test_mine_is_kept(improved: TaskRecord) -> None:
    assert OPS.keep_prompt() == {"FINISHED"}
    assert bpy.context.scene.triverse.shared.prompt == "a stone well"
    assert "triverse.use_better_prompt" not in panel_operators()


def test_what_was_typed_meanwhile_stays_and_the_row_offers_the_other(improved: TaskRecord) -> None:
    from triverse_addon.ui.state import task_presentation

    bpy.context.scene.triverse.shared.prompt = "a stone well with a roof"
    assert "triverse.use_better_prompt" not in panel_operators()
    assert task_presentation.action(improved).operator == "triverse.use_better_prompt"
    assert task_presentation.state(improved) == ("Done",)


def test_nothing_is_ordered_without_words_or_twice(here: Any, connected: StandIn) -> None:
    bpy.context.scene.triverse.flow = "text-to-model"
    bpy.context.scene.triverse.shared.prompt = " "
    assert not OPS.improve_prompt.poll()
    assert OPS.picture_from_words(prompt="") == {"CANCELLED"}
    assert OPS.picture_from_words(prompt="ab") == {"CANCELLED"}
    assert session().engine.tasks() == []


def test_a_picture_from_words_becomes_a_model(here: Any, tick_until: Tick) -> None:
    from triverse_addon.ui.state import source_pictures, task_presentation
    from triverse_addon.ui.viewport import preview

    bpy.context.scene.triverse.flow = "text-to-model"
    assert OPS.picture_from_words(prompt="a stone well") == {"FINISHED"}
    record = ended(tick_until, newest().id)
    assert source_pictures.first_picture(record) == record.preview_path == record.result_files[0]
    source = preview.picture_of(record)
    assert source is not None
    assert source.path == record.preview_path
    assert preview.steps_of(record) == 0
    assert task_presentation.action(record).operator == "triverse.model_from_picture"
    assert OPS.model_from_picture(task_id=record.id) == {"FINISHED"}
    props = bpy.context.scene.triverse
    assert (props.flow, props.shared.image_file) == ("image-to-model", record.preview_path)
    tasks_panel()
    draw_rows()


@pytest.fixture
def model(here: Any, tick_until: Tick) -> TaskRecord:
    bpy.context.scene.triverse.flow = "text-to-model"
    bpy.context.scene.triverse.shared.prompt = "A red chair tris:1k"
    assert OPS.generate() == {"FINISHED"}
    task_id = newest().id
    tick_until(lambda: session().engine.get(task_id).stage is Stage.IMPORTED)
    return newest()


def test_preview_renders_are_turned_through(model: TaskRecord, connected: StandIn, tick_until: Tick) -> None:
    from triverse_addon.ui.viewport import preview, preview_control

    connected.state.settings.answer_shape = "list"
    pressed = press(OPS.preview_renders, task_id=model.id, image_count=3)
    assert (pressed.opened, pressed.given["title"]) == ("invoke_props_dialog", "Preview Renders")
    assert pressed.given["confirm_text"] == "Order"
    assert pressed.texts[0] == "Pictures"
    # Asked for with the press, so that each number has its price as soon as it is chosen.
    tick_until(lambda: not session().price.is_waiting)
    for count in (1, 8):
        pressed = press(OPS.preview_renders, task_id=model.id, image_count=count)
        assert any("credit" in text for text in pressed.texts), pressed.texts
    assert newest().id == model.id, "nobody has said yes"
    assert OPS.preview_renders(task_id=model.id, image_count=2) == {"FINISHED"}
    record = ended(tick_until, newest().id)
    assert (record.sources["model_file"], record.params["image_count"]) == (model.model_path, 2)
    assert record.name == model.name
    assert [Path(source.path) for source in preview.results_of(record)] == list(map(Path, record.result_files))
    preview.shown = preview.Preview((preview.Tile(record.id),), 0)
    try:
        preview_control.turn(1)
        assert preview.shown.view == 1
        preview_control.turn(1)
        assert preview.shown.view == 0
    finally:
        preview.shown = None
    assert OPS.preview_renders(task_id=record.id) == {"CANCELLED"}
    assert press(OPS.preview_renders, task_id=record.id).opened == ""


def test_prices_are_asked_before_a_dialog_opens(
    here: Any, monkeypatch: pytest.MonkeyPatch, tick_until: Tick, connected: StandIn
) -> None:
    """The service is asked once for each, however often the panel is drawn, and not for what cannot be ordered."""
    engine = session().engine
    asked: Counter[str] = Counter()
    ask = engine.ask_quote

    def ask_and_count(flow: str, priced: dict[str, Any]) -> Any:
        asked[flow] += 1
        return ask(flow, priced)

    def draw_until_known() -> None:
        for _ in range(3):
            panel_texts()
            tasks_panel()
            tick_until(lambda: not session().price.is_waiting)

    monkeypatch.setattr(engine, "ask_quote", ask_and_count)
    props = bpy.context.scene.triverse
    props.flow, props.shared.prompt = "text-to-model", ""
    draw_until_known()
    assert asked == {"text-to-model": 1}
    props.shared.prompt = "A red chair tris:1k"
    draw_until_known()
    props.shared.prompt = "A red chair"
    draw_until_known()
    assert asked == {"text-to-model": 1, "prompt-optimization": 1}
    props.flow = "image-to-model"
    draw_until_known()
    assert asked == {"text-to-model": 1, "prompt-optimization": 1, "image-to-model": 1, "image-generation": 1}
    assert asked["model-preview-render"] == 0
    props.flow = "text-to-model"
    assert OPS.generate() == {"FINISHED"}
    task_id = newest().id
    tick_until(lambda: engine.get(task_id).stage is Stage.IMPORTED)
    draw_until_known()
    assert asked["model-preview-render"] == asked["prompt-optimization"] == asked["image-generation"] == 1


def test_another_format_is_done_and_never_imported(model: TaskRecord, tick_until: Tick) -> None:
    from triverse_addon.ui.state import task_presentation

    props = bpy.context.scene.triverse
    props.convert_model_format.output_format = "obj"
    assert OPS.make_from(task_id=model.id, flow="convert-model-format") == {"FINISHED"}
    record = ended(tick_until, newest().id)
    assert Path(record.result_files[0]).suffix == ".obj"
    assert task_presentation.action(record).operator == "triverse.open_folder"
    assert OPS.import_task(task_id=record.id) == {"CANCELLED"}
    assert OPS.place_at_cursor(task_id=record.id) == {"CANCELLED"}
    OPS.import_ready()
    tick_until(lambda: not session().many.needs_ticks)
    assert newest().stage is Stage.DONE
