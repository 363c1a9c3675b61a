# SPDX-License-Identifier: GPL-3.0-or-later
"""Merged vertices, shading by angle, and vertex colours without a material."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import bpy
import pytest

from tests.blender import glbs
from triverse_addon.scene import geometry
from triverse_addon.scene.append import append_model
from triverse_addon.scene.in_place import import_model

pytestmark = [pytest.mark.usefixtures("fresh_file"), pytest.mark.kind("geometry-options")]


def brought(glb: Path) -> bpy.types.Mesh:
    (obj,) = import_model(glb, bpy.context.scene, name="Model").objects
    return obj.data


def smooth_sphere(path: Path) -> Path:
    """A sphere shaded smooth, with UVs whose seam splits its vertices."""

    def build() -> None:
        obj = glbs.sphere("ball", material=glbs.textured())
        obj.data.shade_smooth()
        for at, loop in enumerate(obj.data.loops):
            co = obj.data.vertices[loop.vertex_index].co
            # Another island for each half: a seam along the equator and down the back.
            half = obj.data.loops[at - at % 3].vertex_index % 2
            obj.data.uv_layers[0].data[at].uv = (co.x * 0.4 + half, co.y * 0.4)

    return glbs.export(path, build)


def corners(mesh: bpy.types.Mesh) -> dict[tuple[float, ...], list[float]]:
    """Corner's place and UV -> its normal as Blender shades it."""
    uvs = mesh.uv_layers[0].data
    return {
        (*(round(x, 4) for x in mesh.vertices[loop.vertex_index].co), *(round(x, 4) for x in uvs[at].uv)): list(
            mesh.corner_normals[at].vector
        )
        for at, loop in enumerate(mesh.loops)
    }


def test_merged_vertices_keep_uvs_and_shading(tmp_path: Path) -> None:
    mesh = brought(smooth_sphere(tmp_path / "m.glb"))
    vertices, faces, before = len(mesh.vertices), len(mesh.polygons), corners(mesh)
    places = len({tuple(round(x, 5) for x in vertex.co) for vertex in mesh.vertices})
    assert places < vertices, "else there is nothing to merge"
    assert geometry.merge_vertices(mesh) == vertices - places
    assert (len(mesh.vertices), len(mesh.polygons)) == (places, faces)
    after = corners(mesh)
    assert set(after) == set(before)
    for place, normal in before.items():
        assert after[place] == pytest.approx(normal, abs=0.02), place
    assert [attribute.name for attribute in mesh.attributes if attribute.name.startswith("triverse")] == []


def test_a_mesh_without_normals_is_flat_and_smooth_by_angle_where_asked(tmp_path: Path) -> None:
    def build() -> None:
        glbs.sphere("ball")

    mesh = brought(glbs.export(tmp_path / "m.glb", build, export_normals=False))
    assert not mesh.has_custom_normals
    assert not any(polygon.use_smooth for polygon in mesh.polygons), "as the format says"
    geometry.merge_vertices(mesh)
    assert geometry.smooth_by_angle(mesh, 60)
    at = next(at for at, loop in enumerate(mesh.loops) if abs(mesh.vertices[loop.vertex_index].co.z) < 0.5)
    radial = mesh.vertices[mesh.loops[at].vertex_index].co.normalized()
    assert math.degrees(radial.angle(mesh.corner_normals[at].vector)) < 8
    assert not geometry.smooth_by_angle(brought(smooth_sphere(tmp_path / "n.glb")), 60), "it has normals of its own"


@pytest.mark.parametrize("how", ["by child", "in place"])
def test_vertex_colours_without_a_material_are_seen(tmp_path: Path, how: str) -> None:
    glb = glbs.triangles_glb(
        tmp_path / "m.glb",
        nodes=[{"mesh": 0}, {"mesh": 1}],
        binary=struct.pack("<9f", 1, 0, 0, 0, 1, 0, 0, 0, 1),
        views=[(36, 3, "VEC3", {})],
        meshes=[
            {"primitives": [{"attributes": {"POSITION": 0, "COLOR_0": 2}, "indices": 1}]},
            {"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]},
        ],
    )
    if how == "by child":
        collection = append_model(glbs.convert(glb, tmp_path / "out").blend_path, bpy.context.scene)
    else:
        collection = import_model(glb, bpy.context.scene, name="Model")
    coloured, plain = sorted(collection.objects, key=lambda obj: not obj.data.color_attributes)
    (material,) = coloured.data.materials
    shader = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    (link,) = shader.inputs["Base Color"].links
    # 5.3 takes the node for any attribute.
    kind = "ShaderNodeVertexColor" if bpy.app.version < (5, 3) else "ShaderNodeAttribute"
    assert link.from_node.bl_idname == kind
    assert not [
        one for one in plain.data.materials if one and one.node_tree and "Color Attribute" in one.node_tree.nodes
    ]
