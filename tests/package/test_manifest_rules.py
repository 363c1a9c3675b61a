# SPDX-License-Identifier: GPL-3.0-or-later
"""
Our rules of a manifest, for a machine without Blender, refuse what Blender's own tool refuses, and nothing else.

One: ``python scripts/test.py tests/package/test_manifest_rules.py``.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from scripts._dev import extension_tool, manifest_rules
from scripts._dev.cache import SetupError
from scripts._dev.package import MANIFEST

TEXT = MANIFEST.read_text("utf-8")

CHANGES = {
    "as it is": ("", ""),
    "a version of two numbers": ('version = "0.1.0"', 'version = "0.1"'),
    "a version with a zero before": ('version = "0.1.0"', 'version = "0.01.0"'),
    "a beta": ('version = "0.1.0"', 'version = "0.2.0-beta.1"'),
    "no version": ('\nversion = "0.1.0"', ""),
    "a version that is a number": ('version = "0.1.0"', "version = 1"),
    "an id with a dash": ('id = "triverse"', 'id = "tri-verse"'),
    "an id with two underscores": ('id = "triverse"', 'id = "tri__verse"'),
    "an id that ends with one": ('id = "triverse"', 'id = "triverse_"'),
    "an empty name": ('name = "Triverse"', 'name = ""'),
    "a name with a space before": ('name = "Triverse"', 'name = " Triverse"'),
    "a full stop": ('pictures"\nmaintainer', 'pictures."\nmaintainer'),
    "a tagline in brackets": ('pictures"\nmaintainer', 'pictures (GLB)"\nmaintainer'),
    "a long tagline": ('tagline = "', 'tagline = "' + "x" * 64),
    "a tab in the tagline": ('tagline = "Textured ', 'tagline = "Textured\\t'),
    "another type": ('type = "add-on"', 'type = "plugin"'),
    "an unknown tag": ('tags = ["', 'tags = ["Nonsense", "'),
    "another tag": ('tags = ["', 'tags = ["Mesh", "'),
    "no tags": ('tags = ["Import-Export", "3D View"]', "tags = []"),
    "a Blender of two numbers": ('blender_version_min = "4.2.0"', 'blender_version_min = "4.2"'),
    "a newest Blender": ('name = "Triverse"', 'name = "Triverse"\nblender_version_max = "6.0.0"'),
    "no licence": ('license = ["SPDX:GPL-3.0-or-later"]', "license = []"),
    "a licence as text": ('license = ["SPDX:GPL-3.0-or-later"]', 'license = "SPDX:GPL-3.0-or-later"'),
    "a copyright without a year": ('copyright = [\n', 'copyright = [\n  "Somebody",\n'),
    "a copyright of years": ('copyright = [\n', 'copyright = [\n  "2020-2026 Somebody",\n'),
    "a copyright of nobody": ('copyright = [\n', 'copyright = [\n  "2026 ",\n'),
    "a wheel that is none": ("-py3-none-any.whl", ".tar.gz"),
    "a wheel of few parts": ("-py3-none-any.whl", "-any.whl"),
    "an unknown permission": ('clipboard = "', 'clipbord = "'),
    "another permission": ('clipboard = "', 'camera = "Look"\nclipboard = "'),
    "a long reason": ('clipboard = "', 'clipboard = "' + "x" * 64),
    "no maintainer": ('maintainer = "The Triverse for Blender developers"\n', ""),
    "a website": ('maintainer = "', 'website = "https://localhost/"\nmaintainer = "'),
    "an empty website": ('maintainer = "', 'website = ""\nmaintainer = "'),
}  # fmt: skip


def a_zip(text: str, folder: Path) -> Path:
    """A zip with a manifest. Blender's tool sees one: wheels are named only."""
    path = folder / "triverse.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(MANIFEST.name, text)
        archive.writestr("__init__.py", "")
    return path


def refused_by_blender(text: str, folder: Path) -> str:
    """What Blender's tool says against a manifest; "" if nothing."""
    try:
        extension_tool.ensure().run("validate", str(a_zip(text, folder)))
    except extension_tool.ToolError as error:
        return str(error)
    return ""


ONE_BY_ONE = """
import contextlib, io, json, runpy, sys
tool = runpy.run_path(sys.argv[1])
for path in sys.argv[3:]:
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        try:
            code = tool["main"](["validate", path, f"--valid-tags={sys.argv[2]}"])
        except SystemExit as ended:
            code = ended.code
    print(json.dumps(told.getvalue() or f"It ended with {code}." if code else ""))
"""
"""The tool on many zips: it takes 3 ms for each, and 200 to start. Writes a line for each: what it has against it."""


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What Blender's tool says against each of the manifests; "" if nothing."""
    paths = [a_zip(changed(what), tmp_path_factory.mktemp("manifest")) for what in CHANGES]
    tool = extension_tool.ensure()
    assert tool.tags, "the tool was found beside a Blender"
    command = [sys.executable, "-c", ONE_BY_ONE, tool.command[-1], tool.tags, *paths]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(zip(CHANGES, map(json.loads, answer.stdout.splitlines()), strict=True))


