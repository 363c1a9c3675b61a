# SPDX-License-Identifier: GPL-3.0-or-later
"""
Models written into an asset library by a child Blender, and looked at.

One: ``python scripts/test.py tests/blender/test_library.py``.
"""

from __future__ import annotations

import os
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import bpy
import pytest
from mathutils import Vector

from tests.blender import fresh, glbs
from tests.service import models
from triverse_addon.batch.library.asset_writer import LICENSE_NOTE, Asset, AssetJob, Tile
from triverse_addon.batch.library.catalogs import merge
from triverse_addon.scene.child import work_folder
from triverse_addon.scene.child.command import child_command
from triverse_addon.scene.child.library_writer import ChildAssetWriter
from triverse_addon.tasks.converter import ConvertError
from triverse_addon.tasks.record.processing import Processing

pytestmark = pytest.mark.usefixtures("fresh_file")


@pytest.fixture(scope="module")
def work_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the writer's children work."""
    return tmp_path_factory.mktemp("data") / "work"


@pytest.fixture(scope="module")
def writer(work_dir: Path) -> Iterator[ChildAssetWriter]:
    """One for all tests: its children do one job after another, as in a batch."""
    writer = ChildAssetWriter(child_command("library_worker"), work_dir)
    yield writer
    writer.close()


def write(writer: ChildAssetWriter, library: Path, glb: Path, post: Processing | None = None, **more: object) -> Asset:
    """Write one model as ``vase``."""
    values: dict[str, object] = {"preview_path": None, "properties": glbs.PROPERTIES, "tags": ("vase",)} | more
    library.mkdir(exist_ok=True)
    job = AssetJob(
        model_path=glb, library=library, stem="vase", name="A blue vase", post=post or Processing(), **values
    )  # type: ignore[arg-type]
    return writer(job, threading.Event())


def opened(library: Path, asset: Asset) -> bpy.types.Collection:
    """Open the asset's file and return its first asset."""
    bpy.ops.wm.open_mainfile(filepath=str(library / asset.files["blend"]))
    return next(collection for collection in bpy.data.collections if collection.name == "A blue vase")


def read_back(file: Path, kind: str) -> None:
    """Import an exported file into an empty one."""
    fresh.empty_file()
    readers = {
        "glb": bpy.ops.import_scene.gltf,
        "fbx": bpy.ops.import_scene.fbx,
        "usd": bpy.ops.wm.usd_import,
        "obj": bpy.ops.wm.obj_import,
    }
    readers[kind](filepath=str(file))


def triangles(collection: bpy.types.Collection) -> int:
    meshes = [obj.data for obj in collection.objects if obj.type == "MESH" and not obj.name.startswith("UCX_")]
    return sum(len(mesh.loops) - 2 * len(mesh.polygons) for mesh in meshes)


def extent(collection: bpy.types.Collection) -> tuple[Vector, Vector]:
    """Lowest and highest corner of all vertices."""
    points = [
        obj.matrix_world @ vertex.co for obj in collection.objects if obj.type == "MESH" for vertex in obj.data.vertices
    ]
    return Vector(map(min, *points)), Vector(map(max, *points))


