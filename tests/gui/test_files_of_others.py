# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures under any name in the file dialog, and files outside a table's folder, by mouse in a real window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from scripts._dev.screen import ROOMY_PX
from tests.gui.conftest import OpenWindow
from tests.gui.panel import SESSION, connected, settle
from tests.gui.test_batch_panel import open_panel
from tests.service.server import StandIn

SCENE = "bpy.context.window_manager.windows[0].scene"
BATCH = f"{SESSION}.batch"


@pytest.fixture
def service() -> Iterator[StandIn]:
    """The stand-in, ten times as fast."""
    with StandIn(speed=10.0, samples=("1k",)) as standin:
        yield standin


@pytest.mark.kind("picture-content")
def test_a_picture_without_a_suffix_is_chosen_with_all_files(
    open_window: OpenWindow, service: StandIn, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    Image.new("RGB", (64, 64), "red").save(folder / "oakchair", "JPEG")
    Image.new("RGB", (64, 64), "red").save(folder / "table.jfif", "JPEG")
    window = open_window(env=connected(service), width_px=ROOMY_PX)
    window.run("bpy.context.preferences.view.filebrowser_display_type = 'SCREEN'")
    window.run(f"{SCENE}.triverse.flow = 'image-to-model'")
    window.run(
        "with override(): bpy.ops.triverse.choose_file('INVOKE_DEFAULT', field='image_file', filepath=path)",
        path=f"{folder}/",
    )
    params = "areas('FILE_BROWSER')[0][1].spaces.active.params"
    window.wait_for(f"areas('FILE_BROWSER') and {params} is not None")
    window.run(f"{params}.display_type = 'LIST_VERTICAL'")
    settle(window)
    # Typed, its field would stay open in 5.2.2, and the next click would only close it.
    window.run(f"{params}.directory = folder.encode()", folder=f"{folder}/")
    settle(window)
    grid = window.box("FILE_BROWSER", "WINDOW")
    window.wait_text("table.jfif", grid)
    assert not window.find_text("oakchair", grid)
    window.save_shot("by-name")
    window.click_text("All Files")
    settle(window)
    x, y = window.wait_text("oakchair", grid).center
    window.save_shot("all-files")
    while window.value("len(areas('FILE_BROWSER'))"):
        window.click(x, y, times=2)
        settle(window)
    assert window.value(f"{SCENE}.triverse.shared.image_file") == str(folder / "oakchair")
    assert "Traceback" not in window.log_text()


@pytest.mark.kind("foreign-tables")
def test_files_outside_are_allowed_after_a_question(open_window: OpenWindow, service: StandIn, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    Image.new("RGB", (64, 64), "red").save(tmp_path / "elsewhere.png")
    (work / "props.csv").write_text("image,polygon_limit\n../elsewhere.png,1000\n", encoding="utf-8")
    window = open_window(env=connected(service))
    side = open_panel(window)
    window.run(
        "with override(): bpy.ops.triverse.batch_choose('EXEC_DEFAULT', filepath=path)", path=str(work / "props.csv")
    )
    window.wait_for(f"{BATCH}.phase == 'checked'")
    settle(window)
    window.wait_text("Allow Files Outside", side)
    window.save_shot("asked")
    window.click_text("Allow Files Outside", side)
    window.wait_text("Open These Files, and Send Them with the Batch?")
    window.wait_text("It lies outside the folder, and is not opened until you allow it:")
    window.save_shot("question")
    window.key("Return")
    window.wait_for(f"{BATCH}.phase == 'checked' and not {BATCH}.checked.problems")
    settle(window)
    assert not window.find_text("Allow Files Outside", side)
    window.save_shot("allowed")
    assert "Traceback" not in window.log_text()
