# SPDX-License-Identifier: GPL-3.0-or-later
"""
Process a model for an asset library: what its options say, in their order; here, size, position and convex hull.

Floor: second. Thread: main, of the child. Imports ``bpy``, and nothing of this package: the child loads it as a plain
module.
"""

import math
from typing import TYPE_CHECKING

import bmesh
import bpy
import numpy
from mathutils import Matrix, Vector

if TYPE_CHECKING:
    from . import asset_collection, decimation, geometry, gltf_import, material_cleanup, moving
    from .job_format import Processing
else:
    import asset_collection
    import decimation
    import geometry
    import gltf_import
    import material_cleanup
    import moving
    from job_format import Processing

#: Greatest number of vertices of a convex hull; physics engines accept 255.
_HULL_CORNERS = 200


def work(collection: bpy.types.Collection, post: Processing) -> list[bpy.types.Collection]:
    """
    Process a model as ``post`` says, except for what is done at the import, the hull and the exports.

    :param collection: the model.
    :param post: what to do.
    :return: collections of the levels of detail, finest first, linked to the scene.
    :raises gltf_import.RefusedError: this model cannot be processed so.
    """
    if post.cleanup:
        material_cleanup.clean_up(collection)
    if post.decimate:
        decimation.reduce_to(collection.objects, post.decimate)
    if post.height_m:
        _scale_to(collection, post.height_m)
    if post.ground:
        _put_on_ground(collection)
    return [decimation.make_level(collection, level) for level in range(1, post.lods + 1)]


# -----------------------------------------------------------------------------
# Size and position


def _bounds(collection: bpy.types.Collection) -> tuple[Vector, Vector]:
    """
    Return the minimum and maximum corner of the bounding box of all meshes, in world space.

    :raises gltf_import.RefusedError: there are no vertices.
    """
    bpy.context.view_layer.update()
    low, high = [math.inf] * 3, [-math.inf] * 3
    for obj in geometry.mesh_objects(collection.objects):
        points = _world_points(obj)
        if len(points):
            low = numpy.minimum(low, points.min(axis=0))
            high = numpy.maximum(high, points.max(axis=0))
    if not all(map(math.isfinite, [*low, *high])):
        raise gltf_import.RefusedError("no_size", "")
    return Vector(low), Vector(high)


def _world_points(obj: bpy.types.Object) -> numpy.ndarray:
    """
    Return the object's vertices in world space, as bones and shape keys place them: an array of shape (n, 3).

    The corners of ``bound_box`` would give too large bounds for a rotated object.
    """
    shown = obj.evaluated_get(bpy.context.evaluated_depsgraph_get())
    points = numpy.empty(len(shown.data.vertices) * 3, dtype=numpy.float32)
    shown.data.vertices.foreach_get("co", points)
    matrix = numpy.array(shown.matrix_world, dtype=numpy.float64)
    return points.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]


def _scale_to(collection: bpy.types.Collection, height_m: float) -> None:
    low, high = _bounds(collection)
    height = high.z - low.z
    if height <= 1e-9:
        raise gltf_import.RefusedError("no_size", "")
    _transform(collection, Matrix.Scale(height_m / height, 4))


def _put_on_ground(collection: bpy.types.Collection) -> None:
    low, high = _bounds(collection)
    middle = (low + high) / 2
    _transform(collection, Matrix.Translation((-middle.x, -middle.y, -low.z)))


def _transform(collection: bpy.types.Collection, matrix: Matrix) -> None:
    moving.move(list(collection.objects), matrix)
    # ``Object.children`` looks at all objects of the file.
    parents = {obj.parent for obj in bpy.data.objects}
    for obj in collection.objects:
        if obj not in parents:
            _apply(obj)
    # Once for all objects, because it takes time proportional to the number of all objects.
    bpy.context.view_layer.update()


def _apply(obj: bpy.types.Object) -> None:
    """
    Apply location, rotation and scale of ``obj``, which has no children, to its mesh.

    Nothing is done if that would change more: with a parent, other users of the mesh, animation, shape keys or
    modifiers.
    """
    is_plain = obj.type == "MESH" and obj.parent is None and obj.data.users == 1
    if not is_plain or obj.animation_data is not None or obj.data.shape_keys is not None or obj.modifiers:
        return
    geometry.transform(obj.data, obj.matrix_basis)
    obj.matrix_basis = Matrix()


# -----------------------------------------------------------------------------
# Hull


def add_hull(collection: bpy.types.Collection) -> None:
    """
    Add the convex hull of the model as an object that is shown as wire and not rendered.

    It has at most :data:`_HULL_CORNERS` vertices. Its name begins with ``UCX_``, by which Unreal and others recognise a
    collision shape.

    :raises gltf_import.RefusedError: the model has no volume.
    """
    bpy.context.view_layer.update()
    found = [_world_points(obj) for obj in geometry.mesh_objects(collection.objects)]
    points = _outermost(numpy.concatenate(found)) if found else numpy.empty((0, 3))
    if len(points) < 4:
        raise gltf_import.RefusedError("no_size", "")
    shape = bmesh.new()
    for point in points:
        shape.verts.new(point)
    result = bmesh.ops.convex_hull(shape, input=shape.verts, use_existing_faces=False)
    inner = {v for v in (*result["geom_interior"], *result["geom_unused"]) if isinstance(v, bmesh.types.BMVert)}
    bmesh.ops.delete(shape, geom=list(inner), context="VERTS")
    name = asset_collection.cut(f"{asset_collection.HULL}{collection.name}", asset_collection.NAME_BYTES)
    mesh = bpy.data.meshes.new(name)
    shape.to_mesh(mesh)
    shape.free()
    hull = bpy.data.objects.new(name, mesh)
    hull.display_type = "WIRE"
    hull.hide_render = True
    collection.objects.link(hull)


def _outermost(points: numpy.ndarray) -> numpy.ndarray:
    """
    Return those points that are the outermost in at least one of :data:`_HULL_CORNERS` directions.

    The directions are distributed evenly over the sphere by the golden angle.

    :param points: array of shape (n, 3).
    """
    if len(points) == 0:
        return points
    number = numpy.arange(_HULL_CORNERS) + 0.5
    z = 1 - 2 * number / _HULL_CORNERS
    turn = math.pi * (1 + math.sqrt(5)) * number
    radius = numpy.sqrt(1 - z * z)
    directions = numpy.stack([radius * numpy.cos(turn), radius * numpy.sin(turn), z], axis=1)
    # Points are relative to their mean, and scaled by the model's extent on each axis, so that flat models keep their
    # corners.
    middle, extent = points.mean(axis=0), numpy.maximum(numpy.ptp(points, axis=0), 1e-12)
    even = (points - middle) / extent
    return points[numpy.unique([numpy.argmax(even @ direction) for direction in directions])]
