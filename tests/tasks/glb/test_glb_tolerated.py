# SPDX-License-Identifier: GPL-3.0-or-later
"""The check is not stricter than Blender, and mends what it can in a copy. What Blender makes of it: tests/blender."""

from __future__ import annotations

import json
import os
import struct
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.tasks import tolerated
from tests.tasks.tolerated import AS_IT_IS, MENDED
from triverse_addon.tasks.glb import glb_check, json_chunk
from triverse_addon.tasks.glb.gltf_reader import ANY_BLENDER, GltfReader

NEWEST = GltfReader(
    ANY_BLENDER.extensions | {"EXT_meshopt_compression", "KHR_meshopt_compression", "KHR_gaussian_splatting"},
    blender=(5, 3),
)


def document_of(path: Path) -> tuple[dict[str, Any], bytes]:
    """JSON and binary chunk, read as strictly as Blender's importer does."""
    data = path.read_bytes()
    assert struct.unpack_from("<I", data, 8)[0] == len(data)
    (text_bytes,) = struct.unpack_from("<I", data, 12)
    assert text_bytes % 4 == 0

    def refuse(name: str) -> None:
        raise AssertionError(name)

    document = json.loads(data[20 : 20 + text_bytes].decode("utf-8"), parse_constant=refuse)
    rest = data[20 + text_bytes :]
    if rest:
        assert struct.unpack_from("<I4s", rest) == (len(rest) - 8, b"BIN\0")
    return document, rest[8:]


@pytest.mark.kind("guard-not-stricter")
@pytest.mark.parametrize("name", AS_IT_IS)
def test_it_is_given_to_blender_as_it_is(tmp_path: Path, name: str) -> None:
    path = tmp_path / "model.glb"
    path.write_bytes(AS_IT_IS[name])
    with glb_check.readable(path) as (readable, verdict):
        assert readable == path
    assert verdict.notes == ()


@pytest.mark.kind("guard-not-stricter")
@pytest.mark.parametrize("name", MENDED)
def test_it_is_mended_in_a_copy_and_stays_as_it_is(tmp_path: Path, name: str) -> None:
    path = tmp_path / "model.glb"
    path.write_bytes(MENDED[name])
    assert not glb_check.check(path).is_as_it_is
    with glb_check.readable(path) as (copy, _):
        assert copy != path
        assert copy.parent == tmp_path
        document, binary = document_of(copy)
        assert "uri" not in json.dumps(document)
        assert document["asset"]["version"] == "2.0"
        assert len(binary) >= document["buffers"][0]["byteLength"]
        # What was mended needs no mending.
        assert glb_check.check(copy).is_as_it_is
    assert path.read_bytes() == MENDED[name]
    assert [left.name for left in tmp_path.iterdir()] == ["model.glb"]


@pytest.mark.kind("guard-not-stricter")
def test_only_what_another_download_can_help_is_called_damaged(tmp_path: Path) -> None:
    """The bytes that are missing may come; what the file says, it will say again."""
    path = tmp_path / "model.glb"
    whole = AS_IT_IS["whole"]
    for data in (b"", whole[:10], whole[:60], whole[:-4], b"<html>", whole.replace(b'"asset"', b'"asset')):
        path.write_bytes(data)
        with pytest.raises(glb_check.GlbError, match="Press Retry to fetch it again") as caught:
            glb_check.check(path)
        assert caught.value.kind == "damaged"
    for change in (
        tolerated.put(asset={"version": "3.0"}),
        tolerated.put(asset={"version": "2.1", "minVersion": "2.1"}),
        tolerated.put(nodes=[{"mesh": 4}]),
        tolerated.put(extensionsRequired=["EXT_of_tomorrow"]),
        lambda document: document["accessors"][0].update(count=400),
    ):
        path.write_bytes(tolerated.changed(change))
        with pytest.raises(glb_check.GlbError, match="another program may open it") as caught:
            glb_check.check(path)
        assert caught.value.kind == "unreadable"
    path.write_bytes(tolerated.changed(lambda document: document["accessors"][0].update(count=10**9)))
    with pytest.raises(glb_check.GlbError, match="It is not safe to open this model") as caught:
        glb_check.check(path)
    assert caught.value.kind == "unsafe"


