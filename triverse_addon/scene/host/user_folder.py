# SPDX-License-Identifier: GPL-3.0-or-later
"""
Locate the folder of the user's task store and models, where that depends on Blender.

Floor: second. Thread: main. Imports ``bpy``.
"""

import os
from pathlib import Path

import bpy

from ...tasks.store import user_folder

#: Package name of the add-on: ``bl_ext.user_default.triverse`` when it is installed as an extension.
_ADDON = __package__.rsplit(".", 2)[0]


def usual_folder() -> Path:
    """
    Return the default data folder: the user's own, or Blender's if Blender keeps all user files in one folder.

    Blender does so when it is portable, or when ``BLENDER_USER_RESOURCES`` or ``BLENDER_USER_DATAFILES`` is set. Both
    folders keep their content when the extension is uninstalled.
    """
    is_configured = any(os.environ.get(f"BLENDER_USER_{name}") for name in ("RESOURCES", "DATAFILES"))
    is_portable = "portable" in Path(bpy.utils.resource_path("USER")).parts
    return _datafiles() if is_configured or is_portable else user_folder.usual_folder()


def older_folders() -> list[Path]:
    """Return the folders where earlier versions, as an extension and from a checkout, kept task store and models."""
    if not _ADDON.startswith("bl_ext."):
        return [_datafiles()]
    return [Path(bpy.utils.extension_path_user(_ADDON, create=False)), _datafiles()]


def _datafiles() -> Path:
    return Path(bpy.utils.user_resource("DATAFILES", path="triverse", create=False))
