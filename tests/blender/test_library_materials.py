# SPDX-License-Identifier: GPL-3.0-or-later
"""
What the exports of a batch hold of a model's materials.

One: ``python scripts/test.py tests/blender/test_library_materials.py``.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import bpy
import pytest
from mathutils import Color

from tests.blender import fresh
from tests.blender.test_library import opened, read_back, write
from tests.corpus.builder import BOX, Glb, png
from tests.corpus.case import WEBP, one, surface
from triverse_addon.batch.library.asset_writer import Asset
from triverse_addon.scene.child.command import child_command
from triverse_addon.scene.child.library_writer import ChildAssetWriter
from triverse_addon.tasks.record.processing import Processing

pytestmark = pytest.mark.usefixtures("fresh_file")


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChildAssetWriter]:
    writer = ChildAssetWriter(child_command("library_worker"), tmp_path_factory.mktemp("work"))
    yield writer
    writer.close()


def exported(writer: ChildAssetWriter, library: Path, glb: Glb, *kinds: str) -> Asset:
    """Write a model with its exports."""
    model = library.with_name("m.glb")
    model.write_bytes(glb.packed())
    return write(writer, library, model, Processing(exports=kinds))


def principled(material: bpy.types.Material) -> bpy.types.Node:
    return next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")


@pytest.mark.parametrize("kind", ["fbx", "obj"])
@pytest.mark.parametrize("factors", [{}, {"roughnessFactor": 0.5, "metallicFactor": 0.5}], ids=["plain", "factors"])
def test_roughness_and_metallic_of_one_picture_are_exported(
    writer: ChildAssetWriter, tmp_path: Path, kind: str, factors: dict[str, float]
) -> None:
    """Blender writes neither of them if both are channels of one picture, as in glTF."""
    glb = Glb()
    surface(glb, pbrMetallicRoughness={"metallicRoughnessTexture": {"index": glb.texture(png())}, **factors})
    library = tmp_path / "library"
    asset = exported(writer, library, glb, kind)
    read_back(library / asset.files[kind], kind)
    (tmp_path / "both.png").write_bytes(png())
    both = bpy.data.images.load(str(tmp_path / "both.png"))
    both.colorspace_settings.name = "Non-Color"
    (material,) = [one for one in bpy.data.materials if one.node_tree is not None]
    for name, channel in (("Roughness", 1), ("Metallic", 2)):
        (link,) = principled(material).inputs[name].links
        assert link.from_node.type == "TEX_IMAGE", name
        image = link.from_node.image
        image.colorspace_settings.name = "Non-Color"
        factor = factors.get(f"{name.lower()}Factor", 1.0)
        wanted = [value * factor for value in list(both.pixels)[channel::4]]
        assert len(set(wanted)) > 1
        for colour in range(3):
            assert list(image.pixels)[colour::4] == pytest.approx(wanted, abs=0.01), name
    kept = principled(opened(library, asset).objects[0].material_slots[0].material)
    assert kept.inputs["Roughness"].links[0].from_node.type != "TEX_IMAGE", "the .blend is as it was"
    assert len([image for image in bpy.data.images if image.source == "FILE"]) == 1


def test_factors_of_roughness_and_metallic_are_in_the_picture_of_a_usd(
    writer: ChildAssetWriter, tmp_path: Path
) -> None:
    """Blender's exporter follows the links to the picture, and passes over the factors."""
    glb = Glb()
    used = {"index": glb.texture(png())}
    surface(
        glb, pbrMetallicRoughness={"metallicRoughnessTexture": used, "roughnessFactor": 0.5, "metallicFactor": 0.25}
    )
    library = tmp_path / "library"
    asset = exported(writer, library, glb, "usd")
    kept = principled(opened(library, asset).objects[0].material_slots[0].material)
    assert {kept.inputs[name].links[0].from_node.type for name in ("Roughness", "Metallic")} == {"MATH"}
    (image,) = [one for one in bpy.data.images if one.source == "FILE"]
    plain = list(image.pixels)
    read_back(library / asset.files["usd"], "usd")
    for name in ("Roughness", "Metallic"):
        assert principled(bpy.data.materials[0]).inputs[name].is_linked, name
    (image,) = [one for one in bpy.data.images if one.source == "FILE"]
    for channel, factor in ((0, 1.0), (1, 0.5), (2, 0.25)):
        wanted = [value * factor for value in plain[channel::4]]
        assert list(image.pixels)[channel::4] == pytest.approx(wanted, abs=0.01), channel