@pytest.mark.kind("guard-not-stricter")
def test_values_keep_their_meaning(tmp_path: Path) -> None:
    path = tmp_path / "model.glb"
    path.write_bytes(MENDED["a normalized custom attribute"])
    with glb_check.readable(path) as (copy, _):
        document, binary = document_of(copy)
        accessor = document["accessors"][document["meshes"][0]["primitives"][0]["attributes"]["_WEAR"]]
        assert (accessor["componentType"], accessor["type"], accessor["count"]) == (5126, "SCALAR", 3)
        view = document["bufferViews"][accessor["bufferView"]]
        values = struct.unpack_from("<3f", binary, view["byteOffset"])
    assert values == pytest.approx((0.0, 128 / 255, 1.0))
    path.write_bytes(MENDED["a grandchild listed as a root"])
    with glb_check.readable(path) as (copy, _):
        assert document_of(copy)[0]["scenes"] == [{"nodes": [0]}]


@pytest.mark.kind("guard-not-stricter")
def test_pictures_are_judged_one_by_one_and_by_what_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "model.glb"
    huge = tolerated.png()[:16] + struct.pack(">II", 60_000, 60_000) + tolerated.png()[24:]
    path.write_bytes(tolerated.with_pictures(tolerated.png(), huge))
    assert glb_check.check(path).is_as_it_is, "nothing shows it"
    path.write_bytes(tolerated.with_pictures(huge))
    with pytest.raises(glb_check.GlbError, match="60000 × 60000 pixels"):
        glb_check.check(path)


LARGE = {
    "BMP": b"BM" + bytes(12) + struct.pack("<Iii", 40, 60_000, -60_000) + bytes(20),
    "DDS": b"DDS " + struct.pack("<IIII", 124, 0, 60_000, 60_000) + bytes(100),
    "PSD": b"8BPS" + bytes(10) + struct.pack(">II", 60_000, 60_000) + bytes(10),
    "Radiance": b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 60000 +X 60000\n" + bytes(10),
    "OpenEXR": b"v/1\x01\x02\0\0\0dataWindow\0box2i\0" + struct.pack("<Iiiii", 16, 0, 0, 59_999, 59_999) + bytes(10),
    "JPEG 2000": b"\xff\x4f\xff\x51" + bytes(4) + struct.pack(">IIII", 60_000, 60_000, 0, 0) + bytes(10),
    "TIFF": b"II*\0" + struct.pack("<IHHHIIHHII", 8, 2, 256, 4, 1, 60_000, 257, 4, 1, 60_000) + bytes(10),
    "AVIF": b"\0\0\0\x20ftypavif" + bytes(20) + b"ispe" + struct.pack(">III", 0, 60_000, 60_000) + bytes(10),
    "Targa": bytes([0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0]) + struct.pack("<HHBB", 60_000, 60_000, 32, 0) + bytes(10),
    "DPX": b"SDPX" + bytes(768) + struct.pack(">II", 60_000, 60_000) + bytes(10),
    "Iris": b"\x01\xda" + bytes(4) + struct.pack(">HH", 60_000, 60_000) + bytes(10),
    "JPEG behind rubbish": b"\xff\xd8 rubbish \xff\xff\xff" + b"\xc0\0\x0b\x08" + struct.pack(">HH", 60_000, 60_000),
}


@pytest.mark.kind("guard-not-stricter")
@pytest.mark.parametrize("name", LARGE)
def test_whatever_blender_decodes_is_bounded(tmp_path: Path, name: str) -> None:
    """Formats that glTF does not have are taken as Blender takes them, and measured all the same."""
    path = tmp_path / "model.glb"
    path.write_bytes(tolerated.with_pictures(LARGE[name] + bytes(16)))
    with pytest.raises(glb_check.GlbError, match="60000 × 60000 pixels") as caught:
        glb_check.check(path)
    assert caught.value.kind == "unsafe"


# -----------------------------------------------------------------------------
# Extensions


@pytest.mark.kind("readable-extensions")
def test_bytes_beside_compressed_ones_are_read_where_the_decoder_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "model.glb"
    for name in ("EXT_meshopt_compression", "KHR_meshopt_compression"):
        for required in (False, True):
            path.write_bytes(tolerated.meshopt(name, required=required))
            # Older Blenders do not know it and read the bytes beside it by themselves.
            assert glb_check.check(path, ANY_BLENDER).is_as_it_is is not required
            assert glb_check.check(path, NEWEST).is_as_it_is
            lacking = GltfReader(NEWEST.extensions, frozenset({name}), (5, 3))
            with glb_check.readable(path, lacking) as (copy, _):
                document, _ = document_of(copy)
                assert name not in document["bufferViews"][0].get("extensions", {})
                assert name not in document.get("extensionsRequired", [])


