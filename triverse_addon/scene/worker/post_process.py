# SPDX-License-Identifier: GPL-3.0-or-later
"""
Process a model for an asset library: clean-up, decimation, size, position, levels of detail, convex hull.

Floor: second. Thread: main, of the child. Imports ``bpy``, and nothing of this package: the child loads it as a plain
module.
"""

import hashlib
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import bmesh
import bpy
import numpy
from mathutils import Matrix, Vector

if TYPE_CHECKING:
    from . import asset_collection, geometry, gltf_import
    from .job_format import Processing
else:
    import asset_collection
    import geometry
    import gltf_import
    from job_format import Processing

#: Greatest number of vertices of a convex hull; physics engines accept 255.
_HULL_CORNERS = 200
#: Number of triangles below which a mesh is not decimated as long as others can be.
_MIN_PART_TRIANGLES = 64.0


def work(collection: bpy.types.Collection, post: Processing) -> list[bpy.types.Collection]:
    """
    Process a model as ``post`` says, except for what is done at the import, the hull and the exports.

    :param collection: the model.
    :param post: what to do.
    :return: collections of the levels of detail, finest first, linked to the scene.
    :raises gltf_import.RefusedError: this model cannot be processed so.
    """
    if post.cleanup:
        clean_up(collection)
    if post.decimate:
        _reduce_to(collection.objects, post.decimate)
    if post.height_m:
        _scale_to(collection, post.height_m)
    if post.ground:
        _put_on_ground(collection)
    return [_level(collection, level) for level in range(1, post.lods + 1)]


# -----------------------------------------------------------------------------
# Decimation


def _mesh_objects(objects: Iterable[bpy.types.Object]) -> list[bpy.types.Object]:
    return [obj for obj in objects if obj.type == "MESH"]


def _triangles(mesh: bpy.types.Mesh) -> int:
    return len(mesh.loops) - 2 * len(mesh.polygons)


def _reduce_to(objects: Iterable[bpy.types.Object], max_triangles: int) -> None:
    """
    Decimate the meshes of ``objects`` to at most ``max_triangles`` triangles in total.

    Large meshes are reduced by the same ratio, small ones only if that is not enough.

    :raises gltf_import.RefusedError: the model has too many parts for this number.
    """
    objects = _mesh_objects(objects)
    meshes = list(dict.fromkeys(obj.data for obj in objects))
    times = [sum(obj.data == mesh for obj in objects) for mesh in meshes]
    # The modifier may keep some triangles more than its ratio says, so try again with slightly lower targets.
    for margin in (1.0, 0.98, 0.9):
        counts = [_triangles(mesh) for mesh in meshes]
        if sum(map(int.__mul__, counts, times)) <= max_triangles:
            return
        shares = _shares(counts, times, max_triangles * margin)
        meshes = [
            _exchange(mesh, share / count) if share < count else mesh
            for mesh, count, share in zip(meshes, counts, shares, strict=True)
        ]
    total = sum(_triangles(mesh) * number for mesh, number in zip(meshes, times, strict=True))
    if total > max_triangles:
        raise gltf_import.RefusedError("decimate", str(total))


def _shares(counts: list[int], times: list[int], max_triangles: float) -> list[float]:
    """
    Return the target number of triangles of each mesh.

    The ratio is not the same for all meshes: it would reduce a table top, a box of 12 triangles, to one triangle, and
    that would save the vase on it only one per cent.

    :param counts: number of triangles of each mesh.
    :param times: number of objects that use each mesh.
    :param max_triangles: greatest total number of triangles of all objects.
    """
    least = _MIN_PART_TRIANGLES

    def total(ratio: float) -> float:
        return sum(max(min(count, least), count * ratio) * number for count, number in zip(counts, times, strict=True))

    while least > 4 and total(0.0) > max_triangles:
        least /= 2
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if total(middle) <= max_triangles else (low, middle)
    return [max(min(count, least), count * low) for count in counts]


def _exchange(mesh: bpy.types.Mesh, ratio: float) -> bpy.types.Mesh:
    """Replace ``mesh`` by a decimated copy with the same name, in all objects that use it, and return the copy."""
    smaller = _reduced(mesh, ratio)
    name = mesh.name
    mesh.user_remap(smaller)
    bpy.data.meshes.remove(mesh)
    smaller.name = name
    return smaller


def _reduced(mesh: bpy.types.Mesh, ratio: float) -> bpy.types.Mesh:
    """
    Return a decimated copy of ``mesh``, without shape keys.

    :param ratio: fraction of the triangles to keep.
    """
    welded = mesh.copy()
    if welded.shape_keys is not None:
        holder = bpy.data.objects.new("shape keys", welded)
        holder.shape_key_clear()
        bpy.data.objects.remove(holder)
    _weld(welded)
    obj = bpy.data.objects.new("decimate", welded)
    bpy.context.scene.collection.objects.link(obj)
    modifier = obj.modifiers.new("decimate", "DECIMATE")
    modifier.ratio = ratio
    modifier.use_collapse_triangulate = True
    graph = bpy.context.evaluated_depsgraph_get()
    result = bpy.data.meshes.new_from_object(obj.evaluated_get(graph), preserve_all_data_layers=True, depsgraph=graph)
    bpy.data.objects.remove(obj)
    bpy.data.meshes.remove(welded)
    return result