@pytest.mark.parametrize("kind", ["fbx", "obj", "usd"])
@pytest.mark.parametrize("is_coloured", [False, True], ids=["factor", "colours"])
def test_a_picture_that_is_multiplied_by_colours_is_exported(
    writer: ChildAssetWriter, tmp_path: Path, kind: str, is_coloured: bool
) -> None:
    """Blender writes none then as FBX and OBJ, and as USD one that is too bright."""
    factors = [1.0, 1.0, 1.0] if is_coloured else [0.25, 0.5, 0.75]
    glb = Glb()
    used = {"index": glb.texture(png())}
    surface(
        glb,
        pbrMetallicRoughness={"baseColorTexture": used, "baseColorFactor": [*factors, 1.0]},
        emissiveTexture=used,
        emissiveFactor=factors,
    )
    if is_coloured:
        (part,) = glb.document["meshes"][0]["primitives"]
        part["attributes"]["COLOR_0"] = glb.accessor([(1.0, 0.5, 0.25)] * len(BOX))
    library = tmp_path / "library"
    asset = exported(writer, library, glb, kind)
    read_back(library / asset.files[kind], kind)
    (tmp_path / "plain.png").write_bytes(png())
    plain = list(bpy.data.images.load(str(tmp_path / "plain.png")).pixels)
    (material,) = [one for one in bpy.data.materials if one.node_tree is not None]
    for name in ("Base Color", "Emission Color"):
        (link,) = principled(material).inputs[name].links
        assert link.from_node.type == "TEX_IMAGE", name
        found = list(link.from_node.image.pixels)
        for channel, factor in enumerate(factors):
            wanted = [Color((shade,) * 3).from_srgb_to_scene_linear() * factor for shade in plain[channel::4]]
            shades = [Color(light).from_scene_linear_to_srgb()[0] for light in wanted]
            assert found[channel::4] == pytest.approx(shades, abs=0.01), name
    kept = principled(opened(library, asset).objects[0].material_slots[0].material)
    assert kept.inputs["Base Color"].links[0].from_node.type == "MIX", "the .blend is as it was"
    assert len([image for image in bpy.data.images if image.source == "FILE"]) == 1


@pytest.mark.parametrize("kind", ["fbx", "obj", "usd"])
@pytest.mark.parametrize("factor", [0.5, 1.0])
def test_an_unlit_material_is_exported_with_its_picture(
    writer: ChildAssetWriter, tmp_path: Path, kind: str, factor: float
) -> None:
    """Blender's exporters look for a Principled BSDF, which it has none of."""
    glb = Glb()
    glb.use("KHR_materials_unlit")
    used = {"index": glb.texture(png())}
    surface(
        glb,
        extensions={"KHR_materials_unlit": {}},
        pbrMetallicRoughness={"baseColorTexture": used, "baseColorFactor": [factor] * 3 + [1.0]},
    )
    library = tmp_path / "library"
    asset = exported(writer, library, glb, kind)
    read_back(library / asset.files[kind], kind)
    (material,) = [one for one in bpy.data.materials if one.node_tree is not None]
    (link,) = principled(material).inputs["Base Color"].links
    assert link.from_node.type == "TEX_IMAGE"
    (tmp_path / "plain.png").write_bytes(png())
    plain = list(bpy.data.images.load(str(tmp_path / "plain.png")).pixels)
    wanted = [Color([Color([one] * 3).from_srgb_to_scene_linear()[0] * factor] * 3) for one in plain[1::4]]
    shades = [light.from_scene_linear_to_srgb()[0] for light in wanted]
    assert list(link.from_node.image.pixels)[1::4] == pytest.approx(shades, abs=0.01)
    kept = opened(library, asset).objects[0].material_slots[0].material.node_tree.nodes
    assert {"EMISSION", "MIX_SHADER"} <= {node.type for node in kept}, "the .blend is as it was"
    assert not any(node.type == "BSDF_PRINCIPLED" for node in kept)
    output = next(node for node in kept if node.type == "OUTPUT_MATERIAL")
    assert output.inputs["Surface"].is_linked


