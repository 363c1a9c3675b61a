# SPDX-License-Identifier: GPL-3.0-or-later
"""
What the tests of every menu share: the window with its panel, which menus have a test, what they need to be of use.

One thread per window. Never imports ``bpy``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from fnmatch import fnmatch
from typing import NamedTuple, TypeVar

import pytest

from scripts._dev.pictures import Box
from scripts._dev.window import BlenderWindow
from tests.gui.menus import Account, Mouse, Place
from tests.gui.panel import SESSION, UI, button_of_task, settle
from tests.service.server import StandIn

SCENE = "bpy.context.window_manager.windows[0].scene"
GIVEN = f"{SCENE}.triverse"
PREFERENCES = f"__import__('sys').modules['{UI}.settings'].preferences()"
MANAGER = "bpy.context.window_manager.triverse"
TOTAL = f"{SESSION}.pager.page.total"
COUNT = 120
"""Tasks of the user: three pages of the list."""

Test = TypeVar("Test", bound=Callable[..., None])
COVERED: list[str] = []


def uses(*names: str) -> Callable[[Test], Test]:
    """Mark a test as the one that chooses every entry of these (``*`` as in file names)."""
    COVERED.extend(names)

    def mark(test: Test) -> Test:
        return test

    return mark


class Stage(NamedTuple):
    """One window with the panel open."""

    window: BlenderWindow
    service: StandIn
    side: Box
    mouse: Mouse
    menus: dict[str, list[str]]

    @property
    def part(self) -> Box:
        """Where menus of the sidebar unfold: over it, and to its left and right."""
        return Box(self.side.x - 130, self.side.y, self.window.screen.whole.width - self.side.x + 130, self.side.height)

    def place(self, text: str) -> tuple[int, int]:
        """Where a text of the panel is."""
        self.mouse.look_away()
        return self.window.wait_text(text, self.side).center

    def names(self, pattern: str) -> list[str]:
        """The menus of that name."""
        return [name for name in self.menus if fnmatch(name, pattern)]


def choose_task(window: BlenderWindow, task_id: str) -> None:
    """Have a task's state and its button below the list."""
    window.run(f"import sys; sys.modules['{UI}.state.list_rows'].choose({SESSION}, task_id)", task_id=task_id)


def labels_of(window: BlenderWindow, group: str, name: str) -> dict[str, str]:
    """What each entry of an enum says."""
    labels = window.value(
        f"{{one.identifier: one.name for one in ({group}).bl_rna.properties[name].enum_items}}", name=name
    )
    assert isinstance(labels, dict)
    return labels


RAN = "(state['ran'] or [['', {}]])[-1]"
"""The operator that was run last, and its properties."""


def ready_sources(stage: Stage) -> None:
    """Have an image, a render, and the path of a picture in the clipboard."""
    path = stage.window.scratch / "copied.png"
    stage.window.run(
        f"""
        image = bpy.data.images.new("Copied", 48, 32)
        image.pixels[0]
        image.file_format = "PNG"
        image.save(filepath=path)
        scene = {SCENE}
        scene.render.engine = "BLENDER_WORKBENCH"
        scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 80, 40, 100
        with override():
            bpy.ops.render.render()
        bpy.context.window_manager.clipboard = path
        """,
        path=str(path),
    )


def is_run(entry: str) -> str:
    """An expression in Blender that is true when an operator was the last that was run; "alone" is said behind it."""
    name, _, alone = entry.partition(" ")
    return f"{RAN}[0] == {name!r} and {RAN}[1].get('alone', False) == {bool(alone)}"


SOURCES = {
    "triverse.paste_picture": "Paste Picture",
    "triverse.capture_viewport": "Capture Viewport",
    "triverse.capture_selection": "Capture Selection",
    "triverse.capture_selection alone": "Capture Selection Alone",
    "triverse.capture_rectangle": "Capture Rectangle",
    "triverse.use_render": "Use Last Render",
    "triverse.use_image": "Use Image",
}
ORDERED_PICTURE = {"triverse.picture_from_words": "Picture from Words"}
"""What the menu of pictures has besides."""

