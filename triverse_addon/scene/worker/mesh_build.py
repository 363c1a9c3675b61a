# SPDX-License-Identifier: GPL-3.0-or-later
"""
Build a mesh of triangles from whole arrays, as Blender's glTF importer builds it, in less time.

Floor: second. Thread: main, of the child. Imports ``bpy``, and nothing of this package: the child loads it as a plain
module.

Time is saved where the importer's way costs much and changes nothing:

- ``Mesh.validate`` looks for what a sort of the triangles finds sooner, and is still called where it would change
  anything;
- normals are handed over as a list: from an array, Blender 5.2 takes three times as long;
- vertices in random order are renumbered by their first use while normals are computed, and get their numbers back.
"""

import gc
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import bpy

if TYPE_CHECKING or __package__:
    from .beside import Beside
else:
    from beside import Beside

if TYPE_CHECKING:
    import numpy as np

#: From this mean distance between the vertices of successive corners, as a part of all vertices, on, their order counts
#: as random (then it is a third).
RANDOM_ORDER = 0.1
#: Number of vertices up to which all of them lie in the processor's cache in any order.
LEAST_RENUMBERED = 50_000
#: Number of faces from which on a thread takes half of them.
_LEAST_SHARED = 50_000
#: The importer's tolerance in finding flat faces.
_FLAT = 0.9999999
_SPATIAL = ("position", "FLOAT_VECTOR", "POINT")


@dataclass(slots=True)
class Arrays:
    """
    The arrays of a mesh, in Blender's axes and units.

    :ivar corners: the vertex of each corner.
    :ivar uvs: for each layer, the coordinates of each corner.
    :ivar normals: of each vertex; None if no primitive has any.
    :ivar faces: number of triangles of each primitive.
    :ivar has_normals: for each primitive, whether it has normals.
    :ivar has_clean_faces: result of :func:`has_clean_faces` for these corners.
    """

    positions: "np.ndarray"
    corners: "np.ndarray"
    uvs: "list[Beside[np.ndarray]]"
    normals: "np.ndarray | None"
    faces: list[int] = field(default_factory=list)
    has_normals: list[bool] = field(default_factory=list)
    has_clean_faces: "Beside[bool] | None" = None


def build(mesh: bpy.types.Mesh, arrays: Arrays, slots: "np.ndarray | None") -> None:
    """
    Fill an empty mesh.

    :param mesh: the mesh.
    :param arrays: what to fill it with.
    :param slots: material slot of each primitive; None if there are no materials.
    """
    order = _first_use(arrays) if arrays.normals is not None else None
    # Where validate removes faces, the old numbers could not be given back.
    if order is not None and not _is_valid(arrays):
        order = None
    if order is None:
        # In this order, because the faces are looked at in a thread meanwhile.
        _add(mesh, arrays, arrays.positions, arrays.corners, slots)
        is_valid = _is_valid(arrays)
        _find_edges(mesh, arrays, arrays.normals, arrays.corners, is_valid=is_valid)
    else:
        is_valid = True
        _build_renumbered(mesh, arrays, slots, order)
    if is_valid and bpy.app.version < (5, 1) and ".select_edge" in mesh.attributes:
        # There the importer leaves the edges to validate, which does not select them.
        mesh.attributes.remove(mesh.attributes[".select_edge"])


