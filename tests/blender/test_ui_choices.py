# SPDX-License-Identifier: GPL-3.0-or-later
"""
Properties with choices: which number stands for which entry, and what is made of a number that stands for none.

The numbers are what files hold; window tests choose every entry by mouse (``tests/gui/test_menus.py``).
"""

from __future__ import annotations

import contextlib
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import bpy
import numpy as np
import pytest

from tests.blender.drawing import make_panel
from tests.blender.recorder import Recorder, draw
from triverse_addon.api.flows import FLOWS

pytestmark = pytest.mark.kind("menu-numbers")

PANEL_FLOWS = [name for name, flow in FLOWS.items() if flow.yields_model]


def checksum(name: str) -> int:
    """What stood for an entry in version 0.1.0."""
    return zlib.crc32(name.encode()) & 0x3FFFFFFF


def as_clicked(number: int) -> int:
    """What a menu of Blender 4.3 makes of a number."""
    return int(np.float32(number))


def store(group: Any, name: str, number: int) -> None:
    """Put a number into a property as a file holds it, whatever its entries are."""
    if hasattr(group, "bl_system_properties_get"):
        group.bl_system_properties_get(do_create=True)[name] = number
    else:
        group[name] = number


def groups() -> Iterator[tuple[str, Any]]:
    """Every property group that is drawn or saved, and the preferences."""
    from triverse_addon.ui import settings
    from triverse_addon.ui.form import inputs

    given = bpy.context.scene.triverse
    yield "scene", given
    yield "shared", given.shared
    yield "placing", given.placing
    yield "mesh options", given.mesh_options
    for flow in PANEL_FLOWS:
        yield flow, getattr(given, inputs.attribute(flow))
    yield "window manager", bpy.context.window_manager.triverse
    yield "preferences", settings.preferences()


def enums() -> list[tuple[str, Any, str]]:
    return [
        (f"{where}.{one.identifier}", group, one.identifier)
        for where, group in groups()
        for one in group.bl_rna.properties
        if one.type == "ENUM" and one.identifier != "rna_type"
    ]


def draw_everything() -> list[Recorder]:
    """Draw every panel, menu and popover of the add-on, and the preferences."""
    from triverse_addon.ui import _CLASSES, settings
    from triverse_addon.ui.setup import preferences

    drawn = []
    for cls in _CLASSES:
        if issubclass(cls, bpy.types.Panel | bpy.types.Menu) and cls.__name__ != "TRIVERSE_PT_presets":
            drawn.append(draw(cls))
    layout = Recorder()
    context = SimpleNamespace(region=SimpleNamespace(width=800))
    preferences.TriversePreferences.draw(_Preferences(settings.preferences(), layout), context)
    return [*drawn, layout]


class _Preferences:
    """The preferences with a layout of the test's own."""

    def __init__(self, real: Any, layout: Recorder) -> None:
        self._real, self.layout = real, layout

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


# -----------------------------------------------------------------------------
# Numbers


def test_no_number_is_larger_than_a_mouse_can_carry_and_none_is_used_twice(ui: ModuleType) -> None:
    """Of all classes that are registered: property groups, preferences, operators."""
    from triverse_addon.ui.rna import choices

    declared = [(where, group.bl_rna.properties[name]) for where, group, name in enums()]
    for operator in operators():
        for one in operator_properties(operator).bl_rna.properties:
            if one.type == "ENUM":
                declared.append((operator.bl_idname, one))
    assert {where for where, _ in declared} >= {"scene.flow", "triverse.starter_preset", "triverse.batch_open"}
    for where, one in declared:
        numbers = [item.value for item in one.enum_items]
        assert len(set(numbers)) == len(numbers) > 1, where
        assert 0 <= min(numbers) <= max(numbers) < choices.LARGEST_NUMBER, where
        assert [as_clicked(number) for number in numbers] == numbers


def operators() -> list[type[bpy.types.Operator]]:
    from triverse_addon.ui import _CLASSES

    return [cls for cls in _CLASSES if issubclass(cls, bpy.types.Operator)]


