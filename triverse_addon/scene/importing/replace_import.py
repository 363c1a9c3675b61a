# SPDX-License-Identifier: GPL-3.0-or-later
"""
Replace an earlier import of a model by a new one.

Floor: second. Thread: main. Imports ``bpy``.

If both come from the same file, each object of one has a counterpart in the other. The new object gets the transform,
parent, collections and names of the old one, and references to the old one are remapped to it. If a mesh was
transformed since its import (for example by applying its scale), the transform is computed from the vertices. If that
is not possible, or the models come from two tasks, the new model is fitted into the bounding box of the old one.

In both cases, the counterpart of an old object, as far as there is one, gets what a user has given that (see
:mod:`carry_over`), and what referred to it.
"""

import re
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping

import bpy
from mathutils import Matrix, Quaternion, Vector

from ...api.sentence import Sentence
from ..worker import asset_collection, geometry
from ..worker.asset_collection import stem
from ..worker.moving import move
from . import carry_over, layer_state, remap_references, replaced_data
from .placement import FitBox, TargetTransform, bounds, matrix_to, rotation_of, world_matrix, world_of
from .replace_objects import CHANNELS, PARENTING

#: Greatest distance of two shapes that count as equal, relative to their size.
_TOLERANCE = 0.01
#: Approximate number of vertices that are compared to compute the transform of a mesh.
_LOOKED_AT = 1000
#: Number of names in the line that says what was not carried over.
_NAMED = 8


def replace_collection(
    new: bpy.types.Collection,
    old: bpy.types.Collection,
    scene: bpy.types.Scene,
    settle: Callable[[], None] = lambda: None,
) -> tuple[tuple[str, Sentence], ...]:
    """
    Replace the model in ``old`` by that in ``new``, with the same placement and names, and remove ``old``.

    Objects that a user has added to ``old`` are moved to ``new``. References to the old objects (from children,
    constraints, modifiers, other collections) are remapped to the new ones.

    :param new: collection of the new model, a child of the scene's own collection; the model has its position in the
        file.
    :param old: collection of the earlier import.
    :param scene: the scene of both.
    :param settle: called before anything but the new model is changed.
    :return: lines for the task's history, each a level and a sentence.
    """
    added, old_added = _added(new), _added(old)
    model = [obj for obj in new.all_objects if obj not in added]
    before = [obj for obj in old.all_objects if obj not in old_added]
    # Copies: the matrix of an object without a parent is its own, and follows it.
    stood = {obj: world_matrix(obj, {}).copy() for obj in model} if added else {}
    partners = counterparts(model, before)
    changes = {obj: _change(obj, partners[obj]) for obj in partners}
    is_exact = len(partners) == len(model) and None not in changes.values()
    if is_exact:
        gone = list(partners.values())
    else:
        kinds = {obj.type for obj in model} | {"EMPTY"}
        gone = [obj for obj in before if obj.type in kinds]
    shown = _selection(before)
    names = {obj: (other.name, other.data.name if other.data else "") for obj, other in partners.items()}
    if is_exact:
        _copy_places(partners, {obj: change for obj, change in changes.items() if change is not None})
        successors = {other: obj for obj, other in partners.items()}
        left = carry_over.carry(partners, partners)
    else:
        names = {}
        successors = _successors(partners, model, gone)
        heirs: dict[bpy.types.Object, bpy.types.Object] = {}
        for other, obj in successors.items():
            # Of two old objects, the counterpart comes first.
            heirs.setdefault(obj, other)
        _fit(model, new, old, gone, [obj for obj in heirs.values() if carry_over.has_modifiers_to_carry(obj)])
        standing = carry_over.take_places(heirs, model)
        changes = dict(standing)
        left = carry_over.carry(heirs, standing)
        followed = set(heirs.values())
        left += carry_over.names_of(other for other in gone if other not in followed)
        for obj, other in heirs.items():
            obj.hide_viewport, obj.hide_render = other.hide_viewport, other.hide_render
    _follow(added, stood, changes)
    gone += old_added
    olds = set(gone)
    state = layer_state.remember(old)
    settle()
    _link_like(new, old, scene, [obj for obj in before if obj not in olds])
    layer_state.apply(state, new)
    old_name, new.color_tag = old.name, old.color_tag
    replaced_data.put_away(gone, [old, *remap_references.remap(old, new, gone, successors, is_exact=is_exact)])
    new.name = old_name
    for obj, (name, data_name) in names.items():
        obj.name = name
        if obj.data is not None and obj.data.users == 1:
            obj.data.name = data_name
    for obj in model if not is_exact else ():
        # It got a number because the old one had its name.
        obj.name = stem(obj.name)
    for obj in added:
        obj.name = stem(obj.name)
    for child in new.children:
        if child.get(asset_collection.LEVEL):
            child.name = f"{asset_collection.cut(old_name, 52)} LOD{child[asset_collection.LEVEL]}"
    _select(model, shown)
    if not left:
        return ()
    named = ", ".join(left[:_NAMED]) + (", …" if len(left) > _NAMED else "")
    return (("WARNING", Sentence.of("Not carried over from the replaced model: {names}.", names=named)),)


