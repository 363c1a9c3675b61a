# SPDX-License-Identifier: GPL-3.0-or-later
"""What the importer made is compared with what the file declares, by child and in place."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import bpy
import pytest

from tests.blender import glbs
from triverse_addon.scene.child.process import ChildProcess
from triverse_addon.scene.importing.importer import import_task
from triverse_addon.tasks.converter import Converted, Missing
from triverse_addon.tasks.engine.import_queue import Imported
from triverse_addon.tasks.record.record import Stage, TaskRecord

pytestmark = [pytest.mark.usefixtures("fresh_file"), pytest.mark.kind("half-models")]

TRIANGLE = {"attributes": {"POSITION": 0}, "indices": 1}


def half(path: Path) -> Path:
    """Two meshes; the second declares an extent, and all its points are in one place (an accessor without data)."""
    positions = {"componentType": 5126, "count": 3, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 0]}
    indices = {"bufferView": 1, "componentType": 5123, "count": 3, "type": "SCALAR"}
    return glbs.triangles_glb(
        path,
        nodes=[{"mesh": 0}, {"mesh": 1}],
        meshes=[{"primitives": [TRIANGLE]}, {"primitives": [{"attributes": {"POSITION": 2}, "indices": 1}]}],
        accessors=[{**positions, "bufferView": 0}, indices, positions],
    )


def thin(path: Path) -> Path:
    """Two triangles, one of which has one corner twice, as generators of models leave them."""
    return glbs.triangles_glb(
        path,
        nodes=[{"mesh": 0}],
        binary=struct.pack("<6Hxxxx", 0, 1, 2, 0, 0, 1),
        views=[(12, 6, "SCALAR", {"componentType": 5123})],
        meshes=[{"primitives": [{"attributes": {"POSITION": 0}, "indices": 2}]}],
    )


def blank(path: Path) -> Path:
    """A picture whose header is right and whose content ends early."""
    header = struct.pack(">2I5B", 8, 8, 8, 2, 0, 0, 0)
    picture = b"\x89PNG\r\n\x1a\n"
    for kind, data in ((b"IHDR", header), (b"IDAT", b"\x78")):
        picture += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    picture += bytes(-len(picture) % 4)
    return glbs.triangles_glb(
        path,
        nodes=[{"mesh": 0}],
        binary=picture,
        views=[(len(picture), 0, "SCALAR", {})],
        accessors=[
            {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 0]},
            {"bufferView": 1, "componentType": 5123, "count": 3, "type": "SCALAR"},
        ],
        meshes=[{"primitives": [{**TRIANGLE, "material": 0}]}],
        materials=[{"name": "Glaze", "pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}],
        textures=[{"source": 0}],
        images=[{"name": "cut short", "mimeType": "image/png", "bufferView": 2}],
    )


def brought(
    tmp_path: Path, glb: Path, how: str, convert: Callable[[Path, Path], Converted] = glbs.convert_kept
) -> tuple[list[tuple[str, str]], Converted | None]:
    """Levels and sentences for the history, by either way; every way leaves the model in the scene."""
    record = TaskRecord("a" * 32, "text-to-model", "Model", Stage.READY, model_path=str(glb), folder=str(tmp_path))
    if how == "in place":
        outcome = import_task(record)
        assert isinstance(outcome, Imported)
        return [(level, str(sentence)) for level, sentence in outcome.history], None
    converted = convert(glb, tmp_path / "out")
    assert isinstance(import_task(record.with_(blend_path=str(converted.blend_path))), Imported)
    return [(level, str(sentence)) for level, sentence in converted.missing.history_lines()], converted


@pytest.mark.parametrize("how", ["by child", "in place"])
def test_a_mesh_without_what_it_declares_is_told_after_another_child_was_asked(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    run = ChildProcess.run
    monkeypatch.setattr(ChildProcess, "run", lambda self, *given: (asked.append(1), run(self, *given))[1])
    lines, _ = brought(tmp_path, half(tmp_path / "m.glb"), how, glbs.convert)
    assert (
        "WARNING",
        "Of the 2 meshes of this model, Blender made 1 not or in part. The downloaded file is kept.",
    ) in lines
    assert len(asked) == (2 if how == "by child" else 0)
    assert len(bpy.context.scene.collection.all_objects) == 2


@pytest.mark.parametrize("how", ["by child", "in place"])
def test_a_picture_that_cannot_be_read_costs_that_picture(tmp_path: Path, how: str) -> None:
    lines, _ = brought(tmp_path, blank(tmp_path / "m.glb"), how)
    assert lines == [("WARNING", "Pictures of this model that Blender cannot read: cut short.")]
    (obj,) = bpy.context.scene.collection.all_objects
    assert obj.material_slots[0].material.name == "Glaze"


@pytest.mark.parametrize("how", ["by child", "in place"])
def test_triangles_without_area_are_mentioned_and_no_mesh_counts_as_missing(tmp_path: Path, how: str) -> None:
    lines, converted = brought(tmp_path, thin(tmp_path / "m.glb"), how)
    assert lines == [("INFO", "Blender left out 1 of the 2 triangles of this model.")]
    if converted is not None:
        assert converted.missing == Missing(0, 1, 1, 2, ())


@pytest.mark.parametrize("how", ["by child", "in place"])
def test_nothing_is_said_of_a_whole_model(tmp_path: Path, how: str) -> None:
    glb = glbs.export(tmp_path / "m.glb", lambda: glbs.sphere("geometry_0", material=glbs.textured()))
    lines, _ = brought(tmp_path, glb, how)
    assert lines == []
