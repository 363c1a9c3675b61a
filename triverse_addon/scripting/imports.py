# SPDX-License-Identifier: GPL-3.0-or-later
"""
Imports models for scripts, and calls the handlers of scripts after every import.

Floor: between second and third. Thread: main. Imports ``bpy``.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import bpy

from ..api.errors import InputError
from ..api.sentence import Sentence
from ..scene.importing import importer as scene_importer
from ..scene.importing.origin import token
from ..scene.worker import asset_collection
from ..scene.worker.gltf_import import units_of
from ..tasks.engine.import_queue import Failed, Imported, ImportOutcome, Later
from ..tasks.record.record import Origin, Placement, Stage, TaskRecord
from . import handlers
from .callbacks import Watched
from .connection import Connection, in_window
from .driving import STEP_S
from .errors import ImportFailedError, NotReadyError

if TYPE_CHECKING:
    from ..tasks.engine.import_queue import Importer

#: Task id -> name of the collection that a model goes into, if it is imported by itself later.
_homes: dict[str, str] = {}


def importer(task_of: Callable[[TaskRecord], object]) -> "Importer":
    """
    Return the importer for :meth:`Engine.pump` that calls the handlers of scripts.

    :param task_of: returns the `task.Task` that the handlers get for a record.
    """

    def run(record: TaskRecord) -> ImportOutcome:
        def arrived(collection: bpy.types.Collection, scene: bpy.types.Scene) -> tuple[tuple[str, Sentence], ...]:
            home: bpy.types.Collection | None = bpy.data.collections.get(_homes.pop(record.id, ""))
            if home is not None and home in scene.collection.children_recursive:
                _move_into(collection, scene, home)
            return handlers.run(task_of(record), collection)

        return scene_importer.import_task(record, arrived)

    return run


class ImportedTask(Watched, Protocol):
    """A task whose model is imported here."""

    @property
    def name(self) -> str:
        """Its name in the list."""
        ...

    def renew(self) -> None:
        """Read its record from the store."""
        ...


@dataclass(frozen=True, slots=True)
class _Target:
    """Where to import. ``home`` is None for the scene's own collection."""

    scene: bpy.types.Scene
    home: bpy.types.Collection | None = None


def import_into(
    connection: Connection,
    task: ImportedTask,
    target: bpy.types.Scene | bpy.types.Collection | None,
    *,
    at: Sequence[float] | bpy.types.Object,
    height: float | None,
    fit_to: bpy.types.Object | str | None,
    on_ground: bool,
    keep_fit_to: bool,
    geometry_only: bool,
) -> bpy.types.Collection:
    """Import the model of a task; see :meth:`task.Task.import_into`."""
    if not task.record.has_model:
        raise task.error or NotReadyError(
            Sentence.of("The model of “{name}” is not there yet. Wait for the task first.", name=task.name)
        )
    found = _target(target)
    engine = connection.engine
    engine.import_again(
        task.id,
        origin=_origin(found.scene),
        placement=_placement(found.scene, at, height, fit_to, on_ground=on_ground, keep_fit_to=keep_fit_to),
        geometry_only=geometry_only,
    )
    _homes.pop(task.id, None)
    if found.home is not None:
        _homes[task.id] = found.home.name
    try:
        return _imported(connection, task)
    except NotReadyError:
        raise
    except BaseException:
        _homes.pop(task.id, None)  # the next import may be of the panel, and has another place
        raise


def _imported(connection: Connection, task: ImportedTask) -> bpy.types.Collection:
    """Return the collection of a model that is to be imported, as soon as it is there; see :func:`import_into`."""
    task.renew()
    while True:
        # What could not be converted for this scene is ready as before, and not to be imported by itself.
        if task.record.stage is Stage.READY and task.record.auto_import:
            outcome = connection.engine.imports.import_now(task.record, importer(lambda _: task))
            task.renew()
            if isinstance(outcome, Imported):
                model: bpy.types.Collection | None = bpy.data.collections.get(outcome.collection_name)
                if model is None:
                    raise ImportFailedError(Sentence.of("A handler has removed the imported model."))
                return model
            if isinstance(outcome, Later | Failed):
                raise ImportFailedError(outcome.sentence)
        elif not task.record.is_unfinished:
            raise task.error or ImportFailedError(_why_not(connection, task.id))
        elif in_window():
            raise NotReadyError(
                Sentence.of("The model of “{name}” is prepared for this scene, and is imported then.", name=task.name)
            )
        else:
            connection.drive(STEP_S)
            time.sleep(STEP_S)