def test_an_asset_has_all_that_the_browser_shows(writer: ChildAssetWriter, tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    catalog = merge(library, ["Props/Vases"])["Props/Vases"]
    preview = glbs.picture(tmp_path / "preview.png", 640, 320)
    asset = write(
        writer,
        library,
        glbs.export(tmp_path / "m.glb", lambda: glbs.sphere("g", material=glbs.textured())),
        preview_path=preview,
        properties=glbs.PROPERTIES | {"triverse_license": LICENSE_NOTE},
        description="a blue vase",
        catalog_id=catalog,
    )
    assert asset.files == {"blend": "vase.blend", "thumbnail": "thumbnails/vase.png"}
    assert not [path for path in library.iterdir() if path.suffix not in (".blend", ".txt") and path.is_file()]
    collection = opened(library, asset)
    assert triangles(collection) == asset.triangles
    data = collection.asset_data
    assert data.catalog_id == catalog
    assert (data.author, data.license, data.description) == ("Triverse", LICENSE_NOTE, "a blue vase")
    assert [tag.name for tag in data.tags] == ["vase"]
    assert tuple(collection.preview.image_size) == (256, 128)
    assert collection["triverse_task_uuid"] == glbs.PROPERTIES["triverse_task_uuid"]
    assert collection["triverse_cost_credits"] == 40
    assert list(bpy.context.scene.collection.children) == [collection]
    assert all(image.packed_file for image in bpy.data.images if image.source == "FILE")


def test_without_a_picture_one_is_drawn(writer: ChildAssetWriter, tmp_path: Path) -> None:
    glb = glbs.export(tmp_path / "m.glb", lambda: glbs.sphere("g"))
    asset = write(writer, tmp_path / "library", glb)
    assert (tmp_path / "library" / asset.files["thumbnail"]).stat().st_size > 500
    assert opened(tmp_path / "library", asset).preview.image_size[0] > 0


def test_size_place_and_hull(writer: ChildAssetWriter, tmp_path: Path) -> None:
    glb = glbs.export(tmp_path / "m.glb", lambda: glbs.sphere("g", (3.0, 4.0, 5.0)))
    asset = write(writer, tmp_path / "library", glb, Processing(height_m=0.5, ground=True, hull=True))
    collection = opened(tmp_path / "library", asset)
    assert asset.triangles == glbs.SPHERE_TRIANGLES, "the hull does not count"
    model = next(obj for obj in collection.objects if not obj.name.startswith("UCX_"))
    hull = next(obj for obj in collection.objects if obj.name.startswith("UCX_"))
    assert (hull.name, hull.display_type, hull.hide_render) == ("UCX_A blue vase", "WIRE", True)
    assert tuple(model.location) == (0.0, 0.0, 0.0)
    assert tuple(model.scale) == (1.0, 1.0, 1.0)
    low, high = extent(collection)
    assert tuple(low) == pytest.approx((-0.25, -0.25, 0.0), abs=1e-3)
    assert tuple(high) == pytest.approx((0.25, 0.25, 0.5), abs=1e-3)
    # Convex, closed, and around the model but for a little: no vertex of it is far outside.
    assert len(hull.data.vertices) <= 200
    edges = [tuple(sorted(key)) for polygon in hull.data.polygons for key in polygon.edge_keys]
    assert all(edges.count(edge) == 2 for edge in set(edges))
    for polygon in hull.data.polygons:
        far = max((vertex.co - polygon.center).dot(polygon.normal) for vertex in model.data.vertices)
        assert far < 0.02


def test_what_belongs_together_is_scaled_and_placed_as_one(writer: ChildAssetWriter, tmp_path: Path) -> None:
    """Applied to a mesh would be the scale of one object: its children and its mesh's other users have it too."""

    def build() -> None:
        table = glbs.sphere("table", (3.0, 4.0, 5.0))
        glbs.sphere("vase", (0.0, 0.0, 1.0), parent=table)
        twin = bpy.data.objects.new("twin", table.data)
        twin.location = (6.0, 4.0, 5.0)
        bpy.context.scene.collection.objects.link(twin)

    glb = glbs.export(tmp_path / "m.glb", build)
    asset = write(writer, tmp_path / "library", glb, Processing(height_m=0.5, ground=True))
    collection = opened(tmp_path / "library", asset)
    low, high = extent(collection)
    assert (low.z, high.z) == pytest.approx((0.0, 0.5), abs=1e-3)
    assert tuple(low)[:2] == pytest.approx(tuple(-high)[:2], abs=1e-3)
    objects = {obj.name.partition(".")[0]: obj for obj in collection.objects}
    assert objects["vase"].parent == objects["table"]
    assert objects["twin"].data == objects["table"].data
    apart = objects["twin"].matrix_world.translation - objects["table"].matrix_world.translation
    assert tuple(apart) == pytest.approx((0.5, 0.0, 0.0), abs=1e-3), "as far as all of it is high, as before"


def test_fewer_triangles_and_levels_of_detail(writer: ChildAssetWriter, tmp_path: Path) -> None:
    models.ensure(["20k"])
    asset = write(writer, tmp_path / "library", models.glb_path("20k"), Processing(decimate=5000, lods=2))
    collection = opened(tmp_path / "library", asset)
    assert asset.triangles == triangles(collection)
    assert 4000 < triangles(collection) <= 5000
    for level, most in ((1, 2500), (2, 1250)):
        lod = bpy.data.collections[f"A blue vase LOD{level}"]
        assert 0.7 * most < triangles(lod) <= most
        assert lod.asset_data is not None
        assert f"LOD{level}" in [tag.name for tag in lod.asset_data.tags]
        assert lod["triverse_lod"] == level
        assert lod.preview.image_size[0] > 0
        assert [obj.data.materials[0] for obj in lod.objects] == [collection.objects[0].data.materials[0]]


def test_a_model_stays_whole_when_it_loses_triangles(writer: ChildAssetWriter, tmp_path: Path) -> None:
    """A glTF file has its vertices twice along seams; where those came apart, there would be holes."""
    models.ensure(["20k"])
    asset = write(writer, tmp_path / "library", models.glb_path("20k"), Processing(decimate=3000))
    (obj,) = opened(tmp_path / "library", asset).objects
    assert obj.data.uv_layers.active is not None
    uses: dict[tuple[int, int], int] = {}
    for polygon in obj.data.polygons:
        for key in polygon.edge_keys:
            uses[key] = uses.get(key, 0) + 1
    assert sum(count == 1 for count in uses.values()) < 0.01 * len(uses)


def test_small_parts_are_spared(writer: ChildAssetWriter, tmp_path: Path) -> None:
    models.ensure(["multi"])
    asset = write(writer, tmp_path / "library", models.glb_path("multi"), Processing(decimate=4000, lods=1))
    collection = opened(tmp_path / "library", asset)
    assert triangles(collection) <= 4000
    boxes = [obj for obj in collection.objects if obj.name in ("Table", "Plinth")]
    assert [triangles_of(obj) for obj in boxes] == [12, 12]
    lod = bpy.data.collections["A blue vase LOD1"]
    parents = {obj.name.removesuffix("_LOD1"): obj.parent and obj.parent.name for obj in lod.objects}
    for obj in collection.objects:
        assert parents[obj.name] == (obj.parent and f"{obj.parent.name}_LOD1")


def triangles_of(obj: bpy.types.Object) -> int:
    return len(obj.data.loops) - 2 * len(obj.data.polygons)


def test_too_few_triangles_for_all_parts_is_told(writer: ChildAssetWriter, tmp_path: Path) -> None:
    def many() -> None:
        for number in range(60):
            glbs.sphere(f"part {number}", (number * 3.0, 0.0, 0.0))

    glb = glbs.export(tmp_path / "m.glb", many)
    with pytest.raises(ConvertError, match=r"does not get below \d+ triangles: it consists of many small parts"):
        write(writer, tmp_path / "library", glb, Processing(decimate=100))
    assert not (tmp_path / "library" / "vase.blend").exists()


def test_a_model_of_few_triangles_gets_its_levels_of_detail_as_far_as_that_goes(
    writer: ChildAssetWriter, tmp_path: Path
) -> None:
    """A card has two triangles, and no level of it has fewer. It was paid for, and nobody asked for a number."""

    def cards() -> None:
        mesh = bpy.data.meshes.new("card")
        mesh.from_pydata([(0, 0, 0), (1, 0, 0), (1, 0, 1), (0, 0, 1)], [], [(0, 1, 2, 3)])
        bpy.context.scene.collection.objects.link(bpy.data.objects.new("card", mesh))

    glb = glbs.export(tmp_path / "m.glb", cards)
    asset = write(writer, tmp_path / "library", glb, Processing(lods=3, exports=("glb",)))
    assert asset.problem is None
    assert triangles(opened(tmp_path / "library", asset)) == 2
    for level in (1, 2, 3):
        assert 1 <= triangles(bpy.data.collections[f"A blue vase LOD{level}"]) <= 2
        assert (tmp_path / "library" / asset.files[f"glb_lod{level}"]).is_file()


@pytest.mark.kind("geometry-options")
def test_vertices_are_merged_and_edges_smoothed_where_a_table_asks_for_it(
    writer: ChildAssetWriter, tmp_path: Path
) -> None:
    glb = glbs.seamed_sphere(tmp_path / "m.glb", export_normals=False)

    def made(library: str, **options: int) -> tuple[int, bool]:
        (obj,) = opened(tmp_path / library, write(writer, tmp_path / library, glb, Processing(**options))).objects
        return len(obj.data.vertices), any(polygon.use_smooth for polygon in obj.data.polygons)

    plain, is_smooth = made("plain")
    assert not is_smooth
    merged, is_smooth = made("merged", merge=True)
    assert merged < plain
    assert not is_smooth
    assert made("smooth", merge=True, smooth_deg=60) == (merged, True)
    assert made("not merged", smooth_deg=60) == (plain, True)


def test_a_clean_up_joins_what_is_equal(writer: ChildAssetWriter, tmp_path: Path) -> None:
    def twins() -> None:
        for number in range(3):
            obj = glbs.sphere(f"part {number}", (number * 3.0, 0.0, 0.0), material=glbs.textured(f"Glaze {number}"))
            if number == 2:
                obj.data.materials[0].node_tree.nodes["Principled BSDF"].inputs["Metallic"].default_value = 1.0

    glb = glbs.export(tmp_path / "m.glb", twins)
    plain = opened(tmp_path / "library", write(writer, tmp_path / "library", glb))
    assert len({slot.material for obj in plain.objects for slot in obj.material_slots}) == 3
    clean = opened(tmp_path / "library", write(writer, tmp_path / "library", glb, Processing(cleanup=True)))
    used = {slot.material.name for obj in clean.objects for slot in obj.material_slots}
    assert used == {"A blue vase 1", "A blue vase 2"}, "two looked the same"
    assert sorted(material.name for material in bpy.data.materials) == sorted(used)
    names = {image.name for image in bpy.data.images if image.source == "FILE"}
    assert any(name.endswith("Base Color") for name in names)
    assert any(name.endswith("Normal") for name in names)


def test_every_export_can_be_read_again(writer: ChildAssetWriter, tmp_path: Path) -> None:
    library = tmp_path / "library"
    glb = glbs.export(tmp_path / "m.glb", lambda: glbs.sphere("g", material=glbs.textured()))
    exports = ("glb", "fbx", "usd", "obj")
    asset = write(writer, library, glb, Processing(height_m=2.0, lods=1, exports=exports))
    assert set(asset.files) == {"blend", "thumbnail", *exports, *(f"{kind}_lod1" for kind in exports)}
    for kind in exports:
        for name, count in ((kind, glbs.SPHERE_TRIANGLES), (f"{kind}_lod1", glbs.SPHERE_TRIANGLES // 2)):
            read_back(library / asset.files[name], kind)
            meshes = [obj for obj in bpy.data.objects if obj.type == "MESH"]
            assert len(meshes) == 1, name
            assert abs(triangles_of(meshes[0]) - count) <= 2, name
            assert meshes[0].material_slots[0].material is not None, name
            assert max(meshes[0].dimensions) == pytest.approx(2.0, abs=0.1), name
    with zipfile.ZipFile(library / asset.files["usd"]) as archive:
        assert len([name for name in archive.namelist() if name.startswith("textures/")]) == 3
    textures = [path for path in (library / "vase-obj").iterdir() if path.suffix == ".png"]
    assert len(textures) == 5, "those of the model, and a grey one each for roughness and metallic"
    used = [line.split()[-1] for line in (library / "vase-obj" / "vase.mtl").read_text().splitlines() if "map_" in line]
    assert used
    assert set(used) <= {path.name for path in textures}


def test_written_anew_the_old_files_are_replaced(writer: ChildAssetWriter, work_dir: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    glb = glbs.export(tmp_path / "m.glb", lambda: glbs.sphere("g", material=glbs.textured()))
    for _ in range(2):
        asset = write(writer, library, glb, Processing(exports=("obj",)))
    assert sorted(path.name for path in library.iterdir() if not path.name.startswith(".")) == [
        "thumbnails",
        "vase-obj",
        "vase.blend",
    ]
    assert (library / asset.files["obj"]).is_file()
    assert not [path for path in library.iterdir() if path.name.endswith(".part")]
    assert not [path for path in work_dir.glob(".convert-*/*") if path.suffix == ".files"]


@pytest.mark.kind("deletes-own-names")
def test_contact_sheets_are_drawn(writer: ChildAssetWriter, tmp_path: Path) -> None:
    picture = glbs.picture(tmp_path / "picture.png", 64, 32)
    (tmp_path / "broken.png").write_bytes(b"no picture")
    tiles = [Tile(picture, ("1  Übergröße 椅子", "20,000 triangles")), Tile(None, ("2  none", "failed"))]
    tiles.append(Tile(tmp_path / "broken.png", ("3  broken", "")))
    tiles += [Tile(picture, (f"{number}  a name that is far too long to fit below it", "")) for number in range(4, 70)]
    (tmp_path / "contact-sheet-9.png").touch()
    mine = [tmp_path / name for name in ("contact-sheet-final.png", "contact-sheet-9b.png", "my-contact-sheet-1.png")]
    for path in mine:
        path.touch()
    (tmp_path / "contact-sheet-8.png").mkdir()
    sheets = writer.draw_sheets(tmp_path, tiles, threading.Event())
    assert [path.name for path in sheets] == ["contact-sheet-1.png", "contact-sheet-2.png"]
    assert not (tmp_path / "contact-sheet-9.png").exists()
    assert all(path.exists() for path in mine)
    assert (tmp_path / "contact-sheet-8.png").is_dir()
    image = bpy.data.images.load(str(sheets[0]))
    width, height = image.size
    assert width > 8 * 160
    pixels = list(image.pixels)

    def at(x: float, y: float) -> tuple[float, ...]:
        start = (int(height - y) * width + int(x)) * image.channels
        return tuple(pixels[start : start + 3])

    # The picture's own colours in the first cell, an empty one beside it, ink in the caption below.
    first = {at(16 + x, 16 + y) for x in range(10, 150, 7) for y in range(60, 100, 7)}
    assert len(first) > 5
    assert len({at(16 + 176 + x, 16 + y) for x in range(10, 150, 7) for y in range(60, 100, 7)}) == 1
    assert any(sum(at(16 + x, 16 + 160 + y)) < 1.0 for x in range(100) for y in range(4, 16))


@pytest.mark.kind("deletes-own-names")
@pytest.mark.kind("foreign-ledger")
@pytest.mark.parametrize("is_there", [True, False], ids=["file", "nothing"])
def test_contact_sheets_are_not_drawn_through_a_link(writer: ChildAssetWriter, tmp_path: Path, is_there: bool) -> None:
    """A library that somebody else hands over may have one in the picture's place."""
    mine, library = tmp_path / "mine.png", tmp_path / "handed-over"
    library.mkdir()
    if is_there:
        mine.write_text("mine")
    (library / "contact-sheet.png").symlink_to(mine)
    [sheet] = writer.draw_sheets(library, [Tile(None, ("1  none", "failed"))], threading.Event())
    assert sheet.read_bytes().startswith(b"\x89PNG")
    assert not sheet.is_symlink()
    assert mine.exists() is is_there
    assert not is_there or mine.read_text() == "mine"


def test_sheets_stay_when_no_new_ones_can_be_drawn(tmp_path: Path) -> None:
    old = tmp_path / "contact-sheet.png"
    old.write_text("old")
    writer = ChildAssetWriter((sys.executable, "-c", "raise SystemExit(3)"), tmp_path / "data")
    with pytest.raises(ConvertError):
        writer.draw_sheets(tmp_path, [Tile(None, ("1  none", ""))], threading.Event())
    assert old.read_text() == "old"


@pytest.mark.kind("work-folder")
def test_only_old_work_of_ours_is_removed_and_never_through_a_link(tmp_path: Path) -> None:
    work, mine = tmp_path / "work", tmp_path / "mine"
    (work / ".convert-0123abcd").mkdir(parents=True)
    (work / "child-0123abcd.log").touch()
    others = [work / "notes.log", work / ".convert-mine", work / "child-0123abcd.log.txt"]
    for path in others:
        path.touch()
    mine.mkdir()
    (mine / "marker").touch()
    link = work / ".convert-89abcdef"
    link.symlink_to(mine)
    for path in work.iterdir():
        os.utime(path, (1, 1), follow_symlinks=False)
    os.utime(mine, (1, 1))
    (work / ".convert-11111111").mkdir()
    work_folder.remove_old(work)
    assert sorted(path.name for path in work.iterdir()) == sorted(
        [path.name for path in others] + [link.name, ".convert-11111111"]
    )
    assert (mine / "marker").exists()


@pytest.mark.kind("work-folder")
def test_a_work_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "work").symlink_to(tmp_path / "mine")
    writer = ChildAssetWriter(child_command("library_worker"), tmp_path / "work")
    glb = glbs.export(tmp_path / "m.glb", lambda: glbs.sphere("g"))
    with pytest.raises(ConvertError, match="is a link"):
        write(writer, tmp_path / "library", glb)


@pytest.mark.kind("work-folder")
def test_the_library_gets_nothing_but_its_files(writer: ChildAssetWriter, tmp_path: Path) -> None:
    """A handed-over library may have a work folder of its own: it is not touched."""
    library, mine = tmp_path / "library", tmp_path / "mine"
    (library / ".triverse").mkdir(parents=True)
    (mine / "project").mkdir(parents=True)
    (library / ".triverse" / "work").symlink_to(mine)
    os.utime(mine / "project", (1, 1))
    glb = glbs.export(tmp_path / "m.glb", lambda: glbs.sphere("g", material=glbs.textured()))
    write(writer, library, glb)
    assert sorted(path.name for path in library.iterdir()) == [".triverse", "thumbnails", "vase.blend"]
    assert (mine / "project").is_dir()
    assert [path.name for path in mine.iterdir()] == ["project"]


@pytest.mark.kind("work-folder")
def test_thumbnails_never_go_through_a_link(writer: ChildAssetWriter, tmp_path: Path) -> None:
    library, mine = tmp_path / "library", tmp_path / "mine"
    library.mkdir()
    mine.mkdir()
    (mine / "vase.png").write_text("mine")
    (library / "thumbnails").symlink_to(mine)
    glb = glbs.export(tmp_path / "m.glb", lambda: glbs.sphere("g", material=glbs.textured()))
    with pytest.raises(ConvertError, match="is a link"):
        write(writer, library, glb)
    assert (mine / "vase.png").read_text() == "mine"
