# SPDX-License-Identifier: GPL-3.0-or-later
"""
A batch in a real window: problems shown, run after a question, stopped, gone on with, Blender killed in the middle,
opened again, gone on with to the end, and every row paid once.

One: ``python scripts/test.py tests/gui/test_batch_panel.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts._dev.pictures import Box
from scripts._dev.screen import WIDE_PX
from scripts._dev.window import BlenderWindow
from tests.gui.conftest import OpenWindow
from tests.gui.panel import COLLECTIONS, SESSION, connected, settle
from tests.service.server import StandIn

BATCH = f"{SESSION}.batch"
LIBRARIES = "bpy.context.preferences.filepaths.asset_libraries"
ROWS = "name,prompt,polygon_limit,catalog\n" + "".join(
    f"{name},a {name.lower()},1000,Props\n" for name in ("Chair", "Table", "Lamp", "Stool", "Shelf", "Vase")
)
BAD = ROWS + "Short,ab,5,\nLost,,1000,\n"


@pytest.fixture
def service() -> Iterator[StandIn]:
    """The stand-in with small models, too slow for anything to end by itself."""
    with StandIn(speed=0.01, samples=("1k",)) as standin:
        yield standin


def open_panel(window: BlenderWindow) -> Box:
    """Open the sidebar and unfold the batch alone, as Ctrl and a click on its header do, so that all of it is seen."""
    side = window.show_sidebar("Triverse")
    press = ["mousedown", "1", "sleep", "0.05", "mouseup", "1"]
    # The panels above grow while prices come in, and a click that was aimed before goes beside the header.
    # A press of Ctrl may come too late, too: then the other panels are still open.
    while window.find_text("Generate", side) or not (
        window.find_text("Choose File", side) or window.find_text("props-library", side)
    ):
        settle(window)
        if not window.find_text("Batch", side):
            # Below what the sidebar has room for, until the list is folded.
            window.click_text("Tasks", side)
            continue
        window.screen.move(*window.wait_text("Batch", side).center)
        window.redraw()
        window.screen.tool(["xdotool", "keydown", "ctrl", "sleep", "0.1", *press, "sleep", "0.1", "keyup", "ctrl"])
        settle(window)
    # What the mouse is over is drawn too light to be read, and it may now be over any of the batch's buttons.
    window.hover()
    settle(window)
    return side


def choose(window: BlenderWindow, path: Path) -> None:
    """Choose a file as its browser does when it closes."""
    window.run("with override(): bpy.ops.triverse.batch_choose('EXEC_DEFAULT', filepath=path)", path=str(path))
    window.wait_for(f"{BATCH}.phase == 'checked' and {BATCH}.cost() is not None")
    settle(window)


def choose_by_clicks(window: BlenderWindow, path: Path) -> None:
    """Go to the folder in the open file browser, and double-click on the file."""
    params = "areas('FILE_BROWSER')[0][1].spaces.active.params"
    window.wait_for(f"areas('FILE_BROWSER') and {params} is not None")
    settle(window)
    window.fill_in(*window.box("FILE_BROWSER", "UI").center, f"{path.parent}/")
    x, y = window.wait_text(path.name, window.box("FILE_BROWSER", "WINDOW")).center
    window.save_shot("browser")
    while window.value("len(areas('FILE_BROWSER'))"):
        # What is clicked on while the list is still being filled is let go.
        window.click(x, y, times=2)
        settle(window)
    window.wait_for(f"{BATCH}.phase == 'checked' and {BATCH}.cost() is not None")
    settle(window)


def ended(window: BlenderWindow) -> None:
    window.wait_for(f"not {BATCH}.is_running and {BATCH}.phase == 'checked'")
    settle(window)


def test_a_batch_is_checked_run_stopped_killed_and_ends_complete(
    open_window: OpenWindow, service: StandIn, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    path, library = work / "props.csv", work / "props-library"
    window = open_window(env=connected(service), width_px=WIDE_PX)
    side = open_panel(window)
    window.wait_text("Choose File", side)
    window.save_shot("empty")

    path.write_text(BAD, encoding="utf-8")
    choose(window, path)
    window.wait_text("Nothing is sent until", side)
    window.wait_text("Line 8", side)
    window.save_shot("problems")
    assert not window.find_text("Run", side)
    assert service.state.creations == []
    assert not library.exists()

    path.write_text(ROWS, encoding="utf-8")
    choose(window, path)
    window.wait_text("6 rows cost 120 credits", side)
    window.run("bpy.context.window_manager.triverse.batch_jobs = 2")
    settle(window)
    window.save_shot("checked")
    window.click_text("Run", side)
    window.wait_text("Make 6 Models for 120 Credits?")
    window.save_shot("question")
    window.key("Escape")
    assert service.state.creations == [], "a click alone costs nothing"
    window.click_text("Run", side)
    window.wait_text("Make 6 Models for 120 Credits?")
    window.click_text("Make Them")
    window.wait_for(f"{BATCH}.progress and {BATCH}.progress.under_way == 2")
    window.wait_text("4 waiting", side)
    window.save_shot("running")

    window.click_text("Stop Batch", side)
    ended(window)
    assert len(service.state.creations) == 2
    window.wait_text("Continue", side)
    window.save_shot("stopped")
    window.click_text("Continue", side)
    window.wait_for(f"{BATCH}.phase == 'running'")
    # The next two are ordered, and their answers never come: however fast the machine is, it is killed in the middle.
    service.faults.add("create", delay_answer_s=600, times=None)
    service.state.clock.speed = 40.0
    window.wait_for(f"{BATCH}.progress.done == 2")
    window.kill()
    service.faults.clear()

    again = open_window(env=connected(service), home=window.home, width_px=WIDE_PX)
    side = open_panel(again)
    again.wait_text("props.csv", side)
    again.wait_text("Continue", side)
    settle(again)
    again.save_shot("offered")
    service.state.clock.speed = 40.0
    again.click_text("Continue", side)
    again.wait_for(f"{BATCH}.phase == 'running'")
    ended(again)
    again.wait_text("6 done", side)
    again.wait_text("Show in Asset Browser", side)
    again.save_shot("ended")
    assert sorted(one.stem for one in library.glob("*.blend")) == ["chair", "lamp", "shelf", "stool", "table", "vase"]
    assert (library / "contact-sheet.html").is_file()
    assert list(service.state.charged_per_order().values()) == [1] * 6
    assert again.value(COLLECTIONS) == [], "nothing comes into the user's scene"
    again.click_text("Show in Asset Browser", side)
    again.wait_for(f"any(one.path == library for one in {LIBRARIES})", library=str(library))
    assert not service.state.leaks


def test_a_file_chosen_by_clicks_is_made_whatever_the_user_does_meanwhile(
    open_window: OpenWindow, service: StandIn, tmp_path: Path
) -> None:
    """Undo and redo, File > Open and New, the batch's window closed: it goes on, and each row is paid once."""
    work = tmp_path / "work"
    work.mkdir()
    path, library, other = work / "props.csv", work / "props-library", work / "other.blend"
    path.write_text(ROWS, encoding="utf-8")
    window = open_window(env=connected(service), width_px=WIDE_PX)
    window.run("bpy.ops.wm.save_as_mainfile(filepath=path, copy=True)", path=str(other))
    # As an area over the window: without a window manager, 5.2.2 opens a window half off the screen.
    window.run("bpy.context.preferences.view.filebrowser_display_type = 'SCREEN'")
    side = open_panel(window)
    window.click_text("Choose File", side)
    choose_by_clicks(window, path)
    window.wait_text("6 rows cost 120 credits", side)
    window.run("bpy.context.window_manager.triverse.batch_jobs = 2")
    settle(window)
    window.click_text("Run", side)
    window.wait_text("Make 6 Models for 120 Credits?")
    window.click_text("Make Them")
    window.wait_for(f"{BATCH}.progress and {BATCH}.progress.under_way == 2")

    window.run("with override(): bpy.ops.mesh.primitive_cube_add(); bpy.ops.ed.undo_push(message='Add Cube')")
    window.hover()
    window.key("ctrl+z")
    window.wait_for("len(bpy.data.meshes) == 1")
    window.key("ctrl+shift+z")
    window.wait_for("len(bpy.data.meshes) == 2")
    goes_on_with(window, service, 1)

    window.run("with override(): bpy.ops.wm.open_mainfile(filepath=path)", path=str(other))
    window.wait_for("bpy.data.filepath == path", path=str(other))
    goes_on_with(window, service, 2)

    window.run("with override(): bpy.ops.wm.window_new_main()")
    window.wait_for("len(bpy.context.window_manager.windows) == 2")
    window.run("with override(): bpy.ops.wm.window_close()")
    window.wait_for("len(bpy.context.window_manager.windows) == 1")
    goes_on_with(window, service, 3)

    window.run("with override(): bpy.ops.wm.read_homefile()")
    window.wait_for("bpy.data.filepath == ''")
    side = open_panel(window)
    window.save_shot("in-another-file")
    window.wait_text("Stop Batch", side)
    service.state.clock.speed = 40.0
    ended(window)
    window.wait_text("6 done", side)
    assert len(list(library.glob("*.blend"))) == 6
    assert list(service.state.charged_per_order().values()) == [1] * 6
    assert window.value(COLLECTIONS) == [], "nothing comes into the user's scene"
    assert "Traceback" not in window.log_text()
    assert not service.state.leaks


def goes_on_with(window: BlenderWindow, service: StandIn, rows_done: int) -> None:
    """Have the service end one more task: its model comes into the library, and the batch is still running then."""
    uuid = next(uuid for uuid, task in service.state.tasks.items() if not task.settled)
    service.state.finish(uuid)
    window.wait_for(f"{BATCH}.progress.done == rows_done", rows_done=rows_done)
    assert window.value(f"{BATCH}.is_running")
