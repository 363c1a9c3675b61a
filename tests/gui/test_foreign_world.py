# SPDX-License-Identifier: GPL-3.0-or-later
"""
A real window in a studio: other names for all colours, start-up scripts of its own. One window for all of it.

One: ``python scripts/test.py tests/gui/test_foreign_world.py``.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts._dev.profiles import copy_profile
from scripts._dev.window import Blender
from tests.gui.conftest import OpenWindow
from tests.gui.panel import COLLECTIONS, NEWEST, SESSION, connected, set_prompt, settle, wait_for_stage
from tests.gui.test_sources import SCENE, choose_source, colours, wait_for_picture
from tests.service.server import StandIn

CONFIG = Path(__file__).parents[1] / "blender" / "studio.ocio"
#: Notes every Blender it runs in, the user's and any child; and would change what a child saves.
STARTUP = """
import bpy, os
open({folder!r} + "/ran-" + str(os.getpid()), "w").close()
@bpy.app.handlers.persistent
def before_saving(*_):
    bpy.data.texts.new("Studio")
def register():
    bpy.app.handlers.save_pre.append(before_saving)
"""


@pytest.fixture
def service() -> Iterator[StandIn]:
    """The stand-in, ten times as fast."""
    with StandIn(speed=10.0, samples=("1k",)) as standin:
        yield standin


@pytest.mark.kind("foreign-world")
def test_models_and_pictures_are_right_in_a_studio(
    open_window: OpenWindow, service: StandIn, blender: Blender, narrow_template: Path, tmp_path: Path
) -> None:
    home = copy_profile(narrow_template, tmp_path / "studio" / "home")
    config = shutil.copyfile(CONFIG, tmp_path / "studio.ocio")
    (versions,) = (home / ".config" / "blender").iterdir()
    startup = versions / "scripts" / "startup" / "studio.py"
    startup.parent.mkdir(parents=True)
    startup.write_text(STARTUP.format(folder=str(tmp_path)))
    window = open_window(env={**connected(service), "OCIO": str(config)}, home=home)
    assert len(list(tmp_path.glob("ran-*"))) == 1, "it runs in the user's Blender"
    assert window.value(f"{SCENE}.view_settings.view_transform") == "studio_film"

    side = window.show_sidebar("Triverse")
    set_prompt(window, "a red chair")
    settle(window)
    window.click_text("Generate", side)
    wait_for_stage(window, "imported")
    assert window.value(COLLECTIONS) == ["a red chair"]
    spaces = window.value("sorted({i.colorspace_settings.name for i in bpy.data.images if i.packed_file})")
    assert spaces == ["studio_data", "studio_texture"]
    assert window.value("[t.name for t in bpy.data.texts]") == []
    window.wait_for(f"len({SESSION}.thumbnails._order) == 1")
    assert window.value(f"{NEWEST}.error is None")

    window.run(
        f"""
        {SCENE}.triverse.flow = "image-to-model"
        scene = {SCENE}
        scene.render.engine = "BLENDER_WORKBENCH"
        scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 80, 40, 100
        with override(): bpy.ops.render.render()
        """
    )
    settle(window)
    choose_source(window, side, "Use Last Render")
    assert colours(window, wait_for_picture(window, "render"))["size"] == [80, 40]
    choose_source(window, side, "Capture Viewport")
    seen = colours(window, wait_for_picture(window, "viewport"))
    assert seen["colours"] > 2, "the cube is in it"
    window.save_shot("studio")
    assert len(list(tmp_path.glob("ran-*"))) == 1, "it ran in no child"
