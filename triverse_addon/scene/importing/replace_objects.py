# SPDX-License-Identifier: GPL-3.0-or-later
"""
Replace the objects that a model was made from by the model.

Floor: second. Thread: main. Imports ``bpy``.

``capture.selection`` exports objects in world space, relative to the location of the first object. Whether the service
returns the result with the same position and size is not documented: if it differs, the result is fitted into the
bounding box of what was sent. Then it gets the present transform of the first object, which may have been moved since.
"""

from collections.abc import Iterable

import bpy
from mathutils import Matrix, Vector

from ...tasks.record.record import Replaced
from ..worker import asset_collection, geometry
from ..worker.moving import move
from .layer_state import objects_in
from .origin import find_objects
from .placement import FitBox, TargetTransform, bounds, matrix_to

#: The result counts as unmoved if the corners of its bounding box differ by at most this fraction of its size.
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
    """Return the objects of ``replaced`` that ``scene`` still has; ``session`` is that of ``find_object``."""
    return [obj for obj in _originals(scene, replaced, session) if obj is not None]


def _originals(scene: bpy.types.Scene, replaced: Replaced, session: str) -> list[bpy.types.Object | None]:
    uids = replaced.uids or (0,) * len(replaced.names)
    return find_objects(scene, replaced.names, uids, session)


def replace_originals(
    collection: bpy.types.Collection, scene: bpy.types.Scene, replaced: Replaced, session: str = ""
) -> None:
    """
    Replace the objects of ``replaced`` by the model in ``collection``, and hide them.

    The model gets the transform and the parent of the first object, and its collection is linked to the collections of
    that object. If the first object was removed, the model gets the transform that it had when it was sent.

    :param collection: collection of the model, a child of the scene's own collection; the model has its position in the
        file.
    :param scene: the scene of both.
    :param replaced: the objects, and their transform when they were sent.
    :param session: session in which they were sent, see ``find_object``.
    """
    then = Matrix([replaced.matrix[at : at + 4] for at in range(0, 16, 4)])
    in_frame = _back_in_place(asset_collection.shown_objects(collection), replaced)
    move(list(collection.all_objects), Matrix.Translation(then.translation) @ in_frame)
    model = list(collection.all_objects)
    found = _originals(scene, replaced, session)
    first = next(iter(found), None)
    if first is not None:
        _follow(model, first, then)
        _link_with(collection, scene, first)
    before = [obj for obj in found if obj is not None]
    _transfer_selection(model, scene, before)
    hide(before, scene)


def hide(objects: Iterable[bpy.types.Object], scene: bpy.types.Scene) -> None:
    """
    Hide objects in renders, and in all view layers of ``scene``; there, Alt H shows them again.

    View layers keep nothing about the objects of excluded collections. What is only in such ones is disabled in
    viewports instead, unless another scene has it too: else it would be seen beside its model when they are included.
    """
    gone = list(objects)
    for obj in gone:
        obj.hide_render = True
    # Not by their names: linked objects of these may be there in their place.
    everywhere = [(layer, objects_in(layer)) for layer in scene.view_layers]
    for layer, inside in everywhere:
        for obj in gone:
            if obj in inside:
                obj.hide_set(True, view_layer=layer)
    excluded = [obj for obj in gone if obj.library is None and not any(obj in inside for _, inside in everywhere)]
    if excluded:
        elsewhere = {obj for other in bpy.data.scenes if other != scene for obj in other.collection.all_objects}
        for obj in excluded:
            if obj not in elsewhere:
                obj.hide_viewport = True


def _back_in_place(model: list[bpy.types.Object], replaced: Replaced) -> Matrix:
    """Return the matrix that fits ``model`` into the bounding box of what was sent; the identity if it is there."""
    extent = bounds(model)
    if extent is None:
        return Matrix()
    low, high = Vector(replaced.low), Vector(replaced.high)
    size = high - low
    if max((extent[0] - low).length, (extent[1] - high).length) <= _TOLERANCE * size.length:
        return Matrix()
    return matrix_to(model, TargetTransform(box=FitBox(tuple((low + high) / 2), tuple(size))))


def _follow(model: list[bpy.types.Object], first: bpy.types.Object, then: Matrix) -> None:
    """
    Apply to ``model`` the change of the transform of ``first`` since it was sent.

    :param model: the model, at the position that ``first`` had when it was sent.
    :param then: world matrix of ``first`` when it was sent.
    """
    roots = [obj for obj in model if obj.parent is None]
    if not then.determinant():
        # The scale was zero in one axis, so the change cannot be computed.
        return
    local = then.inverted()
    is_driven = first.animation_data is not None or bool(first.constraints)
    for root in roots:
        inside = local @ root.matrix_basis
        if is_driven:
            # As a child of the first object, the model follows its animation and constraints.
            root.parent = first
            root.matrix_basis = inside
            continue
        for name in PARENTING:
            setattr(root, name, getattr(first, name))
        if _is_one_mesh(model):
            # Transform the vertices, so that the object has the same location, rotation and scale as the first one.
            geometry.transform(root.data, inside)
            for name in CHANNELS:
                setattr(root, name, getattr(first, name))
        else:
            root.matrix_basis = first.matrix_basis @ inside


def _is_one_mesh(model: list[bpy.types.Object]) -> bool:
    if len(model) != 1:
        return False
    (obj,) = model
    return obj.type == "MESH" and obj.data.users == 1 and obj.data.shape_keys is None and not obj.modifiers


def _link_with(collection: bpy.types.Collection, scene: bpy.types.Scene, first: bpy.types.Object) -> None:
    """Move ``collection`` from the scene's own collection to those collections of ``scene`` that contain ``first``."""
    of_scene = {scene.collection, *scene.collection.children_recursive}
    # Nothing can be linked to a collection of another file, nor to a library override of one.
    homes = [
        home
        for home in first.users_collection
        if home in of_scene and home.library is None and home.override_library is None
    ]
    if not homes:
        return
    for home in homes:
        # Not by its name: a linked collection may have the same.
        if collection not in home.children.values():
            home.children.link(collection)
    if scene.collection not in homes:
        scene.collection.children.unlink(collection)


def _transfer_selection(model: list[bpy.types.Object], scene: bpy.types.Scene, before: list[bpy.types.Object]) -> None:
    """
    Select the model in the view layers in which the objects ``before`` are selected, and make it active likewise.

    Call it before those are hidden, which deselects them.
    """
    for layer in scene.view_layers:
        inside = objects_in(layer)
        if not any(obj in inside and obj.select_get(view_layer=layer) for obj in before):
            continue
        there = [obj for obj in model if obj in inside]
        for obj in there:
            obj.select_set(True, view_layer=layer)
        if layer.objects.active in before and there:
            layer.objects.active = there[0]
