# SPDX-License-Identifier: GPL-3.0-or-later
"""
Compute and apply the transform that places an imported model.

Floor: second. Thread: main. Imports ``bpy``.

World matrices are computed here, not read from ``matrix_world``: that is the identity for appended objects until the
depsgraph is evaluated, and evaluating it for a scene that is not shown would evaluate that whole scene.
"""

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import bpy
from mathutils import Matrix, Quaternion, Vector

from ..worker import asset_collection
from ..worker.moving import move

_NOTHING = 1e-6
Measure = Callable[[list[bpy.types.Object]], tuple[Vector, Vector] | None]


@dataclass(frozen=True, slots=True)
class FitBox:
    """
    A box to fit a model into, in world space.

    :ivar centre: in Blender units.
    :ivar size: full lengths of the edges along the box's own axes, in Blender units.
    :ivar rotation: quaternion (w, x, y, z).
    """

    centre: tuple[float, float, float]
    size: tuple[float, float, float]
    rotation: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class TargetTransform:
    """
    The target position, size and rotation of a model. Lengths are in Blender units, in world space.

    :ivar location: position of the model's origin, as it is in the glTF.
    :ivar height: height (along z) that the model is scaled to; None keeps its own size.
    :ivar on_ground: whether the lowest point, instead of the origin, is put at the z of ``location``.
    :ivar box: box that the model is fitted into: scaled uniformly to the largest size that fits, rotated like the box,
        centred, and with its lowest point on the box's bottom. If given, the other three fields are ignored.
    """

    location: tuple[float, float, float] = (0.0, 0.0, 0.0)
    height: float | None = None
    on_ground: bool = False
    box: FitBox | None = None


def place(collection: bpy.types.Collection, target: TargetTransform) -> None:
    """
    Move the model in ``collection`` from its position in the file to ``target``.

    Objects of the file's other scenes are moved too, but do not count for the model's size.
    """
    model = asset_collection.shown_objects(collection)
    move(asset_collection.all_objects(collection), matrix_to(model, target, bounds_of_new))


def box_of(obj: bpy.types.Object) -> FitBox:
    """
    Return the bounding box of ``obj`` along its own axes, in world space.

    For an instance of a collection, it is that of what it shows; for another empty, that of its display size.
    """
    world = world_of(obj)
    rotation, scale = rotation_of(obj, world), world.to_scale()
    kit = kit_of(obj)
    extent = kit_bounds(kit, {}) if kit is not None else None
    if kit is not None and extent is not None:
        low, high = (corner - Vector(kit.instance_offset) for corner in extent)
        centre, size = (low + high) / 2, high - low
    elif obj.type == "EMPTY":
        reach = 2.0 * obj.empty_display_size
        centre, size = Vector(), Vector((reach, reach, reach))
    else:
        points = [Vector(corner) for corner in obj.bound_box]
        low, high = Vector(map(min, *points)), Vector(map(max, *points))
        centre, size = (low + high) / 2, high - low
    stretched = Vector(abs(length * factor) for length, factor in zip(size, scale, strict=True))
    return FitBox(tuple(world @ centre), tuple(stretched), tuple(rotation))


def rotation_of(obj: bpy.types.Object, matrix: Matrix) -> Quaternion:
    """
    Return the rotation in a transform of ``obj``.

    A mirroring transform may be taken as mirroring any axis, and rotating to match. Blender takes one that mirrors X as
    mirroring all, which puts the object upside down. Here it is what the object's own scale mirrors, else X.
    """
    if matrix.determinant() >= 0:
        return matrix.to_quaternion()
    signs = [-1.0 if factor < 0 else 1.0 for factor in obj.scale]
    if math.prod(signs) > 0:
        signs = [-1.0, 1.0, 1.0]
    return (matrix.to_3x3() @ Matrix.Diagonal(signs)).to_quaternion()


