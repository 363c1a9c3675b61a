# SPDX-License-Identifier: GPL-3.0-or-later
"""
The add-on as a file: its wheels fetched, packed with its manifest, and validated by Blender's own extension tool.

No floor (development only). Any thread. Never imports ``bpy``.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path

from . import extension_tool, manifest_rules, venvs
from .cache import REPO, dev_cache, locked, say

MANIFEST = REPO / "blender_manifest.toml"
WHEELS_LOCK = REPO / "requirements" / "wheels.txt"
DIST = REPO / "dist"

ZIP_DATE = (1980, 1, 1, 0, 0, 0)
"""The time given to each packed file: the first that a zip can hold."""


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
    return [wheel.name for wheel in sorted(folder.glob("*.whl")) if not _is_locked(wheel.read_bytes())]


def _is_locked(wheel: bytes) -> bool:
    """Whether the lock file names the hash of a wheel."""
    return f"sha256:{hashlib.sha256(wheel).hexdigest()}" in WHEELS_LOCK.read_text(encoding="utf-8")


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


def files_of_the_package() -> dict[str, bytes]:
    """What ships, by its name in the zip: the manifest, the licence, the package's files, the wheels. Nothing else.

    Raises:
        BuildError: as :func:`fetch_wheels`.
    """
    files = {MANIFEST.name: MANIFEST.read_bytes(), "LICENSE": (REPO / "LICENSE").read_bytes()}
    package = REPO / "triverse_addon"
    for path in package.rglob("*"):
        parts = path.relative_to(package).parts
        if path.is_file() and not any(part == "__pycache__" or part.startswith(".") for part in parts):
            files[path.relative_to(package).as_posix()] = path.read_bytes()
    for wheel in fetch_wheels():
        content = wheel.read_bytes()
        if not _is_locked(content):  # between the look at the cache and now
            raise BuildError(f"This wheel is not what the lock file names: {wheel.name}.")
        files[f"wheels/{wheel.name}"] = content
    return files


def pack(files: Mapping[str, bytes]) -> bytes:
    """A zip of ``files`` that is the same on every machine and day.

    Sorted, of one date, with one kind of permissions, and not compressed: what deflate makes of the same bytes depends
    on the library that this Python was built with. The wheels, half of the file, are compressed themselves.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, ZIP_DATE)
            entry.create_system = 3  # Unix, so that the permissions count
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, files[name])
    return out.getvalue()


def validate(path: Path) -> str:
    """Check a built zip by Blender's own tool, or by its rules where no Blender is found; returns by which.

    Raises:
        BuildError: it was refused; the text holds the tool's words.
    """
    tool = extension_tool.find()
    if tool is None:
        with zipfile.ZipFile(path) as archive:
            faults = manifest_rules.faults(tomllib.loads(archive.read(MANIFEST.name).decode("utf-8")))
            faults += [f"{name} is missing." for name in ("__init__.py",) if name not in archive.namelist()]
        if faults:
            raise BuildError("The package breaks Blender's rules:\n" + "\n".join(faults))
        return "the rules of Blender's manifest (no Blender was found: its own tool is asked where there is one)"
    try:
        tool.run("validate", str(path))
    except extension_tool.ToolError as error:
        raise BuildError(f"Blender's extension tool refused the package:\n{error}") from error
    return f"Blender's own tool, {tool.command[-1] if tool.tags else tool.command[0]}"


def build(out_dir: Path = DIST) -> Path:
    """Build and validate the extension; returns the zip's path.

    Raises:
        BuildError: the wheels could not be had, or the package breaks Blender's rules.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    described = manifest()
    target = out_dir / f"{described['id']}-{described['version']}.zip"
    unfinished = target.with_name(f".{target.name}")  # Blender's generator of repositories passes dotted names over
    unfinished.write_bytes(pack(files_of_the_package()))
    try:
        by = validate(unfinished)
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)
    say(f"Built {target.name}, {target.stat().st_size / 1e6:.1f} MB, checked by {by}.")
    return target
