# SPDX-License-Identifier: GPL-3.0-or-later
"""The file itself: what is mended before Blender sees it, and what nobody reads. Plain Python, no ``bpy``."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from tests.corpus.builder import Glb
from tests.corpus.case import DESIGNED, REFUSED, Case, one, surface


def _containers() -> Iterator[Case]:
    yield Case("file-byte-order-mark", one(Glb()).packed(before=b"\xef\xbb\xbf"), reads="")
    yield Case("file-nul-padded", one(Glb()).packed(json_pad=b"\0"), reads="")
    yield Case("file-bytes-behind", one(Glb()).packed(behind=b"12345678"), reads="")
    yield Case("file-buffer-longer", one(Glb()).packed(longer=2), reads="")
    glb = one(Glb())
    glb.document["nodes"][0]["extras"] = {"x": float("nan")}
    yield Case("file-nan-in-extras", glb.packed(), expected=DESIGNED, reads="")
    glb = surface(Glb())
    glb.document["extensionsRequired"] = ["KHR_materials_ior"]
    yield Case("file-required-not-used", glb.packed(), reads="")
    glb = one(Glb())
    glb.document["asset"] |= {"version": "2.1", "minVersion": "2.0"}
    yield Case("file-version-2.1", glb.packed(), reads="")
    glb = one(Glb())
    glb.document["asset"] |= {"version": "3.0", "minVersion": "3.0"}
    yield Case("file-version-3", glb.packed(), expected=REFUSED, reads="no")
    glb = one(Glb())
    glb.use("EXT_nobody_knows")
    yield Case("file-unknown-extension", glb.packed())
    glb = one(Glb())
    glb.use("EXT_nobody_knows", required=True)
    yield Case("file-unknown-extension-required", glb.packed(), expected=REFUSED, reads="no")
    glb = one(Glb())
    glb.document["nodes"][0] |= {"camera": None, "skin": None, "children": None}
    yield Case("file-null-values", glb.packed(), reads="")
    glb = one(Glb())
    glb.document |= {"animations": [], "cameras": [], "extras": {"a": 1}}
    yield Case("file-empty-lists", glb.packed(), reads="")
    yield Case("file-cut-off", one(Glb()).packed()[:-40], expected=REFUSED, reads="")
    yield Case("file-no-json", b"glTF" + bytes(20), expected=REFUSED, reads="no")


def _meshopt() -> Iterator[Case]:
    """A compressed buffer that is optional: the bytes for readers without the extension are there."""
    glb = one(Glb())
    glb.use("EXT_meshopt_compression")
    for view in glb.document["bufferViews"]:
        view["extensions"] = {
            "EXT_meshopt_compression": {"buffer": 1, "byteLength": 8, "byteStride": 4, "count": 2, "mode": "ATTRIBUTES"}
        }
    size = len(glb.binary)
    empty = base64.b64encode(bytes(8)).decode()
    glb.document["buffers"] = [
        {"byteLength": size, "extensions": {"EXT_meshopt_compression": {"fallback": True}}},
        {"byteLength": 8, "uri": f"data:application/octet-stream;base64,{empty}"},
    ]
    yield Case("meshopt-optional", glb.packed(), expected=DESIGNED, reads="")


GROUPS = (
    _containers,
    _meshopt,
)
