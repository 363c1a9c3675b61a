# SPDX-License-Identifier: GPL-3.0-or-later
"""What will be sent is seen before: captures of a part of the viewport, and the picture under its field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from scripts._dev.pictures import Box
from scripts._dev.screen import ROOMY_PX
from scripts._dev.window import BlenderWindow
from tests.gui.conftest import OpenWindow
from tests.gui.panel import (
    NEWEST,
    ROW_PX,
    SESSION,
    connected,
    press,
    press_right_of,
    settle,
    type_prompt,
    wait_for_stage,
)
from tests.gui.test_sources import PICTURE, SCENE, choose_source, wait_for_picture
from tests.service.server import StandIn


@pytest.fixture
def service() -> Iterator[StandIn]:
    """The stand-in, slow enough for a look at a task without a model."""
    with StandIn(speed=10.0, samples=("1k",)) as standin:
        yield standin


def look(window: BlenderWindow, path: str) -> dict[str, Any]:
    """Size of a picture, its corners, and where what is not as its first corner begins and ends, in shares of it."""
    return window.run(
        """
        import numpy
        image = bpy.data.images.load(path, check_existing=False)
        width, height = image.size
        pixels = numpy.empty(width * height * 4, dtype=numpy.float32)
        image.pixels.foreach_get(pixels)
        bpy.data.images.remove(image)
        levels = (pixels.reshape(height, width, 4)[:, :, :3] * 255).round().astype(int)
        differs = abs(levels - levels[2, 2]).max(axis=2) > 12
        columns, rows = (numpy.flatnonzero(differs.any(axis=axis)) for axis in (0, 1))
        result = {
            "size": [width, height],
            "corners": [levels[y, x].tolist() for y in (2, height - 3) for x in (2, width - 3)],
            "columns": [int(columns[0]) / width, int(columns[-1]) / width] if len(columns) else [],
            "rows": [int(rows[0]) / height, int(rows[-1]) / height] if len(rows) else [],
        }
        """,
        path=path,
    )


def plain_pixels(window: BlenderWindow) -> int:
    """How many pixels of the screen have the colour of the plain background."""
    levels = window.screen.picture().convert("L").tobytes()
    return sum(226 <= level <= 234 for level in levels)


def next_picture(window: BlenderWindow, before: str) -> str:
    window.wait_for(f"{PICTURE} != before", before=before)
    return wait_for_picture(window, "viewport")


def test_a_part_of_the_viewport_is_captured_and_shown(open_window: OpenWindow, service: StandIn) -> None:
    window = open_window(env=connected(service), width_px=ROOMY_PX)
    side = window.show_sidebar("Triverse")
    window.run(
        f"""
        {SCENE}.triverse.flow = "image-to-model"
        cube = bpy.data.objects["Cube"]
        wall = bpy.data.objects.new("Wall", cube.data)
        wall.scale, wall.location = (20, 0.1, 20), (0, 4, 0)
        {SCENE}.collection.objects.link(wall)
        """
    )
    settle(window)

    # The selection, with what is behind it.
    choose_source(window, side, "Capture Selection")
    first = wait_for_picture(window, "viewport")
    seen = look(window, first)
    assert seen["size"] == [1024, 1024]
    with_wall = seen["corners"]

    # Alone: it fills the square except for the margin, in front of one colour, and all is as before.
    choose_source(window, side, "Capture Selection Alone")
    second = next_picture(window, first)
    seen = look(window, second)
    window.save_shot("alone")
    assert seen["size"] == [1024, 1024]
    assert all(abs(level - 230) <= 2 for corner in seen["corners"] for level in corner), "plain"
    assert seen["corners"] != with_wall
    for low, high in (seen["columns"], seen["rows"]):
        assert low > 0.04
        assert high < 0.96
    assert max(seen["columns"][1] - seen["columns"][0], seen["rows"][1] - seen["rows"][0]) > 0.75
    shown = window.run(
        """
        layer = bpy.context.window_manager.windows[0].view_layer
        shading = areas("VIEW_3D")[0][1].spaces.active.shading
        result = [
            bpy.data.objects["Wall"].visible_get(view_layer=layer),
            shading.background_type,
            sorted(obj.name for obj in layer.objects.selected),
        ]
        """
    )
    assert shown == [True, "THEME", ["Cube"]]

    # It is under its field: name, size, and large after a click.
    x, y = window.wait_text("Viewport 2", side).center
    window.save_shot("shown")
    before = plain_pixels(window)
    window.click(x, y)
    settle(window)
    window.save_shot("large")
    assert plain_pixels(window) > before + 50_000, "its background fills the popup"
    window.key("Escape")
    window.hover()
    settle(window)

    # A rectangle that is dragged.
    choose_source(window, side, "Capture Rectangle")
    view = window.box("VIEW_3D", "WINDOW")
    x, y = view.center
    window.save_shot("crosshair")
    window.drag((x - 120, y - 60), (x + 120, y + 60))
    third = next_picture(window, second)
    width, height = look(window, third)["size"]
    assert max(width, height) == 1024
    assert width / height == pytest.approx(2.0, rel=0.03)
    window.wait_text("Viewport 3", side)
    window.save_shot("rectangle")

    # In the list it stands for its model until there is one.
    window.click_text("Generate", side)
    window.wait_for(f"{SESSION} and {NEWEST}")
    assert window.value(f"{NEWEST}.name") == "Viewport 3"
    window.wait_for(f"f'{{{NEWEST}.id}} source' in {SESSION}.thumbnails._order or {NEWEST}.thumbnail_path")
    window.save_shot("in-the-list")
    wait_for_stage(window, "imported")
    window.wait_for(f"{NEWEST}.id in {SESSION}.thumbnails._order")


def around_the_cube(window: BlenderWindow, view: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """Where a rectangle around the cube, twice as large, begins and ends in the part of a quad view with this view."""
    found: list[list[float]] = window.run(
        """
        from bpy_extras import view3d_utils
        from mathutils import Quaternion
        points = {"TOP": ((-2, 2, 0), (2, -2, 0)), "FRONT": ((-2, 0, 2), (2, 0, -2))}[view]
        turned = {"TOP": (1, 0, 0, 0), "FRONT": (0.5**0.5, 0.5**0.5, 0, 0)}[view]
        for window, area in areas("VIEW_3D"):
            for region in area.regions:
                if region.type == "WINDOW" and abs(region.data.view_rotation.dot(Quaternion(turned))) > 0.999:
                    ends = [view3d_utils.location_3d_to_region_2d(region, region.data, point) for point in points]
                    result = [[region.x + end.x, region.y + end.y] for end in ends]
        """,
        view=view,
    )
    (left, high), (right, low) = ((round(x), window.screen.whole.height - round(y)) for x, y in found)
    return (left, high), (right, low)


def drag_exactly(window: BlenderWindow, start: tuple[int, int], end: tuple[int, int]) -> None:
    """Drag, and wait until Blender has seen each step: one that is busy takes some of them as one."""
    window.screen.move(*start)
    window.pass_events()
    window.screen.press_down()
    window.pass_events()
    window.screen.move(*end)
    window.pass_events()
    window.screen.let_go()
    window.pass_events()


def test_a_rectangle_is_of_where_it_is_dragged(open_window: OpenWindow, service: StandIn) -> None:
    """In each part of a quad view, and in another viewport than that of the panel."""
    window = open_window(env=connected(service), width_px=ROOMY_PX)
    side = window.show_sidebar("Triverse")
    window.run(f"{SCENE}.triverse.flow = 'image-to-model'\nwith override(): bpy.ops.screen.region_quadview()")
    settle(window)
    before = ""
    for view in ("TOP", "FRONT"):
        choose_source(window, side, "Capture Rectangle")
        drag_exactly(window, *around_the_cube(window, view))
        before = next_picture(window, before)
        window.save_shot(view)
        assert_shows_the_cube(window, before)

    window.run(
        """
        with override():
            bpy.ops.screen.region_quadview()
            bpy.ops.screen.area_split(direction="HORIZONTAL", factor=0.4)
        other = min((area for window, area in areas("VIEW_3D")), key=lambda area: area.height)
        other.spaces.active.show_region_ui = False
        view = other.spaces.active.region_3d
        view.view_perspective, view.view_rotation = "ORTHO", (1, 0, 0, 0)
        """
    )
    settle(window)
    side = Box(side.x, 0, side.width, window.screen.whole.height)
    choose_source(window, side, "Capture Rectangle")
    drag_exactly(window, *around_the_cube(window, "TOP"))
    before = next_picture(window, before)
    window.save_shot("other-viewport")
    assert_shows_the_cube(window, before)


def assert_shows_the_cube(window: BlenderWindow, path: str) -> None:
    """A picture of the cube and as much beside it."""
    seen = look(window, path)
    for ends in (seen["columns"], seen["rows"]):
        assert ends == pytest.approx([0.25, 0.75], abs=0.03), seen


def test_what_will_be_ordered_is_said_and_chosen(open_window: OpenWindow, service: StandIn) -> None:
    window = open_window(env=connected(service), width_px=ROOMY_PX)
    side = window.show_sidebar("Triverse")
    settings = f"{SCENE}.triverse.text_to_model"
    prompt = f"{SCENE}.triverse.shared.prompt"
    window.wait_text("1,000,000 triangles", side)

    # The example is quick, and only for its own order.
    window.click_text("costs.", side, dy=ROW_PX - 7)
    window.wait_for(f"{settings}.turbo")
    settle(window)
    window.wait_text("50,000 triangles", side)
    window.wait_text("turbo", side)
    window.save_shot("draft")
    window.click_text("Generate", side)
    window.wait_for(f"{SESSION} and {NEWEST}")
    assert window.value(f"{NEWEST}.params['polygon_limit']") == 50_000
    wait_for_stage(window, "imported")
    assert window.value(f"[{settings}.turbo, {settings}.polygon_limit]") == [False, 1_000_000]
    settle(window)
    window.wait_text("1,000,000 triangles", side)

    # An earlier prompt is found by a word.
    type_prompt(window, side, "A red lamp")
    window.click_text("Generate", side)
    window.wait_for(f"{NEWEST}.params['prompt'] == 'A red lamp'")
    wait_for_stage(window, "imported")
    type_prompt(window, side, "Something else")
    settle(window)
    press_right_of(window, side, "Text to Model", 57, ROW_PX)
    window.wait_text("Earlier Prompts")
    window.wait_text("treasure chest")
    window.save_shot("prompts")
    window.screen.type("lamp")
    settle(window)
    window.save_shot("found")
    window.key("Return")
    settle(window)
    # The list of tasks has this text too, so only the line below the field is looked at.
    title = window.wait_text("Earlier Prompts")
    window.click_text("A red lamp", Box(title.x - 10, title.y + ROW_PX, 400, 3 * ROW_PX))
    window.wait_for(f"{prompt} == 'A red lamp'")
    window.key("Escape")
    window.hover()
    settle(window)

    # A number that the menu does not have.
    press(window, side, "Options")
    y = window.wait_text("Polygon Limit", side).center[1]
    window.click(side.x + side.width * 2 // 3, y)
    settle(window)
    window.save_shot("values")
    window.click_text("Other")
    settle(window)
    window.save_shot("other")
    window.key("ctrl+a")
    window.screen.type("77000")
    window.key("Return")
    settle(window)
    window.key("Return")
    window.wait_for(f"{settings}.polygon_limit == 77_000")
    settle(window)
    window.wait_text("77,000", side)
    window.save_shot("chosen")
