# SPDX-License-Identifier: GPL-3.0-or-later
"""
Virtual environments of the development cache, each made from one lock file and refreshed when it changes.

No floor (development only). Any thread. Never imports ``bpy``.
"""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from . import consent
from .cache import REPO, SetupError, dev_cache, locked, say

REQUIREMENTS = REPO / "requirements"


@dataclass(frozen=True)
class Recipe:
    """How one environment is made: its name, its lock file, the Pythons it runs on (best first)."""

    name: str
    lock: Path
    pythons: tuple[tuple[int, int], ...]


DEV = Recipe("dev", REQUIREMENTS / "dev.txt", ((3, 11), (3, 12), (3, 13)))
WORKFLOWS = Recipe("workflows", REQUIREMENTS / "workflows.txt", ((3, 11), (3, 12), (3, 13)))
"""What checks the files of a host's CI and of Kubernetes."""
OPENJD = REQUIREMENTS / "openjd.txt"
"""What runs the job bundle for farms: no environment of its own, see :func:`ensure_for`."""
WINDOWS = REQUIREMENTS / "windows.txt"
"""Python and Blender for Windows: no environment either, see ``windows_python.py``."""
BPY = {
    "4.2.23": Recipe("bpy-4.2.23", REQUIREMENTS / "bpy-4.2.23.txt", ((3, 11),)),
    "4.5.15": Recipe("bpy-4.5.15", REQUIREMENTS / "bpy-4.5.15.txt", ((3, 11),)),
    "5.0.1": Recipe("bpy-5.0.1", REQUIREMENTS / "bpy-5.0.1.txt", ((3, 11),)),
    "5.2.3": Recipe("bpy-5.2.3", REQUIREMENTS / "bpy-5.2.3.txt", ((3, 13),)),
    "5.3.0": Recipe("bpy-5.3.0", REQUIREMENTS / "bpy-5.3.0.txt", ((3, 13),)),
}
"""Blender as a Python module. A bpy wheel is built for exactly one version of Python."""

BPY_LIBRARIES = [
    "libegl1",
    "libgl1",
    "libgomp1",
    "libice6",
    "libsm6",
    "libx11-6",
    "libxext6",
    "libxfixes3",
    "libxi6",
    "libxkbcommon0",
    "libxrender1",
    "libxt6",
    "libxxf86vm1",
]
"""Debian packages with the libraries that bpy's wheels link to but do not bring. A machine with a desktop has them."""


