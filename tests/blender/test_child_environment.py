# SPDX-License-Identifier: GPL-3.0-or-later
"""
What a child Blender is given of the user's environment, and what reaches it of the rest: nothing.

One: ``python scripts/test.py tests/blender/test_child_environment.py``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import threading
from pathlib import Path

import bpy
import pytest

from tests.blender import glbs
from triverse_addon.batch.library.asset_writer import AssetJob
from triverse_addon.scene.child.command import child_command
from triverse_addon.scene.child.converter import ChildConverter
from triverse_addon.scene.child.environment import child_environment
from triverse_addon.scene.child.library_writer import ChildAssetWriter
from triverse_addon.tasks.converter import ConvertJob

pytestmark = [pytest.mark.usefixtures("fresh_file"), pytest.mark.kind("kept-environment")]

REPO = Path(__file__).parents[2]
#: Of a user with a studio's pipeline, on any system.
WORLD = {
    "PATH": "/studio/bin",
    "HOME": "/home/user",
    "APPDATA": r"C:\Users\user\AppData\Roaming",
    "SystemRoot": r"D:\Windows",
    "__CF_USER_TEXT_ENCODING": "0x1F5:0x0:0x0",
    "LANG": "de_DE.UTF-8",
    "DISPLAY": ":0",
    "TRIVERSE_API_KEY": "tv-secret",
    "STUDIO_TOKEN": "other",
    "OCIO": "/studio/config.ocio",
    "OCIO_ACTIVE_VIEWS": "Film",
    "BLENDER_USER_SCRIPTS": "/studio/scripts",
    "BLENDER_SYSTEM_SCRIPTS": "/studio/scripts",
    "BLENDER_OCIO": "/studio/config.ocio",
    "PYTHONPATH": "/studio/python",
    "PYTHONSTARTUP": "/studio/startup.py",
    "PYTHONHOME": "/studio/python",
    "LD_PRELOAD": "/studio/lib.so",
    "LD_LIBRARY_PATH": "/studio/lib",
    "DYLD_INSERT_LIBRARIES": "/studio/lib.dylib",
    "CYCLES_SHADER_PATH": "/studio/shaders",
    "PXR_PLUGINPATH_NAME": "/studio/usd",
    "OMP_NUM_THREADS": "1",
    "https_proxy": "http://user:pass@proxy",
    "A_VARIABLE_OF_NEXT_YEAR": "x",
}
#: Leaves a file where nobody else writes, once it is run.
MARKER = "open({path!r}, 'w').close()\n"


@pytest.mark.parametrize(
    ("platform", "kept"),
    [("linux", set()), ("darwin", {"__CF_USER_TEXT_ENCODING"}), ("win32", {"SystemRoot"})],
)
def test_nothing_is_kept_but_what_is_listed(platform: str, kept: set[str], tmp_path: Path) -> None:
    made = child_environment(WORLD, tmp_path, platform=platform)
    assert {name for name, value in made.items() if WORLD.get(name) == value} == kept
    assert not made.keys() & {"OCIO", "LD_PRELOAD", "LD_LIBRARY_PATH", "TRIVERSE_API_KEY", "OMP_NUM_THREADS"}
    assert not any("studio" in value or "user" in value for value in made.values())


def test_freed_memory_is_kept_where_the_c_library_can_be_told_so(tmp_path: Path) -> None:
    platforms = ("linux", "darwin", "win32")
    for keeps_memory, tuned in ((True, ["linux"]), (False, [])):
        made = {
            platform: child_environment({}, tmp_path, keeps_memory=keeps_memory, platform=platform)
            for platform in platforms
        }
        assert [platform for platform in made if "GLIBC_TUNABLES" in made[platform]] == tuned


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_everything_of_a_user_is_looked_for_in_the_childs_own_folder(platform: str, tmp_path: Path) -> None:
    made = child_environment(WORLD, tmp_path, platform=platform)
    homes = {"APPDATA", "USERPROFILE", "LOCALAPPDATA"} if platform == "win32" else {"HOME"}
    assert {made[name] for name in {"TMPDIR", "TEMP", "TMP", "BLENDER_USER_RESOURCES", *homes}} == {str(tmp_path)}


def test_a_scripts_folder_and_packages_of_the_user_do_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = tmp_path / "ran"
    ran.mkdir()
    for name, folder, file in (
        ("PYTHONPATH", tmp_path / "python", "sitecustomize.py"),
        ("BLENDER_SYSTEM_SCRIPTS", tmp_path / "system", "startup/studio.py"),
        ("BLENDER_USER_SCRIPTS", tmp_path / "user", "startup/studio.py"),
    ):
        (folder / file).parent.mkdir(parents=True)
        (folder / file).write_text(MARKER.format(path=str(ran / name)) + "def register(): pass\n")
        monkeypatch.setenv(name, str(folder))
    glb = glbs.export(tmp_path / "m.glb", lambda: glbs.sphere("geometry_0"))
    assert glbs.convert(glb, tmp_path / "out").blend_path.is_file()
    assert [path.name for path in ran.iterdir()] == []
    # They would have: this is what such a folder does to a Python that is given it.
    subprocess.run([sys.executable, "-c", "pass"], env=dict(os.environ), check=True)
    assert [path.name for path in ran.iterdir()] == ["PYTHONPATH"]


def test_a_home_of_the_user_is_not_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    version = ".".join(map(str, bpy.app.version[:2]))
    startup = tmp_path / "home" / ".config" / "blender" / version / "scripts" / "startup" / "studio.py"
    startup.parent.mkdir(parents=True)
    startup.write_text(MARKER.format(path=str(tmp_path / "ran")) + "def register(): pass\n")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / ".config"))
    glb = glbs.export(tmp_path / "m.glb", lambda: glbs.sphere("geometry_0"))
    before = set((tmp_path / "home").rglob("*"))
    assert glbs.convert(glb, tmp_path / "out").blend_path.is_file()
    assert not (tmp_path / "ran").exists()
    assert set((tmp_path / "home").rglob("*")) == before, "nothing is written there"


def test_a_bpy_module_that_was_found_by_pythonpath_is_found_by_the_child_too(tmp_path: Path) -> None:
    """As on a farm that unpacks the wheel into a folder of its own."""
    glb = glbs.export(tmp_path / "m.glb", lambda: glbs.sphere("geometry_0"))
    packages = sysconfig.get_path("purelib")
    script = (
        "import sys, pathlib\n"
        f"sys.path.insert(0, {str(REPO)!r})\n"
        "import bpy\n"
        "from tests.blender import glbs\n"
        f"done = glbs.convert(pathlib.Path({str(glb)!r}), pathlib.Path({str(tmp_path / 'out')!r}))\n"
        "sys.exit(0 if done.blend_path.is_file() else 1)\n"
    )
    python = Path(sys.base_prefix) / "bin" / Path(sys.executable).resolve().name
    assert subprocess.run([python, "-c", script], env={**os.environ, "PYTHONPATH": packages}).returncode == 0


# -----------------------------------------------------------------------------
# Standard input

#: Runs a worker that notes, before it reads a model, what standard input is, and how much can be read there.
LOOKING = """
import os, runpy, stat, sys
sys.argv[:] = sys.argv[1:]
sys.path.insert(0, os.path.dirname(sys.argv[0]))
import gltf_import
read = gltf_import.read
def look_and_read(path, *more):
    with open({seen!r}, "a") as file:
        is_pipe = stat.S_ISFIFO(os.fstat(0).st_mode)
        print("a pipe" if is_pipe else f"{{len(os.read(0, 1))}} bytes", file=file)
    return read(path, *more)
