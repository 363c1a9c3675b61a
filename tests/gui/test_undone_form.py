# SPDX-License-Identifier: GPL-3.0-or-later
"""Ctrl Z right after a dialog or a file browser changed the form: that is undone and nothing else, and redone."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts._dev.screen import ROOMY_PX
from scripts._dev.window import BlenderWindow
from tests.gui.conftest import OpenWindow
from tests.gui.panel import (
    COLLECTIONS,
    NEWEST,
    choose_in_submenu,
    connected,
    generate,
    press_right_of,
    settle,
    wait_for_stage,
)
from tests.gui.test_sources import SCENE, picture, service
from tests.service.server import StandIn

__all__ = ["service"]  # a fixture

GIVEN = f"{SCENE}.triverse.shared"
DROP = "with override('VIEW_3D', 'UI'): bpy.ops.triverse.drop('INVOKE_DEFAULT', directory=folder, files=[file])"


def undone_and_redone(window: BlenderWindow, value: str, before: str, after: str, at: float = 1.0) -> None:
    """See that an undo step has one change of the form, which is lost neither with another one nor for ever."""
    assert window.value(value) == after
    window.hover()
    window.key("ctrl+z")
    window.wait_for(f"{value} == before", before=before)
    assert window.value(f"{SCENE}.cursor.location.x") == at, "what was done before is not undone"
    window.key("ctrl+shift+z")
    window.wait_for(f"{value} == after", after=after)


@pytest.fixture
def window(open_window: OpenWindow, service: StandIn) -> BlenderWindow:
    """A window in which something was done before."""
    opened = open_window(env=connected(service), width_px=ROOMY_PX)
    opened.run(
        f"bpy.context.preferences.view.filebrowser_display_type = 'SCREEN'\n{SCENE}.cursor.location.x = 1.0\n"
        "with override(): bpy.ops.ed.undo_push(message='before')"
    )
    return opened


def test_each_change_of_the_form_is_a_step_of_its_own(window: BlenderWindow, tmp_path: Path) -> None:
    side = window.show_sidebar("Triverse")
    press_right_of(window, side, "Text to Model", 77, dy=31)
    window.wait_text("Done")
    window.screen.move(*window.wait_text("Negative Prompt").center)
    x, y = window.find_text("Negative Prompt")[0].center
    window.click(x, y - 27, times=2)
    window.screen.type("A mossy well")
    settle(window)
    window.click_text("Done")
    window.wait_no_text("Done")
    undone_and_redone(window, f"{GIVEN}.prompt", "", "A mossy well")

    chair, table = (str(picture(window, tmp_path / name)) for name in ("chair.png", "table.png"))
    window.run(DROP, folder=str(tmp_path), file={"name": "chair.png"})
    undone_and_redone(window, f"{GIVEN}.image_file", "", chair)

    settle(window)
    press_right_of(window, side, "Image to Model", 77, dy=31)
    window.click_text("table.png", times=2)
    window.wait_for(f"{GIVEN}.image_file == path", path=table)
    settle(window)
    undone_and_redone(window, f"{GIVEN}.image_file", chair, table)


def test_an_order_by_a_dialog_is_a_step_of_the_form(window: BlenderWindow, service: StandIn) -> None:
    """That of the panel's own button changes nothing of the form, and is none."""
    generate(window, "A jar tris:1k")
    wait_for_stage(window, "imported")
    service.state.clock.speed = 0
    settle(window)
    window.run(f"{SCENE}.cursor.location.x = 2.0\nwith override(): bpy.ops.ed.undo_push(message='after')")
    choose_in_submenu(window, window.sidebar(), "Make From This", "Remesh Model")
    window.wait_text("Polygon Limit")
    window.key("Return")
    window.wait_for(f"{NEWEST}.flow == 'model-remesh'")
    undone_and_redone(window, f"{SCENE}.triverse.flow", "text-to-model", "model-remesh", at=2.0)
    assert window.value(COLLECTIONS)[0] == "A jar tris:1k"

    window.run("with override(): bpy.ops.triverse.add_from_text('INVOKE_DEFAULT')")
    window.screen.move(*window.wait_text("Model from Text").center)
    window.screen.type("A mossy well")
    window.key("Return")
    settle(window)
    window.key("Return")
    window.wait_for(f"{NEWEST}.params.get('prompt') == 'A mossy well'")
    undone_and_redone(window, f"{GIVEN}.prompt", "A jar tris:1k", "A mossy well", at=2.0)
