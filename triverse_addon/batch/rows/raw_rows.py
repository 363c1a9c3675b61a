# SPDX-License-Identifier: GPL-3.0-or-later
"""
Rows of cells as read from a file, before their values are checked.

Floor: between first and second. Thread: any (immutable). No ``bpy``.
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...api.display_text import plain_name
from ...api.sentence import Sentence
from ...api.spelling import half_width
from .problems import Problem

#: The csv module's limit for a cell. It also applies to JSON, so that no whole file is sent as a prompt.
MAX_CHARACTERS = csv.field_size_limit()
#: Columns whose names begin with this are the author's notes.
NOTE_MARK = "#"
#: Name of the folder that marks an asset library written by batches, see :mod:`library.ledger`.
LEDGER = ".triverse"


@dataclass(frozen=True, slots=True)
class RawRow:
    """
    One row as read from the file.

    :ivar line: line on which it begins, counted from 1. For a folder, the number of the picture.
    :ivar cells: values by column name, unchanged except that surrounding space is removed; empty cells are left out.
    """

    line: int
    cells: dict[str, object]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """
    An item in a folder of pictures that is not used as a row.

    :ivar name: its path relative to the folder.
    :ivar reason: why it is not used.
    """

    name: str
    reason: Sentence


@dataclass(frozen=True, slots=True)
class RawBatch:
    """
    All rows of a file, and the problems of its format.

    :ivar rows: the rows; those of a text table are read from its text each time they are asked for.
    :ivar folder: base folder of the relative paths in the rows.
    :ivar columns: column key (see :func:`column_key`) -> name as in the file.
    :ivar decimal_mark: "." or "," if it is clear from the file, else "".
    """

    path: Path
    folder: Path
    rows: Sequence[RawRow]
    columns: dict[str, str]
    problems: tuple[Problem, ...]
    decimal_mark: str = "."
    left_out: tuple[LeftOut, ...] = ()


def column_key(name: str) -> str:
    """Return a column's name in the form used for comparison: lower case, words joined by ``_``."""
    return re.sub(r"[\s\-_]+", "_", plain_name(half_width(name)).lower())


def too_long() -> Sentence:
    """Return the message for a cell with more than :data:`MAX_CHARACTERS`."""
    return Sentence.of("A cell has more than {count} characters. Is a quote missing?", count=MAX_CHARACTERS)
