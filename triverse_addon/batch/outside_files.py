# SPDX-License-Identifier: GPL-3.0-or-later
"""
Files that a table or folder names and that do not lie beside it: nothing of them is opened before the user says so.

Floor: between first and second. Thread: any that may read files. No ``bpy``.

A table may be somebody else's. What it names is sent to the service; and on Windows merely looking at a path of
another machine tells that machine who is asking. So only links inside the folder are read here, and nothing behind.
"""

import os
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from ..api.sentence import Sentence
from ..api.urls import clean

#: In a collection of allowed files: all of them.
ANY_FILE = "*"

#: As Linux does. A longer chain leads nowhere.
_MOST_LINKS = 40
#: Where systems mount what lies on other machines, when it is asked for.
_MOUNTED = re.compile(r"/(?:net|afs|Network|run/user/\d+/gvfs)/", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Outside:
    """
    A file that is asked about.

    :ivar path: as it would be opened.
    :ivar target: what a link in its path leads to; "" without one.
    """

    path: str
    target: str = ""

    @property
    def key(self) -> str:
        """What is remembered of it once it is allowed: a link that leads elsewhere later is asked about again."""
        return f"{self.path} -> {self.target}" if self.target else self.path

    @property
    def sentence(self) -> Sentence:
        """What to tell of it."""
        where = clean(self.target or self.path, 300)
        if _is_elsewhere(self.target or self.path):
            return Sentence.of("It lies on another machine, and is not opened until you allow it: {path}", path=where)
        if self.target:
            return Sentence.of("It is a link to {path}, and is not opened until you allow it.", path=where)
        return Sentence.of("It lies outside the folder, and is not opened until you allow it: {path}", path=where)

    def is_allowed(self, allowed: Collection[str]) -> bool:
        """Tell whether the user has said that it may be opened."""
        return ANY_FILE in allowed or self.key in allowed


def path_of(folder: Path, written: str) -> str:
    """
    Return the absolute path of a file as a table writes it; nothing is looked at.

    :param folder: what a relative path is relative to.
    :raises ValueError: it cannot be one: a host in brackets, the home of nobody.
    """
    if written.lower().startswith("file:"):
        parts = urlsplit(written)
        host = "" if parts.netloc.lower() == "localhost" else parts.netloc
        written = f"//{host}{parts.path}" if host else url2pathname(parts.path)
        written = unquote(written) if host else written
    # Written on Windows and run elsewhere: only there is a backslash part of a name.
    try:
        return os.path.abspath(Path(folder, Path(written.replace("\\", "/")).expanduser()))
    except RuntimeError as error:  # no such user
        raise ValueError(str(error)) from None


def outside(folder: Path, path: str) -> Outside | None:
    """
    Return what has to be asked about before ``path`` is opened, None if it lies inside ``folder`` in every respect.

    :param folder: absolute.
    :param path: from :func:`path_of`.
    """
    home = os.path.normcase(folder)
    at = path
    for _ in range(_MOST_LINKS):
        inside = _below(home, at)
        if inside is None:
            return Outside(path, "" if at == path else at)
        step = _first_link(folder, inside)
        if step is None:
            return None
        at = step
    return Outside(path, at)


def _below(home: str, path: str) -> Path | None:
    """Return a path relative to ``home``, None if it does not lie there."""
    if not Path(os.path.normcase(path)).is_relative_to(home):
        return None
    return Path(*Path(path).parts[len(Path(home).parts) :])


def _first_link(folder: Path, inside: Path) -> str | None:
    """Return the path with its first link followed by one step, None without a link."""
    place = folder
    for index, part in enumerate(inside.parts):
        place = place / part
        target = link_target(place)
        if target is not None:
            return os.path.abspath(Path(place.parent, target, *inside.parts[index + 1 :]))
    return None


def link_target(path: Path) -> str | None:
    """Return what a link, or a junction of Windows, leads to; None for what is none. Nothing behind it is looked at."""
    try:
        return os.readlink(path)
    except (OSError, ValueError):  # no link, or nothing at all; ValueError: a null byte
        return None


def _is_elsewhere(path: str) -> bool:
    portable = path.replace("\\", "/")
    return portable.startswith("//") or _MOUNTED.match(portable) is not None
