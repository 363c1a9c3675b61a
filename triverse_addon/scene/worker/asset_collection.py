# SPDX-License-Identifier: GPL-3.0-or-later
"""
Put the objects that the glTF importer created into one collection, and mark it as an asset.

Floor: second. Thread: main, of the user's Blender or of the child. Imports ``bpy``, and nothing of this package: the
child loads it as a plain module.
"""

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import bpy
from mathutils import Matrix

if TYPE_CHECKING or __package__:
    from . import geometry, gltf_import
    from .job_format import Missing
else:
    import geometry
    import gltf_import
    from job_format import Missing

_log = logging.getLogger(__name__)

#: Bytes of UTF-8 that the name of a data-block may have in every Blender since 4.2 (5.0 allows 255), with room left for
#: ".001".
NAME_BYTES = 58
#: Custom property that marks the collection of those objects of a file that do not belong to the model: objects of
#: other scenes, and of nodes in no scene.
OTHERS = "triverse_other_scenes"
#: Custom property of a collection that is a level of detail: its number, from 1. Of an imported model, these are child
#: collections.
LEVEL = "triverse_lod"
#: Beginning of the name of a collision hull, by which Unreal and others recognise it.
HULL = "UCX_"
#: Number of wrappers up to which they are removed. For each object that is removed, Blender visits everything that
#: changed since the last redraw: 10 s for 8,000 wrappers.
_MAX_WRAPPERS = 200
#: Custom property of a collection with the names of its material variants, as JSON.
VARIANTS = "triverse_material_variants"
_OTHERS_SUFFIX = " other scenes"
#: Greatest error of a matrix after decomposition into location, rotation and scale, relative to its largest entry.
_MATRIX_TOLERANCE = 1e-4


def import_glb(
    glb_path: str,
    scene: bpy.types.Scene,
    name: str,
    units: gltf_import.Units | None = None,
    *,
    merge: bool = False,
    smooth_deg: int = 0,
    meanwhile: Callable[[], None] | None = None,
) -> tuple[bpy.types.Collection, Missing]:
    """
    Import a GLB into a new collection, which is linked to ``scene``.

    :param glb_path: absolute path of the GLB.
    :param scene: the scene.
    :param name: name of the collection.
    :param units: units of the scene that the model is for, see :func:`gltf_import.read`.
    :param merge: see :func:`geometry.rework`; likewise ``smooth_deg``.
    :param meanwhile: see :func:`gltf_import.read`.
    :return: the collection, and what the file declares and the importer did not create.
    :raises gltf_import.RefusedError: the import failed or was rejected; nothing was created.
    """
    made = gltf_import.read(glb_path, units, meanwhile)
    geometry.rework([*made.shown, *made.others], merge=merge, smooth_deg=smooth_deg)
    collection = collect(made.shown, made.others, name)
    store_variants(collection, made.variants)
    scene.collection.children.link(collection)
    exclude_others(collection)
    return collection, made.missing


def clean_name(text: str, *, fallback: str = "Model") -> str:
    """
    Return ``text`` as a name for a data-block: one line of printable characters, short enough for every Blender.

    :param fallback: name to return if nothing is left of ``text``.
    """
    words = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return cut(words, NAME_BYTES).strip() or fallback


def cut(text: str, size_bytes: int) -> str:
    """Truncate ``text`` to at most ``size_bytes`` of UTF-8, between two characters."""
    return text.encode()[:size_bytes].decode(errors="ignore")


def stem(name: str) -> str:
    """Return a name without the numeric suffix (".001") that Blender adds to a name that is in use."""
    return re.sub(r"\.\d{3,}$", "", name)


def collect(shown: Sequence[bpy.types.Object], others: Sequence[bpy.types.Object], name: str) -> bpy.types.Collection:
    """
    Return a new collection with the objects that the importer created. The collection is not linked to a scene.

    :param shown: the objects of the model, in no collection.
    :param others: other objects of the file, for a child collection, see :func:`exclude_others`.
    :param name: name of the collection.
    """
    left = remove_wrappers(shown, others)
    rotate_by_angles([*left, *others])
    collection = gather(left, others, name)
    name_single_object(collection)
    return collection


