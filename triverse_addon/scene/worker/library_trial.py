# SPDX-License-Identifier: GPL-3.0-or-later
"""
Test everything that writing an asset library needs, with a cube as the model.

Floor: second. Thread: main, of the child. Imports ``bpy``, and nothing of this package: the child loads it as a plain
module.
"""

import json
import logging
import struct
from pathlib import Path
from typing import TYPE_CHECKING

import bpy

if TYPE_CHECKING:
    from . import blend_file, exporters, gltf_import, preview_render
    from .job_format import TrialInput, TrialOutput
else:
    import blend_file
    import exporters
    import gltf_import
    import preview_render
    from job_format import TrialInput, TrialOutput

_log = logging.getLogger("library_trial")

_CORNERS = ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1))
_FACES = ((0, 2, 1), (0, 1, 3), (1, 2, 3), (0, 3, 2))


def run(given: TrialInput, scene: bpy.types.Scene, folder: Path) -> TrialOutput:
    """
    Run the tests and return what failed.

    :param given: what to test.
    :param scene: an empty scene.
    :param folder: folder for the files of the tests.
    :raises gltf_import.RefusedError: models cannot be imported.
    :raises OSError: a .blend cannot be written.
    """
    glb = folder / "read.glb"
    glb.write_bytes(_glb())
    gltf_import.read(str(glb))
    model = _textured_cube(scene)
    lacking: dict[str, str] = {}
    for kind in given.exports:
        try:
            exporters.export(kind, model, [], "trial", folder)
        except gltf_import.RefusedError as error:
            lacking[kind] = error.detail if error.kind != "exporter" else ""
    can_draw = True
    if given.may_draw:
        try:
            preview_render.draw(model, folder / "render.png")
        except preview_render.CannotDrawError as error:
            _log.warning("Nothing can be rendered: %s", error)
            can_draw = False
    blend_file.write(folder / "trial.blend", scene)
    return TrialOutput(lacking, can_draw)


def _textured_cube(scene: bpy.types.Scene) -> bpy.types.Collection:
    """Return a collection, linked to ``scene``, with a cube whose material has a packed image."""
    corners = [(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    mesh = bpy.data.meshes.new("Trial")
    mesh.from_pydata(corners, [], faces)
    mesh.uv_layers.new()
    image = bpy.data.images.new("Trial", 4, 4)
    image.pack()
    material = bpy.data.materials.new("Trial")
    if bpy.app.version < (5, 0):
        # Always True since 5.0, where setting it causes a warning.
        material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    texture = nodes.new("ShaderNodeTexImage")
    texture.image = image
    shader = next(node for node in nodes if node.type == "BSDF_PRINCIPLED")
    links.new(texture.outputs["Color"], shader.inputs["Base Color"])
    mesh.materials.append(material)
    model = bpy.data.collections.new("Trial")
    model.objects.link(bpy.data.objects.new("Trial", mesh))
    scene.collection.children.link(model)
    return model


def _glb() -> bytes:
    """Return a model of four triangles as binary glTF 2.0."""
    positions = b"".join(struct.pack("<3f", *corner) for corner in _CORNERS)
    indices = b"".join(struct.pack("<3H", *face) for face in _FACES)
    document = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 4, "type": "VEC3", "min": [0] * 3, "max": [1] * 3},
            {"bufferView": 1, "componentType": 5123, "count": 12, "type": "SCALAR"},
        ],
        "bufferViews": [
            {"buffer": 0, "byteLength": len(positions)},
            {"buffer": 0, "byteOffset": len(positions), "byteLength": len(indices)},
        ],
        "buffers": [{"byteLength": len(positions) + len(indices)}],
    }
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    body = positions + indices
    chunks = struct.pack("<II", len(text), 0x4E4F534A) + text + struct.pack("<II", len(body), 0x004E4942) + body
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks
