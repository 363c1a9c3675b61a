# SPDX-License-Identifier: GPL-3.0-or-later
"""Adjust Last Operation, before and after a model has arrived: the model stays, and so does Blender."""

from __future__ import annotations

from scripts._dev.screen import ROOMY_PX
from scripts._dev.window import BlenderWindow
from tests.gui.conftest import OpenWindow
from tests.gui.panel import COLLECTIONS, NEWEST, connected, generate, settle, wait_for_stage
from tests.service.server import StandIn

OBJECTS = "sorted(one.name for one in bpy.data.objects)"
VERTICES = "[len(one.data.vertices) for one in bpy.data.objects if one.name == 'Sphere']"
FIELD_PX = 130
"""From the middle of a setting's name to the middle of its field."""


def open_what_was_done(window: BlenderWindow) -> tuple[int, int]:
    """Open the popup of F9 on the sphere that was added last, and return where its segments are."""
    view = window.box()
    window.screen.move(view.x + 200, view.y + 250)
    window.pass_events()
    window.run("with override(): bpy.ops.screen.redo_last('INVOKE_DEFAULT')")
    x, y = window.wait_text("Segments", limit_s=20).center
    return x + FIELD_PX, y


def adjust(window: BlenderWindow, place: tuple[int, int], segments: int) -> None:
    """Type another number of segments there, and wait until the sphere has them and the model is there, once."""
    window.click(*place, times=2)
    window.key("ctrl+a", str(segments), "Return")
    # Fifteen rings, and the poles.
    window.wait_for(f"{VERTICES} == [{15 * segments + 2}]", limit_s=20)
    window.wait_for(f"{COLLECTIONS} == ['A vase to stay'] and {NEWEST}.stage.value == 'imported'", limit_s=20)
    settle(window)
    assert len([name for name in window.value(OBJECTS) if name.startswith("A vase to stay")]) == 1


def test_a_model_outlives_what_is_adjusted(open_window: OpenWindow) -> None:
    """Blender crashed when a value was changed there, while the undo step of an import was that of an operator."""
    with StandIn(speed=20, samples=("1k",)) as service:
        window = open_window(env=connected(service), width_px=ROOMY_PX)
        service.state.clock.speed = 0
        generate(window, "A vase to stay")
        wait_for_stage(window, "waiting")
        # As by the menu, while the task is under way.
        window.run("with override(): bpy.ops.mesh.primitive_uv_sphere_add('INVOKE_DEFAULT', True, location=(5, 0, 0))")
        place = open_what_was_done(window)
        service.state.clock.speed = 20
        wait_for_stage(window, "imported")
        window.wait_for(f"'A vase to stay' in {COLLECTIONS}")
        window.save_shot("adjusting")
        adjust(window, place, 7)
        window.save_shot("adjusted")
        window.key("Escape")
        # Once more, now that the model has been there before.
        adjust(window, open_what_was_done(window), 9)
        window.key("Escape")
        # Repeat Last is about what the user did last.
        view = window.box()
        window.screen.move(view.x + 200, view.y + 650)
        window.pass_events()
        window.key("shift+r")
        window.wait_for(f"'Sphere.001' in {OBJECTS}", limit_s=20)
        window.key("ctrl+z")
        window.wait_for(f"'Sphere.001' not in {OBJECTS}", limit_s=20)
        assert window.value(COLLECTIONS) == ["A vase to stay"]
        # What the user has undone does not come back by itself.
        window.key("ctrl+z")
        window.wait_for(f"not {COLLECTIONS}", limit_s=20)
        settle(window)
        assert not window.value(COLLECTIONS)
        assert "Sphere" in window.value(OBJECTS)
        window.key("ctrl+shift+z")
        window.wait_for(f"{COLLECTIONS} == ['A vase to stay']", limit_s=20)
        assert len(service.state.charged()) == 1
