# SPDX-License-Identifier: GPL-3.0-or-later
"""
Build the environment variables of a child Blender.

Floor: second. Thread: any. No ``bpy``.

The user's variables are passed on by an allow list, not a block list: many variables change what Blender does
(``OCIO``, ``BLENDER_*``, ``PYTHON*``, ``LD_*``, ``CYCLES_*``, ``PXR_*``, those of every library it links), and each
version adds more. The API key is never passed on.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

#: Names of the variables to pass on, by ``sys.platform``. On Windows, which ignores case in names, a program does not
#: start without the first three, and reads facts about the machine from the others. On macOS, the variable holds the
#: user's text encoding.
_KEPT = {
    "win32": {"SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "NUMBER_OF_PROCESSORS", "PROCESSOR_ARCHITECTURE"},
    "darwin": {"__CF_USER_TEXT_ENCODING"},
}
#: Variables that name the user's folders; for the child they are set to an empty folder.
_HOMES_ON_WINDOWS = ("USERPROFILE", "APPDATA", "LOCALAPPDATA")
_HOMES_ELSEWHERE = ("HOME",)
#: Lets the C library (glibc) keep the memory that is freed, up to 256 MB, instead of giving each large array back to
#: the system and asking for it again. Each page that comes anew costs a fault: a quarter of the processor time of a
#: conversion of 100,000 triangles (measured with the bpy module; a Blender with a library of its own for memory ignores
#: it). A child that writes one model after another gains nothing, and would keep 100 MB more.
_KEEP_FREED_MEMORY = f"glibc.malloc.mmap_threshold={32 * 1024**2}:glibc.malloc.trim_threshold={256 * 1024**2}"


def child_environment(
    environment: Mapping[str, str], scratch: Path, *, keeps_memory: bool = False, platform: str = sys.platform
) -> dict[str, str]:
    """
    Return the environment for a child Blender.

    :param environment: environment of this process.
    :param scratch: the child's own folder: for temporary files, and, as it holds no user's files, as home folder and as
        folder of Blender's user resources.
    :param keeps_memory: whether the child keeps the memory that it has freed, for one job that needs much of it.
    :param platform: value of ``sys.platform``.
    """
    is_windows = platform == "win32"
    kept = _KEPT.get(platform, set())
    made = {name: value for name, value in environment.items() if name.upper() in kept}
    homes = _HOMES_ON_WINDOWS if is_windows else _HOMES_ELSEWHERE
    made |= dict.fromkeys(("TMPDIR", "TEMP", "TMP", "BLENDER_USER_RESOURCES", *homes), str(scratch))
    if is_windows:
        root = next((value for name, value in made.items() if name.upper() == "SYSTEMROOT"), r"C:\Windows")
        made["PATH"] = rf"{root}\System32;{root}"
    else:
        made["PATH"] = os.defpath
        made["LC_ALL"] = "C.UTF-8"
    # The Python variables are for the bpy module: Blender's own Python ignores them. OpenBLAS gets one thread because
    # numpy's idle threads use up address space, which is limited.
    made |= {"PYTHONNOUSERSITE": "1", "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1"}
    if keeps_memory and platform == "linux":
        made["GLIBC_TUNABLES"] = _KEEP_FREED_MEMORY
    folder = _folder_of_bpy()
    if folder is not None:
        made["PYTHONPATH"] = folder
    return made


def _folder_of_bpy() -> str | None:
    """
    Return the folder in ``sys.path`` that has the bpy module, if the child would not find it without PYTHONPATH.

    That is the case if this Python found it through PYTHONPATH or the user's site-packages. Otherwise return None.
    """
    file = getattr(sys.modules.get("bpy"), "__file__", None)
    if file is None or Path(file).is_relative_to(sys.prefix):
        return None
    return min((folder for folder in sys.path if folder and Path(file).is_relative_to(folder)), key=len, default=None)
