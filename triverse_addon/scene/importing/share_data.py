# SPDX-License-Identifier: GPL-3.0-or-later
"""
Let a model that is imported again share meshes, materials and images with its earlier import.

Floor: second. Thread: main. Imports ``bpy``.

A mesh is shared only if it is still as it was imported. A material is shared if it has the same nodes, also if a user
has changed its values since: as with Blender's *Append (Reuse Data)*, both models then look alike.
"""

from array import array
from collections.abc import Sequence

import bpy

from . import orphan_data
from .replace_import import counterparts, stem

#: Number of earlier imports that a new one is compared with.
_MOST_COMPARED = 4
#: Types of attributes that are compared.
_VALUES = bpy.types.FloatVectorAttribute | bpy.types.Float2Attribute | bpy.types.IntAttribute
#: Type of attribute -> the property that holds its values, the array code of these (4 bytes each), and their number.
_KINDS = {"FLOAT_VECTOR": ("vector", "f", 3), "FLOAT2": ("vector", "f", 2), "INT": ("value", "i", 1)}


def share(new: bpy.types.Collection, others: Sequence[bpy.types.Collection]) -> None:
    """
    Replace meshes and materials of ``new`` by those of ``others``, and remove what is then unused.

    :param new: the model just imported.
    :param others: collections with earlier imports of the same task, the latest first. Only the latest few are compared
        with: one may have been imported without materials, and another edited.
    """
    before = orphan_data.used_by(new.all_objects)
    for earlier in others[:_MOST_COMPARED]:
        for obj, other in counterparts(list(new.all_objects), list(earlier.all_objects)).items():
            mesh, known = obj.data, other.data
            if isinstance(mesh, bpy.types.Mesh) and isinstance(known, bpy.types.Mesh) and mesh != known:
                _share_data(obj, mesh, known)
    orphan_data.remove_unused(before)


def _share_data(obj: bpy.types.Object, mesh: bpy.types.Mesh, known: bpy.types.Mesh) -> None:
    for at, (material, old) in enumerate(zip(mesh.materials, known.materials, strict=False)):
        if material is not None and old is not None and _is_same_material(material, old):
            mesh.materials[at] = old
    if list(mesh.materials) == list(known.materials) and _is_same_mesh(mesh, known):
        obj.data = known


def _is_same_material(material: bpy.types.Material, other: bpy.types.Material) -> bool:
    if stem(material.name) != stem(other.name) or (material.node_tree is None) != (other.node_tree is None):
        return False
    if material.node_tree is None or other.node_tree is None:
        return True
    return _nodes(material.node_tree) == _nodes(other.node_tree)


def _nodes(tree: bpy.types.NodeTree) -> set[tuple[str, str, str]]:
    """Return name, type and image of each node."""
    return {
        (node.name, node.bl_idname, stem(image.name) if (image := getattr(node, "image", None)) else "")
        for node in tree.nodes
    }


def _is_same_mesh(mesh: bpy.types.Mesh, other: bpy.types.Mesh) -> bool:
    """
    Return whether two meshes have the same vertices, corners, materials of faces and UV maps.

    Attributes are read, because reading the same from vertices, loops and polygons takes up to a hundred times as long:
    0.04 s for both of two meshes of a million triangles, instead of 0.5 s.
    """
    if mesh.shape_keys is not None or other.shape_keys is not None or other.is_editmode:
        return False
    counts = [(len(one.vertices), len(one.loops), len(one.polygons)) for one in (mesh, other)]
    uv_maps = [layer.name for layer in mesh.uv_layers]
    if counts[0] != counts[1] or uv_maps != [layer.name for layer in other.uv_layers]:
        return False
    if len(mesh.loops) != 3 * len(mesh.polygons) and _starts(mesh) != _starts(other):
        return False
    names = ["position", ".corner_vert", "material_index", *uv_maps]
    return all(_values(mesh, name) == _values(other, name) for name in names)


def _starts(mesh: bpy.types.Mesh) -> bytes:
    """Return where the corners of each face start, which is known without reading if all are triangles."""
    values = array("i", bytes(4 * len(mesh.polygons)))
    mesh.polygons.foreach_get("loop_start", values)
    return values.tobytes()


def _values(mesh: bpy.types.Mesh, name: str) -> bytes:
    """Return the values of an attribute of ``mesh``; b"" if it has none of that name."""
    attribute: bpy.types.Attribute | None = mesh.attributes.get(name)
    if not isinstance(attribute, _VALUES):
        return b""
    prop, code, width = _KINDS[attribute.data_type]
    values = array(code, bytes(4 * len(attribute.data) * width))
    attribute.data.foreach_get(prop, values)
    return values.tobytes()
