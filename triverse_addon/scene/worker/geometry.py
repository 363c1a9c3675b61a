# SPDX-License-Identifier: GPL-3.0-or-later
"""
Geometry as artists want it: merged vertices, smooth shading by angle, vertex colours that can be seen.

Floor: second. Thread: main, of the user's Blender or of the child. Imports ``bpy``, and nothing of this package: the
child loads it as a plain module.
"""

import math
from collections.abc import Iterable

import bmesh
import bpy

#: The format holds a vertex once for each side of a seam of UVs or normals; they are this close: not at all apart.
SEAM = 1e-6
_NORMALS = "triverse_normals"


def meshes_of(objects: Iterable[bpy.types.Object]) -> list[bpy.types.Mesh]:
    """Return the meshes of ``objects``, each once."""
    return list(dict.fromkeys(obj.data for obj in objects if obj.type == "MESH"))


def show_vertex_colours(objects: Iterable[bpy.types.Object]) -> None:
    """
    Give meshes with vertex colours and no material the one that the importer gives them from 4.5 on.

    Up to 4.4 it makes none, so that the model is grey. An attribute of the file's own, whose name begins with ``_``, is
    kept as a colour where it has four numbers, and is none.
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
        # Always on since 5.0, where setting it warns.
        material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    shader = next(node for node in nodes if node.type == "BSDF_PRINCIPLED")
    colours = nodes.new("ShaderNodeVertexColor")
    colours.location = shader.location.x - 200, shader.location.y
    links.new(colours.outputs["Color"], shader.inputs["Base Color"])
    return material


def rework(objects: Iterable[bpy.types.Object], *, merge: bool, smooth_deg: int) -> None:
    """
    Do what was chosen for the meshes of ``objects``.

    :param merge: see :func:`merge_vertices`.
    :param smooth_deg: see :func:`smooth_by_angle`; 0 for as it comes.
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
    Merge vertices that are in one place; UVs, colours, sharp faces and normals stay those of each face's corners.

    With shape keys or bones, what is in one place may part: only what stays together in all of them is merged.

    :return: how many vertices went.
    """
    if not mesh.polygons:
        return 0
    before = len(mesh.vertices)
    has_normals = mesh.has_custom_normals
    if has_normals:
        # Faces may go that had a corner twice: as an attribute, the normals go with them.
        values = [0.0] * (3 * len(mesh.loops))
        mesh.corner_normals.foreach_get("vector", values)
        mesh.attributes.new(_NORMALS, "FLOAT_VECTOR", "CORNER").data.foreach_set("vector", values)
    shape = bmesh.new()
    try:
        shape.from_mesh(mesh)
        if shape.verts.layers.shape or shape.verts.layers.deform:
            bmesh.ops.weld_verts(shape, targetmap=_together(shape))
        else:
            bmesh.ops.remove_doubles(shape, verts=shape.verts, dist=SEAM)
        shape.to_mesh(mesh)
    finally:
        shape.free()
    if has_normals:
        kept = mesh.attributes[_NORMALS]
        values = [0.0] * (3 * len(mesh.loops))
        kept.data.foreach_get("vector", values)
        mesh.attributes.remove(kept)
        mesh.normals_split_custom_set(list(zip(*[iter(values)] * 3, strict=True)))
    mesh.update()
    return before - len(mesh.vertices)


def _together(shape: bmesh.types.BMesh) -> dict[bmesh.types.BMVert, bmesh.types.BMVert]:
    """Return the vertices that have another's place and weights in every shape, each with the one that stays."""
    shapes = shape.verts.layers.shape.values()
    weights = shape.verts.layers.deform.active
    first: dict[tuple[object, ...], bmesh.types.BMVert] = {}
    goes = {}
    for vertex in shape.verts:
        # Copies along a seam are equal to the last bit.
        places = (tuple(vertex.co), *(tuple(vertex[layer]) for layer in shapes))
        held = frozenset(vertex[weights].items()) if weights is not None else None
        stays = first.setdefault((places, held), vertex)
        if stays is not vertex:
            goes[vertex] = stays
    return goes


def smooth_by_angle(mesh: bpy.types.Mesh, degrees: float) -> bool:
    """
    Shade a mesh without normals of its own smooth, but for edges sharper than an angle.

    The format says that a model without normals is flat, and the importer keeps to it.

    :return: False for a mesh that came with normals, which stay.
    """
    if mesh.has_custom_normals or not mesh.polygons:
        return False
    mesh.shade_smooth()
    mesh.set_sharp_from_angle(angle=math.radians(degrees))
    return True
