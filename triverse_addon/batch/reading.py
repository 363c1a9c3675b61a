# SPDX-License-Identifier: GPL-3.0-or-later
"""
From a file to rows of cells: CSV, JSON Lines, or a folder of pictures.

Floor: between first and second. Thread: any that may read files. No ``bpy``.

What a cell means is for ``checking``; here a file that cannot be understood is told line by line.
"""

import codecs
import csv
import io
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..api.sentence import Sentence
from ..api.urls import clean
from .problems import Problem

#: A batch is read into memory as a whole; ten thousand rows with long prompts are 10 MB.
MAX_BYTES = 64 * 1024 * 1024
#: The csv module's own limit of a cell; in JSON Lines the same holds, so that no file is sent as a prompt.
MOST_CHARACTERS = csv.field_size_limit()
#: Columns that begin with this are the author's own notes.
NOTE_MARK = "#"
#: What marks an asset library as written by batches, see :mod:`ledger`.
LEDGER = ".triverse"
PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp"})

_JSON_LINES = frozenset({".jsonl", ".ndjson"})
_SEPARATORS = ",;\t"
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


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
class RawBatch:
    """
    All rows of a file, and what is wrong with its form.

    :ivar folder: what relative paths in the rows are relative to.
    :ivar columns: their names as keys (see :func:`column_key`) -> as the file writes them.
    """

    path: Path
    folder: Path
    rows: tuple[RawRow, ...]
    columns: dict[str, str]
    problems: tuple[Problem, ...]


def column_key(name: str) -> str:
    """Return a column's name as it is compared: lower case, words joined by ``_``."""
    return re.sub(r"[\s\-_]+", "_", name.strip().lower())


def read(path: Path, *, is_picture: Callable[[Path], bool] | None = None) -> RawBatch:
    """
    Read a batch. What is wrong with it is in the answer, never raised.

    :param path: a CSV or JSON Lines file, or a folder of pictures.
    :param is_picture: tells the pictures of a folder; JPEG, PNG and WebP files by default.
    """
    path = Path(os.path.abspath(path))
    if path.is_dir():
        return _read_folder(path, is_picture or (lambda file: file.suffix.lower() in PICTURES))
    problems: list[Problem] = []
    text = _text(path, problems)
    if problems:
        return RawBatch(path, path.parent, (), {}, tuple(problems))
    columns: dict[str, str] = {}
    is_json = path.suffix.lower() in _JSON_LINES or text.lstrip()[:1] == "{"
    rows = _json_rows(text, columns, problems) if is_json else _csv_rows(text, columns, problems)
    if not rows and not problems:
        problems.append(Problem(0, "", Sentence.of("{name} holds no row.", name=path.name)))
    return RawBatch(path, path.parent, tuple(rows), columns, tuple(problems))


def _text(path: Path, problems: list[Problem]) -> str:
    try:
        size_bytes = path.stat().st_size
        data = path.read_bytes() if size_bytes <= MAX_BYTES else b""
    except (OSError, ValueError):  # ValueError: a null byte in the path
        problems.append(Problem(0, "", Sentence.of("There is no file {path} that can be read.", path=str(path))))
        return ""
    if size_bytes > MAX_BYTES:
        problems.append(
            Problem(
                0,
                "",
                Sentence.of(
                    "{name} has {size_mb} MB. A batch may have {limit_mb} MB.",
                    name=path.name,
                    size_mb=size_bytes // 2**20,
                    limit_mb=MAX_BYTES // 2**20,
                ),
            )
        )
        return ""
    bom, encoding = next(((bom, name) for bom, name in _BOMS if data.startswith(bom)), (b"", "utf-8"))
    data = data[len(bom) :]
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        problems.append(
            Problem(line, "", Sentence.of("The text is not UTF-8. Save the file as CSV UTF-8, or as JSON Lines."))
        )
        return ""
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        problems.append(Problem(line, "", Sentence.of("There is a null character. Is this a text file?")))
    return text


# -----------------------------------------------------------------------------
# CSV


