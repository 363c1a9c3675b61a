# SPDX-License-Identifier: GPL-3.0-or-later
"""
Access to files in an untrusted library: no link is followed, and no path leaves the folder.

Floor: between first and second. Thread: any that may read and write files. No ``bpy``.
"""

import os
import stat
from pathlib import Path, PurePosixPath

from ...api.sentence import Sentence
from ...tasks.files.removal import is_link

#: Largest number of parts of a path, more than any file of ours has: "chair-obj/chair.obj",
#: ".triverse/reports/rows-1-8.json".
_MAX_PARTS = 4


class LinkError(OSError):
    """
    A folder to write into is a link, which may lead anywhere.

    :ivar sentence: the message for the user.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(0, "it is a link, and links are not followed here", str(path))
        self.sentence = Sentence.of(
            "{path} is a link, and a library is only written into folders of its own. Replace it by a folder.",
            path=str(path),
        )


def is_plain_relative(text: object) -> bool:
    """Return whether ``text`` is a relative path with ``/`` that stays inside its folder, on every system."""
    if not isinstance(text, str) or not text or len(text) > 1024 or not text.isprintable():
        return False
    # A colon separates a drive or an alternate data stream on Windows.
    if "\\" in text or ":" in text or text.startswith("/"):
        return False
    parts = text.split("/")
    return len(parts) <= _MAX_PARTS and all(part not in ("", ".", "..") for part in parts)


def inside(folder: Path, relative: str) -> Path | None:
    """
    Return the path of a file inside ``folder``; None if a part of it is a link or the path leaves the folder.

    :param relative: relative path with ``/``. The file need not exist.
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
    Create a folder if it is missing.

    :raises LinkError: it is a link.
    :raises OSError: it cannot be created.
    """
    refuse_link(path)
    path.mkdir(parents=True, exist_ok=True)


def refuse_link(path: Path) -> None:
    """
    Raise an error if a path is a link.

    :raises LinkError: it is one.
    """
    if is_link(path):
        raise LinkError(path)


def read_regular(path: Path, *, max_bytes: int) -> bytes:
    """
    Return the content of a small regular file.

    A pipe or device would block or never end, and a link may point to a private file of this user.

    :param max_bytes: largest size, in bytes.
    :raises OSError: it is not a regular file, is too large, or cannot be read.
    """
    found = os.lstat(path)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(0, "it is no regular file", str(path))
    if found.st_size > max_bytes:
        raise OSError(0, "it is too large", str(path))
    # The file may be replaced between the two checks. O_NONBLOCK prevents a pipe from blocking.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(0, "it is no regular file", str(path))
        return file.read(max_bytes)
