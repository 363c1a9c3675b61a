# SPDX-License-Identifier: GPL-3.0-or-later
"""
From a file to rows of cells: CSV, JSON, or a folder of pictures.

Floor: between first and second. Thread: any that may read files. No ``bpy``.

What a cell means is for ``checking``; here a file that cannot be understood is told line by line.
"""

import codecs
import os
import re
from collections.abc import Callable
from pathlib import Path

from ..api.sentence import Sentence
from .csv_table import csv_rows
from .json_rows import json_rows, looks_like_json
from .problems import Problem
from .raw import RawBatch, RawRow

#: A batch is read into memory as a whole; ten thousand rows with long prompts are 10 MB.
MAX_BYTES = 64 * 1024 * 1024
#: What marks an asset library as written by batches, see :mod:`ledger`.
LEDGER = ".triverse"
PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp"})

_JSON = frozenset({".jsonl", ".ndjson", ".json"})
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def read(path: Path, *, is_picture: Callable[[Path], bool] | None = None) -> RawBatch:
    """
    Read a batch. What is wrong with it is in the answer, never raised.

    :param path: a CSV, JSON or JSON Lines file, or a folder of pictures.
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
    decimal_mark = "."
    if path.suffix.lower() in _JSON or looks_like_json(text):
        rows = json_rows(text, columns, problems)
    else:
        rows, decimal_mark = csv_rows(text, columns, problems)
    if not rows and not problems:
        problems.append(Problem(0, "", Sentence.of("{name} holds no row.", name=path.name)))
    return RawBatch(path, path.parent, tuple(rows), columns, tuple(problems), decimal_mark)


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
    """Return the number of the line on which what follows ``before`` stands."""
    return len(re.findall(r"\r\n|\r|\n", before)) + 1


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
