# SPDX-License-Identifier: GPL-3.0-or-later
"""
A child that is deep in Blender's own code ends with the Blender that started it, however that ended.

Such code keeps Python's lock, so that no thread of Python runs in the child, as long as it takes. Linux and Windows:
elsewhere the child ends when the lock is free. One: ``python scripts/test.py tests/blender/test_child_ends.py``.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.blender import glbs
from tests.blender.test_library_children import eventually, is_gone
from triverse_addon.scene.child.command import child_command

pytestmark = pytest.mark.usefixtures("fresh_file")

#: Runs a worker that, given "hang.glb", notes its process id and keeps Python's lock for an hour.
WRAPPER = """
import ctypes, os, runpy, sys
sys.argv[:] = sys.argv[1:]
sys.path.insert(0, os.path.dirname(sys.argv[0]))
import gltf_import
read = gltf_import.read
def read_or_hang(path, *more):
    if "hang" in path:
        with open({begun!r} + ".part", "w") as file:
            file.write(str(os.getpid()))
        os.rename({begun!r} + ".part", {begun!r})
        ctypes.PyDLL("kernel32").Sleep(3600000) if os.name == "nt" else ctypes.PyDLL(None).sleep(3600)
    return read(path, *more)
gltf_import.read = read_or_hang
runpy.run_path(sys.argv[0], run_name="__main__")
"""
#: What the parent does with its child, and the worker for it.
WAYS = {
    "with many jobs": (
        "library_worker",
        """
        from triverse_addon.batch.library.asset_writer import AssetJob
        from triverse_addon.scene.child.library_writer import ChildAssetWriter
        writer = ChildAssetWriter(command, folder / "work")
        for name in ("good", "good", "hang"):
            writer(AssetJob(folder / f"{name}.glb", None, folder / "library", name, name), stop)
        """,
    ),
    "that waited": (
        "convert_worker",
        """
        from triverse_addon.scene.child import ready_process
        from triverse_addon.scene.child.converter import ChildConverter
        from triverse_addon.tasks.converter import ConvertJob
        ready_process._has_memory = lambda: True
        converter = ChildConverter(command)
        converter.expect_job(folder / "work")
        converter(ConvertJob(folder / "hang.glb", None, folder / "out", "Vase"), stop)
        """,
    ),
    "started with its job": (
        "convert_worker",
        """
        from triverse_addon.scene.child.converter import ChildConverter
        from triverse_addon.tasks.converter import ConvertJob
        ChildConverter(command)(ConvertJob(folder / "hang.glb", None, folder / "out", "Vase"), stop)
        """,
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_child_at_work_ends_with_a_parent_that_was_killed(tmp_path: Path, way: str) -> None:
    worker, work = WAYS[way]
    begun, wrapper = tmp_path / "begun", tmp_path / "wrapper.py"
    wrapper.write_text(WRAPPER.format(begun=str(begun)))
    glb = glbs.export(tmp_path / "good.glb", lambda: glbs.sphere("g"))
    (tmp_path / "hang.glb").write_bytes(glb.read_bytes())
    (tmp_path / "library").mkdir()
    python, path, dashes = child_command(worker)
    parent_script = (
        f"import pathlib, threading\nfolder, stop = pathlib.Path({str(tmp_path)!r}), threading.Event()\n"
        f"command = {(python, str(wrapper), path, dashes)!r}\n{textwrap.dedent(work)}"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", parent_script], cwd=Path(__file__).parents[2], stderr=subprocess.PIPE, text=True
    )
    try:
        assert eventually(lambda: begun.exists() or parent.poll() is not None)
        assert parent.poll() is None, parent.communicate()[1]
        pid = int(begun.read_text())
        assert not is_gone(pid)
    finally:
        parent.kill()
        parent.communicate()
    assert eventually(lambda: is_gone(pid), 60.0)
    assert len(list((tmp_path / "library").glob("good*.blend"))) == (way == "with many jobs")
