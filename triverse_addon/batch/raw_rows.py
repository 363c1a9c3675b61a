# SPDX-License-Identifier: GPL-3.0-or-later
"""
Rows of cells as a file has them, before anybody has looked at what they mean.

Floor: between first and second. Thread: any (immutable). No ``bpy``.
"""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from ..api.display_text import plain_name
from ..api.sentence import Sentence
from ..api.spelling import half_width
from .problems import Problem

#: The csv module's own limit of a cell; in JSON the same holds, so that no file is sent as a prompt.
MOST_CHARACTERS = csv.field_size_limit()
#: Columns that begin with this are the author's own notes.
NOTE_MARK = "#"
#: What marks an asset library as written by batches, see :mod:`library.ledger`.
LEDGER = ".triverse"


@dataclass(frozen=True, slots=True)
class RawRow:
    """
    One row as the file has it.

    :ivar line: where it begins, counted from 1. In a folder, the number of the picture.
    :ivar cells: values by column name, as written but for space around it; empty cells are left out.
    """

    line: int
    cells: dict[str, object]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """
    What lies in a folder of pictures and is none of its rows.

    :ivar name: its path in the folder.
    """

    name: str
    reason: Sentence


@dataclass(frozen=True, slots=True)
class RawBatch:
    """
    All rows of a file, and what is wrong with its form.

    :ivar folder: what relative paths in the rows are relative to.
    :ivar columns: their names as keys (see :func:`column_key`) -> as the file writes them.
    :ivar decimal_mark: "." or "," where the file tells it, else "".
    """

    path: Path
    folder: Path
    rows: tuple[RawRow, ...]
    columns: dict[str, str]
    problems: tuple[Problem, ...]
    decimal_mark: str = "."
    left_out: tuple[LeftOut, ...] = ()


def column_key(name: str) -> str:
    """Return a column's name as it is compared: lower case, words joined by ``_``."""
    return re.sub(r"[\s\-_]+", "_", plain_name(half_width(name)).lower())


def too_long() -> Sentence:
    """Return what to tell of a cell with more than :data:`MOST_CHARACTERS`."""
    return Sentence.of("A cell has more than {count} characters. Is a quote missing?", count=MOST_CHARACTERS)
