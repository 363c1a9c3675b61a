# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of ``docs/examples`` share, in the bpy modules and in a real Blender. Plain Python."""

from __future__ import annotations

from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[1] / "docs" / "examples"

MAKE_SET = Path(__file__).with_name("make_set.py")
"""A script that puts placeholders into the scene, as an artist would."""


def run_both(first: Path, second: Path) -> str:
    """Return Python that runs two scripts in one process, as Blender does with two ``--python``."""
    return f"""
import runpy
for path in ({str(first)!r}, {str(second)!r}):
    runpy.run_path(path, run_name="__main__")
"""