@pytest.mark.kind("readable-extensions")
def test_without_bytes_beside_them_the_missing_decoder_is_named(tmp_path: Path) -> None:
    path = tmp_path / "model.glb"
    path.write_bytes(tolerated.meshopt(required=True, fallback=False))
    assert glb_check.check(path, NEWEST).is_as_it_is
    with pytest.raises(glb_check.GlbError, match="needs EXT_meshopt_compression, which Blender cannot read") as caught:
        glb_check.check(path, ANY_BLENDER)
    assert str(caught.value).endswith("before 5.2. The file is kept. Press Retry in a newer Blender.")
    with pytest.raises(
        glb_check.GlbError, match=r"compressed with meshopt \(EXT_meshopt_compression\).*without the library"
    ):
        glb_check.check(path, GltfReader(NEWEST.extensions, frozenset({"EXT_meshopt_compression"}), (5, 3)))
    path.write_bytes(tolerated.meshopt(fallback=False))
    with pytest.raises(glb_check.GlbError, match="it needs EXT_meshopt_compression"):
        glb_check.check(path, ANY_BLENDER)


@pytest.mark.kind("readable-extensions")
def test_draco_is_left_out_where_its_decoder_is_missing_and_the_geometry_lies_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "model.glb"
    path.write_bytes(tolerated.draco_beside())
    assert glb_check.check(path, NEWEST).is_as_it_is
    lacking = GltfReader(ANY_BLENDER.extensions, frozenset({"KHR_draco_mesh_compression"}))
    with glb_check.readable(path, lacking) as (copy, _):
        assert document_of(copy)[0]["meshes"][0]["primitives"][0]["extensions"] == {}


@pytest.mark.kind("readable-extensions")
@pytest.mark.parametrize("name", ["KHR_materials_of_tomorrow", "ADOBE_materials_clearcoat_tint"])
def test_a_required_property_of_a_material_is_told_and_left_out(tmp_path: Path, name: str) -> None:
    path = tmp_path / "model.glb"
    path.write_bytes(tolerated.requires(name, lambda d: d["materials"][0].update(extensions={name: {}})))
    (note,) = glb_check.check(path).notes
    assert name in str(note)
    assert glb_check.check(path, GltfReader(ANY_BLENDER.extensions | {name})).is_as_it_is
    # Elsewhere than in a material, it may mean anything.
    path.write_bytes(tolerated.requires(name, lambda d: d["nodes"][0].update(extensions={name: {}})))
    with pytest.raises(glb_check.GlbError, match=f"needs {name}"):
        glb_check.check(path)


@pytest.mark.kind("readable-extensions")
@pytest.mark.parametrize("required", [False, True])
@pytest.mark.parametrize(
    ("extension", "picture"),
    [("KHR_texture_basisu", "KTX2"), ("EXT_texture_avif", "AVIF"), ("MSFT_texture_dds", "DDS")],
)
def test_a_map_without_a_readable_picture_is_left_out_and_named(
    tmp_path: Path, extension: str, picture: str, required: bool
) -> None:
    path = tmp_path / "model.glb"
    path.write_bytes(tolerated.with_pictures(tolerated.KTX2, extension=extension, required=required, also_png=False))
    knows = GltfReader(ANY_BLENDER.extensions | {"KHR_texture_basisu"}, blender=(5, 0))
    # 5.3 lists KTX2, and reads none that is inside a GLB.
    for reader in (ANY_BLENDER, knows):
        with glb_check.readable(path, reader) as (copy, verdict):
            document, _ = document_of(copy)
        assert document["materials"] == [{"pbrMetallicRoughness": {}}]
        assert [str(note) for note in verdict.notes] == [
            f"This Blender reads no {picture} pictures, so the model comes without these maps: baseColor. "
            "The file is kept."
        ]
    later = GltfReader(ANY_BLENDER.extensions | {extension}, blender=(6, 0))
    assert not glb_check.check(path, later).notes


