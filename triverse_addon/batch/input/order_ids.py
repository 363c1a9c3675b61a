# SPDX-License-Identifier: GPL-3.0-or-later
"""
The ``client_order_id`` of a row: the same for the same request, whenever and wherever it is run.

Floor: between first and second. Thread: any that may read files: pictures and models are read whole. No ``bpy``.

It follows from what is sent: flow, settings, sources (as they are written, and what is in them) and the row's number
among equals. Name, catalog and what is done with the model afterwards do not count, nor does the file's own name or
place: a batch that was moved, renamed, sorted anew or grown by a hundred rows pays for those hundred.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from ...api.sentence import Sentence
from ...tasks.record import is_url
from ..problems import BatchProblemsError, Problem
from ..row import Row
from .row_numbering import request_of

#: Short enough that the suffix of a retry fits into the 64 characters the service allows.
_HASH_CHARS = 40
_PREFIX = "batch_"


class Identities:
    """
    Names rows; a file that several rows send is read once.

    :param salt: makes all ids others on purpose, to order a batch anew.
    """

    def __init__(self, salt: str = "") -> None:
        self._salt = salt
        self._contents: dict[str, str] = {}

    def order_id(self, row: Row) -> str:
        """
        Return the ``client_order_id`` of a row.

        :raises OSError: a source cannot be read.
        """
        contents = [f"{name}={self._content(source)}" for name, source in sorted(row.sources.items())]
        return _PREFIX + _digest(self._salt, request_of(row), str(row.occurrence), *contents)

    def _content(self, source: str) -> str:
        if is_url(source):
            return source
        if source not in self._contents:
            with Path(source).open("rb") as file:
                self._contents[source] = hashlib.file_digest(file, "sha256").hexdigest()
        return self._contents[source]


def row_key(row: Row, salt: str = "") -> str:
    """Return what tells a row apart without a look into its files, to find what was written of it."""
    return _digest(salt, request_of(row), str(row.occurrence))


def _digest(*parts: str) -> str:
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:_HASH_CHARS]


def order_ids(rows: Iterable[Row], salt: str = "") -> Mapping[int, str]:
    """
    Return the ``client_order_id`` of each row by its number.

    :raises BatchProblemsError: a source that was there a moment ago cannot be read.
    """
    identities = Identities(salt)
    found: dict[int, str] = {}
    problems = []
    for row in rows:
        try:
            found[row.number] = identities.order_id(row)
        except OSError as error:
            path = str(error.filename or next(iter(row.sources.values())))
            problems.append(Problem(row.line, "", Sentence.of("The file {path} cannot be read.", path=path)))
    if problems:
        raise BatchProblemsError(problems)
    return found
