# SPDX-License-Identifier: GPL-3.0-or-later
"""Presets of settings, and the settings used last: what each holds, where it is kept, and whom it reaches."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import bpy
import pytest

from tests.blender.drawing import make_panel
from tests.blender.recorder import Recorder
from tests.service.server import StandIn
from triverse_addon.api.flows import FLOWS

PANEL_FLOWS = [name for name, flow in FLOWS.items() if flow.yields_model]


def given() -> Any:
    return bpy.context.scene.triverse


def settings(flow: str) -> dict[str, Any]:
    """The settings of a flow as the panel holds them."""
    from triverse_addon.ui.form import inputs, last_used

    group = getattr(given(), inputs.attribute(flow))
    return {field.name: getattr(group, field.name) for field in last_used.settings_of(FLOWS[flow])}


def menu() -> Recorder:
    """What the preset menu draws now."""
    from bl_ui.utils import PresetPanel

    from triverse_addon.ui.generate import presets

    panel = presets.TRIVERSE_PT_presets
    members = {name: getattr(panel, name) for name in ("bl_idname", "preset_operator", "preset_add_operator")}
    stand = type("Stand", (presets._OfFlow, PresetPanel), members)()
    stand.layout = Recorder()
    panel.draw(stand, bpy.context)
    return stand.layout


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the user's presets, of this test alone."""
    folder = tmp_path / "scripts"
    folder.mkdir()
    monkeypatch.setenv("BLENDER_USER_SCRIPTS", str(folder))
    return folder


# -----------------------------------------------------------------------------
# Starters


@pytest.mark.parametrize("name", PANEL_FLOWS)
def test_a_starter_sets_what_the_flow_has_and_nothing_else(ui: ModuleType, name: str) -> None:
    from triverse_addon.ui.generate import presets

    given().flow = name
    given().shared.prompt = "A red chair"
    if hasattr(given().text_to_model, "negative_prompt"):
        given().text_to_model.negative_prompt = "no wheels"
    before = {flow: settings(flow) for flow in PANEL_FLOWS}
    assert presets.has_starters(FLOWS[name]) == (name != "convert-model-format")
    bpy.ops.triverse.starter_preset(starter="HERO")
    bpy.ops.triverse.starter_preset(starter="DRAFT")
    wanted = {"turbo": True, "polygon_limit": 50_000, "texture_size": "1024"}
    now = settings(name)
    for field, value in now.items():
        assert value == wanted.get(field, before[name][field]), field
    for other in set(PANEL_FLOWS) - {name}:
        assert settings(other) == before[other]
    assert given().shared.prompt == "A red chair"
    assert given().text_to_model.negative_prompt == "no wheels"
    bpy.ops.triverse.starter_preset(starter="HERO")
    now = settings(name)
    assert now.get("polygon_limit", 1_000_000) == 1_000_000
    assert now.get("texture_size", "4096") == "4096"
    assert not now.get("turbo")


def test_every_starter_is_within_the_limits_of_every_flow(ui: ModuleType) -> None:
    from triverse_addon.api.flows import check
    from triverse_addon.ui.generate import presets

    for starter in presets.STARTERS.values():
        for name in PANEL_FLOWS:
            has = {field.name for field in FLOWS[name].params}
            assert has.isdisjoint(starter) or check(
                name, {key: value for key, value in starter.items() if key in has}, partial=True
            )


# -----------------------------------------------------------------------------
# The user's own


