# SPDX-License-Identifier: GPL-3.0-or-later
"""Merge Vertices and Smooth by Angle in the panel: what they reach, where they are kept, when they are greyed."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import ModuleType
from typing import Any

import bpy
import pytest

from tests.blender.drawing import make_panel
from tests.service.server import StandIn

pytestmark = pytest.mark.kind("geometry-options")


def given() -> Any:
    return bpy.context.scene.triverse


def options() -> Any:
    return given().mesh_options


def choose(*, merge: bool, degrees: int = 0) -> None:
    options().merge_vertices = merge
    options().smooth_by_angle = degrees > 0
    if degrees:
        options().smooth_angle = math.radians(degrees)


def held(of: Any) -> tuple[bool, bool, int]:
    kept = of.mesh_options
    return kept.merge_vertices, kept.smooth_by_angle, round(math.degrees(kept.smooth_angle))


def made() -> list[tuple[bool, int]]:
    from triverse_addon.ui.state import runtime

    here = runtime.current()
    assert here is not None
    return [(record.placement.merge, record.placement.smooth_deg) for record in here.engine.tasks()]


def test_they_go_with_the_task_and_are_off_by_default(ui: ModuleType, connected: StandIn) -> None:
    given().shared.prompt = "A red chair"
    assert bpy.ops.triverse.generate() == {"FINISHED"}
    assert made() == [(False, 0)]
    given().shared.prompt = "A green chair"
    choose(merge=True, degrees=45)
    # With an object that marks the place, and without one.
    given().placing.use_placeholder = True
    marker = bpy.data.objects.new("Here", None)
    bpy.context.scene.collection.objects.link(marker)
    bpy.context.view_layer.objects.active = marker
    marker.select_set(True)
    assert bpy.ops.triverse.generate() == {"FINISHED"}
    given().shared.prompt = "A blue chair"
    given().placing.use_placeholder = False
    options().smooth_by_angle = False
    assert bpy.ops.triverse.generate() == {"FINISHED"}
    assert sorted(made()) == [(False, 0), (True, 0), (True, 45)]


@pytest.mark.parametrize("angle", [math.nan, math.inf, -1.0, 1e9])
def test_an_angle_that_a_file_holds_and_no_panel_gives_is_within_the_limits(ui: ModuleType, angle: float) -> None:
    from triverse_addon.ui.form import mesh_options

    group = options()
    choose(merge=False, degrees=45)
    if hasattr(group, "bl_system_properties_get"):
        group.bl_system_properties_get(do_create=True)["smooth_angle"] = angle
    else:
        group["smooth_angle"] = angle
    assert mesh_options.chosen(bpy.context.scene)["smooth_deg"] in range(1, 181)


def test_a_preset_and_the_next_file_hold_them(
    ui: ModuleType, connected: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from triverse_addon.ui.form import last_used

    (tmp_path / "scripts").mkdir()
    monkeypatch.setenv("BLENDER_USER_SCRIPTS", str(tmp_path / "scripts"))
    choose(merge=True, degrees=45)
    assert bpy.ops.triverse.add_preset(name="Merged") == {"FINISHED"}
    (file,) = (tmp_path / "scripts").rglob("*.py")
    choose(merge=False, degrees=60)
    options().smooth_by_angle = False
    assert bpy.ops.triverse.use_preset(filepath=str(file)) == {"FINISHED"}
    assert held(given()) == (True, True, 45)
    # One of an earlier version says nothing of them.
    lines = [line for line in file.read_text().splitlines() if "mesh_options" not in line]
    file.write_text("\n".join(lines))
    choose(merge=False, degrees=50)
    assert bpy.ops.triverse.use_preset(filepath=str(file)) == {"FINISHED"}
    assert held(given()) == (False, True, 50)

    given().shared.prompt = "A red chair"
    assert bpy.ops.triverse.generate() == {"FINISHED"}
    for _ in range(2):
        scene = bpy.data.scenes.new("New")
        assert last_used.seed(scene)
        assert held(scene.triverse) == (False, True, 50)
        last_used.forget()  # as the next Blender begins
    own = bpy.data.scenes.new("Own")
    own.triverse.mesh_options.smooth_angle = math.radians(20)
    last_used.seed(own)
    assert held(own.triverse) == (False, True, 20)


@pytest.mark.parametrize("kept", [7, {"merge_vertices": "x", "smooth_angle": [1], "gone": 1}, {"smooth_angle": "1"}])
def test_what_was_kept_and_makes_no_sense_changes_nothing(ui: ModuleType, kept: object) -> None:
    from triverse_addon.ui import settings
    from triverse_addon.ui.form import last_used

    path = Path(settings.data_dir(create=True), last_used.FILE_NAME)
    path.write_text(json.dumps({"flow": "text-to-model", "settings": {}, "mesh": kept}))
    scene = bpy.data.scenes.new("New")
    last_used.seed(scene)
    assert held(scene.triverse) == (False, False, 30)


def test_the_inputs_of_an_earlier_task_bring_them_along(ui: ModuleType, connected: StandIn) -> None:
    from triverse_addon.ui.generate import reuse_inputs
    from triverse_addon.ui.state import runtime

    given().shared.prompt = "A red chair"
    choose(merge=True, degrees=45)
    assert bpy.ops.triverse.generate() == {"FINISHED"}
    choose(merge=False, degrees=60)
    here = runtime.current()
    assert here is not None
    reuse_inputs.load(bpy.context, here, here.engine.tasks()[0])
    assert held(given()) == (True, True, 45)


def test_where_no_glb_comes_they_are_greyed_and_it_says_why(ui: ModuleType) -> None:
    def shown() -> tuple[bool, str]:
        drawn = make_panel()
        (merge,) = [one for one in drawn.drawn if one.given.get("property") == "merge_vertices"]
        return merge.enabled, drawn.prose()

    given().flow = "convert-model-format"
    enabled, said = shown()
    assert enabled
    assert "Only GLB files do" not in said
    given().convert_model_format.output_format = "fbx"
    enabled, said = shown()
    assert not enabled
    assert "Only GLB files do" in said
    given().flow = "text-to-model"
    assert shown()[0]


def test_the_angle_is_shown_where_it_counts(ui: ModuleType) -> None:
    given().flow = "text-to-model"
    assert {"merge_vertices", "smooth_by_angle"} <= set(make_panel().properties())
    assert "smooth_angle" not in make_panel().properties()
    choose(merge=False, degrees=45)
    assert "smooth_angle" in make_panel().properties()
