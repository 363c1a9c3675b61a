# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job in a real window: type, press Generate, go on working, and the model is there; undo, redo, autosave."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts._dev.screen import ROOMY_PX
from scripts._dev.window import BlenderWindow
from tests.gui.browsing import browse
from tests.gui.conftest import OpenWindow
from tests.gui.panel import (
    COLLECTIONS,
    NEWEST,
    SESSION,
    UI,
    connected,
    generate,
    settle,
    show_preferences,
    triangles,
    wait_for_stage,
)
from tests.service import models
from tests.service.server import StandIn


@pytest.fixture
def service() -> Iterator[StandIn]:
    """The stand-in at its own pace: a task takes 20 s."""
    with StandIn(samples=("20k",), usual_sample="20k") as standin:
        yield standin


CUBE_PLACE = "list(bpy.data.objects['Cube'].location)"

LIBRARY = f"__import__('sys').modules['{UI}.settings'].preferences().asset_library_dir"


def prefer_library(window: BlenderWindow, folder: Path) -> None:
    """Type the folder of the asset library into the preferences, which take the place of the viewport meanwhile."""
    whole = show_preferences(window)
    y = window.wait_text("Asset Library", whole).center[1]
    window.fill_in(whole.x + whole.width * 2 // 3, y, str(folder))
    window.wait_for(f"{LIBRARY}.rstrip('/') == folder", folder=str(folder))
    window.save_shot("preferences")
    window.run("areas('PREFERENCES')[0][1].type = 'VIEW_3D'")
    settle(window)


def view_rotation(window: BlenderWindow) -> list[float]:
    rotation = window.value("list(areas('VIEW_3D')[0][1].spaces.active.region_3d.view_rotation)")
    assert isinstance(rotation, list)
    return rotation


RECORD_ROW = """
import sys
module = sys.modules[ui + ".task_list.ui_list"]
longest_that_fits, said = module.longest_that_fits, []
state["said"] = said

def recorded(*given):
    text = longest_that_fits(*given)
    if said[-1:] != [text]:
        said.append(text)
    return text

module.longest_that_fits = recorded
"""
"""Keeps what the task's row says whenever it is drawn: the last stages may be over before the screen is read."""

# Half of it generated, the row gives its room to the time left.
STAGES = {"Sending": 0, "In the queue": 1, "Generating": 2, "50 %": 2, "Downloading": 3, "Imported": 4}
BRIEF = ("Waiting to be sent", "Accepted", "Preparing", "Ready to import")
"""Stages that may be over before they are drawn. Preparing takes 0.2 s where a Blender waits for the model."""


def stages_said(window: BlenderWindow) -> list[object]:
    """The stages that the row said, in the order in which it was drawn, without those that are too brief."""
    lines = [line for line in window.value("state['said']") if not line.startswith(BRIEF)]
    said = [next((stage for words, stage in STAGES.items() if line.startswith(words)), line) for line in lines]
    return [stage for stage, before in zip(said, [None, *said], strict=False) if stage != before]


def check_textures(window: BlenderWindow, collection: str) -> None:
    """The collection's materials have textures, each whole and packed into the file."""
    images = window.run(
        """
        meshes = [obj for obj in bpy.data.collections[name].all_objects if obj.type == "MESH"]
        trees = [slot.material.node_tree for obj in meshes for slot in obj.material_slots]
        nodes = [node for tree in trees for node in tree.nodes if node.type == "TEX_IMAGE"]
        result = [(list(node.image.size), node.image.packed_file is not None) for node in nodes]
        """,
        name=collection,
    )
    assert images
    assert all(min(size) >= 1024 and packed for size, packed in images)


def test_a_prompt_becomes_a_model_while_the_user_goes_on(
    open_window: OpenWindow, service: StandIn, tmp_path: Path
) -> None:
    """Each stage is held until it is read in the panel; preparing cannot be held. The row's own words are recorded."""
    library = tmp_path / "library"
    service.state.clock.speed = 0.0
    sending = service.faults.add("create", latency_s=600.0, times=None)
    service.faults.add("asset", stall_at_byte=100_000)
    window = open_window(env=connected(service), width_px=ROOMY_PX)
    window.run("bpy.context.window_manager.windows[0].scene.cursor.location = (3, 2, 1)")
    prefer_library(window, library)
    window.run(RECORD_ROW, ui=UI)
    side = generate(window, "A red chair")
    window.wait_text("Sending", side)
    service.faults.remove(sending.id)
    wait_for_stage(window, "waiting")
    service.state.clock.advance(2.0)
    window.wait_text("In the queue", side)
    service.state.clock.advance(11.0)
    window.wait_text("Generating", side)

    # The user goes on: turns the view, and moves the cube.
    before = view_rotation(window)
    x, y = window.box("VIEW_3D", "WINDOW").center
    window.drag((x - 200, y), (x - 100, y + 40), button=2)
    assert view_rotation(window) != before, "the viewport turns while the task is under way"
    window.hover()
    window.key("g", "x", "1", "Return")
    window.wait_for(f"{CUBE_PLACE} == [1.0, 0.0, 0.0]")
    assert window.value(f"{NEWEST}.stage.value") == "waiting"

    service.state.clock.advance(60.0)
    window.wait_text("Downloading", side)
    service.faults.clear()
    wait_for_stage(window, "imported")
    assert window.value(f"{NEWEST}.error is None")
    window.wait_text("Imported", side)
    assert stages_said(window) == [0, 1, 2, 3, 4]
    seen = window.value(f"[str(line.sentence) for line in {SESSION}.engine.history({NEWEST}.id)]")
    assert seen, "every step is in the history"
    window.wait_for(f"len({SESSION}.thumbnails._order) == 1")
    window.save_shot("imported")

    (name,) = window.value(COLLECTIONS)
    assert name == "A red chair"
    assert triangles(window, name) == models.facts("20k")["triangles"]
    check_textures(window, name)
    places = window.value(f"[list(o.location) for o in bpy.data.collections['{name}'].objects if o.parent is None]")
    assert places == [[3.0, 2.0, 1.0]]
    objects = "bpy.context.window_manager.windows[0].view_layer.objects"
    assert window.value(f"{objects}.active.name") == "Cube"
    assert window.value(f"[obj.name for obj in {objects}.selected]") == ["Cube"]

    window.hover()
    window.key("ctrl+z")
    window.wait_for(f"{COLLECTIONS} == []")
    window.key("ctrl+shift+z")
    window.wait_for(f"{COLLECTIONS} == ['A red chair']")
    assert triangles(window, name) == models.facts("20k")["triangles"]
    check_textures(window, name)
    assert window.value(CUBE_PLACE) == [1.0, 0.0, 0.0]
    assert service.state.charged_per_order() == {window.value(f"{NEWEST}.client_order_id"): 1}
    assert not service.state.leaks

    # The copy, in the folder that the preferences name, as an asset browser shows it.
    browse(window, library, [name])
    tree, grid = window.box("FILE_BROWSER", "TOOLS"), window.box("FILE_BROWSER", "WINDOW")
    window.click_text("Triverse", tree)
    settle(window)
    window.wait_text(name, grid)
    window.save_shot("asset-browser")


def test_autosave_goes_on_while_a_task_is_under_way(open_window: OpenWindow, service: StandIn, tmp_path: Path) -> None:
    """A modal operator that stays keeps Blender from its autosave; ours does not."""
    service.settings.run_s = 10_000
    autosaves = tmp_path / "autosaves"
    autosaves.mkdir()
    window = open_window(env=connected(service))
    window.run("bpy.context.preferences.filepaths.temporary_directory = folder", folder=str(autosaves))
    generate(window, "A red chair")
    wait_for_stage(window, "waiting")
    # Blender begins to count anew when the time is set: what comes is due a minute after that, which is the least.
    window.run(
        """
        paths = bpy.context.preferences.filepaths
        paths.use_auto_save_temporary_files = True
        paths.auto_save_time = 1
        """
    )
    for file in autosaves.rglob("*.blend"):
        file.unlink()
    window.wait_for("any(__import__('pathlib').Path(folder).rglob('*.blend'))", folder=str(autosaves), limit_s=300)
    assert window.value(f"__import__('sys').modules['{UI}.timers.modal_timer']._burst") > 10, (
        "bursts followed each other meanwhile"
    )
    assert window.value(f"{NEWEST}.stage.value") == "waiting"
