# SPDX-License-Identifier: GPL-3.0-or-later
"""
The asset libraries in Blender's preferences: find and add a folder.

Floor: third. Thread: main. Imports ``bpy``. Reads memory only.

From Blender 5.3 on, the libraries of the open project are in the same list, after the user's own. Their paths may begin
with ``{project_root}``. Changes of these entries are saved to the project's file, which the whole team shares.
"""

import os
from pathlib import Path

import bpy

_PROJECT_ROOT = "{project_root}"


def shown_as(folder: Path) -> str | None:
    """Return the name under which the asset browser shows ``folder``, or None if it does not."""
    for entry in bpy.context.preferences.filepaths.asset_libraries:
        path: str = entry.path  # type: ignore[attr-defined]  # not in the stubs
        # From Blender 5.1 on, a library can be disabled.
        if getattr(entry, "enabled", True) and _is_same(_resolved(path), folder):
            return str(entry.name)
    return None


def show(folder: Path) -> str:
    """Add ``folder`` to the asset libraries if it is not one, and return its name in the asset browser."""
    name = shown_as(folder)
    if name is None:
        # Use the returned entry: the last one in the list may be a library of a project.
        libraries = bpy.context.preferences.filepaths.asset_libraries
        name = str(libraries.new(name=folder.name, directory=str(folder)).name)
    return name


def _resolved(path: str) -> str:
    """Return the path of an entry as absolute path, with ``{project_root}`` replaced."""
    project = getattr(bpy.data, "project", None)
    if project is not None and path.startswith(_PROJECT_ROOT):
        path = project.root_path + path.removeprefix(_PROJECT_ROOT)
    return bpy.path.abspath(path)


def _is_same(path: str, folder: Path) -> bool:
    return bool(path) and _normal(path) == _normal(str(folder))


def _normal(path: str) -> str:
    return os.path.normcase(os.path.normpath(path))