def operator_properties(operator: type[bpy.types.Operator]) -> Any:
    return bpy.context.window_manager.operator_properties_last(operator.bl_idname)


NUMBERS_OF_FLOWS = {
    "text-to-model": 1,
    "image-to-model": 2,
    "multiview-to-model": 3,
    "text-to-mesh": 4,
    "image-to-mesh": 5,
    "texture-model": 6,
    "text-to-texture": 7,
    "model-preview-render": 8,
    "model-remesh": 9,
    "convert-model-format": 10,
    "image-generation": 11,
    "prompt-optimization": 12,
}
"""Never change a line: files hold these numbers. A flow that goes leaves its line here."""

NUMBERS_OF_ENTRIES = {
    "show": {"ALL": 0, "ACTIVE": 1, "READY": 2, "IMPORTED": 3, "FAILED": 4, "PUT_AWAY": 5},
    "placement": {"CURSOR": 0, "ORIGIN": 1},
    "task_layout": {"LIST": 0, "GRID": 1},
    "task_order": {"NEWEST": 0, "OLDEST": 1, "NAME": 2, "COST": 3},
    "texture_size": {"1024": 1024, "2048": 2048, "4096": 4096},
}
"""Likewise."""


def test_a_number_once_given_stands_for_the_same_for_ever(ui: ModuleType) -> None:
    for name, flow in FLOWS.items():
        assert NUMBERS_OF_FLOWS[name] == flow.number
        for field in flow.fields:
            assert len(set(field.numbers)) == len(field.numbers), field.name
            assert bool(field.numbers) == (field.kind == "choice"), field.name
    render_mode = FLOWS["model-preview-render"].field("render_mode")
    assert dict(zip(render_mode.choices, render_mode.numbers, strict=True)) == {
        "basic": 1,
        "multi_angle": 2,
        "custom": 3,
        "preset": 4,
    }
    for where, group, name in enums():
        found = {item.identifier: item.value for item in group.bl_rna.properties[name].enum_items}
        wanted = NUMBERS_OF_FLOWS if name == "flow" else NUMBERS_OF_ENTRIES[name]
        assert found == {entry: wanted[entry] for entry in found}, where


# -----------------------------------------------------------------------------
# A number that stands for none


def test_everything_is_drawn_whatever_number_is_stored(ui: ModuleType) -> None:
    from triverse_addon.ui.form import inputs, request
    from triverse_addon.ui.rna import choices
    from triverse_addon.ui.state import query, runtime

    found = enums()
    assert len(found) >= 10
    defaults = {where: group.bl_rna.properties[name].default for where, group, name in found}
    for number in (77, -1, 2**24, 2**30 - 1, -(2**31)):
        for where, group, name in found:
            store(group, name, number)
            assert getattr(group, name) == "", where
            assert choices.chosen(group, name) == defaults[where], where
        for flow in PANEL_FLOWS:
            draw_everything()
            inputs.values(bpy.context.scene.triverse, FLOWS[flow])
        assert inputs.chosen_flow(bpy.context.scene.triverse).name == "text-to-model"
        assert request.picture_flow(bpy.context).name == request.PICTURE_FLOW
        assert query.wanted()[0].stages == frozenset()
        offered = [
            (one.given["property"], one.given["text"])
            for drawn in draw_everything()
            for one in drawn.drawn
            if one.function == "prop_menu_enum"
        ]
        assert ("flow", "Text to Model") in offered
        assert ("texture_size", "1024 px") in offered
        assert ("placement", "3D Cursor") in offered
        assert ("show", "All") in offered
        assert ("task_order", "Newest First") in offered
        assert runtime.is_new_user() in (True, False)


