# SPDX-License-Identifier: GPL-3.0-or-later
"""
What users put tasks in order with: favourites, tags of their own, projects.

A project is a folder of tasks: the one that a user has named, or else the .blend that the task was made in.

Floor: first. Thread: any. No ``bpy``.
"""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from ...api.display_text import plain_name

#: Most tags of one task.
MOST_TAGS = 20
#: Most characters of a tag or the name of a project.
_LONGEST = 40


def split_tags(text: str) -> tuple[str, ...]:
    """Return the tags that a user has typed, separated by commas or semicolons."""
    return clean_tags(re.split("[,;，、；]", text))


def clean_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Return tags as they are stored: each in one line without ``#`` before it, none empty, none twice in any case."""
    found: dict[str, str] = {}
    for tag in tags:
        if name := clean_name(tag).lstrip("# "):
            found.setdefault(name.casefold(), name)
    return tuple(found.values())[:MOST_TAGS]


def with_tags(tags: Iterable[str], more: Iterable[str]) -> tuple[str, ...]:
    """Return tags with others added. Those that are there already keep their place and case."""
    return clean_tags([*tags, *more])


def without_tags(tags: Iterable[str], gone: Iterable[str]) -> tuple[str, ...]:
    """Return tags without others, whatever their case."""
    folded = {tag.casefold() for tag in gone}
    return tuple(tag for tag in tags if tag.casefold() not in folded)


def clean_name(text: str) -> str:
    """Return a tag or the name of a project as it is stored: one line, no invisible characters, not too long."""
    return plain_name(text.encode(errors="replace").decode())[:_LONGEST].strip()


def file_title(file: str) -> str:
    """Return the name of a .blend without folder and suffix; "" for a file that was never saved."""
    return PurePosixPath(file.replace("\\", "/")).stem


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Return a sort key for natural order, as Blender's lists have it: chair2 before chair10, in any case."""
    parts = re.split(r"(\d+)", name.casefold())
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts]
