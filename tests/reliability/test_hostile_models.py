# SPDX-License-Identifier: GPL-3.0-or-later
"""
Bad GLBs of the kinds that the official glTF validator knows, by its own names for them where it has one.

Each is refused in words before any Blender sees it. What the validator calls an error but Blender reads without harm
(a missing min, an unaligned view) is none here. One: ``python scripts/test.py tests/reliability -k SPARSE``.
"""

from __future__ import annotations

import base64
import copy
import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tasks.glb.test_glb import WHOLE, packed
from triverse_addon.tasks.files.image_size import size_px
from triverse_addon.tasks.glb import glb_check

Change = Callable[[dict[str, Any]], object]


def png(width: int, height: int) -> bytes:
    """A PNG's signature and header; its pixels are never looked at."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))


def jpeg(width: int, height: int) -> bytes:
    frame = struct.pack(">BBHBHHB", 0xFF, 0xC0, 11, 8, height, width, 1) + bytes(3)
    return b"\xff\xd8" + struct.pack(">BBH", 0xFF, 0xE0, 16) + bytes(14) + frame


def webp(width: int, height: int) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + size


def with_picture(data: bytes) -> bytes:
    """A GLB whose only picture is ``data``; a texture shows it."""
    document = copy.deepcopy(WHOLE)
    document["buffers"][0]["byteLength"] = 44 + len(data)
    document["bufferViews"].append({"buffer": 0, "byteOffset": 44, "byteLength": len(data)})
    document |= {"images": [{"bufferView": 2, "mimeType": "image/png"}], "textures": [{"source": 0}]}
    return packed(document, bytes(44) + data)


def shown(uri: str) -> Change:
    """A picture with an address, and a texture that shows it."""
    return lambda document: document.update(images=[{"uri": uri}], textures=[{"source": 0}])


def meshopt(**value: object) -> Change:
    """A compressed buffer view, which the first accessor reads, without its bytes beside it."""
    whole = {"buffer": 0, "byteLength": 20, "byteStride": 12, "count": 3, "mode": "ATTRIBUTES"}

    def change(document: dict[str, Any]) -> None:
        document["buffers"].append({"byteLength": 36})
        document["bufferViews"][0] |= {"buffer": 1, "extensions": {"EXT_meshopt_compression": whole | value}}
        document["extensionsUsed"] = document["extensionsRequired"] = ["EXT_meshopt_compression"]

    return change


def only_ktx2(document: dict[str, Any]) -> None:
    """A texture that has nothing but a picture for graphics cards."""
    document["images"] = [{"bufferView": 1, "mimeType": "image/ktx2"}]
    document["textures"] = [{"extensions": {"KHR_texture_basisu": {"source": 0}}}]
    document["extensionsUsed"] = document["extensionsRequired"] = ["KHR_texture_basisu"]


def no_data(document: dict[str, Any]) -> None:
    """A buffer that a mesh needs and that is not there."""
    document["buffers"].append({"byteLength": 36})
    document["bufferViews"][0]["buffer"] = 1


def changed(change: Change) -> bytes:
    document = copy.deepcopy(WHOLE)
    change(document)
    return packed(document)


def put(name: str, value: object) -> Change:
    return lambda document: document.update({name: value})


def draco(view: object) -> Change:
    extension = {"KHR_draco_mesh_compression": {"bufferView": view, "attributes": {"POSITION": 0}}}
    return lambda document: document["meshes"][0]["primitives"][0].update(extensions=extension)


def sparse(**value: object) -> Change:
    whole = {
        "count": 1,
        "indices": {"bufferView": 1, "componentType": 5123},
        "values": {"bufferView": 0},
    }
    return lambda document: document["accessors"][0].update(sparse=whole | value)


def copies(count: int) -> Change:
    def change(document: dict[str, Any]) -> None:
        document["accessors"].append({"componentType": 5126, "count": count, "type": "VEC3"})
        document["nodes"][0]["extensions"] = {"EXT_mesh_gpu_instancing": {"attributes": {"TRANSLATION": 2}}}

    return change


BAD: dict[str, bytes] = {
    "UNRESOLVED_REFERENCE scene": changed(put("scene", 1)),
    "UNRESOLVED_REFERENCE scenes.nodes": changed(put("scenes", [{"nodes": [5]}])),
    "UNRESOLVED_REFERENCE nodes.mesh": changed(lambda d: d["nodes"][0].update(mesh=1)),
    "UNRESOLVED_REFERENCE nodes.skin": changed(lambda d: d["nodes"][0].update(skin=0)),
    "UNRESOLVED_REFERENCE nodes.camera": changed(lambda d: d["nodes"][0].update(camera=-1)),
    "UNRESOLVED_REFERENCE skins.joints": changed(put("skins", [{"joints": [0, 9]}])),
    "UNRESOLVED_REFERENCE skins.inverseBindMatrices": changed(
        put("skins", [{"joints": [0], "inverseBindMatrices": 9}])
    ),
    "UNRESOLVED_REFERENCE material": changed(lambda d: d["meshes"][0]["primitives"][0].update(material=0)),
    "UNRESOLVED_REFERENCE target": changed(lambda d: d["meshes"][0]["primitives"][0].update(targets=[{"NORMAL": 8}])),
    "UNRESOLVED_REFERENCE draco": changed(draco(7)),
    "TYPE_MISMATCH draco": changed(draco("7")),
    "UNRESOLVED_REFERENCE textures.source": changed(put("textures", [{"source": 0}])),
    "UNRESOLVED_REFERENCE webp": changed(put("textures", [{"extensions": {"EXT_texture_webp": {"source": 3}}}])),
    "UNRESOLVED_REFERENCE baseColorTexture": changed(
        put("materials", [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}])
    ),
    "UNRESOLVED_REFERENCE animation": changed(put("animations", [{"samplers": [{"input": 7, "output": 0}]}])),
    "UNRESOLVED_REFERENCE channel": changed(put("animations", [{"channels": [{"target": {"node": 9}}]}])),
    "ARRAY_TYPE_MISMATCH reference": changed(lambda d: d["nodes"][0].update(mesh=True)),
    "ACCESSOR_SPARSE_COUNT_OUT_OF_RANGE": changed(sparse(count=4)),
    "ACCESSOR_SPARSE no values": changed(sparse(values=None)),
    "ACCESSOR_SPARSE index outside": changed(sparse(indices={"bufferView": 1, "componentType": 5123, "byteOffset": 6})),
    "ACCESSOR_SPARSE view": changed(sparse(values={"bufferView": 4})),
    "ACCESSOR_SPARSE type": changed(sparse(indices={"bufferView": 1, "componentType": 99})),
    "VALUE_NOT_IN_RANGE byteStride": changed(lambda d: d["bufferViews"][0].update(byteStride=1)),
    "VALUE_NOT_IN_RANGE byteStride large": changed(lambda d: d["bufferViews"][0].update(byteStride=100_000)),
    "BUFFER_GLB_CHUNK_TOO_SMALL": packed(WHOLE, bytes(20)),
    "BUFFER_MISSING_GLB_DATA": changed(no_data),
    "URI absolute": changed(put("images", [{"uri": "/etc/passwd"}])),
    "URI upwards": changed(put("images", [{"uri": "../../secret.png"}])),
    "URI windows": changed(put("images", [{"uri": "C:\\secret.png"}])),
    "URI unc": changed(put("images", [{"uri": "//host/share/a.png"}])),
    "URI data, buffer": changed(lambda d: d["buffers"][0].update(uri="data:application/octet-stream;base64,AAAA")),
    "URI data, buffer that ends": changed(lambda d: d["buffers"][0].update(uri="data:;base64,AAAAA")),
    "URI data, huge picture": changed(shown("data:image/png;base64," + base64.b64encode(png(60_000, 60_000)).decode())),
    "a huge PNG": with_picture(png(60_000, 60_000)),
    "a huge JPEG": with_picture(jpeg(60_000, 60_000)),
    "a huge WebP": with_picture(webp(16_777_216, 16_777_216)),
    "a JPEG of nothing but segments": with_picture(b"\xff\xd8" + b"\xff\xe0\x00\x02" * 10_000),
    "a million copies": changed(copies(1_000_000)),
    "meshopt": changed(meshopt()),
}


@pytest.mark.parametrize("name", BAD)
def test_it_is_refused_in_words(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.glb"
    path.write_bytes(BAD[name])
    with pytest.raises(glb_check.GlbError) as caught:
        glb_check.check(path)
    said = str(caught.value.sentence)
    assert said.endswith(".")
    assert len(said) < 300
    assert path.read_bytes() == BAD[name], "the file is kept"


@pytest.mark.parametrize("picture", [png(4096, 4096), jpeg(4096, 4096), webp(4096, 4096)], ids=["png", "jpeg", "webp"])
def test_the_pictures_that_the_service_makes_are_taken(tmp_path: Path, picture: bytes) -> None:
    assert size_px(io.BytesIO(picture), len(picture)) == (4096, 4096)
    path = tmp_path / "a.glb"
    path.write_bytes(with_picture(picture))
    glb_check.check(path)


def test_draco_webp_and_copies_in_measure_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "a.glb"
    for data in (changed(draco(0)), changed(copies(50)), changed(sparse()), changed(only_ktx2)):
        path.write_bytes(data)
        glb_check.check(path)
