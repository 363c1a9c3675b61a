# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators that scripts and key maps call with arguments: those count, and not the panel's inputs."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import bpy
import pytest

from tests.blender.drawing import Tick, add_records, poll_message, record, session
from tests.service import models
from tests.service.server import StandIn
from triverse_addon.api.flows import FLOWS
from triverse_addon.tasks.record.record import Stage


def test_arguments_count_instead_of_the_panels_inputs(ui: ModuleType, connected: StandIn, tmp_path: Path) -> None:
    panel = bpy.context.scene.triverse
    panel.flow = "text-to-texture"  # nothing is selected: the panel's button would be grey
    panel.shared.prompt = "Red leather"
    panel.text_to_model.turbo = True
    assert bpy.ops.triverse.generate(flow="text-to-model", prompt="a red chair", polygon_limit=2000) == {"FINISHED"}
    (made,) = session().engine.tasks()
    assert (made.flow, made.params) == ("text-to-model", {"prompt": "a red chair", "polygon_limit": 2000})
    assert made.origin.scene_id == bpy.context.scene.triverse.scene_id
    assert made.auto_import
    assert panel.shared.prompt == "Red leather"


def test_a_path_may_be_relative_to_the_file(ui: ModuleType, connected: StandIn, tmp_path: Path) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    picture = tmp_path / "vase.png"
    picture.write_bytes(models.preview_path("1k").read_bytes())
    assert bpy.ops.triverse.generate(flow="image-to-model", image_file="//vase.png") == {"FINISHED"}
    (made,) = session().engine.tasks()
    assert made.sources == {"image_file": str(picture)}


def test_arguments_come_in_where_the_panel_says(ui: ModuleType, connected: StandIn, tick_until: Tick) -> None:
    bpy.context.scene.cursor.location = (1.0, 2.0, 3.0)
    assert bpy.ops.triverse.generate(flow="text-to-model", prompt="a chair", polygon_limit=1000) == {"FINISHED"}
    tick_until(lambda: [one for one in bpy.data.collections if "triverse_task_uuid" in one])
    (made,) = session().engine.tasks()
    assert made.placement.location == (1.0, 2.0, 3.0)


@pytest.mark.parametrize(
    "arguments",
    [
        {"flow": "text-to-nothing", "prompt": "a chair"},
        {"flow": "text-to-model"},
        {"flow": "text-to-model", "prompt": "a"},
        {"flow": "text-to-model", "prompt": "a chair", "polygon_limit": 3},
        {"flow": "image-to-model", "image_file": "/nowhere.png"},
    ],
)
def test_what_does_not_fit_is_cancelled(ui: ModuleType, connected: StandIn, arguments: dict[str, object]) -> None:
    session_needed()
    assert bpy.ops.triverse.generate(**arguments) == {"CANCELLED"}
    assert not session().engine.tasks()


def test_poll_says_why_for_arguments_too(ui: ModuleType) -> None:
    assert "No API key is set." in poll_message(lambda: bpy.ops.triverse.generate(prompt="a chair"))


def test_every_field_of_the_flows_is_an_argument_with_a_description(ui: ModuleType) -> None:
    described = bpy.ops.triverse.generate.get_rna_type().properties
    for flow in FLOWS.values():
        if flow.yields_model:
            assert all(described[field.name].description for field in flow.fields)
    assert described["flow"].description
    assert "arguments" in bpy.ops.triverse.generate.get_rna_type().description
    assert bpy.ops.triverse.retry.get_rna_type().properties["task_id"].description


def test_a_task_is_named_by_its_id_or_its_uuid(ui: ModuleType, connected: StandIn) -> None:
    session_needed()
    first = record("first", Stage.FAILED, task_uuid="11111111-1111-4111-8111-111111111111")
    second = record("second", Stage.FAILED, age_s=1.0, task_uuid="22222222-2222-4222-8222-222222222222")
    add_records(first, second)
    assert bpy.ops.triverse.forget(task_id=second.task_uuid) == {"FINISHED"}
    assert [one.id for one in session().engine.tasks()] == [first.id]
    assert bpy.ops.triverse.forget(task_id="none of the list") == {"CANCELLED"}
    assert bpy.ops.triverse.forget(task_id=first.id) == {"FINISHED"}
    assert not session().engine.tasks()


def session_needed() -> None:
    """Start the session, as a panel that is drawn does."""
    from triverse_addon.ui.state import runtime

    runtime.get_or_start()