def _candidates(version: tuple[int, int]) -> list[Path]:
    """
    Files that may be a Python of ``version``, best first.

    Distributions compile theirs with the profile of a run, pyenv does not unless it is told to: the tests without
    Blender take 9 % less of the processor with Debian's 3.11 than with pyenv's, and those under bpy 4.5.15 12 %.
    """
    name = f"python{version[0]}.{version[1]}"
    found = [Path("/usr/bin") / name]
    if sys.version_info[:2] == version:
        found.append(Path(getattr(sys, "_base_executable", "") or sys.executable))
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    if pyenv.is_dir():
        found += [
            folder / "bin" / "python" for folder in sorted(pyenv.glob(f"{version[0]}.{version[1]}.*"), reverse=True)
        ]
    found += [Path(folder) / name for folder in ("/usr/local/bin", "/opt/homebrew/bin")]
    on_path = shutil.which(name)
    if on_path:
        found.append(Path(on_path))
    launcher = shutil.which("py")
    if launcher:
        answer = subprocess.run(
            [launcher, f"-{version[0]}.{version[1]}", "-c", "import sys; print(sys.executable)"],
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode == 0:
            found.append(Path(answer.stdout.strip()))
    return found


@functools.cache
def find_python(version: tuple[int, int]) -> Path | None:
    """A working Python of ``version``, or None; rather one that makes environments without more packages."""
    paths = [path for path in _candidates(version) if path.exists()]
    modules = ("ssl, sqlite3, venv, ensurepip", "ssl, sqlite3, venv")
    return next((path for needed in modules for path in paths if _is_python(path, version, needed)), None)


def _is_python(path: Path, version: tuple[int, int], modules: str) -> bool:
    """Whether a file runs and is a Python with some modules: a pyenv shim exists without what it stands for."""
    code = f"import {modules}, sys; print(sys.version_info[:2])"
    try:
        answer = subprocess.run([path, "-c", code], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return answer.returncode == 0 and answer.stdout.strip() == str(version)


def python_of(folder: Path) -> Path:
    """The interpreter inside the virtual environment ``folder``."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def missing(recipe: Recipe) -> str:
    """Why ``recipe`` cannot be made here, in a sentence; empty if it can."""
    if any(find_python(version) for version in recipe.pythons):
        return ""
    names = " or ".join(f"{major}.{minor}" for major, minor in recipe.pythons)
    return f"No Python {names} was found on this machine."


def ensure(recipe: Recipe) -> Path:
    """Make or refresh the environment of ``recipe`` and return its interpreter.

    Raises:
        SetupError: no fitting Python, or pip could not install the lock file.
    """
    base = next((python for version in recipe.pythons if (python := find_python(version))), None)
    if base is None:
        raise SetupError(missing(recipe))
    folder = dev_cache() / "venvs" / recipe.name
    # The base interpreter is part of the key, without regard to the several names that it has (python3, python3.11): an
    # environment does not outlive the Python it points to.
    key = hashlib.sha256(recipe.lock.read_bytes() + str(base.resolve()).encode()).hexdigest()
    mark = folder / ".lock-sha256"
    python = python_of(folder)
    with locked(f"venv-{recipe.name}"):
        if mark.is_file() and mark.read_text() == key and _runs(python):
            return python
        say(f"Setting up {folder} from {recipe.lock.name} (once, a few minutes at most) ...")
        mark.unlink(missing_ok=True)
        if python.resolve() != base.resolve() or not _runs(python):
            shutil.rmtree(folder, ignore_errors=True)
            _make(base, folder)
        _install(python, recipe.lock)
        if recipe in BPY.values():
            _check_bpy(python)
        mark.write_text(key)
    return python


def run_inside(recipe: Recipe) -> int | None:
    """Run this script once more in the environment of ``recipe``; None if it runs there already.

    Returns:
        The exit code, which the caller ends with.

    Raises:
        SetupError: as `ensure`.
    """
    if Path(sys.prefix) == dev_cache() / "venvs" / recipe.name:
        return None
    return subprocess.run([ensure(recipe), *sys.argv], check=False).returncode


def ensure_beside(lock: Path) -> Path:
    """Install a lock file into a folder of its own, for ``PYTHONPATH``, with this Python; return the folder.

    Raises:
        SetupError: pip could not install it.
    """
    folder = dev_cache() / "beside" / f"{lock.stem}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    with locked(f"beside-{lock.stem}"):
        if not folder.is_dir():
            unfinished = folder.with_name(f"{folder.name}.part")
            shutil.rmtree(unfinished, ignore_errors=True)
            _install(Path(sys.executable), lock, "--no-deps", f"--target={unfinished}")
            unfinished.rename(folder)
    return folder


def ensure_for(version: str, lock: Path) -> Path:
    """Install a lock file into a folder of its own, for ``PYTHONPATH`` of another Python; return the folder.

    Args:
        version: of that Python, such as "3.13". It runs on this kind of machine, in a root.
        lock: whose packages are wheels only.

    Raises:
        SetupError: pip could not install it.
    """
    folder = dev_cache() / "beside" / f"{lock.stem}-{version}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    with locked(f"beside-{lock.stem}-{version}"):
        if not folder.is_dir():
            unfinished = folder.with_name(f"{folder.name}.part")
            shutil.rmtree(unfinished, ignore_errors=True)
            install_for(version, lock, unfinished)
            unfinished.rename(folder)
    return folder


def install_for(version: str, lock: Path, folder: Path, *more: str) -> None:
    """Install the wheels of a lock file into a folder, for another Python.

    Args:
        version: of that Python, such as "3.13".
        more: options of pip, such as ``--platform=win_amd64``.

    Raises:
        SetupError: pip could not install it.
    """
    chosen = (f"--python-version={version}", "--only-binary=:all:", "--no-deps", f"--target={folder}", *more)
    _install(Path(sys.executable), lock, *chosen)


def _runs(python: Path) -> bool:
    if not python.exists():
        return False
    return subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0


def _make(base: Path, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    answer = subprocess.run([base, "-m", "venv", folder], capture_output=True, text=True, check=False)
    if answer.returncode and Path("/etc/debian_version").exists() and base.parent == Path("/usr/bin"):
        # Debian splits venv's ensurepip from Python.
        package = f"{base.name}-venv" if base.name != "python3" else "python3-venv"
        shutil.rmtree(folder, ignore_errors=True)
        if os.geteuid() != 0:
            raise SetupError(f"Python's venv module is incomplete here. Install the Debian package {package}.")
        apt_install([package])
        answer = subprocess.run([base, "-m", "venv", folder], capture_output=True, text=True, check=False)
    if answer.returncode:
        raise SetupError(
            f"A virtual environment could not be made with {base}: {answer.stdout} {answer.stderr}".strip()
        )


def _install(python: Path, lock: Path, *options: str) -> None:
    pip = [
        str(python),
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "--quiet",
        # Python compiles what is imported. All of bpy takes 9 s of processor time, and most of it is never looked at.
        "--no-compile",
        "--require-hashes",
        *options,
        f"-r{lock}",
    ]
    answer = subprocess.run(pip, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if answer.returncode:
        raise SetupError(f"pip could not install {lock.name}:\n{answer.stdout.strip()[-2000:]}")


def _check_bpy(python: Path) -> None:
    """See that bpy can be imported, and install the system's libraries that it lacks where that is possible."""
    look = [str(python), "-c", "import bpy"]
    answer = subprocess.run(look, capture_output=True, text=True, check=False)
    if answer.returncode and "shared object file" in answer.stderr and shutil.which("apt-get"):
        if os.geteuid() != 0:
            raise SetupError(f"bpy lacks libraries. Install the Debian packages: {' '.join(BPY_LIBRARIES)}.")
        apt_install(BPY_LIBRARIES)
        answer = subprocess.run(look, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise SetupError(f"bpy cannot be imported: {answer.stderr.strip()[-500:]}")


def apt_install(packages: list[str]) -> None:
    """Install Debian packages, once that is agreed to. Needs root.

    Raises:
        SetupError: apt could not, or it is not agreed to.
    """
    consent.ask(f"Install Debian packages on this machine with apt-get, as root: {' '.join(packages)}.")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    wait = "-oDPkg::Lock::Timeout=600"  # another installation may be under way
    steps = (
        ["apt-get", "update", "-qq", wait],
        ["apt-get", "install", "-y", "-qq", wait, "--no-install-recommends", *packages],
    )
    with locked("apt"):
        for step in steps:
            answer = subprocess.run(
                step, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, env=environment
            )
            if answer.returncode:
                raise SetupError(f"{' '.join(step)} failed:\n{answer.stdout.strip()[-2000:]}")