@pytest.mark.parametrize("name", PANEL_FLOWS)
def test_a_setting_without_an_entry_is_sent_as_its_default(ui: ModuleType, name: str) -> None:
    from triverse_addon.ui.form import inputs, last_used
    from triverse_addon.ui.generate import operators as generate_operators

    given = bpy.context.scene.triverse
    store(given, "flow", FLOWS[name].number)
    assert given.flow == name
    flow = inputs.chosen_flow(given)
    for field in flow.fields:
        if inputs.has_entries(field):
            store(inputs.holder(given, flow, field), field.name, 5)
            assert generate_operators.current_value(given, name, field.name) == str(field.default)
    values = inputs.values(given, flow)
    assert values.get("texture_size", 1024) == 1024
    last_used.save(given)
    assert last_used._known is not None
    assert "" not in last_used._known["settings"][name].values()


# -----------------------------------------------------------------------------
# Files of version 0.1.0


@pytest.mark.parametrize("is_clicked", [False, True], ids=["set by code", "clicked in 4.3"])
@pytest.mark.parametrize("name", PANEL_FLOWS)
def test_a_flow_of_version_0_1_0_is_mapped_when_the_file_is_loaded(
    ui: ModuleType, tmp_path: Path, name: str, is_clicked: bool
) -> None:
    path = str(tmp_path / "old.blend")
    number = checksum(name)
    others = [bpy.context.scene, bpy.data.scenes.new("Other")]
    for scene in others:
        store(scene.triverse, "flow", as_clicked(number) if is_clicked else number)
        scene.triverse.text_to_model.texture_size = "2048"
    from triverse_addon.ui.form import inputs

    assert inputs.chosen_flow(bpy.context.scene.triverse).name == name, "before it is mended, too"
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    for scene in bpy.data.scenes:
        assert scene.triverse.flow == name
        assert scene.triverse.text_to_model.texture_size == "2048"
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    assert bpy.context.scene.triverse.flow == name


def test_a_number_of_another_version_becomes_the_default_when_the_file_is_loaded(
    ui: ModuleType, tmp_path: Path
) -> None:
    path = str(tmp_path / "newer.blend")
    given = bpy.context.scene.triverse
    store(given, "flow", 4_000)
    store(given.text_to_model, "texture_size", 8192)
    given.text_to_model.polygon_limit = 5_000
    given.shared.prompt = "A red chair"
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    given = bpy.context.scene.triverse
    assert given.flow == "text-to-model"
    assert given.text_to_model.texture_size == "1024"
    assert given.text_to_model.polygon_limit == 5_000
    assert given.shared.prompt == "A red chair"


def test_a_scene_that_is_appended_or_brought_back_is_mended_in_the_next_beat(ui: ModuleType, tmp_path: Path) -> None:
    from triverse_addon.ui.form import properties

    path = tmp_path / "old.blend"
    scene = bpy.data.scenes.new("Appended")
    store(scene.triverse, "flow", as_clicked(checksum("texture-model")))
    bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True)
    bpy.data.scenes.remove(scene)
    with bpy.data.libraries.load(str(path)) as (_, wanted):
        wanted.scenes = ["Appended"]
    (appended,) = wanted.scenes
    assert appended.triverse.flow == ""
    assert properties.repair(appended)
    assert appended.triverse.flow == "texture-model"
    assert not properties.repair(appended), "once"


@pytest.mark.skipif(bpy.app.version < (5, 0, 0), reason="custom and declared properties are one before 5.0")
def test_the_copy_of_a_prompt_from_before_5_0_leaves_the_file(ui: ModuleType, tmp_path: Path) -> None:
    path = str(tmp_path / "old.blend")
    others = [bpy.context.scene, bpy.data.scenes.new("Other")]
    for scene in others:
        scene.triverse.shared.prompt = "the new wish"
        # What Blender 5.0 makes of a file of 4.5, beside the property.
        scene["triverse"] = {"shared": {"prompt": "the old wish"}, "flow": 2}
        scene["note"] = "of the user"
    bpy.ops.wm.save_as_mainfile(filepath=path, compress=False)
    assert b"the old wish" in Path(path).read_bytes()
    bpy.ops.wm.open_mainfile(filepath=path)
    for scene in bpy.data.scenes:
        assert list(scene.keys()) == ["note"]
        assert scene.triverse.shared.prompt == "the new wish"
    bpy.ops.wm.save_as_mainfile(filepath=path, compress=False)
    assert b"the old wish" not in Path(path).read_bytes()
    bpy.context.scene["triverse"] = "of the user"
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    assert bpy.context.scene["triverse"] == "of the user", "no copy of ours"


