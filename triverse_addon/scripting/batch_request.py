# SPDX-License-Identifier: GPL-3.0-or-later
"""
What a script gives to its batch, as the batch understands it: a table, a folder, or rows from data tools.

Floor: between second and third. Thread: main; the rows are written on the batch's thread. No ``bpy``.
"""

import json
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..api.errors import InputError
from ..api.flows import FLOWS
from ..api.sentence import Sentence
from ..api.urls import clean
from ..batch.input.order_ids import digest
from ..batch.library.safe_paths import make_folder
from ..batch.outside_files import ANY_FILE
from ..batch.rows.raw_rows import LEDGER, column_key
from ..batch.run.request import BatchRequest, library_for
from ..tasks.files.atomic_write import write_whole
from ..tasks.record.record import is_url

#: Names of pandas' types for a missing value.
_MISSING = frozenset({"NAType", "NaTType"})
#: Columns that name a file, for which a script may give a relative path.
_SOURCES = frozenset(
    name for flow in FLOWS.values() for field in flow.sources for name in (field.name, field.name.removesuffix("_file"))
)


class Request:
    """
    A script's request for a batch.

    :param asked: the request, as the batch understands it.
    :param text: the rows as JSON Lines, to be written into its file; "" if the script names a file.
    """

    def __init__(self, asked: BatchRequest, text: str = "") -> None:
        self.asked = asked
        self._text = text

    def write(self) -> None:
        """
        Write the rows of a script into a file of the library, which the batch reads.

        :raises InputError: it cannot be written.
        """
        if not self._text:
            return
        try:
            make_folder(self.asked.library / LEDGER)
            write_whole(self.asked.file, self._text.encode())
        except OSError as error:
            raise InputError(
                Sentence.of(
                    "The folder {path} cannot be written ({reason}). Choose another folder.",
                    path=str(self.asked.library),
                    reason=error.strerror or type(error).__name__,
                ),
                field="library",
            ) from None


def request_for(
    rows: Path | str | Iterable[Mapping[str, object]],
    library: Path | str | None,
    *,
    defaults: Mapping[str, str],
    batch_id: str,
    allow_outside_files: bool,
    with_blender: bool,
) -> Request:
    """
    Return the request for a batch; see :meth:`client.Triverse.batch`.

    :raises InputError: ``rows`` are mappings, and there is no ``library``, or a value is of no kind that columns take.
    """
    # A script's variable that is empty would else name the folder that the script was started in.
    home = None if library in (None, "") else Path(library).expanduser().absolute()
    text = ""
    if rows == "":
        raise InputError(Sentence.of("Name the batch file: an empty name was given."), field="rows")
    if isinstance(rows, Path | str):
        file = Path(rows).expanduser().absolute()
        home = home or library_for(file)
    elif home is None:
        raise InputError(Sentence.of("Name the folder of the asset library."), field="library")
    else:
        text = "".join(_line(number, row) for number, row in enumerate(rows, 1))
        file = home / LEDGER / f"{home.name}-{digest(text)[:8]}.jsonl"
    # Rows that a script gives name files that the script has chosen.
    allowed = frozenset({ANY_FILE} if allow_outside_files or text else ())
    asked = BatchRequest(
        file,
        home,
        with_blender=with_blender,
        defaults={name: _text(name, value) for name, value in defaults.items()},
        batch_id=_text("batch_id", batch_id),
        allowed=allowed,
    )
    return Request(asked, text)


def _text(name: str, value: object) -> str:
    """
    Return a value as it would be written in a table.

    :raises InputError: it cannot be written in one cell.
    """
    value = _native(value)
    if value is None:
        return ""
    if isinstance(value, str | Path | int | float):
        return str(value)
    raise InputError(Sentence.of("{field} must be text.", field=name), field=name)


def _line(number: int, row: Mapping[str, object]) -> str:
    """
    Return a row as a line of JSON.

    :raises InputError: a value is of a kind that no column takes.
    """
    try:
        return json.dumps(_row(row), sort_keys=True) + "\n"
    except (AttributeError, TypeError, ValueError) as error:
        raise InputError(
            Sentence.of("Row {number} cannot be read ({reason}).", number=number, reason=clean(str(error), 100)),
            field="rows",
        ) from None


def _row(row: Mapping[str, object]) -> dict[str, object]:
    return {name: _cell(column_key(name), _native(value)) for name, value in row.items()}


def _native(value: Any) -> object:
    """Return a value as JSON knows it: numbers of numpy and pandas are none of Python's, and missing values are NaN."""
    if hasattr(value, "dtype") and hasattr(value, "item"):
        value = value.item()
    if isinstance(value, set | frozenset):
        return sorted(value)
    is_missing = type(value).__name__ in _MISSING or (isinstance(value, float) and math.isnan(value))
    return None if is_missing else value


def _cell(key: str, value: object) -> object:
    if isinstance(value, Path) or (key in _SOURCES and isinstance(value, str) and not _has_place(value)):
        return os.path.abspath(Path(value).expanduser())
    return value


def _has_place(source: str) -> bool:
    return not source.strip() or is_url(source) or source.lower().startswith("file:")
