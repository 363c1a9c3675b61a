# SPDX-License-Identifier: GPL-3.0-or-later
"""
Find the imported models of a task: in the open file, whichever scene they are in, or in one scene.

Floor: second. Thread: main. Imports ``bpy``.

Panels ask this for each visible row at each redraw, so the collections' properties are read once and kept. What is kept
are names, which undo and File > Open do not invalidate.
"""

import time
from collections.abc import Iterator

import bpy

from ...api.sentence import Sentence
from .placement import kit_of

#: Custom property of imported collections with the task's UUID: see ``tasks.record.provenance``.
UUID = "triverse_task_uuid"
#: Custom property of imported collections with the time of the import, in seconds since the epoch.
IMPORTED_AT = "triverse_imported_at"

_names: dict[str, list[str]] = {}
#: Number of collections in the file when the names were read; -1 to read them again.
_count = -1


def forget() -> None:
    """Read the collections again at the next question, because the file, or a model in it, was exchanged."""
    global _count
    _count = -1


def find(task_uuid: str | None) -> list[bpy.types.Collection]:
    """Return the collections of a task in this file that still have objects, the one imported last first."""
    if not task_uuid:
        return []
    if _count != len(bpy.data.collections):
        _read()
    found = _found(task_uuid)
    if found is None:
        # A collection was renamed, or removed while another was added.
        _read()
        found = _found(task_uuid)
    models = [one for one in found or () if one.users and one.all_objects]
    return sorted(models, key=lambda one: one.get(IMPORTED_AT, 0.0), reverse=True)


def is_in_a_scene(task_uuid: str | None) -> bool:
    """
    Return whether a model of a task is in a scene of this file.

    Whatever holds a collection counts as one: which collections a scene contains is too slow to ask for each row of a
    list. Assets have a fake user, which keeps them when they are unlinked from all scenes, or when their scene is
    deleted.
    """
    return any(one.users > int(one.use_fake_user) for one in find(task_uuid))


def find_latest(
    scene: bpy.types.Scene, task_uuid: str | None, last: str, active: bpy.types.Object | None
) -> bpy.types.Collection | None:
    """
    Return the model in ``scene`` that contains the active object, otherwise the one imported last; None if none.

    An instance of a collection in ``scene`` shows a model, too, and as active object contains it.

    :param task_uuid: the task whose imports are searched.
    :param last: name of the collection of the last import, used if the times of the imports do not decide.
    :param active: the active object.
    """
    found = _find_in(scene, task_uuid)
    for one in found:
        if active is not None and (active in set(one.all_objects) or kit_of(active) == one):
            return one
    # A user may change the names and the order of the collections, so they decide only where the times do not: between
    # copies of one import, and between imports of version 0.1.0, which stored no time.
    return max(reversed(found), key=lambda one: (one.get(IMPORTED_AT, 0.0), one.name == last), default=None)


def find_named(scene: bpy.types.Scene, task_uuid: str | None, name: str) -> bpy.types.Collection | None:
    """Return the model in ``scene`` whose collection is named ``name``; None if there is none."""
    return next((one for one in _find_in(scene, task_uuid) if one.name == name), None) if name else None


def find_fixed(scene: bpy.types.Scene, task_uuid: str | None) -> bpy.types.Collection | None:
    """Return a model of a task in ``scene`` that cannot be replaced, see :func:`fixed_reason`; None if none."""
    models = {one for one in find(task_uuid) if one.override_library is not None}
    if task_uuid and bpy.data.libraries:
        models |= {one for one in bpy.data.collections if one.library is not None and one.get(UUID) == task_uuid}
    return next(iter(_of_scene(scene, models)), None)


def fixed_reason(model: bpy.types.Collection) -> Sentence:
    """Return why a model that :func:`find_fixed` returned cannot be replaced."""
    if model.library is not None:
        return Sentence.of("The model in this scene is linked from another file. Replace it in its own file.")
    return Sentence.of("The model in this scene is a library override. Replace it in its own file.")


def store_import_time(collection: bpy.types.Collection) -> None:
    """Store the present time as the collection's time of import."""
    collection[IMPORTED_AT] = time.time()
    forget()


def _find_in(scene: bpy.types.Scene, task_uuid: str | None) -> list[bpy.types.Collection]:
    """
    Return the models of a task in ``scene`` that can be replaced, in the order of its collections.

    Nothing can be taken out of a library override.
    """
    return _of_scene(scene, {one for one in find(task_uuid) if one.override_library is None})


def _of_scene(scene: bpy.types.Scene, models: set[bpy.types.Collection]) -> list[bpy.types.Collection]:
    """Return those of ``models`` that are in ``scene``: those that only instances show come last."""
    inside = [one for one in scene.collection.children_recursive if one in models] if models else []
    left = models.difference(inside)
    if any(one.users > int(one.use_fake_user) for one in left):
        inside += [one for one in _instanced(scene) if one in left]
    return inside


def _instanced(scene: bpy.types.Scene) -> dict[bpy.types.Collection, None]:
    """Return the collections that instances in ``scene`` show, with those inside them."""
    found: dict[bpy.types.Collection, None] = {}
    ahead = list(scene.objects)
    while ahead:
        kit = kit_of(ahead.pop())
        for one in (kit, *kit.children_recursive) if kit is not None and kit not in found else ():
            if one not in found:
                found[one] = None
                ahead.extend(one.objects)
    return found


def in_file() -> dict[int, str]:
    """Return all models of this file that are in a scene: session UID of the collection -> the task's UUID."""
    return {one.session_uid: uuid for one, uuid in _of_tasks() if one.users}


def uuids() -> frozenset[str]:
    """Return the UUIDs of all tasks that have a model in a scene of this file."""
    _read()
    return frozenset(uuid for uuid in list(_names) if is_in_a_scene(uuid))


def _found(task_uuid: str) -> list[bpy.types.Collection] | None:
    """Return the collections whose names are kept; None if one of them is no longer the task's."""
    found: list[bpy.types.Collection] = []
    for name in _names.get(task_uuid, ()):
        collection: bpy.types.Collection | None = bpy.data.collections.get(name)
        if collection is None or collection.get(UUID) != task_uuid:
            return None
        found.append(collection)
    return found


def _of_tasks() -> Iterator[tuple[bpy.types.Collection, str]]:
    """Yield this file's own collections that have the UUID of a task, with that."""
    for collection in bpy.data.collections:
        uuid = collection.get(UUID)
        if isinstance(uuid, str) and collection.library is None:
            yield collection, uuid


def _read() -> None:
    global _count
    _names.clear()
    for collection, uuid in _of_tasks():
        _names.setdefault(uuid, []).append(collection.name)
    _count = len(bpy.data.collections)
