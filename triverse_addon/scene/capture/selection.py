# SPDX-License-Identifier: GPL-3.0-or-later
"""
Write the chosen objects to a .blend, from which a child Blender makes the GLB that is uploaded.

Floor: second. Thread: main. Imports ``bpy``.

Exporting a million triangles takes seconds, writing their bare meshes a fraction of one: see ``write``. What is written
is what is seen: modifiers, shape keys and poses are in it, edits in progress too, but no materials and pictures.
"""

import secrets
from collections.abc import Sequence
from pathlib import Path

import bpy
from mathutils import Matrix, Vector

from ...api.sentence import Sentence
from ...tasks.private_files import make_folder, own_file
from ...tasks.record import Replaced
from ..errors import SceneError

#: Types of objects that have faces, or can have.
_TYPES = frozenset({"MESH", "CURVE", "SURFACE", "FONT", "META"})


def chosen(context: bpy.types.Context) -> list[bpy.types.Object]:
    """Return the selected objects that have a surface, the active one first; also those that are being edited."""
    layer = context.view_layer
    active = layer.objects.active
    found = [obj for obj in layer.objects.selected if obj.type in _TYPES]
    if active is not None and active.type in _TYPES and active.mode != "OBJECT" and active not in found:
        found.append(active)
    return sorted(found, key=lambda obj: obj != active)


def write(objects: Sequence[bpy.types.Object], folder: Path) -> tuple[Path, Replaced]:
    """
    Write ``objects`` as they stand in the world, less the location of the first, to a new file in ``folder``.

    Blocks for 52 to 58 ms for a million triangles (medians: 4.2.23, 5.0.1, 5.2.3; some processes take three times as
    long), 120 ms more the first time, which imports numpy, and 120 to 220 ms more while they are in Edit Mode.

    :return: the file, and what an import needs to put the result in their place.
    :raises SceneError: they have no faces, or the file cannot be written.
    """
    if any(obj.mode != "OBJECT" for obj in objects):
        # The mesh of an object in a mode of its own is that of before, until its edits are flushed.
        bpy.ops.ed.flush_edits()
    graph = bpy.context.evaluated_depsgraph_get()
    first = objects[0].matrix_world.copy()
    to_frame = Matrix.Translation(-first.translation)
    made: list[bpy.types.Object] = []
    try:
        for obj in objects:
            mesh = _bare_mesh(obj, graph)
            # Into the vertices: an object's location, rotation and scale could not hold a sheared matrix.
            mesh.transform(to_frame @ obj.matrix_world)
            made.append(bpy.data.objects.new(obj.name, mesh))
        corners = _corners([obj.data for obj in made])
        if corners is None:
            raise SceneError(Sentence.of("The chosen objects have no faces."))
        path = folder / f"selection-{secrets.token_hex(6)}.blend"
        try:
            make_folder(folder)
            bpy.data.libraries.write(str(path), set(made), compress=False)
            own_file(path)
        except (OSError, RuntimeError) as error:
            raise SceneError(
                Sentence.of("The chosen objects cannot be written to {path}. Make room there.", path=str(folder))
            ) from error
    finally:
        bpy.data.batch_remove([*made, *(obj.data for obj in made)])
    low, high = corners
    return path, Replaced(
        names=tuple(obj.name for obj in objects),
        matrix=tuple(number for row in first for number in row),
        low=tuple(low),
        high=tuple(high),
        uids=tuple(obj.session_uid for obj in objects),
    )


def triangles(objects: Sequence[bpy.types.Object]) -> int:
    """Return how many triangles the base meshes of ``objects`` have. No evaluation: cheap enough to draw."""
    return sum(len(obj.data.loops) - 2 * len(obj.data.polygons) for obj in objects if obj.type == "MESH")


def _bare_mesh(obj: bpy.types.Object, graph: bpy.types.Depsgraph) -> bpy.types.Mesh:
    mesh = bpy.data.meshes.new_from_object(obj.evaluated_get(graph), depsgraph=graph)
    mesh.materials.clear()
    return mesh


def _corners(meshes: Sequence[bpy.types.Mesh]) -> tuple[Vector, Vector] | None:
    corners: list[Vector] = []
    for mesh in meshes:
        if not mesh.polygons:
            continue
        try:
            import numpy  # a Blender of a Linux distribution may lack it; the slow way has to do then
        except ImportError:
            corners.extend(vertex.co for vertex in mesh.vertices)
            continue
        points = numpy.empty(len(mesh.vertices) * 3, dtype=numpy.float32)
        mesh.vertices.foreach_get("co", points)
        points = points.reshape(-1, 3)
        corners += [Vector(map(float, points.min(axis=0))), Vector(map(float, points.max(axis=0)))]
    if not corners:
        return None
    return Vector(map(min, *corners, corners[0])), Vector(map(max, *corners, corners[0]))
