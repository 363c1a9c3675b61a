# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that *Work on Result* offers, ticked and set by mouse, and what comes of each in the scene."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from scripts._dev.window import BlenderWindow
from tests.gui.conftest import OpenWindow
from tests.gui.panel import COLLECTIONS, NEWEST, choose_in_menu, connected, generate, settle, wait_for_stage
from tests.service.server import StandIn

NAME = "A red chair tris:20k"
WORK = f"[{NEWEST}.blend_work.decimate, {NEWEST}.blend_work.lods, {NEWEST}.blend_work.cleanup, {NEWEST}.blend_merge]"
MESHES = """
window = bpy.context.window_manager.windows[0]
# A collection holds its levels of detail in collections inside it.
result = {}
for obj in bpy.data.collections[name].all_objects:
    if obj.type == "MESH":
        obj.data.calc_loop_triangles()
        result[obj.name] = [
            len(obj.data.loop_triangles), len(obj.data.vertices), [one.name for one in obj.data.materials if one]
        ]
"""


@pytest.fixture
def service() -> Iterator[StandIn]:
    """The stand-in, twenty times as fast."""
    with StandIn(speed=20.0, samples=("20k",)) as standin:
        yield standin


def meshes(window: BlenderWindow, collection: str = NAME) -> dict[str, list[Any]]:
    """The triangles, vertices and materials of each mesh of a model, by the name of its object."""
    found = window.run(MESHES, name=collection)
    assert isinstance(found, dict)
    return found


def tick(window: BlenderWindow, *labels: str) -> None:
    """Click on boxes of the dialog."""
    for label in labels:
        window.click_text(label)
        settle(window)


def set_number(window: BlenderWindow, label: str, number: int) -> None:
    """Type into a number field of the dialog, and look at the dialog again."""
    window.fill_in(*window.wait_text(label).center, str(number))
    settle(window)


def start(window: BlenderWindow, expected: list[Any]) -> None:
    """Press *Start Work*, and wait until the result is in the scene."""
    window.click_text("Start Work")
    window.wait_for(f"{WORK} == expected and {NEWEST}.stage.value == 'imported'", expected=expected)
    settle(window)


def test_all_that_blender_can_do_is_chosen_by_mouse(open_window: OpenWindow, service: StandIn) -> None:
    window = open_window(env=connected(service))
    side = generate(window, NAME)
    wait_for_stage(window, "imported")
    settle(window)
    ((whole, vertices, materials),) = meshes(window).values()

    # Decimate is ticked at first, with half the triangles: other numbers are typed.
    choose_in_menu(window, side, "Work on Result")
    window.wait_text("Decimate")
    set_number(window, "Triangle Count", 4000)
    window.wait_text(f"Ratio {4000 / whole:.3f}")
    set_number(window, "Levels of Detail", 2)
    window.wait_text("LOD1 2,000")
    tick(window, "Clean Up", "Merge Vertices")
    window.save_shot("all-chosen")
    start(window, [4000, 2, True, True])
    assert window.value(COLLECTIONS) == [NAME]
    made = meshes(window)
    counts = sorted((count for count, _, _ in made.values()), reverse=True)
    assert len(counts) == 3, made
    assert 3500 <= counts[0] <= 4000
    for coarse, fine in zip(counts[1:], counts, strict=False):
        assert fine / 2 * 0.8 <= coarse <= fine / 2 * 1.2
    window.save_shot("all-done")

    # Without Decimate and levels of detail, and beside the first: only clean-up and merge are left.
    choose_in_menu(window, side, "Work on Result")
    window.wait_text("Decimate")
    set_number(window, "Levels of Detail", 0)
    tick(window, "Decimate", "In Its Place")
    window.save_shot("beside")
    start(window, [0, 0, True, True])
    first, second = window.value(COLLECTIONS)
    assert first == NAME
    ((count, merged, cleaned),) = meshes(window, second).values()
    assert count == whole
    assert merged < vertices, "one vertex of those in one place"
    # Clean Up names what is used after the model.
    assert [one.partition(".")[0] for one in cleaned] == [NAME.partition(".")[0]], (cleaned, materials)

    # And each alone undoes the other.
    choose_in_menu(window, side, "Work on Result")
    window.wait_text("Decimate")
    tick(window, "Clean Up")
    start(window, [0, 0, False, True])
    assert list(service.state.charged_per_order().values()) == [1], "it costs nothing"
    assert "Traceback" not in window.log_text()