def _weld(mesh: bpy.types.Mesh) -> None:
    """
    Merge vertices that glTF has split along seams: otherwise decimation would open gaps at the seams.

    The custom normals do not suit the reduced mesh, so they are replaced by Blender's smooth normals.
    """
    shape = bmesh.new()
    shape.from_mesh(mesh)
    bmesh.ops.remove_doubles(shape, verts=shape.verts, dist=geometry.SEAM)
    shape.to_mesh(mesh)
    shape.free()
    if mesh.has_custom_normals:
        # A zero vector means the default normal (Mesh.normals_split_custom_set).
        mesh.normals_split_custom_set([(0.0, 0.0, 0.0)] * len(mesh.loops))


def _level(collection: bpy.types.Collection, level: int) -> bpy.types.Collection:
    """Return a copy of the model with ``1 / 2 ** level`` of its triangles, in a new collection linked to the scene."""
    lod = bpy.data.collections.new(f"{asset_collection.cut(collection.name, 52)} LOD{level}")
    copies: dict[bpy.types.Object, bpy.types.Object] = {}
    meshes: dict[bpy.types.ID, bpy.types.ID] = {}
    for obj in collection.objects:
        copies[obj] = copy = obj.copy()
        copy.name = f"{asset_collection.cut(obj.name, 52)}_LOD{level}"
        if obj.type == "MESH":
            if obj.data not in meshes:
                meshes[obj.data] = obj.data.copy()
                meshes[obj.data].name = copy.name
            copy.data = meshes[obj.data]  # type: ignore[assignment]
        lod.objects.link(copy)
    for obj, copy in copies.items():
        if obj.parent in copies:
            copy.parent = copies[obj.parent]
            copy.matrix_parent_inverse = obj.matrix_parent_inverse.copy()
        for modifier in copy.modifiers:
            if modifier.type == "ARMATURE" and modifier.object in copies:
                modifier.object = copies[modifier.object]
    bpy.context.scene.collection.children.link(lod)
    total = sum(_triangles(obj.data) for obj in _mesh_objects(lod.objects))
    _reduce_to(lod.objects, max(1, total // 2**level))
    return lod


# -----------------------------------------------------------------------------
# Size and position


def _bounds(collection: bpy.types.Collection) -> tuple[Vector, Vector]:
    """
    Return the minimum and maximum corner of the bounding box of all meshes, in world space.

    :raises gltf_import.RefusedError: there are no vertices.
    """
    bpy.context.view_layer.update()
    low, high = [math.inf] * 3, [-math.inf] * 3
    for obj in _mesh_objects(collection.objects):
        points = _world_points(obj)
        if len(points):
            low = numpy.minimum(low, points.min(axis=0))
            high = numpy.maximum(high, points.max(axis=0))
    if not all(map(math.isfinite, [*low, *high])):
        raise gltf_import.RefusedError("no_size", "")
    return Vector(low), Vector(high)


def _world_points(obj: bpy.types.Object) -> numpy.ndarray:
    """
    Return the object's vertices in world space, as an array of shape (n, 3).

    The corners of ``bound_box`` would give too large bounds for a rotated object.
    """
    points = numpy.empty(len(obj.data.vertices) * 3, dtype=numpy.float32)
    obj.data.vertices.foreach_get("co", points)
    matrix = numpy.array(obj.matrix_world, dtype=numpy.float64)
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
    for obj in collection.objects:
        _apply(obj)


def _transform(collection: bpy.types.Collection, matrix: Matrix) -> None:
    bpy.context.view_layer.update()
    for obj in collection.objects:
        if obj.parent is None:
            obj.matrix_world = matrix @ obj.matrix_world
    bpy.context.view_layer.update()
    for obj in collection.objects:
        _apply(obj)


def _apply(obj: bpy.types.Object) -> None:
    """
    Apply location, rotation and scale of ``obj`` to its mesh.

    Nothing is done if that would change more: with a parent, children, other users of the mesh, animation, shape keys
    or modifiers.
    """
    is_plain = obj.type == "MESH" and obj.parent is None and not obj.children and obj.data.users == 1
    if not is_plain or obj.animation_data is not None or obj.data.shape_keys is not None or obj.modifiers:
        return
    obj.data.transform(obj.matrix_world)
    if obj.matrix_world.determinant() < 0:
        obj.data.flip_normals()
    obj.matrix_world = Matrix()
    bpy.context.view_layer.update()


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
    found = [_world_points(obj) for obj in _mesh_objects(collection.objects)]
    points = _outermost(numpy.concatenate(found)) if found else numpy.empty((0, 3))
    if len(points) < 4:
        raise gltf_import.RefusedError("no_size", "")
    shape = bmesh.new()
    for point in points:
        shape.verts.new(point)
    result = bmesh.ops.convex_hull(shape, input=shape.verts, use_existing_faces=False)
    inner = {v for v in (*result["geom_interior"], *result["geom_unused"]) if isinstance(v, bmesh.types.BMVert)}
    bmesh.ops.delete(shape, geom=list(inner), context="VERTS")
    name = asset_collection.cut(f"UCX_{collection.name}", asset_collection.NAME_BYTES)
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


# -----------------------------------------------------------------------------
# Clean-up


def clean_up(collection: bpy.types.Collection) -> None:
    """Merge equal images and materials, remove unused material slots, and name materials and images after the model."""
    _join(bpy.data.images, lambda image: _content(image))
    _join(bpy.data.materials, _signature)
    for mesh in {obj.data for obj in _mesh_objects(collection.objects)}:
        _remove_unused_slots(mesh)
    bpy.data.orphans_purge(do_recursive=True)
    materials = dict.fromkeys(
        slot.material for obj in collection.objects for slot in obj.material_slots if slot.material is not None
    )
    for number, material in enumerate(materials, 1):
        material.name = (
            collection.name if len(materials) == 1 else f"{asset_collection.cut(collection.name, 52)} {number}"
        )
        if material.node_tree is not None:
            _name_images(material)


def _join(blocks: bpy.types.bpy_prop_collection, signature) -> None:  # type: ignore[no-untyped-def]
    first: dict[object, bpy.types.ID] = {}
    for block in list(blocks):
        key = signature(block)
        if key in first:
            block.user_remap(first[key])
            blocks.remove(block)
        else:
            first[key] = block


def _content(image: bpy.types.Image) -> object:
    packed = image.packed_file
    if packed is None:
        return image.name
    return hashlib.sha256(packed.data).digest(), image.colorspace_settings.name, image.alpha_mode


def _signature(material: bpy.types.Material) -> object:
    """Return a value that is equal for materials that look the same, whatever their names are."""
    tree = material.node_tree
    if tree is None:
        return material.name
    nodes = sorted(tree.nodes, key=lambda node: node.name)
    number = {node.name: index for index, node in enumerate(nodes)}
    parts = [_node_signature(node) for node in nodes]
    links = sorted(
        (number[link.from_node.name], link.from_socket.identifier, number[link.to_node.name], link.to_socket.identifier)
        for link in tree.links
    )
    look = [
        getattr(material, name, None) for name in ("use_backface_culling", "surface_render_method", "alpha_threshold")
    ]
    return repr((parts, links, look))


def _node_signature(node: bpy.types.Node) -> object:
    own = []
    for prop in node.bl_rna.properties:
        if prop.identifier in ("name", "label", "location", "location_absolute", "width", "height", "select", "color"):
            continue
        if prop.type in ("BOOLEAN", "INT", "FLOAT", "ENUM", "STRING") and not prop.is_readonly:
            value = getattr(node, prop.identifier)
            own.append((prop.identifier, tuple(value) if getattr(prop, "is_array", False) else value))
    for name in ("image", "node_tree"):
        own.append((name, getattr(getattr(node, name, None), "name", None)))
    inputs = [(socket.identifier, _value(socket)) for socket in node.inputs]
    return node.bl_idname, own, inputs


def _value(socket: bpy.types.NodeSocket) -> object:
    value = getattr(socket, "default_value", None)
    return tuple(value) if hasattr(value, "__len__") and not isinstance(value, str) else value


def _remove_unused_slots(mesh: bpy.types.Mesh) -> None:
    count = len(mesh.materials)
    if count < 2 or not len(mesh.polygons):
        return
    slots = numpy.empty(len(mesh.polygons), dtype=numpy.int32)
    mesh.polygons.foreach_get("material_index", slots)
    slots = numpy.clip(slots, 0, count - 1)
    # Slots with the same material, which merging materials creates, become one.
    materials = list(mesh.materials)
    first = [materials.index(material) for material in materials]
    slots = numpy.array(first)[slots]
    used = sorted(set(slots.tolist()))
    if len(used) == count:
        return
    mesh.materials.clear()
    for slot in used:
        mesh.materials.append(materials[slot])
    mesh.polygons.foreach_set("material_index", numpy.searchsorted(used, slots).astype(numpy.int32))
    mesh.update()


def _name_images(material: bpy.types.Material) -> None:
    for node in material.node_tree.nodes:
        image = getattr(node, "image", None)
        if image is not None:
            use = _use(node)
            image.name = f"{asset_collection.cut(material.name, 40)} {use}" if use else material.name


def _use(node: bpy.types.Node) -> str:
    """Return the name of the Principled BSDF input that an image node leads to, directly or not; "" for none."""
    seen: set[str] = set()
    ahead = [node]
    while ahead:
        for output in ahead.pop().outputs:
            for link in output.links:
                if link.to_node.type == "BSDF_PRINCIPLED":
                    return link.to_socket.name
                if link.to_node.name not in seen:
                    seen.add(link.to_node.name)
                    ahead.append(link.to_node)
    return ""
