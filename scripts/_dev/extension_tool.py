# SPDX-License-Identifier: GPL-3.0-or-later
"""
Blender's own extension tool, found where a Blender, its Python module or that module's wheel is. Nothing is installed.

No floor (development only). Any thread. Never imports ``bpy``.

The tool is one file of plain Python, so it is run by this interpreter (3.11 or newer), which takes a tenth of a second
and needs no library of the system; only where that file is not found beside a Blender is the Blender itself started.
"""

from __future__ import annotations

import functools
import glob
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import venvs
from .cache import SetupError, dev_cache

_TOOL = "scripts/addons_core/bl_pkg/cli/blender_ext.py"
_TAGS = "scripts/modules/_bpy_internal/extensions/tags.py"

USUAL_PLACES = (
    "/opt/blender*/blender",
    "/snap/blender/current/blender",
    "/Applications/Blender*.app/Contents/MacOS/Blender",
    "C:/Program Files/Blender Foundation/Blender */blender.exe",
)
"""Where Blender's own installers, and people, put it. Of several, the newest by name is taken."""

_TOO_OLD = ("4.2",)
"""Its generator of repositories knows of no versions of Python, and its page has no link to drag."""


class ToolError(Exception):
    """The tool found a fault; the text is what it said."""


@dataclass(frozen=True)
class ExtensionTool:
    """The tool: ``command`` comes before its actions, such as ``validate`` or ``server-generate``.

    ``tags`` is the file of the tags that are allowed; empty where Blender itself is started, which knows them.
    """

    command: tuple[str, ...]
    tags: str = ""

    def run(self, action: str, *arguments: str) -> str:
        """Run one action and return what it said.

        Raises:
            ToolError: it refused, or cannot be started.
        """
        command = [*self.command, action, *arguments]
        if self.tags and action == "validate":
            command.append(f"--valid-tags={self.tags}")
        # The key is no business of a child.
        environment = {name: value for name, value in os.environ.items() if name != "TRIVERSE_API_KEY"}
        try:
            answer = subprocess.run(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, env=environment
            )
        except OSError as error:
            raise ToolError(f"{command[0]} cannot be started: {error.strerror}") from error
        if answer.returncode or re.search(r"^(FATAL_)?ERROR", answer.stdout, re.MULTILINE):
            raise ToolError(answer.stdout.strip())
        return answer.stdout


def find() -> ExtensionTool | None:
    """The tool of the first Blender that is found, or None.

    Looked for in what ``BLENDER=`` names (a program, or a wheel of the bpy module), this Python's bpy, the environments
    of the cache, ``PATH``, and the places where Blender is usually installed.
    """
    return next(_found(), None)


def ensure() -> ExtensionTool:
    """The tool; where there is none, a bpy environment is made for it, which takes minutes.

    Raises:
        SetupError: there is none and none can be made.
    """
    tool = find()
    if tool is not None:
        return tool
    for recipe in (venvs.BPY["5.0.1"], venvs.BPY["5.3.0"]):
        if not venvs.missing(recipe):
            venvs.ensure(recipe)
            tool = find()
            if tool is not None:
                return tool
    raise SetupError(
        "Blender's extension tool was not found. Set BLENDER= to a Blender or a wheel of the bpy module, "
        "or install Python 3.11 or 3.13."
    )


def _found() -> Iterator[ExtensionTool]:
    named = os.environ.get("BLENDER", "")
    if named.endswith(".whl"):
        yield _from_wheel(Path(named))
    elif named:
        yield _beside(Path(named)) or _by_starting(named)
    spec = importlib.util.find_spec("bpy")
    packages = [Path(folder) for folder in (spec.submodule_search_locations or [])] if spec else []
    for recipe in reversed(venvs.BPY.values()):
        folder = dev_cache() / "venvs" / recipe.name
        packages += [path for part in ("lib/python*", "Lib") for path in folder.glob(f"{part}/site-packages/bpy")]
    for package in packages:
        yield from _below(package.glob("*"))
    programs = [shutil.which("blender") or ""]
    programs += [path for place in USUAL_PLACES for path in sorted(glob.glob(place), reverse=True)]
    for program in filter(None, programs):
        yield _beside(Path(program)) or _by_starting(program)


def _below(folders: Iterator[Path] | Sequence[Path]) -> Iterator[ExtensionTool]:
    """The tools in folders of one version each, newest first."""
    for folder in sorted(folders, reverse=True):
        if (folder / _TOOL).is_file() and (folder / _TAGS).is_file() and folder.name not in _TOO_OLD:
            yield ExtensionTool((sys.executable, str(folder / _TOOL)), str(folder / _TAGS))


def _beside(program: Path) -> ExtensionTool | None:
    """The tool in the files that belong to a Blender: beside it, in a Mac's bundle, where Debian puts them."""
    folder = program.resolve().parent
    places = [*folder.glob("[0-9]*.[0-9]*"), *folder.parent.glob("Resources/[0-9]*.[0-9]*")]
    places += [folder.parent / "share" / "blender", *folder.parent.glob("share/blender/[0-9]*.[0-9]*")]
    return next(_below(places), None)


def _by_starting(program: str) -> ExtensionTool:
    return ExtensionTool((program, "--factory-startup", "--command", "extension"))


@functools.cache
def _from_wheel(wheel: Path) -> ExtensionTool:
    """Take the two files of the tool out of a wheel of 300 MB; what is not needed is not unpacked.

    Raises:
        SetupError: the wheel is none of bpy, or cannot be read.
    """
    folder = dev_cache() / "extension-tool" / wheel.stem
    try:
        with zipfile.ZipFile(wheel) as archive:
            for ending in (_TOOL, _TAGS):
                name = next(name for name in archive.namelist() if name.endswith(f"/{ending}"))
                target = folder / ending
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(name))
    except (OSError, zipfile.BadZipFile, StopIteration) as error:
        raise SetupError(f"{wheel} is not a readable wheel of the bpy module: {error}") from error
    return ExtensionTool((sys.executable, str(folder / _TOOL)), str(folder / _TAGS))
