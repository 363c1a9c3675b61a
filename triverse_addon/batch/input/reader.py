# SPDX-License-Identifier: GPL-3.0-or-later
"""
Read the rows of a batch from a CSV file, a JSON file, or a folder of pictures.

Floor: between first and second. Thread: any that may read files. No ``bpy``.

The values of cells are checked by ``validation``. Here, text that cannot be parsed is reported line by line.
"""

import codecs
import os
import re
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from ...api.sentence import Sentence
from ..rows.problems import Problem
from ..rows.raw_rows import RawBatch, RawRow
from .csv_table import csv_rows
from .json_rows import json_rows, looks_like_json
from .picture_folder import read_folder

#: Largest file size, in bytes. A batch is read into memory completely; ten thousand rows with long prompts are 10 MB.
MAX_BYTES = 64 * 1024 * 1024

_JSON = frozenset({".jsonl", ".ndjson", ".json"})
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

#: First bytes of workbooks: .xlsx, .ods and .numbers are ZIP archives, .xls is a compound file.
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")


def read(
    path: Path,
    *,
    takes: Callable[[str], bool] = lambda path: False,
    allowed: Collection[str] = (),
    go_on: Callable[[], None] = lambda: None,
) -> RawBatch:
    """
    Read a batch. Problems are returned, never raised.

    :param path: a CSV, JSON or JSON Lines file, or a folder of pictures.
    :param takes: returns whether a file in a folder can be converted to a picture for the upload, in addition to the
        files that are one already.
    :param allowed: links in a folder that may be followed, see ``outside_files.Outside.key``.
    :param go_on: called for each item of a folder; what it raises ends the reading.
    """
    path = Path(os.path.abspath(path))
    if path.is_dir():
        return read_folder(path, takes, allowed, go_on)
    problems: list[Problem] = []
    text = _text(path, problems)
    if problems:
        return RawBatch(path, path.parent, (), {}, tuple(problems))
    columns: dict[str, str] = {}
    decimal_mark = "."
    rows: Sequence[RawRow]
    if path.suffix.lower() in _JSON or looks_like_json(text):
        rows = tuple(json_rows(text, columns, problems))
    else:
        rows, decimal_mark = csv_rows(text, columns, problems)
    if not rows and not problems:
        problems.append(Problem(0, "", Sentence.of("{name} holds no row.", name=path.name)))
    return RawBatch(path, path.parent, rows, columns, tuple(problems), decimal_mark)


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
    if data.startswith(_WORKBOOKS):
        words = Sentence.of(
            "{name} is a spreadsheet's own file. Save it as CSV UTF-8, and choose that.", name=path.name
        )
        problems.append(Problem(0, "", words))
        return ""
    bom, encoding = next(((bom, name) for bom, name in _BOMS if data.startswith(bom)), (b"", "utf-8"))
    data = data[len(bom) :]
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = _line_of(data[: error.start].decode(encoding, "replace"))
        problems.append(
            Problem(line, "", Sentence.of("The text is not UTF-8. Save the file as CSV UTF-8, or as JSON Lines."))
        )
        return ""
    if "\0" in text:
        line = _line_of(text[: text.index("\0")])
        problems.append(Problem(line, "", Sentence.of("There is a null character. Is this a text file?")))
    return text


def _line_of(before: str) -> int:
    """Return the number of the line on which the text ``before`` ends."""
    return len(re.findall(r"\r\n|\r|\n", before)) + 1
