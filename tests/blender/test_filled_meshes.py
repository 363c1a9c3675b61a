# SPDX-License-Identifier: GPL-3.0-or-later
"""
A mesh that is filled from whole arrays is the mesh that Blender's importer makes of the same file, number for number.

Every file of the corpus is imported in both ways, with the limit for small meshes taken away, and so are meshes that
are made for what the filling does by itself. In this version of Blender; of files whose meshes are the same, bytes and
all, the first stands for the others in the versions that run a part of the suite.
"""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from scripts._dev import empty_file
from scripts._dev.version_suites import REST
from tests.blender import fresh
from tests.corpus.builder import BOX, BOX_INDICES, FLOAT, UINT, Glb
from tests.corpus.case import one
from tests.corpus.cases import corpus
from triverse_addon.scene.worker import gltf_fill, gltf_import, mesh_build

CASES = corpus()


def meshes_of(data: bytes) -> object:
    """Return what a file says of its meshes: how they are declared, with any material or none, and their numbers."""
    try:
        (length,) = struct.unpack_from("<I", data, 12)
        document, binary = json.loads(data[20 : 20 + length]), data[28 + length :]
        found: list[object] = [document.get("extensionsRequired")]
        for mesh in document["meshes"]:
            found.append({name: value for name, value in mesh.items() if name not in ("name", "primitives")})
            for primitive in mesh["primitives"]:
                numbers = [
                    *primitive["attributes"].values(),
                    *([primitive["indices"]] if "indices" in primitive else []),
                ]
                for accessor in (document["accessors"][number] for number in numbers):
                    view = document["bufferViews"][accessor["bufferView"]]
                    start = view.get("byteOffset", 0)
                    found.append({**accessor, "bufferView": {**view, "buffer": 0, "byteOffset": 0}})
                    found.append(binary[start : start + view["byteLength"]])
                plain = {"attributes": list(primitive["attributes"]), "material": "material" in primitive}
                found.append({**primitive, **plain, "indices": "indices" in primitive})
    except (KeyError, ValueError, IndexError, TypeError, struct.error):
        return data  # like no other
    return repr(found)


def cases() -> list[Any]:
    """Return the corpus, with what is told by an earlier file marked."""
    seen: set[object] = set()
    found = []
    for case in CASES:
        meshes = meshes_of(case.data)
        found.append(pytest.param(case, id=case.name, marks=[getattr(pytest.mark, REST)] if meshes in seen else []))
        seen.add(meshes)
    return found


#: Files of the corpus whose meshes are plain. If fewer are filled, something keeps them from it.
LEAST_FILLED = 40
_compared: set[str] = set()
_filled: set[str] = set()


@pytest.fixture(scope="module", autouse=True)
def factory_settings() -> None:
    """Once: each import begins with an empty file, and reading the preferences too takes longer than a small file."""
    fresh.empty_file()


@pytest.fixture(autouse=True)
def however_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gltf_fill, "MIN_TRIANGLES", 1)
    monkeypatch.setattr(mesh_build, "RANDOM_ORDER", 0.0)
    monkeypatch.setattr(mesh_build, "LEAST_RENUMBERED", 0)


def imported(path: Path, fill: gltf_fill.MeshFill | None) -> dict[str, Any] | str:
    """Import a file, and return all numbers of its meshes; the kind of the refusal if it is refused."""
    empty_file.read()
    options = bpy.ops.import_scene.gltf.get_rna_type().properties  # type: ignore[call-arg]
    units = gltf_import.Units(0.5, 24.0)
    try:
        made = gltf_import._read(str(path), units, options, fill)
    except gltf_import.RefusedError as error:
        return error.kind
    objects = [*made.shown, *made.others]
    meshes = {obj.name: numbers_of(obj.data) for obj in objects if obj.type == "MESH"}
    return {"meshes": meshes, "missing": made.missing, "objects": sorted(obj.name for obj in objects)}


