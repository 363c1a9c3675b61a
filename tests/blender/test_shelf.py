# SPDX-License-Identifier: GPL-3.0-or-later
"""Models are assets in the catalog "Triverse", and a copy of each lies in the asset library that the user names."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import bpy
import pytest

from tests.blender import glbs, kept_children
from tests.blender.drawing import session
from tests.service.server import StandIn
from triverse_addon.batch.library import catalogs
from triverse_addon.scene.child.asset_library import CATALOG, CATALOG_ID, LibraryCopyConverter
from triverse_addon.scene.importing.in_process import import_model
from triverse_addon.tasks.converter import ConvertJob
from triverse_addon.tasks.record.record import Stage

pytestmark = pytest.mark.usefixtures("fresh_file")


def shelved(tmp_path: Path, library: Path | None) -> Path:
    """Convert a sphere through a shelf; return the .blend of the task."""
    glb = glbs.export(tmp_path / "m.glb", lambda: glbs.sphere("geometry_0"))
    converter = LibraryCopyConverter(kept_children.convert)
    converter.folder = library
    return converter(ConvertJob(glb, None, tmp_path / "2026-05-04_vase_0a1b2c3d", "Vase"), threading.Event()).blend_path


def asset_in(blend: Path) -> bpy.types.Collection:
    with bpy.data.libraries.load(str(blend), assets_only=True) as (inside, wanted):
        wanted.collections = inside.collections
    (collection,) = wanted.collections
    return collection


def test_a_copy_with_its_catalog_is_put_into_the_library(tmp_path: Path) -> None:
    library = tmp_path / "new" / "library"
    blend = shelved(tmp_path, library)
    copy = library / "2026-05-04_vase_0a1b2c3d.blend"
    assert copy.read_bytes() == blend.read_bytes()
    assert catalogs.read(library) == {CATALOG: CATALOG_ID}
    assert asset_in(copy).asset_data.catalog_id == CATALOG_ID
    assert sorted(path.name for path in library.iterdir()) == [copy.name, catalogs.FILE_NAME]


def test_catalogs_that_are_there_stay(tmp_path: Path) -> None:
    line = "11111111-2222-3333-4444-555555555555:Furniture/Chairs:Furniture-Chairs"
    (tmp_path / catalogs.FILE_NAME).write_text(f"# mine\nVERSION 1\n\n{line}\n")
    shelved(tmp_path, tmp_path)
    text = (tmp_path / catalogs.FILE_NAME).read_text()
    assert "# mine" in text
    assert line in text
    assert CATALOG in catalogs.read(tmp_path)


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    library = tmp_path / "library"
    shelved(tmp_path, library)
    before = {path.name: path.stat().st_size for path in library.iterdir()}
    shelved(tmp_path, library)
    assert {path.name: path.stat().st_size for path in library.iterdir()} == before


def test_without_a_library_there_is_no_copy(tmp_path: Path) -> None:
    shelved(tmp_path, None)
    assert not list(tmp_path.rglob(catalogs.FILE_NAME))


def test_a_library_that_cannot_be_written_costs_the_copy_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "library").write_text("a file, not a folder")
    assert shelved(tmp_path, tmp_path / "library").is_file()
    assert "No copy in the asset library" in caplog.text


def test_a_user_is_told_that_there_is_no_copy(
    ui: ModuleType, connected: StandIn, tick_until: Callable[..., Any], tmp_path: Path
) -> None:
    from triverse_addon.ui import settings

    library = tmp_path / "library"
    library.write_text("a file, not a folder")
    settings.preferences().asset_library_dir = str(library)
    bpy.context.scene.triverse.shared.prompt = "A red chair"
    assert bpy.ops.triverse.generate() == {"FINISHED"}
    record = tick_until(lambda: next((one for one in session().engine.tasks() if one.stage is Stage.IMPORTED), None))
    told = [str(one.sentence) for one in session().engine.store.history(record.id) if one.level == "WARNING"]
    assert len(told) == 1
    assert told[0].startswith(f"No copy of this model is in the asset library {library}")
    assert "copy model.blend into it" in told[0]


def test_a_library_with_catalogs_of_a_newer_blender_gets_the_copy(tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    (library / catalogs.FILE_NAME).write_text("VERSION 2\n")
    shelved(tmp_path, library)
    assert [path.name for path in library.glob("*.blend")] == ["2026-05-04_vase_0a1b2c3d.blend"]
    assert (library / catalogs.FILE_NAME).read_text() == "VERSION 2\n"


def test_a_copy_that_was_edited_stays(tmp_path: Path) -> None:
    library = tmp_path / "library"
    shelved(tmp_path, library)
    copy = library / "2026-05-04_vase_0a1b2c3d.blend"
    copy.write_bytes(b"edited by the user")
    # As for a scene of other units, or with other options of the mesh.
    shelved(tmp_path, library)
    assert copy.read_bytes() == b"edited by the user"


def test_a_copy_that_was_deleted_stays_away(tmp_path: Path) -> None:
    library, other = tmp_path / "library", tmp_path / "other"
    shelved(tmp_path, library)
    copy = library / "2026-05-04_vase_0a1b2c3d.blend"
    copy.unlink()
    for _ in range(2):
        shelved(tmp_path, library)
        assert not copy.exists()
        # Of another library, this says nothing.
        shelved(tmp_path, other)
        assert (other / copy.name).is_file()


def test_a_model_imported_in_place_is_in_the_catalog_too(tmp_path: Path) -> None:
    glb = glbs.export(tmp_path / "m.glb", lambda: glbs.sphere("geometry_0"))
    collection = import_model(glb, bpy.context.scene, name="Vase")
    assert collection.asset_data.catalog_id == CATALOG_ID


def test_the_preference_names_the_library(
    ui: ModuleType, connected: StandIn, tick_until: Callable[..., Any], tmp_path: Path
) -> None:
    from triverse_addon.ui import settings

    library = tmp_path / "library"
    bpy.context.scene.triverse.shared.prompt = "A red chair"
    assert bpy.ops.triverse.generate() == {"FINISHED"}
    settings.preferences().asset_library_dir = str(library)
    record = tick_until(lambda: next((one for one in session().engine.tasks() if one.stage is Stage.IMPORTED), None))
    assert (library / f"{Path(record.folder).name}.blend").is_file()
    assert bpy.data.collections[record.collection_name].asset_data.catalog_id == CATALOG_ID

    settings.preferences().asset_library_dir = ""
    bpy.context.scene.triverse.shared.prompt = "A blue chair"
    assert bpy.ops.triverse.generate() == {"FINISHED"}
    tick_until(lambda: all(one.stage is Stage.IMPORTED for one in session().engine.tasks()))
    assert len(list(library.glob("*.blend"))) == 1
