# SPDX-License-Identifier: GPL-3.0-or-later
"""Merged vertices, shading by angle, and vertex colours without a material."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import bpy
import pytest
from mathutils import Matrix, Vector

from tests.blender import glbs
from triverse_addon.scene.importing.append import append_model
from triverse_addon.scene.importing.importer import import_task
from triverse_addon.scene.importing.in_process import import_model
from triverse_addon.scene.worker import geometry
from triverse_addon.tasks.engine.import_queue import ConvertAgain, Imported
from triverse_addon.tasks.record.processing import Processing
from triverse_addon.tasks.record.record import Placement, Stage, TaskRecord

pytestmark = [pytest.mark.usefixtures("fresh_file"), pytest.mark.kind("geometry-options")]


def brought(glb: Path) -> bpy.types.Mesh:
    (obj,) = import_model(glb, bpy.context.scene, name="Model").objects
    return obj.data


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
    mesh = brought(glbs.seamed_sphere(tmp_path / "m.glb"))
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


@pytest.mark.parametrize("has_normals", [False, True])
@pytest.mark.parametrize("factor", [-1.0, 1.0])
def test_a_mesh_has_its_normals_however_it_is_scaled(has_normals: bool, factor: float) -> None:
    mesh = glbs.sphere("ball", material=glbs.textured()).data
    mesh.shade_smooth()
    if has_normals:
        tilted = [(Vector(one.vector) + Vector((0.3, 0.2, 0.1))).normalized() for one in mesh.corner_normals]
        mesh.normals_split_custom_set(tilted)
    matrix = Matrix.Rotation(0.7, 4, (1, 2, 3)) @ Matrix.Diagonal((factor, 1.0, 2.0, 1.0))
    across = matrix.to_3x3().inverted().transposed()

    def at(place: Vector) -> tuple[float, ...]:
        return tuple(round(x, 4) for x in place)

    wanted = {
        (at(matrix @ mesh.vertices[loop.vertex_index].co), at(matrix @ face.center)): across
        @ Vector(mesh.corner_normals[loop.index].vector)
        for face in mesh.polygons
        for loop in [mesh.loops[index] for index in face.loop_indices]
    }
    geometry.transform(mesh, matrix)
    for face in mesh.polygons:
        assert face.normal.dot(face.center) > 0
        for loop in [mesh.loops[index] for index in face.loop_indices]:
            normal = wanted[at(mesh.vertices[loop.vertex_index].co), at(face.center)].normalized()
            limit = 0.999 if has_normals else 0.9
            assert normal.dot(Vector(mesh.corner_normals[loop.index].vector)) > limit
    assert [one.name for one in mesh.attributes if one.name.startswith("triverse")] == []


def test_shapes_are_transformed_with_their_mesh() -> None:
    obj = glbs.sphere("ball")
    obj.shape_key_add(name="Basis")
    shape = obj.shape_key_add(name="Wide")
    before = [point.co.copy() for point in shape.data]
    geometry.transform(obj.data, Matrix.Scale(3.0, 4))
    assert all((point.co - 3.0 * old).length < 1e-5 for point, old in zip(shape.data, before, strict=True))


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
    assert not geometry.smooth_by_angle(brought(glbs.seamed_sphere(tmp_path / "n.glb")), 60), (
        "it has normals of its own"
    )


def tent(path: Path) -> Path:
    """Two triangles, each with vertices of its own, that meet along an edge; in a shape, one end of it opens."""
    binary = struct.pack(
        "<36f",
        *(0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0),
        *(0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1),
    )
    return glbs.triangles_glb(
        path,
        nodes=[{"mesh": 0}],
        binary=binary,
        views=[
            (72, 6, "VEC3", {"min": [0, 0, 0], "max": [1, 1, 0]}),
            (72, 6, "VEC3", {"min": [0, 0, 0], "max": [0, 0, 1]}),
        ],
        meshes=[{"primitives": [{"attributes": {"POSITION": 2}, "targets": [{"POSITION": 3}]}], "weights": [0.0]}],
    )


def test_of_a_mesh_with_shape_keys_what_parts_in_one_stays_apart(tmp_path: Path) -> None:
    mesh = brought(tent(tmp_path / "m.glb"))
    assert len(mesh.vertices) == 6

    def faces() -> list[list[list[tuple[float, ...]]]]:
        blocks = [[tuple(point.co) for point in block.data] for block in mesh.shape_keys.key_blocks]
        return [[[block[at] for at in polygon.vertices] for polygon in mesh.polygons] for block in blocks]

    before = faces()
    assert len(before) == 2
    assert geometry.merge_vertices(mesh) == 1
    assert len(mesh.vertices) == 5
    assert faces() == before


def test_of_a_mesh_with_bones_what_has_other_weights_stays_apart() -> None:
    mesh = bpy.data.meshes.new("lids")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 1, 0), (1, 1, 0), (1, 0, 0)], [], [(0, 1, 2), (3, 4, 5)])
    obj = bpy.data.objects.new("lids", mesh)
    upper, lower = obj.vertex_groups.new(name="upper"), obj.vertex_groups.new(name="lower")
    upper.add([0, 1, 2, 5], 1.0, "REPLACE")
    lower.add([3, 4], 1.0, "REPLACE")
    assert geometry.merge_vertices(mesh) == 1
    held = [
        [[group.group for group in mesh.vertices[at].groups] for at in polygon.vertices] for polygon in mesh.polygons
    ]
    assert held == [[[0], [0], [0]], [[1], [1], [0]]]


# -----------------------------------------------------------------------------
# Chosen for a task


@pytest.mark.parametrize("how", ["by child", "in place"])
@pytest.mark.parametrize(("merge", "smooth_deg"), [(False, 0), (True, 0), (False, 60), (True, 60)])
def test_a_model_arrives_as_was_chosen(tmp_path: Path, how: str, merge: bool, smooth_deg: int) -> None:
    glb = glbs.seamed_sphere(tmp_path / "m.glb", export_normals=False)
    plain = len(brought(glb).vertices)
    if how == "by child":
        made = glbs.convert_kept(glb, tmp_path / "out", processing=Processing(merge=merge, smooth_deg=smooth_deg))
        collection = append_model(made.blend_path, bpy.context.scene)
    else:
        collection = import_model(glb, bpy.context.scene, name="Other", merge=merge, smooth_deg=smooth_deg)
    (obj,) = collection.objects
    assert (len(obj.data.vertices) < plain) == merge
    assert any(polygon.use_smooth for polygon in obj.data.polygons) == bool(smooth_deg)


@pytest.mark.parametrize("chosen", [{"merge": True}, {"smooth_deg": 30}])
def test_a_blend_that_was_made_with_other_options_is_converted_again(tmp_path: Path, chosen: dict[str, int]) -> None:
    glb = glbs.seamed_sphere(tmp_path / "m.glb", export_normals=False)
    blend = glbs.convert_kept(glb, tmp_path / "out").blend_path
    record = TaskRecord(
        id="a" * 32, flow="text-to-model", name="Model", stage=Stage.READY, model_path=str(glb),
        blend_path=str(blend), folder=str(tmp_path), placement=Placement(**chosen),
    )  # fmt: skip
    assert isinstance(import_task(record), ConvertAgain)
    made = {f"blend_{name}": value for name, value in chosen.items()}
    assert isinstance(import_task(record.with_(**made)), Imported)
    assert isinstance(import_task(record.with_(**made, placement=Placement())), ConvertAgain), "off again"
    assert isinstance(import_task(record.with_(blend_path="")), Imported), "in place"


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
        collection = append_model(glbs.convert_kept(glb, tmp_path / "out").blend_path, bpy.context.scene)
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
        node
        for one in plain.data.materials
        if one and one.node_tree
        for node in one.node_tree.nodes
        if node.bl_idname == kind
    ]
