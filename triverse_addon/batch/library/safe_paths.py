# SPDX-License-Identifier: GPL-3.0-or-later
"""
Files and folders inside a library that somebody else may have prepared: no link is followed, no path leaves it.

Floor: between first and second. Thread: any that may read and write files. No ``bpy``.
"""

import os
import stat
from pathlib import Path, PurePosixPath

from ...api.sentence import Sentence
from ...tasks.removal import is_link

#: More parts than any file of ours has: "chair-obj/chair.obj", ".triverse/reports/rows-1-8.json".
_MOST_PARTS = 4


class LinkError(OSError):
    """
    A folder that is written into is a link, which may lead anywhere.

    :ivar sentence: the same for a user.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(0, "it is a link, and links are not followed here", str(path))
        self.sentence = Sentence.of(
            "{path} is a link, and a library is only written into folders of its own. Replace it by a folder.",
            path=str(path),
        )


def is_plain_relative(text: object) -> bool:
    """Tell whether ``text`` is a relative path with ``/`` that stays below its folder, on every system."""
    if not isinstance(text, str) or not text or len(text) > 1024 or not text.isprintable():
        return False
    # A colon is a drive or a stream on Windows.
    if "\\" in text or ":" in text or text.startswith("/"):
        return False
    parts = text.split("/")
    return len(parts) <= _MOST_PARTS and all(part not in ("", ".", "..") for part in parts)


def inside(folder: Path, relative: str) -> Path | None:
    """
    Return the path of a file inside ``folder``; None if a part of it is a link, or the path leaves the folder.

    :param relative: with ``/``. The file need not be there.
    """
    if not is_plain_relative(relative):
        return None
    path = folder
    for part in PurePosixPath(relative).parts:
        path = path / part
        if is_link(path):
            return None
    return path


def make_folder(path: Path) -> None:
    """
    Make a folder where it is missing.

    :raises LinkError: it is a link.
    :raises OSError: it cannot be made.
    """
    refuse_link(path)
    path.mkdir(parents=True, exist_ok=True)


def refuse_link(path: Path) -> None:
    """
    Do nothing, unless a path is a link.

    :raises LinkError: it is one.
    """
    if is_link(path):
        raise LinkError(path)


def read_regular(path: Path, *, most_bytes: int) -> bytes:
    """
    Return a small file's content.

    A pipe or device would block or never end, and a link may lead to a file of this user that is nobody's business.

    :raises OSError: it is not a regular file, is too large, or cannot be read.
    """
    found = os.lstat(path)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(0, "it is no regular file", str(path))
    if found.st_size > most_bytes:
        raise OSError(0, "it is too large", str(path))
    # It may be exchanged between the two looks; O_NONBLOCK keeps a pipe from holding us up.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(0, "it is no regular file", str(path))
        return file.read(most_bytes)