@pytest.mark.kind("readable-extensions")
def test_without_its_maps_a_material_is_plain(tmp_path: Path) -> None:
    """Neither all metal, nor all glass, nor a lamp: such factors are those of a map."""
    lost, kept = {"index": 0}, {"index": 1}

    def change(document: dict[str, Any]) -> None:
        document["images"] = [{"bufferView": 0, "mimeType": "image/ktx2"}, {"bufferView": 0, "mimeType": "image/png"}]
        document["textures"] = [{"extensions": {"KHR_texture_basisu": {"source": 0}}}, {"source": 1}]
        document["extensionsUsed"] = document["extensionsRequired"] = ["KHR_texture_basisu"]
        document["materials"] = [
            {
                "pbrMetallicRoughness": {"baseColorTexture": kept, "metallicRoughnessTexture": lost},
                "normalTexture": lost,
                "emissiveTexture": lost,
                "emissiveFactor": [1, 1, 1],
                "extensions": {
                    "KHR_materials_transmission": {"transmissionFactor": 1, "transmissionTexture": lost},
                    "KHR_materials_clearcoat": {"clearcoatFactor": 1, "clearcoatTexture": kept},
                },
                "extras": {"emissiveTexture": lost},
            },
            {"extensions": {"KHR_materials_pbrSpecularGlossiness": {"diffuseTexture": lost}}},
            {
                "pbrMetallicRoughness": {"metallicRoughnessTexture": kept},
                "extensions": {
                    "KHR_materials_sheen": {"sheenColorTexture": lost},
                    "EXT_materials_of_tomorrow": {"glowTexture": {"index": [0]}, "factorTexture": 3},
                },
            },
        ]

    path = tmp_path / "model.glb"
    path.write_bytes(tolerated.changed(change))
    with glb_check.readable(path) as (copy, verdict):
        material, glossy, metal = document_of(copy)[0]["materials"]
    assert material == {
        "pbrMetallicRoughness": {"baseColorTexture": kept, "metallicFactor": 0.0},
        "extensions": {"KHR_materials_clearcoat": {"clearcoatFactor": 1, "clearcoatTexture": kept}},
        "extras": {"emissiveTexture": lost},
    }
    assert glossy == {"extensions": {}, "pbrMetallicRoughness": {"metallicFactor": 0.0}}
    assert metal.pop("extensions") == {"EXT_materials_of_tomorrow": {"glowTexture": {"index": [0]}, "factorTexture": 3}}
    assert metal == {"pbrMetallicRoughness": {"metallicRoughnessTexture": kept}}
    (note,) = verdict.notes
    assert "maps: normal, emissive, metallicRoughness, transmission, diffuse, sheenColor." in str(note)


@pytest.mark.kind("readable-extensions")
@pytest.mark.parametrize(
    "value",
    [
        {"byteStride": 300}, {"byteStride": 3}, {"byteStride": 0}, {"count": 10**9}, {"mode": "ANYTHING"},
        {"mode": "TRIANGLES", "byteStride": 3}, {"filter": "QUATERNION"}, {"filter": "ANYTHING"},
        {"byteLength": 10**6}, {"buffer": 9},
        {"count": 4}, {"count": -1}, {"byteStride": "12"},
    ],
    ids=str,
)  # fmt: skip
def test_numbers_that_a_decoder_takes_as_they_are_are_checked(tmp_path: Path, value: dict[str, Any]) -> None:
    path = tmp_path / "model.glb"
    path.write_bytes(tolerated.meshopt(**value))
    with pytest.raises(glb_check.GlbError):
        glb_check.check(path, NEWEST)


# -----------------------------------------------------------------------------
# Blender 5.3


@pytest.mark.kind("blender-5.3")
@pytest.mark.parametrize("extras", ["text", ["a", 1], 7, True], ids=str)
def test_extras_that_are_no_object_are_dropped_for_5_3_alone(tmp_path: Path, extras: object) -> None:
    def change(document: dict[str, Any]) -> None:
        for place in (document, document["nodes"][0], document["meshes"][0], document["materials"][0]):
            place["extras"] = extras
        document["scenes"][0]["extras"] = {"kept": extras}

    path = tmp_path / "model.glb"
    path.write_bytes(tolerated.changed(change))
    assert glb_check.check(path).is_as_it_is
    with glb_check.readable(path, NEWEST) as (copy, _):
        document, _ = document_of(copy)
    assert [place.get("extras") for name in ("nodes", "meshes", "materials") for place in document[name]] == [None] * 3
    assert document["scenes"][0]["extras"] == {"kept": extras}


