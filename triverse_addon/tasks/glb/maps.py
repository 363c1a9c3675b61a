# SPDX-License-Identifier: GPL-3.0-or-later
"""
Leaves out the maps of a material that this Blender cannot read, so that the rest of the model arrives.

Floor: first. Thread: worker. No ``bpy``.

A texture names a PNG or JPEG, or pictures of other formats in extensions. Without any that the importer reads, its node
would have no image, and the material would be black or magenta.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ...api.sentence import Sentence
from .document import TEXTURE_FORMATS, entries
from .gltf_reader import GltfReader

_AVIF = "EXT_texture_avif"
_BASIS = "KHR_texture_basisu"
#: Names of the formats, for messages.
_NAMES = {"EXT_texture_webp": "WebP", _BASIS: "KTX2", "MSFT_texture_dds": "DDS", _AVIF: "AVIF"}
#: The first Blender that reads AVIF as any other picture. Its glTF importer does not know the extension.
_READS_AVIF = (5, 1)
#: The Blender whose importer lists KTX2, and reads it from files beside a .gltf only (measured, 5.3.0).
_LISTS_BASIS = (5, 3)
_GLOSSINESS = "KHR_materials_pbrSpecularGlossiness"
_SUFFIX = "Texture"


def settle_maps(document: dict[str, Any], reader: GltfReader) -> tuple[bool, list[Sentence]]:
    """
    Remove from all materials the maps of which this Blender reads no picture, and name AVIF where it does.

    :return: whether the document was changed, and notes for the task's history.
    """
    lost: dict[int, str] = {}
    changed = False
    for index, texture in enumerate(entries(document, "textures")):
        sources = dict(_sources(texture))
        if "source" in texture or not sources or any(_is_read(name, reader) for name in sources):
            continue
        if _AVIF in sources and reader.blender >= _READS_AVIF:
            texture["source"] = sources[_AVIF]
            changed = True
        else:
            lost[index] = _NAMES[next(iter(sources))]
    left_out: dict[str, dict[str, None]] = {}
    for material in entries(document, "materials") if lost else ():
        for index, name in _take_out(material, lost):
            left_out.setdefault(lost[index], {})[name] = None
    notes = [
        Sentence.of(
            "This Blender reads no {format} pictures, so the model comes without these maps: {names}. "
            "The file is kept.",
            format=form,
            names=", ".join(names),
        )
        for form, names in left_out.items()
    ]
    return changed or bool(left_out), notes


def _sources(texture: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Yield the extensions by which a texture names pictures of other formats, and their indices."""
    extensions = texture.get("extensions")
    if not isinstance(extensions, dict):
        return
    for name in TEXTURE_FORMATS:
        found = extensions.get(name)
        if isinstance(found, dict) and "source" in found:
            yield name, found["source"]


def _is_read(name: str, reader: GltfReader) -> bool:
    return name in reader.decoded and not (name == _BASIS and reader.blender <= _LISTS_BASIS)


def _take_out(material: dict[str, Any], lost: Mapping[int, str]) -> list[tuple[int, str]]:
    """
    Remove the maps ``lost`` from a material, with the factors that are of use with a map only.

    An extension that lacks a map is removed as a whole: without the map, all of a surface would be glass.

    :return: index of the texture and name of each map.
    """
    gone = _remove(material, lost)
    core = material.get("pbrMetallicRoughness")
    if isinstance(core, dict):
        found = _remove(core, lost)
        if any(name == "metallicRoughness" for _, name in found):
            core["metallicFactor"] = 0.0
        gone += found
    if any(name == "emissive" for _, name in gone):
        material.pop("emissiveFactor", None)
    extensions = material.get("extensions")
    if not isinstance(extensions, dict):
        return gone
    for name, extension in list(extensions.items()):
        found = _remove(extension, lost) if isinstance(extension, dict) else []
        if found:
            del extensions[name]
            if name == _GLOSSINESS:
                # It stands in for these, whose values may be missing then: they would be those of a metal.
                material.setdefault("pbrMetallicRoughness", {"metallicFactor": 0.0})
            gone += found
    return gone


def _remove(place: dict[str, Any], lost: Mapping[int, str]) -> list[tuple[int, str]]:
    found = [
        (value["index"], key)
        for key, value in place.items()
        # What is in extensions was not checked.
        if key.endswith(_SUFFIX) and isinstance(value, dict) and isinstance(value.get("index"), int)
        if value["index"] in lost
    ]
    for _, key in found:
        del place[key]
    return [(index, key.removesuffix(_SUFFIX)) for index, key in found]
