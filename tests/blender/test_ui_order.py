# SPDX-License-Identifier: GPL-3.0-or-later
"""What will be ordered is said and chosen: the line of folded options, menus of values, the example, old prompts."""

from __future__ import annotations

import json
from types import ModuleType, SimpleNamespace
from typing import Any

import bpy
import pytest

from tests.blender.drawing import add_records, make_panel, record, session
from tests.blender.recorder import Recorder, draw
from tests.blender.test_ui_presets import new_scene
from tests.blender.test_ui_sources import given
from tests.service.server import StandIn
from triverse_addon.tasks.record.record import Stage

EXAMPLE = "A small wooden treasure chest with iron bands"


# -----------------------------------------------------------------------------
# In one line


def summary() -> str:
    return make_panel(open_panels=False).prose()


def test_folded_options_say_what_is_ordered(ui: ModuleType) -> None:
    assert "1,000,000 triangles · 1024 px" in summary()
    assert "turbo" not in summary()
    bpy.ops.triverse.starter_preset(starter="DRAFT")
    assert "Draft · 50,000 triangles · 1024 px · turbo" in summary()
    given().text_to_model.texture_size = "4096"
    assert "Draft" not in summary()
    assert "50,000 triangles · 4096 px · turbo" in summary()
    given().text_to_model.negative_prompt = "wheels"
    assert "without wheels" in summary()
    assert "triangles ·" not in make_panel().prose(), "open, the options say it themselves"
    given().flow = "image-to-model"
    assert "v2" not in summary(), "what the service has anyway"
    given().image_to_model.model_version = "v3"
    assert "v3" in summary()
    given().flow = "convert-model-format"
    given().convert_model_format.output_format = "fbx"
    assert "fbx" in summary()


def test_each_starter_is_told_by_its_name(ui: ModuleType) -> None:
    from triverse_addon.ui.form.inputs import PANEL_FLOWS
    from triverse_addon.ui.generate import presets

    for name, flow in PANEL_FLOWS.items():
        given().flow = name
        for starter in presets.STARTERS:
            bpy.ops.triverse.starter_preset(starter=starter)
            expected = starter if sum(field.name in presets.STARTERS["DRAFT"] for field in flow.params) > 1 else ""
            assert presets.chosen_starter(given(), flow) == expected, name


# -----------------------------------------------------------------------------
# Known values


def entries(name: str) -> list[tuple[str, str]]:
    """Text and value of each entry of a menu."""
    drawn = draw(getattr(bpy.types, f"TRIVERSE_MT_value_{name}")).drawn
    return [(one.text, one.properties.value) for one in drawn if one.given.get("operator") == "triverse.set_value"]


def menus() -> list[str]:
    return [one.given["menu"] for one in make_panel().drawn if one.function == "menu"]


def test_numbers_have_separators_and_others_are_possible(ui: ModuleType) -> None:
    assert "TRIVERSE_MT_value_polygon_limit" in menus()
    assert "1,000,000" in " ".join(make_panel().texts())
    assert ("50,000", "50000") in entries("polygon_limit")
    drawn = draw(bpy.types.TRIVERSE_MT_value_polygon_limit)
    assert drawn.operators()[-1] == "triverse.other_value"
    assert bpy.ops.triverse.set_value(field="polygon_limit", value="300000") == {"FINISHED"}
    assert given().text_to_model.polygon_limit == 300_000
    for number, expected in ((77_000, 77_000), (5, 1_000), (10**8, 1_500_000)):
        assert bpy.ops.triverse.other_value(field="polygon_limit", number=number) == {"FINISHED"}
        assert given().text_to_model.polygon_limit == expected
    assert "77000" not in [value for _, value in entries("polygon_limit")]
    checked = [
        one.text
        for one in draw(bpy.types.TRIVERSE_MT_value_polygon_limit).drawn
        if one.given.get("icon") == "CHECKMARK"
    ]
    assert checked == ["1,500,000"]