def changed(what: str) -> str:
    before, after = CHANGES[what]
    assert before in TEXT
    return TEXT.replace(before, after) if before else TEXT


@pytest.mark.parametrize("what", CHANGES)
def test_both_refuse_the_same(refused: dict[str, str], what: str) -> None:
    ours, theirs = manifest_rules.faults(tomllib.loads(changed(what))), refused[what]
    assert bool(ours) == bool(theirs), (ours, theirs)


def test_what_one_start_says_of_many_is_what_each_start_says(refused: dict[str, str], tmp_path: Path) -> None:
    for what in ("as it is", "another type"):
        assert bool(refused[what]) == bool(refused_by_blender(changed(what), tmp_path))
    assert refused["another type"]


def test_both_know_the_same_tags() -> None:
    tool = extension_tool.ensure()
    assert tool.tags, "the tool was found beside a Blender"
    known: dict[str, set[str]] = {}
    exec(Path(tool.tags).read_text("utf-8"), known)
    assert known["addons"] - {"All"} == manifest_rules.TAGS, '"All" is given by Blender itself'


@pytest.fixture
def tool_files() -> Path:
    """The folder of a version, as it lies in the bpy module."""
    return Path(extension_tool.ensure().tags).parents[4]


def nothing_else(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    """An empty cache, no Blender on PATH or in the usual places."""
    monkeypatch.setenv("TRIVERSE_DEV_CACHE", str(cache))
    monkeypatch.setenv("PATH", str(cache))
    monkeypatch.setattr(extension_tool, "USUAL_PLACES", ())
    monkeypatch.delenv("BLENDER", raising=False)


def lay(tool_files: Path, target: Path) -> None:
    """Put the two files of the tool below ``target``, as a Blender has them."""
    for part in ("addons_core/bl_pkg/cli/blender_ext.py", "modules/_bpy_internal/extensions/tags.py"):
        (target / "scripts" / part).parent.mkdir(parents=True)
        shutil.copyfile(tool_files / "scripts" / part, target / "scripts" / part)


@pytest.mark.parametrize(
    ("program", "files"),
    [
        ("blender-5.2/blender", "blender-5.2/5.2"),
        ("usr/bin/blender", "usr/share/blender"),
        ("usr/bin/blender", "usr/share/blender/5.2"),
        ("Blender.app/Contents/MacOS/Blender", "Blender.app/Contents/Resources/5.2"),
        ("Blender Foundation/Blender 5.2/blender.exe", "Blender Foundation/Blender 5.2/5.2"),
    ],
)
def test_the_tool_is_found_in_the_files_of_an_installed_blender(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool_files: Path, program: str, files: str
) -> None:
    lay(tool_files, tmp_path / files)
    (tmp_path / program).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / program).touch(mode=0o755)
    (tmp_path / "cache").mkdir()
    nothing_else(monkeypatch, tmp_path / "cache")
    assert extension_tool.find() is None
    monkeypatch.setattr(extension_tool, "USUAL_PLACES", (str(tmp_path / program),))
    found = extension_tool.find()
    assert found is not None
    assert found.command[0] == sys.executable, "the program itself is not started"
    assert subprocess.run([*found.command, "--version"], check=False, capture_output=True).returncode == 0


def test_the_tool_is_taken_out_of_a_wheel_that_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool_files: Path
) -> None:
    wheel = tmp_path / "bpy-5.3.0-cp313-cp313-any.whl"
    lay(tool_files, tmp_path / "bpy" / "5.3")
    with zipfile.ZipFile(wheel, "w") as archive:
        for path in (tmp_path / "bpy").rglob("*.py"):
            archive.write(path, path.relative_to(tmp_path).as_posix())
    nothing_else(monkeypatch, tmp_path / "cache")
    monkeypatch.setenv("BLENDER", str(wheel))
    found = extension_tool.find()
    assert found is not None
    assert Path(found.tags).is_relative_to((tmp_path / "cache").resolve())
    assert not refused_by_blender(TEXT, tmp_path)
    monkeypatch.setenv("BLENDER", str(tmp_path / "other.whl"))
    with pytest.raises(SetupError, match=r"other\.whl"):
        extension_tool.find()


def test_a_blender_that_is_not_there_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLENDER", str(tmp_path / "blender"))
    tool = extension_tool.find()
    assert tool is not None
    with pytest.raises(extension_tool.ToolError, match="cannot be started"):
        tool.run("validate", str(tmp_path))
