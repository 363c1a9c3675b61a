# SPDX-License-Identifier: GPL-3.0-or-later
"""
A look at a GLB before any Blender sees it: is it whole, is it sane, can Blender's importer read it?

Floor: first. Thread: worker. No ``bpy``.

Only the JSON chunk is read into memory, and only up to a cap; the rest is checked by its lengths. Source of the
layout: glTF 2.0 specification, section "GLB File Format Specification".
"""

import base64
import io
import json
import re
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from ..api.errors import TriverseError
from ..api.sentence import Sentence
from .pictures import MAX_PIXELS, size_px

MAGIC = b"glTF"
HEADER_BYTES = 12

_JSON_CHUNK = 0x4E4F534A
_BIN_CHUNK = 0x004E4942

#: Caps of what is taken for a model. The service's largest has 1.5 million triangles in a handful of nodes.
MAX_JSON_BYTES = 16 * 1024**2
MAX_DEPTH = 64
MAX_ENTRIES = 20_000
MAX_ELEMENTS = 50_000_000

#: Extensions that a file may *require* and Blender's importer (4.2 to 5.2) reads. Source: ``io/imp`` and
#: ``io/com/gltf2_io_extensions.py`` of the glTF add-on that ships with Blender.
READABLE_EXTENSIONS = frozenset(
    {
        "EXT_mesh_gpu_instancing",
        "EXT_texture_webp",
        "KHR_animation_pointer",
        "KHR_draco_mesh_compression",
        "KHR_lights_punctual",
        "KHR_materials_anisotropy",
        "KHR_materials_clearcoat",
        "KHR_materials_emissive_strength",
        "KHR_materials_ior",
        "KHR_materials_pbrSpecularGlossiness",
        "KHR_materials_sheen",
        "KHR_materials_specular",
        "KHR_materials_transmission",
        "KHR_materials_unlit",
        "KHR_materials_variants",
        "KHR_materials_volume",
        "KHR_mesh_quantization",
        "KHR_texture_transform",
    }
)

_COMPONENT_BYTES = {5120: 1, 5121: 1, 5122: 2, 5123: 2, 5125: 4, 5126: 4}
_TYPE_COMPONENTS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
#: A string, or what begins as one and has no end: without that, each quote of a file of nothing but escaped quotes was
#: a new beginning that was read to the end (64 KB took 100 s, in which Blender stood still: ``re`` keeps the GIL).
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")
_IMAGE_DATA_URI = re.compile(r"data:image/(png|jpeg|webp);base64,", re.IGNORECASE)


class GlbError(TriverseError):
    """The file is no GLB that Blender should be given."""


def _broken(detail: str) -> GlbError:
    return GlbError(
        Sentence.of(
            "The model that arrived is damaged ({detail}). The file is kept. Press Retry to fetch it again.",
            detail=detail,
        )
    )


def looks_like_glb(head: bytes) -> bool:
    """Return True when ``head``, the first bytes of a file, begins a GLB of version 2."""
    return head[:4] == MAGIC and (len(head) < 8 or struct.unpack_from("<I", head, 4)[0] == 2)


def declared_size(head: bytes) -> int | None:
    """Return the size in bytes that a GLB's header gives for the whole file, None when ``head`` is no such header."""
    if len(head) < HEADER_BYTES or not looks_like_glb(head):
        return None
    return int(struct.unpack_from("<I", head, 8)[0])


def check(path: Path) -> None:
    """
    Check a GLB.

    :raises GlbError: it must not be given to Blender; the sentence says why.
    :raises OSError: it cannot be read.
    """
    size_bytes = path.stat().st_size
    if size_bytes == 0:
        raise _broken("it is empty")
    with path.open("rb") as file:
        document, bin_bytes, bin_offset = _read_chunks(file, size_bytes)
        _check_extensions(document)
        _check_counts(document)
        _check_uris(document)
        _check_ranges(document, bin_bytes)
        _check_references(document)
        _check_pictures(document, file, bin_offset)


# -----------------------------------------------------------------------------
# Chunks


