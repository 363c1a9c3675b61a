# SPDX-License-Identifier: GPL-3.0-or-later
"""Who renders while panels are drawn: timers of Blender 4.3 may then change nothing any more, and Triverse goes on."""

from __future__ import annotations

from scripts._dev.window import Blender, BlenderWindow
from tests.gui.conftest import OpenWindow
from tests.gui.panel import COLLECTIONS, SESSION, connected, generate, wait_for_stage
from tests.service.server import StandIn

MOST_RENDERS = {"trixie": 100}
"""One of ten begins while a panel is drawn, and ends after that."""
RENDER_AND_DRAW = """
import sys, time

class TEST_PT_slow(bpy.types.Panel):
    bl_label = "Slow"
    bl_space_type, bl_region_type, bl_category = "VIEW_3D", "UI", "Triverse"

    def draw(self, context):
        ends = time.perf_counter() + 0.1
        while time.perf_counter() < ends:
            pass

def tick():
    for area in bpy.context.window.screen.areas:
        area.tag_redraw()
    if bpy.app.is_job_running("RENDER"):
        return 0.01
    if state["renders"] == most or not may_write():
        sys.setswitchinterval(before_s)
        state["is_over"] = True
        return None
    state["renders"] += 1
    bpy.ops.render.render("INVOKE_DEFAULT")
    return 0.01

before_s = sys.getswitchinterval()
# Threads of Python take turns as often as can be, as if much were to be drawn on a slow machine.
sys.setswitchinterval(1e-6)
bpy.utils.register_class(TEST_PT_slow)
bpy.context.preferences.view.render_display_type = "NONE"
scene = bpy.context.window_manager.windows[0].scene
scene.render.engine = "CYCLES"
scene.render.resolution_x = scene.render.resolution_y = 32
# By time, not by samples: it has to last longer than the draw in which it begins.
scene.cycles.samples, scene.cycles.time_limit = 1_000_000, 0.3
scene.cycles.use_adaptive_sampling = scene.cycles.use_denoising = False
state["renders"], state["is_over"] = 0, False
bpy.app.timers.register(tick)
"""


def may_write(window: BlenderWindow) -> bool:
    """Ask a timer of Blender whether it may change data; what the harness asks of Blender always may."""
    window.run("state['answer'] = None\ndef ask(): state['answer'] = may_write()\nbpy.app.timers.register(ask)")
    answer = window.wait_for("state['answer'] is not None and [state['answer']]")
    assert isinstance(answer, list)
    return bool(answer[0])


def test_a_model_comes_although_blender_believes_that_it_draws(open_window: OpenWindow, blender: Blender) -> None:
    with StandIn(speed=20, samples=("1k",)) as service:
        window = open_window(env=connected(service))
        window.show_sidebar("Triverse")
        window.run(RENDER_AND_DRAW, most=MOST_RENDERS.get(blender.name, 5))
        window.wait_for("state['is_over']")
        # Later Blenders note it for each thread. If 4.3 ever does, too, this test has nothing to show any more.
        assert may_write(window) == (blender.name != "trixie")
        window.run("bpy.utils.unregister_class(bpy.types.TEST_PT_slow)")
        generate(window, "A chair after rendering")
        wait_for_stage(window, "imported")
        window.wait_for(f"'A chair after rendering' in {COLLECTIONS}")
        assert may_write(window) == (blender.name != "trixie")
        # The list goes on being followed, too: the operator that does is started again and again.
        window.wait_for(f"not {SESSION}.is_under_way")
        window.save_shot("after-rendering")
        text = window.log_text()
        assert "Traceback" not in text, text
