# SPDX-License-Identifier: GPL-3.0-or-later
"""
Files that Blender could not write whole: a limit on the size of files stands for a full disk, which needs an own disk.

The error is ``EFBIG`` where that of a full disk is ``ENOSPC``; Blender says the same of both, or nothing.
One: ``python scripts/test.py tests/blender/test_full_disk.py``.
"""

from __future__ import annotations

import errno
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from triverse_addon.scene.worker import disk_room

WORKER = Path(disk_room.__file__).parent
#: What a child does, which loads its modules as plain ones. Arguments: their folder, a kind of file, a folder for it.
WRITE = """
import resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import bpy
import asset_collection, blend_file, exporters, gltf_import

scene = blend_file.begin()
ball = bpy.data.collections.new("Ball")
scene.collection.children.link(ball)
bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=6)
made = bpy.context.object
for other in list(made.users_collection):
    other.objects.unlink(made)
ball.objects.link(made)
blend_file.warm_up()
kind, folder = sys.argv[2], Path(sys.argv[3])
if "full" in sys.argv:
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
try:
    if kind == "blend":
        blend_file.write(folder / "ball.blend", scene)
    else:
        exporters.export(kind, ball, [], "ball", folder)
except OSError as error:
    print("told:", error.errno)
except gltf_import.RefusedError as error:
    print("told:", error.detail)
else:
    print("written")
"""


def written(folder: Path, kind: str, *more: str) -> str:
    """Write a model in a process of its own, and return its last line."""
    words = [sys.executable, "-c", WRITE, WORKER, kind, folder, *more]
    run = subprocess.run(words, capture_output=True, text=True, check=True)
    return run.stdout.splitlines()[-1]


@pytest.mark.parametrize("kind", ["blend", "obj"])
def test_a_file_without_its_end_is_no_file(tmp_path: Path, kind: str) -> None:
    """Blender says "No such file", "Success" or nothing of a .blend; an export without its end it calls finished."""
    assert written(tmp_path, kind, "full") == f"told: {errno.EFBIG}"
    assert not (tmp_path / "ball.blend").exists()
    assert written(tmp_path, "blend") == "written"


def test_a_usd_without_its_end_is_no_file(tmp_path: Path) -> None:
    """What is zipped is written into Blender's own folder first, which is on the same disk in a child."""
    assert written(tmp_path, "usd", "full").startswith("told: ")


def test_a_disk_with_little_room_is_the_cause_where_blender_names_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Blender had written until then, it has removed."""
    assert disk_room.cause(tmp_path, "Success").errno == 0
    free = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: free._replace(free=1024**2))
    assert disk_room.cause(tmp_path, "Success").errno == errno.ENOSPC


def test_a_folder_that_is_gone_is_the_cause(tmp_path: Path) -> None:
    assert disk_room.cause(tmp_path / "gone", "Success").errno == errno.ENOENT