def rotate_by_angles(objects: Sequence[bpy.types.Object]) -> None:
    """
    Let objects be rotated by XYZ angles, as those that a user adds, and not by the quaternions that the importer sets.

    Their rotation stays as it is. Animated objects are left alone: their curves are of quaternions.
    """
    for obj in objects:
        if obj.rotation_mode == "QUATERNION" and obj.animation_data is None:
            obj.rotation_mode = "XYZ"


def gather(shown: Sequence[bpy.types.Object], others: Sequence[bpy.types.Object], name: str) -> bpy.types.Collection:
    """
    Link objects to a new collection and return that. Other links of the objects are not changed.

    Linking takes 2 µs per object. Getting the collections of an object, or unlinking it, takes time proportional to the
    number of all objects (measured: 9 s for 4,000 objects).

    :param shown: objects to link to the collection.
    :param others: objects to link to a child collection, which is marked with :data:`OTHERS`.
    :param name: name of the collection.
    """
    collection = bpy.data.collections.new(clean_name(name))
    for obj in shown:
        collection.objects.link(obj)
    if others:
        inner = bpy.data.collections.new(f"{cut(collection.name, NAME_BYTES - len(_OTHERS_SUFFIX))}{_OTHERS_SUFFIX}")
        inner[OTHERS] = True
        for obj in others:
            inner.objects.link(obj)
        collection.children.link(inner)
    return collection


def store_variants(collection: bpy.types.Collection, names: Sequence[str]) -> None:
    """Store the names of a model's material variants in ``collection``, for ``importing.variants``."""
    if names:
        collection[VARIANTS] = json.dumps(list(names))


def add_levels(collection: bpy.types.Collection, levels: Sequence[bpy.types.Collection]) -> None:
    """
    Make levels of detail child collections of their model, where they are hidden like a file's other objects.

    :param levels: collections linked to a scene, the finest first.
    """
    for number, level in enumerate(levels, 1):
        level[LEVEL] = number
        for scene in bpy.data.scenes:
            if level.name in scene.collection.children:
                scene.collection.children.unlink(level)
        collection.children.link(level)
    exclude_others(collection)


def is_beside(collection: bpy.types.Collection) -> bool:
    """Return whether a child collection of a model is no part of it: a file's other objects, or a level of detail."""
    return bool(collection.get(OTHERS) or collection.get(LEVEL))


def exclude_others(collection: bpy.types.Collection) -> None:
    """
    Hide what is no part of the model: a file's other objects, and levels of detail.

    It is excluded from every view layer, which stores this for each parent that a collection is linked to, so call it
    again after linking ``collection``. Instances of the model take no notice of that, so it is also disabled in
    viewports and renders.
    """
    inner = {child for child in collection.children_recursive if is_beside(child)}
    if not inner:
        return
    for child in inner:
        child.hide_viewport = child.hide_render = True
    for _scene, _layer, top in layer_collections():
        ahead = [top]
        while ahead:
            place = ahead.pop()
            if place.collection in inner:
                place.exclude = True
            else:
                ahead.extend(place.children)


def layer_collections() -> Iterator[tuple[bpy.types.Scene, bpy.types.ViewLayer, bpy.types.LayerCollection]]:
    """Yield the uppermost layer collection of each view layer of this file's own scenes, with both."""
    for scene in bpy.data.scenes:
        for layer in scene.view_layers if scene.library is None else ():
            if layer.layer_collection is None:
                # The layer collections of a new scene that was never shown do not exist yet (seen in 5.3.0).
                layer.update()
            if layer.layer_collection is not None:
                yield scene, layer, layer.layer_collection


def shown_objects(collection: bpy.types.Collection) -> list[bpy.types.Object]:
    """Return the objects of a model: not a file's other objects, and not levels of detail."""
    others = {obj for child in collection.children_recursive if is_beside(child) for obj in child.objects}
    return [obj for obj in all_objects(collection) if obj not in others or obj.name in collection.objects]


def all_objects(collection: bpy.types.Collection) -> list[bpy.types.Object]:
    """Return all objects in ``collection`` and its child collections, each once."""
    # Not Collection.all_objects: it builds a cache after each change, which takes 9 µs per object.
    inside = (collection, *collection.children_recursive)
    return list(dict.fromkeys(obj for one in inside for obj in one.objects))


