# SPDX-License-Identifier: GPL-3.0-or-later
"""
Facts about the running Blender, for the diagnostic report.

Floor: second. Thread: main. Imports ``bpy``.
"""

import bpy


def about_blender() -> dict[str, str]:
    """Return facts about this Blender (version, mode, kind of installation) by label. They contain no personal data."""
    build = bpy.app.build_hash.decode(errors="replace")
    run_as = "in background" if bpy.app.background else "in a window"
    return {
        "Blender": f"{bpy.app.version_string} ({build})",
        "Run": run_as if bpy.app.binary_path else "as a Python module",
        "Installed as": "an extension" if __package__.startswith("bl_ext.") else "a package",
    }
