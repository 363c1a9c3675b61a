# SPDX-License-Identifier: GPL-3.0-or-later
"""Materials with their extensions, textures and pictures. Plain Python, no ``bpy``."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterator
from typing import Any

from tests.corpus.builder import Glb, png
from tests.corpus.case import BMP, DESIGNED, JPEG, WEBP, Case, one, surface


def _materials() -> Iterator[Case]:
    plain: dict[str, dict[str, Any]] = {
        "empty": {},
        "color": {"pbrMetallicRoughness": {"baseColorFactor": [0.2, 0.4, 0.6, 1.0]}},
        "metal": {"pbrMetallicRoughness": {"metallicFactor": 1.0, "roughnessFactor": 0.2}},
        "emissive": {"emissiveFactor": [1.0, 0.5, 0.0]},
        "mask": {"alphaMode": "MASK", "alphaCutoff": 0.3, "pbrMetallicRoughness": {"baseColorFactor": [1, 1, 1, 0.5]}},
        "blend": {"alphaMode": "BLEND", "pbrMetallicRoughness": {"baseColorFactor": [1, 1, 1, 0.5]}},
        "double-sided": {"doubleSided": True},
        "extras": {"extras": {"studio": "x", "n": 3}},
    }
    for name, material in plain.items():
        yield Case(f"material-{name}", surface(Glb(), **material).packed())
    for slot in ("baseColorTexture", "metallicRoughnessTexture"):
        glb = Glb()
        yield Case(f"material-{slot}", surface(glb, pbrMetallicRoughness={slot: {"index": glb.texture()}}).packed())
    for slot, more in (
        ("normalTexture", {"scale": 0.5}),
        ("occlusionTexture", {"strength": 0.7}),
        ("emissiveTexture", {}),
    ):
        glb = Glb()
        material = {slot: {"index": glb.texture(), **more}, "emissiveFactor": [1.0, 1.0, 1.0]}
        yield Case(f"material-{slot}", surface(glb, **material).packed())
    glb = Glb()
    orm = glb.texture()
    yield Case(
        "material-all-textures",
        surface(
            glb,
            pbrMetallicRoughness={
                "baseColorTexture": {"index": glb.texture()},
                "metallicRoughnessTexture": {"index": orm},
            },
            normalTexture={"index": glb.texture(png(16, 16))},
            occlusionTexture={"index": orm},
            emissiveTexture={"index": glb.texture(png(4, 4))},
            emissiveFactor=[0.1, 0.2, 0.3],
            alphaMode="BLEND",
        ).packed(),
    )
    extensions: dict[str, dict[str, Any]] = {
        "clearcoat": {"clearcoatFactor": 0.8, "clearcoatRoughnessFactor": 0.1},
        "transmission": {"transmissionFactor": 0.9},
        "volume": {"thicknessFactor": 0.2, "attenuationDistance": 2.0, "attenuationColor": [0.5, 0.9, 0.7]},
        "ior": {"ior": 1.33},
        "specular": {"specularFactor": 0.5, "specularColorFactor": [0.9, 0.5, 0.1]},
        "sheen": {"sheenColorFactor": [0.3, 0.1, 0.1], "sheenRoughnessFactor": 0.4},
        "emissive_strength": {"emissiveStrength": 5.0},
        "iridescence": {"iridescenceFactor": 1.0, "iridescenceIor": 1.3},
        "anisotropy": {"anisotropyStrength": 0.6, "anisotropyRotation": 1.2},
        "dispersion": {"dispersion": 0.1},
        "unlit": {},
        "pbrSpecularGlossiness": {"diffuseFactor": [0.1, 0.7, 0.3, 1.0], "glossinessFactor": 0.4},
    }
    for name, value in extensions.items():
        glb = Glb()
        glb.use(f"KHR_materials_{name}")
        material = {"extensions": {f"KHR_materials_{name}": value}, "emissiveFactor": [0.5, 0.5, 0.5]}
        yield Case(f"material-{name}", surface(glb, **material).packed())
        if name in ("iridescence", "dispersion", "anisotropy"):
            # Not every version reads it; it only adds to the material, so the rest is read.
            glb.use(f"KHR_materials_{name}", required=True)
            yield Case(f"material-{name}-required", glb.packed(), expected=DESIGNED, reads="")
    glb = Glb()
    glb.use("KHR_materials_variants")
    glb.document["extensions"] = {"KHR_materials_variants": {"variants": [{"name": "red"}, {"name": "blue"}]}}
    for color in ([1, 0, 0, 1], [0, 0, 1, 1]):
        glb.add("materials", name="Paint", pbrMetallicRoughness={"baseColorFactor": color})
    part = glb.primitive(material=0)
    part["extensions"] = {"KHR_materials_variants": {"mappings": [{"material": n, "variants": [n]} for n in (0, 1)]}}
    yield Case("material-variants", one(glb, glb.mesh(part)).packed())


def _textures() -> Iterator[Case]:
    wraps = {"repeat": 10497, "clamp": 33071, "mirror": 33648}
    for (name_s, s), (name_t, t) in itertools.product(wraps.items(), repeat=2):
        glb = Glb()
        sampler = glb.add("samplers", wrapS=s, wrapT=t)
        material = {"pbrMetallicRoughness": {"baseColorTexture": {"index": glb.texture(sampler=sampler)}}}
        yield Case(f"texture-{name_s}-{name_t}", surface(glb, **material).packed())
    for name, filters in (("nearest", {"magFilter": 9728, "minFilter": 9728}), ("mipmaps", {"minFilter": 9987})):
        glb = Glb()
        sampler = glb.add("samplers", **filters)
        material = {"pbrMetallicRoughness": {"baseColorTexture": {"index": glb.texture(sampler=sampler)}}}
        yield Case(f"texture-{name}", surface(glb, **material).packed())
    for name, value in (
        ("offset", {"offset": [0.1, 0.2]}),
        ("rotated", {"rotation": 0.5, "scale": [2.0, 3.0]}),
        ("other-uv", {"texCoord": 0, "scale": [0.5, 0.5]}),
    ):
        glb = Glb()
        glb.use("KHR_texture_transform")
        texture = {"index": glb.texture(), "extensions": {"KHR_texture_transform": value}}
        yield Case(f"texture-{name}", surface(glb, pbrMetallicRoughness={"baseColorTexture": texture}).packed())
    for name, data, mime in (
        ("jpeg", JPEG, "image/jpeg"),
        ("png", png(), "image/png"),
        ("wide", png(64, 4), "image/png"),
    ):
        glb = Glb()
        texture = {"index": glb.texture(data, mime)}
        yield Case(f"texture-{name}", surface(glb, pbrMetallicRoughness={"baseColorTexture": texture}).packed())
    glb = Glb()
    texture = {"index": glb.add("textures", source=glb.add("images", uri=_data_uri(png(), "image/png")))}
    yield Case("texture-data-uri", surface(glb, pbrMetallicRoughness={"baseColorTexture": texture}).packed())
    for name, mime in (("octets", "application/octet-stream"), ("parameters", "image/png;name=a.png")):
        glb = Glb()
        image = glb.add("images", uri=_data_uri(png(), mime), mimeType="image/png")
        texture = {"index": glb.add("textures", source=image)}
        yield Case(
            f"texture-data-uri-{name}",
            surface(glb, pbrMetallicRoughness={"baseColorTexture": texture}).packed(),
            reads="",
        )
    for extension, data, mime in (
        ("EXT_texture_webp", WEBP, "image/webp"),
        ("KHR_texture_basisu", b"\xabKTX 20\xbb\r\n\x1a\n" + bytes(80), "image/ktx2"),
        ("MSFT_texture_dds", b"DDS " + bytes(124), "image/vnd-ms.dds"),
    ):
        glb = Glb()
        glb.use(extension)
        other = glb.image(data, mime)
        texture = {"index": glb.texture(extensions={extension: {"source": other}})}
        # A version that cannot read the other format reads the PNG beside it, as the format has it.
        yield Case(
            f"texture-{extension}-beside-png",
            surface(glb, pbrMetallicRoughness={"baseColorTexture": texture}).packed(),
            reads="",
        )
    glb = Glb()
    glb.use("EXT_texture_webp", required=True)
    texture = {"index": glb.add("textures", extensions={"EXT_texture_webp": {"source": glb.image(WEBP, "image/webp")}})}
    yield Case("texture-webp-required", surface(glb, pbrMetallicRoughness={"baseColorTexture": texture}).packed())
    glb = Glb()
    glb.image(BMP, "image/bmp")
    yield Case("texture-bmp-unused", surface(glb).packed())
    glb = Glb()
    shared = glb.image(png())
    textures = [glb.add("textures", source=shared) for _ in range(2)]
    yield Case(
        "texture-one-picture-twice",
        surface(
            glb,
            pbrMetallicRoughness={"baseColorTexture": {"index": textures[0]}},
            emissiveTexture={"index": textures[1]},
            emissiveFactor=[1, 1, 1],
        ).packed(),
    )
    glb = Glb()
    material = {"pbrMetallicRoughness": {"baseColorTexture": {"index": glb.add("textures")}}}
    yield Case("texture-without-source", surface(glb, **material).packed())
    glb = Glb()
    texture = {"index": glb.texture(b"\x89PNG\r\n\x1a\nbroken"), "texCoord": 0}
    # That picture is missing, and told; everything else is there.
    yield Case(
        "texture-broken",
        surface(glb, pbrMetallicRoughness={"baseColorTexture": texture}).packed(),
        expected=DESIGNED,
        reads="",
    )
    glb = Glb()
    for n in range(6):
        glb.image(png(8, 8, (n * 40, 0, 0)), name=f"Unused {n}")
    yield Case("texture-many-unused", surface(glb).packed())


def _data_uri(data: bytes, mime: str) -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


GROUPS = (
    _materials,
    _textures,
)
