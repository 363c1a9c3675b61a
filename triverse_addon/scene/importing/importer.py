# SPDX-License-Identifier: GPL-3.0-or-later
"""
Import the model of a finished task into its scene: the importer for :meth:`tasks.engine.engine.Engine.pump`.

Floor: second. Thread: main. Imports ``bpy``.
"""

import logging
import math
import time
from collections.abc import Callable
from pathlib import Path

import bpy

from ...api.errors import TriverseError
from ...api.sentence import Sentence
from ...tasks.engine.import_queue import ConvertAgain, Failed, Imported, ImportOutcome, Later
from ...tasks.glb.glb_check import GlbError
from ...tasks.record import provenance
from ...tasks.record.record import Placement, TaskRecord
from ..host import gltf_abilities
from ..host.errors import SceneError
from ..worker import asset_collection
from ..worker.gltf_import import units_of
from . import imported_models, orphan_data, readable_models, replace_import, replace_objects, share_data, undo, variants
from .append import MAX_BLOCKS, OtherUnitsError, TooManyBlocksError, UnreadableBlendError, append_model
from .in_process import import_model
from .origin import find_object, find_scene, linked_scene_reason, missing_scene_reason
from .placement import TargetTransform, box_of
from .step_aside import step_aside
from .take_back import Attempt

_log = logging.getLogger(__name__)

#: Called with the imported collection and its scene, before the undo step is made. Returns lines for the task's
#: history, each a level and a sentence.
Arrived = Callable[[bpy.types.Collection, bpy.types.Scene], tuple[tuple[str, Sentence], ...]]


def wait_reason(record: TaskRecord) -> Sentence | None:
    """Return why the model of ``record`` cannot be imported now; None if it can. Does not access the disk."""
    scene = find_scene(record.origin)
    if scene is None:
        return missing_scene_reason(record.origin)
    if (reason := linked_scene_reason(scene)) is not None:
        return reason
    if any(obj.mode != "OBJECT" for obj in _displaced_objects(record, scene)):
        return Sentence.of("Waits until the object whose place the model takes is in Object Mode again.")
    return None


def import_task(record: TaskRecord, arrived: Arrived | None = None) -> ImportOutcome:
    """
    Import the model of ``record`` into the scene in which the task was started, as one undo step.

    Errors of files and scenes are returned, not raised. After any other error, what has come is removed again, unless
    what it replaces is changed already: then it is raised.

    :param arrived: called after the import; it must not raise. None for nothing.
    :return: ``Imported`` with the collection's name; ``Later`` if the scene is not available or the model not ready;
        ``ConvertAgain`` if the .blend does not suit the scene; ``Failed`` if the files cannot be used.
    """
    reason = wait_reason(record)
    scene = find_scene(record.origin)
    if reason is not None or scene is None:
        return Later(reason or missing_scene_reason(record.origin))
    placeholder = _placeholder(record, scene)
    old = _replaced_model(record, scene)
    started_s = time.perf_counter()
    history: list[tuple[str, Sentence]] = []
    if old is None and record.placement.instead_of:
        fixed = imported_models.find_fixed(scene, record.placement.instead_of_uuid or record.task_uuid)
        if fixed is not None:
            history.append(("WARNING", imported_models.fixed_reason(fixed)))
    attempt = Attempt(_displaced_objects(record, scene) if old is None else (), scene)
    try:
        collection = _load_model(
            record, scene, history, None if old is not None else _target_transform(record.placement, placeholder)
        )
        history += _put_in_place(record, scene, collection, old, placeholder, attempt.settle)
    except readable_models.NotYetError as error:
        return Later(error.sentence)
    except _UnsuitableBlendError as unsuitable:
        units = units_of(scene)
        return ConvertAgain(unsuitable.sentence, units.unit_m, units.frames_per_s)
    except (SceneError, GlbError) as error:
        return Failed(error.sentence)
    except Exception:
        # Files and handlers of other people raise anything. Half a model would stay, and Retry add another.
        if not attempt.take_back():
            raise
        _log.exception("the model of task %s was not imported, and what had come was removed", record.id)
        path = record.blend_path or record.model_path
        return Failed(
            Sentence.of(
                "Importing the model broke off, and the scene is as before. Press Retry. It is in {path}.", path=path
            )
        )
    name = collection.name
    _log.info("%s imported in %.0f ms", name, 1000 * (time.perf_counter() - started_s))
    if arrived is not None:
        history += arrived(collection, scene)
        try:
            name = collection.name
        except ReferenceError:  # a handler has removed it
            pass
    undo.push(f"{'Import' if old is None else 'Replace'} {name}")
    return Imported(name, tuple(history))


def _put_in_place(
    record: TaskRecord,
    scene: bpy.types.Scene,
    collection: bpy.types.Collection,
    old: bpy.types.Collection | None,
    placeholder: bpy.types.Object | None,
    settle: Callable[[], None],
) -> tuple[tuple[str, Sentence], ...]:
    """
    Give the model in ``collection`` the place and the data of what it replaces, which is hidden or removed.

    :param settle: called when the import cannot be taken back any more.
    :return: lines for the task's history.
    """
    history: tuple[tuple[str, Sentence], ...] = ()
    imported_models.store_import_time(collection)
    if record.geometry_only:
        orphan_data.remove_materials(collection)
    if old is not None:
        history = replace_import.replace_collection(collection, old, scene, settle)
    elif record.placement.replaces is not None:
        replace_objects.replace_originals(collection, scene, record.placement.replaces, record.placement.session)
    elif placeholder is not None:
        if not record.placement.keep_placeholder:
            replace_objects.hide([placeholder], scene)
    elif record.placement.step_aside:
        step_aside(collection, scene)
    # Before data are shared: the variants of earlier imports have been transferred already.
    variants.transfer(collection)
    if record.placement.share_data and record.placement.replaces is None:
        share_data.share(collection, [one for one in imported_models.find(record.task_uuid) if one != collection])
    asset_collection.exclude_others(collection)
    return history


