# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalog of our models comes to where the asset browser reads it when a file is saved, beside what is there."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import bpy

from triverse_addon.batch.library import catalogs
from triverse_addon.scene.child.asset_library import CATALOG, CATALOG_ID

OTHER = "VERSION 1\n\n# mine\n11111111-1111-4111-8111-111111111111:Props/Chairs:Props-Chairs\n"


def save(path: Path) -> None:
    from triverse_addon.ui.state import file_catalogs

    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    file_catalogs.join(30.0)


def model() -> None:
    collection = bpy.data.collections.new("A chair")
    bpy.context.scene.collection.children.link(collection)
    collection.asset_mark()
    collection.asset_data.catalog_id = CATALOG_ID


def test_a_file_without_our_models_gets_no_catalog(ui: ModuleType, tmp_path: Path) -> None:
    save(tmp_path / "scene.blend")
    assert not (tmp_path / catalogs.FILE_NAME).exists()


def test_the_catalog_is_added_next_to_the_file_and_nothing_is_lost(ui: ModuleType, tmp_path: Path) -> None:
    (tmp_path / catalogs.FILE_NAME).write_text(OTHER, "utf-8")
    model()
    save(tmp_path / "scene.blend")
    text = (tmp_path / catalogs.FILE_NAME).read_text("utf-8")
    assert text.startswith(OTHER)
    assert catalogs.read(tmp_path) == {"Props/Chairs": "11111111-1111-4111-8111-111111111111", CATALOG: CATALOG_ID}
    save(tmp_path / "scene.blend")
    assert (tmp_path / catalogs.FILE_NAME).read_text("utf-8") == text


def test_a_file_in_an_asset_library_uses_the_catalogs_of_the_library(ui: ModuleType, tmp_path: Path) -> None:
    library = tmp_path / "library"
    (library / "chairs").mkdir(parents=True)
    known = bpy.context.preferences.filepaths.asset_libraries
    made = known.new(name="Ours", directory=str(library))
    try:
        model()
        save(library / "chairs" / "scene.blend")
    finally:
        known.remove(made)
    assert CATALOG in catalogs.read(library)
    assert not (library / "chairs" / catalogs.FILE_NAME).exists()
