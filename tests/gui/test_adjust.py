# SPDX-License-Identifier: GPL-3.0-or-later
"""Adjust Last Operation, after a model has arrived: what the user did before cannot be repeated without the model."""

from __future__ import annotations

from tests.gui.conftest import OpenWindow
from tests.gui.panel import COLLECTIONS, connected, generate, settle, wait_for_stage
from tests.service.server import StandIn

OBJECTS = "sorted(one.name for one in bpy.data.objects)"


def test_a_model_that_arrived_outlives_what_is_adjusted_afterwards(open_window: OpenWindow) -> None:
    with StandIn(speed=20, samples=("1k",)) as service:
        window = open_window(env=connected(service))
        generate(window, "A vase to stay")
        # As by the menu, while the task is under way.
        window.run("with override(): bpy.ops.mesh.primitive_uv_sphere_add('INVOKE_DEFAULT', True, location=(5, 0, 0))")
        wait_for_stage(window, "imported")
        window.wait_for(f"'A vase to stay' in {COLLECTIONS}")
        settle(window)
        there = window.value(OBJECTS)
        assert "Sphere" in there
        window.hover()
        window.key("F9")
        settle(window)
        window.save_shot("adjust")
        assert not window.find_text("Radius"), "it offers what was done before the model came"
        window.key("Escape")
        window.hover()
        settle(window)
        # What F9 would do if the user had changed something there.
        window.run("with override(): bpy.ops.ed.undo_redo()")
        settle(window)
        assert window.value(OBJECTS) == there
        assert window.value(COLLECTIONS) == ["A vase to stay"]
        # One step takes the model away, the next one the sphere.
        window.key("ctrl+z")
        window.wait_for(f"not {COLLECTIONS}")
        assert "Sphere" in window.value(OBJECTS)
        window.key("ctrl+shift+z")
        window.wait_for(f"{COLLECTIONS} == ['A vase to stay']")