def _why_not(connection: Connection, task_id: str) -> Sentence:
    """Return why a model was not converted for a scene, which the history of its task says."""
    lines = connection.engine.history(task_id)
    if lines and lines[-1].level == "ERROR":
        return lines[-1].sentence
    return Sentence.of("The model cannot be imported.")


def _target(target: bpy.types.Scene | bpy.types.Collection | None) -> _Target:
    """
    Return the scene to import into, and the collection.

    :raises InputError: there is no scene, none contains the collection, or nothing can be added to the collection.
    """
    if isinstance(target, bpy.types.Scene):
        return _Target(target)
    open_scene = bpy.context.scene
    if target is None and open_scene is not None:
        return _Target(open_scene)
    for scene in (open_scene, *bpy.data.scenes):
        if scene is not None and target == scene.collection:
            return _Target(scene)
        if scene is not None and target is not None and target in scene.collection.children_recursive:
            if target.library is not None or target.override_library is not None:
                raise InputError(
                    Sentence.of(
                        "The collection {name} is linked from another file and cannot be changed. Import into a "
                        "collection of this file.",
                        name=target.name,
                    ),
                    field="target",
                )
            return _Target(scene, target)
    raise InputError(Sentence.of("There is no scene to import into."), field="target")


def _origin(scene: bpy.types.Scene) -> Origin:
    scene_id = getattr(getattr(scene, "triverse", None), "scene_id", "")
    return Origin(session=token(), file=bpy.data.filepath, scene_id=scene_id, scene_name=scene.name)


def _location(at: Sequence[float] | bpy.types.Object) -> tuple[float, float, float]:
    """
    Return the coordinates of a point or an object.

    :raises InputError: there are not three numbers.
    """
    try:
        x, y, z = at.matrix_world.translation if isinstance(at, bpy.types.Object) else at
        location = float(x), float(y), float(z)
    except (TypeError, ValueError):
        location = math.nan, math.nan, math.nan
    if not all(map(math.isfinite, location)):
        raise InputError(Sentence.of("at must be an object, or three numbers."), field="at")
    return location


def _height(height: float | None) -> float | None:
    """
    Return a height as a number.

    :raises InputError: it is none, or not above 0: the model would have no size, or stand on its head.
    """
    if height is None:
        return None
    try:
        found = float(height)
    except (TypeError, ValueError):
        found = math.nan
    if not (math.isfinite(found) and found > 0):
        raise InputError(Sentence.of("height must be a number above 0."), field="height")
    return found


def _placement(
    scene: bpy.types.Scene,
    at: Sequence[float] | bpy.types.Object,
    height: float | None,
    fit_to: bpy.types.Object | str | None,
    *,
    on_ground: bool,
    keep_fit_to: bool,
) -> Placement:
    marker = scene.objects.get(fit_to) if isinstance(fit_to, str) else fit_to
    is_object = isinstance(marker, bpy.types.Object)
    if fit_to is not None and not (is_object and scene.objects.get(marker.name) == marker):
        name = marker.name if is_object else str(fit_to)
        raise InputError(
            Sentence.of("There is no object “{name}” in the scene {scene}.", name=name, scene=scene.name),
            field="fit_to",
        )
    if marker is not None or isinstance(at, bpy.types.Object):
        # A script may have moved or made it a line before.
        scene.view_layers[0].update()
    units = units_of(scene)
    return Placement(
        location=_location(at),
        height=_height(height),
        on_ground=on_ground,
        placeholder=marker.name if marker is not None else "",
        placeholder_uid=marker.session_uid if marker is not None else 0,
        session=token(),
        keep_placeholder=keep_fit_to,
        unit_m=units.unit_m,
        frames_per_s=units.frames_per_s,
    )


def _move_into(collection: bpy.types.Collection, scene: bpy.types.Scene, home: bpy.types.Collection) -> None:
    home.children.link(collection)
    scene.collection.children.unlink(collection)
    asset_collection.exclude_others(collection)  # in its new place too