def bounds(
    objects: Iterable[bpy.types.Object],
    turn: Quaternion | None = None,
    bare: Collection[bpy.types.Object] = (),
    evaluated: Mapping[bpy.types.Object, bpy.types.Object] = MappingProxyType({}),
) -> tuple[Vector, Vector] | None:
    """
    Return the minimum and maximum corner of the common bounding box of ``objects``, in world space.

    :param turn: rotation of a frame to measure in; the corners are in that frame. None for the world's.
    :param bare: objects that are measured without their modifiers.
    :param evaluated: what is measured instead of an object.

    Return None if none of the objects has an extent: empties, cameras, lights, speakers and armatures have none.
    """
    worlds: dict[bpy.types.Object, Matrix] = {}
    boxes: dict[bpy.types.ID, tuple[Vector, Vector]] = {}
    points: list[Vector] = []
    for obj in objects:
        if obj.type in {"EMPTY", "CAMERA", "LIGHT", "SPEAKER", "ARMATURE"}:
            continue
        world = obj.matrix_basis if obj.parent is None else world_matrix(obj, worlds)
        if turn is not None:
            world = turn.inverted().to_matrix().to_4x4() @ world
        shown = evaluated.get(obj, obj)
        if obj in bare or not _is_straight(world):
            points.extend(_extremes(shown, world))
            continue
        # Axes stay along axes, so two opposite corners suffice. Objects without modifiers share the box of their mesh.
        owner = obj if obj.modifiers or shown != obj else obj.data
        ends = boxes.get(owner)
        if ends is None:
            box = shown.bound_box
            ends = boxes[owner] = Vector(box[0]), Vector(box[6])
        points += (world @ ends[0], world @ ends[1])
    if not points:
        return None
    axes = list(zip(*points, strict=True))
    return Vector(map(min, axes)), Vector(map(max, axes))


def bounds_of_new(model: Collection[bpy.types.Object]) -> tuple[Vector, Vector] | None:
    """
    Return the bounds of a model that was just imported, see :func:`bounds`, as bones and shape keys place its vertices.

    The box of an object is that of its mesh until it is evaluated. That is done in a scene of its own: the user's would
    be evaluated as a whole.
    """
    deformed = [obj for obj in model if obj.type == "MESH" and (obj.modifiers or obj.data.shape_keys is not None)]
    if not deformed:
        return bounds(model)
    scene = bpy.data.scenes.new("Triverse")
    try:
        for obj in deformed:
            scene.collection.objects.link(obj)
        layer = scene.view_layers[0]
        layer.update()
        return bounds(model, evaluated={obj: obj.evaluated_get(layer.depsgraph) for obj in deformed})
    finally:
        bpy.data.scenes.remove(scene)


def kit_of(obj: bpy.types.Object) -> bpy.types.Collection | None:
    """Return the collection that ``obj`` is an instance of; None if it is none."""
    return obj.instance_collection if obj.instance_type == "COLLECTION" else None


def kit_bounds(
    kit: bpy.types.Collection, known: dict[bpy.types.Collection, tuple[Vector, Vector] | None]
) -> tuple[Vector, Vector] | None:
    """
    Return the bounds of what instances of a collection show, in its own space; None if that has no extent.

    What is disabled in viewports is not shown, and instances in it are.

    :param known: cache of bounds: there may be thousands of instances of a forest's few trees.
    """
    if kit not in known:
        known[kit] = None  # Blender shows no instance of a collection inside itself
        shown = list(_shown_in(kit))
        points = [*(bounds(shown) or ())]
        for obj in shown:
            inner = kit_of(obj)
            extent = kit_bounds(inner, known) if inner is not None else None
            if inner is not None and extent is not None:
                inside = world_of(obj) @ Matrix.Translation((-inner.instance_offset).to_tuple())
                points += [inside @ corner for corner in corners(*extent)]
        if points:
            axes = list(zip(*points, strict=True))
            known[kit] = Vector(map(min, axes)), Vector(map(max, axes))
    return known[kit]


def corners(low: Vector, high: Vector) -> list[Vector]:
    """Return the corners of a box."""
    return [Vector((x, y, z)) for x in (low.x, high.x) for y in (low.y, high.y) for z in (low.z, high.z)]


def _shown_in(kit: bpy.types.Collection) -> Iterator[bpy.types.Object]:
    yield from (obj for obj in kit.objects if not obj.hide_viewport)
    for child in kit.children:
        if not child.hide_viewport:
            yield from _shown_in(child)


