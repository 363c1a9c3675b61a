# SPDX-License-Identifier: GPL-3.0-or-later
"""
Let a model that is imported again share meshes, materials and images with its earlier import.

Floor: second. Thread: main. Imports ``bpy``.

A mesh is shared only if it is still as it was imported, and has neither shape keys nor vertex groups: weights cannot be
read quickly. A material is shared if it has the same nodes, also if a user has changed its values since: as with
Blender's *Append (Reuse Data)*, both models then look alike.
"""

from array import array
from collections.abc import Sequence
from struct import calcsize
from typing import Any

import bpy

from ..worker.asset_collection import stem
from . import orphan_data
from .replace_import import counterparts

#: Number of earlier imports that a new one is compared with.
_MOST_COMPARED = 4
#: Type of attribute -> the property that holds its values, the format of one of these in memory, and their number.
_KINDS = {
    "BOOLEAN": ("value", "b", 1),
    "INT8": ("value", "b", 1),
    "INT16_2D": ("value", "h", 2),
    "INT": ("value", "i", 1),
    "INT32_2D": ("value", "i", 2),
    "FLOAT": ("value", "f", 1),
    "FLOAT2": ("vector", "f", 2),
    "FLOAT_VECTOR": ("vector", "f", 3),
    "FLOAT_COLOR": ("color", "f", 4),
    "BYTE_COLOR": ("color", "f", 4),
    "QUATERNION": ("value", "f", 4),
}
#: How the names of attributes begin that hold what is selected or pinned, and not what the mesh looks like.
_SELECTION = (".select_", ".uv_select_", ".vs.", ".es.", ".pn.")


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
                has_weights = bool(obj.vertex_groups or other.vertex_groups)
                # A linked mesh, as an override of a linked model has it, could not be edited.
                is_free = known.library is None and not has_weights
                if _share_materials(mesh, known) and is_free and _is_same_mesh(mesh, known):
                    obj.data = known
    orphan_data.remove_unused(before)


def _share_materials(mesh: bpy.types.Mesh, known: bpy.types.Mesh) -> bool:
    """Replace materials of ``mesh`` by the same ones of ``known``. Return whether both then have the same ones."""
    for at, (material, old) in enumerate(zip(mesh.materials, known.materials, strict=False)):
        if material is not None and old is not None and old.library is None and _is_same_material(material, old):
            mesh.materials[at] = old
    return list(mesh.materials) == list(known.materials)


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
    Return whether two meshes without shape keys have the same geometry and the same attributes, except the selection.

    Attributes are read, because reading the same from vertices, loops and polygons takes up to a hundred times as long:
    0.04 s for positions, corners and UV maps of two meshes of a million triangles, instead of 0.5 s. Marks of faces and
    edges take 0.02 s per million.
    """
    if mesh.shape_keys is not None or other.shape_keys is not None or other.is_editmode:
        return False
    counts = [(len(one.vertices), len(one.edges), len(one.loops), len(one.polygons)) for one in (mesh, other)]
    if counts[0] != counts[1] or mesh.has_custom_normals != other.has_custom_normals:
        return False
    if [layer.name for layer in mesh.uv_layers] != [layer.name for layer in other.uv_layers]:
        return False
    if len(mesh.loops) != 3 * len(mesh.polygons) and _starts(mesh) != _starts(other):
        return False
    names = dict.fromkeys(attribute.name for one in (mesh, other) for attribute in one.attributes)
    if any(_values(mesh, name) != _values(other, name) for name in names if not name.startswith(_SELECTION)):
        return False
    # Before Blender 4.5, custom normals are not attributes. Computing those of a million triangles takes half a second.
    return not mesh.has_custom_normals or "custom_normal" in names or _normals(mesh) == _normals(other)


def _starts(mesh: bpy.types.Mesh) -> bytes:
    """Return where the corners of each face start, which is known without reading if all are triangles."""
    return _read(mesh.polygons, "loop_start", "i", 1)


def _normals(mesh: bpy.types.Mesh) -> bytes:
    return _read(mesh.corner_normals, "vector", "f", 3)


def _values(mesh: bpy.types.Mesh, name: str) -> tuple[str, str, bytes | None]:
    """
    Return domain, type and values of an attribute of ``mesh``. The values are None if its type is not known.

    Blender omits attributes of whole numbers that are all zero, so these count as missing: ("", "", b"").
    """
    attribute: bpy.types.Attribute | None = mesh.attributes.get(name)
    if attribute is None:
        return "", "", b""
    kind = attribute.data_type
    if kind not in _KINDS:
        return attribute.domain, kind, None
    items: bpy.types.bpy_prop_collection[Any] = attribute.data  # type: ignore[attr-defined]  # of each subclass
    values = _read(items, *_KINDS[kind])
    if kind in {"BOOLEAN", "INT"} and values.count(0) == len(values):
        return "", "", b""
    return attribute.domain, kind, values


def _read(items: "bpy.types.bpy_prop_collection[Any]", prop: str, code: str, width: int) -> bytes:
    """Return ``width`` numbers of the format ``code`` for the property ``prop`` of each of ``items``."""
    values = array(code, bytes(len(items) * width * calcsize(code)))
    items.foreach_get(prop, values)
    return values.tobytes()
