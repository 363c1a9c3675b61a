# SPDX-License-Identifier: GPL-3.0-or-later
"""
Process imported meshes: merge vertices, shade smooth by angle, and show vertex colours.

Floor: second. Thread: main, of the user's Blender or of the child. Imports ``bpy``, and nothing of this package: the
child loads it as a plain module.
"""

import math
from collections.abc import Iterable
from typing import Any

import bmesh
import bpy
from mathutils import Matrix, Vector

#: Merge distance, in the mesh's units, of a mesh of one unit or more. glTF stores a vertex once for each side of a seam
#: of UVs or normals, with equal positions.
_SEAM = 1e-6
_NORMALS = "triverse_normals"


def mesh_objects(objects: Iterable[bpy.types.Object]) -> list[bpy.types.Object]:
    """Return those of ``objects`` that are meshes."""
    return [obj for obj in objects if obj.type == "MESH"]


def triangles_of(mesh: bpy.types.Mesh) -> int:
    """Return the number of triangles of ``mesh``: a polygon with n corners consists of n - 2."""
    return len(mesh.loops) - 2 * len(mesh.polygons)


def meshes_of(objects: Iterable[bpy.types.Object]) -> list[bpy.types.Mesh]:
    """Return the meshes of ``objects``, each once."""
    return list(dict.fromkeys(obj.data for obj in mesh_objects(objects)))


def show_vertex_colours(objects: Iterable[bpy.types.Object]) -> None:
    """
    Assign a material that shows the vertex colours to meshes that have these and lack a material.

    From 4.5 on, the importer assigns such a material. Up to 4.4 it does not, so the model is grey. Custom attributes of
    the file, whose names begin with ``_``, are ignored: one with four numbers is imported as a colour attribute,
    although it is none.
    """
    if bpy.app.version >= (4, 5):
        return
    material = None
    for mesh in meshes_of(objects):
        empty = [slot for slot, one in enumerate(mesh.materials) if one is None]
        has_colours = any(not attribute.name.startswith("_") for attribute in mesh.color_attributes)
        if not has_colours or (mesh.materials and not empty):
            continue
        material = material or _coloured()
        if not mesh.materials:
            mesh.materials.append(material)
        for slot in empty:
            mesh.materials[slot] = material


def _coloured() -> bpy.types.Material:
    material = bpy.data.materials.new("DefaultMaterial")
    if bpy.app.version < (5, 0):
        # Always True since 5.0, where setting it causes a warning.
        material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    shader = next(node for node in nodes if node.type == "BSDF_PRINCIPLED")
    colours = nodes.new("ShaderNodeVertexColor")
    colours.location = shader.location.x - 200, shader.location.y
    links.new(colours.outputs["Color"], shader.inputs["Base Color"])
    return material


def rework(objects: Iterable[bpy.types.Object], *, merge: bool, smooth_deg: int) -> None:
    """
    Process the meshes of ``objects`` as the user's options say.

    :param merge: whether to merge vertices, see :func:`merge_vertices`.
    :param smooth_deg: angle in degrees, see :func:`smooth_by_angle`; 0 leaves the shading unchanged.
    """
    if not merge and not smooth_deg:
        return
    for mesh in meshes_of(objects):
        if merge:
            merge_vertices(mesh)
        if smooth_deg:
            smooth_by_angle(mesh, smooth_deg)


def merge_vertices(mesh: bpy.types.Mesh) -> int:
    """
    Merge vertices with equal positions. UVs, colours, sharp faces and normals of the face corners do not change.

    If the mesh has shape keys or vertex groups, vertices are merged only if all shapes and all weights are equal too,
    because others may be moved apart.

    :return: number of vertices that were removed.
    """
    if not mesh.polygons:
        return 0
    before = len(mesh.vertices)
    has_normals = mesh.has_custom_normals
    if has_normals:
        _store_normals(mesh)
    shape = bmesh.new()
    try:
        shape.from_mesh(mesh)
        if shape.verts.layers.shape or shape.verts.layers.deform:
            bmesh.ops.weld_verts(shape, targetmap=_together(shape))
        else:
            bmesh.ops.remove_doubles(shape, verts=shape.verts, dist=seam_of(mesh))
        shape.to_mesh(mesh)
    finally:
        shape.free()
    if has_normals:
        _restore_normals(mesh)
    mesh.update()
    return before - len(mesh.vertices)


