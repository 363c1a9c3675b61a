# SPDX-License-Identifier: GPL-3.0-or-later
"""
A studio's world: other names for all colours; and that a .blend of ours holds the model and nothing of this machine.

One: ``python scripts/test.py tests/blender/test_foreign_world.py``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.blender import glbs

pytestmark = pytest.mark.kind("foreign-world")

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What ``in_a_studio`` told."""
    folder = tmp_path_factory.mktemp("studio")
    glb = glbs.export(folder / "m.glb", lambda: glbs.sphere("geometry_0", material=glbs.textured()))
    command = [sys.executable, str(HERE / "in_a_studio.py"), str(folder), str(glb)]
    repo = HERE.parents[1]
    world = {
        "OCIO": str(HERE / "studio.ocio"),
        "PYTHONPATH": f"{repo}{os.pathsep}{repo / 'triverse_addon' / 'scene' / 'worker'}",
    }
    run = subprocess.run(command, env={**os.environ, **world}, capture_output=True, text=True)
    assert (folder / "told.json").is_file(), run.stdout[-3000:] + run.stderr[-3000:]
    return json.loads((folder / "told.json").read_text())


def test_names_are_asked_for(told: dict[str, Any]) -> None:
    assert told["views"] == ["studio_film", "studio_plain"]
    assert told["looks"] == ["None"]
    assert not told["is_plain"]


@pytest.mark.parametrize("how", ["appended", "in_place"])
def test_textures_mean_the_same_as_in_the_file(told: dict[str, Any], how: str) -> None:
    assert told[how] == {
        "Color": ["studio_texture", False, []],
        "Roughness": ["studio_data", True, []],
        "Normal": ["studio_data", True, []],
    }


def test_thumbnails_and_previews_are_there(told: dict[str, Any]) -> None:
    assert told["thumbnail"]
    assert told["preview"] == [64, 64]


def test_a_painted_picture_keeps_its_colours(told: dict[str, Any]) -> None:
    assert told["painted"] == [128, 64, 32, 128]
    # 128 of 255 is 0.2159 of the light in sRGB (IEC 61966-2-1).
    assert told["painted_light"] == [128, 0, 255, 128]


def test_a_picture_that_a_child_prepares_keeps_its_colours(told: dict[str, Any]) -> None:
    assert told["prepared"] == [128, 64, 32, 128]


def test_contact_sheets_and_portraits_are_drawn(told: dict[str, Any]) -> None:
    assert told["sheet"][:3] == pytest.approx([237, 237, 237], abs=2), "the paper, as with Blender's own colours"
    assert told["rendered_preview"]
    assert told["own_sheet"] == 1


def test_the_users_render_is_taken_as_it_looks(told: dict[str, Any]) -> None:
    assert told["render"]
