# SPDX-License-Identifier: GPL-3.0-or-later
"""
Checks the JSON of a GLB: lists, integers, and references between objects.

Floor: first. Thread: worker. No ``bpy``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from .container import unreadable, unsafe

#: Limits for a model, far above real ones: the service's largest model has a handful of nodes, the largest scene that
#: was met has 20,000. The other lists are limited by the size of the JSON.
MAX_ENTRIES = 100_000
MAX_ELEMENTS = 50_000_000
_MAX_REFERENCES = 5_000_000

_LISTS = (
    "accessors", "animations", "buffers", "bufferViews", "cameras", "images", "materials", "meshes", "nodes",
    "samplers", "scenes", "skins", "textures",
)  # fmt: skip
_LONG_LISTS = frozenset({"accessors", "bufferViews"})

#: Extensions with which a texture refers to an image of another format, in addition to its own.
TEXTURE_FORMATS = ("EXT_texture_webp", "KHR_texture_basisu", "MSFT_texture_dds", "EXT_texture_avif")

#: Paths of indices, and the lists that they refer to. ``*`` stands for every entry of a list or an object.
_REFERENCES = (
    ("scene", "scenes"),
    ("scenes.*.nodes.*", "nodes"),
    ("nodes.*.mesh", "meshes"),
    ("nodes.*.skin", "skins"),
    ("nodes.*.camera", "cameras"),
    ("skins.*.joints.*", "nodes"),
    ("skins.*.skeleton", "nodes"),
    ("meshes.*.primitives.*.material", "materials"),
    ("meshes.*.primitives.*.extensions.KHR_draco_mesh_compression.bufferView", "bufferViews"),
    ("textures.*.source", "images"),
    ("textures.*.sampler", "samplers"),
    *((f"textures.*.extensions.{name}.source", "images") for name in TEXTURE_FORMATS),
    ("materials.*.normalTexture.index", "textures"),
    ("materials.*.occlusionTexture.index", "textures"),
    ("materials.*.emissiveTexture.index", "textures"),
    ("materials.*.pbrMetallicRoughness.baseColorTexture.index", "textures"),
    ("materials.*.pbrMetallicRoughness.metallicRoughnessTexture.index", "textures"),
    ("animations.*.channels.*.target.node", "nodes"),
)
#: Paths of indices of the accessors that the importer decodes.
_USES_OF_ACCESSORS = (
    "skins.*.inverseBindMatrices",
    "meshes.*.primitives.*.indices",
    "meshes.*.primitives.*.attributes.*",
    "meshes.*.primitives.*.targets.*.*",
    "nodes.*.extensions.EXT_mesh_gpu_instancing.attributes.*",
    "animations.*.samplers.*.input",
    "animations.*.samplers.*.output",
)


def entries(document: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """
    Return a list of objects; an empty list if it is missing.

    :raises GlbError: it has another type, or is too long.
    """
    value = document.get(name, [])
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise unreadable(f"its {name} are no list of objects")
    if len(value) > MAX_ENTRIES and name not in _LONG_LISTS:
        raise unsafe(f"it has {len(value)} {name}")
    return value


def whole(entry: Mapping[str, Any], name: str, default: int | None = None) -> int:
    """
    Return a non-negative integer.

    :param default: value if it is missing; None if it is required.
    :raises GlbError: it has another type or is negative.
    """
    value = entry.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise unreadable(f"{name} is no whole number")
    return value


def is_index(value: Any, entries_: Sequence[object]) -> bool:
    """Return whether ``value`` is a valid index of a list."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(entries_)


def found(value: Any, path: str) -> list[Any]:
    """
    Return the values at ``path``, wherever it exists.

    :param path: keys separated by dots; ``*`` stands for every entry of a list or an object.
    :raises GlbError: there are too many values.
    """
    places = [value]
    for step in path.split("."):
        following: list[Any] = []
        for place in places:
            if step != "*":
                following += [place[step]] if isinstance(place, dict) and step in place else []
            elif isinstance(place, dict):
                following += place.values()
            elif isinstance(place, list):
                following += place
        places = following
        if len(places) > _MAX_REFERENCES:
            raise unsafe(f"it has {len(places)} {path}")
    return places


def check_references(document: Mapping[str, Any]) -> None:
    """
    Check that all references are valid.

    :raises GlbError: one is not, or a list has another type.
    """
    for name in _LISTS:
        entries(document, name)
    for mesh in entries(document, "meshes"):
        if "primitives" not in mesh:
            raise unreadable("its primitives are no list of objects")
        for primitive in entries(mesh, "primitives"):
            if not isinstance(primitive.get("attributes", {}), dict):
                raise unreadable("a mesh has no attributes")
    for path, name in _REFERENCES:
        there = entries(document, name)
        if not all(is_index(index, there) for index in found(document, path)):
            raise unreadable(f"something points to {name} that are not there")
    accessors = entries(document, "accessors")
    for path in _USES_OF_ACCESSORS:
        if not all(is_index(index, accessors) for index in found(document, path)):
            raise unreadable("something points to data that is not there")
    copies = found(document, "nodes.*.extensions.EXT_mesh_gpu_instancing.attributes.*")
    # Blender creates an object for each instance.
    if sum(whole(accessors[index], "count") for index in copies) > MAX_ENTRIES:
        raise unsafe("it has too many copies of a mesh")


def used_accessors(document: Mapping[str, Any]) -> set[int]:
    """Return the indices of the accessors that the importer may decode, for a document with valid references."""
    return {index for path in _USES_OF_ACCESSORS for index in found(document, path)}


def check_nodes(document: Mapping[str, Any]) -> list[tuple[int, int]]:
    """
    Check that the nodes form trees.

    :return: for each node, its position in a depth-first traversal, and that of its last descendant.
    :raises GlbError: they do not.
    """
    nodes = entries(document, "nodes")
    parents = [-1] * len(nodes)
    for index, node in enumerate(nodes):
        children = node.get("children", [])
        if not isinstance(children, list):
            raise unreadable("a node's children are no list")
        for child in children:
            if not is_index(child, nodes):
                raise unreadable("a node has a child that is not there")
            if parents[child] != -1:
                raise unreadable("a node has two parents")
            parents[child] = index
    order: list[int] = []
    waiting = [index for index, parent in enumerate(parents) if parent == -1]
    while waiting:
        order.append(waiting.pop())
        waiting.extend(nodes[order[-1]].get("children", []))
    # Each node has at most one parent, so a node that no root reaches is part of a cycle, which the importer would
    # follow for ever.
    if len(order) != len(nodes):
        raise unsafe("its nodes form a ring")
    places = [(0, 0)] * len(nodes)
    for place in range(len(order) - 1, -1, -1):
        index = order[place]
        last = max([places[child][1] for child in nodes[index].get("children", [])], default=place)
        places[index] = (place, last)
    return places