def _load_model(
    record: TaskRecord, scene: bpy.types.Scene, history: list[tuple[str, Sentence]], target: TargetTransform | None
) -> bpy.types.Collection:
    name = provenance.collection_name(record)
    blend, glb = Path(record.blend_path), Path(record.model_path)
    has_glb = bool(record.model_path) and glb.is_file()
    if record.blend_path and blend.is_file():
        try:
            collection = _append(record, blend, scene, name=name, target=target, has_glb=has_glb)
        except TooManyBlocksError:
            pass
        else:
            # Write the properties again: some, such as the cost, may have become known after the conversion.
            asset_collection.write_properties(collection, provenance.properties(record))
            return collection
    if has_glb and not record.placement.work.needs_child:
        # The file is checked again: it may have been changed since the download, and it is not read in a child here.
        with readable_models.readable_copy(glb, gltf_abilities.current_reader()) as readable:
            undo.push_before_import()
            return import_model(
                readable,
                scene,
                name=name,
                preview_path=Path(record.preview_path) if record.preview_path else None,
                properties=provenance.properties(record),
                tags=provenance.tags(record),
                target=target,
                history=history,
                merge=record.placement.merge,
                smooth_deg=record.placement.smooth_deg,
            )
    raise SceneError(
        Sentence.of(
            "The files of the model are gone from {folder}. Press Retry to fetch them again.", folder=record.folder
        )
    )


class _UnsuitableBlendError(TriverseError):
    """The .blend does not suit the scene or the task's options, and a new one can be made from the GLB."""


def _append(
    record: TaskRecord, blend: Path, scene: bpy.types.Scene, *, name: str, target: TargetTransform | None, has_glb: bool
) -> bpy.types.Collection:
    """
    Append the .blend if it suits the scene and the task's options, or if there is no GLB.

    :param has_glb: whether the GLB still exists.
    :raises _UnsuitableBlendError: the .blend does not suit or cannot be read, and must be converted again.
    :raises TooManyBlocksError: importing the GLB is faster.
    :raises SceneError: the .blend cannot be appended.
    """
    if not has_glb:
        undo.push_before_import()
        return append_model(blend, scene, name=name, target=target)
    units = units_of(scene)
    other_units = Sentence.of(
        "Converted again, for the units and the frame rate of the scene {scene}.", scene=scene.name
    )
    if not math.isclose(record.blend_unit_m, units.unit_m, rel_tol=1e-5):
        raise _UnsuitableBlendError(other_units)
    if not record.is_blend_as_asked:
        raise _UnsuitableBlendError(Sentence.of("Converted again, with other options of the mesh."))
    has_frame_rate = math.isclose(record.blend_frames_per_s, units.frames_per_s, rel_tol=1e-5)
    # What was done with the model is in the .blend only, however long that takes to append.
    max_blocks = None if record.placement.work.needs_child else MAX_BLOCKS
    undo.push_before_import()
    try:
        return append_model(
            blend, scene, name=name, target=target, max_blocks=max_blocks, has_frame_rate=has_frame_rate
        )
    except OtherUnitsError:
        raise _UnsuitableBlendError(other_units) from None
    except UnreadableBlendError:
        raise _UnsuitableBlendError(
            Sentence.of(
                "{path} was written by a newer Blender, or is damaged. The model is converted again.",
                path=str(blend),
            )
        ) from None


def _target_transform(placement: Placement, placeholder: bpy.types.Object | None) -> TargetTransform | None:
    if placement.replaces is not None:
        return None
    return TargetTransform(
        location=placement.location,
        height=placement.height,
        on_ground=placement.on_ground,
        box=box_of(placeholder) if placeholder is not None else None,
    )


def _placeholder(record: TaskRecord, scene: bpy.types.Scene) -> bpy.types.Object | None:
    """Return the placeholder object of the task; None if there is none in ``scene``."""
    placement = record.placement
    return find_object(scene, placement.placeholder, placement.placeholder_uid, placement.session)


def _replaced_model(record: TaskRecord, scene: bpy.types.Scene) -> bpy.types.Collection | None:
    """Return the collection whose place the model takes; None if there is none in ``scene``."""
    placement = record.placement
    if not placement.instead_of:
        return None
    if not placement.instead_of_uuid:
        return imported_models.find_named(scene, record.task_uuid, placement.instead_of)
    # It was ordered minutes ago, and the other model may have been renamed since.
    return imported_models.find_latest(scene, placement.instead_of_uuid, placement.instead_of, None)


def _displaced_objects(record: TaskRecord, scene: bpy.types.Scene) -> list[bpy.types.Object]:
    """Return the objects of ``scene`` that the import of ``record`` hides or removes."""
    placement = record.placement
    old = _replaced_model(record, scene)
    if old is not None:
        return list(old.all_objects)
    if placement.replaces is not None:
        return replace_objects.originals(scene, placement.replaces, placement.session)
    placeholder = _placeholder(record, scene)
    return [placeholder] if placeholder is not None and not placement.keep_placeholder else []
