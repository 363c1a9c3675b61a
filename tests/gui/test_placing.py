# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a model will stand is seen in a real viewport, and chosen there with the mouse."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts._dev.pictures import Box
from scripts._dev.screen import WIDE_PX
from scripts._dev.window import BlenderWindow
from tests.gui.conftest import OpenWindow
from tests.gui.panel import (
    NEWEST,
    SESSION,
    UI,
    connected,
    on_screen,
    press_right_of,
    set_prompt,
    settle,
    wait_for_stage,
)
from tests.service.server import StandIn

BOXES = f"__import__('sys').modules['{UI}.viewport.boxes']"
CONTROL = f"__import__('sys').modules['{UI}.viewport.box_control']"
SCENE = "bpy.context.window_manager.windows[0].scene"
WORKSPACE = "bpy.context.window_manager.windows[0].workspace.name"
WHEEL_UP = 4
IDLE_S = 10.0
PLACE_PX = 106
"""From the sidebar's right edge to the button that places: left of the star's, which is left of the menu's."""


@pytest.fixture
def service() -> Iterator[StandIn]:
    """The stand-in, ten times as fast."""
    with StandIn(speed=10.0, samples=("1k",)) as standin:
        yield standin


def order(window: BlenderWindow, prompt: str) -> None:
    """Order a model that stays with the service."""
    set_prompt(window, prompt)
    window.run("with override(): bpy.ops.triverse.generate()")
    window.wait_for(f"{SESSION} and {NEWEST} and {NEWEST}.params['prompt'] == prompt", prompt=prompt)
    wait_for_stage(window, "waiting")
    settle(window)


def light_pixels(window: BlenderWindow, around: tuple[int, int]) -> int:
    """How many light pixels, as of the lines and the text of a box, are around a place on the screen."""
    part = Box(around[0] - 90, around[1] - 90, 180, 180)
    return sum(grey > 190 for grey in window.screen.picture(part).convert("L").tobytes())


def feet(window: BlenderWindow) -> tuple[list[float], float]:
    """Where the model that was imported last stands: the middle of its box in x and y, and its lowest point."""
    low, high = window.run(
        f"""
        import sys
        from mathutils import Vector
        window = bpy.context.window_manager.windows[0]
        window.view_layer.update()
        models = sys.modules[ui.replace(".ui", ".scene.importing.imported_models")]
        (collection, *_) = models.find({NEWEST}.task_uuid)
        points = [obj.matrix_world @ Vector(corner) for obj in collection.all_objects for corner in obj.bound_box]
        result = [list(map(min, *points)), list(map(max, *points))]
        """,
        ui=UI,
    )
    return [(low[axis] + high[axis]) / 2 for axis in (0, 1)], low[2]