def _build_renumbered(mesh: bpy.types.Mesh, arrays: Arrays, slots: "np.ndarray | None", order: "np.ndarray") -> None:
    """
    Find edges and normals with vertices numbered in another order, where neighbours lie together in memory.

    What belongs to corners and faces does not depend on the numbers of vertices, and those of edges are put back.

    :param order: the vertices in that order.
    """
    import numpy as np

    number = np.empty(len(order), np.uint32)
    number[order] = np.arange(len(order), dtype=np.uint32)
    positions, corners = arrays.positions[order], number[arrays.corners]
    normals = arrays.normals[order] if arrays.normals is not None else None
    _add(mesh, arrays, positions, corners, slots)
    _find_edges(mesh, arrays, normals, corners, is_valid=True)
    edges = _get(mesh, ".edge_verts", "value", 2 * len(mesh.edges), np.intc)
    edges = order.astype(np.intc)[edges].reshape(-1, 2)
    edges.sort(axis=1)
    _set(mesh, ".edge_verts", "INT32_2D", "EDGE", "value", edges)
    _set(mesh, ".corner_vert", "INT", "CORNER", "value", arrays.corners.astype(np.intc))
    _set(mesh, *_SPATIAL, "vector", arrays.positions)
    # The mesh still knows by the other numbers which faces are at a vertex, also after an update
    # (findings/attributes-keep-vertex-faces.sh). Turned over, it forgets that, and turned over twice, all else is as
    # before: 0.02 to 0.1 s for a million triangles.
    mesh.flip_normals()
    mesh.flip_normals()
    mesh.update()


def _add(
    mesh: bpy.types.Mesh,
    arrays: Arrays,
    positions: "np.ndarray",
    corners: "np.ndarray",
    slots: "np.ndarray | None",
) -> None:
    """Add vertices, corners, faces, UVs and slots, in the importer's order."""
    import numpy as np

    faces = len(corners) // 3
    mesh.vertices.add(len(positions))
    _set(mesh, *_SPATIAL, "vector", positions)
    mesh.loops.add(3 * faces)
    _set(mesh, ".corner_vert", "INT", "CORNER", "value", corners.astype(np.intc))
    mesh.polygons.add(faces)
    mesh.polygons.foreach_set("loop_start", np.arange(0, 3 * faces, 3, dtype=np.intc))
    for layer, values in enumerate(arrays.uvs):
        uvs = mesh.uv_layers.new(name="UVMap" if layer == 0 else f"UVMap.{layer:03}")
        if uvs is None:
            break
        uvs.uv.foreach_set("vector", values.result().reshape(-1))
    if slots is not None:
        _set(mesh, "material_index", "INT", "FACE", "value", np.repeat(slots, arrays.faces))


def _find_edges(
    mesh: bpy.types.Mesh,
    arrays: Arrays,
    normals: "np.ndarray | None",
    corners: "np.ndarray",
    *,
    is_valid: bool,
) -> None:
    """Find flat faces and edges, validate the mesh if that is not needless, and set the normals."""
    _set(mesh, "sharp_face", "BOOLEAN", "FACE", "value", _flat_faces(mesh, arrays, normals, corners))
    if is_valid or bpy.app.version >= (5, 1):
        mesh.update(calc_edges=True, calc_edges_loose=False)
    if not is_valid:
        mesh.validate()
        mesh.update(calc_edges_loose=False)
    if normals is not None:
        _set_normals(mesh, normals)


def _get(mesh: bpy.types.Mesh, name: str, field_name: str, size: int, kind: Any) -> "np.ndarray":
    import numpy as np

    attribute: Any = mesh.attributes[name]
    values = np.empty(size, kind)
    attribute.data.foreach_get(field_name, values)
    return values


def _set(mesh: bpy.types.Mesh, name: str, kind: str, domain: str, field_name: str, values: "np.ndarray") -> None:
    attribute: Any = mesh.attributes.get(name)
    if attribute is None:
        attribute = mesh.attributes.new(name, kind, domain)  # type: ignore[arg-type]
    # Only an array of native numbers, in one piece, is copied as a whole.
    attribute.data.foreach_set(field_name, values.reshape(-1))


def _flat_faces(
    mesh: bpy.types.Mesh, arrays: Arrays, normals: "np.ndarray | None", corners: "np.ndarray"
) -> "np.ndarray":
    """Return which faces are flat: those of primitives without normals, and those whose corners all have its normal."""
    import numpy as np

    faces = len(corners) // 3
    flat = np.ones(faces, bool)
    if normals is None:
        return flat
    face_normals = np.empty(3 * faces, np.float32)
    mesh.polygon_normals.foreach_get("vector", face_normals)
    face_normals = face_normals.reshape(-1, 3)
    start = 0
    for count, has_normals in zip(arrays.faces, arrays.has_normals, strict=True):
        if has_normals:
            mark = partial(_mark_bent, flat, face_normals, normals, corners)
            end = start + count
            middle = start + count // 2 if count >= _LEAST_SHARED else end
            second = Beside(partial(mark, middle, end)) if middle < end else None
            mark(start, middle)
            if second is not None:
                second.result()
        start += count
    return flat


