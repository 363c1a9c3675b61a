# SPDX-License-Identifier: GPL-3.0-or-later
"""What the check takes, as it is or mended, is read by the importer of the Blender at hand."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import SimpleNamespace

import bpy
import pytest

from tests.blender import glbs
from tests.tasks import tolerated
from tests.tasks.tolerated import AS_IT_IS, MENDED
from triverse_addon.scene.child.messages import sentence_for
from triverse_addon.scene.host import gltf_abilities
from triverse_addon.scene.importing import readable_models
from triverse_addon.scene.importing.importer import import_task
from triverse_addon.scene.worker import gltf_import
from triverse_addon.tasks.engine.import_queue import Failed, Imported, Later
from triverse_addon.tasks.glb import glb_check
from triverse_addon.tasks.record.record import TaskRecord, new_id

pytestmark = pytest.mark.usefixtures("fresh_file")

TURNED = Path(__file__).with_name("turned")
IS_5_3 = bpy.app.version >= (5, 3)


def read(path: Path) -> bpy.types.Object:
    """Read a model as the child does, and return its one mesh's object."""
    with glb_check.readable(path, gltf_abilities.current_reader()) as (readable, _):
        made = gltf_import.read(str(readable))
    (obj,) = (obj for obj in made.shown if obj.type == "MESH" and obj.name == "vase")
    return obj


@pytest.mark.kind("guard-not-stricter")
@pytest.mark.parametrize("name", [*AS_IT_IS, *MENDED])
def test_it_is_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / "model.glb"
    path.write_bytes({**AS_IT_IS, **MENDED}[name])
    obj = read(path)
    assert len(obj.data.polygons) == 1
    if name not in ("overlapping strides", "a buffer a few bytes longer than its chunk"):
        assert [tuple(vertex.co) for vertex in obj.data.vertices] == [(0, 0, 0), (1, 0, 0), (0, 0, 1)]
    assert not any(block.filepath for block in bpy.data.images)


@pytest.mark.kind("guard-not-stricter")
@pytest.mark.parametrize("name", ["NaN", "JSON padded with NUL", "a byte order mark", "bytes behind the end"])
def test_blender_itself_would_refuse_it(tmp_path: Path, name: str) -> None:
    """What the copy is for. When this fails, some mending is needed no more."""
    path = tmp_path / "model.glb"
    path.write_bytes(MENDED[name])
    with pytest.raises(RuntimeError):
        bpy.ops.import_scene.gltf(filepath=str(path))


@pytest.mark.kind("guard-not-stricter")
def test_a_normalized_custom_attribute_arrives_with_its_values(tmp_path: Path) -> None:
    path = tmp_path / "model.glb"
    path.write_bytes(MENDED["a normalized custom attribute"])
    attribute = read(path).data.attributes["_WEAR"]
    assert attribute.data_type == "FLOAT"
    assert [round(value.value, 3) for value in attribute.data] == [0.0, 0.502, 1.0]


@pytest.mark.kind("readable-extensions")
def test_this_blender_tells_what_it_reads() -> None:
    reader = gltf_abilities.current_reader()
    assert reader.blender == bpy.app.version[:2]
    assert {"KHR_materials_unlit", "KHR_draco_mesh_compression", "EXT_texture_webp"} <= reader.extensions
    assert ("KHR_materials_dispersion" in reader.extensions) == (bpy.app.version >= (5, 2))
    assert ("EXT_meshopt_compression" in reader.extensions) == (bpy.app.version >= (5, 2))
    assert ("KHR_gaussian_splatting" in reader.extensions) == IS_5_3
    assert reader.lacking <= reader.extensions
    started_s = time.perf_counter()
    assert gltf_abilities.current_reader() is reader
    assert time.perf_counter() - started_s < 0.01


@pytest.mark.kind("readable-extensions")
@pytest.mark.parametrize("required", [False, True])
def test_meshopt_without_its_library_is_read_from_the_bytes_beside_it(tmp_path: Path, required: bool) -> None:
    reader = gltf_abilities.current_reader()
    path = tmp_path / "model.glb"
    path.write_bytes(tolerated.meshopt(required=required))
    if "EXT_meshopt_compression" in reader.decoded:
        assert glb_check.check(path, reader).is_as_it_is
    else:
        assert len(read(path).data.polygons) == 1


@pytest.mark.kind("readable-extensions")
def test_draco_without_its_library_is_read_from_the_geometry_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "model.glb"
    path.write_bytes(tolerated.draco_beside())
    if "KHR_draco_mesh_compression" in gltf_abilities.current_reader().lacking:
        assert len(read(path).data.polygons) == 1
    else:
        assert glb_check.check(path, gltf_abilities.current_reader()).is_as_it_is


@pytest.mark.kind("readable-extensions")
@pytest.mark.parametrize("required", [False, True])
@pytest.mark.parametrize("extension", ["KHR_texture_basisu", "EXT_texture_avif"])
def test_pictures_of_other_formats_alone_keep_no_model_back(tmp_path: Path, extension: str, required: bool) -> None:
    """A node without an image would make the model black."""
    is_avif = extension == "EXT_texture_avif"
    picture = (TURNED / "avif-6.avif").read_bytes() if is_avif else tolerated.KTX2
    path = tmp_path / "model.glb"
    path.write_bytes(tolerated.with_pictures(picture, extension=extension, required=required, also_png=False))
    obj = read(path)
    assert len(obj.data.polygons) == 1
    nodes = [node for node in obj.data.materials[0].node_tree.nodes if node.type == "TEX_IMAGE"]
    notes = glb_check.check(path, gltf_abilities.current_reader()).notes
    if is_avif and bpy.app.version >= (5, 1):
        assert (notes, [tuple(node.image.size) for node in nodes]) == ((), [(16, 8)])
    else:
        assert (len(notes), nodes) == (1, [])


