# SPDX-License-Identifier: GPL-3.0-or-later
"""
Runs the commands inside Blender, or with the bpy module in Python.

Floor: third. Thread: main. Imports ``bpy``.
"""

import logging
from pathlib import Path

import bpy
from mathutils import Matrix, Vector

from ..api.sentence import Sentence
from ..batch.library.asset_writer import AssetWriter
from ..scene import gltf_abilities, host_settings
from ..scene.child.command import child_command
from ..scene.child.converter import ChildConverter
from ..scene.child.library_writer import WORK, ChildAssetWriter
from ..scene.child.preparer import ChildPreparer
from ..scene.host_info import about_blender
from ..scene.importing.importer import import_task
from ..scene.importing.placement import bounds
from ..scene.user_folder import older_folders, usual_folder
from ..scene.worker import asset_collection, blend_file
from ..tasks.converter import Converter
from ..tasks.engine.import_queue import Imported, ImportOutcome
from ..tasks.preparer import Preparer
from ..tasks.record import Origin, TaskRecord
from ..tasks.settings import Settings
from ..tasks.store.user_folder import settle
from .host import folders
from .output_file import SaveError

_log = logging.getLogger(__name__)

#: Module name of the installed add-on, as in ``bl_ext.user_default.triverse``.
_ADDON = __package__.rpartition(".")[0]

#: Gap between two models placed side by side, in Blender units.
_GAP = 0.5


class BlenderHost:
    """
    The `Host` for the running Blender.

    :param prog: how the command was called.
    """

    can_save_blend = True

    def __init__(self, prog: str) -> None:
        self.prog = prog
        self._next_corner: Vector | None = None
        self._own_scene: str | None = None
        """Name of the scene that models are imported into, if no .blend was opened."""

    def settings(self, data: str | None, *, offline: bool) -> Settings:
        """
        Return the engine's settings from the environment, and from the add-on's preferences if it is installed.

        Blender's online access is respected. The bpy module has no preferences to enable it in, so there running the
        script counts as consent.

        :param data: the folder given with ``--data``; None for the default folder.
        :param offline: whether ``--offline`` was given.
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

    def is_open(self, path: Path) -> bool:
        """Return whether ``path`` is the .blend that was opened before the command."""
        opened = Path(bpy.data.filepath) if bpy.data.filepath else None
        return opened is not None and opened.exists() and path.samefile(opened)

    def begin_blend(self) -> None:
        """
        Prepare for imports: keep the .blend that was opened before the command, or create an empty file.

        Blender's startup file is not used, because it contains a cube, a camera and a light.
        """
        self._own_scene = None
        if not bpy.data.filepath:
            bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
            self._own_scene = blend_file.begin().name
        self._next_corner = None

    def import_model(self, record: TaskRecord) -> ImportOutcome:
        """Import a model into the open scene. Several models are placed side by side."""
        # The record's origin is the .blend to be saved, which is not open yet. Without an origin, any scene is
        # accepted.
        outcome = import_task(record.with_(origin=Origin()))
        if isinstance(outcome, Imported):
            self._place_next_to_previous(bpy.data.collections[outcome.collection_name])
        return outcome

    def _place_next_to_previous(self, collection: bpy.types.Collection) -> None:
        """Move a model next to the previous one, at the same floor height. The first model is not moved."""
        extent = bounds(asset_collection.shown_objects(collection))
        if extent is None:
            return
        low, high = extent
        shift = self._next_corner - low if self._next_corner is not None else Vector()
        shift.y = 0.0
        if self._next_corner is not None:
            for obj in collection.all_objects:
                if obj.parent is None:
                    obj.matrix_basis = Matrix.Translation(shift) @ obj.matrix_basis
        self._next_corner = Vector((high.x + shift.x + _GAP, 0.0, low.z + shift.z))

    def save_blend(self, path: Path) -> None:
        """
        Save the open file, or a file with the models only. It is written under a temporary name first.

        :raises SaveError: the file cannot be written.
        """
        try:
            if self._own_scene is not None:
                blend_file.write(path, bpy.data.scenes[self._own_scene])
            else:
                bpy.ops.wm.save_as_mainfile(filepath=str(path), check_existing=False)
        except (OSError, RuntimeError) as error:
            # Blender's message, "Error: Cannot open file …", is the only known reason.
            reason = " ".join(str(getattr(error, "strerror", None) or error).removeprefix("Error: ").split())
            raise SaveError(
                Sentence.of("The file {path} cannot be written ({reason}).", path=str(path), reason=reason)
            ) from None
