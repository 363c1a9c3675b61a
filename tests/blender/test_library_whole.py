# SPDX-License-Identifier: GPL-3.0-or-later
"""
What a batch leaves in models with bones, shape keys, animations, variants, lights and points, and in their exports.

One: ``python scripts/test.py tests/blender/test_library_whole.py``.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import pytest
from mathutils import Vector

from tests.blender.test_library import opened, read_back, write
from tests.corpus.builder import BOX, UBYTE, Glb, turn
from triverse_addon.scene.child.command import child_command
from triverse_addon.scene.child.library_writer import ChildAssetWriter
from triverse_addon.tasks.record.processing import Processing

pytestmark = pytest.mark.usefixtures("fresh_file")

_EDGE = 12
#: A cloth of many triangles, one wide and deep, and where it hangs.
CLOTH = [
    (x / _EDGE, 1.0 + 0.2 * math.sin(x) * math.cos(z), z / _EDGE) for x in range(_EDGE + 1) for z in range(_EDGE + 1)
]
CLOTH_INDICES = [
    corner + at
    for at in (x * (_EDGE + 1) + z for x in range(_EDGE) for z in range(_EDGE))
    for corner in (0, 1, _EDGE + 1, 1, _EDGE + 2, _EDGE + 1)
]


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChildAssetWriter]:
    writer = ChildAssetWriter(child_command("library_worker"), tmp_path_factory.mktemp("work"))
    yield writer
    writer.close()


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return tmp_path / "library"


def made(tmp_path: Path, build: Callable[[Glb], None]) -> Path:
    """Write the GLB that ``build`` makes."""
    glb = Glb()
    build(glb)
    path = tmp_path / "m.glb"
    path.write_bytes(glb.packed())
    return path


def extent(collection: bpy.types.Collection) -> tuple[Vector, Vector]:
    """Lowest and highest corner of what the meshes show."""
    graph = bpy.context.evaluated_depsgraph_get()
    shown = [obj.evaluated_get(graph) for obj in collection.all_objects if obj.type == "MESH"]
    points = [obj.matrix_world @ vertex.co for obj in shown for vertex in obj.data.vertices]
    return Vector(map(min, *points)), Vector(map(max, *points))


def document(path: Path) -> dict[str, Any]:
    """Return the JSON of a GLB."""
    data = path.read_bytes()
    return json.loads(data[20 : 20 + struct.unpack_from("<I", data, 12)[0]])


def moved(glb: Glb, node: int, path: str, values: list[Any], seconds: float = 10.0) -> None:
    sampler = {"input": glb.accessor([0.0, seconds], bounds=True), "output": glb.accessor(values)}
    channel = {"sampler": 0, "target": {"node": node, "path": path}}
    glb.add("animations", name="Move", samplers=[sampler], channels=[channel])


def cloth(glb: Glb, **more: Any) -> dict[str, Any]:
    return glb.primitive(CLOTH, CLOTH_INDICES, **more)


def posed(glb: Glb) -> None:
    """A box of one metre that its bones pull up to three."""
    tip = glb.node("Tip", translation=[0, 3, 0])
    root = glb.node("Base", children=[tip])
    unit = [1.0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
    inverse = glb.accessor([unit, [*unit[:13], -1.0, *unit[14:]]])
    skin = glb.add("skins", joints=[root, tip], inverseBindMatrices=inverse)
    joints = glb.accessor([(0, 1, 0, 0)] * 8, UBYTE)
    weights = glb.accessor([(1 - y, y, 0, 0) for _, y, _ in BOX])
    glb.scene(glb.node("Skin", mesh=glb.mesh(glb.primitive(JOINTS_0=joints, WEIGHTS_0=weights)), skin=skin), root)


def shaped(glb: Glb) -> None:
    """A cloth that its shape key pulls up by two metres on one side."""
    part = cloth(glb)
    part["targets"] = [{"POSITION": glb.accessor([(0.0, 2 * z, 0.0) for _, _, z in CLOTH], bounds=True)}]
    glb.scene(glb.node("Cloth", mesh=glb.mesh(part, weights=[1.0])))


# -----------------------------------------------------------------------------
# Size and place


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("translation", [(2, 5, 0), (2, 6, 0)]),
        ("rotation", [turn(0.5, 0), turn(0.5, 0)]),
        ("scale", [(1, 1, 1), (2, 2, 2)]),
    ],
)
def test_an_animated_object_is_scaled_and_put_on_the_ground(
    path: str, values: list[Any], writer: ChildAssetWriter, library: Path, tmp_path: Path
) -> None:
    """What is set to its own transform is overwritten by its animation as soon as a file with it is opened."""

    def build(glb: Glb) -> None:
        node = glb.node("Thing", mesh=glb.mesh(), translation=[2, 5, 0])
        glb.scene(node, glb.node("Still", mesh=glb.mesh(), translation=[4, 5, 0]))
        moved(glb, node, path, values)

    asset = write(writer, library, made(tmp_path, build), Processing(height_m=2.0, ground=True, hull=True, lods=1))
    for collection in (opened(library, asset), bpy.data.collections["A blue vase LOD1"]):
        low, high = extent(collection)
        assert (low.z, high.z) == pytest.approx((0.0, 2.0), abs=0.01)
        assert tuple(low)[:2] == pytest.approx(tuple(-high)[:2], abs=0.01)


@pytest.mark.parametrize("build", [posed, shaped])
def test_size_hull_and_levels_are_those_of_the_shape_that_is_shown(
    build: Callable[[Glb], None], writer: ChildAssetWriter, library: Path, tmp_path: Path
) -> None:
    """Bones and shape keys make of the mesh what is seen, three times as high here."""
    asset = write(writer, library, made(tmp_path, build), Processing(height_m=2.0, ground=True, hull=True, lods=1))
    for collection in (opened(library, asset), bpy.data.collections["A blue vase LOD1"]):
        low, high = extent(collection)
        assert (low.z, high.z) == pytest.approx((0.0, 2.0), abs=0.05)


@pytest.mark.parametrize("size", [1.0, 1e-6])
def test_a_small_mesh_that_its_node_scales_up_keeps_its_triangles(
    size: float, writer: ChildAssetWriter, library: Path, tmp_path: Path
) -> None:
    """Its vertices lie closer to each other than what is merged as one place in a larger mesh."""

    def small(glb: Glb) -> None:
        places = [(x * size, y * size, z * size) for x, y, z in CLOTH]
        glb.scene(glb.node("Cloth", mesh=glb.mesh(glb.primitive(places, CLOTH_INDICES)), scale=[1 / size] * 3))

    asset = write(writer, library, made(tmp_path, small), Processing(merge=True, lods=1))
    assert asset.triangles == len(CLOTH_INDICES) / 3
    opened(library, asset)
    level = bpy.data.collections["A blue vase LOD1"].objects[0].data
    assert asset.triangles / 2 - 2 <= len(level.polygons) <= asset.triangles / 2


def test_bones_that_move_do_not_get_an_empty_above_them(
    writer: ChildAssetWriter, library: Path, tmp_path: Path
) -> None:
    def build(glb: Glb) -> None:
        posed(glb)
        moved(glb, 0, "rotation", [turn(0.0, 0), turn(0.5, 0)])

    collection = opened(library, write(writer, library, made(tmp_path, build), Processing(height_m=2.0, ground=True)))
    assert sorted(obj.type for obj in collection.objects) == ["ARMATURE", "MESH"]
    low, high = extent(collection)
    assert (low.z, high.z) == pytest.approx((0.0, 2.0), abs=0.05)


def test_each_part_of_a_model_of_many_keeps_its_name_when_all_are_decimated(
    writer: ChildAssetWriter, library: Path, tmp_path: Path
) -> None:
    """All are exchanged and removed at once: one by one takes time with the square of their number."""
    count = 60

    def build(glb: Glb) -> None:
        parts = [
            glb.node(f"Part {n}", mesh=glb.mesh(cloth(glb)), translation=[n % 30, 0, n // 30]) for n in range(count)
        ]
        glb.scene(*parts)

    asset = write(writer, library, made(tmp_path, build), Processing(decimate=count * 144))
    collection = opened(library, asset)
    assert {obj.name for obj in collection.objects} == {f"Part {number}" for number in range(count)}
    assert {obj.data.name for obj in collection.objects} == {f"Mesh_{number}" for number in range(count)}
    assert {mesh.name for mesh in bpy.data.meshes} == {obj.data.name for obj in collection.objects}


# -----------------------------------------------------------------------------
# Exports


def test_an_exported_glb_has_the_pose(writer: ChildAssetWriter, library: Path, tmp_path: Path) -> None:
    asset = write(writer, library, made(tmp_path, posed), Processing(exports=("glb",)))
    nodes = {node["name"]: node for node in document(library / asset.files["glb"])["nodes"]}
    assert nodes["Tip"]["translation"] == pytest.approx([0, 3, 0], abs=1e-4)


def test_an_exported_glb_has_all_that_the_model_has(writer: ChildAssetWriter, library: Path, tmp_path: Path) -> None:
    def build(glb: Glb) -> None:
        glb.use("KHR_lights_punctual")
        glb.document["extensions"] = {"KHR_lights_punctual": {"lights": [{"type": "point", "intensity": 100.0}]}}
        camera = glb.add("cameras", type="perspective", perspective={"yfov": 0.8, "znear": 0.1})
        heat = glb.accessor([x for x, _, _ in CLOTH])
        glb.scene(
            glb.node("Eye", camera=camera, translation=[0, 1, 5]),
            glb.node("Lamp", extensions={"KHR_lights_punctual": {"light": 0}}, translation=[0, 4, 0]),
            glb.node("Lines", mesh=glb.mesh(glb.primitive([(0, 0, 0), (0, 2, 0), (1, 1, 0)], [0, 1, 1, 2], mode=1))),
            glb.node("Points", mesh=glb.mesh(glb.primitive([(0, 0, 0), (0, 2, 0), (1, 1, 3)], None, mode=0))),
            glb.node("Cloth", mesh=glb.mesh(cloth(glb, _HEAT=heat))),
        )

    asset = write(writer, library, made(tmp_path, build), Processing(decimate=200, lods=1, exports=("glb",)))
    for kind, suffix in (("glb", ""), ("glb_lod1", "_LOD1")):
        found = document(library / asset.files[kind])
        nodes = {node["name"].removesuffix(suffix): node for node in found["nodes"]}
        assert "camera" in nodes["Eye"]
        assert "KHR_lights_punctual" in nodes["Lamp"]["extensions"]
        parts = {name: found["meshes"][node["mesh"]]["primitives"] for name, node in nodes.items() if "mesh" in node}
        modes = {name: [part.get("mode", 4) for part in primitives] for name, primitives in parts.items()}
        assert modes == {"Lines": [1], "Points": [0], "Cloth": [4]}
        assert "_HEAT" in parts["Cloth"][0]["attributes"]


def test_a_shape_is_as_it_is_shown_in_all_exports(writer: ChildAssetWriter, library: Path, tmp_path: Path) -> None:
    """Blender writes shape keys as USD without their values."""
    asset = write(writer, library, made(tmp_path, shaped), Processing(exports=("glb", "fbx", "usd", "obj")))
    low, high = extent(opened(library, asset))
    assert high.z - low.z > 2
    for kind in ("glb", "fbx", "usd", "obj"):
        read_back(library / asset.files[kind], kind)
        bpy.context.view_layer.update()
        for found, wanted in zip(extent(bpy.context.scene.collection), (low, high), strict=True):
            assert tuple(found) == pytest.approx(tuple(wanted), abs=0.001), kind


def test_an_exported_animation_reaches_its_end(writer: ChildAssetWriter, library: Path, tmp_path: Path) -> None:
    """Seven frames of 30 a second end between two frames of the library's 24, and the exporter samples whole ones."""

    def build(glb: Glb) -> None:
        door = glb.node("Door", mesh=glb.mesh())
        glb.scene(door)
        moved(glb, door, "translation", [(0, 0, 0), (1, 0, 0)], seconds=7 / 30)

    asset = write(writer, library, made(tmp_path, build), Processing(exports=("glb",)))
    found = document(library / asset.files["glb"])
    sampler = found["animations"][0]["samplers"][0]
    assert found["accessors"][sampler["input"]]["max"][0] == pytest.approx(6 / 24)
    values = found["accessors"][sampler["output"]]
    data = (library / asset.files["glb"]).read_bytes()
    start = 28 + struct.unpack_from("<I", data, 12)[0] + found["bufferViews"][values["bufferView"]]["byteOffset"]
    assert struct.unpack_from("<3f", data, start + 12 * (values["count"] - 1)) == pytest.approx((1, 0, 0), abs=1e-5)
    opened(library, asset)
    (action,) = bpy.data.actions
    assert action.frame_range[1] == pytest.approx(5.6)


