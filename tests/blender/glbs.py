# SPDX-License-Identifier: GPL-3.0-or-later
"""Small scenes and their GLBs, made by Blender's own exporter, for the tests of the scene floor."""

from __future__ import annotations

import json
import struct
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import bpy

from triverse_addon.scene.child import ChildConverter
from triverse_addon.scene.child_command import child_command
from triverse_addon.tasks.convert import Converted, ConvertJob

#: Triangles of the sphere that `sphere` makes.
SPHERE_TRIANGLES = 2 * 16 * (8 - 1)
PROPERTIES = {
    "triverse_task_uuid": "7b4c0c1e-7d2f-4a59-9a5e-0f6f4f6f2b11",
    "triverse_flow": "text-to-model",
    "triverse_prompt": "a blue vase",
    "triverse_created_at": "2026-05-04T10:11:12Z",
    "triverse_cost_credits": 40,
}


def empty(name: str, location: tuple[float, float, float] = (0, 0, 0), parent: bpy.types.Object | None = None):
    """An empty in the present scene."""
    return _linked(bpy.data.objects.new(name, None), location, parent)


def sphere(
    name: str,
    location: tuple[float, float, float] = (0, 0, 0),
    parent: bpy.types.Object | None = None,
    material: bpy.types.Material | None = None,
):
    """A sphere of `SPHERE_TRIANGLES`, radius 1, in the present scene."""
    import bmesh

    mesh = bpy.data.meshes.new(name)
    shape = bmesh.new()
    bmesh.ops.create_uvsphere(shape, u_segments=16, v_segments=8, radius=1.0, calc_uvs=False)
    shape.to_mesh(mesh)
    shape.free()
    if material is not None:
        mesh.uv_layers.new()
        mesh.materials.append(material)
    return _linked(bpy.data.objects.new(name, mesh), location, parent)


def _linked(obj: bpy.types.Object, location: tuple[float, float, float], parent: bpy.types.Object | None):
    bpy.context.scene.collection.objects.link(obj)
    obj.location = location
    obj.parent = parent
    return obj


def textured(name: str = "Glaze", edge_px: int = 64) -> bpy.types.Material:
    """A material with base colour, roughness and normal pictures of `edge_px`."""
    material = bpy.data.materials.new(name)
    if bpy.app.version < (5, 0):
        material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    shader = next(node for node in nodes if node.type == "BSDF_PRINCIPLED")
    for socket, colour_space in (("Base Color", "sRGB"), ("Roughness", "Non-Color"), ("Normal", "Non-Color")):
        image = bpy.data.images.new(f"{name} {socket}", edge_px, edge_px)
        image.generated_type = "COLOR_GRID"
        image.colorspace_settings.name = colour_space
        image.pack()
        texture = nodes.new("ShaderNodeTexImage")
        texture.image = image
        if socket == "Normal":
            normal_map = nodes.new("ShaderNodeNormalMap")
            links.new(texture.outputs["Color"], normal_map.inputs["Color"])
            links.new(normal_map.outputs["Normal"], shader.inputs["Normal"])
        else:
            links.new(texture.outputs["Color"], shader.inputs[socket])
    return material


def export(path: Path, build: Callable[[], object], **options: object) -> Path:
    """Build a scene in an empty file and export all scenes of it to ``path``; leaves an empty file."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    build()
    bpy.ops.export_scene.gltf(filepath=str(path), export_format="GLB", export_extras=True, **options)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    return path


def picture(path: Path, width: int, height: int, file_format: str = "PNG") -> Path:
    """Write a picture."""
    image = bpy.data.images.new("picture", width, height)
    image.generated_type = "COLOR_GRID"
    # Made at the first look, which sets the format back to PNG.
    assert len(image.pixels)
    image.file_format = file_format
    image.save(filepath=str(path))
    bpy.data.images.remove(image)
    return path


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


def convert(
    glb: Path, out_dir: Path, *, preview: Path | None = None, name: str = "A blue vase", job: dict | None = None, **more
) -> Converted:
    """
    Convert ``glb`` in a real child Blender.

    :param job: further fields of the job.
    """
    wanted = ConvertJob(
        glb, preview, out_dir, name, properties=PROPERTIES, tags=("text-to-model", "vase"), **(job or {})
    )
    return ChildConverter(child_command(), **more)(wanted, threading.Event())


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