def test_texts_with_known_values_are_menus_too(ui: ModuleType) -> None:
    given().flow = "convert-model-format"
    assert "TRIVERSE_MT_value_output_format" in menus()
    assert [value for _, value in entries("output_format")] == ["glb", "obj", "fbx", "stl", "usdz"]
    bpy.ops.triverse.set_value(field="output_format", value="fbx")
    assert given().convert_model_format.output_format == "fbx"
    bpy.ops.triverse.other_value(field="output_format", text="ply")
    assert given().convert_model_format.output_format == "ply"
    given().flow = "image-to-model"
    assert entries("model_version") == [("v2", "v2")]
    bpy.ops.triverse.other_value(field="model_version", text="v3")
    assert given().image_to_model.model_version == "v3"
    assert given().texture_model.model_version == "v2", "of another flow"


def test_a_value_that_the_flow_does_not_have_changes_nothing(ui: ModuleType) -> None:
    given().flow = "convert-model-format"
    assert bpy.ops.triverse.set_value(field="polygon_limit", value="5000") == {"CANCELLED"}
    given().flow = "text-to-model"
    assert bpy.ops.triverse.set_value(field="polygon_limit", value="many") == {"CANCELLED"}
    assert given().text_to_model.polygon_limit == 1_000_000


# -----------------------------------------------------------------------------
# The example


def test_the_example_is_one_order_and_leaves_the_settings(ui: ModuleType, connected: StandIn) -> None:
    from triverse_addon.ui.form import last_used

    given().text_to_model.texture_size = "2048"
    given().flow = "image-to-model"
    assert bpy.ops.triverse.try_example() == {"FINISHED"}
    assert given().shared.prompt == EXAMPLE
    assert (given().flow, given().text_to_model.polygon_limit) == ("text-to-model", 50_000)
    assert bpy.ops.triverse.try_example() == {"FINISHED"}, "twice is once"
    assert bpy.ops.triverse.generate() == {"FINISHED"}
    (made,) = session().engine.tasks()
    assert made.params == {"prompt": EXAMPLE, "turbo": True, "polygon_limit": 50_000, "texture_size": 1024}

    settings = given().text_to_model
    assert (settings.polygon_limit, settings.texture_size, settings.turbo) == (1_000_000, "2048", False)
    assert not settings.is_property_set("polygon_limit")
    assert given().flow == "image-to-model"
    last_used.forget()
    fresh = new_scene().text_to_model
    assert (fresh.polygon_limit, fresh.texture_size, fresh.turbo) == (1_000_000, "2048", False)


def test_the_settings_come_back_when_the_prompt_is_changed(ui: ModuleType) -> None:
    from triverse_addon.ui.timers import app_timer

    given().flow = "image-to-model"
    bpy.ops.triverse.try_example()
    app_timer.tick()
    assert given().text_to_model.turbo, "the example stays as long as its prompt does"
    given().shared.prompt = "A chest of my own"
    app_timer.tick()
    assert not given().text_to_model.turbo
    assert given().text_to_model.polygon_limit == 1_000_000
    assert (given().flow, given().shared.prompt) == ("text-to-model", "A chest of my own"), "where it is being written"
    given().text_to_model.turbo = True
    app_timer.tick()
    assert given().text_to_model.turbo, "once"


@pytest.mark.parametrize(
    "kept", ["{", "[]", json.dumps({"flow": "no-flow"}), json.dumps({"flow": "text-to-model", "before": 3})]
)
def test_what_a_file_holds_in_its_place_does_no_harm(ui: ModuleType, kept: str) -> None:
    from triverse_addon.ui.form import example

    given().example = kept
    assert example.end(given())
    assert not example.end(given())
    assert given().text_to_model.polygon_limit == 1_000_000


# -----------------------------------------------------------------------------
# Prompts


