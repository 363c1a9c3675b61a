# SPDX-License-Identifier: GPL-3.0-or-later
"""
Put a model in the place of the objects it was made from.

Floor: second. Thread: main. Imports ``bpy``.

``selection`` sends objects as they stand in the world, less the location of the first. Whether the service gives the
result back at that place and size is not documented: what comes back elsewhere is brought to the box of what was sent.
The result then follows where the first object is now, however it was moved meanwhile.
"""

import bpy
from mathutils import Matrix, Vector

from ...tasks.record import Replaced
from ..worker import asset_collection
from .origin import find_object
from .placement import Box, Spot, bounds, matrix_to, move

#: The result counts as given back in place when its corners are off by no more than this part of its size.
_TOLERANCE = 0.02
CHANNELS = (
    "rotation_mode",
    "location",
    "rotation_euler",
    "rotation_quaternion",
    "rotation_axis_angle",
    "scale",
    "delta_location",
    "delta_rotation_euler",
    "delta_rotation_quaternion",
    "delta_scale",
)
PARENTING = ("parent", "parent_type", "parent_bone", "parent_vertices", "matrix_parent_inverse")


def originals(scene: bpy.types.Scene, replaced: Replaced, session: str = "") -> list[bpy.types.Object]:
    """Return the objects that a result takes the place of, as far as ``scene`` still has them; see ``find_object``."""
    return [obj for obj in _originals(scene, replaced, session) if obj is not None]


def _originals(scene: bpy.types.Scene, replaced: Replaced, session: str) -> list[bpy.types.Object | None]:
    uids = replaced.uids or (0,) * len(replaced.names)
    return [find_object(scene, name, uid, session) for name, uid in zip(replaced.names, uids, strict=False)]


def take_place(collection: bpy.types.Collection, scene: bpy.types.Scene, replaced: Replaced, session: str = "") -> None:
    """
    Let the model in ``collection`` stand where the objects of ``replaced`` are, and hide those.

    It gets the transform and the parent of the first, and its collection goes into the collections of the first. If
    that is gone, it stands where it stood when it was sent.

    :param collection: linked to the scene's own collection, its model where its file put it.
    :param session: as in ``find_object``.
    """
    then = Matrix([replaced.matrix[at : at + 4] for at in range(0, 16, 4)])
    in_frame = _back_in_place(asset_collection.shown_objects(collection), replaced)
    move(list(collection.all_objects), Matrix.Translation(then.translation) @ in_frame)
    model = list(collection.all_objects)
    first = next(iter(_originals(scene, replaced, session)), None)
    if first is not None:
        _follow(model, first, then)
        _file_with(collection, scene, first)
    before = originals(scene, replaced, session)
    _hand_over_selection(model, scene, before)
    for obj in before:
        hide(obj, scene)


def hide(obj: bpy.types.Object, scene: bpy.types.Scene) -> None:
    """Hide an object in the viewports and renders of ``scene``; Alt H shows it again."""
    obj.hide_render = True
    for layer in scene.view_layers:
        if obj.name in layer.objects:
            obj.hide_set(True, view_layer=layer)


def _back_in_place(model: list[bpy.types.Object], replaced: Replaced) -> Matrix:
    """Return what brings the model to the box of what was sent: nothing, if it is there."""
    extent = bounds(model)
    if extent is None:
        return Matrix()
    low, high = Vector(replaced.low), Vector(replaced.high)
    size = high - low
    if max((extent[0] - low).length, (extent[1] - high).length) <= _TOLERANCE * size.length:
        return Matrix()
    return matrix_to(model, Spot(box=Box(tuple((low + high) / 2), tuple(size))))


def _follow(model: list[bpy.types.Object], first: bpy.types.Object, then: Matrix) -> None:
    """Give the model, which stands where ``first`` stood when its matrix was ``then``, the transform it has now."""
    roots = [obj for obj in model if obj.parent is None]
    if not then.determinant():
        # It was scaled to nothing in an axis: what it has turned by since cannot be told.
        return
    local = then.inverted()
    is_driven = first.animation_data is not None or bool(first.constraints)
    for root in roots:
        inside = local @ root.matrix_basis
        if is_driven:
            # What moves the first one moves it along.
            root.parent = first
            root.matrix_basis = inside
            continue
        for name in PARENTING:
            setattr(root, name, getattr(first, name))
        if _is_one_mesh(model):
            # Into the vertices, so that location, rotation and scale are the same numbers as before.
            root.data.transform(inside)
            for name in CHANNELS:
                setattr(root, name, getattr(first, name))
        else:
            root.matrix_basis = first.matrix_basis @ inside


def _is_one_mesh(model: list[bpy.types.Object]) -> bool:
    if len(model) != 1:
        return False
    (obj,) = model
    return obj.type == "MESH" and obj.data.users == 1 and obj.data.shape_keys is None and not obj.modifiers


def _file_with(collection: bpy.types.Collection, scene: bpy.types.Scene, first: bpy.types.Object) -> None:
    """Move ``collection`` from the scene's own into those that ``first`` is in."""
    of_scene = {scene.collection, *scene.collection.children_recursive}
    homes = [home for home in first.users_collection if home in of_scene and home.library is None]
    if not homes:
        return
    for home in homes:
        if collection.name not in home.children:
            home.children.link(collection)
    if scene.collection not in homes:
        scene.collection.children.unlink(collection)


def _hand_over_selection(model: list[bpy.types.Object], scene: bpy.types.Scene, before: list[bpy.types.Object]) -> None:
    """Select the model where what it replaces was selected: hiding ends a selection."""
    for layer in scene.view_layers:
        selected = [obj for obj in before if obj.name in layer.objects and obj.select_get(view_layer=layer)]
        if not selected:
            continue
        there = [obj for obj in model if obj.name in layer.objects]
        for obj in there:
            obj.select_set(True, view_layer=layer)
        if layer.objects.active in before and there:
            layer.objects.active = there[0]
