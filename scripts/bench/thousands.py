# SPDX-License-Identifier: GPL-3.0-or-later
"""
What the panel's actions cost in scenes of thousands of objects, and how that grows with their number.

    python scripts/bench/thousands.py                    bpy 4.2.23 and 5.2.3 of the development cache
    python scripts/bench/thousands.py --python PATH      another Python that has bpy; may be given again

No floor (development only). Main thread. The part that measures runs under each Python by itself and imports ``bpy``.

Blender looks through all objects of a view layer to find one by its name, or to hide one, so an action that does that
for each of N takes N times N steps. Measured is each action with 1,500 objects and with four times as many, in the
processor's time, each the least of three. Ends with 1 if one takes more than `GOAL` times as long with four times as
many: 4 is in step with their number, 16 with its square.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPO), str(REPO / "scripts")]

VERSIONS = ("4.2.23", "5.2.3")
COUNTS = (1_500, 6_000)
GOAL = 8.0


def main() -> int:
    """Measure under each Python and print a table."""
    parser = argparse.ArgumentParser(description="Measure what actions cost in scenes of thousands of objects.")
    parser.add_argument("--python", action="append", type=Path, help="a Python that has bpy; may be given again")
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()

    from bench import under_bpy
    from bench.machine import machine

    if options.measure:
        under_bpy.answer(measure(options.measure))

    print(machine())
    print(f"Goal: at most {GOAL:g} times as long with four times as many objects.")
    good = True
    for python in options.python or under_bpy.pythons(VERSIONS):
        few, many = (under_bpy.measured(python, __file__, "--measure", str(count)) for count in COUNTS)
        for name in few["took_s"]:
            ratio = many["took_s"][name] / max(few["took_s"][name], 0.001)
            good &= ratio <= GOAL
            times = "".join(f"{1000 * one['took_s'][name]:>9.0f} ms" for one in (few, many))
            print(f"{few['version']:<12}{name:<44}{times}{ratio:>8.1f}")
    return 0 if good else 1


# -----------------------------------------------------------------------------
# Under bpy


def measure(count: int) -> dict:
    """Return the seconds that each action takes with ``count`` objects."""
    import bpy

    took_s = {}
    for name, prepare in (
        ("Show in Viewport", _show),
        ("Capture Selection Alone: hide and show the rest", _capture),
        ("find the originals of textures", _originals),
        ("whether a model to be replaced is selected", _is_selected),
    ):
        took_s[name] = min(_seconds(prepare, count) for _ in range(3))
    return {"version": bpy.app.version_string.split()[0], "took_s": took_s}


def _seconds(prepare: Callable[[int], Callable[[], object]], count: int) -> float:
    import bpy

    bpy.ops.wm.read_factory_settings(use_empty=False)
    act = prepare(count)
    bpy.context.view_layer.update()
    began_s = time.process_time()
    act()
    return time.process_time() - began_s


def _objects(count: int) -> tuple:
    """Return a collection with ``count`` objects in the scene, and these."""
    import bpy

    home = bpy.data.collections.new("Home")
    bpy.context.scene.collection.children.link(home)
    mesh = bpy.data.meshes.new("Part")
    objects = [bpy.data.objects.new(f"part_{number}", mesh) for number in range(count)]
    for obj in objects:
        home.objects.link(obj)
    _ = bpy.context.view_layer.objects.active
    return home, objects


def _show(count: int) -> Callable[[], object]:
    import bpy

    from triverse_addon.scene.importing import show

    home, _ = _objects(count)
    return lambda: show.show(home, bpy.context.window_manager.windows[0], None)


def _capture(count: int) -> Callable[[], object]:
    import bpy

    from triverse_addon.scene.capture import viewport

    _, objects = _objects(count)
    window = bpy.context.window_manager.windows[0]
    area = next(one for one in window.screen.areas if one.type == "VIEW_3D")

    def act() -> None:
        kept = objects[: count // 2]
        with bpy.context.temp_override(window=window, area=area), viewport._hidden_rest(bpy.context.view_layer, kept):
            pass

    return act


def _originals(count: int) -> Callable[[], object]:
    import bpy

    from triverse_addon.scene.importing import origin, replace_objects
    from triverse_addon.tasks.record.record import Replaced

    _, objects = _objects(count)
    replaced = Replaced(
        names=tuple(obj.name for obj in objects),
        matrix=(1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0),
        low=(0.0, 0.0, 0.0),
        high=(1.0, 1.0, 1.0),
        uids=tuple(obj.session_uid for obj in objects),
    )
    return lambda: replace_objects.originals(bpy.context.scene, replaced, origin.token())


def _is_selected(count: int) -> Callable[[], object]:
    from triverse_addon.scene.importing import replace_import

    _, objects = _objects(count)
    return lambda: replace_import._selection(objects)


if __name__ == "__main__":
    sys.exit(main())