def test_a_linked_scene_is_shown_and_not_written(ui: ModuleType, tmp_path: Path) -> None:
    from triverse_addon.ui.form import inputs, properties

    path = tmp_path / "old.blend"
    scene = bpy.data.scenes.new("Linked")
    store(scene.triverse, "flow", checksum("model-remesh"))
    bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True)
    bpy.data.scenes.remove(scene)
    with bpy.data.libraries.load(str(path), link=True) as (_, wanted):
        wanted.scenes = ["Linked"]
    (linked,) = wanted.scenes
    assert not properties.repair(linked)
    assert inputs.chosen_flow(linked.triverse).name == "model-remesh"


# -----------------------------------------------------------------------------
# Presets, and what was used last


@pytest.fixture
def preset(ui: ModuleType, tmp_path: Path) -> Callable[[str], set[str]]:
    """Use a preset with this text."""

    def use(text: str) -> set[str]:
        path = tmp_path / "Mine.py"
        path.write_text(text, encoding="utf-8")
        result: set[str] = bpy.ops.triverse.use_preset(filepath=str(path))
        return result

    return use


HEAD = "import bpy\n"
GROUP = "bpy.context.scene.triverse.text_to_model"


def test_a_preset_of_another_version_gives_what_it_can(preset: Callable[[str], set[str]]) -> None:
    given = bpy.context.scene.triverse.text_to_model
    given.texture_size = "2048"
    lines = [f"{GROUP}.texture_size = ''", f"{GROUP}.style = 'NOIR'", f"{GROUP}.polygon_limit = 7000"]
    lines += [f"{GROUP}.turbo = True", "bpy.context.scene.triverse.image_to_model.polygon_limit = 9000"]
    assert preset(HEAD + "\n".join(lines)) == {"FINISHED"}
    assert (given.texture_size, given.polygon_limit, given.turbo) == ("2048", 7_000, True)
    assert bpy.context.scene.triverse.image_to_model.polygon_limit == 1_000_000, "of another flow"


@pytest.mark.parametrize("text", ["", "def", f"{GROUP}.turbo = print", f"{GROUP}.prompt = 'x'", "x = 1"])
def test_a_preset_that_makes_no_sense_does_no_harm(preset: Callable[[str], set[str]], text: str) -> None:
    given = bpy.context.scene.triverse
    given.shared.prompt = "A red chair"
    given.text_to_model.turbo = True
    preset(HEAD + text)
    assert given.text_to_model.turbo
    assert given.shared.prompt == "A red chair"


