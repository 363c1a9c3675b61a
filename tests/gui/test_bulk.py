# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to several selected tasks at once, and the preferences that pay and tell, set with the mouse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts._dev.pictures import Box
from scripts._dev.screen import ROOMY_PX
from scripts._dev.window import BlenderWindow
from tests.gui.conftest import OpenWindow
from tests.gui.panel import (
    COLLECTIONS,
    NEWEST,
    SESSION,
    UI,
    connected,
    generate,
    press,
    press_right_of,
    settle,
    show_preferences,
    wait_for_stage,
)
from tests.service.server import StandIn

TASKS = f"({SESSION}.engine.tasks() if {SESSION} else [])"
STAGES = f"sorted(one.stage.value for one in {TASKS})"
PREFERENCES = f"__import__('sys').modules['{UI}.settings'].preferences()"
#: From one row of the list to the next, in pixels, and from the title to the first row.
ROW_PX, FIRST_PX = 46, 78
#: From the right edge of the preferences to the button that chooses the download folder, left of the one that opens it.
FOLDER_PX = 60
#: The same for the button that moves the list, which is the last one in its row.
MOVE_PX = 35


@pytest.fixture
def service() -> Iterator[StandIn]:
    """The stand-in, twenty times as fast."""
    with StandIn(samples=("1k",), speed=20.0) as standin:
        yield standin


def test_several_are_imported_retried_put_away_and_removed(open_window: OpenWindow, service: StandIn) -> None:
    window = open_window(env=connected(service))
    side = window.show_sidebar("Triverse")
    window.run(f"{PREFERENCES}.auto_import = False")
    for name in ("A bench", "A lamp", "A table"):
        window.run(
            "scene = bpy.context.window_manager.windows[0].scene\n"
            "scene.triverse.shared.prompt = prompt\n"
            "with override(): bpy.ops.triverse.generate()",
            prompt=f"{name} tris:1k hold",
        )
        window.wait_for(f"any(one.name.startswith(name) and one.task_uuid for one in {TASKS})", name=name)
    ids = window.value(f"[one.task_uuid for one in {TASKS}]")
    service.state.finish(ids[0], "FAILED")
    for task in ids[1:]:
        service.state.finish(task)
    window.wait_for(f"{STAGES} == ['failed', 'ready', 'ready']")
    window.click_text("Triverse", side)
    settle(window)

    select_all(window)
    window.wait_text("3 tasks selected", side)
    window.save_shot("selected")
    press_for_all(window, "Import")
    window.wait_for(f"{STAGES} == ['failed', 'imported', 'imported']")
    window.wait_for(f"len({COLLECTIONS}) == 2")

    # It asks first, and Esc leaves everything as it was.
    press_for_all(window, "Retry")
    window.wait_text("Retry 3 Tasks?")
    window.save_shot("retry")
    window.key("Escape")
    settle(window)
    assert window.value(STAGES) == ["failed", "imported", "imported"]
    press_for_all(window, "Retry")
    window.wait_text("Retry 3 Tasks?")
    window.key("Return")
    window.wait_for(f"'failed' not in {STAGES} and all(one.task_uuid for one in {TASKS})")
    (again,) = (uuid for uuid in window.value(f"[one.task_uuid for one in {TASKS}]") if uuid not in ids)
    service.state.finish(again)
    window.wait_for(f"{STAGES} == ['imported', 'imported', 'ready']")
    assert sorted(service.state.charged_per_order().values()) == [1, 1, 1, 1], "once each; one was failed"

    # Out of sight and back.
    show = "bpy.context.window_manager.triverse.show = value"
    away = f"[one.put_away for one in {TASKS}]"
    press_right_of(window, side, "tasks selected", 58, dy=31)
    window.click_text("Put Selected Away")
    window.wait_for(f"{away} == [True] * 3 and not {SESSION}.many.selection.is_several")
    window.run(show, value="PUT_AWAY")
    select_all_by_key(window)
    window.wait_text("3 tasks selected", side)
    window.save_shot("away")
    press_right_of(window, side, "tasks selected", 58, dy=31)
    window.click_text("Bring Selected Back")
    window.wait_for(f"{away} == [False] * 3")
    window.run(show, value="ALL")
    select_all_by_key(window)
    window.wait_text("3 tasks selected", side)

    # Off the list with their files, by a tick; what is in the scene stays.
    folders = [Path(one) for one in window.value(f"[one.folder for one in {TASKS}]")]
    assert all(folder.is_dir() for folder in folders)
    press_right_of(window, side, "tasks selected", 58, dy=31)
    window.click_text("Take Selected off the List")
    settle(window)
    tick = window.wait_text("Delete Their Files")
    window.click(*tick.center)
    settle(window)
    window.save_shot("remove")
    # The title of the dialog is nearly the same, and the button's underlined letter is misread.
    window.click(tick.x + 373, tick.center[1] + 37)
    window.wait_for(f"not {TASKS} and not {SESSION}.many.needs_ticks")
    assert not any(folder.exists() for folder in folders)
    assert len(window.value(COLLECTIONS)) == 2
    assert "Traceback" not in window.log_text()


def press_for_all(window: BlenderWindow, text: str) -> None:
    """Press a button below the number of selected tasks. Rows hold the same words."""
    side = window.sidebar()
    settle(window)
    top = window.wait_text("3 tasks selected", side).y + 20
    press(window, Box(side.x, top, side.width, 50), text)


