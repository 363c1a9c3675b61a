# SPDX-License-Identifier: GPL-3.0-or-later
"""
Make one tidy collection, an asset, of whatever the glTF importer made.

Floor: second. Thread: main, of the user's Blender or of the child. Imports ``bpy``, and nothing of this package: the
child loads it as a plain module.
"""

from collections.abc import Mapping

import bpy
from mathutils import Matrix

#: Bytes of UTF-8 that a data-block's name may have in every Blender since 4.2 (5.0 takes 255), less room for ".001".
_NAME_BYTES = 58
#: How far a matrix may be off after it went through location, rotation and scale, relative to its largest entry.
_MATRIX_TOLERANCE = 1e-4


def clean_name(text: str, *, fallback: str = "Model") -> str:
    """Return ``text`` as the name of a data-block: one line, printable, short enough for every Blender."""
    words = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return words.encode()[:_NAME_BYTES].decode(errors="ignore").strip() or fallback


def gather(objects: list[bpy.types.Object], name: str) -> bpy.types.Collection:
    """
    Move ``objects`` into one new collection, which is not linked to any scene yet.

    Collections and scenes that are empty afterwards because the importer had made them for these objects are removed.

    :param objects: what the importer made, from however many glTF scenes.
    :param name: of the collection.
    """
    collection = bpy.data.collections.new(clean_name(name))
    left: set[bpy.types.Collection] = set()
    for obj in objects:
        for user in obj.users_collection:
            user.objects.unlink(obj)
            left.add(user)
        collection.objects.link(obj)
    masters = {scene.collection for scene in bpy.data.scenes}
    for user in left - masters:
        if not user.objects and not user.children:
            bpy.data.collections.remove(user)
    return collection


def remove_wrappers(collection: bpy.types.Collection) -> int:
    """
    Remove the empties that only wrap the model, as exporters put them on top ("world", "RootNode").

    A wrapper is an empty without parent that stands in the world's origin, has one child and carries nothing: no
    animation, constraint, instance or custom property. A pivot (an empty that stands elsewhere), an empty that groups
    several objects and an empty at the end (a locator) have a meaning and stay. World matrices do not change; where a
    child's could not be told in location, rotation and scale, the wrapper stays.

    The collection must be linked to the scene of the present context.

    :return: how many were removed.
    """
    bpy.context.view_layer.update()
    children: dict[bpy.types.Object, list[bpy.types.Object]] = {}
    for obj in collection.objects:
        if obj.parent is not None:
            children.setdefault(obj.parent, []).append(obj)
    removed = 0
    for obj in list(collection.objects):
        if obj.parent is not None:
            continue
        top = obj
        while _is_wrapper(top) and len(children.get(top, ())) == 1:
            (child,) = children[top]
            if child.animation_data is not None or not _detach(child):
                break
            bpy.data.objects.remove(top)
            removed += 1
            top = child
    return removed


def _is_wrapper(obj: bpy.types.Object) -> bool:
    return (
        obj.type == "EMPTY"
        and obj.data is None
        and obj.animation_data is None
        and not obj.constraints
        and obj.instance_type == "NONE"
        and not obj.keys()
        and obj.matrix_world.translation.length < 1e-6
    )


def _detach(child: bpy.types.Object) -> bool:
    """Take ``child`` from its parent and keep its world matrix. False, and nothing is changed, where that fails."""
    parent, inverse, basis = child.parent, child.matrix_parent_inverse.copy(), child.matrix_basis.copy()
    world = child.matrix_world.copy()
    child.parent = None
    child.matrix_parent_inverse = Matrix()
    child.matrix_basis = world
    if _difference(child.matrix_basis, world) <= _MATRIX_TOLERANCE * max(1.0, _largest(world)):
        # Read again by the next step up, before the depsgraph has run.
        child.matrix_world = world
        return True
    child.parent = parent
    child.matrix_parent_inverse = inverse
    child.matrix_basis = basis
    return False


def _difference(a: Matrix, b: Matrix) -> float:
    return max(abs(x - y) for row_a, row_b in zip(a, b, strict=True) for x, y in zip(row_a, row_b, strict=True))


def _largest(matrix: Matrix) -> float:
    return max(abs(x) for row in matrix for x in row)


def name_single_object(collection: bpy.types.Collection) -> None:
    """Give a model of one object the collection's name, instead of the file's "geometry_0"."""
    if len(collection.objects) != 1:
        return
    (obj,) = collection.objects
    obj.name = collection.name
    if obj.data is not None and obj.data.users == 1:
        obj.data.name = collection.name


def mark_asset(
    collection: bpy.types.Collection,
    *,
    properties: Mapping[str, str | int | float],
    tags: list[str],
    description: str,
    catalog_id: str = "",
) -> None:
    """
    Make ``collection`` an asset and write down where it comes from.

    :param properties: custom properties of the collection.
    :param tags: asset tags.
    :param description: shown in the asset browser.
    :param catalog_id: UUID of its catalog, "" for none.
    """
    write_properties(collection, properties)
    collection.asset_mark()
    data = collection.asset_data
    data.author = "Triverse"
    data.description = description
    if catalog_id:
        data.catalog_id = catalog_id
    for tag in tags:
        name = clean_name(tag, fallback="")
        if name:
            data.tags.new(name, skip_if_exists=True)


def write_properties(collection: bpy.types.Collection, properties: Mapping[str, str | int | float]) -> None:
    """Write custom properties; those that are there already are replaced."""
    for name, value in properties.items():
        # An integer property has 32 bits.
        collection[name] = float(value) if isinstance(value, int) and not -(2**31) <= value < 2**31 else value


def count(collection: bpy.types.Collection) -> tuple[int, int]:
    """Return how many objects ``collection`` has, and how many triangles their meshes have together."""
    triangles = 0
    for obj in collection.objects:
        if obj.type == "MESH":
            # A polygon of n corners makes n - 2 triangles.
            triangles += len(obj.data.loops) - 2 * len(obj.data.polygons)
    return len(collection.objects), triangles


def pack_images() -> list[str]:
    """
    Pack every image into the file, so that the .blend needs no other file.

    :return: a line for each image that cannot be read.
    """
    problems = []
    for image in bpy.data.images:
        if image.source != "FILE" or image.packed_file is not None:
            continue
        try:
            image.pack()
        except RuntimeError as error:
            problems.append(f"{image.name}: {error}")
    return problems
