# SPDX-License-Identifier: GPL-3.0-or-later
"""
What an engine needs of Blender, or of the bpy module in Python.

Floor: between second and third. Thread: main. Imports ``bpy``.
"""

import logging
from pathlib import Path

import bpy

from ..batch.library.asset_writer import AssetWriter
from ..scene.child.command import child_command
from ..scene.child.converter import ChildConverter
from ..scene.child.library_writer import ChildAssetWriter
from ..scene.child.preparer import ChildPreparer
from ..scene.host import gltf_abilities
from ..scene.host import settings as host_settings
from ..scene.host.info import about_blender
from ..scene.host.user_folder import older_folders, usual_folder
from ..scene.worker.gltf_import import units_of
from ..tasks.converter import Converter
from ..tasks.files.folders import WORK
from ..tasks.preparer import Preparer
from ..tasks.record.record import Placement
from ..tasks.settings import Settings
from ..tasks.store.user_folder import settle
from .engine_host import folders

_log = logging.getLogger(__name__)

#: Module name of the installed add-on, as in ``bl_ext.user_default.triverse``.
_ADDON = __package__.rpartition(".")[0]


class BlenderEngineHost:
    """The `engine_host.EngineHost` for the running Blender."""

    def settings(self, data: str | None, *, offline: bool) -> Settings:
        """
        Return the engine's settings from the environment, and from the add-on's preferences if it is installed.

        Blender's online access is respected. The bpy module has no preferences to enable it in, so there running the
        script counts as consent.

        :param data: the folder given by the user; None for the default folder.
        :param offline: whether the user wants nothing to be sent.
        :raises TriverseError: the data folder does not exist, or another Blender is moving it.
        """
        addon: bpy.types.Addon | None = bpy.context.preferences.addons.get(_ADDON)
        preferences = addon.preferences if addon is not None else None
        if data:
            data_dir, download_dir = folders(data)
        else:
            settled = settle(usual_folder(), older_folders())
            if settled.problem is not None:
                _log.warning("%s", settled.problem)
            data_dir = settled.folder
            download_dir = host_settings.download_dir(preferences, data_dir)
        is_module = not bpy.app.binary_path
        return host_settings.settings(
            preferences,
            data_dir,
            download_dir,
            online=not offline and (is_module or bpy.app.online_access),
            offline_by_command=offline,
        )

    def about(self) -> dict[str, str]:
        """Return information about Blender, the same as in the panel's report."""
        return about_blender()

    def converter(self) -> Converter | None:
        """Return the same converter as the panel uses."""
        return ChildConverter(child_command())

    def preparer(self) -> Preparer | None:
        """Return the same preparer as the panel uses."""
        return ChildPreparer(child_command("prepare_worker"), picture_suffixes=bpy.path.extensions_image)

    def asset_writer(self, data_dir: Path) -> AssetWriter | None:
        """Return a writer that adds models to an asset library, in Blender child processes."""
        return ChildAssetWriter(
            child_command("library_worker"), data_dir / WORK, reader=gltf_abilities.current_reader()
        )

    def scene_placement(self) -> Placement:
        """Return a placement with units and frame rate of the open scene, for which a model is converted."""
        if bpy.context.scene is None:
            return Placement()
        units = units_of(bpy.context.scene)
        return Placement(unit_m=units.unit_m, frames_per_s=units.frames_per_s)