def select_all_by_key(window: BlenderWindow) -> None:
    """Press Ctrl A with the mouse over the tab: a notice and a filter have moved the rows."""
    settle(window)
    window.screen.move(*window.wait_text("Tasks", window.sidebar()).center)
    window.key("ctrl+a")


def select_all(window: BlenderWindow) -> None:
    """Click on the first row, and on the third with Shift held."""
    side = window.sidebar()
    for number, key in ((0, ""), (2, "shift")):
        title = window.wait_text("Tasks", side).center[1]
        window.screen.move(side.x + 150, title + FIRST_PX + number * ROW_PX)
        settle(window)
        if key:
            window.screen.tool(["xdotool", "keydown", key])
        window.click(side.x + 150, title + FIRST_PX + number * ROW_PX)
        if key:
            window.screen.tool(["xdotool", "keyup", key])
        settle(window)
    window.hover()
    settle(window)


def choose_folder(window: BlenderWindow, whole: Box, row: str, from_edge_px: int, folder: Path, accept: str) -> None:
    """Click on the button in a row of the preferences that opens the file browser, and choose a folder there."""
    button = window.wait_text(row, whole).center[1]
    window.click(whole.x + whole.width - from_edge_px, button)
    params = "areas('FILE_BROWSER')[0][1].spaces.active.params"
    window.wait_for(f"areas('FILE_BROWSER') and {params} is not None")
    window.run(f"{params}.directory = folder.encode()", folder=f"{folder}/")
    settle(window)
    window.click_text(accept)


def test_preferences_that_pay_and_tell(open_window: OpenWindow, service: StandIn, tmp_path: Path) -> None:
    window = open_window(env=connected(service), width_px=ROOMY_PX)
    window.show_sidebar("Triverse")
    whole = show_preferences(window)

    # The test of the key says whose it is.
    window.click_text("Test Key", whole)
    window.wait_text("The key works", whole)
    # In one line: there is room for it.
    window.wait_text("It belongs to artist@example.com, with 10,000 API credits", whole, limit_s=20)
    window.save_shot("key")

    ticks = {"Notification": "notify_when_done", "Sound": "sound_when_done", "Separate Data": "separate_data"}
    assert not any(window.value(f"{PREFERENCES}.{name}") for name in ticks.values())
    for label, name in ticks.items():
        window.click_text(label, whole)
        window.wait_for(f"{PREFERENCES}.{name}")
    x = whole.x + whole.width * 2 // 3
    numbers = {"Ask Above Credits": ("ask_above_credits", 35), "Monthly Limit": ("monthly_limit", 500)}
    for label, (name, number) in numbers.items():
        window.fill_in(x, window.wait_text(label, whole).center[1], str(number))
        window.wait_for(f"{PREFERENCES}.{name} == {number}")
    window.save_shot("set")
    window.click_text("Notification", whole)
    window.wait_for(f"not {PREFERENCES}.notify_when_done")

    # A folder is chosen in Blender's file browser. Beside the open file, too, it is kept with its whole path.
    window.run("bpy.context.preferences.view.filebrowser_display_type = 'SCREEN'")
    window.run(
        "with override('PREFERENCES'): bpy.ops.wm.save_as_mainfile(filepath=path)", path=str(tmp_path / "a.blend")
    )
    models = tmp_path / "models"
    models.mkdir()
    choose_folder(window, whole, "Download Folder", FOLDER_PX, models, "Accept")
    window.wait_for(f"{PREFERENCES}.download_dir.rstrip('/') == folder", folder=str(models))
    window.run("areas('PREFERENCES')[0][1].type = 'VIEW_3D'")
    assert "Traceback" not in window.log_text()

    # All of it is there after a restart, without being saved by hand, and is what an order goes by.
    window.quit()
    again = open_window(env=connected(service), home=window.home, width_px=ROOMY_PX)
    kept = again.value(f"[getattr({PREFERENCES}, name) for name in names]", names=[*ticks.values(), "download_dir"])
    assert kept == [False, True, True, f"{models}/"]
    assert again.value(f"[{PREFERENCES}.ask_above_credits, {PREFERENCES}.monthly_limit]") == [35, 500]
    # With a limit, an order whose price is not known yet is asked about.
    again.run(f"{PREFERENCES}.ask_above_credits = {PREFERENCES}.monthly_limit = 0")
    generate(again, "A red chair")
    wait_for_stage(again, "imported")
    assert [path.name for path in models.glob("*/model.glb")] == ["model.glb"]

    # The list of tasks is moved by its button, and goes on from there. What lies in the download folder stays in it.
    old = Path(again.value(f"str({SESSION}.engine.settings.data_dir)"))
    new = tmp_path / "big disk"
    new.mkdir()
    whole = show_preferences(again)
    choose_folder(again, whole, "List and Models", MOVE_PX, new, "Move List and Models")
    again.wait_for(f"{SESSION} and {NEWEST} and str({SESSION}.engine.settings.data_dir) == folder", folder=str(new))
    assert (new / "tasks.sqlite3").is_file()
    assert not (old / "tasks.sqlite3").exists()
    again.run("areas('PREFERENCES')[0][1].type = 'VIEW_3D'")
    press(again, again.show_sidebar("Triverse"), "Import Again")
    again.wait_for(f"len({COLLECTIONS}) == 2")
    assert len(service.state.creations) == 1
