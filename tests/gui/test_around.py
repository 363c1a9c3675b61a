# SPDX-License-Identifier: GPL-3.0-or-later
"""
Around the panel: F3 and the Add menu, the status bar, notices, and that nothing disturbs who goes on working.

One window serves all tests here; the last one closes it and opens another.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts._dev.pictures import Box
from scripts._dev.profiles import copy_profile
from scripts._dev.screen import HEIGHT_PX, WIDE_PX
from scripts._dev.window import Blender, BlenderWindow
from tests.gui.panel import COLLECTIONS, NEWEST, ROW_PX, SESSION, UI, connected, set_prompt, settle, wait_for_stage
from tests.service.server import StandIn

SCENE = "bpy.context.window_manager.windows[0].scene"
GIVEN = f"{SCENE}.triverse"
TASKS = f"({SESSION}.engine.tasks() if {SESSION} else [])"
STATUS_BAR = Box(0, HEIGHT_PX - 32, WIDE_PX, 32)


@pytest.fixture(scope="module")
def service() -> Iterator[StandIn]:
    with StandIn(speed=20, samples=("1k",)) as standin:
        yield standin


@pytest.fixture(scope="module")
def window(
    blender: Blender, profile_template: Path, tmp_path_factory: pytest.TempPathFactory, service: StandIn
) -> Iterator[BlenderWindow]:
    folder = tmp_path_factory.mktemp("around")
    home = copy_profile(profile_template, folder / "home")
    with BlenderWindow(
        blender, folder / "window", home=home, env=connected(service), shares=[folder], width_px=WIDE_PX
    ) as opened:
        yield opened


def viewport(window: BlenderWindow) -> Box:
    """The 3D viewport without the sidebar that lies over it."""
    whole, side = window.box("VIEW_3D", "WINDOW"), window.show_sidebar("Triverse")
    return Box(whole.x, whole.y, side.x - whole.x, whole.height)


def test_shift_a_leads_to_triverse(window: BlenderWindow) -> None:
    part = viewport(window)
    window.screen.move(part.x + 250, part.y + 120)
    window.key("shift+a")
    window.wait_text("Armature", part)
    window.click_text("Triverse", part)
    window.wait_text("Model from Text")
    window.save_shot("add-menu")
    window.click_text("Model from Text")
    window.redraw()
    window.screen.type("A chair from the menu tris:1k")
    window.key("Return")
    window.save_shot("dialog")
    window.key("Return")
    window.wait_for(f"{TASKS} and {NEWEST}.params['prompt'].startswith('A chair from the menu')")
    wait_for_stage(window, "imported")


def test_the_pie_menu_leads_to_triverse(window: BlenderWindow) -> None:
    """It has no key, so it is called as a key that the user has given it would call it."""
    part = viewport(window)
    window.run("areas('VIEW_3D')[0][1].spaces.active.show_region_ui = False")
    window.screen.move(part.x + 300, part.y + 350)
    window.run("with override(): bpy.ops.triverse.pie('INVOKE_DEFAULT')")
    window.wait_text("Open Triverse")
    window.save_shot("pie-menu")
    # Called without a key, it waits for a key's release and hears no click; its numbers it hears.
    window.key("2")
    window.wait_for("areas('VIEW_3D')[0][1].spaces.active.show_region_ui")


def test_the_menu_search_finds_it(window: BlenderWindow) -> None:
    """By F3. In sid by the operator that F3 calls: the key itself does not reach 5.2 on a virtual screen, others do."""
    part = viewport(window)
    window.screen.move(part.x + 250, part.y + 300)
    if window.blender.name == "sid":
        window.run("with override('VIEW_3D', 'WINDOW'): bpy.ops.wm.search_menu('INVOKE_DEFAULT')")
    else:
        window.key("F3")
    settle(window)
    window.screen.type("model from te")
    window.redraw()
    window.wait_text("Model from Text")
    window.save_shot("search")
    window.key("Return")
    window.redraw()
    window.key("ctrl+a")
    window.screen.type("A chair that was searched tris:1k")
    window.key("Return")
    window.key("Return")
    window.wait_for(f"{NEWEST}.params['prompt'].startswith('A chair that was searched')")
    wait_for_stage(window, "imported")


def test_no_shortcut_of_the_viewport_is_taken(window: BlenderWindow) -> None:
    """The keys of the list pass on what was not pressed over it; ``test_many.py`` presses them elsewhere."""
    taken = window.run(
        """
        keys = bpy.context.window_manager.keyconfigs
        maps = [one for configuration in (keys.user, keys.addon, keys.default) for one in configuration.keymaps]
        items = [(one.name, item) for one in maps for item in one.keymap_items]
        ours = {(name, item.idname, item.type) for name, item in items if item.idname.startswith("triverse.")}
        result = [len(items) > 1000, sorted(ours)]
        """
    )
    of_the_list = [
        ["3D View Generic", "triverse.open_row", "LEFTMOUSE"],
        ["3D View Generic", "triverse.select_tasks", "A"],
    ]
    assert taken == [True, of_the_list]


def reports(window: BlenderWindow) -> str:
    """All that was ever reported, as an Info editor lists it."""
    text = window.run(
        """
        window, area = areas("DOPESHEET_EDITOR")[0]
        before = area.ui_type
        area.type = "INFO"
        region = region_of(area, "WINDOW")
        with bpy.context.temp_override(window=window, screen=window.screen, area=area, region=region):
            bpy.ops.info.select_all(action="SELECT")
            bpy.ops.info.report_copy()
        area.ui_type = before
        result = bpy.context.window_manager.clipboard
        """
    )
    assert isinstance(text, str)
    return text


def test_who_goes_on_working_is_told_and_not_disturbed(window: BlenderWindow, service: StandIn) -> None:
    """The status bar shows the progress and, once, the end; mode, selection and the field being typed in stay."""
    side = window.show_sidebar("Triverse")
    service.state.clock.speed = 0.0
    set_prompt(window, "A quiet chair tris:1k")
    window.run("with override(): bpy.ops.triverse.generate()")
    wait_for_stage(window, "waiting")
    window.run(
        """
        import bmesh
        layer = bpy.context.window_manager.windows[0].view_layer
        cube = bpy.data.objects["Cube"]
        for obj in layer.objects:
            obj.select_set(obj == cube)
        layer.objects.active = cube
        with override():
            bpy.ops.object.mode_set(mode="EDIT")
            bpy.ops.mesh.select_all(action="DESELECT")
        mesh = bmesh.from_edit_mesh(cube.data)
        mesh.verts.ensure_lookup_table()
        mesh.verts[3].select_set(True)
        bmesh.update_edit_mesh(cube.data)
        """
    )
    shown = f"__import__('sys').modules['{UI}.timers.status_bar']._content()"
    window.wait_for(f"{shown} is not None")
    window.run("pass")
    window.save_shot("status-bar")
    window.wait_text(window.value(f"{shown}[0]").split("·")[0].strip(), STATUS_BAR)

    # The user types meanwhile.
    settle(window)
    x, y = window.wait_text("Text to Model", side).center
    window.click(x, y + ROW_PX, times=2)
    window.key("ctrl+a")
    window.screen.type("half a ")
    service.state.clock.speed = 20.0
    wait_for_stage(window, "imported")
    window.screen.type("sentence")
    window.key("Return")
    window.wait_for(f"{GIVEN}.shared.prompt == 'half a sentence'")

    assert window.value("bpy.data.objects['Cube'].mode") == "EDIT"
    state = window.run(
        """
        import bmesh
        layer = bpy.context.window_manager.windows[0].view_layer
        mesh = bmesh.from_edit_mesh(bpy.data.objects["Cube"].data)
        result = [
            layer.objects.active.name,
            [obj.name for obj in layer.objects.selected],
            [vert.index for vert in mesh.verts if vert.select],
        ]
        """
    )
    assert state == ["Cube", ["Cube"], [3]]
    assert "A quiet chair tris:1k" in window.value(COLLECTIONS)
    window.wait_for(f"not {SESSION}.pending_notices")
    said = reports(window)
    assert said.count("“A quiet chair tris:1k” was imported.") == 1, said
    assert window.value(shown) is None
    window.run("with override(): bpy.ops.object.mode_set(mode='OBJECT')")
    window.save_shot("told")


def test_settings_used_last_are_there_after_a_restart_and_in_a_new_file(
    window: BlenderWindow, blender: Blender, service: StandIn
) -> None:
    """The last one here: it closes the window."""
    settings = f"[{GIVEN}.flow, {GIVEN}.text_to_mesh.polygon_limit, {GIVEN}.text_to_model.texture_size]"
    window.run(
        f"""
        {GIVEN}.text_to_model.texture_size = "2048"
        {GIVEN}.shared.prompt = "A chair to remember tris:1k"
        with override(): bpy.ops.triverse.generate()
        {GIVEN}.flow = "text-to-mesh"
        {GIVEN}.text_to_mesh.polygon_limit = 7_000
        with override(): bpy.ops.triverse.generate()
        """
    )
    window.wait_for(f"{SESSION}.engine.active_count == 0")
    window.run("with override(): bpy.ops.wm.read_homefile()")
    window.wait_for(f"len(bpy.context.window_manager.windows) > 0 and {GIVEN}.is_seeded")
    assert window.value(settings) == ["text-to-mesh", 7_000, "2048"]
    assert not window.value("bpy.data.is_dirty"), "a file that was only looked at asks for no saving"
    assert window.value(f"{GIVEN}.shared.prompt") == ""
    window.quit()
    scratch = window.scratch.parent / "again"
    with BlenderWindow(blender, scratch, home=window.home, env=connected(service), shares=[scratch.parent]) as again:
        again.wait_for(f"{GIVEN}.is_seeded")
        assert again.value(settings) == ["text-to-mesh", 7_000, "2048"]
        side = again.show_sidebar("Triverse")
        again.wait_text("Text to Mesh", side)
        assert again.find_text("Welcome to Triverse", side) == []