def _added(collection: bpy.types.Collection) -> dict[bpy.types.Object, None]:
    """Return what Blender's work has added to a model: its hull, and the objects of its levels of detail."""
    levels = [child for child in collection.children_recursive if child.get(asset_collection.LEVEL)]
    hulls = [obj for obj in collection.objects if obj.type == "MESH" and obj.name.startswith(asset_collection.HULL)]
    return dict.fromkeys([*hulls, *(obj for level in levels for obj in level.objects)])


def _follow(
    added: Iterable[bpy.types.Object],
    stood: Mapping[bpy.types.Object, Matrix],
    changes: Mapping[bpy.types.Object, Matrix | None],
) -> None:
    """
    Move what was added to a model as the model was moved: a level of detail as the object that it is a level of.

    :param stood: world matrices of the model before it was moved.
    :param changes: transforms of its meshes.
    """
    sources = {asset_collection.cut(stem(obj.name), 52): obj for obj in stood}
    roots = [obj for obj in stood if obj.parent not in stood]
    for obj in added:
        if not roots or obj.parent is not None:
            continue
        source = sources.get(re.sub(r"_LOD\d+$", "", stem(obj.name)), roots[0])
        moved = world_matrix(source, {}) @ (changes.get(source) or Matrix()) @ stood[source].inverted_safe()
        obj.matrix_basis = moved @ obj.matrix_basis
        parent = source.parent
        if parent is not None and parent not in stood:
            obj.parent = parent
            obj.matrix_parent_inverse = world_matrix(parent, {}).inverted_safe()


# -----------------------------------------------------------------------------
# Counterparts


def counterparts(
    model: list[bpy.types.Object], before: list[bpy.types.Object]
) -> dict[bpy.types.Object, bpy.types.Object]:
    """
    Return the old object for each new one, as far as there is one.

    Objects with the same name (without Blender's number) and type are matched first. After that, an object is matched
    if it and one old object are the only unmatched ones of their type.
    """
    free: dict[tuple[str, str], deque[bpy.types.Object]] = {}
    for other in before:
        free.setdefault((other.type, stem(other.name)), deque()).append(other)
    found: dict[bpy.types.Object, bpy.types.Object] = {}
    left: dict[str, list[bpy.types.Object]] = {}
    for obj in model:
        kind: str = obj.type
        if same := free.get((kind, stem(obj.name))):
            found[obj] = same.popleft()
        else:
            left.setdefault(kind, []).append(obj)
    for kind, unmatched in left.items():
        others = [other for (other_kind, _), same in free.items() if other_kind == kind for other in same]
        if len(unmatched) == len(others) == 1:
            found[unmatched[0]] = others[0]
    return found


def _successors(
    partners: Mapping[bpy.types.Object, bpy.types.Object], model: list[bpy.types.Object], gone: list[bpy.types.Object]
) -> dict[bpy.types.Object, bpy.types.Object]:
    """Return the new object for each old one: its counterpart, or root for root if both models have one root."""
    olds = set(gone)
    found = {other: obj for obj, other in partners.items() if other in olds}
    root, old_root = _root(model), _root(gone)
    if root is not None and old_root is not None:
        found.setdefault(old_root, root)
    return found


def _root(objects: list[bpy.types.Object]) -> bpy.types.Object | None:
    """Return the only one of ``objects`` whose parent is not one of them; None if there are others."""
    inside = set(objects)
    roots = [obj for obj in objects if obj.parent not in inside]
    return roots[0] if len(roots) == 1 else None


