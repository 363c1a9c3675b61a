# SPDX-License-Identifier: GPL-3.0-or-later
"""
Source files outside the batch's folder, which are not opened before the user allows it.

Floor: between first and second. Thread: any that may read files. No ``bpy``.

A table may come from another person, and the files it names are sent to the service. On Windows, even a stat of a path
on another machine reveals to that machine who is asking. So only links inside the folder are read here, never their
targets.
"""

import os
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..api.sentence import Sentence
from ..api.urls import clean

#: In a collection of allowed files: all files.
ANY_FILE = "*"

#: Longest chain of links that is followed, as in Linux.
_MAX_LINKS = 40
#: Where systems mount network file systems on access.
_MOUNTED = re.compile(r"/(?:net|afs|Network|run/user/\d+/gvfs)/", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Outside:
    """
    A file for which the user's permission is needed.

    :ivar path: the path as it would be opened.
    :ivar target: the target of a link in the path; "" if there is none.
    """

    path: str
    target: str = ""

    @property
    def key(self) -> str:
        """The text stored as permission. It includes the target, so a changed link needs a new permission."""
        return f"{self.path} -> {self.target}" if self.target else self.path

    @property
    def sentence(self) -> Sentence:
        """The message for the user."""
        where = clean(self.target or self.path, 300)
        if _is_elsewhere(self.target or self.path):
            return Sentence.of("It lies on another machine, and is not opened until you allow it: {path}", path=where)
        if self.target:
            return Sentence.of("It is a link to {path}, and is not opened until you allow it.", path=where)
        return Sentence.of("It lies outside the folder, and is not opened until you allow it: {path}", path=where)

    def is_allowed(self, allowed: Collection[str]) -> bool:
        """Return whether the user has allowed this file to be opened."""
        return ANY_FILE in allowed or self.key in allowed


def path_of(folder: Path, written: str) -> str:
    """
    Return the absolute path of a file as written in a table, without file system access.

    :param folder: base folder of relative paths.
    :param written: the cell's text: a path or a ``file:`` URL.
    :raises ValueError: it is not a valid path: a host in brackets, the home folder of an unknown user, in Windows an
        address with two drives.
    """
    if written.lower().startswith("file:"):
        from urllib.request import url2pathname  # lazy import: loads ssl

        parts = urlsplit(written)
        host = "" if parts.netloc.lower() == "localhost" else parts.netloc
        try:
            written = unquote(f"//{host}{parts.path}") if host else url2pathname(parts.path)
        except OSError as error:
            raise ValueError(str(error)) from None
    # A path written on Windows may be used elsewhere. A backslash is part of a file name on other systems only.
    try:
        return os.path.abspath(Path(folder, Path(written.replace("\\", "/")).expanduser()))
    except RuntimeError as error:  # no such user
        raise ValueError(str(error)) from None


def outside(folder: Path, path: str) -> Outside | None:
    """
    Return the permission needed before ``path`` is opened; None if it and all its links stay inside ``folder``.

    :param folder: absolute.
    :param path: from :func:`path_of`.
    """
    home = os.path.normcase(folder)
    at = path
    for _ in range(_MAX_LINKS):
        inside = _below(home, at)
        if inside is None:
            return Outside(path, "" if at == path else at)
        step = _first_link(folder, inside)
        if step is None:
            return None
        at = step
    return Outside(path, at)


def _below(home: str, path: str) -> Path | None:
    """Return a path relative to ``home``; None if it is not inside."""
    if not Path(os.path.normcase(path)).is_relative_to(home):
        return None
    return Path(*Path(path).parts[len(Path(home).parts) :])


def _first_link(folder: Path, inside: Path) -> str | None:
    """Return the path with its first link replaced by the link's target; None if there is no link."""
    place = folder
    for index, part in enumerate(inside.parts):
        place = place / part
        target = link_target(place)
        if target is not None:
            return os.path.abspath(Path(place.parent, target, *inside.parts[index + 1 :]))
    return None


def link_target(path: Path) -> str | None:
    """Return the target of a link or of a Windows junction; None if it is neither. The target is not accessed."""
    try:
        return os.readlink(path)
    except (OSError, ValueError):  # not a link, or missing; ValueError: a null byte
        return None


def _is_elsewhere(path: str) -> bool:
    portable = path.replace("\\", "/")
    return portable.startswith("//") or _MOUNTED.match(portable) is not None
