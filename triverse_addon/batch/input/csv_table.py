# SPDX-License-Identifier: GPL-3.0-or-later
"""
Read text tables (CSV and the like), as spreadsheets and data tools write them.

Floor: between first and second. Thread: any. No ``bpy``.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from typing import Any, overload

from ...api.sentence import Sentence
from ...api.spelling import decimal_mark_in
from ...api.urls import clean
from ..rows.problems import Problem
from ..rows.raw_rows import NOTE_MARK, RawRow, column_key, too_long

_SEPARATORS = ",;\t"
#: Decimal mark that follows from the cell separator: a spreadsheet that writes decimal commas separates by semicolons.
#: A tab allows either mark.
_DECIMAL_MARKS = {",": ".", ";": ",", "\t": ""}
#: The line that sets the separator for Excel. Programs that do not know it keep it as a row and append their own
#: separators.
_SEP_LINE = re.compile(r'\s*"?sep=(?P<mark>\\t|[^\r\n\w" ])"?(?P<rest>[,;\t]*)[ ]*(?:\r\n|\r|\n|$)', re.IGNORECASE)
#: A line with its end; the last one may have none.
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
#: A cell that spreadsheets treat as text, not as a number: ="007".
_TEXT_FORMULA = re.compile(r'="([^"]*)"')


def csv_rows(text: str, columns: dict[str, str], problems: list[Problem]) -> tuple[Sequence[RawRow], str]:
    """
    Return the rows and the table's decimal mark, "" if it is not known.

    :param text: the whole file.
    :param columns: filled with column key -> name as in the file.
    :param problems: problems found are appended.
    """
    above, separator, table = _separator(text)
    count = 0
    marks: set[str] = set()
    for _, keys, cells in _rows(table, above, separator, columns, problems):
        count += 1
        if len(marks) < 2:
            given = (_bare(cell) for key, cell in zip(keys, cells, strict=False) if key)
            marks.update(mark for cell in given if (mark := decimal_mark_in(cell)))
    # Where the numbers do not show the mark, the one that fits the separator; where they show both, none.
    decimal_mark = "" if len(marks) > 1 else marks.pop() if marks else _DECIMAL_MARKS.get(separator, "")
    return CsvRows(table, above, separator, count), decimal_mark


class CsvRows(Sequence[RawRow]):
    """
    The rows of a text table, read from its text each time: a hundred thousand rows of cells take 60 MB.

    :param table: the text below the lines that only set the separator.
    :param above: number of those lines.
    :param count: number of the rows.
    """

    def __init__(self, table: str, above: int, separator: str, count: int) -> None:
        self._table = table
        self._above = above
        self._separator = separator
        self._count = count

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._count

    def __iter__(self) -> Iterator[RawRow]:
        """Yield the rows in order."""
        for line, keys, cells in _rows(self._table, self._above, self._separator, {}, []):
            yield RawRow(
                line, {key: text for key, cell in zip(keys, cells, strict=False) if key and (text := _bare(cell))}
            )

    @overload
    def __getitem__(self, index: int) -> RawRow: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[RawRow]: ...

    def __getitem__(self, index: int | slice) -> RawRow | Sequence[RawRow]:
        """Return a row, or several. This reads all rows: iterate instead."""
        return tuple(self)[index]


def _rows(
    table: str, above: int, separator: str, columns: dict[str, str], problems: list[Problem]
) -> Iterator[tuple[int, list[str], list[str]]]:
    """
    Yield line, column keys and cells of each row that is neither empty nor too long.

    :param columns: filled with column key -> name as in the file.
    :param problems: problems found are appended.
    """
    reader = csv.reader(_text_lines(table), delimiter=separator, strict=True, skipinitialspace=True)
    keys: list[str] = []
    for line, cells in _lines(reader, above, problems):
        if not any(map(str.strip, cells)):
            continue
        if not keys:
            keys = _header(line, cells, columns, problems)
        elif len(cells) > len(keys) and any(map(str.strip, cells[len(keys) :])):
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
        else:
            yield line, keys, cells


def _bare(cell: str) -> str:
    text = cell.strip()
    if "\r" in text:
        # A file that was saved or checked out with other line ends still asks for the same.
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    match = _TEXT_FORMULA.fullmatch(text) if text.startswith("=") else None
    return match[1].strip() if match else text


def _text_lines(text: str) -> Iterator[str]:
    """
    Yield each line with its end. Only real line ends count, so that ``line_num`` matches an editor's line numbers.

    ``io.StringIO`` does the same, and takes four bytes for each character.
    """
    return (match[0] for match in _LINE.finditer(text))


def _lines(reader: Any, above: int, problems: list[Problem]) -> Iterator[tuple[int, list[str]]]:
    """
    Yield each row with the line on which it begins. A quoted cell may span several lines.

    :param above: number of lines before the table.
    """
    while True:
        line = above + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # After an unclosed quote, the text outside and inside it cannot be distinguished.
            words = Sentence.of("The quotes do not match ({reason}).", reason=clean(str(error), 100))
            if "field limit" in str(error):
                words = too_long()
            problems.append(Problem(line, "", words))
            return
        yield line, cells


def _separator(text: str) -> tuple[int, str, str]:
    """Return the number of lines that only set the separator, the separator, and the text below those lines."""
    sep_line = _SEP_LINE.match(text)
    above = 0
    if sep_line is not None:
        above = len(re.findall(r"\r\n|\r|\n", sep_line[0]))
        text = text[sep_line.end() :]
        if not sep_line["rest"]:
            return above, "\t" if sep_line["mark"] == "\\t" else sep_line["mark"], text
    header = next((line for line in _text_lines(text) if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", header)
    return above, max(_SEPARATORS, key=bare.count), text


def _header(line: int, cells: list[str], columns: dict[str, str], problems: list[Problem]) -> list[str]:
    """Return the keys of the columns; "" for a column that is ignored."""
    keys: list[str] = []
    for cell in cells:
        key = "" if cell.strip().startswith(NOTE_MARK) else column_key(cell)
        if key and key in columns:
            problems.append(Problem(line, cell.strip(), Sentence.of("There are two columns of this name.")))
        elif key:
            columns[key] = cell.strip()
        keys.append(key)
    return keys
