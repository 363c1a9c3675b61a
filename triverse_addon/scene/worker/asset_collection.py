# SPDX-License-Identifier: GPL-3.0-or-later
"""
Make one tidy collection, an asset, of whatever the glTF importer made.

Floor: second. Thread: main, of the user's Blender or of the child. Imports ``bpy``, and nothing of this package: the
child loads it as a plain module.
"""

import json
from collections.abc import Mapping, Sequence

import bpy
from mathutils import Matrix

#: Bytes of UTF-8 that a data-block's name may have in every Blender since 4.2 (5.0 takes 255), less room for ".001".
NAME_BYTES = 58
#: Custom property of a collection with what a model's file holds beside the model: other scenes, nodes in no scene.
OTHERS = "triverse_other_scenes"
#: For every object that is removed Blender goes through all that changed since it last drew: 10 s for 8,000 wrappers.
_MOST_WRAPPERS = 200
#: Custom property of a collection with the names of its material variants, as JSON.
VARIANTS = "triverse_material_variants"
_BESIDE = " other scenes"
#: How far a matrix may be off after it went through location, rotation and scale, relative to its largest entry.
_MATRIX_TOLERANCE = 1e-4


def clean_name(text: str, *, fallback: str = "Model") -> str:
    """Return ``text`` as the name of a data-block: one line, printable, short enough for every Blender."""
    words = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return cut(words, NAME_BYTES).strip() or fallback


def cut(text: str, size_bytes: int) -> str:
    """Return the beginning of ``text`` that takes at most ``size_bytes`` in UTF-8, cut between letters."""
    return text.encode()[:size_bytes].decode(errors="ignore")


def collect(shown: Sequence[bpy.types.Object], others: Sequence[bpy.types.Object], name: str) -> bpy.types.Collection:
    """
    Make one tidy collection of what the importer made, which is not linked to any scene yet.

    :param shown: the model, its objects linked to nothing.
    :param others: what its file holds beside it, for a collection of its own inside, see :func:`exclude_others`.
    :param name: of the collection.
    """
    collection = gather(remove_wrappers(shown, others), others, name)
    name_single_object(collection)
    return collection


def gather(shown: Sequence[bpy.types.Object], others: Sequence[bpy.types.Object], name: str) -> bpy.types.Collection:
    """
    Link objects to one new collection. Where else they are linked is not touched.

    Linking costs 2 µs an object; asking an object for its collections, or unlinking it, costs time with the number of
    all objects (measured: 9 s for 4,000 of them).
    """
    collection = bpy.data.collections.new(clean_name(name))
    for obj in shown:
        collection.objects.link(obj)
    if others:
        inner = bpy.data.collections.new(f"{cut(collection.name, NAME_BYTES - len(_BESIDE))}{_BESIDE}")
        inner[OTHERS] = True
        for obj in others:
            inner.objects.link(obj)
        collection.children.link(inner)
    return collection


def note_variants(collection: bpy.types.Collection, names: Sequence[str]) -> None:
    """Write down what a model's material variants are called, see ``variants``."""
    if names:
        collection[VARIANTS] = json.dumps(list(names))


def exclude_others(collection: bpy.types.Collection) -> None:
    """
    Exclude from every view layer what stands beside the model in its file.

    View layers keep that for each place a collection is linked to, so it is done again whenever it was linked anew.
    """
    inner = {child for child in collection.children_recursive if child.get(OTHERS)}
    if not inner:
        return
    for layer in (layer for scene in bpy.data.scenes if scene.library is None for layer in scene.view_layers):
        if layer.layer_collection is None:
            # A scene that was just made and never shown (seen in 5.3.0): its collections are not laid out yet.
            layer.update()
        ahead = [layer.layer_collection] if layer.layer_collection is not None else []
        while ahead:
            place = ahead.pop()
            if place.collection in inner:
                place.exclude = True
            else:
                ahead.extend(place.children)


def shown_objects(collection: bpy.types.Collection) -> list[bpy.types.Object]:
    """Return all objects in ``collection`` and in collections inside it but what its file holds beside the model."""
    beside = {obj for child in collection.children_recursive if child.get(OTHERS) for obj in child.objects}
    return [obj for obj in all_objects(collection) if obj not in beside or obj.name in collection.objects]


def all_objects(collection: bpy.types.Collection) -> list[bpy.types.Object]:
    """Return all objects in ``collection`` and in collections inside it, each once."""
    # Blender's own ``all_objects`` takes 9 µs an object after a change, as it makes a cache; the collections' none.
    inside = (collection, *collection.children_recursive)
    return list(dict.fromkeys(obj for one in inside for obj in one.objects))


def remove_wrappers(
    shown: Sequence[bpy.types.Object], others: Sequence[bpy.types.Object] = ()
) -> list[bpy.types.Object]:
    """
    Remove the empties that only wrap the model, as exporters put them on top ("world", "RootNode"), one or a chain.

    A wrapper is an empty without parent that stands in the world's origin, has one child and carries nothing: no
    animation, constraint, instance or custom property. A pivot (an empty that stands elsewhere), an empty that groups
    several objects and an empty at the end (a locator) have a meaning and stay. World matrices do not change; where a
    child's could not be told in location, rotation and scale, the wrapper stays.

    World matrices are worked out from the objects' own: what was just imported has none until the depsgraph has run.
    Of more wrappers than :data:`_MOST_WRAPPERS` none is removed: they are the file's way to group its parts.

    The order in which the objects come, which is that of their names, does not matter: nothing is removed before all
    are looked at.

    :param shown: the objects of the model, as the importer made them.
    :param others: what else it made; may be the children of those.
    :return: what is left of ``shown``.
    """
    children: dict[bpy.types.Object, list[bpy.types.Object]] = {}
    for obj in (*shown, *others):
        if obj.parent is not None:
            children.setdefault(obj.parent, []).append(obj)
    wrappers = []
    places: dict[bpy.types.Object, Matrix] = {}
    for root in [obj for obj in shown if obj.parent is None and obj in children]:
        top, world = root, root.matrix_basis.copy()
        while _is_wrapper(top, world) and len(children.get(top, ())) == 1:
            (child,) = children[top]
            inside = world @ child.matrix_parent_inverse @ child.matrix_basis
            if child.animation_data is not None or not _can_be_told(inside):
                break
            wrappers.append(top)
            top, world = child, inside
        if top != root:
            places[top] = world
    if len(wrappers) > _MOST_WRAPPERS:
        return list(shown)
    gone = set(wrappers)
    left = [obj for obj in shown if obj not in gone]
    # All at once, which takes them from their children.
    bpy.data.batch_remove(wrappers)
    for obj, world in places.items():
        obj.matrix_parent_inverse = Matrix()
        obj.matrix_basis = world
    return left


def _is_wrapper(obj: bpy.types.Object, world: Matrix) -> bool:
    return (
        obj.type == "EMPTY"
        and obj.data is None
        and obj.animation_data is None
        and not obj.constraints
        and obj.instance_type == "NONE"
        and not obj.keys()
        and world.translation.length < 1e-6
    )


def _can_be_told(matrix: Matrix) -> bool:
    """Tell whether location, rotation and scale make this matrix: a sheared one they do not."""
    told = Matrix.LocRotScale(*matrix.decompose())
    return _difference(told, matrix) <= _MATRIX_TOLERANCE * max(1.0, _largest(matrix))


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