def _mark_bent(
    flat: "np.ndarray", face_normals: "np.ndarray", normals: "np.ndarray", corners: "np.ndarray", start: int, end: int
) -> None:
    """Mark those faces from ``start`` to ``end`` as not flat of which a corner has another normal than the face."""
    import numpy as np

    # Of most models, the first corner rules out nearly all faces.
    left = np.arange(start, end)
    of_corner, of_faces = corners[3 * start : 3 * end : 3], face_normals[start:end]
    for corner in range(3):
        if corner:
            of_corner, of_faces = corners[3 * left + corner], face_normals[left]
        at = normals.take(of_corner, axis=0)
        products = at[:, 0] * of_faces[:, 0]
        products += at[:, 1] * of_faces[:, 1]
        products += at[:, 2] * of_faces[:, 2]
        is_flat = ~(products <= _FLAT)
        flat[left[~is_flat]] = False
        left = left[is_flat]


def _set_normals(mesh: bpy.types.Mesh, normals: "np.ndarray") -> None:
    was_enabled = gc.isenabled()
    # Otherwise the collector looks at half a million tuples again and again while they are made.
    gc.disable()
    try:
        rows = list(zip(*(normals[:, axis].tolist() for axis in range(3)), strict=True))
        mesh.normals_split_custom_set_from_vertices(rows)
    finally:
        if was_enabled:
            gc.enable()


# -----------------------------------------------------------------------------
# What the arrays are like


def _first_use(arrays: Arrays) -> "np.ndarray | None":
    """Return the vertices in the order of their first use, if their order is random and they are many; else None."""
    import numpy as np

    corners, vertices = arrays.corners, len(arrays.positions)
    sample = corners[: 3 * 100_000].astype(np.int64)
    if vertices < LEAST_RENUMBERED or np.abs(np.diff(sample)).mean() < RANDOM_ORDER * vertices:
        return None
    first = np.full(vertices, len(corners), np.intc)
    # Of several values for one vertex, numpy keeps the last: so the corners are written backwards.
    first[corners[::-1]] = np.arange(len(corners) - 1, -1, -1, dtype=np.intc)
    # Without a sort of all vertices, which takes three times as long.
    is_used = first < len(corners)
    is_first = np.zeros(len(corners), bool)
    is_first[first[is_used]] = True
    return np.concatenate((corners[is_first], np.flatnonzero(~is_used)))


def _is_valid(arrays: Arrays) -> bool:
    """Return True if ``Mesh.validate`` would certainly change nothing."""
    import numpy as np

    if not all(np.isfinite(values).all() for values in (arrays.positions, *(layer.result() for layer in arrays.uvs))):
        return False
    found = arrays.has_clean_faces
    return found.result() if found is not None else has_clean_faces(arrays.corners)


def has_clean_faces(corners: "np.ndarray") -> bool:
    """Return True if no triangle has a corner twice, and certainly no two are of the same vertices."""
    import numpy as np

    a, b, c = corners[0::3], corners[1::3], corners[2::3]
    if (a == b).any() or (b == c).any() or (a == c).any():
        return False
    low, high = np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)
    middle = a ^ b ^ c ^ low ^ high
    # Equal triangles have equal numbers. Others may have equal ones, but seldom, and then validate finds nothing.
    numbers = low.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    numbers ^= middle.astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
    numbers += high.astype(np.uint64) * np.uint64(0x165667B19E3779F9)
    numbers.sort()
    return not (numbers[1:] == numbers[:-1]).any()
