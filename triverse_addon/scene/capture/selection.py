# SPDX-License-Identifier: GPL-3.0-or-later
"""
Write the selected objects to a .blend, from which a child Blender makes the GLB that is uploaded.

Floor: second. Thread: main. Imports ``bpy``.

Exporting a million triangles as GLB takes seconds, writing their bare meshes a fraction of a second: see ``write``.
Modifiers, shape keys and poses are applied, edits in progress are included, and materials and images are left out.
"""

import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

import bpy
from mathutils import Matrix, Vector

from ...api.sentence import Sentence
from ...tasks.files.private_files import make_folder, own_file
from ...tasks.record.record import Replaced
from ..host.errors import SceneError
from ..worker import geometry

#: Values of ``Object.type`` of the objects that can have faces.
_TYPES = frozenset({"MESH", "CURVE", "SURFACE", "FONT", "META"})


def chosen(context: bpy.types.Context) -> list[bpy.types.Object]:
    """
    Return the selected objects that can have faces, the active one first.

    An active object that is not selected is included while it is in another mode than Object Mode.
    """
    layer = context.view_layer
    active = layer.objects.active
    found = [obj for obj in layer.objects.selected if obj.type in _TYPES]
    if active is not None and active.type in _TYPES and active.mode != "OBJECT" and active not in found:
        found.append(active)
    return sorted(found, key=lambda obj: obj != active)


def write(objects: Sequence[bpy.types.Object], folder: Path) -> tuple[Path, Replaced]:
    """
    Write the meshes of ``objects``, in world space relative to the location of the first, to a new .blend.

    Blocks for 52 to 58 ms for a million triangles (medians: 4.2.23, 5.0.1, 5.2.3; some processes take three times as
    long), 120 ms more the first time, which imports numpy, and 120 to 220 ms more while they are in Edit Mode.

    :param objects: at least one object.
    :param folder: folder for the file.
    :return: path of the file, and the data that an import needs to put the result in place of the objects.
    :raises SceneError: the objects have no faces, or the file cannot be written.
    """
    if any(obj.mode != "OBJECT" for obj in objects):
        # The mesh data of an object in Edit Mode or a similar mode is outdated until its edits are flushed.
        bpy.ops.ed.flush_edits()
    graph = bpy.context.evaluated_depsgraph_get()
    first = objects[0].matrix_world.copy()
    to_frame = Matrix.Translation(-first.translation)
    made: list[bpy.types.Object] = []
    try:
        for obj in objects:
            mesh = _bare_mesh(obj, graph)
            # Transform the vertices: location, rotation and scale of an object cannot represent a sheared matrix.
            to_world = to_frame @ obj.matrix_world
            mesh.transform(to_world)
            if to_world.determinant() < 0:
                # Else a mirrored object would be sent inside out. Its custom normals are mirrored by that, but keeping
                # those as they are (``geometry.transform``) takes seconds.
                mesh.flip_normals()
            made.append(bpy.data.objects.new(obj.name, mesh))
        corners = _corners([obj.data for obj in made])
        if corners is None:
            raise SceneError(
                Sentence.of(
                    "The chosen objects have no faces. "
                    "Make instances real, and give curves a thickness, before you send them."
                )
            )
        path = _new_path(folder)
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


def copied(path: Path) -> Path:
    """
    Copy a file that :func:`write` wrote, because each order removes its own once it was sent.

    :raises SceneError: the copy cannot be written.
    """
    target = _new_path(path.parent)
    try:
        shutil.copyfile(path, target)
        own_file(target)
    except OSError as error:
        raise SceneError(
            Sentence.of("The chosen objects cannot be written to {path}. Make room there.", path=str(path.parent))
        ) from error
    return target


def _new_path(folder: Path) -> Path:
    return folder / f"selection-{secrets.token_hex(6)}.blend"


def triangles(objects: Sequence[bpy.types.Object]) -> int:
    """
    Return the number of triangles of the base meshes of ``objects``.

    Modifiers are not evaluated, so this is fast enough to be called when a panel is drawn.
    """
    return sum(geometry.triangles_of(obj.data) for obj in geometry.mesh_objects(objects))


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
            import numpy  # a Blender of a Linux distribution may lack it; the slower loop is used then
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
