# SPDX-License-Identifier: GPL-3.0-or-later
"""
The add-on as a file: its wheels fetched, staged with its manifest, built and validated by Blender's own extension tool.

No floor (development only). Any thread. Never imports ``bpy``.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path
from typing import NamedTuple

from . import venvs
from .cache import REPO, dev_cache, locked, say

MANIFEST = REPO / "blender_manifest.toml"
WHEELS_LOCK = REPO / "requirements" / "wheels.txt"
DIST = REPO / "dist"

STAGED_TIME_S = 315_532_800 + 86_400
"""1980-01-02 UTC, the time given to each packed file, so that equal sources give an equal zip (zip begins in 1980)."""


class BuildError(Exception):
    """The package could not be built; the text says why."""


def manifest() -> dict[str, object]:
    """``blender_manifest.toml`` as data."""
    return tomllib.loads(MANIFEST.read_text(encoding="utf-8"))


def wheel_names() -> list[str]:
    """The file names of the wheels that the manifest lists."""
    listed = manifest()["wheels"]
    assert isinstance(listed, list)
    return [str(path).rpartition("/")[2] for path in listed]


def fetch_wheels() -> list[Path]:
    """Have the runtime wheels in the cache, each checked against the hash in ``requirements/wheels.txt``.

    They are hashed every time: what lies in a cache may have been changed there. What is not as it was is fetched anew.

    Raises:
        BuildError: pip could not fetch one, one is not pure Python, or manifest and lock file disagree.
    """
    folder = _wheels_folder()
    with locked("wheels"):
        spoiled = _not_locked(folder)
        if spoiled:
            say(f"In the cache these are not what the lock file names, and are fetched anew: {', '.join(spoiled)}.")
            shutil.rmtree(folder)
        if not folder.is_dir():
            say("Fetching the wheels that the add-on ships ...")
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
                download_wheels(Path(scratch) / "wheels")
                os.replace(Path(scratch) / "wheels", folder)
        if spoiled := _not_locked(folder):
            raise BuildError(f"These wheels are not what the lock file names: {', '.join(spoiled)}.")
    wheels = sorted(folder.glob("*.whl"))
    for wheel in wheels:
        _check_pure(wheel)
    if [wheel.name for wheel in wheels] != sorted(wheel_names()):
        raise BuildError(
            "blender_manifest.toml and requirements/wheels.txt name different wheels. The lock file gives: "
            + ", ".join(wheel.name for wheel in wheels)
        )
    return wheels


def _not_locked(folder: Path) -> list[str]:
    """Names of the wheels in ``folder`` whose hash is not in the lock file."""
    hashes = set(re.findall(r"sha256:([0-9a-f]{64})", WHEELS_LOCK.read_text(encoding="utf-8")))
    wheels = sorted(folder.glob("*.whl"))
    return [wheel.name for wheel in wheels if hashlib.sha256(wheel.read_bytes()).hexdigest() not in hashes]


def has_wheels() -> bool:
    """Whether :func:`fetch_wheels` needs no network and no pip any more."""
    return _wheels_folder().is_dir()


def _wheels_folder() -> Path:
    key = hashlib.sha256(WHEELS_LOCK.read_bytes()).hexdigest()[:16]
    return dev_cache() / "wheels" / key


def download_wheels(folder: Path) -> None:
    """Fetch with pip for no platform in particular: only a ``py3-none-any`` file fits that."""
    pip = [str(_pip_python()), "-m", "pip", "--disable-pip-version-check", "download", "--quiet", f"--dest={folder}"]
    pip += ["--require-hashes", "--no-deps", "--only-binary=:all:", "--platform=any", "--implementation=py"]
    pip += ["--abi=none", "--python-version=3.11", f"--requirement={WHEELS_LOCK}"]
    answer = subprocess.run(pip, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if answer.returncode:
        raise BuildError(f"The wheels could not be fetched:\n{answer.stdout.strip()[-2000:]}")


def _pip_python() -> Path:
    """A Python that has pip: this one, else that of the development environment."""
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0:
        return Path(sys.executable)
    return venvs.ensure(venvs.DEV)


def _check_pure(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        native = [name for name in archive.namelist() if name.endswith((".so", ".pyd", ".dylib", ".dll"))]
    if not wheel.name.endswith("-py3-none-any.whl") or native:
        raise BuildError(f"{wheel.name} is not pure Python: {', '.join(native) or 'its name says so'}.")


def ensure_runtime_wheels() -> Path:
    """A folder that holds the runtime wheels unpacked, to be put on ``sys.path`` where the host lacks them.

    Debian's Blender has no ``requests`` of its own; an installed extension gets its wheels from Blender instead.

    Raises:
        BuildError: as :func:`fetch_wheels`.
    """
    wheels = fetch_wheels()  # unpacked wheels lie in their folder, and go with it when one is spoiled
    folder = wheels[0].parent / "site"
    with locked("wheels-site"):
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
                unpacked = Path(scratch) / "site"
                for wheel in wheels:
                    with zipfile.ZipFile(wheel) as archive:
                        archive.extractall(unpacked)
                os.replace(unpacked, folder)
    return folder


class ExtensionTool(NamedTuple):
    """Blender's extension tool: ``command``, then ``build`` or ``validate`` and their options, then ``options``."""

    command: list[str]
    options: list[str]


