# SPDX-License-Identifier: GPL-3.0-or-later
"""From a fresh profile to a model that is seen beside the default cube: how many actions of mouse and keyboard."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scripts._dev.pictures import Box
from scripts._dev.screen import WIDE_PX
from scripts._dev.window import BlenderWindow
from tests.gui.conftest import OpenWindow
from tests.gui.panel import COLLECTIONS, ROW_PX, SESSION, UI, settle, wait_for_stage
from tests.service.server import StandIn

PREFERENCES = f"__import__('sys').modules['{UI}.settings'].preferences()"
AREA = "areas('VIEW_3D')[0][1]"
PROMPT = "A red chair tris:20k"
MOST = 5
LEAST_PX = 20
WHERE = """
from bpy_extras import view3d_utils
from mathutils import Vector

def corners(objects):
    return [one.matrix_world @ Vector(corner) for one in objects for corner in one.bound_box]

def box(points):
    return [[edge(one[axis] for one in points) for axis in range(3)] for edge in (min, max)]

window, area = areas("VIEW_3D")[0]
region = region_of(area, "WINDOW")
window.view_layer.update()
objects = [one for one in bpy.data.collections[name].all_objects if one.type == "MESH"]
assert objects and all(one.visible_get() for one in objects)
points = corners(objects)
seen = [view3d_utils.location_3d_to_region_2d(region, area.spaces.active.region_3d, one) for one in points]
result = box(points), box(corners([bpy.data.objects["Cube"]])), [[one.x, one.y] for one in seen]
"""
"""The box of the model, that of the cube, and where the corners of the model are in the viewport, in pixels."""


@pytest.fixture
def service() -> Iterator[StandIn]:
    """The stand-in, ten times as fast."""
    with StandIn(speed=10.0, samples=("20k",)) as standin:
        yield standin


class User:
    """
    Acts, and counts what it does.

    One action is a click, or a text that is typed into a field: the mouse over the field, Return begins, the text, and
    Return ends it. Moving the mouse, reading and waiting are none. There is nothing else that it can do.
    """

    def __init__(self, window: BlenderWindow) -> None:
        self.window = window
        self.actions: list[str] = []

    def click(self, what: str, place: tuple[int, int]) -> None:
        """Click once."""
        self.actions.append(f"click: {what}")
        self.window.click(*place)
        settle(self.window)

    def type(self, what: str, place: tuple[int, int], text: str) -> None:
        """Type into the field at a place, without a click."""
        self.actions.append(f"type: {what}")
        self.window.screen.move(*place)
        self.window.pass_events()
        self.window.key("Return")
        self.window.screen.type(text)
        self.window.key("Return")
        settle(self.window)


def test_at_most_five_actions_lead_to_a_model_beside_the_cube(open_window: OpenWindow, service: StandIn) -> None:
    """
    Fresh: no key, no list of tasks, online access off, sidebar closed, and its tab never chosen; the add-on is enabled.

    Only the address of the stand-in is set by code, and online access is allowed although the stand-in needs none, as
    with the real service. The user acts as :class:`User` counts it, and nothing is pressed after *Generate*.
    """
    window = open_window(width_px=WIDE_PX)
    user = User(window)
    assert window.value(f"{AREA}.spaces.active.show_region_ui") is False
    assert window.value(f"[{PREFERENCES}.api_key, bpy.context.preferences.system.use_online_access]") == ["", False]
    header = window.box("VIEW_3D", "HEADER")
    button = window.wait_text("Triverse", Box(header.x, header.y - 40, header.width, header.height + 80))
    window.save_shot("1-fresh")

    user.click("the button in the header", button.center)
    window.wait_for(f"{AREA}.spaces.active.show_region_ui")
    side = window.sidebar()
    window.wait_text("Welcome to Triverse", side)
    settle(window)
    window.save_shot("2-welcome")

    user.click("Allow Online Access", window.wait_text("Allow Online Access", side).center)
    window.wait_for("bpy.context.preferences.system.use_online_access")
    window.run(f"{PREFERENCES}.api_url = url", url=service.url)
    window.redraw()
    window.wait_text("The service is", side)

    x, y = window.wait_text("Going online", side).center
    user.type("the key", (x, y - round(1.5 * ROW_PX)), service.key)
    window.wait_for(f"{PREFERENCES}.api_key == key", key=service.key)
    # Nobody presses Test Key: it is tested by itself.
    window.wait_for(f"{SESSION} and {SESSION}.price.balance and {SESSION}.price.balance.balance == 10_000")
    settle(window)
    window.save_shot("3-key")

    x, y = window.wait_text("Text to Model", side).center
    user.type("the prompt", (x, y + ROW_PX), PROMPT)
    window.wait_for("bpy.context.window_manager.windows[0].scene.triverse.shared.prompt == prompt", prompt=PROMPT)
    user.click("Generate", window.wait_text("Generate", side).center)
    window.wait_for(f"{SESSION}.engine.tasks()")
    wait_for_stage(window, "imported")
    settle(window)

    (name,) = window.value(COLLECTIONS)
    (low, high), (cube_low, cube_high), points = window.run(WHERE, name=name)
    window.hover()
    settle(window)
    window.save_shot("4-seen")
    # Beside the cube: they do not overlap, and are not far from each other.
    gap = max(max(low[axis] - cube_high[axis], cube_low[axis] - high[axis]) for axis in range(3))
    assert 0.0 <= gap < 1.0, (low, high)
    # In sight: all of it, left of the sidebar, and large enough to be recognized.
    whole = window.box("VIEW_3D", "WINDOW")
    part = Box(
        whole.x + round(min(x for x, _ in points)),
        whole.y + whole.height - round(max(y for _, y in points)),
        round(max(x for x, _ in points) - min(x for x, _ in points)),
        round(max(y for _, y in points) - min(y for _, y in points)),
    )
    assert part.x >= whole.x
    assert part.x + part.width <= min(side.x, whole.x + whole.width)
    assert part.y >= whole.y
    assert part.y + part.height <= whole.y + whole.height
    assert min(part.width, part.height) >= LEAST_PX
    # And it is what is seen there: without it, the picture is another.
    seen = window.screen.picture(part).convert("L").tobytes()
    window.run("bpy.data.collections[name].hide_viewport = True", name=name)
    settle(window)
    hidden = window.screen.picture(part).convert("L").tobytes()
    assert sum(abs(one - two) > 8 for one, two in zip(seen, hidden, strict=True)) > len(seen) / 4

    assert len(user.actions) <= MOST, user.actions
    print(f"\n{len(user.actions)} actions: {'; '.join(user.actions)}")