def seam_of(mesh: bpy.types.Mesh) -> float:
    """
    Return the merge distance of a mesh, in its units.

    It is less in a mesh that is smaller than a unit, which a node of its file may scale up: its vertices are closer to
    each other.
    """
    import numpy  # a Blender of a Linux distribution may lack it, and its importer then

    points = numpy.empty(3 * len(mesh.vertices), numpy.float32)
    mesh.vertices.foreach_get("co", points)
    return _SEAM * min(1.0, float(numpy.ptp(points.reshape(-1, 3), axis=0).max()))


def transform(mesh: bpy.types.Mesh, matrix: Matrix) -> None:
    """
    Transform a mesh and its shapes by ``matrix``. If that mirrors, the faces are turned over to stay outside.

    ``Mesh.transform`` alone leaves them inside out then (4.2 to 5.3), and bends custom normals if the matrix stretches
    (``findings/uneven-scale-custom-normals.sh``).
    """
    is_mirrored = matrix.determinant() < 0
    has_normals = mesh.has_custom_normals and (is_mirrored or _stretches(matrix))
    if has_normals:
        _store_normals(mesh)
    mesh.transform(matrix, shape_keys=True)
    if is_mirrored:
        mesh.flip_normals()
    if has_normals:
        # Custom normals are stored relative to the faces, which were turned over or have other angles now.
        _restore_normals(mesh, matrix.to_3x3().inverted_safe().transposed())


def _stretches(matrix: Matrix) -> bool:
    """Return whether ``matrix`` changes angles, as a scale does that is not the same along all axes."""
    columns = matrix.to_3x3().transposed()
    lengths = [column.length_squared for column in columns]
    least = max(lengths) * 1e-5
    crossed = [abs(columns[one].dot(columns[other])) for one, other in ((0, 1), (0, 2), (1, 2))]
    return max(lengths) - min(lengths) > least or max(crossed) > least


def _store_normals(mesh: bpy.types.Mesh) -> None:
    """Store the normals of the face corners in an attribute, which follows when faces are removed or turned over."""
    values = [0.0] * (3 * len(mesh.loops))
    mesh.corner_normals.foreach_get("vector", values)
    mesh.attributes.new(_NORMALS, "FLOAT_VECTOR", "CORNER").data.foreach_set("vector", values)


def _restore_normals(mesh: bpy.types.Mesh, matrix: Matrix | None = None) -> None:
    """Give the face corners the stored normals, transformed by a 3 × 3 ``matrix`` if there is one."""
    kept = mesh.attributes[_NORMALS]
    values = [0.0] * (3 * len(mesh.loops))
    kept.data.foreach_get("vector", values)
    mesh.attributes.remove(kept)
    normals: list[Any] = list(zip(*[iter(values)] * 3, strict=True))
    if matrix is not None:
        normals = [(matrix @ Vector(normal)).normalized() for normal in normals]
    mesh.normals_split_custom_set(normals)


def _together(shape: bmesh.types.BMesh) -> dict[bmesh.types.BMVert, bmesh.types.BMVert]:
    """
    Return the vertices to merge.

    :return: vertex to remove -> the vertex with equal weights and, in every shape, equal position that is kept.
    """
    shapes = shape.verts.layers.shape.values()
    weights = shape.verts.layers.deform.active
    first: dict[tuple[object, ...], bmesh.types.BMVert] = {}
    goes = {}
    for vertex in shape.verts:
        # The copies of a vertex along a seam are bitwise equal.
        places = (tuple(vertex.co), *(tuple(vertex[layer]) for layer in shapes))
        held = frozenset(vertex[weights].items()) if weights is not None else None
        stays = first.setdefault((places, held), vertex)
        if stays is not vertex:
            goes[vertex] = stays
    return goes


def smooth_by_angle(mesh: bpy.types.Mesh, degrees: float) -> bool:
    """
    Shade a mesh smooth, with sharp edges where the angle is larger than ``degrees``, unless it has custom normals.

    glTF specifies flat shading for a mesh without normals, and the importer does that.

    :return: False if the mesh has custom normals, which are kept, or no faces.
    """
    if mesh.has_custom_normals or not mesh.polygons:
        return False
    mesh.shade_smooth()
    mesh.set_sharp_from_angle(angle=math.radians(degrees))
    return True