WAITING = {"triverse.use_image", "triverse.capture_rectangle", "triverse.picture_from_words"}
"""Those that wait for more: a dialog, and a drag."""

SET_BY_CODE_ONLY = {"triverse.choose_file.display_type"}
"""How Blender's file browser opens."""

ELSEWHERE = {
    "triverse.select_tasks.action": "test_many.py",
    "triverse.filter_by.kind": "test_many.py",
    "triverse.edit_tags.mode": "test_many.py",
    "TRIVERSE_MT_tasks": "test_many.py",
    "TRIVERSE_MT_projects": "test_many.py",
    "TRIVERSE_MT_tags": "test_many.py",
    "TRIVERSE_PT_rename": "test_many.py",
    "TRIVERSE_PT_spending": "test_paying.py",
    "TRIVERSE_MT_pie": "test_around.py",
}
"""What is opened by mouse in other files. Of its entries, those are chosen there that its work needs."""

KNOWN_VALUES = {
    "polygon_limit": ("text-to-model", "Polygon Limit"),
    "model_version": ("image-to-model", "Model Version"),
    "output_format": ("convert-model-format", "Format"),
}


def choose_known_values(stage: Stage, account: Account) -> None:
    """Choose every entry of the menus of known values, and from each the way to others."""
    window = stage.window
    stage.mouse.click(stage.place("Options"))
    for field, (flow, label) in KNOWN_VALUES.items():
        window.run(f"{GIVEN}.flow = flow", flow=flow)
        settle(window)
        menu = f"TRIVERSE_MT_value_{field}"
        kept = f"{GIVEN}.{flow.replace('-', '_')}.{field}"
        # Below the title of the options: what is above may say the same word.
        top = stage.place("Options")[1]
        side = stage.side
        y = window.wait_text(label, Box(side.x, top + 12, side.width, side.y + side.height - top - 12)).center[1]
        labels = {one: one for one in stage.menus[menu]}

        def is_chosen(entry: str, kept: str = kept) -> str:
            other = is_run("triverse.other_value")
            return other if entry.startswith("Other") else f"str({kept}) == {entry.replace(',', '')!r}"

        button = (stage.side.x + stage.side.width * 2 // 3, y)
        for entry in stage.mouse.choose_each(button, stage.part, labels, is_chosen, order=[*labels]):
            account.note(menu, entry)
            if entry.startswith("Other"):
                # The first Escape ends typing, the second closes the dialog.
                leave(stage)
                leave(stage)


IMPORTED = {
    "triverse.show_imported": "Show in Viewport",
    "triverse.import_task": "Import",
    "triverse.import_task bare": "Import Geometry Only",
    "triverse.place": "Place in Viewport",
    "triverse.place_at_cursor": "Place at 3D Cursor",
    "triverse.replace_imported": "Replace Imported",
    "triverse.replace_imported bare": "Replace by Geometry Only",
    "triverse.open_folder": "Open Folder",
    "triverse.copy_uuid": "Copy Task UUID",
    "triverse.forget": "Take off the List",
    "triverse.work_on_result": "Work on Result",
    "triverse.put_away": "Put Away",
}
"""The entries of the menu of a task, for one that is imported."""

ORGANIZE = {
    "triverse.star": "Favourite",
    "triverse.edit_tags": "Tags",
    "triverse.set_project": "Project",
    "triverse.rename_task": "Rename",
    "triverse.import_ready": "Import All Ready",
    "triverse.select_tasks": "Select All",
}
"""The entries of the menu in it that puts tasks in order."""

MAKE_FROM = {
    "triverse.make_from texture-model": "Texture from Image",
    "triverse.make_from text-to-texture": "Texture from Text",
    "triverse.make_from model-remesh": "Remesh Model",
    "triverse.make_from convert-model-format": "Convert Format",
    "triverse.preview_renders": "Preview Renders",
    "triverse.refine": "Refine",
    "triverse.regenerate": "Use These Inputs Again",
}
"""The entries of the menu in it of what can be made from a task."""
MAKE_FROM_PICTURE = {"triverse.model_from_picture": "Model from This Picture"}
"""What the same menu has for a task that has made a picture."""


DIALOGS = (
    "triverse.forget",
    "triverse.show_error",
    "triverse.place",
    "triverse.edit_tags",
    "triverse.set_project",
    "triverse.rename_task",
    "triverse.import_ready",
    "triverse.work_on_result",
    "triverse.preview_renders",
)
"""The entries that ask something first, or wait for a click: the test leaves it at that."""


def leave(stage: Stage) -> None:
    """Close the dialog that an entry has opened."""
    settle(stage.window)
    stage.window.key("Escape")
    stage.mouse.look_away()


def is_run_bare(entry: str) -> str:
    """As :func:`is_run`, with the geometry alone where that is said."""
    name, _, bare = entry.partition(" ")
    return f"{RAN}[0] == {name!r} and {RAN}[1].get('geometry_only', False) == {bool(bare)}"


def menu_button(stage: Stage) -> Place:
    """Where the button of the chosen task's menu is: beside that of the task, one row below the pages' or more."""
    window, side = stage.window, stage.side
    y = stage.place(f"1 to 50 of {window.value(TOTAL)}")[1] + 37
    boxes = window.find_text(button_of_task(window), Box(side.x, y - 20, side.width, 140))
    return side.x + side.width - 58, boxes[0].center[1] if boxes else y


def choose_inside(
    stage: Stage, account: Account, task_id: str, menu: str, title: str, entries: Mapping[str, str]
) -> list[str]:
    """Choose every entry of a menu in the menu of a task; return all that are in it."""
    window = stage.window
    choose_task(window, task_id)
    settle(window)
    button = menu_button(stage)
    for entry, label in entries.items():
        window.run("state['ran'].clear()")
        stage.mouse.open(button, stage.part)
        window.click_text(title)
        settle(window)
        window.click_text(label)
        window.wait_for(is_run_bare(entry) if menu == "TRIVERSE_MT_organize" else is_run_with_flow(entry))
        account.note(menu, label)
        if entry in DIALOGS or entry.startswith("triverse.make_from"):
            leave(stage)
            # In a field that is being typed in, the first Escape ends that.
            leave(stage)
        elif entry == "triverse.regenerate":
            # What the panel says of it would take the room of the list.
            window.run(f"{SESSION}.again_of = ''")
        elif entry == "triverse.refine":
            # The new task is the chosen one.
            choose_task(window, task_id)
        settle(window)
    window.run("with override(): bpy.ops.triverse.select_tasks(action='NONE')")
    # What costs something says its price.
    return [one.partition(" · ")[0].rstrip("…") for one in stage.menus[menu]]


def is_run_with_flow(entry: str) -> str:
    """As :func:`is_run`, with the flow where one is said."""
    name, _, flow = entry.partition(" ")
    return f"{RAN}[0] == {name!r} and {RAN}[1].get('flow', '') == {flow!r}"


def ask_for_tooltips(stage: Stage, x: int, y: int) -> None:
    """Rest the mouse on two of the buttons of the pages, which begin at ``x``, until their tooltips are asked for."""
    window = stage.window
    # Blender asks for a tooltip when the mouse has come to rest on a button; what it is told is kept.
    window.run(
        """
        import sys
        cls = sys.modules[ui + ".task_list.list_operators"].TRIVERSE_OT_turn_page
        describe, state["told"] = cls.description.__func__, []

        def description(cls, context, properties):
            state["told"].append(describe(cls, context, properties))
            return state["told"][-1]

        cls.description = classmethod(description)
        bpy.context.preferences.view.show_tooltips = True
        """,
        ui=UI,
    )
    try:
        for dx, said in ((267, "The tasks after these"), (291, "The end of the list")):
            for _ in range(6):
                stage.mouse.look_away()
                window.screen.move(x + dx, y)
                time.sleep(1.5)
                if said in window.value("state['told']"):
                    break
            else:
                pytest.fail(f"The tooltip {said!r} was not asked for.")
    finally:
        window.run("bpy.context.preferences.view.show_tooltips = False")
