# SPDX-License-Identifier: GPL-3.0-or-later
"""
Find the imported models of a task in the open file, whichever scene they are in.

Floor: second. Thread: main. Imports ``bpy``.

Panels ask this for each visible row at each redraw, so the collections' properties are read once and kept. What is kept
are names, which undo and File > Open do not invalidate.
"""

import bpy

from .replace_import import IMPORTED_AT, UUID

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


def uuids() -> frozenset[str]:
    """Return the UUIDs of all tasks that have a model in this file."""
    _read()
    return frozenset(uuid for uuid in list(_names) if find(uuid))


def _found(task_uuid: str) -> list[bpy.types.Collection] | None:
    """Return the collections whose names are kept; None if one of them is no longer the task's."""
    found: list[bpy.types.Collection] = []
    for name in _names.get(task_uuid, ()):
        collection: bpy.types.Collection | None = bpy.data.collections.get(name)
        if collection is None or collection.get(UUID) != task_uuid:
            return None
        found.append(collection)
    return found


def _read() -> None:
    global _count
    _names.clear()
    for collection in bpy.data.collections:
        uuid = collection.get(UUID)
        if isinstance(uuid, str) and collection.library is None:
            _names.setdefault(uuid, []).append(collection.name)
    _count = len(bpy.data.collections)