def test_the_box_is_seen_and_moved_and_idle_windows_are_left_alone(
    open_window: OpenWindow, service: StandIn, tmp_path: Path
) -> None:
    service.state.clock.speed = 0
    window = open_window(env=connected(service), width_px=WIDE_PX)
    side = window.show_sidebar("Triverse")
    empty = on_screen(window, (4.0, -3.0, 0.0))
    dark = light_pixels(window, empty)
    order(window, "A wooden chair")
    # Seen: beside the default cube, with name and percent.
    (box,) = window.value(f"[[list(map(list, one.corners)), one.text] for one in {BOXES}.shown]")
    middle = [sum(corner[axis] for corner in box[0]) / 8 for axis in range(3)]
    assert max(map(abs, middle[:2])) > 1.0, "not inside the cube"
    assert light_pixels(window, on_screen(window, tuple(middle))) > 100
    window.save_shot("box")

    # Moved: the tool follows the mouse, lets it navigate, and Esc leaves everything as it was.
    press_right_of(window, side, "Stop Following", PLACE_PX)
    window.screen.move(*empty)
    window.wait_for(f"{BOXES}.held is not None")
    settle(window)
    assert light_pixels(window, empty) > dark + 100
    window.save_shot("placing")
    distance = window.value("areas()[0][1].spaces.active.region_3d.view_distance")
    window.click(*empty, button=WHEEL_UP)
    window.wait_for("areas()[0][1].spaces.active.region_3d.view_distance < before", before=distance)
    window.key("Escape")
    window.wait_for(f"{BOXES}.held is None")
    assert window.value(f"list({NEWEST}.placement.location)") == [0.0, 0.0, 0.0]

    press_right_of(window, side, "Stop Following", PLACE_PX)
    goal = on_screen(window, (5.0, -4.0, 0.0))
    window.click(*goal)
    window.wait_for(f"{NEWEST}.placement.location != (0.0, 0.0, 0.0)")
    assert window.value(f"{BOXES}.held is None")
    assert window.value(f"list({NEWEST}.placement.location)") == pytest.approx([5.0, -4.0, 0.0], abs=0.1)
    settle(window)
    window.save_shot("moved")
    assert light_pixels(window, goal) > dark + 100
    assert window.value(f"{BOXES}.shown[0].text").startswith("A wooden chair · ")
    assert window.value("[obj.name for obj in bpy.context.window_manager.windows[0].view_layer.objects.selected]") == [
        "Cube"
    ], "the click selected nothing"

    service.state.clock.speed = 10
    wait_for_stage(window, "imported")
    assert window.value(f"{BOXES}.shown == ()")
    place, low = feet(window)
    assert place == pytest.approx([5.0, -4.0], abs=0.15)
    assert low == pytest.approx(0.0, abs=0.01)

    # On a surface: once more, on top of the cube.
    settle(window)
    press_right_of(window, side, "Import Again", 58)
    window.click(*on_screen(window, (0.0, 0.0, 1.0)))
    window.wait_for(f"{NEWEST}.placement.location[2] > 0.9")
    wait_for_stage(window, "imported")
    window.wait_for("len([one for one in bpy.data.collections if one.get('triverse_task_uuid')]) == 2")
    place, low = feet(window)
    assert low == pytest.approx(1.0, abs=0.01), "it stands on the cube"
    settle(window)
    window.save_shot("on-the-cube")

    # Dropped: the picture's model comes to where the mouse was.
    window.run(
        """
        image = bpy.data.images.new("Dropped", 32, 32)
        image.filepath_raw, image.file_format = path, "PNG"
        image.save()
        """,
        path=str(tmp_path / "dropped.png"),
    )
    window.screen.move(*on_screen(window, (-1.0, -4.0, 0.0)))
    window.pass_events()
    window.run(
        "with override(): bpy.ops.triverse.drop('INVOKE_DEFAULT', directory=folder, files=[{'name': 'dropped.png'}])",
        folder=str(tmp_path),
    )
    window.redraw()
    window.wait_text("Make a Model?")
    window.key("Return")
    window.wait_for(f"{NEWEST}.name == 'dropped'")
    wait_for_stage(window, "imported")
    place, _ = feet(window)
    assert place == pytest.approx([-1.0, -4.0], abs=0.15)

    # Idle: of the add-on, nothing draws any more, and nothing has the window drawn.
    window.run(
        """
        state["redraws"] = []
        def count():
            import time
            state["redraws"].append((bpy.context.region.type, time.monotonic()))
        for region in ("WINDOW", "UI"):
            bpy.types.SpaceView3D.draw_handler_add(count, (), region, "POST_PIXEL")
        """
    )
    assert window.value(f"{CONTROL}._handlers == []")
    window.screen.move(*side.center)
    # What the task has cost is asked for after it has ended, and shown.
    window.wait_for(f"not {SESSION}.is_under_way")
    settle(window)
    window.run("state['redraws'].clear()")
    time.sleep(IDLE_S)
    assert window.value("state['redraws']") == []
    assert "Traceback" not in window.log_text()


def test_the_hint_leaves_the_workspace_where_the_tool_began(open_window: OpenWindow, service: StandIn) -> None:
    service.state.clock.speed = 0
    window = open_window(env=connected(service), width_px=WIDE_PX)
    side = window.show_sidebar("Triverse")
    order(window, "A wooden chair")
    foot = Box(0, window.screen.whole.height - 24, 800, 24)
    press_right_of(window, side, "Stop Following", PLACE_PX)
    window.hover()
    window.wait_for(f"{BOXES}.held is not None", limit_s=20)
    window.wait_text("place the model", foot, limit_s=20)
    first = window.value(WORKSPACE)
    window.key("ctrl+Next")
    window.wait_for(f"{WORKSPACE} != first", first=first, limit_s=20)
    window.key("Escape")
    window.wait_for(f"{BOXES}.held is None", limit_s=20)
    window.key("ctrl+Prior")
    window.wait_for(f"{WORKSPACE} == first", first=first, limit_s=20)
    settle(window)
    assert not window.find_text("place the model", foot)
