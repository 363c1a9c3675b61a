# SPDX-License-Identifier: GPL-3.0-or-later
"""
Fill large meshes of the plainest kind, while Blender's glTF importer makes everything else.

Floor: second. Thread: main, of the child. Imports ``bpy``, and nothing of this package: the child loads it as a plain
module.

Before the import, such a mesh is replaced by a stub of one triangle for each primitive. The importer makes nodes,
materials, images, slots and names of that, as always, and calls this module for each mesh that it made. What is filled
in is, bit for bit, what the importer would have made (``tests/blender/test_filled_meshes.py``), in less time: see
``mesh_build``, and the importer sorts all indices to find the vertices that are used.

The importer goes on if a hook fails, with the stub as model: so :attr:`MeshFill.has_failed` must be asked afterwards,
and the import repeated without this module.
"""

import copy
import logging
import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import bpy

if TYPE_CHECKING or __package__:
    from . import mesh_build
    from .beside import Beside
else:
    import mesh_build
    from beside import Beside

if TYPE_CHECKING:
    import numpy as np

_log = logging.getLogger(__name__)

#: Number of triangles from which a mesh is filled. Below, the importer takes less than 0.1 s.
MIN_TRIANGLES = 20_000
#: Component types of indices, and names of the types of their numbers in numpy.
_INDEX_TYPES = {5121: "uint8", 5123: "uint16", 5125: "uint32"}
_FLOAT = 5126
#: Most texture coordinates that the importer reads.
_MAX_UVS = 8


class _NotPlainError(Exception):
    """The mesh is not of the kind that is filled here."""


@dataclass(slots=True)
class _Part:
    """The accessors of one primitive, by number."""

    positions: int
    indices: int | None
    normals: int | None
    uvs: list[int]


@dataclass(slots=True)
class _Plan:
    parts: list[_Part]
    is_reached: bool = False
    is_filled: bool = False


