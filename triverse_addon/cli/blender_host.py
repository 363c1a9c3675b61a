# SPDX-License-Identifier: GPL-3.0-or-later
"""
Runs the commands inside Blender, or with the bpy module in Python.

Floor: third. Thread: main. Imports ``bpy``.
"""

from pathlib import Path

import bpy
from mathutils import Matrix, Vector

from ..api.sentence import Sentence
from ..scene.importing.importer import import_task
from ..scene.importing.placement import bounds_of_new
from ..scene.worker import asset_collection, blend_file
from ..scene.worker.moving import move
from ..scripting import handlers
from ..scripting.blender_engine_host import BlenderEngineHost
from ..scripting.task import Task
from ..tasks.engine.import_queue import ImportOutcome
from ..tasks.record.record import Origin
from .output_file import SaveError

#: Gap between two models placed side by side, in Blender units.
_GAP = 0.5


class BlenderHost(BlenderEngineHost):
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

    def import_model(self, task: Task) -> ImportOutcome:
        """Import a model into the open scene, and call the handlers of scripts. Models are placed side by side."""
        # The record's origin is the .blend to be saved, which is not open yet. Without an origin, any scene is
        # accepted.
        return import_task(task.record.with_(origin=Origin()), lambda collection, _: self._arrived(task, collection))

    def _arrived(self, task: Task, collection: bpy.types.Collection) -> tuple[tuple[str, Sentence], ...]:
        self._place_next_to_previous(collection)
        return handlers.run(task, collection)

    def _place_next_to_previous(self, collection: bpy.types.Collection) -> None:
        """Move a model next to the previous one, at the same floor height. The first model is not moved."""
        extent = bounds_of_new(asset_collection.shown_objects(collection))
        if extent is None:
            return
        low, high = extent
        shift = self._next_corner - low if self._next_corner is not None else Vector()
        shift.y = 0.0
        if self._next_corner is not None:
            move(asset_collection.all_objects(collection), Matrix.Translation(shift))
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
