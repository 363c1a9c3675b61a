# SPDX-License-Identifier: GPL-3.0-or-later
"""
The buttons that put a picture into the panel, as they are pressed: what they open, and where the picture comes from.

One: ``python scripts/test.py tests/blender/test_ui_picture_buttons.py``.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import bpy
import pytest

from tests.blender import glbs, recorder
from tests.blender.pressed import press
from tests.blender.test_sources import rendered

__all__ = ["rendered"]  # a fixture

OPS: Any = bpy.ops.triverse


def in_panel() -> str:
    return str(bpy.context.scene.triverse.shared.image_file)


def test_the_image_in_the_image_editor_is_offered_or_else_the_first(ui: ModuleType, tmp_path: Path) -> None:
    paths = [glbs.picture(tmp_path / name, 8, 8) for name in ("chair.png", "table.png")]
    for image in list(bpy.data.images):
        bpy.data.images.remove(image)
    _, table = (bpy.data.images.load(str(path)) for path in paths)
    pressed = press(OPS.use_image)
    assert (pressed.opened, pressed.given["title"]) == ("invoke_props_dialog", "Use Image")
    assert pressed.given["confirm_text"] == "Use Image"
    assert pressed.properties["image_name"] == "chair.png"
    area = bpy.context.window_manager.windows[0].screen.areas[0]
    before = area.type
    try:
        area.type = "IMAGE_EDITOR"
        area.spaces.active.image = table
        assert press(OPS.use_image).properties["image_name"] == "table.png"
    finally:
        area.type = before
    assert press(OPS.use_image, image_name="chair.png").properties["image_name"] == "chair.png"
    assert in_panel() == "", "nobody has chosen yet"
    assert OPS.use_image(image_name="table.png") == {"FINISHED"}
    assert Path(in_panel()) == paths[1]


def test_the_last_render_becomes_the_picture(ui: ModuleType, rendered: bpy.types.Scene) -> None:
    assert OPS.use_render() == {"FINISHED"}
    assert Path(in_panel()).is_file()


def test_a_copied_path_or_address_becomes_the_picture(ui: ModuleType, tmp_path: Path) -> None:
    picture = glbs.picture(tmp_path / "a chair.png", 8, 8)
    for copied, used in (
        (str(picture), str(picture)),
        (f'"{picture}"\n', str(picture)),
        (picture.as_uri(), str(picture)),
        ("https://studio.example/chair.png", "https://studio.example/chair.png"),
    ):
        bpy.context.scene.triverse.shared.image_file = ""
        assert press(OPS.paste_picture, clipboard=copied).result == {"FINISHED"}
        assert in_panel() == used


def test_what_the_viewport_shows_becomes_the_picture(
    ui: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To draw it needs a window. So it is told what is to be drawn."""
    from triverse_addon.scene.capture import viewport
    from triverse_addon.ui import settings

    made: list[Any] = []
    picture = glbs.picture(tmp_path / "viewport.png", 8, 8)
    monkeypatch.setattr(viewport, "capture_viewport", lambda *given: made.append(given) or picture)
    assert OPS.capture_viewport() == {"FINISHED"}
    ((area, *others),) = made
    assert area.type == "VIEW_3D"
    assert others == [bpy.context.scene, bpy.context.view_layer, settings.sources_dir(create=False)]
    assert Path(in_panel()) == picture


def test_a_rectangle_is_left_by_esc_or_by_the_right_button(ui: ModuleType) -> None:
    from triverse_addon.ui.generate.capture_operators import TRIVERSE_OT_capture_rectangle as operator

    for kind in ("ESC", "RIGHTMOUSE"):
        ended: list[Any] = []
        stand = SimpleNamespace(_end=ended.append, _from=None)
        assert operator.modal(stand, bpy.context, SimpleNamespace(type=kind, value="PRESS")) == {"CANCELLED"}
        assert ended == [bpy.context]
    assert in_panel() == ""


def test_where_blender_has_no_large_field_long_words_are_shown_below_it(
    here: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in Blender before 5.2."""
    functions = {name: function for name, function in recorder.FUNCTIONS.items() if name != "textbox"}
    monkeypatch.setattr(recorder, "FUNCTIONS", functions)
    words = "A chair that needs a great many words to be described at all, " * 4
    assert words.strip() in press(OPS.picture_from_words, prompt=words).prose
    assert "A red chair" not in press(OPS.picture_from_words, prompt="A red chair").prose


def test_very_long_words_leave_room_for_price_and_buttons(here: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    functions = {name: function for name, function in recorder.FUNCTIONS.items() if name != "textbox"}
    monkeypatch.setattr(recorder, "FUNCTIONS", functions)
    words = "A chair that needs a great many words to be described at all. " * 60
    bpy.context.scene.triverse.shared.prompt = words
    for pressed in (press(OPS.improve_prompt), press(OPS.picture_from_words, prompt=words), press(OPS.edit_prompt)):
        shown = [text for text in pressed.texts if "words" in text or "described" in text]
        assert 10 <= len(shown) <= 20, "of more than 40 lines"
        assert "…" in pressed.texts


@pytest.mark.parametrize(
    "name",
    [
        "choose_file",
        "edit_prompt",
        "use_image",
        "use_render",
        "paste_picture",
        "capture_viewport",
        "capture_selection",
        "capture_rectangle",
    ],
)
def test_what_fills_the_form_is_an_undo_step_that_is_not_made_again_by_adjusting_it(ui: ModuleType, name: str) -> None:
    """Without one, Ctrl Z took the picture away along with what was done before it, and Redo did not bring it back."""
    options = getattr(bpy.types, f"TRIVERSE_OT_{name}").bl_options
    assert "UNDO" in options
    assert "REGISTER" not in options, "to adjust it would write another picture"
