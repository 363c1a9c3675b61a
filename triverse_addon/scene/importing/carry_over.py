# SPDX-License-Identifier: GPL-3.0-or-later
"""
Carry over to a new model what a user has given the objects of the model that it replaces.

Floor: second. Thread: main. Imports ``bpy``.

Carried over are modifiers, constraints, the action of an object with its slot, its drivers, and its own custom
properties. What the new object has brought itself, such as an Armature modifier of its file, stays as it is.

Not carried over are NLA tracks, the physics of an object, modifiers whose result depends on the vertices of the old
mesh (such as Multiresolution and Surface Deform), and settings that name a vertex group that the new mesh does not
have. What belongs to the mesh, such as materials and shape keys, is that of the new model.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any

import bpy
from mathutils import Matrix

from ..worker import geometry
from ..worker.asset_collection import stem
from .placement import world_matrix
from .replace_objects import CHANNELS

#: Modifiers that cannot be made from their settings.
_UNCARRIED = frozenset(
    {
        "CLOTH", "COLLISION", "DYNAMIC_PAINT", "EXPLODE", "FLUID", "LAPLACIANDEFORM", "MESH_DEFORM", "MULTIRES",
        "PARTICLE_INSTANCE", "PARTICLE_SYSTEM", "SOFT_BODY", "SURFACE", "SURFACE_DEFORM",
    }
)  # fmt: skip
_OWN_PROPERTIES = frozenset({"rna_type", "name", "is_active", "active"})
#: Collections of settings that are copied: targets of an Armature constraint, and what a curve mapping consists of.
_ITEMS = frozenset({"targets", "curves", "points"})
#: What Blender raises when a property cannot be set.
_REFUSALS = (AttributeError, KeyError, RuntimeError, TypeError, ValueError)
_CLOSE = 1e-5


def carry(heirs: Mapping[bpy.types.Object, bpy.types.Object], standing: Container[bpy.types.Object]) -> list[str]:
    """
    Carry over what the old objects have to the new ones. References to old objects are copied as they are.

    :param heirs: the old object for each new one.
    :param standing: the new objects with the same transform as their old one. Only they get constraints and animation,
        which would move the others to another place.
    :return: names of what could not be carried over, or not with all its settings.
    """
    left: list[str] = []
    for obj, old in heirs.items():
        left += _carry_modifiers(obj, old)
        if obj in standing:
            left += _carry_constraints(obj, old)
            left += _carry_animation(obj, old)
        else:
            left += [one.name for one in old.constraints]
            if (animation := old.animation_data) is not None:
                left += _names_of_action(obj, animation) + [driver.data_path for driver in animation.drivers]
        if old.animation_data is not None:
            own = {track.name for track in obj.animation_data.nla_tracks} if obj.animation_data is not None else set()
            left += [track.name for track in old.animation_data.nla_tracks if track.name not in own]
        left += _carry_properties(obj, old)
    return list(dict.fromkeys(left))


def has_modifiers_to_carry(old: bpy.types.Object) -> bool:
    """Return whether ``old`` has other modifiers than those that a file brings."""
    return any(modifier.type != "ARMATURE" for modifier in old.modifiers)


def names_of(olds: Iterable[bpy.types.Object]) -> list[str]:
    """Return the names of what objects have that is not carried over, since nothing of the new model is like them."""
    left: list[str] = []
    for old in olds:
        left += [modifier.name for modifier in old.modifiers if modifier.type != "ARMATURE"]
        left += [constraint.name for constraint in old.constraints]
        if (animation := old.animation_data) is not None:
            left += [animation.action.name] if animation.action is not None else []
            left += [track.name for track in animation.nla_tracks]
    return left


def _moves(old: bpy.types.Object) -> bool:
    animation = old.animation_data
    return bool(old.constraints) or (animation is not None and bool(animation.action or animation.drivers))


def take_places(
    heirs: Mapping[bpy.types.Object, bpy.types.Object], model: Iterable[bpy.types.Object]
) -> dict[bpy.types.Object, Matrix]:
    """
    Give new objects the transform of their old ones if those are animated or constrained, without moving any geometry.

    Their animation sets that transform, so what the new model needs to stand in the place of the old one is applied to
    its meshes, and to the parent inverse of the objects below.

    :param heirs: the old object for each new one.
    :param model: all objects of the new model, fitted into the place of the old one.
    :return: the transform of its geometry for each object for which this was possible.
    """
    below: dict[bpy.types.Object, list[bpy.types.Object]] = {}
    for obj in model:
        if obj.parent is not None:
            below.setdefault(obj.parent, []).append(obj)
    changes: dict[bpy.types.Object, Matrix] = {}
    for obj in _parents_first(list(model), below):
        old = heirs.get(obj)
        if old is None or not _moves(old) or obj.animation_data is not None or obj.constraints:
            continue
        stood = world_matrix(old, {}).copy()
        basis = old.matrix_basis.copy()
        if not abs(stood.determinant()) or not abs(basis.determinant()):
            continue
        change = stood.inverted() @ world_matrix(obj, {})
        frame = stood @ basis.inverted()
        if not _can_apply(obj, change, below.get(obj, [])) or (obj.parent is None and not _is_identity(frame)):
            continue
        if obj.parent is not None:
            obj.matrix_parent_inverse = world_matrix(obj.parent, {}).inverted_safe() @ frame
        for name in CHANNELS:
            setattr(obj, name, getattr(old, name))
        if obj.type == "MESH":
            mesh: Any = obj.data
            geometry.transform(mesh, change)
        for child in below.get(obj, ()):
            child.matrix_parent_inverse = change @ child.matrix_parent_inverse
        changes[obj] = change
    return changes


def _parents_first(
    model: list[bpy.types.Object], below: Mapping[bpy.types.Object, list[bpy.types.Object]]
) -> Iterator[bpy.types.Object]:
    inside = set(model)
    ahead = [obj for obj in model if obj.parent not in inside]
    while ahead:
        obj = ahead.pop()
        yield obj
        ahead.extend(below.get(obj, ()))


def _can_apply(obj: bpy.types.Object, change: Matrix, children: list[bpy.types.Object]) -> bool:
    if obj.parent is not None and obj.parent_type != "OBJECT":
        return False
    if _is_identity(change):
        return True
    if any(child.parent_type != "OBJECT" for child in children):
        return False
    if obj.type == "EMPTY":
        return True
    return obj.type == "MESH" and obj.data.users == 1 and not obj.modifiers


def _is_identity(matrix: Matrix) -> bool:
    return all(
        abs(a - b) <= _CLOSE for row, one in zip(matrix, Matrix(), strict=True) for a, b in zip(row, one, strict=True)
    )


# -----------------------------------------------------------------------------
# What an object has


def _carry_modifiers(obj: bpy.types.Object, old: bpy.types.Object) -> list[str]:
    left, at = [], 0
    for modifier in old.modifiers:
        own: bpy.types.Modifier | None = obj.modifiers.get(modifier.name)
        if own is None or own.type != modifier.type:
            made = _made(obj.modifiers, modifier) if modifier.type not in _UNCARRIED else None
            if made is None:
                left.append(modifier.name)
                continue
            if not (_copy(modifier, made) and _copy_inputs(modifier, made)):
                left.append(modifier.name)
            own = made
        # An order that Blender refuses, as of some modifiers that need the original mesh, is left as it is.
        if (now := obj.modifiers.find(own.name)) != at:
            obj.modifiers.move(now, at)
        at += 1
    return left


def _carry_constraints(obj: bpy.types.Object, old: bpy.types.Object) -> list[str]:
    left = []
    for constraint in old.constraints:
        own: bpy.types.Constraint | None = obj.constraints.get(constraint.name)
        if own is None or own.type != constraint.type:
            try:
                made = obj.constraints.new(constraint.type)
            except _REFUSALS:
                left.append(constraint.name)
                continue
            made.name = constraint.name
            if not _copy(constraint, made):
                left.append(constraint.name)
    return left


def _made(modifiers: Any, modifier: bpy.types.Modifier) -> bpy.types.Modifier | None:
    try:
        made: bpy.types.Modifier | None = modifiers.new(modifier.name, modifier.type)
    except _REFUSALS:
        return None
    return made


def _names_of_action(obj: bpy.types.Object, animation: bpy.types.AnimData) -> list[str]:
    """Return the name of the action of ``animation`` unless ``obj`` has brought one of the same name; none if none."""
    own = obj.animation_data.action if obj.animation_data is not None else None
    if animation.action is None or (own is not None and stem(own.name) == stem(animation.action.name)):
        return []
    return [animation.action.name]


def _carry_animation(obj: bpy.types.Object, old: bpy.types.Object) -> list[str]:
    animation = old.animation_data
    if animation is None or (animation.action is None and not animation.drivers):
        return []
    left = []
    own = obj.animation_data or obj.animation_data_create()
    if own.action is None and not own.nla_tracks:
        own.action = animation.action
        for name in ("action_slot", "action_extrapolation", "action_blend_type", "action_influence"):
            # Actions have slots since Blender 4.4.
            if animation.action is not None and hasattr(animation, name):
                setattr(own, name, getattr(animation, name))
    else:
        left += _names_of_action(obj, animation)
    for driver in animation.drivers:
        if own.drivers.find(driver.data_path, index=driver.array_index) is None:
            try:
                own.drivers.from_existing(src_driver=driver)
            except _REFUSALS:
                left.append(driver.data_path)
    return left


def _carry_properties(obj: bpy.types.Object, old: bpy.types.Object) -> list[str]:
    left = []
    own = set(obj.keys())
    for name in [name for name in list(old.keys()) if not name.startswith("triverse_") and name not in own]:
        value = old[name]
        try:
            obj[name] = value.to_dict() if hasattr(value, "to_dict") else value
        except _REFUSALS:
            left.append(name)
            continue
        try:
            obj.id_properties_ui(name).update(**old.id_properties_ui(name).as_dict())
        except _REFUSALS:  # a property of a kind without limits and description
            continue
    return left


# -----------------------------------------------------------------------------
# Settings


def _copy(source: Any, target: Any) -> bool:
    """Copy all settings of one modifier, constraint or part of it to another. Return whether all are the same then."""
    is_whole = False
    for _ in range(2):  # some settings can be set only after another
        properties = [prop for prop in source.bl_rna.properties if prop.identifier not in _OWN_PROPERTIES]
        copied = [_copy_property(source, target, prop) for prop in properties]
        is_whole = all(copied)
    if isinstance(target, bpy.types.CurveMapping | bpy.types.CurveProfile):
        target.update()
    return is_whole


def _copy_property(source: Any, target: Any, prop: Any) -> bool:
    name = prop.identifier
    if prop.type == "COLLECTION":
        return name not in _ITEMS or _copy_items(getattr(source, name), getattr(target, name, None))
    value = getattr(source, name)
    if prop.type == "POINTER" and prop.is_readonly:
        part = getattr(target, name, None)
        return isinstance(value, bpy.types.ID | None) or (part is not None and _copy(value, part))
    if prop.is_readonly or (prop.type == "INT" and not prop.is_array and not prop.hard_min <= value <= prop.hard_max):
        return True  # the seed of a new Build modifier is below its minimum
    try:
        setattr(target, name, value)
    except _REFUSALS:
        pass
    return bool(_plain(getattr(target, name, None)) == _plain(value))


def _copy_items(source: Any, target: Any) -> bool:
    make = getattr(target, "new", None) or getattr(target, "add", None)
    while make is not None and len(target) < len(source):
        # A point of a curve is made at a position.
        make(*(() if isinstance(source[0], bpy.types.ConstraintTargetBone) else (0.0, 0.0)))
    if target is None or len(target) != len(source):
        return False
    copied = [_copy(one, other) for one, other in zip(source, target, strict=True)]
    return all(copied)


def _plain(value: Any) -> Any:
    """Return arrays, also of arrays, as lists, which can be compared."""
    is_array = hasattr(value, "__len__") and not isinstance(value, str | set | bpy.types.bpy_struct)
    return [_plain(one) for one in value] if is_array else value


def _copy_inputs(source: bpy.types.Modifier, target: bpy.types.Modifier) -> bool:
    """Copy the inputs of a node group, which are custom properties of the modifier up to Blender 5.1."""
    if source.type != "NODES":
        return True
    try:
        names = list(source.keys())
    except TypeError:  # they are settings like others
        return True
    is_whole = True
    for name in names:
        try:
            target[name] = source[name]
        except _REFUSALS:
            is_whole = False
    return is_whole