gltf_import.read = look_and_read
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.parametrize("way", ["started with its job", "that waited", "with many jobs"])
def test_what_is_loaded_during_a_job_does_not_meet_the_pipe_that_a_thread_reads(tmp_path: Path, way: str) -> None:
    """In Windows it would wait for ever: numpy as pip installs it asks what standard input is."""
    wrapper, seen, stop = tmp_path / "wrapper.py", tmp_path / "seen", threading.Event()
    wrapper.write_text(LOOKING.format(seen=str(seen)))
    glb = glbs.export(tmp_path / "ball.glb", lambda: glbs.sphere("Ball"))
    (tmp_path / "library").mkdir()
    many = way == "with many jobs"
    python, path, dashes = child_command("library_worker" if many else "convert_worker")
    command = (python, str(wrapper), path, dashes)
    if many:
        writer = ChildAssetWriter(command, tmp_path / "work")
        for name in ("one", "two"):
            writer(AssetJob(glb, None, tmp_path / "library", name, name), stop)
        writer.close()
    else:
        converter = ChildConverter(command)
        if way == "that waited":
            converter.expect_job(tmp_path / "work")
        converter(ConvertJob(glb, None, tmp_path / "out", "Ball"), stop)
        converter.close()
    assert seen.read_text().splitlines() == ["0 bytes"] * (2 if many else 1)