def variants(glb: Glb) -> None:
    """A shoe of two parts, both red, the second of which is blue in another variant; with extras."""
    glb.use("KHR_materials_variants")
    glb.document["extensions"] = {"KHR_materials_variants": {"variants": [{"name": "Plain"}, {"name": "Sport"}]}}
    red, twin, blue = (
        glb.add("materials", name=name, pbrMetallicRoughness={"baseColorFactor": colour})
        for name, colour in (("Red", [1, 0, 0, 1]), ("Also red", [1, 0, 0, 1]), ("Blue", [0, 0, 1, 1]))
    )
    upper, sole = cloth(glb, material=red), glb.primitive(material=twin)
    for part, sport in ((upper, red), (sole, blue)):
        mappings = [{"material": part["material"], "variants": [0]}, {"material": sport, "variants": [1]}]
        part["extensions"] = {"KHR_materials_variants": {"mappings": mappings}}
    glb.scene(glb.node("Shoe", mesh=glb.mesh(upper, sole, extras={"size": 42})))


@pytest.mark.parametrize(
    "post", [Processing(), Processing(cleanup=True), Processing(decimate=150), Processing(cleanup=True, lods=1)]
)
def test_material_variants_and_extras_survive(
    post: Processing, writer: ChildAssetWriter, library: Path, tmp_path: Path
) -> None:
    asset = write(writer, library, made(tmp_path, variants), replace(post, exports=("glb",)))
    for kind in {"glb", "glb_lod1"} & asset.files.keys():
        found = document(library / asset.files[kind])
        names = [variant["name"] for variant in found["extensions"]["KHR_materials_variants"]["variants"]]
        assert names == ["Plain", "Sport"]
        (mesh,) = found["meshes"]
        assert mesh["extras"]["size"] == 42
        colours = {}
        for number, part in enumerate(mesh["primitives"]):
            for mapping in part["extensions"]["KHR_materials_variants"]["mappings"]:
                material = found["materials"][mapping["material"]]
                for variant in mapping["variants"]:
                    colours[number, names[variant]] = material["pbrMetallicRoughness"]["baseColorFactor"][0]
        assert sorted(colours.values()) == [0, 1, 1, 1], colours


