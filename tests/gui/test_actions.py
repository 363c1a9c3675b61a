# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be done with a task, by real clicks: import again, bare, in place; stop, follow, forget, add, find."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts._dev.pictures import Box
from scripts._dev.window import BlenderWindow
from tests.gui.conftest import OpenWindow
from tests.gui.panel import (
    COLLECTIONS,
    NEWEST,
    SESSION,
    UI,
    choose_in_menu,
    choose_in_submenu,
    connected,
    generate,
    press,
    press_right_of,
    settle,
    wait_for_stage,
)
from tests.service.server import StandIn
from tests.standin.caller import Caller

SCENE = "bpy.context.window_manager.windows[0].scene"
PROMPT = f"{SCENE}.triverse.shared.prompt"
TASKS = f"{SESSION}.engine.tasks()"
FETCHES = ("status", "url", "download", "asset", "preview", "create")


@pytest.fixture
def service() -> Iterator[StandIn]:
    """The stand-in, ten times as fast."""
    with StandIn(speed=10.0, samples=("1k",)) as standin:
        yield standin


def facts(window: BlenderWindow, name: str) -> dict[str, Any]:
    """What a collection's mesh has, and what the file holds of pictures."""
    return window.run(
        """
        collection = bpy.data.collections[name]
        mesh = next(obj for obj in collection.all_objects if obj.type == "MESH")
        result = {
            "polygons": len(mesh.data.polygons),
            "materials": len(mesh.data.materials),
            "matrix": [round(x, 4) for row in mesh.matrix_basis for x in row],
            "mark": collection.get("mark"),
            "images": sum(image.source == "FILE" for image in bpy.data.images),
        }
        """,
        name=name,
    )


def calls(service: StandIn) -> int:
    """How often the service was asked for anything of a task."""
    return sum(len(service.state.seen(kind)) for kind in FETCHES)


IS_HERE = f"__import__('sys').modules['{UI}.state.task_presentation'].is_in_this_file({NEWEST})"
WORDS = f"__import__('sys').modules['{UI}.state.task_presentation'].state({NEWEST})"
CHOSEN = "[obj.name for obj in bpy.context.window_manager.windows[0].view_layer.objects.selected]"


def test_an_imported_model_is_found_wherever_it_is(open_window: OpenWindow, service: StandIn) -> None:
    window = open_window(env=connected(service))
    side = generate(window, "A red chair")
    wait_for_stage(window, "imported")
    assert window.value(CHOSEN) == ["Cube"], "an import takes no selection away"
    # Hidden, far away, in another scene than the one that is shown.
    window.run(
        f"""
        first = {SCENE}
        (obj,) = bpy.data.collections["A red chair"].objects
        obj.location.x += 50
        obj.hide_set(True, view_layer=first.view_layers[0])
        first.view_layers[0].layer_collection.children["A red chair"].exclude = True
        bpy.context.window_manager.windows[0].scene = bpy.data.scenes.new("Other")
        """
    )
    window.wait_for(f"{SCENE}.name == 'Other'")
    press(window, side, "Show in Viewport")
    window.wait_for(f"{SCENE}.name == 'Scene'")
    window.wait_for(f"{CHOSEN} == ['A red chair']")
    view = window.value(
        "[list(area.spaces.active.region_3d.view_location)"
        " for area in bpy.context.window_manager.windows[0].screen.areas if area.type == 'VIEW_3D'][0]"
    )
    assert view[0] == pytest.approx(51.0, abs=2.0)
    settle(window)
    window.save_shot("shown-in-viewport")
    # What the row says follows undo and a new file.
    assert window.value(IS_HERE)
    window.run("bpy.data.collections.remove(bpy.data.collections['A red chair'])")
    window.wait_for(f"not {IS_HERE}")
    window.wait_text("not in this file any more", side)
    window.save_shot("was-in-this-file")
    window.run("with override(): bpy.ops.wm.read_homefile()")
    # The sidebar is closed in the new file.
    window.wait_for(f"{WORDS}[0] == 'Imported into another file'")