def numbers_of(mesh: bpy.types.Mesh) -> dict[str, Any]:
    """Return everything that a mesh holds. Edges are a set: nothing in the file gives them an order."""
    found: dict[str, Any] = {
        "name": mesh.name,
        "materials": [material and material.name for material in mesh.materials],
        "properties": sorted(mesh.keys()),
        "shapes": len(mesh.shape_keys.key_blocks) if mesh.shape_keys else 0,
        "layers": [(layer.name, layer.active, layer.active_render) for layer in mesh.uv_layers],
        "has_normals": mesh.has_custom_normals,
        "attributes": sorted((one.name, one.domain, one.data_type) for one in mesh.attributes),
    }
    # What the next attributes have to be equal to: the corners of the file, in its order.
    for attribute in mesh.attributes:
        if attribute.name in (".edge_verts", ".corner_edge", "custom_normal") or attribute.domain == "EDGE":
            continue
        field, width, kind = {
            "FLOAT_VECTOR": ("vector", 3, np.float32),
            "FLOAT2": ("vector", 2, np.float32),
            "INT": ("value", 1, np.intc),
            "FLOAT": ("value", 1, np.float32),
            "BOOLEAN": ("value", 1, bool),
            "BYTE_COLOR": ("color", 4, np.float32),
            "FLOAT_COLOR": ("color", 4, np.float32),
        }.get(attribute.data_type, ("", 0, None))
        values: Any = None
        if field:
            values = np.empty(len(attribute.data) * width, kind)
            attribute.data.foreach_get(field, values)
            values = values.tobytes()
        found[f"{attribute.name} {attribute.domain} {attribute.data_type}"] = values
    edges = np.empty(2 * len(mesh.edges), np.intc)
    mesh.edges.foreach_get("vertices", edges)
    found["edges"] = sorted(tuple(sorted(pair)) for pair in edges.reshape(-1, 2).tolist())
    of_corner = np.empty(len(mesh.loops), np.intc)
    mesh.loops.foreach_get("edge_index", of_corner)
    found["corner edges"] = [tuple(sorted(pair)) for pair in edges.reshape(-1, 2)[of_corner].tolist()]
    sharp = np.empty(len(mesh.edges), bool)
    mesh.edges.foreach_get("use_edge_sharp", sharp)
    found["sharp edges"] = sorted(tuple(sorted(pair)) for pair in edges.reshape(-1, 2)[sharp].tolist())
    # Computed by Blender from what it knows of the faces at a vertex, which is told for each vertex by its number.
    of_vertex = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertex_normals.foreach_get("vector", of_vertex)
    found["vertex normals"] = of_vertex.tobytes()
    return found


def normals_of() -> dict[str, np.ndarray]:
    """Return the normals of all corners and vertices, by mesh, as they are computed from what the mesh holds."""
    found = {}
    for mesh in bpy.data.meshes:
        for kind in ("corner_normals", "vertex_normals"):
            of_mesh = getattr(mesh, kind)
            values = np.zeros(3 * len(of_mesh), np.float32)
            if len(values):
                of_mesh.foreach_get("vector", values)
            found[f"{mesh.name} {kind}"] = values
    return found


def compare(path: Path) -> gltf_fill.MeshFill | None:
    """
    Import a file in all ways; they must not differ. A mesh that is filled is filled again with its vertices renumbered.

    Return what filled; None if the filling gave up.
    """
    theirs = imported(path, None)
    their_normals = normals_of()
    filled = None
    for least in (10**9, 0):
        fill = gltf_fill.MeshFill()
        mesh_build.LEAST_RENUMBERED = least
        try:
            ours = imported(path, fill)
        except gltf_import._NotFilledError:
            assert not bpy.data.meshes, "nothing is left of the stubs"
            return None
        if isinstance(theirs, str) or isinstance(ours, str):
            assert ours == theirs
            return fill
        assert ours["objects"] == theirs["objects"]
        assert ours["missing"] == theirs["missing"]
        assert ours["meshes"].keys() == theirs["meshes"].keys()
        for name, their_mesh in theirs["meshes"].items():
            our_mesh = ours["meshes"][name]
            assert our_mesh.keys() == their_mesh.keys()
            for what, values in their_mesh.items():
                assert our_mesh[what] == values, f"{name}: {what}"
        our_normals = normals_of()
        assert our_normals.keys() == their_normals.keys()
        for name, values in our_normals.items():
            assert np.allclose(values, their_normals[name], rtol=0, atol=1e-6, equal_nan=True), name
        filled = fill
        if not any(plan.is_filled for plan in fill._plans.values()):
            break
    return filled


@pytest.mark.kind("corpus")
@pytest.mark.parametrize("case", cases())
def test_a_file_of_the_corpus_comes_out_alike(case: Any, tmp_path: Path) -> None:
    path = tmp_path / f"{case.name}.glb"
    path.write_bytes(case.data)
    fill = compare(path)
    _compared.add(case.name)
    if fill is not None and any(plan.is_filled for plan in fill._plans.values()):
        _filled.add(case.name)


def test_most_meshes_of_the_corpus_were_filled() -> None:
    """Where the tests above ran for all files."""
    assert len(_filled) >= LEAST_FILLED or _compared != {case.name for case in CASES}, sorted(_filled)


