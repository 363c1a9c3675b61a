# SPDX-License-Identifier: GPL-3.0-or-later
"""
Where the files of a task lie: one folder a task, named so that a person finds it.

Floor: first. Thread: any; only :func:`make` touches the disk. No ``bpy``.
"""

import re
import unicodedata
from pathlib import Path

from ..api.calendar import utc
from .private_files import make_folder
from .record import TaskRecord

MODEL = "model.glb"
PREVIEW = "preview.png"
#: What the service delivered where that is no GLB.
DELIVERED = "delivered"

#: Long enough to tell folders apart, short enough for a 250-character download folder on any file system.
_MAX_SLUG = 40


def slug(text: str, *, fallback: str = "model") -> str:
    """Return ``text`` as ASCII letters, digits and hyphens, at most 40 characters; ``fallback`` if nothing is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    return "-".join(words)[:_MAX_SLUG].strip("-") or fallback


def folder_for(download_dir: Path, record: TaskRecord) -> Path:
    """Return the folder of ``record`` below ``download_dir``. Nothing of it comes from the service."""
    day = utc(record.created_at_s).strftime("%Y-%m-%d")
    return download_dir / f"{day}_{slug(record.name, fallback=slug(record.flow))}_{record.id[:8]}"


def make(folder: Path) -> None:
    """
    Make ``folder`` with its parents.

    :raises OSError: it cannot be made.
    """
    make_folder(folder)
