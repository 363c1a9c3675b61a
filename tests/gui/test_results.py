# SPDX-License-Identifier: GPL-3.0-or-later
"""From a result to the next in a real window: Blender's own work on it, stopped and done, and a new order from it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scripts._dev.window import BlenderWindow
from tests.gui.conftest import OpenWindow
from tests.gui.panel import (
    COLLECTIONS,
    NEWEST,
    SESSION,
    UI,
    choose_in_menu,
    choose_in_submenu,
    connected,
    generate,
    press,
    settle,
    wait_for_stage,
)
from tests.service.server import StandIn

NAME = "A red chair tris:1k"
SCENE = "bpy.context.window_manager.windows[0].scene"
PLACE = "list(bpy.data.collections[name].objects[name].location)"
CHILD = UI.replace(".ui", ".scene.child.converter")
PRICES = f"[one for one in {SESSION}.price._answers if 'model-remesh' in one]"


@pytest.fixture
def service() -> Iterator[StandIn]:
    """The stand-in, twenty times as fast."""
    with StandIn(speed=20.0, samples=("1k",)) as standin:
        yield standin


def triangles(window: BlenderWindow) -> int:
    """How many triangles the model has, without its hull and levels of detail."""
    count = window.run(
        """
        result = sum(
            len(obj.data.loops) - 2 * len(obj.data.polygons)
            for obj in bpy.data.collections[name].objects
            if obj.type == "MESH" and not obj.name.startswith("UCX_")
        )
        """,
        name=NAME,
    )
    assert isinstance(count, int)
    return count


def test_blender_works_on_a_result_and_more_is_made_from_it(open_window: OpenWindow, service: StandIn) -> None:
    window = open_window(env=connected(service))
    side = generate(window, NAME)
    wait_for_stage(window, "imported")
    window.run("bpy.data.collections[name].all_objects[0].location.x += 3.0", name=NAME)
    stood = window.value(PLACE, name=NAME)
    whole = triangles(window)
    settle(window)

    # The dialog says what comes of it. While the second Blender works, the list says so, and stops it.
    choose_in_menu(window, side, "Work on Result")
    window.wait_text("Collision Hull")
    window.save_shot("work-dialog")
    window.click_text("Collision Hull")
    window.run(
        """
        import sys
        cls = sys.modules[child].ChildConverter
        state["convert"] = cls.__call__

        def held(self, job, stop):
            stop.wait(60.0)
            return state["convert"](self, job, stop)

        cls.__call__ = held
        """,
        child=CHILD,
    )
    window.click_text("Start Work")
    window.wait_for(f"{NEWEST}.is_worked_on")
    settle(window)
    window.wait_text("Working on the model", side)
    window.save_shot("working")
    press(window, side, "Stop Work")
    window.wait_for(f"{NEWEST}.stage.value == 'imported' and not {NEWEST}.is_worked_on")
    assert triangles(window) == whole
    window.run(f"__import__('sys').modules['{CHILD}'].ChildConverter.__call__ = state['convert']")

    # Once more, to the end: it takes the model's place, as one step that can be undone.
    settle(window)
    choose_in_menu(window, side, "Work on Result")
    # What was chosen last is chosen still.
    window.click_text("Start Work")
    window.wait_for(f"{NEWEST}.blend_work.hull and {NEWEST}.stage.value == 'imported'")
    assert window.value(COLLECTIONS) == [NAME]
    assert triangles(window) <= whole // 2
    assert window.value(PLACE, name=NAME) == pytest.approx(stood, abs=0.3)
    assert window.value("len([obj for obj in bpy.data.objects if obj.name.startswith('UCX_')])") == 1
    settle(window)
    window.save_shot("worked")
    window.hover()
    window.key("ctrl+z")
    window.wait_for("not [obj for obj in bpy.data.objects if obj.name.startswith('UCX_')]")
    assert triangles(window) == whole
    window.key("ctrl+shift+z")
    window.wait_for("len([obj for obj in bpy.data.objects if obj.name.startswith('UCX_')]) == 1")
    assert list(service.state.charged_per_order().values()) == [1], "it costs nothing"

    # Made from it by the service: the model is filled in, the price is said, and one click orders it.
    window.wait_for(PRICES)
    settle(window)
    choose_in_submenu(window, side, "Make From This", "Remesh Model")
    window.wait_text("Polygon Limit")
    window.save_shot("make-from-dialog")
    window.wait_text("Costs")
    assert window.value(f"{SCENE}.triverse.shared.model_file") == window.value(f"{NEWEST}.model_path")
    # The panel has a button of that name, too.
    window.click(*min(window.find_text("Generate"), key=lambda box: box.x).center)
    window.wait_for(f"{NEWEST}.flow == 'model-remesh'")
    assert window.value(f"{NEWEST}.name") == NAME
    wait_for_stage(window, "imported")
    assert len(window.value(COLLECTIONS)) == 2
    assert sorted(service.state.charged_per_order().values()) == [1, 1]
    assert "Traceback" not in window.log_text()
