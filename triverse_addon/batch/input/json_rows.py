# SPDX-License-Identifier: GPL-3.0-or-later
"""
Read rows from JSON objects: one a line, one after another, or in one array.

Floor: between first and second. Thread: any. No ``bpy``.

One object is decoded at a time, at its position in the text, so that problems have a line number.
"""

import json
import re

from ...api.sentence import Sentence
from ...api.urls import clean
from ..rows.problems import Problem
from ..rows.raw_rows import MAX_CHARACTERS, NOTE_MARK, RawRow, column_key, too_long

_SPACE = re.compile(r"[ \t\n\r]*")


def looks_like_json(text: str) -> bool:
    """Return whether a text begins like JSON, regardless of the file's name."""
    return re.match(r"\s*(\{|\[\s*[\[{\]])", text) is not None


def json_rows(text: str, columns: dict[str, str], problems: list[Problem]) -> list[RawRow]:
    """
    Return the rows.

    :param text: the whole file.
    :param columns: filled with column key -> name as in the file.
    :param problems: problems found are appended.
    """
    # JSON has line ends between values only, so replacing them changes no value.
    return _Reader(text.replace("\r\n", "\n").replace("\r", "\n"), columns, problems).rows()


class _Reader:
    def __init__(self, text: str, columns: dict[str, str], problems: list[Problem]) -> None:
        self._text = text
        self._columns = columns
        self._problems = problems
        self._decoder = json.JSONDecoder(parse_constant=_no_constant)
        self._at = 0
        self._line = 1

    def rows(self) -> list[RawRow]:
        self._skip_space()
        in_array = self._text.startswith("[", self._at)
        if in_array:
            self._move(self._at + 1)
            self._skip_space()
        rows: list[RawRow] = []
        is_first = True
        while self._at < len(self._text) or in_array:
            if in_array and self._is_over(is_first):
                return rows
            is_first = False
            line = self._line
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                self._no_json(error)
                if in_array:
                    return rows
                self._next_line()
                continue
            self._move(end)
            if isinstance(value, dict):
                rows.append(RawRow(line, _cells(line, value, self._columns, self._problems)))
            else:
                words = Sentence.of('A line must be one object, such as {"prompt": "a chair"}.')
                self._problems.append(Problem(line, "", words))
                if not in_array:
                    self._next_line()
            self._skip_space()
        return rows

    def _is_over(self, is_first: bool) -> bool:
        """Consume the separator between two entries of an array; return whether the array has ended or is malformed."""
        found = self._text[self._at : self._at + 1]
        if found == "]":
            self._move(self._at + 1)
            self._skip_space()
            if self._at < len(self._text):
                self._say("Extra data")
            return True
        if is_first:
            return False
        if found != ",":
            self._say("Expecting ',' delimiter")
            return True
        self._move(self._at + 1)
        self._skip_space()
        return False

    def _no_json(self, error: Exception) -> None:
        if isinstance(error, json.JSONDecodeError):
            self._say(error.msg, self._line + self._text.count("\n", self._at, max(self._at, error.pos)))
        else:
            self._say(str(error))

    def _say(self, reason: str, line: int = 0) -> None:
        words = Sentence.of("This is no JSON ({reason}).", reason=clean(reason, 100))
        self._problems.append(Problem(line or self._line, "", words))

    def _skip_space(self) -> None:
        match = _SPACE.match(self._text, self._at)
        assert match is not None, "it may be empty"
        self._move(match.end())

    def _next_line(self) -> None:
        end = self._text.find("\n", self._at)
        self._move(len(self._text) if end < 0 else end)
        self._skip_space()

    def _move(self, to: int) -> None:
        self._line += self._text.count("\n", self._at, to)
        self._at = to


def _cells(line: int, value: dict[str, object], columns: dict[str, str], problems: list[Problem]) -> dict[str, object]:
    cells: dict[str, object] = {}
    for name, cell in value.items():
        if name.strip().startswith(NOTE_MARK):
            continue
        key = column_key(name)
        columns.setdefault(key, name.strip())
        if key in cells:
            problems.append(Problem(line, name.strip(), Sentence.of("It is given twice.")))
        cell = cell.strip() if isinstance(cell, str) else cell
        if isinstance(cell, str) and len(cell) > MAX_CHARACTERS:
            problems.append(Problem(line, name.strip(), too_long()))
        if cell is not None and cell != "":
            cells[key] = cell
    return cells


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")
