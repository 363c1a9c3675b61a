# SPDX-License-Identifier: GPL-3.0-or-later
"""Variants in a real window: four are made on purpose, compared side by side, one is kept, and refined in its place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scripts._dev.pictures import Box
from scripts._dev.window import BlenderWindow
from tests.gui.conftest import OpenWindow
from tests.gui.panel import (
    COLLECTIONS,
    NEWEST,
    SESSION,
    UI,
    choose_in_submenu,
    connected,
    press,
    press_right_of,
    settle,
    type_prompt,
)
from tests.service.server import StandIn

TASKS = f"({SESSION}.engine.tasks() if {SESSION} else [])"
MANAGER = "bpy.context.window_manager.triverse"
SCENE = "bpy.context.window_manager.windows[0].scene"
LISTED = f"[{SESSION}.shown(one).name for one in {SESSION}.slots.ids if one]"


@pytest.fixture
def service() -> Iterator[StandIn]:
    """The stand-in, twenty times as fast."""
    with StandIn(speed=20.0, samples=("1k",)) as standin:
        yield standin


def see_them_large(window: BlenderWindow, side: Box) -> None:
    """Open all in the large preview, turn them at once, choose the second with a click, and close it."""
    names = window.value(f"[one.name for one in {TASKS}]")
    # Of the two icons to the right of the text, the first.
    press_right_of(window, side, "Compare 4 Variants", 82)
    tiles = "__import__('sys').modules[ui + '.viewport.preview'].shown"
    shown = f"[{SESSION}.shown(one.task_id).name for one in {tiles}.tiles]"
    assert window.wait_for(f"{tiles} and {shown}", ui=UI) == names
    region = window.box("VIEW_3D", "WINDOW")
    window.hover()
    settle(window)
    window.key("Right")
    window.wait_for(f"{tiles}.view is not None", ui=UI)
    # Those of one model are enough: a second Blender takes long to draw all, where four windows are open.
    textures = "__import__('sys').modules[ui + '.viewport.textures']._of_sources"
    window.wait_for(f"any(one.views for one in {textures})", ui=UI)
    settle(window)
    left, low, width, height = window.wait_for(f"len({tiles}.places) == 4 and {tiles}.places[1]", ui=UI)
    window.click(round(region.x + left + width / 2), round(region.y + region.height - low - height / 2))
    window.wait_for(f"{SESSION}.shown({SESSION}.chosen_id).name == name", name=names[1])
    settle(window)
    window.save_shot("large")
    window.key("Escape")
    window.wait_for(f"{tiles} is None", ui=UI)


def test_four_are_made_compared_and_one_is_kept_and_refined(open_window: OpenWindow, service: StandIn) -> None:
    window = open_window(env=connected(service))
    side = window.show_sidebar("Triverse")
    window.run(f"{SCENE}.triverse.text_to_model.turbo = True\n{SCENE}.triverse.text_to_model.polygon_limit = 50_000")
    type_prompt(window, side, "A red chair tris:1k")
    window.wait_for(f"{SESSION} and {SESSION}.price.balance is not None")
    settle(window)

    # The number beside the button; the button then says how many, and what all of them cost.
    button = window.wait_text("Generate", side)
    window.fill_in(side.x + side.width - 68, button.center[1], "4")
    window.wait_for(f"{MANAGER}.variants == 4")
    window.hover()
    settle(window)
    cost = "__import__('sys').modules[ui + '.generate.cost'].known_cost(__import__('sys').modules[ui + "
    one = window.wait_for(cost + "'.form.request'].draft(bpy.context))", ui=UI)
    window.wait_text(f"Make 4 · {4 * one}", side)
    window.save_shot("make-four")
    press(window, side, "Make 4")
    window.wait_for(f"len({TASKS}) == 4")
    assert window.value(f"{MANAGER}.variants") == 1
    window.wait_for(f"all(one.stage.value == 'ready' for one in {TASKS})")
    assert window.value(COLLECTIONS) == [], "it is imported when one is kept"
    assert sorted(service.state.charged_per_order().values()) == [1, 1, 1, 1]

    window.wait_for(f"not {SESSION}.thumbnails.is_loading")
    see_them_large(window, side)

    # Side by side; the third is kept.
    press(window, side, "Compare 4 Variants")
    settle(window)
    window.wait_text("chair tris:1k 3")
    window.save_shot("compared")
    buttons = sorted(window.find_text("Keep This One"), key=lambda box: (box.y // 40, box.x))
    assert len(buttons) == 4, buttons
    names = window.value(f"[one.name for one in {TASKS}]")
    window.click(*buttons[2].center)
    window.wait_for(f"{LISTED} == names", names=names[2:3])
    window.wait_for(f"{TASKS}[2].stage.value == 'imported'")
    window.key("Escape")
    window.hover()
    settle(window)
    assert window.value(COLLECTIONS) == names[2:3]
    assert [one["id"] for one in window.value(f"[dict(id=one.id) for one in {TASKS} if not one.put_away]")] == [
        window.value(f"{SESSION}.chosen_id")
    ]
    window.save_shot("kept")

    # The same again as Hero takes its place.
    window.run("bpy.data.collections[name].all_objects[0].location.x += 4.0", name=names[2])
    choose_in_submenu(window, side, "Make From This", "Refine")
    window.wait_for(f"len({TASKS}) == 5")
    window.wait_for(f"{NEWEST}.stage.value == 'imported'")
    assert window.value(f"{NEWEST}.params['polygon_limit']") == 1_000_000
    assert window.value(
        "[one['triverse_task_uuid'] for one in bpy.data.collections if 'triverse_task_uuid' in one]"
    ) == [window.value(f"{NEWEST}.task_uuid")]
    assert window.value(COLLECTIONS) == names[2:3], "under the same name"
    assert window.value("bpy.data.collections[name].all_objects[0].location.x", name=names[2]) > 3.0
    settle(window)
    window.save_shot("refined")
    assert set(service.state.charged_per_order().values()) == {1}
    assert "Traceback" not in window.log_text()
