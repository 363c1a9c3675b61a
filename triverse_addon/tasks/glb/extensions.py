# SPDX-License-Identifier: GPL-3.0-or-later
"""
Handles glTF extensions: which ones a Blender supports, and fallbacks for the others.

Floor: first. Thread: worker. No ``bpy``.

A fallback is something that the file itself contains: uncompressed data in addition to the compressed data, a PNG in
addition to a GPU texture, or a material that works without one property. Maps have none, see :mod:`maps`, and the model
arrives without them.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ...api.sentence import Sentence
from .buffers import MESHOPT, Data
from .container import GlbError, unreadable
from .document import TEXTURE_FORMATS, entries, is_index, whole
from .gltf_reader import GltfReader
from .maps import settle_maps

DRACO = "KHR_draco_mesh_compression"
SPLATS = "KHR_gaussian_splatting"

#: Display names of extensions whose decoder may be missing in a Blender.
DECODERS = {DRACO: "Draco", MESHOPT[0]: "meshopt", MESHOPT[1]: "meshopt"}
#: Extensions that add properties to a material. Without one, the material looks slightly different.
_ADDS_TO_MATERIAL = re.compile(r"[A-Z0-9]+_materials_\w+")


def settle_extensions(document: dict[str, Any], data: Data, reader: GltfReader) -> tuple[bool, list[Sentence]]:
    """
    Remove required extensions that this Blender does not support, where the file has a fallback.

    :return: whether the document was changed, and notes for the task's history.
    :raises GlbError: there is no fallback for an extension.
    """
    required = _names(document, "extensionsRequired")
    used = _names(document, "extensionsUsed")
    changed, notes = settle_maps(document, reader)
    changed |= _without_missing_decoders(document, data, reader)
    left: list[str] = []
    for name in required:
        if name in reader.decoded:
            left.append(name)
        elif not _is_got_round(document, data, name):
            raise _refusal(name, required, reader)
        elif _ADDS_TO_MATERIAL.fullmatch(name) and _stands_in(document.get("materials"), name):
            notes.append(
                Sentence.of("This Blender does not know {name}: some materials may look a little different.", name=name)
            )
    if any(name.startswith(SPLATS) for name in used) and SPLATS not in reader.extensions:
        notes.append(
            Sentence.of("This model consists of Gaussian splats. Only Blender 5.3 and newer show them as such.")
        )
    if left != required:
        changed = True
        document["extensionsRequired"] = left
    missing = [name for name in left if name not in used]
    if missing:
        changed = True
        document["extensionsUsed"] = [*used, *missing]
    return changed, notes


def _names(document: Mapping[str, Any], list_name: str) -> list[str]:
    value = document.get(list_name, [])
    if not isinstance(value, list):
        raise unreadable(f"its {list_name} is no list")
    return [name if isinstance(name, str) else str(name) for name in value]


def _refusal(name: str, required: list[str], reader: GltfReader) -> GlbError:
    if name.startswith(SPLATS):
        return GlbError(
            Sentence.of(
                "The model consists of Gaussian splats ({name}), which this Blender cannot show. Blender 5.3 and newer "
                "can. The file is kept.",
                name=name[:60],
            ),
            "unreadable",
        )
    if name in reader.lacking and name in DECODERS:
        return GlbError(missing_decoder(f"{DECODERS[name]} ({name})"), "unreadable")
    if name in MESHOPT:
        return GlbError(
            Sentence.of(
                "The model needs {name}, which Blender cannot read before 5.2. The file is kept. "
                "Press Retry in a newer Blender.",
                name=name,
            ),
            "unreadable",
        )
    unknown = [other[:60] for other in required if other not in reader.extensions]
    return GlbError(
        Sentence.of(
            "The model needs {names}, which Blender cannot read. The file is kept; another program may open it.",
            names=", ".join(unknown[:5]),
        ),
        "unreadable",
    )


def missing_decoder(name: str) -> Sentence:
    """Return the message for a decoder that is missing in this Blender. The check and the importer both use it."""
    return Sentence.of(
        "The model is compressed with {name}, and this Blender came without the library for it. "
        "The downloaded file is kept. Press Retry in a Blender from blender.org.",
        name=name,
    )


def _is_got_round(document: Mapping[str, Any], data: Data, name: str) -> bool:
    """Return whether the file has a fallback for an extension that it requires."""
    if name in MESHOPT:
        return all(_has_bytes(view, data) for view in _extended(entries(document, "bufferViews"), name))
    if name == DRACO:
        return all(_has_accessors(document, primitive) for primitive in _primitives(document, name))
    if name in TEXTURE_FORMATS:
        return True  # what it has no other picture for is left out
    if _ADDS_TO_MATERIAL.fullmatch(name):
        rest = dict(document)
        rest["materials"] = [
            {key: value for key, value in material.items() if key != "extensions"}
            for material in entries(document, "materials")
        ]
        return not _stands_in(rest, name)
    return False


def _without_missing_decoders(document: dict[str, Any], data: Data, reader: GltfReader) -> bool:
    """
    Make the importer read the uncompressed data where it would need a missing decoder, by removing the extension.

    :return: whether the document was changed.
    :raises GlbError: there is no uncompressed data.
    """
    changed = False
    for name in sorted(reader.lacking & set(DECODERS)):
        places: list[dict[str, Any]]
        if name == DRACO:
            places = list(_primitives(document, name))
            can = all(_has_accessors(document, place) for place in places)
        else:
            places = list(_extended(entries(document, "bufferViews"), name))
            can = all(_has_bytes(place, data) for place in places)
        if not places:
            continue
        if not can:
            raise GlbError(missing_decoder(f"{DECODERS[name]} ({name})"), "unreadable")
        for place in places:
            del place["extensions"][name]
        changed = True
    return changed


def _extended(places: list[dict[str, Any]], name: str) -> Iterator[dict[str, Any]]:
    """Yield the objects that have an extension."""
    for place in places:
        extensions = place.get("extensions")
        if isinstance(extensions, dict) and name in extensions:
            yield place


def _primitives(document: Mapping[str, Any], name: str) -> Iterator[dict[str, Any]]:
    for mesh in entries(document, "meshes"):
        yield from _extended(entries(mesh, "primitives"), name)


def _has_bytes(view: Mapping[str, Any], data: Data) -> bool:
    """Return whether a compressed buffer view has uncompressed data too."""
    index = whole(view, "buffer")
    place = data.ranges[index] if index < len(data.ranges) else None
    return place is not None and whole(view, "byteOffset", 0) + whole(view, "byteLength") <= place[1]


def _has_accessors(document: Mapping[str, Any], primitive: Mapping[str, Any]) -> bool:
    """Return whether a compressed primitive has uncompressed geometry too."""
    accessors = entries(document, "accessors")
    attributes = primitive.get("attributes", {})
    used = [*(attributes.values() if isinstance(attributes, dict) else ()), primitive.get("indices", -1)]
    return all(is_index(index, accessors) and "bufferView" in accessors[index] for index in used)


def _stands_in(value: Any, name: str) -> bool:
    """Return whether an extension, or an attribute that belongs to it, occurs anywhere but in extras."""
    waiting = [value]
    while waiting:
        place = waiting.pop()
        if isinstance(place, list):
            waiting += place
        elif isinstance(place, dict):
            if any(key == name or key.startswith(f"{name}:") for key in place):
                return True
            waiting += [inner for key, inner in place.items() if key != "extras"]
    return False
