# SPDX-License-Identifier: GPL-3.0-or-later
"""
Names of the files that are written as sources of tasks, and writing them.

Floor: second. Thread: main. No ``bpy``.

A picture that has no name of its own is numbered, such as the second capture of the viewport. The number is in the name
of its file: ``viewport-2-1a2b3c4d.tga``.
"""

import re
import secrets
from pathlib import Path

from ...api.sentence import Sentence
from ...tasks.files.folders import slug
from ...tasks.files.private_files import make_folder, opener
from ..host.errors import SceneError

#: What a numbered picture was made from.
VIEWPORT, RENDER, CLIPBOARD = "viewport", "render", "clipboard"
_NUMBERED = re.compile(rf"({VIEWPORT}|{RENDER}|{CLIPBOARD})-([1-9][0-9]{{0,8}})-[0-9a-f]{{8}}")
_OWN = re.compile(r"(.+)-[0-9a-f]{8}")

#: Kind -> the largest number that this process has given.
_given: dict[str, int] = {}


def new_path(folder: Path, name: str, suffix: str) -> Path:
    """Return the path of a new file in ``folder`` that is named after ``name``."""
    return folder / f"{slug(name, fallback='picture')}-{secrets.token_hex(4)}{suffix}"


def numbered_path(folder: Path, kind: str) -> Path:
    """Return the path of a new TGA in ``folder`` with the next number of its kind; see :func:`next_name`."""
    return new_path(folder, next_name(folder, kind), ".tga")


def next_name(folder: Path, kind: str) -> str:
    """
    Return a kind with its next number, such as "viewport 2".

    :param kind: :data:`VIEWPORT`, :data:`RENDER` or :data:`CLIPBOARD`.
    """
    try:
        found = [numbered(path) for path in folder.iterdir()]
    except OSError:  # there is no such folder yet
        found = []
    numbers = [one[1] for one in found if one is not None and one[0] == kind]
    _given[kind] = max([*numbers, _given.get(kind, 0)]) + 1
    return f"{kind} {_given[kind]}"


def numbered(path: Path) -> tuple[str, int] | None:
    """Return kind and number of a picture that :func:`numbered_path` has named, judging by its name; else None."""
    match = _NUMBERED.fullmatch(path.stem)
    return (match[1], int(match[2])) if match is not None else None


def plain_stem(path: Path) -> str:
    """Return the name of a file that :func:`new_path` has named, without suffix and without what makes it unique."""
    match = _OWN.fullmatch(path.stem)
    return match[1] if match is not None else path.stem


def write(path: Path, data: bytes) -> Path:
    """
    Write a new file that only this user can read, and return its path.

    :raises SceneError: it cannot be written.
    """
    try:
        make_folder(path.parent)
        with open(path, "xb", opener=opener) as file:
            file.write(data)
    except OSError as error:
        raise not_written(path.parent) from error
    return path


def not_written(folder: Path) -> SceneError:
    """Return the error for a file that cannot be written to ``folder``."""
    return SceneError(Sentence.of("The picture cannot be written to {path}. Make room there.", path=str(folder)))