def extension_tool() -> ExtensionTool:
    """Find Blender's extension tool.

    Looked for in ``BLENDER=``, in the bpy environments of the cache, in a Blender on PATH; else a bpy environment is
    made for it.

    Raises:
        BuildError: there is none and none can be made.
    """
    named = os.environ.get("BLENDER", "")
    if named:
        return ExtensionTool([named, "--factory-startup", "--command", "extension"], [])
    for recipe in (venvs.BPY["5.0.1"], venvs.BPY["5.2.3"], venvs.BPY["4.2.23"]):
        tool = _tool_in(dev_cache() / "venvs" / recipe.name)
        if tool:
            return tool
    on_path = shutil.which("blender")
    if on_path:
        return ExtensionTool([on_path, "--factory-startup", "--command", "extension"], [])
    for recipe in (venvs.BPY["5.0.1"], venvs.BPY["5.2.3"]):
        if not venvs.missing(recipe):
            venvs.ensure(recipe)
            tool = _tool_in(dev_cache() / "venvs" / recipe.name)
            if tool:
                return tool
    raise BuildError(
        "Blender's extension tool was not found. Set BLENDER= to a Blender, or install Python 3.11 or 3.13."
    )


def _tool_in(venv: Path) -> ExtensionTool | None:
    """The tool of a bpy wheel. It is plain Python, so it is run by this interpreter (3.11 or newer).

    Run so, it must be told where the tags are that Blender's platform allows.
    """
    for pattern in ("lib/python*/site-packages", "Lib/site-packages"):
        for path in sorted(venv.glob(f"{pattern}/bpy/*/scripts/addons_core/bl_pkg/cli/blender_ext.py")):
            tags = path.parents[3] / "modules" / "_bpy_internal" / "extensions" / "tags.py"
            return ExtensionTool([sys.executable, str(path)], [f"--valid-tags={tags}"])
    return None


def stage(folder: Path) -> None:
    """Lay out in ``folder`` what ships: the manifest, the licence, the package's files, the wheels. Nothing else.

    A ``[build]`` table with the sorted list of files is added to the staged manifest: Blender's tool packs them in that
    order and looks for no others.
    """
    files = {"LICENSE": REPO / "LICENSE"}
    package = REPO / "triverse_addon"
    for path in package.rglob("*"):
        parts = path.relative_to(package).parts
        if path.is_file() and not any(part == "__pycache__" or part.startswith(".") for part in parts):
            files[path.relative_to(package).as_posix()] = path
    wheels = {f"wheels/{wheel.name}": wheel for wheel in fetch_wheels()}
    for name, source in (files | wheels).items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    if spoiled := _not_locked(folder / "wheels"):  # between the look at the cache and the copy
        raise BuildError(f"These wheels are not what the lock file names: {', '.join(spoiled)}.")
    listed = "".join(f'  "{name}",\n' for name in sorted(files))
    staged = folder / MANIFEST.name
    staged.write_text(MANIFEST.read_text(encoding="utf-8") + f"\n[build]\npaths = [\n{listed}]\n", encoding="utf-8")
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(0o644)
            os.utime(path, (STAGED_TIME_S, STAGED_TIME_S))


def build(out_dir: Path = DIST) -> Path:
    """Build and validate the extension; returns the zip's path.

    Raises:
        BuildError: the wheels could not be had, or Blender's tool found a fault (its words are in the text).
    """
    described = manifest()
    out_dir.mkdir(parents=True, exist_ok=True)
    target = out_dir / f"{described['id']}-{described['version']}.zip"
    tool = extension_tool()
    with tempfile.TemporaryDirectory(prefix="triverse-stage-") as scratch:
        source = Path(scratch) / "source"
        built = Path(scratch) / target.name
        stage(source)
        _run_tool([*tool.command, "build", f"--source-dir={source}", f"--output-filepath={built}", *tool.options])
        _run_tool([*tool.command, "validate", str(built), *tool.options])
        shutil.copyfile(built, target.with_suffix(".part"))
        os.replace(target.with_suffix(".part"), target)
    return target


def _run_tool(command: list[str]) -> str:
    # zip keeps local times: TZ makes them the same everywhere. The key is no business of a child.
    environment = {name: value for name, value in os.environ.items() if name != "TRIVERSE_API_KEY"} | {"TZ": "UTC"}
    answer = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, env=environment
    )
    if answer.returncode or re.search(r"^(FATAL_)?ERROR", answer.stdout, re.MULTILINE):
        raise BuildError(f"Blender's extension tool refused the package:\n{answer.stdout.strip()}")
    return answer.stdout
