# SPDX-License-Identifier: GPL-3.0-or-later
"""Skins, shape keys and animations. Plain Python, no ``bpy``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.corpus.builder import BOX, UBYTE, Glb, normals, turn
from tests.corpus.case import Case, one


def _skins() -> Iterator[Case]:
    for name, options in (
        ("two-joints", {}),
        ("without-inverse", {"inverse": False}),
        ("skeleton", {"skeleton": True}),
        ("eight-weights", {"sets": 2}),
        ("under-empty", {"under": True}),
        ("two-meshes", {"meshes": 2}),
        ("animated", {"animated": True}),
        # The importer leaves such a node as an empty, and gives its mesh to the armature.
        ("with-child", {"child": True}),
        ("shapes-animated", {"shapes": True}),
    ):
        yield Case(f"skin-{name}", _skinned(**options).packed())


def _skinned(
    *,
    inverse: bool = True,
    skeleton: bool = False,
    sets: int = 1,
    under: bool = False,
    meshes: int = 1,
    animated: bool = False,
    child: bool = False,
    shapes: bool = False,
) -> Glb:
    glb = Glb()
    tip = glb.node("Tip", translation=[0, 1, 0])
    root = glb.node("Base", children=[tip])
    skin: dict[str, Any] = {"joints": [root, tip], "name": "Bones"}
    if inverse:
        unit = [1.0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
        skin["inverseBindMatrices"] = glb.accessor([unit, [*unit[:13], -1.0, *unit[14:]]])
    if skeleton:
        skin["skeleton"] = root
    index = glb.add("skins", **skin)
    nodes = []
    for number in range(meshes):
        attributes = {}
        for part in range(sets):
            attributes[f"JOINTS_{part}"] = glb.accessor([(0, 1, 0, 0)] * 8, UBYTE)
            share = 1.0 / sets
            attributes[f"WEIGHTS_{part}"] = glb.accessor([(share * (1 - y), share * y, 0, 0) for _, y, _ in BOX])
        part = glb.primitive(**attributes)
        if shapes:
            part["targets"] = [{"POSITION": glb.accessor([(0.0, y, 0.0) for _, y, _ in BOX], bounds=True)}]
        below = {"children": [glb.node("Hat", mesh=glb.mesh())]} if child else {}
        nodes.append(glb.node(f"Skin {number}", mesh=glb.mesh(part), skin=index, **below))
    top = [*nodes, root]
    if under:
        top = [glb.node("Rig", children=top)]
    glb.scene(*top)
    if animated:
        _animate(glb, tip, "rotation", [turn(0.0, 0), turn(0.5, 0), turn(0.0, 0)])
    if shapes:
        _animate(glb, nodes[0], "weights", [[0.0], [1.0], [0.0]])
    return glb


def _morphs() -> Iterator[Case]:
    for name, options in (
        ("two", {}),
        ("normals", {"with_normals": True}),
        ("named", {"extras": {"targetNames": ["Smile", "Frown"]}}),
        ("weights", {"weights": [0.25, 0.75]}),
        ("same-names", {"extras": {"targetNames": ["Same", "Same"]}}),
    ):
        glb = Glb()
        part = glb.primitive(NORMAL=glb.accessor(normals()))
        with_normals = options.pop("with_normals", False)
        part["targets"] = [
            {
                "POSITION": glb.accessor([(0.0, amount * y, 0.0) for _, y, _ in BOX], bounds=True),
                **({"NORMAL": glb.accessor([(0.0, 0.1, 0.0)] * 8)} if with_normals else {}),
            }
            for amount in (0.5, -0.5)
        ]
        yield Case(f"morph-{name}", one(glb, glb.mesh(part, **options)).packed())
    glb = Glb()
    part = glb.primitive()
    part["targets"] = [{"POSITION": glb.accessor([(0.0, y, 0.0) for _, y, _ in BOX], bounds=True)}]
    node = glb.node("Face", mesh=glb.mesh(part, weights=[0.0]))
    glb.scene(node)
    _animate(glb, node, "weights", [[0.0], [1.0], [0.0]])
    yield Case("morph-animated", glb.packed())


def _animate(glb: Glb, node: int, path: str, values: list[Any], *, mode: str = "LINEAR", name: str = "Move") -> None:
    flat: Any = [value[0] for value in values] if path == "weights" else values
    count = len(values) // 3 if mode == "CUBICSPLINE" else len(values)
    sampler = {
        "input": glb.accessor([n * 0.5 for n in range(count)], bounds=True),
        "output": glb.accessor(flat),
        "interpolation": mode,
    }
    glb.add(
        "animations", name=name, samplers=[sampler], channels=[{"sampler": 0, "target": {"node": node, "path": path}}]
    )


def _animations() -> Iterator[Case]:
    for path, values in (
        ("translation", [(0, 0, 0), (0, 1, 0), (0, 0, 0)]),
        ("rotation", [turn(0.0), turn(1.5), turn(3.0)]),
        ("scale", [(1, 1, 1), (2, 2, 2), (1, 1, 1)]),
    ):
        for mode in ("LINEAR", "STEP", "CUBICSPLINE"):
            glb = Glb()
            node = glb.node("Thing", mesh=glb.mesh())
            glb.scene(node)
            rows: list[Any] = list(values)
            if mode == "CUBICSPLINE":
                zero = [0.0] * len(values[0])
                rows = [row for value in values for row in (zero, value, zero)]
            _animate(glb, node, path, rows, mode=mode)
            yield Case(f"animation-{path}-{mode.lower()}", glb.packed())
    glb = Glb()
    node = glb.node("Thing", mesh=glb.mesh())
    glb.scene(node)
    for name in ("Walk", "Run", "Walk"):
        _animate(glb, node, "translation", [(0, 0, 0), (1, 0, 0)], name=name)
    yield Case("animation-three", glb.packed())
    glb = Glb()
    inner = glb.node("Thing", mesh=glb.mesh())
    turntable = glb.node("Turntable", children=[inner])
    glb.scene(turntable)
    _animate(glb, turntable, "rotation", [turn(0.0), turn(1.0)])
    yield Case("animation-of-an-empty", glb.packed())
    glb = Glb()
    glb.use("KHR_animation_pointer")
    node = glb.node("Thing", mesh=glb.mesh())
    glb.scene(node)
    _animate(glb, node, "translation", [(0, 0, 0), (0, 1, 0)])
    yield Case("animation-optional-pointer", glb.packed())


GROUPS = (
    _skins,
    _morphs,
    _animations,
)
