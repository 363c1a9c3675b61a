# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch's library in the asset browser: what the test and the picture of the documentation share."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from scripts._dev.pictures import Box
from scripts._dev.profiles import copy_profile
from scripts._dev.window import Blender, BlenderWindow, run_background
from tests.gui.panel import connected
from tests.service.server import StandIn
from triverse_addon.batch.library import catalogs

ROWS = (
    "name,prompt,polygon_limit,catalog,height,ground\n"
    "Pink Vase,a pink vase,1000,Props/Vases,0.5,yes\n"
    "Old Vase,an old vase,1000,Props/Vases,0.5,yes\n"
    "Green Vase,a green vase,20000,Props/Vases,0.5,yes\n"
    "Still Life,a multi thing,,Sets,1.2,yes\n"
    "Lost Vase,a vase that must fail,1000,Props/Vases,0.5,yes\n"
)
NAMES = ("Pink Vase", "Old Vase", "Green Vase", "Still Life")
LIMIT_S = 120.0


def make_library(blender: Blender, profile: Path, folder: Path, catalog_file: str = "") -> Path:
    """
    Have the installed command make a library, in which one row has failed, and return it.

    Args:
        catalog_file: text of the file of catalogs that is there before.
    """
    library = folder / "library"
    if catalog_file:
        library.mkdir()
        (library / catalogs.FILE_NAME).write_text(catalog_file, encoding="utf-8")
    with StandIn(speed=20, samples=("1k", "20k", "multi")) as service:
        (folder / "rows.csv").write_text(ROWS, encoding="utf-8")
        (folder / "worker").mkdir()
        home = copy_profile(profile, folder / "worker" / "home")
        words = ["--background", "--command", "triverse", "batch", str(folder / "rows.csv"), "--yes"]
        words += ["--library", str(library)]
        answer = run_background(blender, home, words, env=connected(service), shares=[folder])
        said = (answer.stdout + answer.stderr).decode()
        assert answer.returncode == 1, said
        assert "4 done, 1 failed" in said
    return library


def browse(window: BlenderWindow, library: Path, names: Sequence[str] = NAMES) -> None:
    """Show a library in an asset browser below the viewport, and wait until the thumbnails of all names are drawn."""
    window.run(
        """
        bpy.context.preferences.filepaths.asset_libraries.new(name="Batch", directory=folder)
        for obj in list(bpy.context.window_manager.windows[0].scene.objects):
            bpy.data.objects.remove(obj)
        with override():
            bpy.ops.screen.area_split(direction="HORIZONTAL", factor=0.45)
        min((area for _, area in areas()), key=lambda area: area.y).ui_type = "ASSETS"
        """,
        folder=str(library),
    )
    params = "areas('FILE_BROWSER')[0][1].spaces.active.params"
    window.wait_for(f"{params} is not None")
    window.run(f"params = {params}; params.asset_library_reference = 'Batch'; params.display_size_discrete = 'BIG'")
    window.redraw()
    grid = window.box("FILE_BROWSER", "WINDOW")
    for name in names:
        place = above(window.wait_text(name, grid))
        wait_until(partial(_is_drawn, window, place), f"the thumbnail of {name} is not drawn")


def above(name: Box) -> Box:
    """Where the thumbnail of an asset is, by its name."""
    return Box(name.center[0] - 40, name.y - 90, 80, 80)


def _is_drawn(window: BlenderWindow, part: Box) -> bool:
    """Whether a part of the screen has strong colours: Blender's own look is grey, thumbnails are not."""
    pixels = window.screen.picture(part).convert("HSV").tobytes()
    strong = sum(s > 100 and v > 50 for s, v in zip(pixels[1::3], pixels[2::3], strict=True))
    return strong > 0.05 * part.width * part.height


def wait_until(look: Callable[[], object], what: str) -> None:
    """Look again until it is true."""
    ends_at_s = time.monotonic() + LIMIT_S
    while not look():
        assert time.monotonic() < ends_at_s, what
        time.sleep(0.2)