def matrix_to(model: list[bpy.types.Object], target: TargetTransform, measure: Measure = bounds) -> Matrix:
    """
    Return the matrix that moves ``model`` from its position in the file to ``target``.

    :param measure: returns the bounds of ``model``.
    """
    location = Matrix.Translation(target.location)
    if target.box is None and target.height is None and not target.on_ground:
        return location
    extent = measure(model)
    if extent is None:
        return Matrix.Translation(target.box.centre) if target.box else location
    low, high = extent
    size = high - low
    if target.box is not None:
        return _fit(target.box, low, high)
    factor = target.height / size.z if target.height is not None and size.z > _NOTHING else 1.0
    down = Matrix.Translation((0.0, 0.0, -low.z * factor)) if target.on_ground else Matrix()
    return location @ down @ Matrix.Scale(factor, 4)


def _fit(box: FitBox, low: Vector, high: Vector) -> Matrix:
    # An axis along which the box or the model is flat does not limit the scale.
    ratios = [
        target / length for target, length in zip(box.size, high - low, strict=True) if min(target, length) > _NOTHING
    ]
    foot = Vector(((low.x + high.x) / 2, (low.y + high.y) / 2, low.z))
    return (
        Matrix.Translation(box.centre)
        @ Quaternion(box.rotation).to_matrix().to_4x4()
        @ Matrix.Translation((0.0, 0.0, -box.size[2] / 2))
        @ Matrix.Scale(min(ratios, default=1.0), 4)
        @ Matrix.Translation(-foot)
    )


def world_matrix(obj: bpy.types.Object, known: dict[bpy.types.Object, Matrix]) -> Matrix:
    """
    Compute the world matrix of ``obj`` from the matrices of its parents, as the depsgraph does for object parents.

    A parent that is a bone is treated like its armature object.

    :param known: cache of world matrices.
    """
    if obj not in known:
        basis = obj.matrix_basis
        known[obj] = (
            basis if obj.parent is None else world_matrix(obj.parent, known) @ obj.matrix_parent_inverse @ basis
        )
    return known[obj]


def world_of(obj: bpy.types.Object) -> Matrix:
    """
    Return the world matrix of an object that may not have been evaluated since its file was opened.

    Blender does not store ``matrix_world``: it is the identity for an object that is disabled in viewports, in an
    excluded collection, or in a scene that is not shown. Only what :func:`world_matrix` does not compute is read from
    it.
    """
    chain = [obj]
    while chain[-1].parent is not None:
        chain.append(chain[-1].parent)
    if any(one.constraints or (one.parent is not None and one.parent_type != "OBJECT") for one in chain):
        return obj.matrix_world.copy()
    return world_matrix(obj, {}).copy()


def _extremes(obj: bpy.types.Object, world: Matrix) -> list[Vector]:
    """
    Return points whose bounds are those of a rotated ``obj``: exact ones from its vertices, or the corners of its box.

    :param world: world matrix of ``obj``.
    """
    if obj.type == "MESH" and obj.data.vertices:
        exact = _vertex_extremes(obj.data, world)
        if exact is not None:
            return exact
    return [world @ Vector(corner) for corner in obj.bound_box]


def _is_straight(matrix: Matrix) -> bool:
    """Return True if ``matrix`` maps every coordinate axis to a coordinate axis."""
    (a, b, c), (d, e, f), (g, h, i) = (tuple(row) for row in matrix.to_3x3())
    if not (b or c or d or f or g or h):
        return True
    # In each row, at most one of the three numbers may be other than zero.
    rows = ((abs(a), abs(b), abs(c)), (abs(d), abs(e), abs(f)), (abs(g), abs(h), abs(i)))
    return all(sum(row) - max(row) <= _NOTHING for row in rows)


def _vertex_extremes(mesh: bpy.types.Mesh, world: Matrix) -> list[Vector] | None:
    try:
        import numpy  # a Blender of a Linux distribution may lack it; the object's box is used then
    except ImportError:
        return None
    points = numpy.empty(len(mesh.vertices) * 3, dtype=numpy.float32)
    mesh.vertices.foreach_get("co", points)
    turned = points.reshape(-1, 3) @ numpy.array(world.to_3x3(), dtype=numpy.float32).T
    return [Vector(map(float, corner)) + world.translation for corner in (turned.min(axis=0), turned.max(axis=0))]
