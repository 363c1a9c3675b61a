# SPDX-License-Identifier: GPL-3.0-or-later
"""
What a button opens when it is pressed: dialogs, questions and file browsers, with what Blender is told of them.

One: ``python scripts/test.py tests/blender/test_ui_dialogs.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import bpy
import pytest

from tests.blender import glbs
from tests.blender.conftest import ADDON
from tests.blender.drawing import Tick, add_records, make_panel, record, session
from tests.blender.pressed import press
from tests.blender.recorder import Recorder, draw
from tests.blender.test_ui_batch import ROWS, charges, checked, rows_file, run, settled
from tests.blender.test_ui_panel import Stand
from tests.service.server import StandIn
from triverse_addon.api.sentence import Sentence
from triverse_addon.tasks.record.record import Stage

__all__ = ["rows_file"]  # a fixture

OPS: Any = bpy.ops.triverse
AREAS = ("VIEW_3D", "PREFERENCES", "OUTLINER")

pytestmark = pytest.mark.usefixtures("kept_writers")


# -----------------------------------------------------------------------------
# A batch


def test_table_folder_and_library_are_chosen_in_a_file_browser(
    here: Any, tick_until: Tick, rows_file: Callable[..., Path]
) -> None:
    """Blender shows folders alone to an operator that has ``directory`` and no ``filepath``."""

    def browse(operator: Any) -> dict[str, Any]:
        pressed = press(operator)
        assert (pressed.result, pressed.opened) == ({"RUNNING_MODAL"}, "fileselect_add")
        return pressed.properties

    table = browse(bpy.ops.triverse.batch_choose)
    assert (table["filepath"], "*.csv" in table["filter_glob"], "directory" in table) == ("", True, False)
    assert browse(bpy.ops.triverse.batch_choose_folder) == {"directory": ""}
    assert session().batch.request is None, "opened, and nothing was chosen"
    checked(tick_until, rows_file())
    assert browse(bpy.ops.triverse.batch_library) == {"directory": ""}


def test_a_run_asks_once_and_goes_on_without_a_question(
    here: Any, service: StandIn, tick_until: Tick, rows_file: Callable[..., Path]
) -> None:
    service.state.clock.speed = 0.01
    batch = checked(tick_until, rows_file(ROWS))
    pressed = press(bpy.ops.triverse.batch_run)
    assert pressed.opened == "invoke_confirm"
    assert pressed.given["title"] == "Make 3 Models for 60 Credits?"
    assert pressed.given["message"].startswith("You have 10,000 credits.")
    assert pressed.given["confirm_text"] == "Make Them"
    assert not batch.is_running, "nobody has said yes"

    bpy.context.window_manager.triverse.batch_jobs = 1
    bpy.ops.triverse.batch_run()
    tick_until(lambda: len(service.state.creations) == 1)
    bpy.ops.triverse.batch_stop()
    tick_until(lambda: not batch.is_running)
    settled(tick_until)
    service.state.clock.speed = 40.0
    pressed = press(bpy.ops.triverse.batch_run)
    assert (pressed.result, pressed.opened) == ({"FINISHED"}, ""), "its price was agreed to"
    tick_until(lambda: not batch.is_running)
    assert charges(service) == [1, 1, 1]


def test_what_came_of_a_batch_is_opened(
    here: Any, tick_until: Tick, rows_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from triverse_addon.ui.batch import file_operators

    opened: list[str] = []
    wm = SimpleNamespace(path_open=lambda filepath: opened.append(filepath))
    monkeypatch.setattr(file_operators, "bpy", SimpleNamespace(ops=SimpleNamespace(wm=wm), path=bpy.path))
    monkeypatch.setattr(file_operators, "open_folder", lambda _operator, path: opened.append(path) or {"FINISHED"})
    assert "filepath" in bpy.ops.wm.path_open.get_rna_type().properties
    assert OPS.batch_open(what="LIBRARY") == {"CANCELLED"}, "there is none"
    batch = checked(tick_until, rows_file("prompt,polygon_limit\na chair,1000\n"))
    assert OPS.batch_open(what="SHEET") == {"CANCELLED"}, "nothing came of it yet"
    run(tick_until)
    for what in ("LIBRARY", "SHEET", "REPORT"):
        assert OPS.batch_open(what=what) == {"FINISHED"}
    assert opened == [str(batch.request.library), str(batch.ended.page), str(batch.ended.report)]
    assert all(Path(one).exists() for one in opened)


def test_a_phase_of_a_batch_without_progress_is_said(
    here: Any, tick_until: Tick, rows_file: Callable[..., Path]
) -> None:
    from triverse_addon.ui.batch.panel import TRIVERSE_PT_batch
    from triverse_addon.ui.state.batch_session import Phase

    batch = checked(tick_until, rows_file())
    said = {
        Phase.CHECKING: "Checking the file…",
        Phase.STARTING: "Beginning…",
        Phase.ENDING: "Writing the report and the contact sheet…",
    }
    try:
        for phase in Phase:
            batch.phase = phase
            drawn = draw(TRIVERSE_PT_batch)
            assert [text for text in drawn.texts() if text in said.values()] == ([said[phase]] if phase in said else [])
            assert ("triverse.batch_stop" in drawn.operators()) == (phase is Phase.RUNNING)
    finally:
        batch.phase = Phase.CHECKED


def test_rows_are_found_by_their_names(here: Any, tick_until: Tick, rows_file: Callable[..., Path]) -> None:
    from triverse_addon.ui.batch.ui_list import TRIVERSE_UL_batch

    checked(tick_until, rows_file(ROWS))
    manager = bpy.context.window_manager.triverse

    def found(text: str) -> tuple[list[int], list[int]]:
        stand = SimpleNamespace(filter_name=text, bitflag_filter_item=1 << 30)
        return TRIVERSE_UL_batch.filter_items(stand, bpy.context, manager, "batch_rows")

    assert found("") == found("  ") == ([], []), "all, in their order"
    (flags, order) = found("LAM ")
    assert ([row.name for row, flag in zip(manager.batch_rows, flags, strict=True) if flag], order) == (["Lamp"], [])


def test_files_outside_are_listed_before_they_are_allowed(
    here: Any, tick_until: Tick, rows_file: Callable[..., Path], tmp_path: Path
) -> None:
    elsewhere = glbs.picture(tmp_path / "elsewhere.png", 8, 8)
    OPS.batch_choose(filepath=str(rows_file("image\n../elsewhere.png\n")))
    tick_until(lambda: session().batch.phase == "checked")
    pressed = press(OPS.batch_allow_outside)
    assert pressed.opened == "invoke_props_dialog"
    assert pressed.given["title"] == "Open These Files, and Send Them with the Batch?"
    assert str(elsewhere) in pressed.prose.replace(" ", "")
    assert not session().batch.request.allowed


# -----------------------------------------------------------------------------
# The form


def test_a_prompt_is_improved_and_a_picture_made_after_a_dialog_with_the_price(here: Any) -> None:
    bpy.context.scene.triverse.shared.prompt = "A red chair"
    pressed = press(OPS.improve_prompt)
    assert (pressed.opened, pressed.given["title"]) == ("invoke_props_dialog", "Improve Prompt")
    assert pressed.given["confirm_text"] == "Order"
    assert "A red chair" in pressed.prose
    pressed = press(OPS.picture_from_words)
    assert (pressed.opened, pressed.given["title"]) == ("invoke_props_dialog", "Picture from Words")
    assert pressed.properties["prompt"] == "A red chair"
    words = "A chair that needs a great many words to be described at all, " * 4
    pressed = press(OPS.picture_from_words, prompt=words)
    assert pressed.properties["prompt"] == words
    assert (words.strip() in pressed.prose) == (bpy.app.version < (5, 2)), "a longer field shows it where there is one"
    assert not here.engine.tasks()


def test_earlier_prompts_are_shown_anew_while_words_are_typed(here: Any) -> None:
    add_records(record("a", Stage.IMPORTED, params={"prompt": "A red chair"}))

    def search(operator: Any, context: Any) -> None:
        operator.search = "lamp"
        assert operator.check(context) is True

    assert "A red chair" in press(OPS.prompt_history).texts
    assert "A red chair" not in press(OPS.prompt_history, meanwhile=search).texts


def test_another_value_begins_with_the_present_one(ui: ModuleType) -> None:
    props = bpy.context.scene.triverse
    props.flow = "convert-model-format"
    OPS.other_value(field="output_format", text="ply")
    pressed = press(OPS.other_value, field="output_format")
    assert (pressed.opened, pressed.properties["text"]) == ("invoke_props_dialog", "ply")
    props.flow = "text-to-model"
    OPS.other_value(field="polygon_limit", number=12_345)
    pressed = press(OPS.other_value, field="polygon_limit")
    assert (pressed.opened, pressed.properties["number"]) == ("invoke_props_dialog", 12_345)
    assert any(text.startswith("From ") for text in pressed.texts), "its limits"


def test_a_picture_is_chosen_among_pictures(ui: ModuleType, tmp_path: Path) -> None:
    path = str(tmp_path / "chair.png")
    props = bpy.context.scene.triverse
    props.flow = "image-to-model"
    pressed = press(OPS.choose_file, field="image_file")
    assert (pressed.opened, pressed.properties["display_type"]) == ("fileselect_add", "THUMBNAIL")
    assert "*.png" in pressed.properties["filter_glob"]
    assert "All Files" in pressed.texts
    assert OPS.choose_file(field="image_file", filepath=path) == {"FINISHED"}
    assert props.shared.image_file == path
    assert press(OPS.choose_file, field="image_file").properties["filepath"] == path
    # The file browser is a window of its own: the user may choose another flow before a file.
    props.flow, other = "text-to-model", str(tmp_path / "table.png")
    assert OPS.choose_file(field="image_file", filepath=other) == {"FINISHED"}
    assert (props.flow, props.shared.image_file) == ("text-to-model", other)


def test_the_add_menu_asks_for_what_its_flow_needs(here: Any) -> None:
    pressed = press(OPS.add_from_image)
    assert (pressed.opened, pressed.given["confirm_text"]) == ("invoke_props_dialog", "Generate")
    assert bpy.context.scene.triverse.flow == "image-to-model"
    obj = glbs.sphere("ball")
    obj.select_set(True)
    pressed = press(OPS.texture_selected)
    assert pressed.opened == "invoke_props_dialog"
    assert any("ball" in text for text in pressed.texts), pressed.texts


@pytest.mark.parametrize("name", ["add_from_text", "add_from_image", "texture_selected", "texture_selected_from_image"])
def test_a_dialog_of_the_add_menu_that_is_cancelled_puts_the_panel_back(here: Any, name: str) -> None:
    glbs.sphere("ball").select_set(True)
    props = bpy.context.scene.triverse
    props.flow, props.use_selection = "image-to-mesh", False
    operator = getattr(OPS, name)
    press(operator, meanwhile=lambda dialog, context: dialog.cancel(context))
    assert (props.flow, props.use_selection) == ("image-to-mesh", False)
    press(operator)
    assert props.flow == getattr(bpy.types, operator.idname()).flow_name


def test_the_pie_menu_is_the_one_that_is_registered(ui: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    from triverse_addon.ui.generate import pie_menu

    asked: list[Any] = []
    wm = SimpleNamespace(call_menu_pie=lambda how, **given: asked.append((how, given)))
    monkeypatch.setattr(pie_menu, "bpy", SimpleNamespace(ops=SimpleNamespace(wm=wm)))
    assert pie_menu.TRIVERSE_OT_pie.execute(SimpleNamespace(), bpy.context) == {"FINISHED"}
    assert asked == [("INVOKE_DEFAULT", {"name": bpy.types.TRIVERSE_MT_pie.bl_idname})]


# -----------------------------------------------------------------------------
# Where there is little room, or something is wrong


def test_in_a_narrow_sidebar_labels_stand_above_or_inside(ui: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    from triverse_addon.api.flows import FLOWS
    from triverse_addon.ui.form import placement
    from triverse_addon.ui.generate import value_menus, welcome

    narrow, wide = Recorder(), Recorder()
    placement.draw(narrow, bpy.context, is_narrow=True)
    placement.draw(wide, bpy.context, is_narrow=False)
    labels = [[one.text for one in layout.drawn if one.function == "label"] for layout in (narrow, wide)]
    assert ["Place at" in some for some in labels] == [True, False]

    flow = FLOWS["text-to-model"]
    layout = Recorder()
    value_menus.draw(layout, bpy.context.scene.triverse, flow, flow.field("polygon_limit"), is_narrow=True)
    (menu,) = layout.drawn
    assert (menu.function, menu.text.partition(": ")[0]) == ("menu", "Polygon Limit")

    bpy.context.preferences.addons[ADDON].preferences.api_key = "key"
    bpy.context.preferences.system.use_online_access = False
    assert "Allow Online Access" in make_panel().texts()
    monkeypatch.setattr(welcome, "has_room", lambda *_: False)
    assert "Allow" in make_panel().texts()


def test_why_nothing_could_be_started_is_said_with_a_button(ui: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    from triverse_addon.ui.state import runtime

    assert "triverse.start" not in make_panel().operators()
    monkeypatch.setattr(runtime, "problem", lambda: Sentence.of("The list cannot be read."))
    drawn = make_panel()
    assert "The list cannot be read." in drawn.prose()
    assert "triverse.start" in drawn.operators()


def test_the_preferences_are_drawn_anew_and_say_what_the_environment_sets(
    ui: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    from triverse_addon.ui.timers import redraw

    tagged: list[str] = []
    areas = [SimpleNamespace(type=name, regions=[], tag_redraw=lambda name=name: tagged.append(name)) for name in AREAS]
    windows = [SimpleNamespace(screen=SimpleNamespace(areas=areas))]
    manager = SimpleNamespace(windows=windows)
    monkeypatch.setattr(redraw, "bpy", SimpleNamespace(context=SimpleNamespace(window_manager=manager)))
    redraw.redraw()
    assert tagged == ["PREFERENCES"]

    monkeypatch.setenv("TRIVERSE_API_URL", "https://studio.example")
    layout = Recorder()
    preferences = bpy.context.preferences.addons[ADDON].preferences
    context = SimpleNamespace(region=SimpleNamespace(width=900), preferences=bpy.context.preferences)
    type(preferences).draw(Stand(preferences, layout), context)
    assert "TRIVERSE_API_URL" in " ".join(layout.texts())
    assert "api_url" not in layout.properties()


def test_another_language_of_the_interface_is_followed(ui: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    from triverse_addon.ui import translations
    from triverse_addon.ui.timers import app_timer, redraw

    redrawn: list[int] = []
    monkeypatch.setattr(redraw, "redraw", lambda: redrawn.append(1))
    # The module speaks English only; what is registered, it takes all the same.
    own = bpy.app.translations
    held: dict[str, Any] = {}

    def register(name: str, texts: dict[str, Any]) -> None:
        own.register(name, texts)
        held[name] = texts

    def unregister(name: str) -> None:
        own.unregister(name)
        del held[name]

    for locale, is_known in (("de_DE", True), ("fr_FR", False)):
        there = SimpleNamespace(locale=locale, register=register, unregister=unregister, contexts=own.contexts)
        monkeypatch.setattr(translations, "bpy", SimpleNamespace(app=SimpleNamespace(translations=there)))
        count = len(redrawn)
        app_timer.tick()
        assert len(redrawn) > count, "every text is drawn anew"
        assert [[*texts] for texts in held.values()] == [[locale]] * is_known
        assert all(len(texts[locale]) > 100 for texts in held.values())
        assert not translations.follow(), "once"
