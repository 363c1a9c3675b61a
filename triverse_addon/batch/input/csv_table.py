# SPDX-License-Identifier: GPL-3.0-or-later
"""
Tables of text, as spreadsheets and data tools write them, to rows of cells.

Floor: between first and second. Thread: any. No ``bpy``.
"""

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

from ...api.sentence import Sentence
from ...api.spelling import told_decimal_mark
from ...api.urls import clean
from ..problems import Problem
from ..raw_rows import NOTE_MARK, RawRow, column_key, too_long

_SEPARATORS = ",;\t"
#: Which decimal mark goes with what separates cells: a spreadsheet writes semicolons where the comma is in numbers.
#: A tab goes with either.
_DECIMAL_MARKS = {",": ".", ";": ",", "\t": ""}
#: The line by which Excel is told the separator. Programs that do not know it keep it as a row, with their own behind.
_SEP_LINE = re.compile(r'\s*"?sep=(?P<mark>\\t|[^\r\n\w" ])"?(?P<rest>[,;\t]*)[ ]*(?:\r\n|\r|\n|$)', re.IGNORECASE)
#: A text that is kept from being taken for a number: ="007".
_TEXT_FORMULA = re.compile(r'="([^"]*)"')


def csv_rows(text: str, columns: dict[str, str], problems: list[Problem]) -> tuple[list[RawRow], str]:
    """
    Return the rows, and the table's decimal mark, "" where it is not known.

    :param columns: gets the names of the columns.
    :param problems: gets what is wrong.
    """
    above, separator, table = _separator(text)
    # newline="": only what ends a line in a file does so here, and line_num counts as an editor does.
    reader = csv.reader(io.StringIO(table, newline=""), delimiter=separator, strict=True, skipinitialspace=True)
    rows: list[RawRow] = []
    keys: list[str] = []
    for line, cells in _lines(reader, above, problems):
        if not any(cell.strip() for cell in cells):
            continue
        if not keys:
            keys = _header(line, cells, columns, problems)
            continue
        if any(cell.strip() for cell in cells[len(keys) :]):
            problems.append(
                Problem(
                    line,
                    "",
                    Sentence.of(
                        "It has {count} cells, but there are {columns} columns. Put text with separators in quotes.",
                        count=len(cells),
                        columns=len(keys),
                    ),
                )
            )
            continue
        found = {key: _bare(cell) for key, cell in zip(keys, cells, strict=False) if key and _bare(cell)}
        rows.append(RawRow(line, dict(found)))
    return rows, _decimal_mark(rows, separator)


def _decimal_mark(rows: list[RawRow], separator: str) -> str:
    """Return what the numbers of the table themselves tell; where they tell nothing, what the separator does."""
    told = {told_decimal_mark(str(cell)) for row in rows for cell in row.cells.values()} - {""}
    if told:
        return told.pop() if len(told) == 1 else ""
    return _DECIMAL_MARKS.get(separator, "")


def _bare(cell: str) -> str:
    text = cell.strip()
    match = _TEXT_FORMULA.fullmatch(text)
    return match[1].strip() if match else text


def _lines(reader: Any, above: int, problems: list[Problem]) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the line on which it begins, ``above`` lines on; a quoted cell may go over several."""
    while True:
        line = above + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # What follows an open quote cannot be told apart from what is in it.
            words = Sentence.of("The quotes do not match ({reason}).", reason=clean(str(error), 100))
            if "field limit" in str(error):
                words = too_long()
            problems.append(Problem(line, "", words))
            return
        yield line, cells


def _separator(text: str) -> tuple[int, str, str]:
    """Return how many lines tell only the separator, what it is, and the text below them."""
    told = _SEP_LINE.match(text)
    above = 0
    if told is not None:
        above = len(re.findall(r"\r\n|\r|\n", told[0]))
        text = text[told.end() :]
        if not told["rest"]:
            return above, "\t" if told["mark"] == "\\t" else told["mark"], text
    header = next((line for line in text.splitlines() if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", header)
    return above, max(_SEPARATORS, key=bare.count), text


def _header(line: int, cells: list[str], columns: dict[str, str], problems: list[Problem]) -> list[str]:
    """Return the columns' keys; "" for one that is not read."""
    keys: list[str] = []
    for cell in cells:
        key = "" if cell.strip().startswith(NOTE_MARK) else column_key(cell)
        if key and key in columns:
            problems.append(Problem(line, cell.strip(), Sentence.of("There are two columns of this name.")))
        elif key:
            columns[key] = cell.strip()
        keys.append(key)
    return keys
