# SPDX-License-Identifier: GPL-3.0-or-later
"""
Decimate models, and make their levels of detail.

Floor: second. Thread: main, of the child. Imports ``bpy``, and nothing of this package: the child loads it as a plain
module.
"""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

import bmesh
import bpy

if TYPE_CHECKING:
    from . import asset_collection, geometry, gltf_import
else:
    import asset_collection
    import geometry
    import gltf_import

#: Number of triangles below which a mesh is not decimated as long as others can be.
_MIN_PART_TRIANGLES = 64.0


def reduce_to(objects: Iterable[bpy.types.Object], max_triangles: int) -> None:
    """
    Decimate the meshes of ``objects`` to at most ``max_triangles`` triangles in total, see :func:`_reduce`.

    :raises gltf_import.RefusedError: the model has too many parts for this number.
    """
    total = _reduce(objects, max_triangles)
    if total > max_triangles:
        raise gltf_import.RefusedError("decimate", str(total))


def _reduce(objects: Iterable[bpy.types.Object], max_triangles: int) -> int:
    """
    Decimate the meshes of ``objects`` to at most ``max_triangles`` triangles in total, or as far as that goes.

    Large meshes are reduced by the same ratio, small ones only if that is not enough.

    :return: their triangles.
    """
    uses = Counter(obj.data for obj in geometry.mesh_objects(objects))
    meshes, times = list(uses), list(uses.values())
    names = [mesh.name for mesh in meshes]
    users: dict[bpy.types.ID, list[bpy.types.Object]] = {mesh: [] for mesh in meshes}
    for obj in bpy.data.objects:
        if obj.data in users:
            users[obj.data].append(obj)
    # To remove data-blocks takes time proportional to the number of all of them, so it is done once for all. Likewise,
    # a new object has Blender look at all others of its scene, so they are in a scene of their own.
    scene = bpy.data.scenes.new("decimate")
    gone: list[bpy.types.ID] = [scene]
    try:
        # The modifier may keep some triangles more than its ratio says, so try again with slightly lower targets.
        for margin in (1.0, 0.98, 0.9):
            counts = [geometry.triangles_of(mesh) for mesh in meshes]
            if sum(map(int.__mul__, counts, times)) <= max_triangles:
                break
            shares = _shares(counts, times, max_triangles * margin)
            for number, (mesh, count, share) in enumerate(zip(meshes, counts, shares, strict=True)):
                if share < count:
                    meshes[number] = smaller = _reduced(mesh, share / count, scene, gone)
                    users[smaller] = users.pop(mesh)
                    for obj in users[smaller]:
                        obj.data = smaller  # type: ignore[assignment]
                    gone.append(mesh)
    finally:
        bpy.data.batch_remove(gone)
    for mesh, name in zip(meshes, names, strict=True):
        mesh.name = name
    return sum(geometry.triangles_of(mesh) * number for mesh, number in zip(meshes, times, strict=True))


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


def _copy_extras(mesh: bpy.types.Mesh, smaller: bpy.types.Mesh) -> None:
    """Give ``smaller`` the custom properties and the material variants of ``mesh``."""
    for key in mesh.keys():  # noqa: SIM118
        if not key.startswith("gltf2_"):
            smaller[key] = mesh[key]
    # The importer has registered this property when it found variants, and so are these in no other mesh.
    for part in getattr(mesh, "gltf2_variant_mesh_data", ()):
        copy = smaller.gltf2_variant_mesh_data.add()
        copy.material_slot_index, copy.material = part.material_slot_index, part.material
        for use in part.variants:
            copy.variants.add().variant.variant_idx = use.variant.variant_idx


def _reduced(mesh: bpy.types.Mesh, ratio: float, scene: bpy.types.Scene, gone: list[bpy.types.ID]) -> bpy.types.Mesh:
    """
    Return a decimated copy of ``mesh``, in the shape that its shape keys give it now, and without these.

    :param ratio: fraction of the triangles to keep.
    :param scene: an empty scene to work in.
    :param gone: list that what has to be removed is appended to.
    """
    welded = mesh.copy()
    if welded.shape_keys is not None:
        _apply_shape(welded)
    _weld(welded)
    obj = bpy.data.objects.new("decimate", welded)
    gone += [obj, welded]
    scene.collection.objects.link(obj)
    modifier = obj.modifiers.new("decimate", "DECIMATE")
    modifier.ratio = ratio
    modifier.use_collapse_triangulate = True
    layer = scene.view_layers[0]
    layer.update()
    graph = layer.depsgraph
    result = bpy.data.meshes.new_from_object(obj.evaluated_get(graph), preserve_all_data_layers=True, depsgraph=graph)
    scene.collection.objects.unlink(obj)
    _copy_extras(mesh, result)
    return result


def _apply_shape(mesh: bpy.types.Mesh) -> None:
    """Give the vertices of ``mesh`` the positions that its shape keys mix for them now, and remove these keys."""
    holder = bpy.data.objects.new("shape keys", mesh)
    mixed = holder.shape_key_add(name="mix", from_mix=True)
    positions = [0.0] * (3 * len(mesh.vertices))
    mixed.data.foreach_get("co", positions)
    holder.shape_key_clear()
    mesh.vertices.foreach_set("co", positions)
    bpy.data.objects.remove(holder)


def _weld(mesh: bpy.types.Mesh) -> None:
    """
    Merge vertices that glTF has split along seams: otherwise decimation would open gaps at the seams.

    The custom normals do not suit the reduced mesh, so they are replaced by Blender's smooth normals.
    """
    shape = bmesh.new()
    shape.from_mesh(mesh)
    bmesh.ops.remove_doubles(shape, verts=shape.verts, dist=geometry.seam_of(mesh))
    shape.to_mesh(mesh)
    shape.free()
    if mesh.has_custom_normals:
        # A zero vector means the default normal (Mesh.normals_split_custom_set).
        mesh.normals_split_custom_set([(0.0, 0.0, 0.0)] * len(mesh.loops))


def make_level(collection: bpy.types.Collection, level: int) -> bpy.types.Collection:
    """
    Return a copy of the model with ``1 / 2 ** level`` of its triangles, in a new collection linked to the scene.

    It has more if the model consists of parts that are small already: that is no reason to refuse a model.
    """
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
    total = sum(geometry.triangles_of(obj.data) for obj in geometry.mesh_objects(lod.objects))
    _reduce(lod.objects, max(1, total // 2**level))
    return lod