def test_a_preset_is_read_and_not_run(preset: Callable[[str], set[str]], tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    text = f"{HEAD}open({str(marker)!r}, 'w').close()\n{GROUP}.turbo = True\n"
    assert preset(text) == {"FINISHED"}
    assert not marker.exists()
    assert bpy.context.scene.triverse.text_to_model.turbo


@pytest.mark.parametrize("flow", ["", 844400768, "text-to-nothing"])
def test_what_an_unknown_number_left_in_the_settings_used_last_does_no_harm(ui: ModuleType, flow: Any) -> None:
    from triverse_addon.ui import settings
    from triverse_addon.ui.form import last_used

    known = {"flow": flow, "settings": {"text-to-model": {"texture_size": "", "polygon_limit": 7_000, "style": 1}}}
    path = Path(settings.data_dir(create=True), last_used.FILE_NAME)
    path.write_text(json.dumps(known))
    last_used.forget()
    scene = bpy.data.scenes.new("New")
    last_used.seed(scene)
    assert scene.triverse.flow == "text-to-model"
    if isinstance(flow, str):
        assert scene.triverse.text_to_model.polygon_limit == 7_000
    assert scene.triverse.text_to_model.texture_size == "1024"


# -----------------------------------------------------------------------------
# Operators


def test_operators_with_choices_name_them_in_their_tooltips(ui: ModuleType) -> None:
    """With the properties that a button has: a class does not know its own."""
    from triverse_addon.ui.task_list import list_operators

    told = [cls for cls in operators() if hasattr(cls, "description")]
    assert len(told) >= 6
    for cls in told:
        properties = operator_properties(cls)
        numbers = {
            one.identifier: [*(item.value for item in one.enum_items), 99]
            for one in properties.bl_rna.properties
            if one.type == "ENUM"
        }
        assert isinstance(cls.description(bpy.context, properties), str)
        for name in numbers:
            for number in numbers[name]:
                store(properties, name, number)
                assert cls.description(bpy.context, properties), (cls, number)
            properties.property_unset(name)
    properties = bpy.context.window_manager.operator_properties_last("triverse.turn_page")
    for number, said in ((0, "The beginning of the list"), (3, "The end of the list"), (99, "The beginning of")):
        store(properties, "to", number)
        assert list_operators.TRIVERSE_OT_turn_page.description(bpy.context, properties).startswith(said)


@contextlib.contextmanager
def in_linked_scene(folder: Path) -> Iterator[None]:
    """Show the scene as another file has it, linked from that."""
    path = folder / "set.blend"
    bpy.data.libraries.write(str(path), {bpy.context.scene})
    with bpy.data.libraries.load(str(path), link=True) as (inside, wanted):
        wanted.scenes = inside.scenes
    window = bpy.context.window_manager.windows[0]
    own, window.scene = window.scene, wanted.scenes[0]
    try:
        yield
    finally:
        window.scene = own


def test_nothing_is_ordered_for_a_linked_scene(here: Any, tmp_path: Path) -> None:
    """Its model would be paid, and could never come into it."""
    with in_linked_scene(tmp_path):
        for operator in (bpy.ops.triverse.generate, bpy.ops.triverse.add_from_text, bpy.ops.triverse.drop):
            assert not operator.poll()
        with pytest.raises(RuntimeError, match="is linked from another file and cannot be changed"):
            bpy.ops.triverse.generate(prompt="A red chair", flow="text-to-model")
        assert "is linked from another file and cannot be changed" in make_panel().prose()
    assert bpy.ops.triverse.generate.poll()
    assert "linked" not in make_panel().prose()


def test_nothing_fills_in_the_form_of_a_linked_scene(
    here: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its fields are greyed; buttons beside them could be pressed, and failed or changed what is not saved."""
    from triverse_addon.ui.state import task_presentation
    from triverse_addon.ui.task_list import result_operators, task_operators

    task = SimpleNamespace(flow="text-to-model", result_text="A red chair")
    monkeypatch.setattr(task_presentation, "has_picture", lambda record: True)
    of_task: tuple[Any, ...] = (
        task_operators.TRIVERSE_OT_regenerate,
        result_operators.TRIVERSE_OT_use_better_prompt,
        result_operators.TRIVERSE_OT_model_from_picture,
    )
    buttons = ("try_example", "starter_preset", "use_preset", "set_value", "other_value", "choose_file", "edit_prompt")
    buttons += ("prompt_history", "use_prompt", "paste_picture")
    with in_linked_scene(tmp_path):
        for name in buttons:
            with pytest.raises(RuntimeError, match="is linked from another file and cannot be changed"):
                getattr(bpy.ops.triverse, name)()
        for operator in of_task:
            assert "is linked" in operator.disabled_reason(bpy.context, task)
    assert not any(operator.disabled_reason(bpy.context, task) for operator in of_task)
    assert all(getattr(bpy.ops.triverse, name).poll() for name in buttons)
