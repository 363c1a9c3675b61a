# SPDX-License-Identifier: GPL-3.0-or-later
"""
Remove data-blocks (meshes, materials, images) that are unused after a model or its materials were removed.

Floor: second. Thread: main. Imports ``bpy``.
"""

from collections.abc import Iterable

import bpy


def used_by(objects: Iterable[bpy.types.Object]) -> list[bpy.types.ID]:
    """Return the data-blocks that ``objects`` use, directly or not: object data, actions, materials, images, groups."""
    found: dict[bpy.types.ID, None] = {}
    for obj in objects:
        for owner in (obj, obj.data, getattr(obj.data, "shape_keys", None)):
            _add_action(owner, found)
        if obj.data is not None:
            found[obj.data] = None
        for material in materials_of(obj):
            _add_material(material, found)
    return list(found)


def materials_of(obj: bpy.types.Object) -> list[bpy.types.Material]:
    """Return the materials in the slots of an object and in its data, each once."""
    own = [slot.material for slot in obj.material_slots]
    of_data = list(getattr(obj.data, "materials", ()))
    return list(dict.fromkeys(material for material in own + of_data if material is not None))


def _add_action(owner: object, found: dict[bpy.types.ID, None]) -> None:
    animation = getattr(owner, "animation_data", None)
    if animation is None:
        return
    strips = [strip for track in animation.nla_tracks for strip in track.strips]
    for action in [animation.action, *(strip.action for strip in strips)]:
        if action is not None:
            found[action] = None


def _add_material(material: bpy.types.Material, found: dict[bpy.types.ID, None]) -> None:
    found[material] = None
    if material.node_tree is not None:
        _add_tree(material.node_tree, found)


def _add_tree(tree: bpy.types.NodeTree, found: dict[bpy.types.ID, None]) -> None:
    _add_action(tree, found)
    for node in tree.nodes:
        image, inner = getattr(node, "image", None), getattr(node, "node_tree", None)
        if image is not None:
            found[image] = None
        if inner is not None and inner not in found:
            found[inner] = None
            _add_tree(inner, found)


def remove_unused(found: Iterable[bpy.types.ID]) -> None:
    """Remove those of ``found`` that have no users, repeatedly. Linked ones and those with a fake user are kept."""
    left = [one for one in found if one.library is None]
    while unused := [one for one in left if not one.users]:
        left = [one for one in left if one.users]
        bpy.data.batch_remove(unused)


def remove_materials(collection: bpy.types.Collection) -> None:
    """Remove all materials from the objects in ``collection``, and the materials and images that are then unused."""
    found: dict[bpy.types.ID, None] = {}
    for obj in collection.all_objects:
        for material in materials_of(obj):
            _add_material(material, found)
        for slot in obj.material_slots:
            slot.material = None
        if hasattr(obj.data, "materials"):
            obj.data.materials.clear()
    remove_unused(found)
