# SPDX-License-Identifier: GPL-3.0-or-later
"""
What a batch makes of models with bones, shape keys and animations.

One: ``python scripts/test.py tests/blender/test_library_whole.py``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest
from mathutils import Vector

from tests.blender.test_library import opened, write
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
    shown = [obj.evaluated_get(graph) for obj in collection.objects if obj.type == "MESH"]
    points = [obj.matrix_world @ vertex.co for obj in shown for vertex in obj.data.vertices]
    return Vector(map(min, *points)), Vector(map(max, *points))


def moved(glb: Glb, node: int, path: str, values: list[Any]) -> None:
    sampler = {"input": glb.accessor([0.0, 10.0], bounds=True), "output": glb.accessor(values)}
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