def test_a_preset_is_kept_used_and_removed(ui: ModuleType, scripts: Path) -> None:
    given().flow = "image-to-model"
    given().image_to_model.polygon_limit = 77_000
    given().image_to_model.texture_size = "2048"
    given().image_to_model.turbo = True
    assert bpy.ops.triverse.add_preset(name="My Props") == {"FINISHED"}
    (file,) = scripts.rglob("*.py")
    assert file.relative_to(scripts).as_posix() == "presets/triverse/image-to-model/My_Props.py"

    drawn = menu()
    assert "My Props" in drawn.texts()
    given().image_to_model.property_unset("polygon_limit")
    given().image_to_model.texture_size = "4096"
    given().text_to_model.polygon_limit = 5_000
    given().shared.prompt = "A red chair"
    assert bpy.ops.triverse.use_preset(filepath=str(file)) == {"FINISHED"}
    assert settings("image-to-model") == {
        "model_version": "v2",
        "polygon_limit": 77_000,
        "texture_size": "2048",
        "turbo": True,
    }
    assert given().text_to_model.polygon_limit == 5_000
    assert given().shared.prompt == "A red chair"

    given().flow = "text-to-model"
    assert "My Props" not in menu().texts(), "it belongs to another flow"
    given().flow = "image-to-model"
    assert bpy.ops.triverse.add_preset(name="My Props", remove_name=True) == {"FINISHED"}
    assert not file.exists()
    assert "My Props" not in menu().texts()


@pytest.mark.parametrize("value", ["{[]: 1}", "[] + [1]", "open", "("])
def test_a_preset_that_holds_no_constant_is_refused_in_words(ui: ModuleType, tmp_path: Path, value: str) -> None:
    before = settings("text-to-model")
    path = tmp_path / "odd.py"
    path.write_text(f"import bpy\nbpy.context.scene.triverse.text_to_model.polygon_limit = {value}\n")
    assert bpy.ops.triverse.use_preset(filepath=str(path)) == {"CANCELLED"}
    assert settings("text-to-model") == before


def test_a_preset_holds_no_words_and_no_files(ui: ModuleType, scripts: Path) -> None:
    given().shared.prompt = "A secret thing"
    given().text_to_model.negative_prompt = "a secret wish"
    given().shared.image_file = "/secret/picture.png"
    bpy.ops.triverse.add_preset(name="Plain")
    (file,) = scripts.rglob("*.py")
    assert "secret" not in file.read_text()
    assert "bpy.context.scene.triverse.text_to_model.polygon_limit = 1000000" in file.read_text()


def test_the_menu_is_in_the_panel_and_offers_starters_and_a_place_to_add(ui: ModuleType, scripts: Path) -> None:
    assert any(one.given.get("panel") == "TRIVERSE_PT_presets" for one in make_panel().drawn)
    for flow, count in (("text-to-model", 1), ("convert-model-format", 0)):
        given().flow = flow
        drawn = menu()
        assert sum(one.function == "operator_enum" for one in drawn.drawn) == count
        assert drawn.operators() == ["triverse.add_preset"]
        assert "preset_name" in drawn.properties()
        assert "Missing" not in drawn.prose()
    assert list(scripts.rglob("*")) == [], "nothing of ours is written where the user keeps presets"


# -----------------------------------------------------------------------------
# Used last


def new_scene() -> Any:
    """A new scene as the window's heartbeat leaves it."""
    from triverse_addon.ui.form import last_used

    scene = bpy.data.scenes.new("New")
    last_used.seed(scene)
    return scene.triverse


def test_a_new_scene_begins_with_what_was_used_last(ui: ModuleType, connected: StandIn, tmp_path: Path) -> None:
    from triverse_addon.ui.form import last_used

    given().shared.prompt = "A red chair"
    given().text_to_model.negative_prompt = "no wheels"
    given().text_to_model.polygon_limit = 5_000
    given().text_to_model.turbo = True
    assert new_scene().text_to_model.polygon_limit == 1_000_000, "what is only typed was not used yet"
    assert bpy.ops.triverse.generate() == {"FINISHED"}
    given().flow = "text-to-mesh"
    given().text_to_mesh.polygon_limit = 9_000
    assert bpy.ops.triverse.generate() == {"FINISHED"}
    file = tmp_path / "datafiles" / "triverse" / last_used.FILE_NAME
    assert "chair" not in file.read_text()
    assert "wheels" not in file.read_text()

    for _ in range(2):
        fresh = new_scene()
        assert fresh.flow == "text-to-mesh"
        assert fresh.text_to_model.polygon_limit == 5_000
        assert fresh.text_to_model.turbo
        assert fresh.text_to_mesh.polygon_limit == 9_000
        assert fresh.text_to_model.negative_prompt == ""
        assert fresh.shared.prompt == ""
        last_used.forget()  # as the next Blender begins
    assert [path.name for path in file.parent.iterdir() if path.name.startswith(".")] == []


