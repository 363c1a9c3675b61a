# SPDX-License-Identifier: GPL-3.0-or-later
"""
The folder, in the user's data folder, for the temporary files and logs of children that are not for one task alone.

Floor: second. Thread: any. No ``bpy``.
"""

import contextlib
import re
import secrets
import shutil
import stat
import time
from pathlib import Path

from ...batch.library.safe_paths import make_folder
from ...tasks.files.removal import remove_file
from .process import SCRATCH

#: Names of what is stored in that folder: a child's own folder, and its log.
_OURS = re.compile(re.escape(SCRATCH) + r"[0-9a-f]{8}|child-[0-9a-f]{8}\.log")
#: Files that a child left because it was killed together with its Blender are removed when they are this old.
_STALE_AFTER_S = 24 * 3600.0


def log_name() -> str:
    """Return a new name for the log of a child."""
    return f"child-{secrets.token_hex(4)}.log"


def make_ready(folder: Path) -> None:
    """
    Create ``folder``, and remove what children of killed Blenders left in it.

    :raises OSError: it cannot be created, or is a link.
    """
    make_folder(folder)
    remove_old(folder)


def remove_old(folder: Path) -> None:
    """
    Remove the files and folders that children of killed Blenders left in ``folder``.

    They are recognised by name. Others may be running, so only those older than :data:`_STALE_AFTER_S` go.
    """
    oldest_s = time.time() - _STALE_AFTER_S
    try:
        paths = list(folder.iterdir())
    except OSError:
        return
    for path in paths:
        # One that cannot be removed does not keep the others.
        with contextlib.suppress(OSError):
            found = path.lstat()
            if not _OURS.fullmatch(path.name) or found.st_mtime >= oldest_s:
                continue
            if stat.S_ISDIR(found.st_mode):
                shutil.rmtree(path)
            else:
                remove_file(path)
