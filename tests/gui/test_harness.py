# SPDX-License-Identifier: GPL-3.0-or-later
"""The harness: a panel is seen, read, clicked and typed into in a real Blender; Blender can die, and a test is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts._dev.screen import WIDE_PX, png_size
from scripts._dev.window import Blender, BlenderWindow, WindowError, make_profile
from tests.gui.conftest import OpenWindow

PANEL = """
class HARNESS_PT_panel(bpy.types.Panel):
    bl_label = "Harness"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Harness"

    def draw(self, context):
        for number in range(state.get("rows", 0)):
            self.layout.label(text=f"It came late, as row {number + 1}")
        self.layout.prop(context.scene, "name", text="Name it")
        self.layout.operator("mesh.primitive_monkey_add", text="Add the monkey")

bpy.utils.register_class(HARNESS_PT_panel)
"""


@pytest.fixture(scope="module")
def plain_home(blender: Blender, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home without the extension."""
    home = tmp_path_factory.mktemp("plain") / "home"
    make_profile(blender, home)
    return home


def test_a_panel_is_read_clicked_and_typed_into(blender: Blender, plain_home: Path, tmp_path: Path) -> None:
    with BlenderWindow(blender, tmp_path / "window", home=plain_home, width_px=WIDE_PX) as window:
        window.run(PANEL)
        side = window.show_sidebar("Harness")
        window.click_text("Add the monkey", side)
        window.wait_for("'Suzanne' in bpy.data.objects")
        label = window.wait_text("Name it", side)
        window.fill_in(side.x + side.width * 2 // 3, label.center[1], "Red chair, 2 m")
        window.wait_for("bpy.data.scenes[0].name == 'Red chair, 2 m'")
        window.hover()
        window.key("ctrl+z", "ctrl+z")
        window.wait_for("'Suzanne' not in bpy.data.objects")
        assert png_size(window.save_shot("seen").read_bytes()) == (1600, 1000)


def test_a_button_that_moves_after_it_was_read_is_clicked(
    blender: Blender, plain_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with BlenderWindow(blender, tmp_path / "window", home=plain_home) as window:
        window.run(PANEL)
        side = window.show_sidebar("Harness")
        window.settle()
        move, moves = window.screen.move, []

        def move_late(x: int, y: int) -> None:
            moves.append((x, y))
            if len(moves) == 1:
                window.run("state['rows'] = 3")
                window.redraw()
            move(x, y)

        monkeypatch.setattr(window.screen, "move", move_late)
        window.click_text("Add the monkey", side)
        window.wait_for("'Suzanne' in bpy.data.objects")
        (x, y), (late_x, late_y) = moves
        assert late_y - y > 40, "it was looked for where three rows have moved it"
        assert abs(late_x - x) < 10


def test_faults_are_told(blender: Blender, plain_home: Path, tmp_path: Path) -> None:
    with BlenderWindow(blender, tmp_path / "window", home=plain_home) as window:
        with pytest.raises(WindowError, match="ZeroDivisionError"):
            window.run("1 / 0")
        assert window.find_text("There is no such text anywhere") == []
        window.kill()
        with pytest.raises(WindowError, match="Blender"):
            window.value("1")


def test_the_built_extension_is_there_and_the_same_user_comes_back(open_window: OpenWindow) -> None:
    first = open_window()
    first.show_sidebar("Triverse")
    first.wait_for("bpy.types.Scene.bl_rna.properties.get('triverse') is not None")
    first.save_shot("sidebar")
    first.run("bpy.context.preferences.filepaths.save_version = 7; bpy.ops.wm.save_userpref()")
    first.quit()
    second = open_window(home=first.home)
    assert second.value("bpy.context.preferences.filepaths.save_version") == 7
    assert "bl_ext.user_default.triverse" in second.value("list(bpy.context.preferences.addons.keys())")