def remove_wrappers(
    shown: Sequence[bpy.types.Object], others: Sequence[bpy.types.Object] = ()
) -> list[bpy.types.Object]:
    """
    Remove the empties that exporters add as root of a model ("world", "RootNode"), single ones or chains of them.

    Such a wrapper is an empty without parent, at the world's origin, with exactly one child and with no animation,
    constraint, instance or custom property. Other empties have a meaning and are kept: a pivot (not at the origin), a
    group (several children) and a locator (no child). World matrices do not change; if location, rotation and scale
    cannot represent that of the child, the wrapper is kept.

    World matrices are computed from the objects' own matrices, because imported objects have no valid ``matrix_world``
    until the depsgraph is evaluated. If there are more than :data:`_MAX_WRAPPERS` wrappers, all are kept: then the
    file uses them to group its parts.

    The result does not depend on the order of the objects, which is that of their names: nothing is removed before all
    are checked.

    :param shown: the objects of the model, as the importer created them.
    :param others: the other objects of the file, which may be children of these.
    :return: the remaining objects of ``shown``.
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
            if child.animation_data is not None or not _is_decomposable(inside):
                break
            wrappers.append(top)
            top, world = child, inside
        if top != root:
            places[top] = world
    if len(wrappers) > _MAX_WRAPPERS:
        return list(shown)
    gone = set(wrappers)
    left = [obj for obj in shown if obj not in gone]
    # Removing an object also clears the parent of its children.
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


def _is_decomposable(matrix: Matrix) -> bool:
    """Return True if location, rotation and scale can represent ``matrix``, as they cannot if it is sheared."""
    recomposed = Matrix.LocRotScale(*matrix.decompose())
    return _difference(recomposed, matrix) <= _MATRIX_TOLERANCE * max(1.0, _largest(matrix))


def _difference(a: Matrix, b: Matrix) -> float:
    return max(abs(x - y) for row_a, row_b in zip(a, b, strict=True) for x, y in zip(row_a, row_b, strict=True))


def _largest(matrix: Matrix) -> float:
    return max(abs(x) for row in matrix for x in row)


def name_single_object(collection: bpy.types.Collection) -> None:
    """If the model is one object, rename it from the file's name ("geometry_0") to the name of the collection."""
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
    tags: Sequence[str],
    description: str,
    catalog_id: str = "",
    license_note: str = "",
) -> None:
    """
    Mark ``collection`` as an asset and set its metadata.

    :param properties: custom properties of the collection, which say where the model comes from.
    :param tags: asset tags.
    :param description: text that the asset browser shows.
    :param catalog_id: UUID of the asset catalog, "" for none.
    :param license_note: text on the licence, "" for none.
    """
    write_properties(collection, properties)
    collection.asset_mark()
    data = collection.asset_data
    data.author = "Triverse"
    data.description = description
    data.license = license_note
    if catalog_id:
        data.catalog_id = catalog_id
    for tag in tags:
        name = clean_name(tag, fallback="")
        if name:
            data.tags.new(name, skip_if_exists=True)


def write_properties(collection: bpy.types.Collection, properties: Mapping[str, str | int | float]) -> None:
    """Set custom properties of ``collection``; existing ones of the same name are overwritten."""
    for name, value in properties.items():
        # An integer property has 32 bits, so larger integers are stored as floats.
        collection[name] = float(value) if isinstance(value, int) and not -(2**31) <= value < 2**31 else value


def count(collection: bpy.types.Collection) -> tuple[int, int]:
    """Return the number of objects in ``collection``, and the number of triangles of their meshes."""
    meshes = (obj.data for obj in geometry.mesh_objects(collection.objects))
    return len(collection.objects), sum(map(geometry.triangles_of, meshes))


def pack_images() -> None:
    """Pack all images into the .blend, so that it needs no other file. One that cannot be read is left out."""
    for image in bpy.data.images:
        if image.source != "FILE" or image.packed_file is not None:
            continue
        try:
            image.pack()
        except RuntimeError as error:
            _log.warning("%s: %s", image.name, error)
