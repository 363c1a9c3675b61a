# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel's inputs come from the table of flows, and go back into it."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import bpy
import pytest

from tests.blender.recorder import draw
from triverse_addon.api.flows import FLOWS, Kind, check

PANEL_FLOWS = [name for name, flow in FLOWS.items() if flow.yields_model]


@pytest.mark.parametrize("name", PANEL_FLOWS)
def test_every_field_of_a_flow_is_in_the_panel(ui: ModuleType, name: str) -> None:
    from triverse_addon.ui.generate import panel

    bpy.context.scene.triverse.flow = name
    bpy.context.scene.triverse.use_selection = False
    drawn = draw(panel.TRIVERSE_PT_make).properties()
    for field in FLOWS[name].fields:
        assert drawn.count(field.name) == 1, field.name


@pytest.mark.parametrize("name", PANEL_FLOWS)
def test_untouched_inputs_are_accepted(ui: ModuleType, name: str) -> None:
    from triverse_addon.ui.form import inputs

    given = bpy.context.scene.triverse
    given.shared.prompt = "A red chair"
    flow = FLOWS[name]
    values = inputs.values(given, flow)
    checked = check(name, values)
    for field in flow.params:
        if field.documented and field.default is not None:
            assert checked[field.name] == field.default, field.name
        elif not field.required:
            assert field.name not in checked, "what is not documented is not sent until the user changes it"


@pytest.mark.parametrize("name", PANEL_FLOWS)
def test_what_an_earlier_task_had_comes_back(ui: ModuleType, name: str) -> None:
    from triverse_addon.ui.form import inputs

    given = bpy.context.scene.triverse
    flow = FLOWS[name]
    wanted: dict[str, object] = {}
    for field in flow.fields:
        if field.kind is Kind.INT:
            wanted[field.name] = 2048 if inputs.steps(field) else 50_000
        elif field.kind is Kind.BOOL:
            wanted[field.name] = True
        elif field.is_source:
            wanted[field.name] = f"/tmp/{field.name}.png"
        else:
            wanted[field.name] = "something else"
    inputs.fill(given, flow, wanted)
    assert {**inputs.values(given, flow), **inputs.sources(given, flow)} == wanted
    inputs.fill(given, flow, {})
    assert inputs.sources(given, flow) == {}
    assert "something else" not in inputs.values(given, flow).values()


def test_a_prompt_is_kept_from_flow_to_flow_and_settings_are_not(ui: ModuleType) -> None:
    from triverse_addon.ui.form import inputs

    given = bpy.context.scene.triverse
    given.shared.prompt = "A red chair"
    given.text_to_model.polygon_limit = 5_000
    assert inputs.values(given, FLOWS["text-to-mesh"])["prompt"] == "A red chair"
    assert inputs.values(given, FLOWS["text-to-mesh"])["polygon_limit"] == 1_000_000
    assert inputs.values(given, FLOWS["text-to-model"])["polygon_limit"] == 5_000


def test_experimental_flows_say_why(ui: ModuleType) -> None:
    from triverse_addon.ui.generate import operators, panel

    given = bpy.context.scene.triverse
    for name in PANEL_FLOWS:
        given.flow = name
        drawn = draw(panel.TRIVERSE_PT_make)
        reason = FLOWS[name].experimental
        assert ("triverse.explain" in drawn.operators()) == bool(reason)
        if reason:
            shown = [one for one in drawn.drawn if one.given.get("operator") == "triverse.explain"]
            assert operators.TRIVERSE_OT_explain.description(bpy.context, shown[0].properties) == reason.removesuffix(
                "."
            )


def test_a_copied_scene_gets_an_id_of_its_own(ui: ModuleType) -> None:
    from triverse_addon.ui.form import request

    scene = bpy.context.scene
    first = request.scene_id(scene)
    copy = scene.copy()
    assert copy.triverse.scene_id == first
    assert request.scene_id(scene) != first or request.scene_id(copy) != first
    # What was ordered before belongs to the scene that was there first, whichever is used next.
    assert request.scene_id(scene) == first
    assert request.scene_id(scene) != request.scene_id(copy)
    assert request.scene_id(copy) == request.scene_id(copy)


def test_scenes_keep_their_ids_when_undo_takes_them_away(ui: ModuleType) -> None:
    """
    An id is no undo step of its own, so a step back to before the first order takes it away.

    The next order gave the scene another id, and the scene of what was under way was said to be gone.
    """
    from triverse_addon.scene.importing.origin import find_scene
    from triverse_addon.ui.form import request

    scene = bpy.context.scene
    ordered = request.origin(bpy.context)
    copy = scene.copy()
    of_copy = request.scene_id(copy)
    handlers = bpy.app.handlers
    for lost_in, of_scene, of_the_copy in (
        (handlers.undo_post, "", ordered.scene_id),
        (handlers.redo_post, "of before", ""),
    ):
        scene.triverse.scene_id, copy.triverse.scene_id = of_scene, of_the_copy
        for handler in list(lost_in):
            handler(scene, None)
        assert (scene.triverse.scene_id, copy.triverse.scene_id) == (ordered.scene_id, of_copy)
    assert request.origin(bpy.context) == ordered
    assert find_scene(ordered) == scene


def test_scenes_have_the_ids_again_that_were_not_saved(ui: ModuleType, tmp_path: Path) -> None:
    """
    An order changes nothing that Blender would ask to save.

    So a file may be opened again without the id: by Revert, or after a look at another. The next order made those under
    way say that the scene was gone.
    """
    from triverse_addon.scene.importing.origin import find_scene
    from triverse_addon.ui.form import request

    path, other = (str(tmp_path / name) for name in ("mine.blend", "other.blend"))
    bpy.ops.wm.save_as_mainfile(filepath=other)
    bpy.ops.wm.save_as_mainfile(filepath=path)
    ordered = request.origin(bpy.context)
    bpy.ops.wm.open_mainfile(filepath=other)
    assert bpy.context.scene.triverse.scene_id == "", "that of another file"
    bpy.ops.wm.open_mainfile(filepath=path)
    again = request.origin(bpy.context)
    assert again.scene_id == ordered.scene_id
    assert find_scene(ordered) == bpy.context.scene

    # Saved under another name, it is that scene; what has its old name is another.
    bpy.context.scene.name = "Renamed"
    bpy.data.scenes.new(ordered.scene_name)
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.open_mainfile(filepath=path)
    ids = {scene.name: scene.triverse.scene_id for scene in bpy.data.scenes}
    assert ids == {"Renamed": ordered.scene_id, ordered.scene_name: ""}
