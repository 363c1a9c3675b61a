# SPDX-License-Identifier: GPL-3.0-or-later
"""
GLBs that are not quite as they should be and that Blender reads, or reads once they are mended. No ``bpy``.

Each holds one triangle. Those of ``AS_IT_IS`` are given to Blender themselves, those of ``MENDED`` as a copy.
"""

from __future__ import annotations

import base64
import copy
import json
import struct
import zlib
from collections.abc import Callable
from typing import Any

Change = Callable[[dict[str, Any]], object]

#: Three positions, three indices and two bytes of padding.
BINARY = struct.pack("<9f", 0, 0, 0, 1, 0, 0, 0, 1, 0) + struct.pack("<3H", 0, 1, 2) + bytes(2)
TRIANGLE: dict[str, Any] = {
    "asset": {"version": "2.0"},
    "scene": 0,
    "scenes": [{"nodes": [0]}],
    "nodes": [{"mesh": 0, "name": "vase"}],
    "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1, "material": 0}]}],
    "materials": [{"name": "glaze"}],
    "buffers": [{"byteLength": 44}],
    "bufferViews": [{"buffer": 0, "byteLength": 36}, {"buffer": 0, "byteOffset": 36, "byteLength": 6}],
    "accessors": [
        {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 0]},
        {"bufferView": 1, "componentType": 5123, "count": 3, "type": "SCALAR"},
    ],
}


def pack(document: dict[str, Any] | bytes, binary: bytes = BINARY, *, tail: bytes = b"", pad: bytes = b" ") -> bytes:
    """Return a GLB; ``tail`` follows its declared end."""
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    text += pad * (-len(text) % 4)
    body = struct.pack("<II", len(text), 0x4E4F534A) + text
    if binary:
        body += struct.pack("<II", len(binary), 0x004E4942) + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body + tail


def changed(change: Change, binary: bytes = BINARY, **how: bytes) -> bytes:
    document = copy.deepcopy(TRIANGLE)
    change(document)
    return pack(document, binary, **how)


def put(**values: Any) -> Change:
    return lambda document: document.update(values)