def leaf(folder: Path, alphas: tuple[float, ...] = (1.0, 0.0)) -> bytes:
    """A PNG of which each part is as translucent as it is told."""
    image = bpy.data.images.new("Leaf", 8, 8, alpha=True)
    image.pixels.foreach_set([value for alpha in alphas for value in [0.2, 0.6, 0.2, alpha] * (64 // len(alphas))])
    image.file_format = "PNG"
    image.save(filepath=str(folder / "leaf.png"))
    return (folder / "leaf.png").read_bytes()


@pytest.mark.parametrize("kind", ["fbx", "obj", "usd"])
@pytest.mark.parametrize(
    ("mode", "factor", "wanted"),
    [
        ("MASK", 1.0, (1.0, 1.0, 0.0, 0.0)),
        ("MASK", 0.5, (1.0, 0.0, 0.0, 0.0)),
        ("BLEND", 0.5, (0.5, 0.3, 0.1, 0.0)),
        ("BLEND", 1.0, (1.0, 0.6, 0.2, 0.0)),
    ],
)
def test_a_picture_that_is_cut_out_by_its_alpha_is_exported_so(
    writer: ChildAssetWriter, tmp_path: Path, kind: str, mode: str, factor: float, wanted: tuple[float, ...]
) -> None:
    """OBJ left out the alpha that is behind Math nodes, and leaves were rectangles; FBX and USD left out the factor."""
    glb = Glb()
    picture = glb.texture(leaf(tmp_path, (1.0, 0.6, 0.2, 0.0)))
    colour = {"baseColorTexture": {"index": picture}, "baseColorFactor": [1.0, 1.0, 1.0, factor]}
    surface(glb, alphaMode=mode, pbrMetallicRoughness=colour)
    library = tmp_path / "library"
    asset = exported(writer, library, glb, kind)
    read_back(library / asset.files[kind], kind)
    (material,) = [one for one in bpy.data.materials if one.node_tree is not None]
    (link,) = principled(material).inputs["Alpha"].links
    if kind == "usd" and mode == "MASK":
        # It has the cutoff apart from the picture, which Blender reads as the same Math nodes as of glTF.
        wanted = tuple(factor * alpha for alpha in (1.0, 0.6, 0.2, 0.0))
        (link,) = link.from_node.inputs[1].links
        assert link.from_node.inputs[1].default_value == pytest.approx(0.5)
        (link,) = link.from_node.inputs[0].links
    assert (link.from_node.type, link.from_socket.name) == ("TEX_IMAGE", "Alpha")
    colour_node = principled(material).inputs["Base Color"].links[0].from_node
    for node in (link.from_node, colour_node):
        assert list(node.image.pixels)[3::64] == pytest.approx(wanted, abs=0.01)
    kept = principled(opened(library, asset).objects[0].material_slots[0].material)
    is_linked = mode == "MASK" or factor != 1.0
    assert kept.inputs["Alpha"].links[0].from_node.type == ("MATH" if is_linked else "TEX_IMAGE"), "as it was"
    (image,) = [one for one in bpy.data.images if one.source == "FILE"]
    assert list(image.pixels)[3::64] == pytest.approx((1.0, 0.6, 0.2, 0.0), abs=0.01), "the .blend is as it was"


@pytest.mark.parametrize("kind", ["fbx", "obj", "usd"])
@pytest.mark.parametrize("is_picture", [False, True], ids=["value", "picture"])
def test_an_unlit_material_is_exported_as_see_through_as_it_is(
    writer: ChildAssetWriter, tmp_path: Path, kind: str, is_picture: bool
) -> None:
    """As of leaves and signs, which were rectangles."""
    glb = Glb()
    glb.use("KHR_materials_unlit")
    colour: dict[str, object] = {"baseColorFactor": [1.0, 1.0, 1.0, 0.25]}
    if is_picture:
        colour = {"baseColorTexture": {"index": glb.texture(leaf(tmp_path))}}
    surface(glb, alphaMode="BLEND", extensions={"KHR_materials_unlit": {}}, pbrMetallicRoughness=colour)
    library = tmp_path / "library"
    asset = exported(writer, library, glb, kind)
    read_back(library / asset.files[kind], kind)
    (material,) = [one for one in bpy.data.materials if one.node_tree is not None]
    inputs = principled(material).inputs
    if is_picture:
        (link,) = inputs["Alpha"].links
        assert link.from_node.type == "TEX_IMAGE"
    else:
        seen = inputs["Alpha"].default_value * (1 - inputs["Transmission Weight"].default_value)
        assert seen == pytest.approx(0.25, abs=0.01)
    kept = opened(library, asset).objects[0].material_slots[0].material.node_tree.nodes
    output = next(node for node in kept if node.type == "OUTPUT_MATERIAL")
    (link,) = output.inputs["Surface"].links
    assert link.from_node.type == "MIX_SHADER", "the .blend is as it was"


@pytest.mark.parametrize("kind", ["fbx", "obj", "usd"])
def test_a_picture_as_webp_is_exported_as_png(writer: ChildAssetWriter, tmp_path: Path, kind: str) -> None:
    """What reads these formats seldom knows WebP, and a .usdz may have none."""
    glb = Glb()
    glb.use("EXT_texture_webp", required=True)
    source = glb.image(WEBP, "image/webp", name="Paint")
    used = {"index": glb.add("textures", extensions={"EXT_texture_webp": {"source": source}})}
    surface(glb, pbrMetallicRoughness={"baseColorTexture": used, "metallicRoughnessTexture": used})
    library = tmp_path / "library"
    asset = exported(writer, library, glb, kind)
    assert asset.problem is None
    opened(library, asset)
    (kept,) = [image for image in bpy.data.images if image.source == "FILE"]
    assert (kept.file_format, kept.name) == ("WEBP", "Paint"), "the .blend is as it was"
    plain = list(kept.pixels)
    read_back(library / asset.files[kind], kind)
    (material,) = [one for one in bpy.data.materials if one.node_tree is not None]
    image = principled(material).inputs["Base Color"].links[0].from_node.image
    assert list(image.pixels) == pytest.approx(plain, abs=0.01)
    assert {image.file_format for image in bpy.data.images if image.source == "FILE"} == {"PNG"}
    made = library / asset.files[kind]
    for file in made.parent.iterdir() if kind == "obj" else (made,):
        assert b"WEBP" not in file.read_bytes(), file.name


def test_what_can_be_seen_through_is_so_as_usd(writer: ChildAssetWriter, tmp_path: Path) -> None:
    """Blender 5.2 leaves the value of Alpha out of USD."""
    glb = Glb()
    surface(glb, alphaMode="BLEND", pbrMetallicRoughness={"baseColorFactor": [0.2, 0.4, 0.8, 0.25]})
    library = tmp_path / "library"
    asset = exported(writer, library, glb, "usd")
    with zipfile.ZipFile(library / asset.files["usd"]) as packed:
        packed.extract(packed.namelist()[0], tmp_path)
        stage = tmp_path / packed.namelist()[0]
    fresh.empty_file()
    bpy.ops.wm.usd_import(filepath=str(stage))
    inputs = principled(bpy.data.materials[0]).inputs
    seen = inputs["Alpha"].default_value * (1 - inputs["Transmission Weight"].default_value)
    assert seen == pytest.approx(0.25, abs=0.01)
    kept = principled(opened(library, asset).objects[0].material_slots[0].material).inputs
    assert kept["Alpha"].default_value == pytest.approx(0.25, abs=0.01)
    assert kept["Transmission Weight"].default_value == 0, "the .blend is as it was"


def test_a_picture_with_a_long_name_is_exported(writer: ChildAssetWriter, tmp_path: Path) -> None:
    """As of Blender 5.0, names may be as long as those of files."""
    glb = Glb()
    for letter in "ab":
        glb.image(png(), name="模" * 90 + letter)
    used = [{"index": glb.add("textures", source=number)} for number in range(2)]
    surface(glb, pbrMetallicRoughness={"baseColorTexture": used[0]}, normalTexture=used[1])
    library = tmp_path / "library"
    asset = exported(writer, library, glb, "fbx", "usd", "obj")
    assert asset.problem is None
    assert b"Video" in (library / asset.files["fbx"]).read_bytes()
    with zipfile.ZipFile(library / asset.files["usd"]) as packed:
        assert sum(name.endswith(".png") for name in packed.namelist()) == 2
    assert len(list((library / asset.files["obj"]).parent.glob("*.png"))) == 2


@pytest.mark.parametrize("kind", ["fbx", "usd", "obj"])
def test_faces_without_a_material_get_no_other(writer: ChildAssetWriter, tmp_path: Path, kind: str) -> None:
    """FBX and USD gave them that of the first slot."""
    glb = Glb()
    one(glb, glb.mesh(glb.primitive(material=flat(glb, "Red", 1, 0, 0)), glb.primitive(positions=beside(2))))
    library = tmp_path / "library"
    asset = exported(writer, library, glb, kind)
    read_back(library / asset.files[kind], kind)
    assert colours() == [(1.0, 0.0, 0.0), (0.8, 0.8, 0.8)]
    (thing,) = opened(library, asset).objects
    assert [material is None for material in thing.data.materials] == [False, True]


@pytest.mark.parametrize("kind", ["fbx", "usd", "obj"])
def test_slots_of_material_variants_keep_their_material(writer: ChildAssetWriter, tmp_path: Path, kind: str) -> None:
    """Blender's importer makes a slot for each primitive that has them. USD gave some faces the first material."""
    glb = Glb()
    red, blue = flat(glb, "Red", 1, 0, 0), flat(glb, "Blue", 0, 0, 1)
    glb.use("KHR_materials_variants")
    glb.document["extensions"] = {"KHR_materials_variants": {"variants": [{"name": "day"}, {"name": "night"}]}}
    parts = [glb.primitive(positions=beside(2 * at), material=one) for at, one in enumerate((red, blue, blue))]
    for at, part in enumerate(parts):
        mappings = [{"material": (at, at + 1)[night] % 2, "variants": [night]} for night in (0, 1)]
        part["extensions"] = {"KHR_materials_variants": {"mappings": mappings}}
    one(glb, glb.mesh(*parts))
    library = tmp_path / "library"
    asset = exported(writer, library, glb, kind)
    read_back(library / asset.files[kind], kind)
    assert colours() == [(1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, 0.0, 1.0)]
    (thing,) = opened(library, asset).objects
    assert len(set(thing.data.materials)) == 2


def flat(glb: Glb, name: str, *colour: float) -> int:
    """Add a material without pictures."""
    return glb.add("materials", name=name, pbrMetallicRoughness={"baseColorFactor": [*colour, 1]})


def beside(x: float) -> list[tuple[float, float, float]]:
    """Positions of a box that stands so far to the right."""
    return [(x + corner[0], *corner[1:]) for corner in BOX]


def colours() -> list[tuple[float, ...]]:
    """Return the colours of the boxes that were read back, from left to right."""
    (mesh,) = bpy.data.meshes
    found: dict[int, set[tuple[float, ...]]] = {}
    for face in mesh.polygons:
        colour = mesh.materials[face.material_index].diffuse_color
        found.setdefault(round(face.center.x / 2), set()).add(tuple(round(value, 1) for value in colour[:3]))
    return [one for _, ones in sorted(found.items()) for one in ones]
