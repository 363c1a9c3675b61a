# SPDX-License-Identifier: GPL-3.0-or-later
"""The upper half of the panel: first run, refused input, prices."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import bpy
import pytest

from tests.blender.conftest import ADDON
from tests.blender.drawing import Tick, as_button, make_panel, poll_message, session
from tests.blender.recorder import Recorder
from tests.service.server import StandIn
from triverse_addon.api.sentence import Sentence

# -----------------------------------------------------------------------------
# First run


def test_without_a_key_the_panel_asks_for_it_and_generate_says_why_not(ui: ModuleType) -> None:
    drawn = make_panel()
    assert "Enter your Triverse API key to begin." in drawn.prose()
    assert "api_key" in drawn.properties()
    assert "No API key is set." in poll_message(bpy.ops.triverse.generate)
    bpy.context.preferences.addons[ADDON].preferences.api_key = "key"
    drawn = make_panel()
    assert "api_key" not in drawn.properties()
    assert bpy.ops.triverse.generate.poll()


def test_a_key_in_the_environment_is_used_and_not_shown(ui: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIVERSE_API_KEY", "secret-of-the-environment")
    preferences = bpy.context.preferences.addons[ADDON].preferences
    assert "api_key" not in make_panel().properties()
    layout = Recorder()
    context = SimpleNamespace(region=SimpleNamespace(width=900), preferences=bpy.context.preferences)
    type(preferences).draw(Stand(preferences, layout), context)
    assert "from TRIVERSE_API_KEY" in layout.texts()
    assert "api_key" not in layout.properties()
    assert not any("secret" in text for text in layout.texts())


class Stand:
    """An add-on's preferences with another layout."""

    def __init__(self, preferences: Any, layout: Recorder) -> None:
        self._preferences = preferences
        self.layout = layout

    def __getattr__(self, name: str) -> Any:
        return getattr(self._preferences, name)

    @property
    def bl_rna(self) -> Any:
        return self._preferences.bl_rna


def test_with_online_access_off_the_panel_says_so_and_offers_the_way(ui: ModuleType) -> None:
    preferences = bpy.context.preferences
    preferences.addons[ADDON].preferences.api_key = "key"
    assert "triverse.go_online" not in make_panel().operators()
    preferences.system.use_online_access = False
    drawn = make_panel()
    assert "online access is switched off" in drawn.prose()
    assert "triverse.go_online" in drawn.operators()
    for operator in (bpy.ops.triverse.generate, bpy.ops.triverse.test_key, bpy.ops.triverse.find_tasks):
        assert "Online access is switched off." in poll_message(operator)
    bpy.ops.triverse.go_online()
    assert preferences.system.use_online_access
    assert "triverse.go_online" not in make_panel().operators()