def _read_chunks(file: BinaryIO, size_bytes: int) -> tuple[Mapping[str, Any], int | None, int]:
    """Return the JSON document, the size of the binary chunk (None without one) and where its bytes begin."""
    head = file.read(HEADER_BYTES)
    if len(head) < HEADER_BYTES or head[:4] != MAGIC:
        raise _broken("it is not a GLB file")
    version, length = struct.unpack_from("<II", head, 4)
    if version != 2:
        raise _broken(f"it has version {version}, not 2")
    if length != size_bytes:
        raise _broken(f"it has {size_bytes} bytes and says {length}")

    document: Mapping[str, Any] | None = None
    bin_bytes: int | None = None
    bin_offset = 0
    offset, index = HEADER_BYTES, 0
    while offset < length:
        chunk_head = file.read(8)
        if len(chunk_head) < 8:
            raise _broken("a chunk is cut off")
        chunk_bytes, kind = struct.unpack("<II", chunk_head)
        offset += 8
        if chunk_bytes > length - offset:
            raise _broken("a chunk is longer than the file")
        if index == 0 and kind != _JSON_CHUNK:
            raise _broken("its first chunk is not JSON")
        if index == 0:
            if chunk_bytes > MAX_JSON_BYTES:
                raise _broken("its description is too large")
            document = _parse(file.read(chunk_bytes))
        else:
            if kind == _BIN_CHUNK and index == 1:
                bin_bytes, bin_offset = chunk_bytes, offset
            file.seek(chunk_bytes, 1)
        offset += chunk_bytes
        index += 1
    if document is None:
        raise _broken("it has no content")
    return document, bin_bytes, bin_offset


def _parse(text: bytes) -> Mapping[str, Any]:
    depth = 0
    # json.loads recurses: the depth is counted first, without the strings.
    for bracket in _BRACKET.finditer(_STRING.sub(b"", text)):
        depth += 1 if bracket[0] in b"{[" else -1
        if depth > MAX_DEPTH:
            raise _broken("its description is nested too deeply")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise _broken("its description is not JSON") from None
    if not isinstance(document, dict):
        raise _broken("its description is not an object")
    asset = document.get("asset")
    version = asset.get("version") if isinstance(asset, dict) else None
    if not isinstance(version, str) or version.partition(".")[0] != "2":
        raise _broken("it is not glTF 2")
    return document


# -----------------------------------------------------------------------------
# Content


