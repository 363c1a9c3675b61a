# SPDX-License-Identifier: GPL-3.0-or-later
"""
Let what refers to the objects of a replaced model refer to those of the new one.

Floor: second. Thread: main. Imports ``bpy``.
"""

from collections.abc import Collection, Mapping

import bpy
from mathutils import Matrix

from ..worker import asset_collection
from .placement import world_matrix, world_of

#: Types of objects that a scene itself may refer to.
_OF_SCENES = frozenset({"CAMERA", "EMPTY"})


def remap(
    old: bpy.types.Collection,
    new: bpy.types.Collection,
    gone: list[bpy.types.Object],
    successors: Mapping[bpy.types.Object, bpy.types.Object],
    *,
    is_exact: bool,
) -> list[bpy.types.Collection]:
    """
    Remap what refers to the objects ``gone`` to their ``successors``, and take them out of ``old``.

    Children of the old objects stay where they are. They become children of the successor, if there is one.
    Where an old object was in a collection inside ``old`` and not in ``old`` itself, its successor is, too.

    :param is_exact: whether each successor has the transform of its old object, so that children keep their place.
    :return: collections inside ``old`` that contained only ``gone`` and are no part of a model.
    """
    olds = set(gone)
    inside = old.children_recursive
    beside = [child for child in inside if asset_collection.is_beside(child) and not set(child.objects) - olds]
    directly = set(old.objects)
    deeper = {obj for child in inside if child not in beside for obj in child.objects} - directly
    for home in (old, *beside):
        for obj in list(home.objects):
            # Else it would get the successors of its objects.
            home.objects.unlink(obj)
    children = [obj for obj in bpy.data.objects if obj.parent in olds and obj not in olds]
    orphans = {child: world_of(child) for child in children if child.parent not in successors}
    adopted = {} if is_exact else {child: _place_of(child, successors) for child in children if child not in orphans}
    known: dict[bpy.types.Object, Matrix] = {}
    places = {obj: world_matrix(obj, known).copy() for obj in gone if obj.parent is not None}
    for obj, place in places.items():
        # Else they would become children of the successor of their parent.
        obj.parent = None
        obj.matrix_basis = place
    referred = _referred(successors)
    for other, obj in successors.items():
        if other in referred:
            other.user_remap(obj)
        if other in deeper and obj.name in new.objects:
            new.objects.unlink(obj)
    for child, place in adopted.items():
        if child.parent_type != "OBJECT" and not _has_bone(child):
            child.parent_type = "OBJECT"
        if child.parent_type == "OBJECT":
            child.matrix_parent_inverse = world_matrix(child.parent, {}).inverted_safe() @ place
    for child, world in orphans.items():
        child.parent = None
        child.matrix_world = world
    return beside


def _referred(objects: Collection[bpy.types.Object]) -> set[bpy.types.Object]:
    """Return those of ``objects`` that need remapping, which visits the whole file for each of them."""
    users = bpy.data.user_map(subset=set(objects))
    return {
        obj
        for obj in objects
        # A scene counts as user of what it contained, too.
        if obj.type in _OF_SCENES or any(not isinstance(user, bpy.types.Scene) for user in users.get(obj, ()))
    }


def _place_of(child: bpy.types.Object, successors: Mapping[bpy.types.Object, bpy.types.Object]) -> Matrix:
    """Return the world matrix of the space that the transform of ``child`` is in."""
    parent = child.parent
    if child.parent_type != "OBJECT":
        return child.matrix_world @ child.matrix_basis.inverted_safe()
    # Constraints that the successor has taken over move both alike.
    stands = world_matrix(parent, {}) if successors[parent].constraints else world_of(parent)
    return stands @ child.matrix_parent_inverse


def _has_bone(child: bpy.types.Object) -> bool:
    parent = child.parent
    return child.parent_type == "BONE" and parent.type == "ARMATURE" and child.parent_bone in parent.data.bones
