# SPDX-License-Identifier: GPL-3.0-or-later
"""Small scenes and their GLBs, made by Blender's own exporter, for the tests of the scene floor."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import bpy

from tests.blender import fresh, kept_children
from tests.glb_files import triangles_glb, write_glb
from triverse_addon.scene.child.command import child_command
from triverse_addon.scene.child.converter import ChildConverter
from triverse_addon.tasks.converter import Converted, ConvertJob

__all__ = [
    "convert", "empty", "export", "overridden", "picture", "sphere", "textured", "triangles_glb", "write_glb",
]  # fmt: skip

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


def overridden(collection: bpy.types.Collection, folder: Path) -> bpy.types.Collection:
    """A library override of `collection` in the present scene. The original is in a file of its own from now on."""
    name, path = collection.name, str(folder / "library.blend")
    bpy.data.libraries.write(path, {collection}, fake_user=True)
    bpy.data.batch_remove([*collection.all_objects, collection])
    with bpy.data.libraries.load(path, link=True) as (_, wanted):
        wanted.collections = [name]
    scene, (linked,) = bpy.context.scene, wanted.collections
    scene.collection.children.link(linked)
    made = linked.override_hierarchy_create(scene, bpy.context.view_layer, do_fully_editable=True)
    scene.collection.children.unlink(linked)
    bpy.context.view_layer.update()
    return made


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
    fresh.empty_file()
    build()
    bpy.ops.export_scene.gltf(filepath=str(path), export_format="GLB", export_extras=True, **options)
    fresh.empty_file()
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


def seamed_sphere(path: Path, **options: object) -> Path:
    """Export a sphere shaded smooth, with UVs whose seam splits its vertices."""

    def build() -> None:
        obj = sphere("ball", material=textured())
        obj.data.shade_smooth()
        for at, loop in enumerate(obj.data.loops):
            co = obj.data.vertices[loop.vertex_index].co
            # Another island for each half: a seam along the equator and down the back.
            half = obj.data.loops[at - at % 3].vertex_index % 2
            obj.data.uv_layers[0].data[at].uv = (co.x * 0.4 + half, co.y * 0.4)

    return export(path, build, **options)


def convert(
    glb: Path, out_dir: Path, *, preview: Path | None = None, name: str = "A blue vase", job: dict | None = None, **more
) -> Converted:
    """
    Convert ``glb`` in a real child Blender.

    :param job: further fields of the job.
    """
    wanted = _job(glb, preview, out_dir, name, job or {})
    return ChildConverter(child_command(), **more)(wanted, threading.Event())


def convert_kept(
    glb: Path, out_dir: Path, *, preview: Path | None = None, name: str = "A blue vase", **job: object
) -> Converted:
    """Convert ``glb`` in the child that is kept for those tests that are not about it, see `kept_children`."""
    return kept_children.convert(_job(glb, preview, out_dir, name, job))


def _job(glb: Path, preview: Path | None, out_dir: Path, name: str, more: dict) -> ConvertJob:
    return ConvertJob(glb, preview, out_dir, name, properties=PROPERTIES, tags=("text-to-model", "vase"), **more)


def pair() -> None:
    """A body with a lid on it, both with one textured material."""
    material = textured()
    body = sphere("body", material=material)
    sphere("lid", (0, 0, 2), parent=body, material=material)
