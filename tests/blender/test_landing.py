# SPDX-License-Identifier: GPL-3.0-or-later
"""The scene a model lands in: its units, its frame rate, and what of the file it shows. In place and by child alike."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import bpy
import pytest

from tests import glb_files
from tests.blender import glbs
from tests.corpus.builder import BOX, Glb
from triverse_addon.scene.importing.append import append_model
from triverse_addon.scene.importing.importer import import_task
from triverse_addon.scene.importing.in_process import import_model
from triverse_addon.scene.importing.placement import TargetTransform
from triverse_addon.scene.worker.gltf_import import units_of
from triverse_addon.tasks.engine.import_queue import ConvertAgain, Failed, Imported
from triverse_addon.tasks.record.record import Placement, Stage, TaskRecord

pytestmark = [pytest.mark.usefixtures("fresh_file"), pytest.mark.kind("landing-scene")]


@pytest.fixture(params=["by child", "in place"])
def bring(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., bpy.types.Collection]:
    """Both ways into the open scene."""

    def go(glb: Path, target: TargetTransform | None = None) -> bpy.types.Collection:
        scene = bpy.context.scene
        if request.param == "in place":
            return import_model(glb, scene, name="Model", target=target)
        units = units_of(scene)
        converted = glbs.convert_kept(glb, tmp_path / "out", unit_m=units.unit_m, frames_per_s=units.frames_per_s)
        return append_model(converted.blend_path, scene, name="Model", target=target)

    return go


def curves(action: bpy.types.Action) -> list[bpy.types.FCurve]:
    """The curves of an action, in any Blender: 5.0 has them in layers only."""
    if hasattr(action, "fcurves"):
        return list(action.fcurves)
    bags = [bag for layer in action.layers for strip in layer.strips for bag in strip.channelbags]
    return [curve for bag in bags for curve in bag.fcurves]


@pytest.mark.parametrize(("unit_m", "fps", "base"), [(0.01, 60, 1.0), (1.0, 30, 1.001), (2.5, 25, 1.0)])
def test_a_metre_is_a_metre_and_a_second_a_second(
    bring: Callable[..., bpy.types.Collection], tmp_path: Path, unit_m: float, fps: int, base: float
) -> None:
    glb = glb_files.animated_glb(tmp_path / "m.glb")
    scene = bpy.context.scene
    scene.unit_settings.scale_length = unit_m
    scene.render.fps, scene.render.fps_base = fps, base
    collection = bring(glb)
    (obj,) = collection.objects
    corners = [tuple(corner) for corner in obj.bound_box]
    wide = max(corner[0] for corner in corners) - min(corner[0] for corner in corners)
    assert wide * unit_m == pytest.approx(1.0, rel=1e-4)
    assert tuple(obj.scale) == pytest.approx((1, 1, 1)), "the vertices are metres, as the importer makes them"
    found = [one for one in curves(obj.animation_data.action) if one.data_path == "location"]
    curve = next(one for one in found if not one.array_index)
    (start, _), (end, there) = (tuple(key.co) for key in curve.keyframe_points)
    assert (end - start) * base / fps == pytest.approx(1.0, rel=1e-4)
    assert there * unit_m == pytest.approx(2.0, rel=1e-4)
    # The user's own is not touched.
    assert (scene.unit_settings.scale_length, scene.render.fps) == (pytest.approx(unit_m), fps)
    assert [one.name for one in bpy.data.scenes] == ["Scene"]


def two_scenes_glb(path: Path) -> Path:
    """The default scene, which comes second, has a triangle; the other has one far away; a third belongs to none."""
    nodes = [
        {"name": "elsewhere", "mesh": 0, "translation": [0, 500, 0]},
        {"name": "here", "mesh": 0},
        {"name": "nowhere", "mesh": 0, "translation": [0, -500, 0]},
    ]
    return glbs.triangles_glb(path, nodes=nodes, scene=1, scenes=[{"nodes": [0]}, {"nodes": [1]}])


def test_other_scenes_are_excluded_and_not_counted(bring: Callable[..., bpy.types.Collection], tmp_path: Path) -> None:
    glb = two_scenes_glb(tmp_path / "m.glb")
    collection = bring(glb, TargetTransform(height=3.0, on_ground=True))
    bpy.context.view_layer.update()
    (here,) = collection.objects
    assert here.dimensions.z == pytest.approx(3.0), "fitted by what is shown alone"
    (inner,) = collection.children
    assert sorted(obj.name for obj in inner.objects) == ["elsewhere", "nowhere"]
    assert [obj.name for obj in bpy.context.view_layer.objects] == [here.name]
    elsewhere = inner.objects["elsewhere"]
    assert elsewhere.matrix_basis.translation.z == pytest.approx(1500.0), "it moved along"


def test_without_a_default_scene_all_is_shown(bring: Callable[..., bpy.types.Collection], tmp_path: Path) -> None:
    nodes = [{"name": "a", "mesh": 0}, {"name": "b", "mesh": 0}]
    glb = glbs.triangles_glb(tmp_path / "m.glb", nodes=nodes, scene=None, scenes=[{"nodes": [0]}, {"nodes": [1]}])
    collection = bring(glb)
    assert sorted(obj.name for obj in collection.objects) == ["a", "b"]
    assert not collection.children


def test_names_are_cut_between_letters(bring: Callable[..., bpy.types.Collection], tmp_path: Path) -> None:
    names = ["x" + "花" * 100, "ü" * 200, "plain" * 60]
    glb = glbs.triangles_glb(tmp_path / "m.glb", nodes=[{"name": name, "mesh": 0} for name in names])
    found = sorted((obj.name for obj in bring(glb).objects), key=lambda name: "xüp".index(name[0]))
    for name, whole in zip(found, names, strict=True):
        assert whole.startswith(name), name.encode()
        assert len(name) > 15


# -----------------------------------------------------------------------------
# A .blend that does not fit


def ready(tmp_path: Path, glb: Path, **more: object) -> TaskRecord:
    """A finished task whose model was converted for a scene of metres at 24 fps."""
    converted = glbs.convert_kept(glb, tmp_path / "out")
    return TaskRecord(
        id="a" * 32, flow="text-to-model", name="Model", stage=Stage.READY, model_path=str(glb),
        blend_path=str(converted.blend_path), folder=str(tmp_path), placement=Placement(),
    ).with_(**more)  # fmt: skip


def test_a_scene_of_other_units_has_it_converted_again(tmp_path: Path) -> None:
    record = ready(tmp_path, glbs.triangles_glb(tmp_path / "m.glb", nodes=[{"mesh": 0}]))
    bpy.context.scene.unit_settings.scale_length = 0.01
    outcome = import_task(record)
    assert isinstance(outcome, ConvertAgain)
    assert (outcome.unit_m, outcome.frames_per_s) == (pytest.approx(0.01), 24.0)
    assert not bpy.data.objects
    assert isinstance(import_task(record.with_(blend_unit_m=outcome.unit_m)), Imported)


def test_another_frame_rate_matters_where_something_moves(tmp_path: Path) -> None:
    still = ready(tmp_path, glbs.triangles_glb(tmp_path / "still.glb", nodes=[{"mesh": 0}]))
    bpy.context.scene.render.fps = 60
    assert isinstance(import_task(still), Imported)
    moved = ready(tmp_path, glb_files.animated_glb(tmp_path / "moved.glb"))
    bpy.context.scene.render.fps = 60
    outcome = import_task(moved)
    assert isinstance(outcome, ConvertAgain)
    assert outcome.frames_per_s == 60.0
    assert isinstance(import_task(moved.with_(blend_frames_per_s=60.0)), Imported)


@pytest.mark.kind("other-blenders")
@pytest.mark.parametrize("broken", ["cut short", "of another kind", "empty"])
def test_a_blend_that_cannot_be_read_is_made_anew_from_the_glb(tmp_path: Path, broken: str) -> None:
    record = ready(tmp_path, glbs.triangles_glb(tmp_path / "m.glb", nodes=[{"mesh": 0}]))
    blend = Path(record.blend_path)
    data = blend.read_bytes()
    # The second is what a Blender sees of a file whose header it does not know.
    broken_data = {"of another kind": b"BLENDER99-99v9999" + data[17:], "cut short": data[:300], "empty": b""}
    blend.write_bytes(broken_data[broken])
    outcome = import_task(record)
    assert isinstance(outcome, ConvertAgain)
    assert "converted again" in str(outcome.sentence)
    assert not bpy.data.objects
    assert not bpy.data.libraries
    Path(record.model_path).unlink()
    assert isinstance(import_task(record), Failed)


# -----------------------------------------------------------------------------
# Custom attributes


@pytest.mark.kind("other-blenders")
def test_custom_attributes_keep_their_names_and_values(
    bring: Callable[..., bpy.types.Collection], tmp_path: Path
) -> None:
    """Up to 5.0 the importer mixes them up, in another way in each process, or fails: eight stay in order never."""
    letters = ("DELTA", "ALPHA", "HOTEL", "ECHO", "BRAVO", "GOLF", "FOXTROT", "CHARLIE")
    kinds = {f"_{letter}": bool(at % 2) for at, letter in enumerate(letters)}
    views, attributes = [], {"POSITION": 0}
    binary = b""
    for at, (name, is_vector) in enumerate(kinds.items()):
        numbers = [100.0 * at + number for number in range(9 if is_vector else 3)]
        binary += struct.pack(f"<{len(numbers)}f", *numbers)
        attributes[name] = 2 + at
        views.append((4 * len(numbers), 3, "VEC3" if is_vector else "SCALAR", {}))
    glb = glbs.triangles_glb(
        tmp_path / "m.glb", nodes=[{"mesh": 0}], binary=binary, views=views,
        meshes=[{"primitives": [{"attributes": attributes, "indices": 1}]}],
    )  # fmt: skip
    (obj,) = bring(glb).objects
    for at, (name, is_vector) in enumerate(kinds.items()):
        found = obj.data.attributes[name]
        assert found.data_type == ("FLOAT_VECTOR" if is_vector else "FLOAT")
        values = [tuple(one.vector) if is_vector else one.value for one in found.data]
        wanted = [100.0 * at + number for number in range(9 if is_vector else 3)]
        assert values == ([tuple(wanted[i : i + 3]) for i in (0, 3, 6)] if is_vector else wanted)


# -----------------------------------------------------------------------------
# Material variants


def variants_glb(path: Path, names: tuple[str, str]) -> Path:
    """A triangle of oak or beech, by variants of these names."""
    mappings = [{"material": number, "variants": [number]} for number in range(2)]
    primitive = {
        "attributes": {"POSITION": 0},
        "indices": 1,
        "material": 0,
        "extensions": {"KHR_materials_variants": {"mappings": mappings}},
    }
    return glbs.triangles_glb(
        path,
        nodes=[{"mesh": 0}],
        meshes=[{"primitives": [primitive]}],
        materials=[{"name": "Oak"}, {"name": "Beech"}],
        extensionsUsed=["KHR_materials_variants"],
        extensions={"KHR_materials_variants": {"variants": [{"name": name} for name in names]}},
    )


@pytest.mark.parametrize("how", ["by child", "in place"])
def test_material_variants_arrive_and_do_not_touch_those_of_another_model(tmp_path: Path, how: str) -> None:
    first = ready(tmp_path, variants_glb(tmp_path / "a.glb", ("dark", "light")))
    second = ready(tmp_path / "b", variants_glb(tmp_path / "b.glb", ("light", "painted")))
    for record in (first, second):
        more = {} if how == "by child" else {"blend_path": ""}
        assert isinstance(import_task(record.with_(**more)), Imported)
    found = [(one.variant_idx, one.name) for one in bpy.data.scenes[0].gltf2_KHR_materials_variants_variants]
    assert found == [(0, "dark"), (1, "light"), (2, "painted")]
    uses = [
        {(part.material.name.partition(".")[0], use.variant.variant_idx) for part in mesh for use in part.variants}
        for mesh in (
            collection.objects[0].data.gltf2_variant_mesh_data for collection in bpy.context.scene.collection.children
        )
    ]
    assert uses == [{("Oak", 0), ("Beech", 1)}, {("Oak", 1), ("Beech", 2)}]


@pytest.mark.parametrize("how", ["by child", "in place"])
def test_an_import_that_shares_data_leaves_the_variants_as_they_are(tmp_path: Path, how: str) -> None:
    first = ready(tmp_path, variants_glb(tmp_path / "a.glb", ("dark", "light")))
    second = ready(tmp_path / "b", variants_glb(tmp_path / "b.glb", ("light", "painted")), task_uuid="u-2")
    more = {"placement": Placement(share_data=True)} | ({} if how == "by child" else {"blend_path": ""})
    for record in (first, second, second):
        assert isinstance(import_task(record.with_(**more)), Imported)
    _, *copies = (collection.objects[0] for collection in bpy.context.scene.collection.children)
    assert copies[0].data == copies[1].data
    parts = copies[0].data.gltf2_variant_mesh_data
    uses = {(part.material.name.partition(".")[0], use.variant.variant_idx) for part in parts for use in part.variants}
    assert uses == {("Oak", 1), ("Beech", 2)}


@pytest.mark.kind("landing-scene")
def test_variants_arrive_after_the_importer_was_told_to_hide_them(tmp_path: Path) -> None:
    """Blender leaves the properties behind without their classes: reading them read freed memory."""
    from triverse_addon.scene.importing import variants

    preferences = bpy.context.preferences.addons["io_scene_gltf2"].preferences
    preferences.KHR_materials_variants_ui = True
    preferences.KHR_materials_variants_ui = False
    assert variants._show()
    assert preferences.KHR_materials_variants_ui
    known = bpy.data.scenes[0].gltf2_KHR_materials_variants_variants
    known.add().name = "dark"
    assert [variant.name for variant in known] == ["dark"]


@pytest.mark.parametrize("names", [["Nod"], ["Nod", "Bow"]], ids=len)
def test_an_animated_shape_goes_as_far_as_the_file_says(
    bring: Callable[..., bpy.types.Collection], tmp_path: Path, names: list[str]
) -> None:
    """Blender's importer widens the range of a shape key to the first key of an animation, and cuts off the others."""
    glb = Glb()
    part = glb.primitive()
    part["targets"] = [{"POSITION": glb.accessor([(0.0, y, 0.0) for _, y, _ in BOX], bounds=True)}]
    node = glb.node("Thing", mesh=glb.mesh(part))
    glb.scene(node)
    for name in names:
        times = glb.accessor([[0.0], [1.0], [2.0]], bounds=True)
        sampler = {"input": times, "output": glb.accessor([[0.0], [2.0], [-0.5]])}
        channel = {"sampler": 0, "target": {"node": node, "path": "weights"}}
        glb.add("animations", name=name, samplers=[sampler], channels=[channel])
    model = tmp_path / "m.glb"
    model.write_bytes(glb.packed())
    scene = bpy.context.scene
    (obj,) = bring(model).objects
    start, heights = scene.frame_current, []
    for second in range(3):
        scene.frame_set(round(second * scene.render.fps / scene.render.fps_base))
        found = obj.evaluated_get(bpy.context.evaluated_depsgraph_get())
        heights.append(max(vertex.co.z for vertex in found.data.vertices))
    scene.frame_set(start)
    assert heights == pytest.approx([1.0, 3.0, 0.5], abs=0.01)
