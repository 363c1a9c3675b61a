# SPDX-License-Identifier: GPL-3.0-or-later
"""
Remove what the add-on wrote, by its names alone, and nothing through a link.

Floor: first. Thread: any. No ``bpy``. What cannot be removed stays, without a word: it is in nobody's way.
"""

import contextlib
import os
import re
import shutil
import stat
import threading
from pathlib import Path

_INPUT = r"input-[a-z0-9-]+-[0-9a-f]{8}"
_SUFFIX = r"\.[a-z0-9]{2,5}"
#: A child Blender's own folder for temporary files, see ``scene.child.process``.
_SCRATCH = re.compile(r"\.convert-[0-9a-f]{8}")
#: What a child writes before it gives it its name, with its process id.
#: Blender saves under a name with "@" first.
_PART = re.compile(rf"\.(model|thumbnail|{_INPUT})\.\d+{_SUFFIX}@?")
#: Every other name that the add-on or its child gives a file in a task's folder.
_OF_A_TASK = re.compile(
    rf"model\.(glb|blend)|preview\.png|thumbnail\.png|delivered|(convert|prepare)\.log|{_INPUT}{_SUFFIX}"
    r"|\.(model\.glb|preview\.png|delivered)\.part(\.json)?"
)
#: What is written to be sent: objects, and pictures with a slug of their name.
SOURCE = re.compile(rf"(selection-[0-9a-f]{{12}}|[a-z0-9-]+-[0-9a-f]{{8}}){_SUFFIX}")


def is_link(path: Path) -> bool:
    """Tell whether a path is a link, or a junction of Windows, which counts as none (3.12 has ``is_junction``)."""
    try:
        found = os.lstat(path)
    except (OSError, ValueError):
        return False
    is_junction = getattr(found, "st_reparse_tag", 0) == getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", -1)
    return stat.S_ISLNK(found.st_mode) or is_junction


def is_own_source(path: Path) -> bool:
    """Tell by its name whether a file was written to be sent."""
    return SOURCE.fullmatch(path.name) is not None


def remove_file(path: Path) -> None:
    """Remove a regular file; anything else of that name is left alone."""
    with contextlib.suppress(OSError):
        if stat.S_ISREG(path.lstat().st_mode):
            path.unlink()


def remove_leftovers(folder: Path, stem: str) -> None:
    """
    Remove what a child left in a task's folder that was killed with its Blender: its own folder, and half a file.

    :param stem: of the file that it was to write.
    """
    for path in _in(folder):
        if _PART.fullmatch(path.name) and path.name.startswith(f".{stem}."):
            remove_file(path)
        elif _SCRATCH.fullmatch(path.name):
            _remove_scratch(path)


def delete_soon(folder: Path) -> None:
    """Have :func:`delete` done in a thread of its own."""
    threading.Thread(target=delete, args=(folder,), name="triverse-delete", daemon=True).start()


def delete(folder: Path) -> None:
    """
    Remove a task's files, and its folder if nothing else is in it: whatever else lies there is somebody's work.

    A folder that is a link is left alone: where a stored path leads may have changed.
    """
    for path in _in(folder):
        if _SCRATCH.fullmatch(path.name):
            _remove_scratch(path)
        elif _OF_A_TASK.fullmatch(path.name) or _PART.fullmatch(path.name):
            remove_file(path)
    with contextlib.suppress(OSError):
        if not is_link(folder):
            folder.rmdir()


def _in(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return [] if is_link(folder) else [folder / name for name in os.listdir(folder)]
    return []


def _remove_scratch(path: Path) -> None:
    if not is_link(path):
        shutil.rmtree(path, ignore_errors=True)