def png(edge_px: int = 4, colour: bytes = b"\x40\x80\xc0") -> bytes:
    """A whole PNG of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + colour * edge_px) * edge_px
    head = struct.pack(">IIBBBBB", edge_px, edge_px, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def with_pictures(*pictures: bytes, extension: str = "", required: bool = False, also_png: bool = True) -> bytes:
    """
    A GLB with pictures in its buffer, whose only texture shows the first.

    :param extension: names the second as the texture's picture of another format.
    :param also_png: the texture names the first as well.
    """
    document = copy.deepcopy(TRIANGLE)
    binary = BINARY
    document["images"] = []
    for picture in pictures:
        document["images"].append({"bufferView": len(document["bufferViews"]), "mimeType": "image/png"})
        document["bufferViews"].append({"buffer": 0, "byteOffset": len(binary), "byteLength": len(picture)})
        binary += picture + bytes(-len(picture) % 4)
    document["buffers"][0]["byteLength"] = len(binary)
    texture: dict[str, Any] = {"source": 0} if also_png else {}
    if extension:
        texture["extensions"] = {extension: {"source": 1 if also_png else 0}}
        document["extensionsUsed"] = [extension]
        if required:
            document["extensionsRequired"] = [extension]
    document["textures"] = [texture]
    document["materials"] = [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}]
    return pack(document, binary)


def with_attribute(component_type: int, kind: str, data: bytes, **more: Any) -> bytes:
    """A GLB whose mesh has a custom attribute."""
    document = copy.deepcopy(TRIANGLE)
    document["bufferViews"].append({"buffer": 0, "byteOffset": 44, "byteLength": len(data)})
    document["accessors"].append({"bufferView": 2, "componentType": component_type, "count": 3, "type": kind} | more)
    document["meshes"][0]["primitives"][0]["attributes"]["_WEAR"] = 2
    document["buffers"][0]["byteLength"] = 44 + len(data)
    return pack(document, BINARY + data)


def data_uri(data: bytes, head: str = "data:application/octet-stream;base64,") -> str:
    return head + base64.b64encode(data).decode()


def deep(depth: int) -> bytes:
    """Extras of so many levels."""
    text = json.dumps(TRIANGLE).replace(
        '"mesh": 0,', '"extras": ' + '{"a": ' * depth + "1" + "}" * depth + ', "mesh": 0,'
    )
    return pack(text.encode())


def with_node(text: str) -> bytes:
    """JSON as it is written, in the place of the node."""
    return pack(json.dumps(TRIANGLE).replace('"mesh": 0', f'{text}, "mesh": 0').encode())


def meshopt(
    name: str = "EXT_meshopt_compression", *, required: bool = False, fallback: bool = True, **more: object
) -> bytes:
    """
    Positions compressed with meshopt, and their plain bytes beside them.

    The compressed bytes are none: who looks at them fails.
    """
    document = copy.deepcopy(TRIANGLE)
    packed: dict[str, object] = {"buffer": 0, "byteOffset": 44, "byteLength": 16, "byteStride": 12, "count": 3}
    packed |= {"mode": "ATTRIBUTES"} | more
    document["bufferViews"][0]["extensions"] = {name: packed}
    if not fallback:
        document["bufferViews"][0]["buffer"] = 1
        document["buffers"].append({"byteLength": 36, "extensions": {name: {"fallback": True}}})
    document["buffers"][0]["byteLength"] = 60
    document["extensionsUsed"] = [name]
    if required:
        document["extensionsRequired"] = [name]
    return pack(document, BINARY + bytes(16))


def draco_beside() -> bytes:
    """Geometry compressed with Draco, and the plain one beside it."""
    name = "KHR_draco_mesh_compression"

    def change(document: dict[str, Any]) -> None:
        document["bufferViews"].append({"buffer": 0, "byteOffset": 0, "byteLength": 8})
        document["extensionsUsed"] = [name]
        extension = {name: {"bufferView": 2, "attributes": {"POSITION": 0}}}
        document["meshes"][0]["primitives"][0]["extensions"] = extension

    return changed(change)


def roots(*nodes: int) -> Change:
    def change(document: dict[str, Any]) -> None:
        document["nodes"] = [
            {"mesh": 0, "name": "vase", "children": [1]},
            {"name": "below", "children": [2]},
            {"name": "tip"},
        ]
        document["scenes"] = [{"nodes": list(nodes)}]

    return change


def requires(name: str, where: Change | None = None, *, used: bool = True) -> bytes:
    def change(document: dict[str, Any]) -> None:
        if where is not None:
            where(document)
        document["extensionsRequired"] = [name]
        if used:
            document["extensionsUsed"] = [name]

    return changed(change)


def strided(document: dict[str, Any]) -> None:
    """Positions that are 260 bytes apart, more than the format has."""
    document["buffers"][0]["byteLength"] = 788
    document["bufferViews"][0] |= {"byteStride": 260, "byteLength": 780}
    document["bufferViews"][1]["byteOffset"] = 780


GIF = b"GIF89a" + struct.pack("<HH", 4, 4) + bytes(20)
KTX2 = b"\xabKTX 20\xbb\r\n\x1a\n" + struct.pack("<IIII", 0, 1, 4, 4) + bytes(60)

AS_IT_IS: dict[str, bytes] = {
    "whole": pack(TRIANGLE),
    "a picture of another format that nothing shows": with_pictures(png(), GIF),
    "a KTX2 picture beside a PNG": with_pictures(png(), KTX2, extension="KHR_texture_basisu"),
    "a DDS picture beside a PNG": with_pictures(png(), b"DDS " + bytes(124), extension="MSFT_texture_dds"),
    "a broken picture": with_pictures(b"\x89PNG\r\n\x1a\nnot a picture"),
    "half a picture": with_pictures(png(64)[:60]),
    "a picture that is none": with_pictures(b"<svg/>"),
    "many large pictures": with_pictures(png(), *[png()[:16] + struct.pack(">II", 8192, 8192) + png()[24:]] * 6),
    "a buffer without data that nothing uses": changed(
        lambda d: d["buffers"].append({"byteLength": 4096}) or d["bufferViews"].append({"buffer": 1, "byteLength": 16})
    ),
    "an accessor outside that nothing uses": changed(
        lambda d: d["accessors"].append({"bufferView": 0, "componentType": 5126, "count": 999, "type": "VEC4"})
    ),
    "a buffer much longer than its data": changed(lambda d: d["buffers"][0].update(byteLength=4000)),
    "a view longer than its buffer": changed(lambda d: d["bufferViews"][1].update(byteLength=600)),
    "a stride of 0": changed(lambda d: d["bufferViews"][0].update(byteStride=0)),
    "a stride of 260": changed(strided, b"".join(BINARY[at : at + 12].ljust(260) for at in (0, 12, 24)) + BINARY[36:]),
    "overlapping strides": changed(lambda d: d["bufferViews"][0].update(byteStride=4)),
    "a stride for indices": changed(lambda d: d["bufferViews"][1].update(byteStride=2)),
    "deep extras": deep(300),
    "null in extras": changed(lambda d: d["asset"].update(extras={"a": [None, {"b": None}]})),
    "a root of two scenes": changed(put(scenes=[{"nodes": [0]}, {"nodes": [0]}])),
    "unknown extension that is not required": changed(put(extensionsUsed=["EXT_of_tomorrow"], extensions={})),
}
MENDED: dict[str, bytes] = {
    "bytes behind the end": pack(TRIANGLE, tail=b"and more"),
    "a newline behind the end": pack(TRIANGLE, tail=b"\n"),
    "a buffer a few bytes longer than its chunk": changed(
        lambda d: d["buffers"][0].update(byteLength=48), BINARY[:36] + struct.pack("<2H", 1, 2)
    ),
    "JSON padded with NUL": pack(json.dumps(TRIANGLE).encode() + b"\0", pad=b"\0"),
    "JSON padded with NUL and spaces": pack(json.dumps(TRIANGLE).encode() + b"\0\0 \0\0\0\0\0"),
    "a byte order mark": pack(b"\xef\xbb\xbf" + json.dumps(TRIANGLE).encode()),
    "NaN": pack(json.dumps(TRIANGLE).replace('"max": [1, 1, 0]', '"max": [NaN, Infinity, -Infinity]').encode()),
    "NaN in extras": with_node('"extras": {"a": [NaN], "b": 1}'),
    "NaN in a list of lists": with_node('"extras": {"a": [[NaN, 2]]}'),
    "numbers too large": with_node('"scale": [1e999, 1, 1]'),
    "extensionsRequired without extensionsUsed": requires(
        "KHR_materials_unlit", lambda d: d["materials"][0].update(extensions={"KHR_materials_unlit": {}}), used=False
    ),
    "version 2.1 that needs 2.0": changed(put(asset={"version": "2.1", "minVersion": "2.0"})),
    "version 2": changed(put(asset={"version": "2"})),
    "version as a number": changed(put(asset={"version": 2.0})),
    "a child listed as a root": changed(roots(0, 1)),
    "a grandchild listed as a root": changed(roots(2, 0)),
    "a root listed twice": changed(roots(0, 0)),
    "a normalized custom attribute": with_attribute(5121, "SCALAR", b"\x00\x80\xff\0", normalized=True),
    "null for an absent value": changed(
        lambda d: d["nodes"][0].update(children=None, skin=None, extensions=None) or d.update(images=None)
    ),
    "null for an extension": changed(lambda d: d["nodes"][0].update(extensions={"KHR_lights_punctual": None})),
    "a buffer as data": changed(put(buffers=[{"byteLength": 44, "uri": data_uri(BINARY)}]), b""),
    "a buffer as data, of glTF's own type": changed(
        put(buffers=[{"byteLength": 44, "uri": data_uri(BINARY, "data:application/gltf-buffer;base64,")}]), b""
    ),
    "a second buffer as data": changed(
        lambda d: (
            d["buffers"].append({"byteLength": 44, "uri": data_uri(BINARY)}) or d["bufferViews"][1].update(buffer=1)
        )
    ),
    "a broken picture as data": changed(put(images=[{"uri": "data:image/png;base64,AAAAA"}], textures=[{"source": 0}])),
    "a required property of a material": requires(
        "KHR_materials_of_tomorrow",
        lambda d: d["materials"][0].update(extensions={"KHR_materials_of_tomorrow": {"glow": 1}}),
    ),
    "a required KTX2 beside a PNG, for all but 5.3": with_pictures(
        png(), KTX2, extension="KHR_texture_basisu", required=True
    ),
    "a required DDS beside a PNG": with_pictures(png(), KTX2, extension="MSFT_texture_dds", required=True),
}
