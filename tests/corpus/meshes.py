# SPDX-License-Identifier: GPL-3.0-or-later
"""Primitives, attributes, accessors and buffers. Plain Python, no ``bpy``."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Iterator
from typing import Any

from tests.corpus.builder import BOX, BOX_INDICES, BYTE, FLOAT, SHORT, UBYTE, UINT, USHORT, Glb, normals, uvs
from tests.corpus.case import DESIGNED, EQUAL, Case, floats, one


def _modes() -> Iterator[Case]:
    names = ("points", "lines", "line-loop", "line-strip", "triangles", "triangle-strip", "triangle-fan")
    for mode, name in enumerate(names):
        for indexed in (True, False):
            glb = Glb()
            indices = [0, 1, 2, 3, 4, 5] if indexed else None
            one(glb, glb.mesh(glb.primitive(BOX[:6], indices, mode=mode)))
            yield Case(f"mesh-{name}{'' if indexed else '-unindexed'}", glb.packed())
    for name, kind in (("ubyte", UBYTE), ("ushort", USHORT), ("uint", UINT)):
        glb = Glb()
        one(glb, glb.mesh(glb.primitive(index_type=kind)))
        yield Case(f"mesh-indices-{name}", glb.packed())


def _attributes() -> Iterator[Case]:
    def case(name: str, make: Callable[[Glb], dict[str, int]], *, material: bool = False, **more: Any) -> Case:
        glb = Glb()
        paint = glb.add("materials", name="Paint") if material else None
        one(glb, glb.mesh(glb.primitive(material=paint, **make(glb))))
        return Case(f"attribute-{name}", glb.packed(), **more)

    yield case("normals", lambda glb: {"NORMAL": glb.accessor(normals())})
    yield case(
        "normals-tangents",
        lambda glb: {
            "NORMAL": glb.accessor(normals()),
            "TANGENT": glb.accessor([(1.0, 0.0, 0.0, 1.0)] * 8),
            "TEXCOORD_0": glb.accessor(uvs()),
        },
    )
    yield case("normals-flat", lambda glb: {"NORMAL": glb.accessor([(0.0, 1.0, 0.0)] * 8)})
    for count in (1, 2, 4):
        yield case(f"uv-{count}", lambda glb, n=count: {f"TEXCOORD_{i}": glb.accessor(uvs()) for i in range(n)})
    for name, kind, top in (("ubyte", UBYTE, 255), ("ushort", USHORT, 65535)):
        rows = [(round(u * top), round(v * top)) for u, v in uvs()]
        yield case(f"uv-{name}", lambda glb, k=kind, r=rows: {"TEXCOORD_0": glb.accessor(r, k, normalized=True)})
    for width, (name, kind, top) in itertools.product(
        (3, 4), (("float", FLOAT, 1.0), ("ubyte", UBYTE, 255), ("ushort", USHORT, 65535))
    ):
        rows = [tuple((i + c) % 8 / 8 * top for c in range(width)) for i in range(8)]
        table = rows if kind == FLOAT else [tuple(round(v) for v in row) for row in rows]
        norm = {} if kind == FLOAT else {"normalized": True}
        for with_material in (True, False):
            # 4.2 to 4.5 make no material for colours, and show grey; here they are seen in every version.
            yield case(
                f"color-vec{width}-{name}{'' if with_material else '-no-material'}",
                lambda glb, t=table, k=kind, n=norm: {"COLOR_0": glb.accessor(t, k, **n)},
                material=with_material,
                expected=EQUAL if with_material else DESIGNED,
            )
    yield case(
        "color-two",
        lambda glb: {
            "COLOR_0": glb.accessor([(1.0, 0.0, 0.0)] * 8),
            "COLOR_1": glb.accessor([(0.0, 1.0, 0.0, 0.5)] * 8),
        },
        material=True,
    )
    yield case("custom-float", lambda glb: {"_HEAT": glb.accessor([i / 8 for i in range(8)])})
    yield case("custom-vec2", lambda glb: {"_FLOW": glb.accessor([(i, -i) for i in range(8)])})
    yield case("custom-vec3", lambda glb: {"_WIND": glb.accessor([(i, -i, 0.5) for i in range(8)])})
    yield case("custom-vec4", lambda glb: {"_MASK": glb.accessor([(i, -i, 0.5, 1.0) for i in range(8)])})
    yield case("custom-ushort", lambda glb: {"_ID": glb.accessor(list(range(8)), USHORT)})
    yield case("custom-ubyte", lambda glb: {"_PART": glb.accessor(list(range(8)), UBYTE)})
    yield case(
        "custom-normalized",
        lambda glb: {"_WEAR": glb.accessor([(i * 30, 0, 0, 255) for i in range(8)], UBYTE, normalized=True)},
        reads="",
    )
    yield case(
        "custom-two-types",
        lambda glb: {
            "_HEAT": glb.accessor([i / 8 for i in range(8)]),
            "_WIND": glb.accessor([(i, -i, 0.5) for i in range(8)]),
        },
        reads="",
    )


def _primitives() -> Iterator[Case]:
    glb = Glb()
    paint = [glb.add("materials", name=f"Paint {n}", doubleSided=bool(n % 2)) for n in range(3)]
    shared = glb.accessor(BOX, bounds=True)
    parts = [
        {
            "attributes": {"POSITION": shared},
            "indices": glb.accessor(BOX_INDICES[n * 12 : n * 12 + 12], USHORT),
            "material": paint[n],
        }
        for n in range(3)
    ]
    yield Case("primitive-shared-vertices", one(glb, glb.mesh(*parts)).packed())

    glb = Glb()
    paint = [glb.add("materials", name="Same")]
    yield Case(
        "primitive-one-material-twice",
        one(
            glb, glb.mesh(glb.primitive(material=0), glb.primitive([(x + 2, y, z) for x, y, z in BOX], material=0))
        ).packed(),
    )
    glb = Glb()
    glb.add("materials", name="Only one")
    yield Case(
        "primitive-with-and-without-material", one(glb, glb.mesh(glb.primitive(material=0), glb.primitive())).packed()
    )
    glb = Glb()
    yield Case(
        "primitive-lines-and-triangles",
        one(glb, glb.mesh(glb.primitive(), glb.primitive(BOX[:4], None, mode=1))).packed(),
    )
    glb = Glb()
    first = glb.primitive(TEXCOORD_0=glb.accessor(uvs()))
    yield Case("primitive-uv-in-one-only", one(glb, glb.mesh(first, glb.primitive())).packed())
    glb = Glb()
    yield Case("primitive-degenerate", one(glb, glb.mesh(glb.primitive(BOX, [0, 0, 1, *BOX_INDICES]))).packed())
    glb = Glb()
    yield Case(
        "primitive-same-face-twice", one(glb, glb.mesh(glb.primitive(BOX, BOX_INDICES[:6] + BOX_INDICES[:3]))).packed()
    )
    glb = Glb()
    yield Case("primitive-vertices-unused", one(glb, glb.mesh(glb.primitive(BOX, BOX_INDICES[:3]))).packed())
    glb = Glb()
    yield Case(
        "primitive-many",
        one(glb, glb.mesh(*(glb.primitive([(x + 2 * n, y, z) for x, y, z in BOX]) for n in range(12)))).packed(),
    )


def _accessors() -> Iterator[Case]:
    glb = Glb()
    rows = b"".join(floats(*position, *normal, *uv) for position, normal, uv in zip(BOX, normals(), uvs(), strict=True))
    view = glb.view(rows, byteStride=32)
    attributes = {
        name: glb.add("accessors", bufferView=view, byteOffset=start, componentType=FLOAT, count=8, type=kind, **more)
        for name, start, kind, more in (
            ("POSITION", 0, "VEC3", {"min": [-0.5, 0.0, -0.5], "max": [0.5, 1.0, 0.5]}),
            ("NORMAL", 12, "VEC3", {}),
            ("TEXCOORD_0", 24, "VEC2", {}),
        )
    }
    mesh = glb.mesh({"attributes": attributes, "indices": glb.accessor(BOX_INDICES, USHORT)})
    yield Case("accessor-interleaved", one(glb, mesh).packed())

    for name, base in (("sparse", True), ("sparse-without-base", False)):
        glb = Glb()
        position = glb.accessor(BOX, bounds=True)
        accessor = glb.document["accessors"][position]
        if not base:
            del accessor["bufferView"]
        accessor["sparse"] = {
            "count": 3,
            "indices": {"bufferView": glb.view(bytes([1, 0, 3, 0, 7, 0])), "componentType": USHORT},
            "values": {"bufferView": glb.view(floats(-0.5, 2, 0.5, 0.5, 2, 0.5, 0.1, 0.2, 0.3))},
        }
        mesh = glb.mesh({"attributes": {"POSITION": position}, "indices": glb.accessor(BOX_INDICES, USHORT)})
        yield Case(f"accessor-{name}", one(glb, mesh).packed())

    glb = Glb()
    glb.use("KHR_mesh_quantization", required=True)
    position = glb.accessor([tuple(round(v * 100) for v in row) for row in BOX], SHORT, bounds=True)
    normal = glb.accessor([tuple(round(v * 127) for v in row) for row in normals()], BYTE, normalized=True)
    mesh = glb.mesh(
        {"attributes": {"POSITION": position, "NORMAL": normal}, "indices": glb.accessor(BOX_INDICES, USHORT)}
    )
    yield Case("accessor-quantized", one(glb, mesh, scale=[0.01] * 3).packed())

    glb = one(Glb())
    glb.view(b"nobody looks at this")
    yield Case("accessor-view-unused", glb.packed())
    glb = one(Glb())
    glb.document["buffers"] = [{"byteLength": len(glb.binary)}, {"byteLength": 100}]
    yield Case("buffer-without-data-unused", glb.packed(), reads="")
    glb = one(Glb())
    data = base64.b64encode(bytes(glb.binary)).decode()
    for mime in ("application/octet-stream", "application/gltf-buffer", "x/y;charset=utf-8"):
        inside = one(Glb())
        inside.document["buffers"] = [{"byteLength": len(glb.binary), "uri": f"data:{mime};base64,{data}"}]
        inside.binary.clear()
        yield Case(f"buffer-data-uri-{mime.partition('/')[0]}-{mime.partition('/')[2][:2]}", inside.packed(), reads="")


GROUPS = (
    _modes,
    _attributes,
    _primitives,
    _accessors,
)
