# SPDX-License-Identifier: GPL-3.0-or-later
"""
A batch's library in a real Blender's asset browser: catalogs, names, thumbnails drawn, and an asset that is used.

One: ``python scripts/test.py tests/gui/test_library.py --layer window-trixie``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts._dev.screen import WIDE_PX
from scripts._dev.window import Blender
from tests.gui.browsing import above, browse, make_library, wait_until
from tests.gui.conftest import OpenWindow
from triverse_addon.batch.library import catalogs

#: A catalog that was there before.
OWN = "8b0d9b4e-7d0f-4f47-9c4e-0f2d9a3a2f11"


@pytest.fixture
def library(blender: Blender, profile_template: Path, tmp_path: Path) -> Path:
    """A library that the installed command has made in a folder whose catalogs no Blender could read."""
    before = f"\ufeff# mine\nVERSION 1\n\n{catalogs.catalog_id('Mine')}:Props:Props\n{OWN}:Props/Vases:Mine\n"
    return make_library(blender, profile_template, tmp_path, before)


def test_the_library_is_shown_with_thumbnails_and_used(open_window: OpenWindow, library: Path) -> None:
    window = open_window(width_px=WIDE_PX)
    browse(window, library)
    tree, grid = window.box("FILE_BROWSER", "TOOLS"), window.box("FILE_BROWSER", "WINDOW")
    for name in ("Props", "Sets"):
        window.wait_text(name, tree)
    # A star behind a name would say that Blender had to make the catalog, and that nobody has saved it.
    assert "Props*" not in window.text(tree)
    window.save_shot("asset-browser")

    # Blender's own listing: every model is in its catalog, also in the one that was there before.
    listed = window.run(
        """
        with override("FILE_BROWSER"):
            bpy.ops.file.select_all(action="SELECT")
            result = {one.name: one.metadata.catalog_id for one in bpy.context.selected_assets}
            bpy.ops.file.select_all(action="DESELECT")
        """
    )
    vases, sets = OWN, catalogs.read(library)["Sets"]
    assert listed == {"Pink Vase": vases, "Old Vase": vases, "Green Vase": vases, "Still Life": sets}

    # The catalog narrows the list to what is in it.
    window.click_text("Sets", tree)
    wait_until(lambda: not window.find_text("Pink Vase", grid), "the catalog still shows other assets")
    window.wait_text("Still Life", grid)

    # Dragged into the viewport, an asset is in the scene: at the height that was asked for, on the ground.
    window.click_text("Props", tree)
    window.drag(above(window.wait_text("Pink Vase", grid)).center, window.box("VIEW_3D").center)
    window.wait_for("'Pink Vase' in bpy.data.collections")
    window.wait_for("any(bpy.context.window_manager.windows[0].scene.objects)")
    low, high = window.run(
        """
        (obj,) = bpy.data.collections["Pink Vase"].objects
        heights = [(obj.matrix_world @ vertex.co).z for vertex in obj.data.vertices]
        result = min(heights), max(heights)
        """
    )
    assert low == pytest.approx(0.0, abs=1e-4)
    assert high == pytest.approx(0.5, abs=1e-3)