def test_a_model_is_imported_again_bare_and_in_place(open_window: OpenWindow, service: StandIn) -> None:
    window = open_window(env=connected(service))
    # The models are compared by their places, so they do not step aside.
    window.run(f"{SCENE}.triverse.placing.step_aside = False")
    side = generate(window, "A red chair")
    wait_for_stage(window, "imported")
    asked = calls(service)
    for place in ((2, 0, 0), (4, 0, 0)):
        window.run(f"{SCENE}.cursor.location = place", place=place)
        before = window.value(f"len({COLLECTIONS})")
        press(window, side, "Import Again")
        window.wait_for(f"len({COLLECTIONS}) == count", count=before + 1)
    places = [facts(window, name)["matrix"][3::4][:3] for name in window.value(f"sorted({COLLECTIONS})")]
    assert places == [[0, 0, 0], [2, 0, 0], [4, 0, 0]]
    textured = facts(window, "A red chair")
    assert textured["materials"] == 1

    settle(window)
    choose_in_menu(window, side, "Import Geometry Only")
    window.wait_for(f"len({COLLECTIONS}) == 4")
    (name,) = set(window.value(COLLECTIONS)) - {"A red chair", "A red chair.001", "A red chair.002"}
    bare = facts(window, name)
    assert bare["materials"] == 0
    assert bare["polygons"] == textured["polygons"]
    assert bare["images"] == textured["images"], "no picture is left over"

    window.run(
        f"""
        scene = {SCENE}
        layer = bpy.context.window_manager.windows[0].view_layer
        collection = bpy.data.collections["A red chair.001"]
        collection["mark"] = 1
        (obj,) = collection.objects
        obj.location, obj.rotation_euler, obj.scale = (1, 2, 3), (0, 0, 1), (2, 2, 2)
        for other in layer.objects.selected:
            other.select_set(False)
        obj.select_set(True)
        layer.objects.active = obj
        with override(): bpy.ops.ed.undo_push(message="moved")
        """
    )
    window.redraw()
    old = facts(window, "A red chair.001")
    choose_in_menu(window, side, "Replace Imported")
    window.wait_for("bpy.data.collections['A red chair.001'].get('mark') is None")
    new = facts(window, "A red chair.001")
    assert new == old | {"mark": None}
    assert window.value(f"len({COLLECTIONS})") == 4
    layer = "bpy.context.window_manager.windows[0].view_layer"
    assert window.value(f"{layer}.objects.active.name in bpy.data.collections['A red chair.001'].objects")

    window.hover()
    window.key("ctrl+z")
    window.wait_for("bpy.data.collections['A red chair.001'].get('mark') == 1")
    assert facts(window, "A red chair.001") == old
    assert window.value(f"len({COLLECTIONS})") == 4
    window.key("ctrl+shift+z")
    window.wait_for("bpy.data.collections['A red chair.001'].get('mark') is None")
    assert calls(service) == asked, "nothing of it needed the network"
    assert list(service.state.charged_per_order().values()) == [1]

    # Its inputs in the panel, to be changed; nothing is sent before the button is pressed.
    window.run(f"{PROMPT} = 'Something else'")
    settle(window)
    choose_in_submenu(window, side, "Make From This", "Use These Inputs Again")
    window.wait_for(f"{PROMPT} == 'A red chair'")
    settle(window)
    window.wait_text("Words and pictures are sent", side)
    window.save_shot("regenerate")
    assert len(service.state.creations) == 1
    x, y = window.wait_text("Text to Model", side).center
    window.fill_in(x, y + 31, "A red chair with wheels")
    # The word stands in the notice too, above the button.
    window.click(*window.find_text("Generate", side)[-1].center)
    window.wait_for(f"len({TASKS}) == 2")
    wait_for_stage(window, "imported")
    assert window.value(f"{NEWEST}.params['prompt']") == "A red chair with wheels"
    assert window.value(f"{NEWEST}.allow_duplicate")
    assert not window.find_text("Words and pictures are sent", side)

    # Off the list, with its files.
    folder = Path(window.value(f"{NEWEST}.folder"))
    assert (folder / "model.glb").is_file()
    settle(window)
    choose_in_menu(window, side, "Take off the List")
    window.wait_text("Its files stay in")
    window.save_shot("forget")
    window.click_text("Delete Its Files")
    # Return would press what the mouse is over.
    window.screen.move(*window.wait_text("Take This Task off the List").center)
    window.key("Return")
    window.wait_for(f"len({TASKS}) == 1")
    window.wait_for("not __import__('os').path.exists(folder)", folder=str(folder))

    # And the other one without.
    folder = Path(window.value(f"{NEWEST}.folder"))
    settle(window)
    choose_in_menu(window, side, "Take off the List")
    window.wait_text("Its files stay in")
    window.key("Return")
    window.wait_for(f"len({TASKS}) == 0")
    assert (folder / "model.glb").is_file()
    assert len(window.value(COLLECTIONS)) == 5, "what was imported stays"