# -----------------------------------------------------------------------------
# Made for what the filling does by itself


def grid(edge: int) -> tuple[list[tuple[float, float, float]], list[int]]:
    """A waved sheet of triangles."""
    points = [(x / edge, ((x * 7 + y * 3) % 5) / 20, y / edge) for y in range(edge + 1) for x in range(edge + 1)]
    corners = []
    for y in range(edge):
        for x in range(edge):
            a = y * (edge + 1) + x
            corners += [a, a + edge + 1, a + 1, a + 1, a + edge + 1, a + edge + 2]
    return points, corners


def unit(choose: random.Random) -> tuple[float, float, float]:
    x, y, z = (choose.uniform(-1, 1) for _ in range(3))
    length = (x * x + y * y + z * z) ** 0.5 or 1.0
    return x / length, y / length, z / length


def sheet(
    edge: int = 12,
    *,
    change: Callable[[list[Any], list[int], random.Random], None] = lambda *_: None,
    with_normals: bool = True,
    uvs: int = 1,
    indexed: bool = True,
    smooth: bool = True,
) -> bytes:
    """A file with one sheet; ``change`` may do anything to its points and corners."""
    choose = random.Random(edge)
    glb = Glb()
    points, corners = grid(edge)
    change(points, corners, choose)
    if not indexed:
        points, corners = [points[corner] for corner in corners], []
    rows = [unit(choose) if smooth else (0.0, 1.0, 0.0) for _ in points]
    attributes = {f"TEXCOORD_{n}": glb.accessor([(p[0] * n, p[2]) for p in points]) for n in range(uvs)}
    if with_normals:
        attributes["NORMAL"] = glb.accessor(rows)
    index_type = {"index_type": UINT}
    mesh = glb.mesh(glb.primitive(points, corners or None, **index_type, **attributes))
    for accessor in glb.document["accessors"]:
        if "min" in accessor:  # what is no number could not be written
            accessor |= {"min": [0.0] * 3, "max": [1.0] * 3}
    return one(glb, mesh).packed()


def shuffle_vertices(points: list[Any], corners: list[int], choose: random.Random) -> None:
    order = list(range(len(points)))
    choose.shuffle(order)
    moved = [points[old] for old in order]
    place = {old: new for new, old in enumerate(order)}
    points[:], corners[:] = moved, [place[corner] for corner in corners]


def flatten(points: list[Any], _corners: list[int], _choose: random.Random) -> None:
    points[:] = [(x, 0.0, z) if x < 0.5 else (x, y, z) for x, y, z in points]


def repeat_a_triangle(_points: list[Any], corners: list[int], _choose: random.Random) -> None:
    corners += [corners[1], corners[2], corners[0], *corners[-3:], corners[2], corners[1], corners[0]]


def collapse_triangles(_points: list[Any], corners: list[int], choose: random.Random) -> None:
    for at in choose.sample(range(0, len(corners), 3), 5):
        corners[at + choose.randrange(1, 3)] = corners[at]


def lose_points(points: list[Any], _corners: list[int], choose: random.Random) -> None:
    points[choose.randrange(len(points))] = (float("nan"), 0.0, float("inf"))


