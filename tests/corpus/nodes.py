# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes, wrapper empties, scenes, lights, cameras and instances. Plain Python, no ``bpy``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.corpus.builder import Glb, turn
from tests.corpus.case import DESIGNED, EQUAL, REFUSED, Case, one


def _nodes() -> Iterator[Case]:
    moves: dict[str, dict[str, Any]] = {
        "plain": {},
        "translation": {"translation": [1.0, 2.0, 3.0]},
        "rotation": {"rotation": turn(0.7)},
        "scale": {"scale": [1.0, 2.0, 0.5]},
        "negative-scale": {"scale": [-1.0, 1.0, 1.0]},
        "matrix": {"matrix": [0, 0, -2, 0, 0, 1, 0, 0, 2, 0, 0, 0, 4, 5, 6, 1]},
        "sheared": {"matrix": [1, 0, 0, 0, 0.5, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]},
        "extras": {"extras": {"price": 3, "who": "me", "list": [1, 2]}},
    }
    for name, more in moves.items():
        yield Case(f"node-{name}", one(Glb(), **more).packed())
    glb = Glb()
    mesh = glb.mesh()
    glb.scene(*(glb.node("Copy", mesh=mesh, translation=[2.0 * n, 0, 0]) for n in range(4)))
    yield Case("node-instances", glb.packed())
    glb = Glb()
    glb.scene(glb.node(mesh=glb.mesh()), glb.node(mesh=glb.mesh()))
    yield Case("node-without-names", glb.packed())
    for name, text in (
        ("long", "x" * 300),
        ("long-script", "模型" * 100),
        ("odd", "a/b:c.d [e]"),
        ("control", "a\tb\nc"),
        ("digits", "Thing.001"),
    ):
        glb = Glb()
        glb.scene(glb.node(text, mesh=glb.mesh(name=text)), glb.node("Other", mesh=glb.mesh()))
        yield Case(f"node-name-{name}", glb.packed())
    glb = Glb()
    inner = glb.node("Inner", mesh=glb.mesh(), translation=[0, 1, 0])
    for level in range(10):
        inner = glb.node(
            f"Level {level}", mesh=glb.mesh(), children=[inner], rotation=turn(0.2), translation=[0.1, 0, 0]
        )
    glb.scene(inner)
    yield Case("node-nested-meshes", glb.packed())
    glb = Glb()
    glb.scene(glb.node("Only", mesh=glb.mesh()), glb.node("Locator", translation=[0, 3, 0]))
    yield Case("node-locator", glb.packed())
    glb = Glb()
    parts = [glb.node(f"Part {n}", mesh=glb.mesh(), translation=[n, 0, 0]) for n in range(3)]
    glb.scene(glb.node("Group", children=parts))
    yield Case("node-group", glb.packed())
    glb = Glb()
    glb.scene(glb.node("Pivot", translation=[1, 1, 1], children=[glb.node("Door", mesh=glb.mesh())]))
    yield Case("node-pivot", glb.packed())
    yield Case("node-mesh-extras", one(glb := Glb(), glb.mesh(extras={"a": 1, "b": "c"})).packed())
    for name, value in (("number", 3), ("text", "words"), ("list", [1, 2]), ("null", None), ("true", True)):
        for place in ("node", "mesh", "material", "scene"):
            glb = Glb()
            material = glb.add("materials", name="Paint", **({"extras": value} if place == "material" else {}))
            mesh = glb.mesh(glb.primitive(material=material), **({"extras": value} if place == "mesh" else {}))
            node = glb.node("Thing", mesh=mesh, **({"extras": value} if place == "node" else {}))
            glb.scene(node, **({"extras": value} if place == "scene" else {}))
            # 5.3's importer fails on extras that are no object; the copy that it gets has none.
            yield Case(f"extras-{name}-{place}", glb.packed(), expected=EQUAL, reads="")
    glb = one(Glb())
    deep: Any = {"end": 1}
    for _ in range(40):
        deep = {"in": deep}
    glb.document["nodes"][0]["extras"] = deep
    yield Case("extras-deep", glb.packed())