def _csv_rows(text: str, columns: dict[str, str], problems: list[Problem]) -> list[RawRow]:
    # newline="": only what ends a line in a file does so here, and line_num counts as an editor does.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True, skipinitialspace=True)
    rows: list[RawRow] = []
    keys: list[str] = []
    for line, cells in _csv_lines(reader, problems):
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
        found = {key: cell.strip() for key, cell in zip(keys, cells, strict=False) if key and cell.strip()}
        rows.append(RawRow(line, dict(found)))
    return rows


def _csv_lines(reader: Any, problems: list[Problem]) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the line on which it begins; a quoted cell may go over several."""
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # What follows an open quote cannot be told apart from what is in it.
            words = Sentence.of("The quotes do not match ({reason}).", reason=clean(str(error), 100))
            if "field limit" in str(error):
                words = _too_long()
            problems.append(Problem(line, "", words))
            return
        yield line, cells


def _separator(text: str) -> str:
    """Return what separates the header's cells: spreadsheets write a semicolon where the comma is in numbers."""
    header = next((line for line in text.splitlines() if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", header)
    return max(_SEPARATORS, key=bare.count)


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


# -----------------------------------------------------------------------------
# JSON Lines


def _json_rows(text: str, columns: dict[str, str], problems: list[Problem]) -> list[RawRow]:
    rows: list[RawRow] = []
    for line, words in enumerate(text.split("\n"), 1):
        if not words.strip():
            continue
        try:
            value = json.loads(words, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            what = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
            problems.append(Problem(line, "", Sentence.of("This is no JSON ({reason}).", reason=clean(what, 100))))
            continue
        if not isinstance(value, dict):
            problems.append(Problem(line, "", Sentence.of('A line must be one object, such as {"prompt": "a chair"}.')))
            continue
        rows.append(RawRow(line, _json_cells(line, value, columns, problems)))
    return rows


def _json_cells(
    line: int, value: dict[str, object], columns: dict[str, str], problems: list[Problem]
) -> dict[str, object]:
    cells: dict[str, object] = {}
    for name, cell in value.items():
        if name.strip().startswith(NOTE_MARK):
            continue
        key = column_key(name)
        columns.setdefault(key, name.strip())
        if key in cells:
            problems.append(Problem(line, name.strip(), Sentence.of("It is given twice.")))
        cell = cell.strip() if isinstance(cell, str) else cell
        if isinstance(cell, str) and len(cell) > MOST_CHARACTERS:
            problems.append(Problem(line, name.strip(), _too_long()))
        if cell is not None and cell != "":
            cells[key] = cell
    return cells


def _too_long() -> Sentence:
    return Sentence.of("A cell has more than {count} characters. Is a quote missing?", count=MOST_CHARACTERS)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


# -----------------------------------------------------------------------------
# A folder of pictures


def _read_folder(folder: Path, is_picture: Callable[[Path], bool]) -> RawBatch:
    """Make a row of every picture, in folders below too, which become its catalog. Hidden ones are left out."""
    problems: list[Problem] = []

    def note(error: OSError) -> None:
        problems.append(Problem(0, "", Sentence.of("The folder {path} cannot be read.", path=str(error.filename))))

    found: list[Path] = []
    for place, folders, files in os.walk(folder, onerror=note):
        # A library that lies inside holds pictures of models, not for models.
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and not Path(place, name, LEDGER).is_dir()
        )
        found += [Path(place, name) for name in files if not name.startswith(".") and is_picture(Path(place, name))]
    rows = []
    for number, file in enumerate(sorted(found, key=_natural), 1):
        inside = file.relative_to(folder)
        cells: dict[str, object] = {"image": inside.as_posix()}
        if inside.parent != Path():
            cells["catalog"] = inside.parent.as_posix()
        rows.append(RawRow(number, cells))
    if not rows and not problems:
        problems.append(Problem(0, "", Sentence.of("There is no picture in {path}.", path=str(folder))))
    return RawBatch(folder, folder, tuple(rows), {"image": "image", "catalog": "catalog"}, tuple(problems))


def _natural(path: Path) -> list[tuple[int, int, str]]:
    """Sort chair2 before chair10."""
    parts = re.split(r"(\d+)", path.as_posix().casefold())
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts]
