# SPDX-License-Identifier: GPL-3.0-or-later
"""A ball without normals, each face with vertices of its own, comes merged and smooth as the panel says."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import pytest

from scripts._dev.pictures import Box
from scripts._dev.window import BlenderWindow
from tests.glb_files import triangles_glb
from tests.gui.conftest import OpenWindow
from tests.gui.panel import COLLECTIONS, NEWEST, SESSION, connected, press, set_prompt, settle, wait_for_stage
from tests.service import assets
from tests.service.server import StandIn

SCENE = "bpy.context.window_manager.windows[0].scene"
OPTIONS = f"{SCENE}.triverse.mesh_options"
RINGS, SEGMENTS = 12, 24


def ball_glb(path: Path) -> Path:
    """A ball of triangles that share no vertex."""

    def at(ring: int, segment: int) -> tuple[float, float, float]:
        down, around = math.pi * ring / RINGS, 2 * math.pi * (segment % SEGMENTS) / SEGMENTS
        out = math.sin(down) if 0 < ring < RINGS else 0.0
        return out * math.cos(around), math.cos(down), out * math.sin(around)

    corners = []
    for ring in range(RINGS):
        for segment in range(SEGMENTS):
            a, b = at(ring, segment), at(ring, segment + 1)
            c, d = at(ring + 1, segment + 1), at(ring + 1, segment)
            corners += ([a, b, c] if ring else []) + ([a, c, d] if ring < RINGS - 1 else [])
    binary = b"".join(struct.pack("<3f", *corner) for corner in corners)
    limits = {"min": [-1.0, -1.0, -1.0], "max": [1.0, 1.0, 1.0]}
    return triangles_glb(
        path,
        nodes=[{"name": "ball", "mesh": 0}],
        binary=binary,
        views=[(len(binary), len(corners), "VEC3", limits)],
        meshes=[{"name": "ball", "primitives": [{"attributes": {"POSITION": 2}}]}],
    )


def mesh_facts(window: BlenderWindow, name: str) -> tuple[int, int, int]:
    """How many vertices and faces the model has, and how many of those are smooth."""
    vertices, faces, smooth = window.value(
        f"(lambda mesh: (len(mesh.vertices), len(mesh.polygons), sum(one.use_smooth for one in mesh.polygons)))"
        f"(next(obj for obj in bpy.data.collections[{name!r}].all_objects if obj.type == 'MESH').data)"
    )
    return vertices, faces, smooth


def order(window: BlenderWindow, side: Box, prompt: str) -> None:
    """Press Generate, and wait until the model is in the scene."""
    set_prompt(window, prompt)
    press(window, side, "Generate")
    window.wait_for(f"{SESSION} and {NEWEST} and {NEWEST}.params['prompt'] == prompt", prompt=prompt)
    wait_for_stage(window, "imported")


@pytest.mark.kind("geometry-options")
def test_a_model_arrives_merged_and_smooth_as_the_mouse_says(
    open_window: OpenWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    glb = ball_glb(tmp_path / "ball.glb")
    monkeypatch.setattr(assets, "content_of", lambda choice: glb)
    faces = 2 * SEGMENTS * (RINGS - 1)
    with StandIn(speed=10.0, samples=("1k",)) as service:
        window = open_window(env=connected(service))
        window.run(f"for obj in list(bpy.data.objects): bpy.data.objects.remove(obj)\n{SCENE}.cursor.location.x = -1.5")
        side = window.show_sidebar("Triverse")
        press(window, side, "Options")
        settle(window)
        order(window, side, "A plain ball")
        assert mesh_facts(window, "A plain ball") == (3 * faces, faces, 0)

        press(window, side, "Merge Vertices")
        window.wait_for(f"{OPTIONS}.merge_vertices")
        press(window, side, "Smooth by Angle")
        window.wait_for(f"{OPTIONS}.smooth_by_angle")
        settle(window)
        window.screen.move(side.x - 200, side.y + 500)
        settle(window)
        *_, label = window.find_text("Smooth Angle", side)
        window.fill_in(side.x + side.width * 2 // 3, label.center[1], "60")
        window.wait_for(f"abs({OPTIONS}.smooth_angle - {math.radians(60)}) < 1e-6")
        window.save_shot("mesh-options")
        window.run(f"{SCENE}.cursor.location.x = 1.5")
        order(window, side, "A smooth ball")
        window.wait_for(f"len({COLLECTIONS}) == 2")
        assert mesh_facts(window, "A smooth ball") == (SEGMENTS * (RINGS - 1) + 2, faces, faces)
        assert window.value(f"({NEWEST}.blend_merge, {NEWEST}.blend_smooth_deg)") == [True, 60], "by the child, once"
        window.run("with override(): bpy.ops.view3d.view_all()")
        settle(window)
        window.save_shot("merged-and-smooth")
        assert "Traceback" not in window.log_text()
