# SPDX-License-Identifier: GPL-3.0-or-later
"""
Find the point of a scene that the mouse points at: on a surface, else on the ground.

Floor: second. Thread: main. Imports ``bpy``.
"""

import bpy
from bpy_extras import view3d_utils
from mathutils import Vector

#: How much farther than what the view is centred on the ground is still pointed at.
_FARTHEST = 200.0


def pointed_at(
    scene: bpy.types.Scene,
    depsgraph: bpy.types.Depsgraph,
    region: bpy.types.Region,
    view: bpy.types.RegionView3D,
    at_px: tuple[float, float],
    *,
    grid: float = 0.0,
) -> Vector:
    """
    Return the point of the nearest visible surface, else of the ground (z = 0), else at the depth of the 3D cursor.

    :param at_px: position in ``region``, in pixels.
    :param grid: distance to whose multiples x and y are rounded, in Blender units; 0 for none.
    """
    start = view3d_utils.region_2d_to_origin_3d(region, view, at_px)
    direction = view3d_utils.region_2d_to_vector_3d(region, view, at_px).normalized()
    hit, point, *_ = scene.ray_cast(depsgraph, start, direction)
    if not hit:
        point = _on_ground(start, direction, view)
    if point is None:
        point = view3d_utils.region_2d_to_location_3d(region, view, at_px, scene.cursor.location)
    if grid > 0.0:
        point = Vector((round(point.x / grid) * grid, round(point.y / grid) * grid, point.z))
    return point


def _on_ground(start: Vector, direction: Vector, view: bpy.types.RegionView3D) -> Vector | None:
    if abs(direction.z) < 1e-6:
        return None
    distance = -start.z / direction.z
    # Near the horizon, a pixel would be kilometres.
    farthest = _FARTHEST * max(view.view_distance, 0.01) if view.is_perspective else float("inf")
    return start + direction * distance if 0.0 <= distance <= farthest else None
