# SPDX-License-Identifier: GPL-3.0-or-later
"""
Python 3.11 and Blender's module for Windows, run by Wine.

No floor (development only). Any thread. Never imports ``bpy``.

No package brings all of Python for Windows. Panda3D's wheel holds its libraries, which programs made with it need; the
modules that are written in Python are those of this machine's Python 3.11, and python.exe is five lines of C.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PureWindowsPath

from .cache import REPO, SetupError, dev_cache, locked, say
from .venvs import WINDOWS, apt_install, find_python, install_for

_PYTHON = (3, 11)
_COMPILER = "x86_64-w64-mingw32-gcc"
_PACKAGES = ["wine", "wine64", "gcc-mingw-w64-x86-64-win32"]
_LAUNCHER = """
#include <windows.h>
typedef int (*Main)(int, wchar_t **);
int wmain(int argc, wchar_t **argv) {
    HMODULE python = LoadLibraryW(L"python311.dll");
    return python ? ((Main)GetProcAddress(python, "Py_Main"))(argc, argv) : 99;
}
"""
#: Wine's C runtime does not say why a file cannot be locked (seen in Wine 8 and 10), where that of Windows says EACCES.
_SITE = """
import errno, msvcrt
_locking = msvcrt.locking
def locking(fd, mode, size):
    try:
        _locking(fd, mode, size)
    except OSError as error:
        raise error if error.errno else PermissionError(errno.EACCES, "Permission denied") from None
msvcrt.locking = locking
"""


def ensure() -> Path:
    """
    Make or refresh Python with Blender's module for Windows, and return its python.exe.

    :raises SetupError: something that it needs is missing here, and cannot be installed.
    """
    base = find_python(_PYTHON)
    if base is None:
        raise SetupError("No Python 3.11 was found on this machine.")
    _ensure_wine()
    key = hashlib.sha256(WINDOWS.read_bytes() + Path(__file__).read_bytes() + str(base.resolve()).encode()).hexdigest()
    folder = dev_cache() / "windows" / key[:12]
    with locked("windows"):
        if not folder.is_dir():
            say(f"Setting up {folder} from {WINDOWS.name} (once, a minute or two) ...")
            shutil.rmtree(folder.parent, ignore_errors=True)
            unfinished = folder.with_name(f"{folder.name}.part")
            _make(base, unfinished)
            unfinished.rename(folder)
    return folder / "python.exe"


def _ensure_wine() -> None:
    if shutil.which("wine") and shutil.which(_COMPILER):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise SetupError(f"Install the Debian packages {' '.join(_PACKAGES)}.")
    apt_install(_PACKAGES)


def _make(base: Path, folder: Path) -> None:
    answer = subprocess.run(
        [base, "-c", "import sysconfig; print(sysconfig.get_path('stdlib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    library = folder / "Lib"
    compiled = shutil.ignore_patterns("lib-dynload", "site-packages", "__pycache__", "test", "idlelib", "config-*")
    shutil.copytree(answer.stdout.strip(), library, ignore=compiled)
    install_for("3.11", WINDOWS, library / "site-packages", "--platform=win_amd64")
    (library / "site-packages" / "sitecustomize.py").write_text(_SITE)
    (folder / "DLLs").mkdir()
    for file in (library / "site-packages" / "deploy_libs").iterdir():
        if file.suffix == ".pyd":
            shutil.copy(file, folder / "DLLs")
        elif file.suffix == ".dll":
            shutil.copy(file, folder)
    source = folder / "python.c"
    source.write_text(_LAUNCHER)
    subprocess.run([_COMPILER, "-municode", "-O2", source, "-o", folder / "python.exe"], check=True)


@contextlib.contextmanager
def wine() -> Iterator[dict[str, str]]:
    """Start Wine with a new C: drive, and yield the environment of its programs. At the end, all of them end."""
    drive = tempfile.mkdtemp(prefix="triverse-wine-")
    environment = os.environ | {
        "WINEPREFIX": drive,
        "WINEDEBUG": "-all",
        "TRIVERSE_DEV_CACHE": str(_windows_path(dev_cache())),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    try:
        _boot("--init", environment)
        yield environment
    finally:
        _boot("--kill", environment)
        shutil.rmtree(drive, ignore_errors=True)


def _boot(option: str, environment: Mapping[str, str]) -> None:
    subprocess.run(
        ["wine", "wineboot", option],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )


def run(python: Path, arguments: Sequence[str], environment: Mapping[str, str], timeout_s: float) -> tuple[int, str]:
    """
    Run Python for Windows in the checkout, and return its exit code and its output.

    :param environment: of :func:`wine`.
    :raises subprocess.TimeoutExpired: it has not ended by then, and was killed.
    """
    # Python for Windows starts only with a pipe in Wine, which Wine's server and programs left behind keep open.
    program = subprocess.Popen(
        ["wine", python, *arguments],
        cwd=REPO,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert program.stdout is not None
    blocks: list[bytes] = []
    reader = threading.Thread(target=_keep, args=(program.stdout.fileno(), blocks), daemon=True)
    reader.start()
    try:
        code = program.wait(timeout_s)
    finally:
        program.kill()
    reader.join(1.0)
    return code, b"".join(blocks).decode(errors="replace").replace("\r", "")


def _keep(pipe: int, blocks: list[bytes]) -> None:
    while block := os.read(pipe, 65536):
        blocks.append(block)


def _windows_path(path: Path) -> PureWindowsPath:
    return PureWindowsPath("Z:\\", *path.parts[1:])  # Wine's Z: drive is the root of this machine