def _change(obj: bpy.types.Object, other: bpy.types.Object) -> Matrix | None:
    """Return the transform from the mesh of ``obj`` to that of ``other``, the same mesh but edited; None if unknown."""
    if obj.type != "MESH" or not obj.data.vertices:
        return Matrix()
    mesh, changed = obj.data, other.data
    if len(mesh.vertices) == len(changed.vertices):
        step = max(1, len(mesh.vertices) // _LOOKED_AT)
        pairs = [(mesh.vertices[at].co, changed.vertices[at].co) for at in range(0, len(mesh.vertices), step)]
        return _affine(pairs) if obj.data.users == 1 else _same(pairs)
    # The number of vertices was changed, but the bounding box may be the same.
    return _same([(Vector(a), Vector(b)) for a, b in zip(obj.bound_box, other.bound_box, strict=True)])


def _size(points: Iterable[Vector]) -> float:
    some = list(points)
    return float((Vector(map(max, *some, some[0])) - Vector(map(min, *some, some[0]))).length)


def _same(pairs: list[tuple[Vector, Vector]]) -> Matrix | None:
    limit = _TOLERANCE * _size(a for a, _ in pairs)
    return Matrix() if all((a - b).length <= limit for a, b in pairs) else None


def _affine(pairs: list[tuple[Vector, Vector]]) -> Matrix | None:
    """Return the affine matrix that maps the first point of each pair to the second; None if there is none."""
    if (same := _same(pairs)) is not None:
        return same
    try:
        import numpy  # a Blender of a Linux distribution may lack it
    except ImportError:
        return None
    points = numpy.array([[*a, 1.0] for a, _ in pairs])
    wanted = numpy.array([[*b] for _, b in pairs])
    solved, _, rank, _ = numpy.linalg.lstsq(points, wanted, rcond=None)
    apart = numpy.linalg.norm(points @ solved - wanted, axis=1).max()
    if rank < 4 or apart > _TOLERANCE * _size(b for _, b in pairs):
        return None
    return Matrix([*solved.T.tolist(), [0.0, 0.0, 0.0, 1.0]])


# -----------------------------------------------------------------------------
# Placement


def _copy_places(
    partners: Mapping[bpy.types.Object, bpy.types.Object], changes: Mapping[bpy.types.Object, Matrix]
) -> None:
    successors = {other: obj for obj, other in partners.items()}
    for obj, other in partners.items():
        for name in PARENTING:
            setattr(obj, name, getattr(other, name))
        if other.parent is not None:
            obj.parent = successors.get(other.parent, other.parent)
            obj.matrix_parent_inverse = other.matrix_parent_inverse
        if changes[obj] != Matrix():
            geometry.transform(obj.data, changes[obj])
        for name in CHANNELS:
            setattr(obj, name, getattr(other, name))
        obj.hide_viewport, obj.hide_render = other.hide_viewport, other.hide_render


def _fit(
    model: list[bpy.types.Object],
    new: bpy.types.Collection,
    old: bpy.types.Collection,
    before: list[bpy.types.Object],
    bare: Collection[bpy.types.Object],
) -> None:
    """
    Fit the model in ``new`` into the bounding box of the objects ``before`` of ``old``, and give it their parent.

    The box is turned as a user has turned the old model, as far as both have one root.

    The parent is set only if the old objects together have exactly one parent outside themselves.

    :param bare: those of ``before`` that are measured without their modifiers, which the new ones get.
    """
    shown = set(asset_collection.shown_objects(old))
    turn = _turn(model, before)
    extent = bounds((obj for obj in before if obj in shown), turn, bare)
    if extent is not None:
        low, high = extent
        target = TargetTransform(box=FitBox(tuple(turn @ ((low + high) / 2)), tuple(high - low), tuple(turn)))
        move(model, matrix_to(asset_collection.shown_objects(new), target))
    olds = set(before)
    outside = {obj.parent for obj in before if obj.parent not in olds}
    parent = outside.pop() if len(outside) == 1 else None
    if parent is not None:
        for root in [obj for obj in model if obj.parent is None]:
            root.parent = parent
            root.matrix_parent_inverse = world_of(parent).inverted_safe()


def _turn(model: list[bpy.types.Object], before: list[bpy.types.Object]) -> Quaternion:
    """Return the rotation that turns the root of ``model``, as it is in its file, like that of ``before``."""
    root, old_root = _root(model), _root(before)
    if root is None or old_root is None:
        return Quaternion()
    own = rotation_of(root, root.matrix_basis)
    return rotation_of(old_root, world_matrix(old_root, {})) @ own.inverted()


def _link_like(
    new: bpy.types.Collection,
    old: bpy.types.Collection,
    scene: bpy.types.Scene,
    kept: list[bpy.types.Object],
) -> None:
    """
    Put ``new`` in the place of ``old`` in all collections, scenes and collection instances.

    Remapping keeps the position among the other child collections.

    :param kept: objects that a user has added to ``old``; they are linked to ``new``, like the child collections.
    """
    for child in old.children:
        if child not in new.children.values():
            new.children.link(child)
    for obj in kept:
        if obj.name in old.objects and obj.name not in new.objects:
            new.objects.link(obj)
    new.instance_offset = old.instance_offset
    scene.collection.children.unlink(new)
    old.user_remap(new)


# -----------------------------------------------------------------------------
# The selection


def _selection(before: list[bpy.types.Object]) -> dict[tuple[str, str], bool]:
    """
    Return in which view layers any of the objects ``before`` is selected.

    :return: (name of the scene, name of the view layer) -> whether one of the objects is the active one there.
    """
    shown: dict[tuple[str, str], bool] = {}
    for scene in bpy.data.scenes:
        for layer in scene.view_layers:
            inside = layer_state.objects_in(layer)
            if any(obj in inside and obj.select_get(view_layer=layer) for obj in before):
                shown[scene.name, layer.name] = layer.objects.active in before
    return shown


def _select(model: list[bpy.types.Object], shown: Mapping[tuple[str, str], bool]) -> None:
    for (scene_name, layer_name), is_active in shown.items():
        layer = bpy.data.scenes[scene_name].view_layers[layer_name]
        inside = layer_state.objects_in(layer)
        there = [obj for obj in model if obj in inside]
        for obj in there:
            obj.select_set(True, view_layer=layer)
        if is_active and there:
            layer.objects.active = there[0]
