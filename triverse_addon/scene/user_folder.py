# SPDX-License-Identifier: GPL-3.0-or-later
"""
Where list and models of this user lie, as far as Blender has a say in it.

Floor: second. Thread: main. Imports ``bpy``.
"""

import os
from pathlib import Path

import bpy

from ..tasks.store import user_folder

#: Name under which Blender knows the add-on: ``bl_ext.user_default.triverse`` once installed.
_ADDON = __package__.rpartition(".")[0]


def usual_folder() -> Path:
    """
    Return the usual folder: the user's own, or Blender's where Blender is told to keep everything in one place.

    That is a portable Blender, and ``BLENDER_USER_RESOURCES`` or ``BLENDER_USER_DATAFILES``. An extension that is
    uninstalled loses nothing there, either.
    """
    told = any(os.environ.get(f"BLENDER_USER_{name}") for name in ("RESOURCES", "DATAFILES"))
    is_portable = "portable" in Path(bpy.utils.resource_path("USER")).parts
    return _datafiles() if told or is_portable else user_folder.usual_folder()


def older_folders() -> list[Path]:
    """Return where earlier versions kept list and models: as an extension, and from a checkout."""
    if not _ADDON.startswith("bl_ext."):
        return [_datafiles()]
    return [Path(bpy.utils.extension_path_user(_ADDON, create=False)), _datafiles()]


def _datafiles() -> Path:
    return Path(bpy.utils.user_resource("DATAFILES", path="triverse", create=False))