def declared() -> Any:
    return bpy.context.window_manager.operator_properties_last("triverse.prompt_history").bl_rna


def test_earlier_prompts_come_newest_first_and_once(here: Any) -> None:
    from triverse_addon.ui.generate import prompt_history

    assert prompt_history.prompts(here) == []
    add_records(
        record("a", Stage.IMPORTED, 1.0, params={"prompt": "A red chair"}),
        record("b", Stage.FAILED, 2.0, params={"prompt": "A lamp\nof brass"}),
        record("c", Stage.IMPORTED, 3.0, params={"prompt": "A red chair"}),
        record("d", Stage.IMPORTED, 4.0, params={"text_prompt": "Leather"}),
        record("e", Stage.IMPORTED, 0.0, params={}),
    )
    found = prompt_history.prompts(here)
    assert found == ["A red chair", "A lamp\nof brass", "Leather"]
    assert "triverse.prompt_history" in make_panel().operators()

    opened = []
    context = SimpleNamespace(window_manager=SimpleNamespace(invoke_popup=lambda one, width: opened.append(one)))
    cls = prompt_history.TRIVERSE_OT_prompt_history
    operator = SimpleNamespace(report=lambda levels, text: pytest.fail(text), search="")
    cls.invoke(operator, context, None)
    assert opened == [operator]

    def shown(search: str) -> list[str]:
        layout = Recorder()
        cls.draw(SimpleNamespace(layout=layout, search=search, bl_rna=declared()), bpy.context)
        return [one.text for one in layout.drawn if one.function == "operator"]

    assert shown("") == ["A red chair", "A lamp of brass", "Leather"]
    assert shown("BRASS lamp") == ["A lamp of brass"]
    assert shown("nowhere") == []
    assert bpy.ops.triverse.use_prompt(place=1) == {"FINISHED"}
    assert given().shared.prompt == "A lamp\nof brass"
    assert bpy.ops.triverse.use_prompt(place=9) == {"CANCELLED"}
    assert given().shared.prompt == "A lamp\nof brass"


def test_of_many_prompts_the_first_are_shown_and_the_others_found(here: Any) -> None:
    from triverse_addon.ui.generate import prompt_history

    add_records(*(record("a", Stage.IMPORTED, float(n), params={"prompt": f"Chair number {n}"}) for n in range(40)))
    prompt_history._found[:] = prompt_history.prompts(here)
    layout = Recorder()
    cls = prompt_history.TRIVERSE_OT_prompt_history
    cls.draw(SimpleNamespace(layout=layout, search="", bl_rna=declared()), bpy.context)
    assert len(layout.operators()) == 14
    assert "26 more. Type a word to find them." in layout.prose()
    assert prompt_history.matching("number 37") == [37]


def test_five_hundred_characters_are_seen_in_the_dialog(ui: ModuleType) -> None:
    from triverse_addon.ui.generate import operators

    text = " ".join(f"word{number:03}" for number in range(70))[:500]
    given().shared.prompt = text
    layout = Recorder()
    cls = operators.TRIVERSE_OT_edit_prompt
    cls.draw(SimpleNamespace(layout=layout, _texts=cls._texts), bpy.context)
    if bpy.app.version >= (5, 2):
        (box, _) = [one for one in layout.drawn if one.function == "textbox"]
        assert box.given["property"] == "prompt"
        assert box.given["initial_visible_lines"] == 7
    else:
        assert layout.properties() == ["prompt", "negative_prompt"]
        assert text in layout.prose()


def test_the_tab_has_an_icon_where_blender_has_one() -> None:
    from triverse_addon.ui.generate import panel

    assert panel.TRIVERSE_PT_make.bl_icon in bpy.types.UILayout.bl_rna.functions["label"].parameters["icon"].enum_items
    assert ("bl_icon" in bpy.types.Panel.bl_rna.properties) == (bpy.app.version >= (5, 2))
