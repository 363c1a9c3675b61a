# SPDX-License-Identifier: GPL-3.0-or-later
"""
The asset libraries that Blender shows: whether a folder is one, and adding it.

Floor: third. Thread: main. Imports ``bpy``. Reads memory only.

From Blender 5.3 on, those of the open project are in the same list, behind the user's own. Their paths may begin with
``{project_root}``, and what is changed in them is saved into the project's file, which is the whole team's.
"""

import os
from pathlib import Path

import bpy

_PROJECT_ROOT = "{project_root}"


def shown_as(folder: Path) -> str | None:
    """Return the name under which the asset browser shows ``folder``, None when it does not."""
    for entry in bpy.context.preferences.filepaths.asset_libraries:
        # Blender can switch one off from 5.1 on.
        if getattr(entry, "enabled", True) and _is_same(_resolved(entry.path), folder):
            return str(entry.name)
    return None


def show(folder: Path) -> str:
    """Have the asset browser show ``folder`` if it does not yet; return the name under which it does."""
    name = shown_as(folder)
    if name is None:
        # The entry itself: it is not the last one while a project has libraries of its own.
        libraries = bpy.context.preferences.filepaths.asset_libraries
        name = str(libraries.new(name=folder.name, directory=str(folder)).name)
    return name


def _resolved(path: str) -> str:
    """Return the path of an entry, absolute."""
    project = getattr(bpy.data, "project", None)
    if project is not None and path.startswith(_PROJECT_ROOT):
        path = project.root_path + path.removeprefix(_PROJECT_ROOT)
    return bpy.path.abspath(path)


def _is_same(path: str, folder: Path) -> bool:
    return bool(path) and _normal(path) == _normal(str(folder))


def _normal(path: str) -> str:
    return os.path.normcase(os.path.normpath(path))