@pytest.mark.kind("blender-5.3")
def test_splats_are_told_as_splats(tmp_path: Path) -> None:
    path = tmp_path / "model.glb"

    def change(document: dict[str, Any]) -> None:
        primitive = document["meshes"][0]["primitives"][0]
        primitive["extensions"] = {"KHR_gaussian_splatting": {"kernel": "ellipse", "colorSpace": "srgb_rec709_display"}}
        primitive["mode"] = 0
        document["extensionsUsed"] = ["KHR_gaussian_splatting"]

    path.write_bytes(tolerated.changed(change))
    (note,) = glb_check.check(path).notes
    assert "Gaussian splats" in str(note)
    assert glb_check.check(path, NEWEST).notes == ()
    path.write_bytes(tolerated.requires("KHR_gaussian_splatting", change))
    with pytest.raises(glb_check.GlbError, match=r"consists of Gaussian splats.*Blender 5\.3 and newer can"):
        glb_check.check(path)
    assert glb_check.check(path, NEWEST).is_as_it_is
    path.write_bytes(tolerated.requires("KHR_gaussian_splatting_compression_spz", change))
    with pytest.raises(glb_check.GlbError, match="consists of Gaussian splats"):
        glb_check.check(path)


# -----------------------------------------------------------------------------
# The copy


def test_a_copy_is_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "model.glb"
    path.write_bytes(MENDED["NaN"])
    target = tmp_path / "none" / "copy.glb"
    with pytest.raises(FileNotFoundError):
        glb_check.write_readable(path, target)

    def fail() -> None:
        with glb_check.readable(path) as (copy, _):
            assert copy.is_file()
            raise RuntimeError("whoever reads it fails")

    with pytest.raises(RuntimeError):
        fail()
    assert [left.name for left in tmp_path.iterdir()] == ["model.glb"]


def test_copies_of_a_killed_process_are_removed_and_those_of_others_are_not(tmp_path: Path) -> None:
    path = tmp_path / "model.glb"
    path.write_bytes(MENDED["NaN"])
    old, new = tmp_path / ".model.00000000.readable.glb", tmp_path / ".model.11111111.readable.glb"
    mine = [
        tmp_path / name for name in (".mine.readable.glb", "model.00000000.readable.glb", ".a.0000000.readable.glb")
    ]
    link = tmp_path / ".link.00000000.readable.glb"
    link.symlink_to(path)
    for left in (old, new, *mine):
        left.write_bytes(b"")
    for left in (old, link, *mine):
        os.utime(left, (time.time() - 7200, time.time() - 7200), follow_symlinks=False)
    with glb_check.readable(path):
        pass
    assert not old.exists()
    assert new.exists()
    assert all(os.path.lexists(left) for left in (link, *mine))


def test_a_large_copy_takes_no_memory(tmp_path: Path) -> None:
    """The binary chunk goes through in blocks."""
    import tracemalloc

    binary = tolerated.BINARY + bytes(64 * 1024**2)
    path = tmp_path / "model.glb"
    path.write_bytes(tolerated.pack(tolerated.TRIANGLE, binary, tail=b"more"))
    del binary
    tracemalloc.start()
    with glb_check.readable(path) as (copy, _):
        assert copy.stat().st_size >= 64 * 1024**2
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 1024**2


def test_hostile_trees_and_texts_are_judged_in_time(tmp_path: Path) -> None:
    """No other thread may wait long: the check shares the interpreter with Blender's window."""
    count = 60_000
    chain = [{"children": [number + 1]} for number in range(count - 1)] + [{}]
    many: dict[str, Any] = tolerated.TRIANGLE | {
        "nodes": chain, "scenes": [{"nodes": [count - 1, number]} for number in range(count)],
    }  # fmt: skip
    path = tmp_path / "model.glb"
    path.write_bytes(tolerated.pack(many))
    started_s = time.monotonic()
    thread = threading.Thread(target=glb_check.check, args=(path,))
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    assert time.monotonic() - started_s < 30


@pytest.mark.kind("many-objects")
@pytest.mark.parametrize(
    "number", ["NaN", "-Infinity", "null", "1e999", "-1E+0400", "9" * 310 + ".5", "9" * 250 + "e99", "[0.5, 1e309]"]
)
def test_a_number_that_is_none_is_taken_out_however_it_is_written(number: str) -> None:
    document, is_same = json_chunk.parse(f'{{"asset": {{"version": "2.0"}}, "a": {{"b": {number}}}}}'.encode())
    assert (document["a"], is_same) == ({}, False)


@pytest.mark.parametrize("number", ["1e99", "1e-999", "9" * 190 + ".5", '"NaN null"'])
def test_a_number_that_is_one_stays(number: str) -> None:
    document, is_same = json_chunk.parse(f'{{"asset": {{"version": "2.0"}}, "a": {{"b": {number}}}}}'.encode())
    assert "b" in document["a"]
    assert is_same
