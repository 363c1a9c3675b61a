# SPDX-License-Identifier: GPL-3.0-or-later
"""Many tasks at once, in a real window: selecting with Shift, Ctrl and Ctrl A; renaming, tags, projects, star."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts._dev import stored
from scripts._dev.profiles import copy_profile
from scripts._dev.window import BlenderWindow
from tests.gui.conftest import OpenWindow
from tests.gui.panel import SESSION, button_of_task, connected, settle
from tests.gui.test_list import FILTER, FIRST_NAME, TaskList
from tests.service.server import StandIn
from triverse_addon.tasks.record.record import TaskRecord

COUNT = 120
#: From one row of the list to the next, in pixels.
ROW_PX = 46

SELECTED = f"list({SESSION}.many.selection.ids)"
IDLE = f"not {SESSION}.many.needs_ticks"


class Rows(TaskList):
    """The list, whose rows are clicked with keys held."""

    def click_row(self, number: int, *keys: str, times: int = 1) -> None:
        """Click on the name of a row of those that are seen."""
        x, y = self.place(FIRST_NAME)
        # The mouse has to have left the row that it was over, else the press goes there.
        self.window.screen.move(x, y + number * ROW_PX)
        settle(self.window)
        for key in keys:
            self.window.screen.tool(["xdotool", "keydown", key])
        self.window.click(x, y + number * ROW_PX, times=times)
        for key in keys:
            self.window.screen.tool(["xdotool", "keyup", key])
        settle(self.window)

    def key(self, name: str) -> None:
        """Press a key with the mouse over the list."""
        self.window.screen.move(*self.place((120, 175)))
        settle(self.window)
        self.window.key(name)
        self.window.wait_for(IDLE)
        settle(self.window)

    def selected(self, records: list[TaskRecord]) -> list[int]:
        """The places of the selected tasks in the whole list."""
        ids = self.window.value(SELECTED)
        return [number for number, record in enumerate(records) if record.id in ids]

    def press_icon(self, text: str, from_edge_px: int) -> None:
        """Press an icon in the row of a text of the panel."""
        y = self.window.wait_text(text, self.side).center[1]
        self.window.click(self.side.x + self.side.width - from_edge_px, y)
        settle(self.window)


@pytest.fixture
def service() -> Iterator[StandIn]:
    """The stand-in, twenty times as fast."""
    with StandIn(samples=("1k",), speed=20.0) as standin:
        yield standin


def test_many_tasks_at_once(open_window: OpenWindow, service: StandIn, narrow_template: Path, tmp_path: Path) -> None:
    home = copy_profile(narrow_template, tmp_path / "home")
    records = stored.fill(stored.data_folder(home), COUNT)
    window = open_window(env=connected(service), home=home)
    rows = Rows(window)

    # The price has come, so nothing moves any more.
    window.wait_for(f"not {SESSION}.is_under_way")
    settle(window)

    # Ctrl adds and takes away, Shift selects up to the row, a plain click selects one.
    rows.click_row(0)
    assert rows.selected(records) == [0]
    rows.click_row(2, "ctrl")
    rows.click_row(3, "ctrl")
    assert rows.selected(records) == [0, 2, 3]
    window.wait_text("3 tasks selected", rows.side)
    rows.click_row(3, "ctrl")
    assert rows.selected(records) == [0, 2]
    rows.click_row(5, "shift")
    assert rows.selected(records) == [2, 3, 4, 5]
    rows.click_row(0, "ctrl", "shift")
    assert rows.selected(records) == [0, 1, 2, 3, 4, 5]
    window.save_shot("several")
    rows.click_row(1)
    assert rows.selected(records) == [1]
    assert window.value(f"{SESSION}.chosen_id") == records[1].id

    # A double click renames, and only that.
    rows.click_row(1, times=2)
    window.save_shot("renaming")
    window.screen.type("My own name")
    window.key("Return")
    window.wait_for(f"{SESSION}.engine.store.get(task_id).name == 'My own name'", task_id=records[1].id)

    # Tags for several, a project and a star for one; then all are found by search and filter.
    rows.click_row(3, "shift")
    menu_entry(rows, "Import", "Tags")
    window.save_shot("tags")
    window.screen.type("Stone, for the client")
    window.key("Return")
    press_ok(window)
    window.wait_for(f"{IDLE} and {SESSION}.shown(task_id).tags", task_id=records[3].id)
    rows.click_row(0)
    rows.press_icon("Import Again", 80)
    window.wait_for(f"{SESSION}.shown(task_id).starred", task_id=records[0].id)
    menu_entry(rows, "Import Again", "Organize", "Project")
    window.screen.type("Kitchen")
    window.key("Return")
    press_ok(window)
    window.wait_for(f"{SESSION}.shown(task_id).project == 'Kitchen'", task_id=records[0].id)
    window.save_shot("starred")
    assert rows.search("client STONE") == ["My own name", records[2].name, records[3].name]
    assert rows.search("kitchen") == [records[0].name]
    rows.search("no such thing")
    window.click_text("Show All Tasks", rows.side)
    rows.names()
    choose_group(rows, "Project", "Kitchen (1)")
    assert rows.names() == [records[0].name]
    window.save_shot("project")
    choose_group(rows, "Kitchen", "file 1 (3)")
    assert rows.names() == [one.name for one in records if one.origin.file.endswith("/file 1.blend")]
    rows.window.run("with override(): bpy.ops.triverse.clear_filter()")
    assert len(rows.names()) == 50
    choose_group(rows, "Tag", "Stone (3)")
    assert rows.names() == ["My own name", records[2].name, records[3].name]
    rows.window.run("with override(): bpy.ops.triverse.clear_filter()")
    assert len(rows.names()) == 50

    # Tags are taken off several; of one, the dialog has all.
    rows.click_row(1)
    rows.click_row(3, "shift")
    menu_entry(rows, "Import", "Tags")
    window.screen.type("Stone")
    window.key("Return")
    window.click_text("Remove")
    press_ok(window)
    window.wait_for(f"{IDLE} and {SESSION}.shown(task_id).tags == ('for the client',)", task_id=records[3].id)
    rows.click_row(2)
    menu_entry(rows, button_of_task(window), "Organize", "Tags")
    window.key("ctrl+a")
    window.screen.type("Wood")
    window.key("Return")
    press_ok(window)
    window.wait_for(f"{IDLE} and {SESSION}.shown(task_id).tags == ('Wood',)", task_id=records[2].id)
    rows.click_row(0)

    # Everything that matches, on all pages, by the menu and by key; the button beside the number selects one again.
    menu_entry(rows, "Import Again", "Organize", "Select All")
    assert rows.selected(records) == list(range(COUNT))
    rows.press_icon(f"{COUNT} tasks selected", 58)
    assert len(rows.selected(records)) <= 1
    rows.click_row(1, "shift")
    menu_entry(rows, "Import", "Select All")
    assert rows.selected(records) == list(range(COUNT))
    menu_entry(rows, "Import", "Select None")
    assert len(rows.selected(records)) <= 1
    rows.key("ctrl+a")
    assert rows.selected(records) == list(range(COUNT))
    window.hover()
    window.key("ctrl+a")
    window.key("alt+a")
    assert rows.selected(records) == list(range(COUNT)), "in the viewport, the keys are what they were"
    rows.key("alt+a")
    assert len(rows.selected(records)) <= 1


def menu_entry(rows: Rows, button: str, *entries: str) -> None:
    """Choose from the menu beside the button of the selected tasks, or from a menu in it."""
    rows.window.hover()
    settle(rows.window)
    rows.press_icon(button, 58)
    for entry in entries:
        rows.window.click_text(entry)
        settle(rows.window)


def press_ok(window: BlenderWindow) -> None:
    """Confirm a dialog."""
    settle(window)
    if window.find_text("OK"):
        window.click_text("OK")
    settle(window)


def choose_group(rows: Rows, menu: str, entry: str) -> None:
    """Choose from a menu in the filter's popover."""
    rows.click(FILTER)
    rows.window.wait_for(IDLE)
    rows.window.click_text(menu)
    rows.window.save_shot("filter")
    rows.window.click_text(entry)
    rows.window.key("Escape")
    rows.window.hover()
    settle(rows.window)