def test_started_in_offline_mode_the_panel_says_so_and_offers_no_button(
    ui: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blender's own preference is read-only then."""
    from triverse_addon.ui import settings

    bpy.context.preferences.addons[ADDON].preferences.api_key = "key"
    bpy.context.preferences.system.use_online_access = False
    monkeypatch.setattr(settings, "is_forced_offline", lambda: True)
    drawn = make_panel()
    assert "Start it again without --offline-mode." in drawn.prose()
    assert "online access is switched off" not in drawn.prose()
    assert "triverse.go_online" not in drawn.operators()


def test_a_service_on_this_machine_needs_no_online_access(ui: ModuleType, connected: StandIn) -> None:
    bpy.context.preferences.system.use_online_access = False
    assert "triverse.go_online" not in make_panel().operators()
    assert bpy.ops.triverse.generate.poll()


def test_the_key_test_answers_without_being_waited_for(ui: ModuleType, connected: StandIn, tick_until: Tick) -> None:
    from triverse_addon.ui.state import runtime as module

    bpy.ops.triverse.test_key()
    assert module.key_answer() == (None, Sentence.of("Asking the service…"))
    tick_until(lambda: module.key_answer()[0] is not None)
    ok, sentence = module.key_answer()
    assert ok, str(sentence)
    bpy.context.preferences.addons[ADDON].preferences.api_key = "another key"
    assert module.key_answer() is None, "an answer for another key is none"
    bpy.ops.triverse.test_key()
    tick_until(lambda: module.key_answer()[0] is not None)
    assert module.key_answer()[0] is False


# -----------------------------------------------------------------------------
# Input


def png(path: Path, size_bytes: int = 100) -> str:
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    os.truncate(path, size_bytes)
    return str(path)


def plain(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)


BAD_PICTURES: dict[str, tuple[Callable[[Path], str], str]] = {
    "none": (lambda folder: "", "Picture is missing."),
    "not there": (lambda folder: str(folder / "no.png"), "There is no file"),
    "a folder": (lambda folder: str(folder), "There is no file"),
    "empty": (lambda folder: plain(folder / "empty.png", b""), "is empty"),
    "a GIF under another name": (lambda folder: plain(folder / "a.png", b"GIF89a" + bytes(50)), "is not a JPEG, PNG"),
    "a HEIC": (lambda folder: plain(folder / "a.heic", b"\0\0\0\x18ftypheic" + bytes(50)), "is not a JPEG, PNG"),
}


@pytest.mark.parametrize("case", BAD_PICTURES)
def test_a_bad_picture_is_told_at_its_field_and_nothing_is_sent(
    ui: ModuleType, connected: StandIn, tmp_path: Path, case: str
) -> None:
    make, expected = BAD_PICTURES[case]
    given = bpy.context.scene.triverse
    given.flow = "image-to-model"
    given.shared.image_file = make(tmp_path)
    assert bpy.ops.triverse.generate() == {"CANCELLED"}
    assert expected in make_panel().prose()
    shown = [one.text for one in make_panel().drawn]
    at = next(index for index, one in enumerate(make_panel().drawn) if one.given.get("property") == "image_file")
    assert any(word in " ".join(shown[at : at + 6]) for word in expected.split()[:2])
    assert len(session().engine.tasks()) == 0
    assert connected.state.creations == []
    given.shared.image_file = png(tmp_path / "good.png")
    assert expected not in make_panel().prose(), "another value: the reproach is gone"


@pytest.mark.parametrize(("prompt", "expected"), [("", "Prompt is missing."), ("ab", "at least 3 characters")])
def test_a_bad_prompt_is_told_at_its_field_and_nothing_is_sent(
    ui: ModuleType, connected: StandIn, prompt: str, expected: str
) -> None:
    bpy.context.scene.triverse.shared.prompt = prompt
    assert bpy.ops.triverse.generate() == {"CANCELLED"}
    drawn = make_panel()
    assert expected in drawn.prose()
    assert next(one for one in drawn.drawn if one.given.get("property") == "prompt").alert
    buttons = [one for one in drawn.drawn if "prompt" in str(one.given.get("operator"))]
    assert [one.alert for one in buttons] == [False] * 3, "the buttons beside it are in order"
    assert len(session().engine.tasks()) == 0
    assert connected.state.creations == []


def test_a_bad_option_is_told_although_the_options_are_folded(ui: ModuleType, connected: StandIn) -> None:
    given = bpy.context.scene.triverse
    given.flow = "convert-model-format"
    given.use_selection = False
    given.shared.model_file = __file__
    bpy.ops.triverse.generate()
    assert "glTF Binary" in make_panel(open_panels=False).prose()


def test_generate_writes_down_what_was_asked_for(ui: ModuleType, connected: StandIn, tick_until: Tick) -> None:
    given = bpy.context.scene.triverse
    given.shared.prompt = "A red chair"
    given.text_to_model.turbo = True
    given.text_to_model.texture_size = "2048"
    bpy.context.scene.cursor.location = (1.0, 2.0, 3.0)
    assert bpy.ops.triverse.generate() == {"FINISHED"}
    (made,) = session().engine.tasks()
    assert made.params == {"prompt": "A red chair", "polygon_limit": 1_000_000, "texture_size": 2048, "turbo": True}
    assert made.placement.location == (1.0, 2.0, 3.0)
    assert made.origin.scene_id == given.scene_id
    assert made.origin.scene_name == bpy.context.scene.name
    assert session().chosen_id == made.id
    tick_until(lambda: len(connected.state.creations) == 1)
    bpy.context.preferences.addons[ADDON].preferences.placement = "ORIGIN"
    given.shared.prompt = "A blue chair"
    bpy.ops.triverse.generate()
    assert session().engine.tasks()[0].placement.location == (0.0, 0.0, 0.0)


# -----------------------------------------------------------------------------
# Price


def button_text() -> str:
    return next(one.text for one in make_panel().drawn if one.given.get("operator") == "triverse.generate")


def test_the_button_shows_the_price_and_the_panel_the_balance(
    ui: ModuleType, connected: StandIn, tick_until: Tick
) -> None:
    from triverse_addon.ui.state import runtime as module

    module.get_or_start()
    bpy.context.scene.triverse.shared.prompt = "A red chair"
    assert button_text() == "Generate"
    tick_until(lambda: "·" in button_text())
    dear = button_text()
    bpy.context.scene.triverse.text_to_model.turbo = True
    tick_until(lambda: "·" in button_text() and button_text() != dear)
    tick_until(lambda: any("credits" in text for text in make_panel().texts()))


def test_too_few_credits_grey_the_button_and_say_so(ui: ModuleType, connected: StandIn, tick_until: Tick) -> None:
    from triverse_addon.ui.state import runtime as module

    module.get_or_start()
    connected.state.user.balance = 1
    bpy.context.scene.triverse.shared.prompt = "A red chair"
    with as_button():
        tick_until(lambda: not (make_panel() and bpy.ops.triverse.generate.poll()))
        assert "and you have 1." in poll_message(bpy.ops.triverse.generate)
    assert bpy.ops.triverse.generate() == {"CANCELLED"}