class MeshFill:
    """Fills the plain meshes of one import. The hooks of ``gltf_watch.ImportObserver`` call it."""

    def __init__(self) -> None:
        self._plans: dict[int, _Plan] = {}
        """``id()`` of a mesh of the file -> its plan."""

    @property
    def has_failed(self) -> bool:
        """True if a mesh was left as a stub. Everything that the import made is worthless then."""
        return any(plan.is_reached and not plan.is_filled for plan in self._plans.values())

    def prepare(self, gltf: Any) -> None:
        """Replace all plain meshes by stubs, before the import."""
        if sys.byteorder != "little":
            return
        data = gltf.data
        skinned = {node.mesh for node in data.nodes or [] if node.skin is not None}
        chosen = []
        for number, mesh in enumerate(data.meshes or []):
            if number not in skinned:
                try:
                    chosen.append((mesh, _Plan(_parts(gltf, mesh))))
                except (_NotPlainError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
                    _log.debug("mesh %d is not plain: %r", number, error)
        # Nothing was changed so far, so an error above leaves all as it was.
        for mesh, plan in chosen:
            for primitive, part in zip(mesh.primitives, plan.parts, strict=True):
                stub = copy.copy(data.accessors[part.positions])
                stub.count = 3
                data.accessors.append(stub)
                primitive.attributes = {"POSITION": len(data.accessors) - 1}
                primitive.indices = None
            self._plans[id(mesh)] = plan

    def reached(self, gltf_mesh: Any) -> None:
        """Note that the importer is about to make a mesh."""
        if (plan := self._plans.get(id(gltf_mesh))) is not None:
            plan.is_reached = True

    def fill(self, gltf_mesh: Any, mesh: bpy.types.Mesh, gltf: Any) -> None:
        """
        Replace the stub that the importer made by the whole mesh.

        An error may leave the stub, or a part of the mesh; :attr:`has_failed` is True then.
        """
        plan = self._plans.get(id(gltf_mesh))
        if plan is None:
            return
        plan.is_filled = False
        slots = _slots(mesh, len(plan.parts))
        arrays = _arrays(gltf, plan.parts)
        mesh.clear_geometry()
        mesh_build.build(mesh, arrays, slots)
        plan.is_filled = True


# -----------------------------------------------------------------------------
# Which meshes


def _parts(gltf: Any, mesh: Any) -> list[_Part]:
    """
    Return the primitives of a mesh.

    :raises _NotPlainError: the mesh has anything but triangles with positions, normals and texture coordinates as
        floats, or is small. Whatever the file lacks may raise other errors.
    """
    if mesh.weights or (mesh.extensions or {}):
        raise _NotPlainError("weights or extensions")
    parts = []
    triangles = 0
    for primitive in mesh.primitives:
        extensions = set(primitive.extensions or {}) - {"KHR_materials_variants"}
        if extensions or primitive.targets or primitive.mode not in (None, 4):
            raise _NotPlainError("a primitive of another kind")
        attributes = dict(primitive.attributes)
        positions, normals = attributes.pop("POSITION"), attributes.pop("NORMAL", None)
        attributes.pop("TANGENT", None)  # not read by the importer
        uvs = [attributes.pop(name) for name in [f"TEXCOORD_{number}" for number in range(len(attributes))]]
        if attributes or len(uvs) > _MAX_UVS:
            raise _NotPlainError("other attributes")
        count = gltf.data.accessors[positions].count
        if count < 3:
            raise _NotPlainError("no triangle")
        _check(gltf, positions, "VEC3", count)
        if normals is not None:
            _check(gltf, normals, "VEC3", count)
        for uv in uvs:
            _check(gltf, uv, "VEC2", count)
        corners = count
        if primitive.indices is not None:
            corners = gltf.data.accessors[primitive.indices].count
            _check(gltf, primitive.indices, "SCALAR", corners)
        if corners % 3 or not corners:
            raise _NotPlainError("no whole triangles")
        triangles += corners // 3
        parts.append(_Part(positions, primitive.indices, normals, uvs))
    if not parts or triangles < MIN_TRIANGLES:
        raise _NotPlainError("small")
    return parts


def _check(gltf: Any, number: int, kind: str, count: int) -> None:
    """
    Check that an accessor lies in the file's own buffer, as plain numbers.

    :raises _NotPlainError: it does not.
    """
    accessor = gltf.data.accessors[number]
    types = _INDEX_TYPES if kind == "SCALAR" else {_FLOAT: "float32"}
    if accessor.type != kind or accessor.component_type not in types or accessor.count != count:
        raise _NotPlainError("an accessor of another type")
    if accessor.sparse is not None or accessor.normalized or accessor.buffer_view is None:
        raise _NotPlainError("a sparse or normalized accessor")
    view = gltf.data.buffer_views[accessor.buffer_view]
    if view.extensions or view.buffer != 0 or gltf.data.buffers[0].uri is not None or gltf.glb_buffer is None:
        raise _NotPlainError("data elsewhere")
    _view(gltf, number)


def _view(gltf: Any, number: int) -> "np.ndarray":
    """
    Return the numbers of an accessor, as they lie in the file.

    :raises ValueError: they do not fit into their part of the buffer.
    """
    import numpy as np

    accessor = gltf.data.accessors[number]
    view = gltf.data.buffer_views[accessor.buffer_view]
    width = {"SCALAR": 1, "VEC2": 2, "VEC3": 3}[accessor.type]
    kind = np.dtype({**_INDEX_TYPES, _FLOAT: "float32"}[accessor.component_type])
    row_bytes = width * kind.itemsize
    start, size = view.byte_offset or 0, view.byte_length
    stride = view.byte_stride or row_bytes
    if start < 0 or size < 0 or start + size > len(gltf.glb_buffer) or stride < row_bytes or stride % kind.itemsize:
        raise ValueError("a view outside the buffer")
    return np.ndarray(
        (accessor.count, width),
        kind,
        gltf.glb_buffer[start : start + size],
        accessor.byte_offset or 0,
        (stride, kind.itemsize),
    )


# -----------------------------------------------------------------------------
# The numbers


def _slots(mesh: bpy.types.Mesh, parts: int) -> "np.ndarray | None":
    """
    Return the material slot of each primitive, which the importer wrote into the stub; None if it wrote none.

    :raises ValueError: the mesh is not the expected stub.
    """
    import numpy as np

    if len(mesh.polygons) != parts:
        raise ValueError("no stub")
    if "material_index" not in mesh.attributes:
        return None
    slots = np.empty(parts, np.intc)
    attribute: Any = mesh.attributes["material_index"]
    attribute.data.foreach_get("value", slots)
    return slots


def _arrays(gltf: Any, parts: list[_Part]) -> mesh_build.Arrays:
    """
    Read the numbers, and convert them to Blender's axes with the importer's own functions.

    :raises IndexError: an index is out of range.
    """
    import numpy as np

    layers = max(len(part.uvs) for part in parts)
    has_normals = any(part.normals is not None for part in parts)
    positions, corners, normals = [], [], []
    uvs: list[list[tuple[np.ndarray, np.ndarray]]] = [[] for _ in range(layers)]
    total = 0
    for part in parts:
        all_positions = _view(gltf, part.positions)
        count = len(all_positions)
        if part.indices is None:
            indices = np.arange(count, dtype=np.uint32)
        else:
            indices = _view(gltf, part.indices)[:, 0].astype(np.uint32)
            if int(indices.max()) >= count:
                raise IndexError("an index out of range")
        used = np.zeros(count, bool)
        used[indices] = True
        # Vertices that no triangle uses are left out.
        chosen: Any = slice(None) if used.all() else np.flatnonzero(used)
        numbers = indices if isinstance(chosen, slice) else (np.cumsum(used, dtype=np.uint32) - 1)[indices]
        positions.append(np.array(all_positions[chosen], np.float32, order="C"))
        corners.append(numbers + np.uint32(total) if total else numbers)
        if has_normals:
            normals.append(
                np.zeros_like(positions[-1])
                if part.normals is None
                else np.array(_view(gltf, part.normals)[chosen], np.float32, order="C")
            )
        for layer in range(layers):
            if layer < len(part.uvs):
                values = np.array(_view(gltf, part.uvs[layer]), np.float32, order="C")
            else:
                values = np.zeros((count, 2), np.float32)
            values[:, 1] *= -1
            values[:, 1] += 1
            uvs[layer].append((values, indices))
        total += len(positions[-1])
    all_corners = _joined(corners)
    has_clean_faces = Beside(partial(mesh_build.has_clean_faces, all_corners))
    made = mesh_build.Arrays(
        positions=_joined(positions),
        corners=all_corners,
        uvs=[Beside(partial(_at_corners, layer)) for layer in uvs],
        normals=_joined(normals) if has_normals else None,
        faces=[len(one) // 3 for one in corners],
        has_normals=[part.normals is not None for part in parts],
        has_clean_faces=has_clean_faces,
    )
    gltf.locs_batch_gltf_to_blender(made.positions)
    if made.normals is not None:
        gltf.normals_batch_gltf_to_blender(made.normals)
    return made


def _at_corners(parts: "list[tuple[np.ndarray, np.ndarray]]") -> "np.ndarray":
    """
    Return the coordinates of each corner.

    :param parts: for each primitive, the coordinates of its vertices, and the vertices of its corners.
    """
    return _joined([values.take(indices, axis=0) for values, indices in parts])


def _joined(arrays: "list[np.ndarray]") -> "np.ndarray":
    """Return arrays one behind the other; one alone is not copied."""
    import numpy as np

    return np.concatenate(arrays) if len(arrays) > 1 else arrays[0]
