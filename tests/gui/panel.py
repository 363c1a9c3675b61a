# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of the panel in a real window share: the way to the session inside Blender, typing, waiting for stages."""

from __future__ import annotations

from scripts._dev.pictures import Box
from scripts._dev.window import BlenderWindow
from tests.service.server import StandIn

UI = "bl_ext.user_default.triverse.ui"

SESSION = f"__import__('sys').modules['{UI}.state.runtime'].current()"
"""The session, as an expression in Blender; None until something needed it."""

NEWEST = f"({SESSION}.engine.tasks() or [None])[0]"
"""The newest task."""

COLLECTIONS = "[one.name for one in bpy.data.collections if 'triverse_task_uuid' in one]"
"""The names of all imported collections."""


def connected(service: StandIn) -> dict[str, str]:
    """The environment that leads Blender to the stand-in."""
    return {"TRIVERSE_API_KEY": service.key, "TRIVERSE_API_URL": service.url}


ROW_PX = 31
"""From one field of the panel to the next, at the scale of the tests' profile."""


def type_prompt(window: BlenderWindow, side: Box, prompt: str) -> None:
    """Type into the prompt field, which lies below the choice of what to make."""
    x, y = window.wait_text("Text to Model", side).center
    window.fill_in(x, y + ROW_PX, prompt)
    window.wait_for("bpy.context.window_manager.windows[0].scene.triverse.shared.prompt == prompt", prompt=prompt)


def set_prompt(window: BlenderWindow, prompt: str) -> None:
    """Fill in the prompt without the keyboard, where typing is not what is shown."""
    window.run("bpy.context.window_manager.windows[0].scene.triverse.shared.prompt = prompt", prompt=prompt)
    window.redraw()


def settle(window: BlenderWindow) -> None:
    """Wait until panels have grown or shrunk to their contents."""
    window.settle()


def generate(window: BlenderWindow, prompt: str) -> Box:
    """Open the sidebar, type a prompt and press Generate, as a user would; returns where the sidebar is."""
    side = window.show_sidebar("Triverse")
    type_prompt(window, side, prompt)
    window.click_text("Generate", side)
    window.wait_for(f"{SESSION} and {NEWEST} and {NEWEST}.params['prompt'] == prompt", prompt=prompt)
    return side


def press(window: BlenderWindow, side: Box, text: str) -> None:
    """Click on a button. The mouse is taken off it first: what it is over is drawn too light to be read."""
    window.hover()
    settle(window)
    window.click_text(text, side)
    settle(window)


def press_right_of(window: BlenderWindow, side: Box, text: str, from_edge_px: int, dy: int = 0) -> None:
    """Click on an icon at the right of the sidebar, in the row ``dy`` below a text."""
    window.hover()
    settle(window)
    y = window.wait_text(text, side).center[1]
    window.click(side.x + side.width - from_edge_px, y + dy)
    settle(window)


def choose_in_menu(window: BlenderWindow, side: Box, entry: str) -> None:
    """Choose from the menu of what can be done with the chosen task, which is beside its button."""
    press_right_of(window, side, button_of_task(window), 58)
    window.click_text(entry)
    settle(window)


def choose_in_submenu(window: BlenderWindow, side: Box, menu: str, entry: str) -> None:
    """Choose from a menu in the menu of what can be done with the chosen task."""
    choose_in_menu(window, side, menu)
    window.click_text(entry)
    settle(window)


def button_of_task(window: BlenderWindow) -> str:
    """What the button of the chosen task says."""
    text = window.run(
        """
        import sys
        names = ("state.runtime", "state.list_rows", "state.task_presentation")
        runtime, rows, presentation = (sys.modules[f"{ui}.{name}"] for name in names)
        session = runtime.current()
        result = presentation.action(session.shown(rows.chosen_id(session))).text
        """,
        ui=UI,
    )
    assert isinstance(text, str)
    return text


def show_preferences(window: BlenderWindow) -> Box:
    """Show the preferences of the add-on in the place of the viewport, and return where they are."""
    window.run(
        """
        import sys
        areas("VIEW_3D")[0][1].type = "PREFERENCES"
        bpy.context.preferences.active_section = "ADDONS"
        bpy.context.window_manager.addon_search = "Triverse"
        with override("PREFERENCES"):
            bpy.ops.preferences.addon_expand(module=sys.modules[ui + ".settings"].ADDON)
        """,
        ui=UI,
    )
    settle(window)
    return window.box("PREFERENCES", "WINDOW")


def wait_for_stage(window: BlenderWindow, *stages: str) -> str:
    """Wait until the newest task is in one of the stages, and return it."""
    found = window.wait_for(f"{NEWEST}.stage.value in stages and {NEWEST}.stage.value", stages=stages)
    assert isinstance(found, str)
    return found


def triangles(window: BlenderWindow, collection: str) -> int:
    """How many triangles the meshes of a collection show."""
    count = window.run(
        """
        count = 0
        for obj in bpy.data.collections[name].all_objects:
            if obj.type == "MESH":
                obj.data.calc_loop_triangles()
                count += len(obj.data.loop_triangles)
        result = count
        """,
        name=collection,
    )
    assert isinstance(count, int)
    return count


def on_screen(window: BlenderWindow, point: tuple[float, float, float]) -> tuple[int, int]:
    """Where a point of the scene is on the screen."""
    x, y = window.run(
        """
        from bpy_extras import view3d_utils
        window, area = areas("VIEW_3D")[0]
        region = region_of(area, "WINDOW")
        at = view3d_utils.location_3d_to_region_2d(region, region.data, point)
        result = (at.x, at.y)
        """,
        point=point,
    )
    view = window.box("VIEW_3D", "WINDOW")
    return view.x + round(x), view.y + view.height - round(y)


def ask_in_vain(window: BlenderWindow) -> None:
    """Ask everything that can be asked beside tasks, and see that the key was not answered for."""
    # One after the other by one thread, and the last is answered: so all were.
    window.run(
        f"session = {SESSION}\nsession.engine.ask_balance()\n"
        "session.engine.ask_quote('text-to-model', {'prompt': 'A chair'})\nsession.test_key()\nsession.find_tasks()"
    )
    window.wait_for(f"not {SESSION}.is_searching")
    assert window.value(f"{SESSION}.key_answer[0]") is False
