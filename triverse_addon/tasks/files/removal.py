# SPDX-License-Identifier: GPL-3.0-or-later
"""
Removes files that the add-on wrote. They are identified by name, and links are not followed.

Floor: first. Thread: any. No ``bpy``. Errors are ignored: a file that cannot be removed does no harm.
"""

import contextlib
import os
import re
import shutil
import stat
import threading
from collections.abc import Collection
from pathlib import Path

from .busy_files import when_closed

_INPUT = r"input-[a-z0-9-]+-[0-9a-f]{8}"
_SUFFIX = r"\.[a-z0-9]{2,5}"
#: A child Blender's folder for temporary files, see ``scene.child.process``.
_SCRATCH = re.compile(r"\.convert-[0-9a-f]{8}")
#: Temporary name of a file that a child writes, with its process id. Blender itself saves under a name with "@" first.
_PART = re.compile(rf"\.(model|thumbnail|{_INPUT})\.\d+{_SUFFIX}@?")
#: All other names of files that the add-on or its child creates in a task's folder.
_OF_A_TASK = re.compile(
    rf"model\.(glb|blend)|preview\.png|thumbnail\.png|delivered|\.library-copies|(convert|prepare)\.log|{_INPUT}{_SUFFIX}"
    r"|\.(model\.glb|preview\.png|delivered|(model|picture|text)(-\d+)?)\.part(\.json)?"
)
#: Files written for the upload: objects, and images with a slug of their name.
SOURCE = re.compile(rf"(selection-[0-9a-f]{{12}}|[a-z0-9-]+-[0-9a-f]{{8}}){_SUFFIX}")


def is_link(path: Path) -> bool:
    """Return whether a path is a symbolic link or a junction of Windows (Python 3.12 has ``is_junction``)."""
    try:
        found = os.lstat(path)
    except (OSError, ValueError):
        return False
    is_junction = getattr(found, "st_reparse_tag", 0) == getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", -1)
    return stat.S_ISLNK(found.st_mode) or is_junction


def is_own_source(path: Path) -> bool:
    """Return whether a file was written for the upload, judging by its name."""
    return SOURCE.fullmatch(path.name) is not None


def remove_file(path: Path, *, wait_s: float = 0.0) -> None:
    """
    Remove a file. Anything but a regular file is kept.

    :param wait_s: see :func:`busy_files.when_closed`.
    """
    with contextlib.suppress(OSError):
        if stat.S_ISREG(path.lstat().st_mode):
            when_closed(path.unlink, wait_s)


def remove_leftovers(folder: Path, stem: str) -> None:
    """
    Remove the temporary folder and the partial file that a killed child Blender left in a task's folder.

    :param folder: the task's folder.
    :param stem: name, without extension, of the file that the child was writing.
    """
    for path in _in(folder):
        if _PART.fullmatch(path.name) and path.name.startswith(f".{stem}."):
            remove_file(path)
        elif _SCRATCH.fullmatch(path.name):
            _remove_scratch(path)


def delete_soon(folder: Path, results: Collection[str] = ()) -> None:
    """Run :func:`delete` on a new thread."""
    threading.Thread(target=delete, args=(folder, results), name="triverse-delete", daemon=True).start()


def delete(folder: Path, results: Collection[str] = ()) -> None:
    """
    Remove a task's files, and its folder if it is empty then: other files in it may be the user's.

    A folder that is a link is not touched, because its target may have changed since the path was stored.

    :param results: paths of what a flow without a model has delivered; those in other folders are left alone.
    """
    delivered = {path.name for path in map(Path, results) if path.parent == folder}
    for path in _in(folder):
        if _SCRATCH.fullmatch(path.name):
            _remove_scratch(path)
        elif path.name in delivered or _OF_A_TASK.fullmatch(path.name) or _PART.fullmatch(path.name):
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
