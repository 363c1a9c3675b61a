# SPDX-License-Identifier: GPL-3.0-or-later
"""What a new user meets: no key, online access off, inputs that cannot be used. Each is said, and mended by a click."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts._dev.screen import ROOMY_PX
from tests.gui.conftest import OpenWindow
from tests.gui.panel import (
    NEWEST,
    ROW_PX,
    SESSION,
    UI,
    choose_in_menu,
    connected,
    press,
    settle,
    type_prompt,
    wait_for_stage,
)
from tests.reliability.leaks import files_with_key
from tests.service.server import StandIn

PREFERENCES = f"__import__('sys').modules['{UI}.settings'].preferences()"


@pytest.fixture
def service() -> Iterator[StandIn]:
    """The stand-in, ten times as fast."""
    with StandIn(speed=10.0, samples=("1k",)) as standin:
        yield standin


def test_key_and_online_access_are_set_in_the_panel(open_window: OpenWindow, service: StandIn) -> None:
    window = open_window(width_px=ROOMY_PX)
    side = window.show_sidebar("Triverse")
    window.wait_text("Welcome to Triverse", side)
    window.wait_text("Enter your Triverse API key", side)
    window.wait_text("is switched off in", side)
    window.save_shot("welcome")
    window.click_text("Allow Online Access", side)
    window.wait_for("bpy.context.preferences.system.use_online_access")
    assert window.find_text("Allow Online Access", side) == []

    # The key's field is the last row of the first step, above the head of the second.
    window.run(f"{PREFERENCES}.api_url = url", url=service.url)
    # Blender redraws by itself what was typed, and not what code has set.
    window.redraw()
    window.wait_text("The service is", side)
    x, y = window.wait_text("Going online", side).center
    window.fill_in(x, y - round(1.5 * ROW_PX), service.key)
    window.wait_for(f"{PREFERENCES}.api_key == key", key=service.key)
    assert window.find_text("Enter your Triverse API key", side) == []
    window.wait_for(f"{SESSION} and {SESSION}.price.balance and {SESSION}.price.balance.balance == 10_000")
    assert service.key not in window.text(), "the key is never shown"

    settle(window)
    # The button that fills in an example lies below the last word of its sentence.
    window.click_text("costs.", side, dy=ROW_PX - 7)
    window.wait_for("bpy.context.window_manager.windows[0].scene.triverse.text_to_model.turbo")
    # Blender shortens what is in the field in its middle.
    window.wait_text("A small", side)
    window.wait_text("iron bands", side)
    filled_in = window.value("bpy.context.window_manager.windows[0].scene.triverse.shared.prompt")
    assert filled_in == "A small wooden treasure chest with iron bands"
    window.save_shot("example")
    assert service.state.creations == [], "an example is only filled in"
    window.click_text("Generate", side)
    window.wait_for(f"{SESSION}.engine.tasks()")
    settle(window)
    assert window.find_text("Welcome to Triverse", side) == []
    wait_for_stage(window, "imported")
    assert window.find_text("Welcome to Triverse", side) == []

    # All that Blender leaves behind: preferences, a saved file, the last session, logs. The one place of a typed key
    # are the preferences, and that it is found there shows that the search can find it.
    window.run(
        "with override():\n bpy.ops.wm.save_userpref()\n bpy.ops.wm.save_as_mainfile(filepath=path, compress=False)",
        path=str(window.home / "a chair.blend"),
    )
    window.quit()
    assert {path.name for path in files_with_key(window.scratch)} == {"userpref.blend"}


def test_a_prompt_of_two_letters_is_refused_at_its_field(open_window: OpenWindow, service: StandIn) -> None:
    window = open_window(env=connected(service))
    side = window.show_sidebar("Triverse")
    type_prompt(window, side, "ab")
    window.click_text("Generate", side)
    window.wait_text("must have at least 3", side)
    assert window.value(f"len({SESSION}.engine.tasks())") == 0
    type_prompt(window, side, "A red chair")
    window.run("pass")
    assert window.find_text("must have at least 3", side) == []
    assert service.state.creations == []


def recorder(folder: Path, program: str) -> Path:
    """Make a program that only writes down what it was called with, and return the file it writes to."""
    folder.mkdir()
    calls = folder / "calls"
    (folder / program).write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" >> '{calls}'\n")
    (folder / program).chmod(0o755)
    return calls


def test_a_task_that_failed_says_why_and_is_retried_by_a_click(
    open_window: OpenWindow, service: StandIn, tmp_path: Path
) -> None:
    service.faults.add("create", status=403, code=2010, message="not enough")
    # There is no desktop on the virtual screen: what Blender would have open the folder is written down instead.
    opened = recorder(tmp_path / "programs", "xdg-open")
    env = connected(service) | {"PATH": f"{opened.parent}:{os.environ['PATH']}"}
    window = open_window(env=env, width_px=ROOMY_PX)
    side = window.show_sidebar("Triverse")
    type_prompt(window, side, "A red chair")
    window.click_text("Generate", side)
    window.wait_for(f"{SESSION} and {NEWEST}")
    wait_for_stage(window, "failed")
    window.wait_text("credits", side)
    settle(window)
    # The panel says it in two lines, and the popup, which is wider, in one.
    why = "There are not enough API credits for this. Add credits on the website."
    assert not window.find_text(why)
    choose_in_menu(window, side, "What Happened")
    window.wait_text(why)
    window.save_shot("what-happened")
    window.key("Escape")
    press(window, side, "Retry")
    wait_for_stage(window, "imported")
    assert list(service.state.charged_per_order().values()) == [1]

    settle(window)
    choose_in_menu(window, side, "Open Folder")
    assert opened.read_text().splitlines() == [window.value(f"{NEWEST}.folder")]
