# SPDX-License-Identifier: GPL-3.0-or-later
"""An animated model in a scene of centimetres at 60 frames a second, made from the panel in a real window."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.glb_files import animated_glb
from tests.gui.conftest import OpenWindow
from tests.gui.panel import COLLECTIONS, NEWEST, SESSION, connected, generate, settle, wait_for_stage
from tests.service import assets
from tests.service.server import StandIn

SCENE = "bpy.context.window_manager.windows[0].scene"


@pytest.mark.kind("landing-scene")
def test_a_metre_and_a_second_in_a_centimetre_scene_at_60_frames(
    open_window: OpenWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    glb = animated_glb(tmp_path / "moved.glb")
    monkeypatch.setattr(assets, "content_of", lambda choice: glb)
    with StandIn(speed=10.0, samples=("1k",)) as service:
        window = open_window(env=connected(service))
        window.run(
            f"""
            scene = {SCENE}
            for obj in list(bpy.data.objects):
                bpy.data.objects.remove(obj)
            scene.unit_settings.scale_length = 0.01
            scene.unit_settings.length_unit = "CENTIMETERS"
            scene.render.fps = 60
            scene.frame_end = 60
            """
        )
        generate(window, "a paper plane")
        wait_for_stage(window, "imported")
        made = f"bpy.data.collections[{COLLECTIONS}[0]].all_objects"
        mesh = f"next(obj for obj in {made} if obj.type == 'MESH')"
        assert window.value(f"len({COLLECTIONS})") == 1
        assert window.value(f"max(corner[0] for corner in {mesh}.bound_box)") == pytest.approx(100.0), "one metre"
        assert window.value(f"list({mesh}.scale)") == pytest.approx([1.0, 1.0, 1.0])
        assert window.value(f"{NEWEST}.blend_unit_m") == pytest.approx(0.01), "converted once, for this scene"
        history = window.value(f"[str(line.sentence) for line in {SESSION}.engine.history({NEWEST}.id)]")
        assert not [line for line in history if "Converted again" in line]
        for frame, x in ((0, 0.0), (30, 100.0), (60, 200.0)):
            window.run(f"{SCENE}.frame_set({frame})")
            assert window.value(f"{mesh}.matrix_world.translation.x") == pytest.approx(x, abs=0.5), frame
        window.run(f"{SCENE}.frame_set(30)\nwith override(): bpy.ops.view3d.view_all()")
        settle(window)
        window.save_shot("centimetres")
        assert "Traceback" not in window.log_text()
