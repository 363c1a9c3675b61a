# SPDX-License-Identifier: GPL-3.0-or-later
"""
The environment of a child Blender: what is kept of the user's, and what is set instead.

Floor: second. Thread: any. No ``bpy``.

A list of what is kept, not of what is left out: variables that change what Blender does are many (``OCIO``,
``BLENDER_*``, ``PYTHON*``, ``LD_*``, ``CYCLES_*``, ``PXR_*``, those of every library it links), and grow with each
version. A key is never among what is kept.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

#: What is kept, by ``sys.platform``. On Windows, which ignores case in names, a program does not start without the
#: first three, and with the others knows the machine; macOS tells a program the user's text encoding.
_KEPT = {
    "win32": {"SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "NUMBER_OF_PROCESSORS", "PROCESSOR_ARCHITECTURE"},
    "darwin": {"__CF_USER_TEXT_ENCODING"},
}
#: Where programs look for what is a user's; the child finds nothing there.
_HOMES_ON_WINDOWS = ("USERPROFILE", "APPDATA", "LOCALAPPDATA")
_HOMES_ELSEWHERE = ("HOME",)


def child_environment(environment: Mapping[str, str], scratch: Path, *, platform: str = sys.platform) -> dict[str, str]:
    """
    Return the environment for a child.

    :param environment: that of this Blender.
    :param scratch: the child's own folder, for its temporary files and, empty, for everything of a user.
    :param platform: as ``sys.platform`` names it.
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
    # For the Python of the bpy module: a Blender's own heeds none of these. numpy's idle threads cost address space
    # under the cap.
    made |= {"PYTHONNOUSERSITE": "1", "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1"}
    folder = _folder_of_bpy()
    if folder is not None:
        made["PYTHONPATH"] = folder
    return made


def _folder_of_bpy() -> str | None:
    """Return where the bpy module is, if this Python found it by what the child is not given: PYTHONPATH, a user's."""
    file = getattr(sys.modules.get("bpy"), "__file__", None)
    if file is None or Path(file).is_relative_to(sys.prefix):
        return None
    return min((folder for folder in sys.path if folder and Path(file).is_relative_to(folder)), key=len, default=None)