def test_a_scene_with_settings_of_its_own_keeps_them(ui: ModuleType, connected: StandIn) -> None:
    from triverse_addon.ui.form import last_used

    given().shared.prompt = "A red chair"
    given().text_to_model.polygon_limit = 5_000
    given().text_to_model.texture_size = "4096"
    bpy.ops.triverse.generate()
    other = bpy.data.scenes.new("Other")
    other.triverse.text_to_model.polygon_limit = 20_000
    other.triverse.flow = "text-to-model"
    assert last_used.seed(other)
    assert other.triverse.text_to_model.polygon_limit == 20_000
    assert other.triverse.text_to_model.texture_size == "4096"
    other.triverse.text_to_model.property_unset("texture_size")
    assert not last_used.seed(other)
    assert other.triverse.text_to_model.texture_size == "1024", "once: what the user resets stays so"


def test_a_scene_takes_the_same_over_again_when_undo_took_it_away(ui: ModuleType, connected: StandIn) -> None:
    """To the first step of a new file, undo brought what was ordered last instead, as if nothing had been undone."""
    from triverse_addon.ui.form import last_used

    given().shared.prompt = "A red chair"
    given().text_to_model.polygon_limit = 5_000
    assert bpy.ops.triverse.generate() == {"FINISHED"}
    scene = bpy.data.scenes.new("Undone")
    last_used.seed(scene)
    bpy.context.window_manager.windows[0].scene = scene
    scene.triverse.shared.prompt = "A blue chair"
    scene.triverse.text_to_model.polygon_limit = 9_000
    assert bpy.ops.triverse.generate() == {"FINISHED"}
    scene.property_unset("triverse")
    assert not scene.triverse.is_seeded
    assert last_used.seed(scene)
    assert scene.triverse.text_to_model.polygon_limit == 5_000
    assert new_scene().text_to_model.polygon_limit == 9_000


def test_a_refused_input_is_not_remembered(ui: ModuleType, connected: StandIn) -> None:
    given().shared.prompt = "ab"
    given().text_to_model.polygon_limit = 5_000
    assert bpy.ops.triverse.generate() == {"CANCELLED"}
    assert new_scene().text_to_model.polygon_limit == 1_000_000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"flow": 3, "settings": {}}',
        '{"flow": "gone", "settings": {"gone": {"a": 1}, "text-to-model": 7}}',
        json.dumps({"flow": "text-to-model", "settings": {"text-to-model": {"texture_size": "77", "turbo": "maybe"}}}),
        json.dumps({"flow": "text-to-model", "settings": {"text-to-model": {"polygon_limit": 10**30}}}),
        json.dumps({"flow": "text-to-model", "settings": {"text-to-model": {"polygon_limit": [1], "x": 1}}}),
        "\0" * 100_000,
    ],
)
def test_a_file_that_makes_no_sense_does_no_harm(ui: ModuleType, tmp_path: Path, text: str) -> None:
    from triverse_addon.ui import settings
    from triverse_addon.ui.form import last_used

    Path(settings.data_dir(create=True), last_used.FILE_NAME).write_text(text)
    fresh = new_scene()
    assert fresh.flow == "text-to-model"
    assert fresh.text_to_model.polygon_limit == 1_000_000
    assert fresh.text_to_model.texture_size == "1024"


def test_a_folder_that_takes_nothing_does_not_keep_a_task_from_being_made(
    ui: ModuleType, connected: StandIn, tmp_path: Path
) -> None:
    from triverse_addon.ui import settings
    from triverse_addon.ui.form import last_used

    Path(settings.data_dir(create=True), last_used.FILE_NAME).mkdir()
    given().shared.prompt = "A red chair"
    given().text_to_model.polygon_limit = 5_000
    assert bpy.ops.triverse.generate() == {"FINISHED"}
    assert new_scene().text_to_model.polygon_limit == 5_000, "this Blender knows it all the same"
