# SPDX-License-Identifier: GPL-3.0-or-later
"""The details of a task as they can be read in a real window, and what a click on them does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts._dev.window import BlenderWindow
from tests.gui.conftest import OpenWindow
from tests.gui.panel import NEWEST, SESSION, connected, press, settle, wait_for_stage
from tests.service.server import StandIn

WHEEL_DOWN = 5
SCENE = "bpy.context.window_manager.windows[0].scene"


@pytest.fixture
def service() -> Iterator[StandIn]:
    """The stand-in, ten times as fast."""
    with StandIn(speed=10.0, samples=("20k",), usual_sample="20k") as standin:
        yield standin


def picture(window: BlenderWindow, path: Path) -> Path:
    """A picture of 1200 px in bright colours, too large to be decoded where the panel is drawn."""
    window.run(
        """
        image = bpy.data.images.new("made", 1200, 1200)
        image.generated_type = "COLOR_GRID"
        image.pixels[0]
        image.file_format = "PNG"
        image.save(filepath=path)
        bpy.data.images.remove(image)
        """,
        path=str(path),
    )
    return path


def test_the_details_of_a_task_are_read_and_used(open_window: OpenWindow, service: StandIn, tmp_path: Path) -> None:
    window = open_window(env=connected(service))
    side = window.show_sidebar("Triverse")
    path = picture(window, tmp_path / "armchair.png")
    window.run(f"{SCENE}.triverse.flow = 'image-to-model'\n{SCENE}.triverse.shared.image_file = path", path=str(path))
    settle(window)
    service.faults.add("asset", times=1, status=503)
    window.click_text("Generate", side)
    window.wait_for(f"{SESSION} and {NEWEST}")
    wait_for_stage(window, "imported")
    settle(window)
    # Room for all of it.
    press(window, side, "Triverse")
    press(window, side, "Details")
    window.wait_for(f"{SESSION}.details.pictures.path(path)", path=str(path))
    window.wait_for(f"not {SESSION}.details.is_waiting and not {SESSION}.thumbnails.is_loading")
    shown = window.value(f"len({SESSION}.thumbnails._order)")
    assert shown == 4, "the result, and the picture it was made from: in its row before, in the details, in the field"
    settle(window)
    window.save_shot("details")
    for text in ("Image to Model", "armchair.png", "1,000,000", "1024 px"):
        window.wait_text(text, side)
    window.screen.click(*side.center, button=WHEEL_DOWN, times=30)
    settle(window)
    window.save_shot("details-below")
    for text in ("credits", "20,000", "What Happened", "storage", "Finished by the service"):
        window.wait_text(text, side)
    uuid = window.value(f"{NEWEST}.task_uuid")
    window.run("bpy.context.window_manager.clipboard = ''")
    # Names are drawn too dim to be read: from the count of triangles, the button is two rows further down.
    y = window.wait_text("20,000", side).center[1]
    window.click(side.x + side.width - 58, y + 45)
    window.wait_for("bpy.context.window_manager.clipboard == uuid", uuid=uuid)
