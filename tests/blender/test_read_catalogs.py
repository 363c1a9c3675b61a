# SPDX-License-Identifier: GPL-3.0-or-later
"""
The catalogs that we write are read by Blender's own reader, whatever was in the file before.

Blender has no function that lists catalogs, and loads asset libraries without a window only where it adds a catalog of
its own: when a pose is saved as an asset, which writes the file anew with what was read. In the window:
``tests/gui/test_library.py``. One: ``python scripts/test.py tests/blender/test_read_catalogs.py``.
"""

from __future__ import annotations

import contextlib
import random
import uuid
from collections.abc import Iterator
from pathlib import Path

import bpy
import pytest

from tests.blender import fresh, glbs
from tests.blender.test_library import write
from triverse_addon.batch.library import catalogs
from triverse_addon.batch.library.catalogs import FILE_NAME, CatalogError
from triverse_addon.scene.child.command import child_command
from triverse_addon.scene.child.library_writer import ChildAssetWriter

OWN = "8b0d9b4e-7d0f-4f47-9c4e-0f2d9a3a2f11"
LINE = f"{OWN}:Props/Chairs:My own name"
BOM = "\ufeff"
#: Files as people, editors and other programs leave them.
BEFORE = {
    "none": None,
    "empty": "",
    "as Blender writes it": f"# mine\nVERSION 1\n\n{LINE}\n",
    "a byte order mark": f"{BOM}# mine\nVERSION 1\n\n{LINE}\n",
    "a byte order mark and a version at once": f"{BOM}VERSION 1\n{LINE}\n",
    "a byte order mark and line ends of Windows": f"{BOM}VERSION 1\r\n\r\n{LINE}\r\n# the end",
    "no line end at the end": f"VERSION 1\n{LINE}",
    "no version": f"# mine\n{LINE}\n",
    "a version that comes too late": f"{LINE}\nVERSION 1\n",
    "a note that is set in": f"  # mine\nVERSION 1\n{LINE}\n",
    "a version that is set in": f"\n  VERSION 1  \n{LINE}\n",
    "spaces around": f"VERSION 1\n  {OWN} : Props / Chairs : My own name \n",
    "an id without hyphens": f"VERSION 1\n{OWN.replace('-', '')}:Props/Chairs:x\n",
    "an id in braces": f"VERSION 1\n{{{OWN}}}:Props/Chairs:x\n",
    "an id in capitals": f"VERSION 1\n{OWN.upper()}:Props/Chairs:x\n",
    "an id of nothing": f"VERSION 1\n{uuid.UUID(int=0)}:Props/Chairs:x\n",
    "no name": f"VERSION 1\n{OWN}:Props/Chairs\n",
    "two of one path": f"VERSION 1\n{OWN}:Props/Chairs:x\n{uuid.UUID(int=7)}:Props/Chairs:y\n",
    "two of one id": f"VERSION 1\n{OWN}:Props/Chairs:x\n{OWN}:Lamps:y\n",
    "line ends of old": f"# mine\rVERSION 1\r{LINE}\r",
}
PATHS = ["Props/Chairs", "Möbel/Stühle", "椅子"]


@pytest.fixture
def pose() -> Iterator[None]:
    """A bone with a key, in Pose Mode, that can be saved as an asset."""
    fresh.empty_file()
    armature = bpy.data.armatures.new("A")
    obj = bpy.data.objects.new("A", armature)
    bpy.context.scene.collection.objects.link(obj)
    bpy.context.view_layer.objects.active = obj
    bpy.ops.object.mode_set(mode="EDIT")
    armature.edit_bones.new("b").tail = (0, 0, 1)
    bpy.ops.object.mode_set(mode="POSE")
    obj.pose.bones["b"].select = True
    obj.pose.bones["b"].keyframe_insert("location")
    yield
    fresh.empty_file()


def read_by_blender(library: Path) -> dict[str, str]:
    """The catalogs that Blender knows, id -> path, without its own; it rewrites the file."""
    libraries = bpy.context.preferences.filepaths.asset_libraries
    entry = libraries.new(name=library.name, directory=str(library))
    made = bpy.ops.poselib.create_pose_asset(
        pose_name="P", asset_library_reference=entry.name, catalog_path="Written by Blender"
    )
    libraries.remove(entry)
    assert made == {"FINISHED"}
    lines = [line.split(":", 2) for line in (library / FILE_NAME).read_text("utf-8").split("\n")]
    found = {line[0]: line[1] for line in lines if len(line) == 3 and not line[0].startswith("#")}
    assert "Written by Blender" in found.values()
    return {one: path for one, path in found.items() if path != "Written by Blender"}


if bpy.app.version >= (5, 0, 0):  # before, an asset that is saved leaves the file as it was

    @pytest.mark.parametrize("before", BEFORE)
    def test_what_we_write_is_read_by_blender(tmp_path: Path, pose: None, before: str) -> None:
        text = BEFORE[before]
        if text is not None:
            (tmp_path / FILE_NAME).write_bytes(text.encode())
        ids = catalogs.merge(tmp_path, PATHS)
        found = read_by_blender(tmp_path)
        assert {path: found.get(ids[path]) for path in PATHS} == {path: path for path in PATHS}

    @pytest.mark.parametrize("before", ["a byte order mark", "no version", "a version that comes too late"])
    def test_without_us_blender_reads_nothing_of_such_a_file(tmp_path: Path, pose: None, before: str) -> None:
        (tmp_path / FILE_NAME).write_bytes(str(BEFORE[before]).encode())
        assert OWN not in read_by_blender(tmp_path)

    def test_any_file_is_made_readable_or_refused(tmp_path: Path, pose: None) -> None:
        choose = random.Random(15)
        pieces = ["VERSION 1", "VERSION 2", "version 1", "", " ", "# mine", " # mine", LINE, BOM, "\r", "\x0b", "\x00"]
        pieces += [f"{uuid.UUID(int=choose.getrandbits(128))}:A/B:c", f"{OWN}:", ":", "::", f" {OWN} : X :", "\u2028"]
        refused = 0
        for number in range(60):
            library = tmp_path / str(number)
            library.mkdir()
            text = "".join(choose.choice(pieces) + choose.choice(("\n", "\n", "\r\n", "")) for _ in range(8))
            (library / FILE_NAME).write_bytes(text.encode())
            try:
                ids = catalogs.merge(library, PATHS)
            except CatalogError:
                refused += 1
                assert (library / FILE_NAME).read_bytes() == text.encode()
                continue
            found = read_by_blender(library)
            assert {path: found.get(ids[path]) for path in PATHS} == {path: path for path in PATHS}, repr(text)
        assert 5 < refused < 40

    def test_a_model_is_in_the_catalog_that_blender_reads(tmp_path: Path, pose: None) -> None:
        library = tmp_path / "library"
        library.mkdir()
        (library / FILE_NAME).write_bytes(str(BEFORE["a byte order mark"]).encode())
        ids = catalogs.merge(library, PATHS)
        glb = glbs.export(tmp_path / "m.glb", lambda: glbs.sphere("g"))
        with contextlib.closing(ChildAssetWriter(child_command("library_worker"), tmp_path / "work")) as writer:
            asset = write(writer, library, glb, catalog_id=ids["Props/Chairs"])
        with bpy.data.libraries.load(str(library / asset.files["blend"]), assets_only=True) as (inside, wanted):
            wanted.collections = inside.collections
        (collection,) = wanted.collections
        catalog_id = collection.asset_data.catalog_id
        bpy.data.collections.remove(collection)
        assert catalog_id == OWN