def test_tasks_are_let_be_followed_added_and_found(open_window: OpenWindow, service: StandIn) -> None:
    service.settings.run_s = 100_000.0
    window = open_window(env=connected(service))
    side = generate(window, "A red chair")
    wait_for_stage(window, "waiting")
    press(window, side, "Stop Following")
    window.wait_text("may still charge")
    window.save_shot("stop")
    window.key("Escape")
    assert window.value(f"{NEWEST}.following")
    press(window, side, "Stop Following")
    window.wait_text("may still charge")
    window.key("Return")
    window.wait_for(f"not {NEWEST}.following")
    settle(window)
    window.wait_text("Not followed", side)
    asked = len(service.state.seen("status"))
    press(window, side, "Follow Again")
    window.wait_for(f"{NEWEST}.following")
    service.state.finish(window.value(f"{NEWEST}.task_uuid"))
    wait_for_stage(window, "imported")
    assert len(service.state.seen("status")) >= asked
    assert list(service.state.charged_per_order().values()) == [1]

    # The plus takes a list of UUIDs, and says which is none; nothing is added while one is wrong.
    elsewhere = Caller(service)
    made = [elsewhere.create(prompt=f"made elsewhere {number}") for number in range(5)]
    for uuid in made:
        service.state.finish(uuid)
    press_right_of(window, side, "Tasks", 73)
    window.screen.type(f"{made[0]} garbage")
    for _ in range(2):
        window.key("Return")
        settle(window)
    # Red letters are read only where nothing brighter is beside them: the line below the field, 72 px below the title.
    title = window.wait_text("Add Tasks by UUID")
    window.wait_text("garbage is not the UUID", Box(title.x, title.center[1] + 56, 540, 32))
    window.save_shot("wrong-uuid")
    assert window.value(f"len({TASKS})") == 1
    # Of a pasted list Blender keeps the first line, and the dialog adds the others.
    window.run("bpy.context.window_manager.clipboard = text", text=f"{made[0]}\n{made[1]}\n")
    for keys in (("ctrl+a", "ctrl+v"), ("Return",)):
        window.key(*keys)
        settle(window)
    window.wait_text("2 UUIDs", Box(title.x, title.y, 540, 140))
    window.save_shot("pasted")
    window.key("Return")
    window.wait_for(f"len({TASKS}) == 3")
    # What was copied before is in the field already, whatever stands around it.
    window.run("bpy.context.window_manager.clipboard = text", text=f"Thanks!\n> Your model: {made[2]}.\n")
    press_right_of(window, side, "Tasks", 73)
    window.save_shot("add")
    for _ in range(2):
        window.key("Return")
        settle(window)
    window.wait_for(f"len({TASKS}) == 4")
    window.wait_for(f"all(one.has_model for one in {TASKS})")

    # What is left is found by asking; one of it is fetched, and only that one.
    press_right_of(window, side, "Tasks", 101)
    window.wait_for(f"len({TASKS}) == 6")
    settle(window)
    window.wait_text("2 tasks were found", side)
    window.save_shot("found")
    found = window.value(f"[one.id for one in {TASKS} if one.stage.value == 'waiting']")
    assert len(found) == 2
    window.run(
        "rows = bpy.context.window_manager.triverse.rows\n"
        "bpy.context.window_manager.triverse.active = [row.task_id for row in rows].index(found)",
        found=found[0],
    )
    window.hover()
    settle(window)
    # "Ready to import" is read above the button.
    window.click(*window.find_text("Import", side)[-1].center)
    window.wait_for(f"{SESSION}.engine.get(found).stage.value == 'imported'", found=found[0])
    assert window.value(f"{SESSION}.engine.get(found).stage.value", found=found[1]) == "waiting"
    assert len(window.value(COLLECTIONS)) == 2
    assert not service.state.leaks
