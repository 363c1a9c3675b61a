# SPDX-License-Identifier: GPL-3.0-or-later
"""GLB files written from their JSON, for what no exporter would write. Plain Python, no ``bpy``."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from pathlib import Path


def write_glb(path: Path, document: dict, binary: bytes = b"") -> Path:
    """Write a GLB from its JSON, for what the exporter would never write."""
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    binary += b"\0" * (-len(binary) % 4)
    chunks = struct.pack("<II", len(text), 0x4E4F534A) + text
    if binary:
        chunks += struct.pack("<II", len(binary), 0x004E4942) + binary
    path.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks)
    return path


def triangles_glb(
    path: Path, *, nodes: list[dict], binary: bytes = b"", views: Sequence[tuple] = (), **more: object
) -> Path:
    """
    Write a GLB of nodes that share one mesh, a right triangle, from its JSON.

    :param binary: data beside the triangle's.
    :param views: for each accessor into ``binary``, from number 2 on: its bytes, its count, its type, what else it has.
    :param more: further entries of the document, in the place of these; None takes one away.
    """
    positions = struct.pack("<9f", 0, 0, 0, 1, 0, 0, 0, 1, 0)
    indices = struct.pack("<3Hxx", 0, 1, 2)
    inner = {child for node in nodes for child in node.get("children", ())}
    document: dict = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [number for number in range(len(nodes)) if number not in inner]}],
        "nodes": nodes,
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 0]},
            {"bufferView": 1, "componentType": 5123, "count": 3, "type": "SCALAR"},
        ],
        "bufferViews": [{"buffer": 0, "byteLength": 36}, {"buffer": 0, "byteOffset": 36, "byteLength": 6}],
        "buffers": [{"byteLength": 44 + len(binary)}],
    }
    offset = 44
    for size_bytes, count, kind, others in views:
        view = len(document["bufferViews"])
        document["bufferViews"].append({"buffer": 0, "byteOffset": offset, "byteLength": size_bytes})
        document["accessors"].append(
            {"bufferView": view, "componentType": 5126, "count": count, "type": kind, **others}
        )
        offset += size_bytes
    document = {name: value for name, value in (document | more).items() if value is not None}
    return write_glb(path, document, positions + indices + binary)


def animated_glb(path: Path) -> Path:
    """A triangle one metre wide that moves two metres to the right within a second."""
    times, places = struct.pack("<2f", 0.0, 1.0), struct.pack("<6f", 0, 0, 0, 2, 0, 0)
    return triangles_glb(
        path,
        nodes=[{"name": "moved", "mesh": 0}],
        binary=times + places,
        views=[(8, 2, "SCALAR", {"min": [0.0], "max": [1.0]}), (24, 2, "VEC3", {})],
        animations=[
            {
                "name": "slide",
                "channels": [{"sampler": 0, "target": {"node": 0, "path": "translation"}}],
                "samplers": [{"input": 2, "output": 3}],
            }
        ],
    )
