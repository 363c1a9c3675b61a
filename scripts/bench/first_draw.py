# SPDX-License-Identifier: GPL-3.0-or-later
"""
Whether the longest block of an import gets shorter if its pictures are decoded one a tick before it is linked.

    python scripts/bench/first_draw.py                             trixie (4.3) and sid (5.2), 100,000 and 1,000,000
    python scripts/bench/first_draw.py --blender sid --sizes 100k --rounds 5

No floor (development only). Main thread. Blender is driven from outside, in a real window on a virtual screen; needs
Linux, as the tests in windows do.

A model with three 2k maps, which a child Blender has converted, is appended in a viewport with material preview. In
turn it is linked at once, so that Blender decodes its maps while it draws them, and linked after a tick for each map
that decodes it. Measured is the longest time in which a timer did not run, from the append until the model is drawn,
and the whole of that time. The screen is drawn by software, which makes the draw itself longer than a graphics card
does; what is compared are the two ways. Not a test.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPO), str(REPO / "scripts")]

from bench.machine import machine  # noqa: E402 -- found by the lines above

from scripts._dev import venvs  # noqa: E402

#: Converts a model in a child, which the window's Blender starts as the add-on would.
_CONVERT = """
import sys, threading
from pathlib import Path
sys.path.insert(0, repo)
from triverse_addon.scene.child.command import child_command
from triverse_addon.scene.child.converter import ChildConverter
from triverse_addon.tasks.converter import ConvertJob
job = ConvertJob(Path(glb), None, Path(out_dir), "Model")
result = str(ChildConverter(child_command())(job, threading.Event()).blend_path)
"""
#: Cheap to draw, so that what the pictures take is seen.
_SET_UP = """
for window, area in areas("VIEW_3D"):
    shading = area.spaces.active.shading
    shading.type = "MATERIAL"
    area.spaces.active.overlay.show_overlays = False
bpy.context.scene.eevee.taa_samples = 1
bpy.data.batch_remove([*bpy.data.objects])
"""
#: Brings the model in, a part at each tick. ``state["longest_s"]`` and ``state["all_s"]`` are there when it is drawn.
_BRING = """
import time

def parts():
    images = set(bpy.data.images)
    with bpy.data.libraries.load(blend, link=False) as (inside, wanted):
        wanted.collections = inside.collections
    (collection,) = wanted.collections
    state["made"] = [collection, *collection.all_objects, *(one.data for one in collection.all_objects)]
    if is_decoded:
        for image in [image for image in bpy.data.images if image not in images]:
            yield
            if not len(image.pixels):
                raise RuntimeError(image.name)
        yield
    bpy.context.scene.collection.children.link(collection)

def drawn():
    state["is_drawn"] = state["is_drawn"] or state["is_linked"]

def tick():
    now_s = time.perf_counter()
    gap_s = now_s - state["ticked_s"]
    state["ticked_s"] = now_s
    state["gaps_s"].append(gap_s)
    if gap_s > 0.05:
        state["busy_s"] = now_s
    if not state["is_linked"]:
        try:
            next(state["parts"])
        except StopIteration:
            state["is_linked"] = True
            state["busy_s"] = time.perf_counter()
    elif state["is_drawn"] and now_s - state["busy_s"] > 1.5:
        state["longest_s"] = max(state["gaps_s"])
        state["all_s"] = state["busy_s"] - state["began_s"]
        bpy.types.SpaceView3D.draw_handler_remove(state["handler"], "WINDOW")
        return None
    return 0.005

now_s = time.perf_counter()
state |= {"parts": parts(), "is_linked": False, "is_drawn": False, "gaps_s": [], "longest_s": 0.0}
state |= {"began_s": now_s, "busy_s": now_s, "ticked_s": now_s}
state["handler"] = bpy.types.SpaceView3D.draw_handler_add(drawn, (), "WINDOW", "POST_PIXEL")
bpy.app.timers.register(tick)
"""
_REMOVE = """
bpy.data.batch_remove(state["made"])
for _ in range(3):
    bpy.data.orphans_purge(do_recursive=True)
result = len(bpy.data.images)
"""


def main() -> int:
    """Measure in each Blender, and print a table."""
    parser = argparse.ArgumentParser(description="Measure the longest block until a model is drawn.")
    parser.add_argument("--blender", action="append", choices=("trixie", "sid", "BLENDER"), help="may be given again")
    parser.add_argument("--sizes", default="100k,1m", help="models, separated by commas")
    parser.add_argument("--rounds", type=int, default=5, help="how many pairs are measured")
    options = parser.parse_args()
    if (code := venvs.run_inside(venvs.DEV)) is not None:
        return code
    # These bring what only the development environment has.
    from scripts._dev.window import BlenderWindow, find_blender
    from tests.service import models

    sizes = options.sizes.split(",")
    models.ensure(sizes)
    print(machine())
    print("                 longest block, ms        until it is drawn, ms")
    print("Blender  model   at once  one a tick      at once  one a tick")
    for name in options.blender or ("trixie", "sid"):
        for size in sizes:
            with tempfile.TemporaryDirectory(prefix="triverse-first-draw-") as folder:
                with BlenderWindow(find_blender(name), Path(folder, "window")) as window:
                    found = _measure(window, size, Path(folder, "window", "model"), options.rounds)
                version, once, ticks = found
                print(
                    f"{version:<9}{size:<6}{once[0]:>9.0f}{ticks[0]:>12.0f}{once[1]:>13.0f}{ticks[1]:>12.0f}",
                    flush=True,
                )
    return 0


def _measure(window, size: str, out_dir: Path, rounds: int) -> tuple[str, list[float], list[float]]:
    """Return Blender's version, and for both ways the medians of the longest block and of the whole time, in ms."""
    from tests.service import models

    blend = window.run(_CONVERT, repo=str(REPO), glb=str(models.glb_path(size)), out_dir=str(out_dir))
    window.run(_SET_UP)
    found: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    for number in range(rounds + 1):
        # Which of the two is first changes from pair to pair.
        for is_decoded in (bool(number % 2), not number % 2):
            window.run(_BRING, blend=blend, is_decoded=is_decoded)
            window.wait_for("state['longest_s'] > 0")
            if number:  # the first pair compiles shaders
                found[is_decoded].append((window.value("state['longest_s']"), window.value("state['all_s']")))
            window.run(_REMOVE)
    once, ticks = (
        [1000 * statistics.median(one[at] for one in found[is_decoded]) for at in (0, 1)]
        for is_decoded in (False, True)
    )
    return window.value("bpy.app.version_string").split()[0], once, ticks


if __name__ == "__main__":
    sys.exit(main())
