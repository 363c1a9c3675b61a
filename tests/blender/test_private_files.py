# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender and its child write of a task is for its user alone; what goes into a library is not."""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import bpy
import pytest

from tests.blender import glbs
from triverse_addon.scene.capture import image_sources, selection

pytestmark = [pytest.mark.usefixtures("fresh_file"), pytest.mark.kind("private-files")]


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """New files are readable by everybody, as they are for most users."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    """Everything at and below ``folder`` that has any right for others."""
    return [path.name for path in (folder, *folder.rglob("*")) if path.stat().st_mode & 0o077]


def test_a_conversion_and_the_childs_temporary_files(tmp_path: Path) -> None:
    glb = glbs.export(tmp_path / "m.glb", lambda: glbs.sphere("a"))
    out = tmp_path / "share" / "task"
    thread = threading.Thread(target=glbs.convert, args=(glb, out))
    thread.start()
    seen = set()
    while thread.is_alive():
        seen |= {stat.S_IMODE(path.stat().st_mode) for path in out.glob(".convert-*")}
        time.sleep(0.01)
    assert seen == {0o700}
    assert {path.name for path in out.iterdir()} >= {"model.blend", "convert.log"}
    assert open_to_others(tmp_path / "share") == []


def test_what_is_written_to_be_sent(tmp_path: Path) -> None:
    folder = tmp_path / "sources"
    bpy.ops.mesh.primitive_cube_add()
    selection.write([bpy.context.object], folder)
    image = bpy.data.images.new("painted", 8, 8)
    image_sources.from_image(image, folder)
    image.filepath_raw, image.file_format = str(tmp_path / "packed.png"), "PNG"
    image.save()
    image.pack()
    image_sources.from_image(image, folder)
    assert len(list(folder.iterdir())) == 3
    assert open_to_others(folder) == []