def _list(document: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    value = document.get(name, [])
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise _broken(f"its {name} are no list of objects")
    if len(value) > MAX_ENTRIES:
        raise _broken(f"it has {len(value)} {name}")
    return value


def _whole(entry: Mapping[str, Any], name: str, default: int | None = None) -> int:
    value = entry.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _broken(f"{name} is no whole number")
    return value


def _check_extensions(document: Mapping[str, Any]) -> None:
    required = document.get("extensionsRequired", [])
    if not isinstance(required, list):
        raise _broken("its extensionsRequired is no list")
    unknown = [str(name)[:60] for name in required if str(name) not in READABLE_EXTENSIONS]
    if unknown:
        raise GlbError(
            Sentence.of(
                "The model needs {names}, which Blender cannot read. The file is kept; another program may open it.",
                names=", ".join(unknown[:5]),
            )
        )


def _check_counts(document: Mapping[str, Any]) -> None:
    for name in (
        "accessors", "animations", "buffers", "bufferViews", "cameras", "images", "materials", "meshes", "nodes",
        "samplers", "scenes", "skins", "textures",
    ):  # fmt: skip
        _list(document, name)
    nodes = _list(document, "nodes")
    children_of = []
    parented = [False] * len(nodes)
    for node in nodes:
        children = node.get("children", [])
        if not isinstance(children, list):
            raise _broken("a node's children are no list")
        for child in children:
            if not isinstance(child, int) or isinstance(child, bool) or not 0 <= child < len(nodes):
                raise _broken("a node has a child that is not there")
            if parented[child]:
                raise _broken("a node has two parents")
            parented[child] = True
        children_of.append(children)
    # With one parent each, a node that no root reaches is part of a ring.
    reached, waiting = 0, [index for index, has_parent in enumerate(parented) if not has_parent]
    while waiting:
        reached += 1
        waiting.extend(children_of[waiting.pop()])
    if reached != len(nodes):
        raise _broken("its nodes form a ring")


def _check_uris(document: Mapping[str, Any]) -> None:
    for buffer in _list(document, "buffers"):
        if "uri" in buffer:
            raise _broken("it wants data from outside the file")
    for image in _list(document, "images"):
        uri = image.get("uri")
        if uri is not None and not (isinstance(uri, str) and _IMAGE_DATA_URI.match(uri)):
            raise _broken("it wants a picture from outside the file")


def _check_ranges(document: Mapping[str, Any], bin_bytes: int | None) -> None:
    buffers = _list(document, "buffers")
    sizes = [_whole(buffer, "byteLength") for buffer in buffers]
    for index, size in enumerate(sizes):
        # The binary chunk belongs to buffer 0 and may be up to 3 bytes longer (padding). Any other buffer without a
        # uri has no bytes in a GLB; only extensions such as meshopt's fallback use that, and those were refused.
        if size > ((bin_bytes or 0) if index == 0 else 0):
            raise _broken("a buffer is longer than its data")
    views = _list(document, "bufferViews")
    for view in views:
        buffer_index = _whole(view, "buffer")
        if buffer_index >= len(sizes):
            raise _broken("a buffer view points nowhere")
        if _whole(view, "byteOffset", 0) + _whole(view, "byteLength") > sizes[buffer_index]:
            raise _broken("a buffer view ends outside its buffer")
        stride = _whole(view, "byteStride", 4)
        if not 4 <= stride <= 252:
            raise _broken("a buffer view has an impossible stride")
    for image in _list(document, "images"):
        if "bufferView" in image and _whole(image, "bufferView") >= len(views):
            raise _broken("a picture points nowhere")
    accessors = _list(document, "accessors")
    total = 0
    for accessor in accessors:
        total += _check_accessor(accessor, views)
    if total > MAX_ELEMENTS * 4:
        raise _broken("it is far too large")
    for mesh in _list(document, "meshes"):
        for primitive in _list(mesh, "primitives"):
            attributes = primitive.get("attributes", {})
            if not isinstance(attributes, dict):
                raise _broken("a mesh has no attributes")
            used = [*attributes.values(), *([primitive["indices"]] if "indices" in primitive else [])]
            for index in used:
                if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(accessors):
                    raise _broken("a mesh points to data that is not there")


def _check_accessor(accessor: Mapping[str, Any], views: Sequence[Mapping[str, Any]]) -> int:
    """Check one accessor against its buffer view; return its number of elements."""
    count = _whole(accessor, "count")
    if count > MAX_ELEMENTS:
        raise _broken(f"it has {count} elements in one place")
    component_bytes = _COMPONENT_BYTES.get(_whole(accessor, "componentType", 0))
    kind = str(accessor.get("type"))
    if component_bytes is None or kind not in _TYPE_COMPONENTS:
        raise _broken("an accessor has an unknown type")
    element_bytes = component_bytes * _TYPE_COMPONENTS[kind]
    if "sparse" in accessor:
        _check_sparse(accessor["sparse"], count, element_bytes, views)
    if "bufferView" in accessor:
        _check_within(accessor, count, element_bytes, views)
    return count


def _check_within(place: Mapping[str, Any], count: int, element_bytes: int, views: Sequence[Mapping[str, Any]]) -> None:
    """Check that so many elements lie within the buffer view that ``place`` names."""
    index = _whole(place, "bufferView")
    if index >= len(views):
        raise _broken("an accessor points nowhere")
    stride = _whole(views[index], "byteStride", 0) or element_bytes
    needed = _whole(place, "byteOffset", 0) + (stride * (count - 1) + element_bytes if count else 0)
    if needed > _whole(views[index], "byteLength"):
        raise _broken("an accessor ends outside its buffer view")


def _check_sparse(sparse: Any, count: int, element_bytes: int, views: Sequence[Mapping[str, Any]]) -> None:
    found = [sparse.get("indices"), sparse.get("values")] if isinstance(sparse, dict) else []
    parts = [part for part in found if isinstance(part, dict)]
    if len(parts) != 2:
        raise _broken("a sparse accessor has no indices and values")
    changed = _whole(sparse, "count")
    if changed > count:
        raise _broken("a sparse accessor changes more than there is")
    index_bytes = _COMPONENT_BYTES.get(_whole(parts[0], "componentType"))
    if index_bytes is None:
        raise _broken("an accessor has an unknown type")
    _check_within(parts[0], changed, index_bytes, views)
    _check_within(parts[1], changed, element_bytes, views)


# -----------------------------------------------------------------------------
# What points to what

#: Where an index stands, and the list that it points into; ``*`` is every entry of a list.
_REFERENCES = (
    ("scene", "scenes"),
    ("scenes.*.nodes.*", "nodes"),
    ("nodes.*.mesh", "meshes"),
    ("nodes.*.skin", "skins"),
    ("nodes.*.camera", "cameras"),
    ("skins.*.joints.*", "nodes"),
    ("skins.*.skeleton", "nodes"),
    ("skins.*.inverseBindMatrices", "accessors"),
    ("meshes.*.primitives.*.material", "materials"),
    ("meshes.*.primitives.*.targets.*.*", "accessors"),
    ("meshes.*.primitives.*.extensions.KHR_draco_mesh_compression.bufferView", "bufferViews"),
    ("nodes.*.extensions.EXT_mesh_gpu_instancing.attributes.*", "accessors"),
    ("textures.*.source", "images"),
    ("textures.*.sampler", "samplers"),
    ("textures.*.extensions.EXT_texture_webp.source", "images"),
    ("materials.*.normalTexture.index", "textures"),
    ("materials.*.occlusionTexture.index", "textures"),
    ("materials.*.emissiveTexture.index", "textures"),
    ("materials.*.pbrMetallicRoughness.baseColorTexture.index", "textures"),
    ("materials.*.pbrMetallicRoughness.metallicRoughnessTexture.index", "textures"),
    ("animations.*.samplers.*.input", "accessors"),
    ("animations.*.samplers.*.output", "accessors"),
    ("animations.*.channels.*.target.node", "nodes"),
)


def _check_references(document: Mapping[str, Any]) -> None:
    for path, name in _REFERENCES:
        length = len(_list(document, name))
        found = _found(document, path.split("."))
        if len(found) > MAX_ELEMENTS // 100:
            raise _broken(f"it names {name} {len(found)} times")
        if any(not isinstance(i, int) or isinstance(i, bool) or not 0 <= i < length for i in found):
            raise _broken(f"something points to {name} that are not there")
    accessors = _list(document, "accessors")
    copies = _found(document, ["nodes", "*", "extensions", "EXT_mesh_gpu_instancing", "attributes", "*"])
    # Blender makes an object of each copy.
    if sum(_whole(accessors[index], "count") for index in copies) > MAX_ENTRIES * 3:
        raise _broken("it has too many copies of a mesh")


def _found(value: Any, steps: Sequence[str]) -> list[Any]:
    """Return what stands at the end of ``steps``, wherever that exists."""
    found = [value]
    for step in steps:
        following: list[Any] = []
        for place in found:
            if step != "*":
                following += [place[step]] if isinstance(place, dict) and step in place else []
            elif isinstance(place, dict):
                following += place.values()
            elif isinstance(place, list):
                following += place
        found = following
    return found


def _check_pictures(document: Mapping[str, Any], file: BinaryIO, bin_offset: int) -> None:
    """Bound all pictures together: the child only packs them, the user's own Blender decodes them."""
    views = _list(document, "bufferViews")
    pixels = 0
    for image in _list(document, "images"):
        if "bufferView" in image:
            view = views[_whole(image, "bufferView")]
            file.seek(bin_offset + _whole(view, "byteOffset", 0))
            size = size_px(file, _whole(view, "byteLength"))
        elif "uri" in image:
            size = _size_in_uri(str(image["uri"]))
        else:
            continue
        if size is None:
            raise _broken("a picture is no PNG, JPEG or WebP")
        pixels += size[0] * size[1]
        if min(size) < 1 or pixels > MAX_PIXELS:
            raise _broken(f"a picture has {size[0]} × {size[1]} pixels")


def _size_in_uri(uri: str) -> tuple[int, int] | None:
    try:
        data = base64.b64decode(uri.partition(",")[2], validate=True)
    except ValueError:
        return None
    return size_px(io.BytesIO(data), len(data))
