# SPDX-License-Identifier: GPL-3.0-or-later
"""The large preview in a real window: opened by a click on a thumbnail, turned by keys and mouse, closed by Esc."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PIL import Image

from scripts._dev.pictures import Box
from scripts._dev.screen import WIDE_PX
from scripts._dev.window import BlenderWindow
from tests.gui.conftest import OpenWindow
from tests.gui.panel import NEWEST, SESSION, UI, connected, set_prompt, settle, wait_for_stage
from tests.service.server import StandIn

PREVIEW = f"__import__('sys').modules['{UI}.viewport.preview']"
CONTROL = f"__import__('sys').modules['{UI}.viewport.preview_control']"
TEXTURES = f"__import__('sys').modules['{UI}.viewport.textures']"
FETCHER = f"{SESSION}.details.previews"
BLOCKS = (
    "{kind: len(getattr(bpy.data, kind)) for kind in ('images', 'textures', 'materials', 'objects', 'collections')}"
)
GREY = 128


@pytest.fixture
def service() -> Iterator[StandIn]:
    """The stand-in, ten times as fast."""
    with StandIn(speed=10.0, samples=("20k",), usual_sample="20k") as standin:
        yield standin


def make(window: BlenderWindow, prompt: str) -> None:
    """Make a model and wait for it."""
    set_prompt(window, prompt)
    window.run("with override(): bpy.ops.triverse.generate()")
    window.wait_for(f"{SESSION} and {NEWEST} and {NEWEST}.params['prompt'] == prompt", prompt=prompt)
    wait_for_stage(window, "imported")
    window.wait_for(f"not {SESSION}.thumbnails.is_loading")
    settle(window)


def thumbnail(window: BlenderWindow, side: Box, name: str) -> tuple[int, int]:
    """Where the thumbnail of a row is: left of its name, which the prompt's field has too."""
    window.hover()
    settle(window)
    box = window.find_text(name, side)[-1]
    return side.x + 38, box.center[1] + 8


def middle_of(window: BlenderWindow) -> bytes:
    """The pixels in the middle of the viewport."""
    x, y = window.box("VIEW_3D", "WINDOW").center
    return window.screen.picture(Box(x - 120, y - 120, 240, 240)).tobytes()


def test_a_click_on_a_thumbnail_shows_the_result_large(open_window: OpenWindow, service: StandIn) -> None:
    window = open_window(env=connected(service), width_px=WIDE_PX)
    side = window.show_sidebar("Triverse")
    make(window, "A stone bench")
    before, blocks, undone = middle_of(window), window.value(BLOCKS), window.value("bpy.data.is_dirty")

    # Opened: the service's picture, over the viewport, and the sidebar stays.
    window.click(*thumbnail(window, side, "A stone bench"))
    window.wait_for(f"{PREVIEW}.shown is not None")
    window.wait_for(f"not {FETCHER}.is_waiting and len({TEXTURES}._of_sources) == 1")
    settle(window)
    window.save_shot("preview")
    picture = middle_of(window)
    assert picture != before
    x, y = window.box("VIEW_3D", "WINDOW").center
    shown = window.screen.picture(Box(x - 280, y - 280, 1, 1)).getpixel((0, 0))
    with Image.open(window.value(f"{NEWEST}.preview_path")) as delivered:
        assert shown == pytest.approx(delivered.convert("RGB").getpixel((40, 40)), abs=6), "its colours are as they are"
    assert window.value(BLOCKS) == blocks, "nothing is added to the open file"
    assert window.value("bpy.data.is_dirty") == undone
    view = window.box("VIEW_3D", "WINDOW")
    window.wait_text("credits", Box(view.x, view.y + view.height - 120, view.width, 120))

    # Turned: by keys and by dragging, after the views are made by the second Blender.
    window.screen.move(*view.center)
    window.key("Right")
    window.wait_for(f"{PREVIEW}.shown.view == 1")
    window.wait_for(f"not {FETCHER}.is_waiting and len({TEXTURES}._of_sources) == 2")
    settle(window)
    window.save_shot("turned")
    turned = middle_of(window)
    assert turned != picture
    x, y = view.center
    window.drag((x, y), (x - 150, y))
    window.wait_for(f"{PREVIEW}.shown.view != 1")
    settle(window)
    assert middle_of(window) != turned
    distance = window.value("areas()[0][1].spaces.active.region_3d.view_distance")
    window.click(x, y, button=4)
    assert window.value("areas()[0][1].spaces.active.region_3d.view_distance") == distance, "what is below stays"

    # Closed: everything is as it was.
    window.key("Escape")
    window.wait_for(f"{PREVIEW}.shown is None")
    settle(window)
    assert window.value(f"{CONTROL}._handlers == [] and len({TEXTURES}._of_sources) == 0")
    assert window.value(BLOCKS) == blocks

    # A double click shows the model itself.
    window.run(
        """
        layer = bpy.context.window_manager.windows[0].view_layer
        for obj in layer.objects:
            obj.select_set(False, view_layer=layer)
        """
    )
    window.click(*thumbnail(window, side, "A stone bench"), times=2)
    window.wait_for("len(bpy.context.window_manager.windows[0].view_layer.objects.selected) > 0")
    assert window.value(f"{PREVIEW}.shown is None")
    settle(window)
    window.save_shot("shown")

    # Several side by side, each with its title; a click chooses one.
    make(window, "A wooden bench")
    ids = window.value(f"[one.id for one in {SESSION}.engine.tasks()]")
    window.run(
        "with override(): bpy.ops.triverse.preview('INVOKE_DEFAULT', task_ids=ids, titles=titles)",
        ids=",".join(ids),
        titles="Variation 1\nVariation 2",
    )
    window.wait_for(f"not {FETCHER}.is_waiting and len({TEXTURES}._of_sources) == 2")
    settle(window)
    window.save_shot("side-by-side")
    places = window.value(f"{PREVIEW}.shown.places")
    assert len(places) == 2
    chosen = window.value(f"{SESSION}.chosen_id")
    number = 1 - ids.index(chosen)
    left, low, width, height = places[number]
    window.click(round(view.x + left + width / 2), round(view.y + view.height - low - height / 2))
    window.wait_for(f"{SESSION}.chosen_id == task_id", task_id=ids[number])
    settle(window)
    window.save_shot("chosen")
    window.key("Escape")
    window.wait_for(f"{PREVIEW}.shown is None")
    assert "Traceback" not in window.log_text()
