# SPDX-License-Identifier: GPL-3.0-or-later
"""
The folder of each task's files, with a name that users recognize.

Floor: first. Thread: any; only :func:`make` accesses the disk. No ``bpy``.
"""

import re
import unicodedata
from pathlib import Path

from ...api.calendar import utc
from ..record.record import TaskRecord
from .private_files import make_folder

MODEL = "model.glb"
PREVIEW = "preview.png"
#: Name of the folder, in the data folder, for the temporary files and logs of children that are not for one task alone.
#: It is not in an asset library, which others may be able to write to: they must not be able to choose what is removed.
WORK = "work"
#: Name of a delivered file that is no GLB.
DELIVERED = "delivered"

#: Long enough to distinguish folders, short enough for a download folder of 250 characters on any file system.
_MAX_SLUG = 40


def slug(text: str, *, fallback: str = "model") -> str:
    """Return ``text`` as ASCII letters, digits and hyphens, at most 40 characters; ``fallback`` if none are left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    return "-".join(words)[:_MAX_SLUG].strip("-") or fallback


def folder_for(download_dir: Path, record: TaskRecord) -> Path:
    """Return the folder of ``record`` in ``download_dir``. No part of the path comes from the service."""
    day = utc(record.created_at_s).strftime("%Y-%m-%d")
    return download_dir / f"{day}_{slug(record.name, fallback=slug(record.flow))}_{record.id[:8]}"


def make(folder: Path) -> None:
    """
    Create ``folder`` and its parents.

    :raises OSError: it cannot be created.
    """
    make_folder(folder)