@pytest.mark.kind("readable-extensions")
@pytest.mark.parametrize("name", ["KHR_materials_dispersion", "KHR_materials_of_tomorrow"])
def test_a_required_property_of_a_material_keeps_nothing_back(tmp_path: Path, name: str) -> None:
    path = tmp_path / "model.glb"
    extension = {name: {"dispersion": 0.5}}
    path.write_bytes(tolerated.requires(name, lambda d: d["materials"][0].update(extensions=extension)))
    assert len(read(path).data.polygons) == 1
    notes = glb_check.check(path, gltf_abilities.current_reader()).notes
    assert bool(notes) == (name not in gltf_abilities.current_reader().extensions)


@pytest.mark.kind("blender-5.3")
@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Error: Meshopt decoder library not found at /x/libbf_intern_meshopt_bridge.so", "meshopt"),
        ("ImportError: Draco decoder library not found", "Draco"),
        ("OSError: /x/libextern_draco.so: cannot open shared object file: No such file or directory", "Draco"),
        ("Error: KTX decoder library not found at None", "KTX2"),
        ("Failed to load Meshopt decoder library: bad image", "meshopt"),
        ("ValueError: draco is a word", ""),
        ("Error: Bad GLB: file size doesn't match", ""),
    ],
)
def test_a_missing_decoder_has_one_sentence(said: str, name: str) -> None:
    found = gltf_import.missing_decoder(said)
    assert found.startswith(name) if name else found == ""
    if name:
        assert "came without the library for it" in str(sentence_for("decoder", found))


@pytest.mark.kind("blender-5.3")
@pytest.mark.parametrize("extras", ["text", ["a", 1], 7], ids=str)
def test_extras_that_are_no_object_do_no_harm(tmp_path: Path, extras: object) -> None:
    def change(document: dict) -> None:
        for place in (document["nodes"][0], document["meshes"][0], document["materials"][0]):
            place["extras"] = extras

    path = tmp_path / "model.glb"
    path.write_bytes(tolerated.changed(change))
    assert len(read(path).data.polygons) == 1
    if IS_5_3:
        with pytest.raises(RuntimeError, match="TypeError"):
            bpy.ops.import_scene.gltf(filepath=str(path))


@pytest.mark.kind("blender-5.3")
def test_no_pointer_of_the_importers_stays_in_a_custom_property(tmp_path: Path) -> None:
    """A material with extras, used with vertex colours and without, and a mesh that two nodes show with skins."""

    def change(document: dict) -> None:
        document["materials"][0]["extras"] = {"kept": 1}
        document["nodes"][0]["extras"] = {"kept": 2}
        document["accessors"].append({"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3"})
        plain = document["meshes"][0]["primitives"][0]
        coloured = {**plain, "attributes": {"POSITION": 0, "COLOR_0": 2}}
        document["meshes"][0]["primitives"] = [plain, coloured]

    path = tmp_path / "model.glb"
    path.write_bytes(tolerated.changed(change))
    with glb_check.readable(path, gltf_abilities.current_reader()) as (readable, _):
        gltf_import.read(str(readable))
    kept = [block["kept"] for block in (*bpy.data.materials, *bpy.data.objects) if "kept" in block]
    assert sorted(kept) == [1, 1, 2]
    for block in (*bpy.data.materials, *bpy.data.objects, *bpy.data.meshes):
        assert not any(isinstance(value, bpy.types.ID) for value in dict(block).values()), block


# -----------------------------------------------------------------------------
# In place


def record_of(path: Path) -> TaskRecord:
    return TaskRecord(id=new_id(), flow="text-to-model", model_path=str(path), folder=str(path.parent), name="Vase")


def imported(record: TaskRecord) -> Imported | Failed:
    ends_at_s = time.monotonic() + 60
    while isinstance(outcome := import_task(record), Later):
        assert "being prepared" in str(outcome.sentence)
        assert time.monotonic() < ends_at_s
        time.sleep(0.02)
    return outcome


@pytest.mark.kind("guard-not-stricter")
@pytest.mark.parametrize("name", ["whole", "NaN", "a buffer as data", "a child listed as a root"])
def test_in_place_the_copy_is_made_in_a_thread_and_gone_afterwards(tmp_path: Path, name: str) -> None:
    path = tmp_path / "model.glb"
    path.write_bytes({**AS_IT_IS, **MENDED}[name])
    outcome = imported(record_of(path))
    assert isinstance(outcome, Imported)
    (mesh,) = bpy.data.meshes
    assert len(mesh.polygons) == 1
    assert readable_models._copies == {}
    assert [left.name for left in tmp_path.iterdir()] == ["model.glb"]


@pytest.mark.kind("model-paths")
def test_in_place_too_an_address_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.glb"
    glbs.picture(tmp_path / "marker.png", 8, 8)
    path.write_bytes(tolerated.changed(tolerated.put(images=[{"uri": "marker.png"}], textures=[{"source": 0}])))
    outcome = imported(record_of(path))
    assert isinstance(outcome, Failed)
    assert "not safe to open" in str(outcome.sentence)
    assert not bpy.data.objects


def test_a_blender_without_the_importer_is_asked_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = SimpleNamespace(import_module=lambda name: (_ for _ in ()).throw(ImportError(name)))
    monkeypatch.setattr(gltf_abilities, "importlib", fake)
    gltf_abilities.current_reader.cache_clear()
    try:
        reader = gltf_abilities.current_reader()
    finally:
        gltf_abilities.current_reader.cache_clear()
    assert "KHR_materials_unlit" in reader.extensions
    assert json.dumps(sorted(reader.lacking)) == "[]"
