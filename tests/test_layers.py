# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tests run where: none is left out of every layer, and what is left out of some names files that exist."""

from __future__ import annotations

from pathlib import Path

from scripts._dev.cache import REPO
from scripts._dev.layers import LAYERS, _own_paths


def _files(paths: list[str]) -> set[Path]:
    found: set[Path] = set()
    for text in paths:
        path = REPO / text
        found |= set(path.rglob("test_*.py")) if path.is_dir() else {path}
    return found


def test_every_test_file_runs_in_some_layer() -> None:
    run = {file for layer in LAYERS.values() if layer.name != "lint" for file in _files(_own_paths(layer))}
    assert run == set((REPO / "tests").rglob("test_*.py"))


def test_the_oldest_and_the_newest_blender_run_everything() -> None:
    bpy = [layer for layer in LAYERS.values() if layer.name.startswith("bpy-")]
    assert len(bpy) == 5
    whole = [layer.name for layer in bpy if not layer.leaves_out]
    assert {"bpy-4.2.23", "bpy-5.3.0"} <= set(whole)
    for layer in bpy:
        for pattern in layer.leaves_out:
            assert list((REPO / "tests" / "blender").glob(pattern)), pattern
        kept = {file.name for file in _files(_own_paths(layer))}
        assert {"test_scene_convert.py", "test_library.py", "test_ui_register.py", "test_ui_panel.py"} <= kept