def test_a_model_without_variants_gets_none_of_the_one_before(
    writer: ChildAssetWriter, library: Path, tmp_path: Path
) -> None:
    write(writer, library, made(tmp_path, variants), Processing(exports=("glb",)))
    asset = write(writer, library, made(tmp_path, shaped), Processing(exports=("glb",)))
    assert "KHR_materials_variants" not in document(library / asset.files["glb"]).get("extensions", {})


# -----------------------------------------------------------------------------
# Cleaning up


def test_materials_with_other_extras_stay_apart(writer: ChildAssetWriter, library: Path, tmp_path: Path) -> None:
    def build(glb: Glb) -> None:
        nodes = []
        for number, extras in enumerate(({"part": 7}, {"part": 8, "tags": [1, 2]}, {}, {}, {"part": 7})):
            material = glb.add("materials", name=f"Glaze {number}", **({"extras": extras} if extras else {}))
            part = glb.primitive(material=material)
            nodes.append(glb.node(str(number), mesh=glb.mesh(part), translation=[2 * number, 0, 0]))
        glb.scene(*nodes)

    collection = opened(library, write(writer, library, made(tmp_path, build), Processing(cleanup=True)))
    used = {obj.name: obj.data.materials[0] for obj in collection.objects}
    assert (used["0"], used["2"]) == (used["4"], used["3"]), "these are equal"
    assert [used[name].get("part") for name in "012"] == [7, 8, None]