def leave_points_out(points: list[Any], corners: list[int], choose: random.Random) -> None:
    shuffle_vertices(points, corners, choose)
    del corners[: len(corners) // 2 // 3 * 3]


SHEETS = {
    "plain": {},
    "two-uvs": {"uvs": 2},
    "no-uvs": {"uvs": 0},
    "no-normals": {"with_normals": False},
    "not-indexed": {"indexed": False},
    "random-order": {"change": shuffle_vertices},
    "random-order-large": {"change": shuffle_vertices, "edge": 60},
    "partly-flat": {"change": flatten, "smooth": False},
    "triangles-twice": {"change": repeat_a_triangle},
    "triangles-without-area": {"change": collapse_triangles},
    "points-nowhere": {"change": lose_points},
    "vertices-unused": {"change": leave_points_out},
}


@pytest.mark.parametrize("name", SHEETS)
def test_a_sheet_comes_out_alike(name: str, tmp_path: Path) -> None:
    path = tmp_path / "sheet.glb"
    path.write_bytes(sheet(**SHEETS[name]))  # type: ignore[arg-type]
    fill = compare(path)
    assert fill is not None
    assert [plan.is_filled for plan in fill._plans.values()] == [True]


def test_what_two_threads_look_at_comes_out_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of 50,000 faces, a second thread looks for flat ones in half of them."""
    monkeypatch.setattr(mesh_build, "_LEAST_SHARED", 2)
    for name in ("plain", "partly-flat", "triangles-twice"):
        path = tmp_path / f"{name}.glb"
        path.write_bytes(sheet(**SHEETS[name]))  # type: ignore[arg-type]
        fill = compare(path)
        assert fill is not None
        assert [plan.is_filled for plan in fill._plans.values()] == [True]


@pytest.mark.parametrize("seed", range(6))
def test_many_parts_come_out_alike(seed: int, tmp_path: Path) -> None:
    choose = random.Random(seed)
    glb = Glb()
    materials = [glb.add("materials", name=f"Paint {number}") for number in range(3)]
    parts = []
    for _ in range(choose.randrange(2, 6)):
        points, corners = grid(choose.randrange(1, 9))
        choose.choice((shuffle_vertices, flatten, repeat_a_triangle, leave_points_out))(points, corners, choose)
        attributes = {f"TEXCOORD_{n}": glb.accessor([p[:2] for p in points]) for n in range(choose.randrange(3))}
        if choose.random() < 0.6:
            attributes["NORMAL"] = glb.accessor([unit(choose) for _ in points])
        material = choose.choice((None, *materials))
        parts.append(glb.primitive(points, corners, index_type=UINT, material=material, **attributes))
    path = tmp_path / "parts.glb"
    path.write_bytes(one(glb, glb.mesh(*parts, extras={"a": 1})).packed())
    fill = compare(path)
    assert fill is not None
    assert [plan.is_filled for plan in fill._plans.values()] == [True]


def box(**changes: Any) -> Glb:
    glb = Glb()
    primitive = glb.primitive(NORMAL=glb.accessor([(0.0, 1.0, 0.0)] * 8))
    primitive["attributes"] |= changes.pop("attributes", {})
    return one(glb, glb.mesh({**primitive, **changes}))


def test_what_is_not_plain_is_left_to_the_importer(tmp_path: Path) -> None:
    strip = box(mode=5)
    morph = box()
    morph.document["meshes"][0]["primitives"][0]["targets"] = [{"POSITION": morph.accessor(BOX)}]
    colours = box()
    colours.document["meshes"][0]["primitives"][0]["attributes"]["COLOR_0"] = colours.accessor([(1.0, 0.0, 0.0)] * 8)
    sparse = box()
    sparse.document["accessors"][0]["sparse"] = {
        "count": 1,
        "indices": {"bufferView": sparse.view(struct.pack("<H", 0)), "componentType": 5123},
        "values": {"bufferView": sparse.view(struct.pack("<3f", 1, 2, 3))},
    }
    quantized = box()
    quantized.use("KHR_mesh_quantization", required=True)
    quantized.document["accessors"][0]["componentType"] = 5122
    for name, glb in {"strip": strip, "morph": morph, "colours": colours, "sparse": sparse, "short": quantized}.items():
        path = tmp_path / f"{name}.glb"
        path.write_bytes(glb.packed())
        fill = compare(path)
        assert fill is not None, name
        assert fill._plans == {}, name


def test_an_index_out_of_range_is_the_importers_matter(tmp_path: Path) -> None:
    glb = Glb()
    path = tmp_path / "far.glb"
    path.write_bytes(one(glb, glb.mesh(glb.primitive(BOX, [*BOX_INDICES[:-1], 99]))).packed())
    assert compare(path) is None


def test_a_fault_in_filling_costs_only_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sheet.glb"
    path.write_bytes(sheet())
    theirs = imported(path, None)

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    for where, name in ((mesh_build, "build"), (mesh_build, "_flat_faces"), (gltf_fill, "_slots")):
        with monkeypatch.context() as broken:
            broken.setattr(where, name, fail)
            assert compare(path) is None
    # As in the child, which is no package: it tries again without filling.
    empty_file.read()
    monkeypatch.setattr(gltf_import, "__package__", "")
    monkeypatch.setattr(gltf_import.from_file, "opened_files", lambda *_: __import__("contextlib").nullcontext())
    monkeypatch.setattr(mesh_build, "build", fail)
    made = gltf_import.read(str(path), gltf_import.Units(0.5, 24.0))
    assert isinstance(theirs, dict)
    assert numbers_of(made.shown[0].data) == theirs["meshes"][made.shown[0].name]


def test_small_meshes_are_left_to_the_importer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sheet.glb"
    path.write_bytes(sheet(12))
    monkeypatch.setattr(gltf_fill, "MIN_TRIANGLES", 2 * 12 * 12 + 1)
    fill = compare(path)
    assert fill is not None
    assert fill._plans == {}


def test_floats_of_the_builder_are_what_is_filled() -> None:
    assert FLOAT == gltf_fill._FLOAT
