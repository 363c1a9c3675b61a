# SPDX-License-Identifier: GPL-3.0-or-later
"""
Move an imported model next to what already stands in its place.

Floor: second. Thread: main. Imports ``bpy``.
"""

from collections.abc import Collection, Iterable, Iterator

import bpy
from mathutils import Matrix, Vector

from ..worker import asset_collection
from ..worker.moving import move
from .free_space import Bounds, free_offset
from .placement import bounds_of_new, corners, kit_bounds, kit_of, world_matrix

#: Number of objects in a scene up to which a model steps aside. Reading the boxes of 5,000 takes 60 to 90 ms.
MOST_OBJECTS = 5000

_WITH_GEOMETRY = {
    "MESH",
    "CURVE",
    "CURVES",
    "SURFACE",
    "META",
    "FONT",
    "POINTCLOUD",
    "VOLUME",
    "GPENCIL",
    "GREASEPENCIL",
}


def step_aside(collection: bpy.types.Collection, scene: bpy.types.Scene) -> bool:
    """
    Move the model in ``collection`` along the ground to the nearest free place, if other visible objects overlap it.

    Sizes are those of bounding boxes along the world's axes. Constraints of the other objects are not considered.

    :return: whether the model was moved.
    """
    objects = asset_collection.all_objects(collection)
    extent = bounds_of_new(asset_collection.shown_objects(collection))
    if extent is None or len(scene.objects) - len(objects) > MOST_OBJECTS:
        return False
    low, high = extent
    x, y = free_offset(Bounds((low.x, low.y, low.z), (high.x, high.y, high.z)), obstacles(scene, set(objects)))
    if not (x or y):
        return False
    move(objects, Matrix.Translation((x, y, 0.0)))
    return True


def obstacles(scene: bpy.types.Scene, own: Collection[bpy.types.Object] = ()) -> Iterator[Bounds]:
    """
    Yield the boxes of the visible objects of ``scene`` with geometry, also of instances of collections.

    :param own: objects of the model itself.
    """
    layer = bpy.context.view_layer if scene == bpy.context.scene else scene.view_layers[0]
    known: dict[bpy.types.Object, Matrix] = {}
    instanced: dict[bpy.types.Collection, tuple[Vector, Vector] | None] = {}
    for obj in scene.objects:
        if obj in own or not obj.visible_get(view_layer=layer):
            continue
        if obj.type in _WITH_GEOMETRY:
            yield from _box([world_matrix(obj, known) @ Vector(corner) for corner in obj.bound_box])
        elif (kit := kit_of(obj)) is not None and (extent := kit_bounds(kit, instanced)) is not None:
            inside = world_matrix(obj, known) @ Matrix.Translation((-kit.instance_offset).to_tuple())
            yield from _box([inside @ corner for corner in corners(*extent)])


def _box(points: Iterable[Vector]) -> Iterator[Bounds]:
    axes = list(zip(*points, strict=True))
    low, high = tuple(map(min, axes)), tuple(map(max, axes))
    if low != high:  # an object without geometry has a box without size
        yield Bounds(low, high)