def _wrappers() -> Iterator[Case]:
    for names in (("a", "b", "c"), ("c", "b", "a"), ("b", "a", "c"), ("a", "c", "b")):
        for move in ({}, {"rotation": turn(-1.5708, 0)}, {"scale": [0.01, 0.01, 0.01]}):
            glb = Glb()
            inner = glb.node(names[2], mesh=glb.mesh(), translation=[0, 0.5, 0])
            middle = glb.node(names[1], children=[inner], **move)
            glb.scene(glb.node(names[0], children=[middle]))
            how = "plain" if not move else next(iter(move))
            # The empties that only wrap the model are removed.
            yield Case(f"wrapper-{'-'.join(names)}-{how}", glb.packed(), expected=DESIGNED)
    glb = Glb()
    inner = glb.node("Model", mesh=glb.mesh())
    for n in range(20):
        inner = glb.node(f"Root {n % 7}", children=[inner], rotation=turn(0.1))
    glb.scene(inner)
    yield Case("wrapper-twenty", glb.packed(), expected=DESIGNED)
    glb = Glb()
    glb.scene(glb.node("Root", extras={"id": 7}, children=[glb.node("Model", mesh=glb.mesh())]))
    yield Case("wrapper-with-extras", glb.packed())


def _scenes() -> Iterator[Case]:
    for default in (0, 1, None):
        glb = Glb()
        glb.scene(glb.node("First", mesh=glb.mesh()), name="One")
        glb.scene(glb.node("Second", mesh=glb.mesh(), translation=[5, 0, 0]), name="Two")
        if default is None:
            del glb.document["scene"]
        else:
            glb.document["scene"] = default
        # Only the default scene is shown; 4.2 to 4.5 show all.
        yield Case(f"scene-two-default-{default}", glb.packed(), expected=DESIGNED)
    glb = Glb()
    glb.scene(glb.node("Shown", mesh=glb.mesh()))
    glb.node("In no scene", mesh=glb.mesh())
    yield Case("scene-node-outside", glb.packed(), expected=DESIGNED)
    glb = Glb()
    glb.node("Alone", mesh=glb.mesh())
    yield Case("scene-none", glb.packed(), expected=DESIGNED)
    glb = Glb()
    child = glb.node("Child", mesh=glb.mesh())
    glb.scene(glb.node("Parent", mesh=glb.mesh(), children=[child]), child)
    # The format forbids it; in the copy, a child is no root.
    yield Case("scene-lists-a-child", glb.packed(), expected=DESIGNED, reads="")
    glb = Glb()
    glb.scene()
    yield Case("scene-empty", glb.packed(), expected=REFUSED, reads="no")
    yield Case("scene-none-at-all", Glb().packed(), expected=REFUSED, reads="no")


def _others() -> Iterator[Case]:
    for kind, more in (
        ("point", {"range": 10.0}),
        ("spot", {"spot": {"innerConeAngle": 0.2, "outerConeAngle": 0.6}}),
        ("directional", {}),
    ):
        glb = Glb()
        glb.use("KHR_lights_punctual")
        light = {"type": kind, "color": [1.0, 0.8, 0.5], "intensity": 40.0, **more}
        glb.document["extensions"] = {"KHR_lights_punctual": {"lights": [light]}}
        node = glb.node("Lamp", extensions={"KHR_lights_punctual": {"light": 0}}, translation=[0, 3, 0])
        glb.scene(glb.node("Thing", mesh=glb.mesh()), node)
        yield Case(f"light-{kind}", glb.packed())
    for name, camera in (
        ("perspective", {"type": "perspective", "perspective": {"yfov": 0.8, "znear": 0.1, "zfar": 50.0}}),
        ("infinite", {"type": "perspective", "perspective": {"yfov": 0.8, "aspectRatio": 1.5, "znear": 0.1}}),
        (
            "orthographic",
            {"type": "orthographic", "orthographic": {"xmag": 2.0, "ymag": 2.0, "znear": 0.1, "zfar": 9.0}},
        ),
    ):
        glb = Glb()
        glb.scene(
            glb.node("Thing", mesh=glb.mesh()),
            glb.node("Eye", camera=glb.add("cameras", **camera), translation=[0, 0, 5]),
        )
        yield Case(f"camera-{name}", glb.packed())
    glb = Glb()
    glb.use("EXT_mesh_gpu_instancing")
    spots = glb.accessor([(2.0 * n, 0.0, 0.0) for n in range(3)])
    glb.scene(
        glb.node(
            "Trees", mesh=glb.mesh(), extensions={"EXT_mesh_gpu_instancing": {"attributes": {"TRANSLATION": spots}}}
        )
    )
    yield Case("instancing", glb.packed())


GROUPS = (
    _nodes,
    _wrappers,
    _scenes,
    _others,
)
