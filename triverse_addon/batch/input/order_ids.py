# SPDX-License-Identifier: GPL-3.0-or-later
"""
The ``client_order_id`` of a row: the same for the same request, at any time and on any machine.

Floor: between first and second. Thread: any that may read files: pictures and models are read completely. No ``bpy``.

It is a hash of what is sent: flow, settings, sources (their paths as written, and their content) and the row's number
among identical requests. Name, catalog and post-processing are not included, nor is the name or place of the batch
file: a batch that was moved, renamed, sorted differently or extended by a hundred rows pays only for those hundred.

A row whose pictures were renamed has another id. It is recognised by :meth:`Identities.content_key`.
"""

import array
import bisect
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from ...api.sentence import Sentence
from ...tasks.record.record import is_url
from ..rows.problems import BatchProblemsError, Problem
from ..rows.row import Row
from .row_numbering import request_of, request_without_paths

#: Length of the hash: with the suffix of a retry, the id fits into the 64 characters that the service allows.
_HASH_CHARS = 40
_PREFIX = "batch_"


class Identities:
    """
    Computes order ids. A file that several rows send is read once.

    :param salt: changes all ids, to order a batch again on purpose.
    :param batch: name of the batch's file, for :meth:`content_key`.
    """

    def __init__(self, salt: str = "", batch: str = "") -> None:
        self._salt = salt
        self._batch = batch
        self._contents: dict[str, str] = {}

    def order_id(self, row: Row) -> str:
        """
        Return the ``client_order_id`` of a row.

        :raises OSError: a source cannot be read.
        """
        return self.of(row)[0]

    def order_id_as(self, row: Row, number: int) -> str:
        """
        Return the ``client_order_id`` that a row would have as this one among equal requests.

        :raises OSError: a source cannot be read.
        """
        return _PREFIX + digest(self._salt, request_of(row), str(number), *self._contents_of(row))

    def of(self, row: Row) -> tuple[str, str]:
        """
        Return the ``client_order_id`` and the ``row_key`` of a row, see :func:`row_key`.

        :raises OSError: a source cannot be read.
        """
        key = row_key(row, self._salt)
        if not row.sources:
            return _PREFIX + key, key
        return self.order_id_as(row, row.occurrence), key

    def content_key(self, row: Row) -> str:
        """
        Return a hash of what a row sends from its files, whatever their paths are; "" if it sends none.

        It has the name of the batch's file in it: a row of another batch that sends the same is another model.

        :raises OSError: a source cannot be read.
        """
        if all(map(is_url, row.sources.values())):
            return ""
        return digest(self._salt, self._batch, request_without_paths(row), *self._contents_of(row))

    def _contents_of(self, row: Row) -> list[str]:
        return [f"{name}={self._content(source)}" for name, source in sorted(row.sources.items())]

    def _content(self, source: str) -> str:
        if source not in self._contents:
            self._contents[source] = content_of(source)
        return self._contents[source]


def row_key(row: Row, salt: str = "") -> str:
    """Return a hash of a row without the content of its files, to find the row's entry in the ledger."""
    return digest(salt, request_of(row), str(row.occurrence))


def digest(*parts: str) -> str:
    """Return a hash of texts, short enough for a ``client_order_id``."""
    found = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        found.update(len(data).to_bytes(8, "big") + data)
    return found.hexdigest()[:_HASH_CHARS]


def content_of(source: str) -> str:
    """
    Return a hash of the content of a file; of a public URL, the URL.

    :raises OSError: the file cannot be read.
    """
    if is_url(source):
        return source
    with Path(source).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class RowIdentities(Mapping[int, tuple[str, str]]):
    """The ``client_order_id`` and the ``row_key`` of rows by row number; the key only where it is not in the id."""

    def __init__(self) -> None:
        # A dictionary by number would take four times the memory of these two.
        self._numbers = array.array("q")
        self._order_ids: list[str] = []
        self._row_keys: dict[int, str] = {}
        self.content_keys: dict[int, str] = {}
        """See :meth:`Identities.content_key`; only of rows that send files."""

    def add(self, number: int, order_id: str, key: str, content_key: str = "") -> None:
        """Add those of a row, whose number is higher than those of the rows before."""
        self._numbers.append(number)
        self._order_ids.append(order_id)
        if key != key_in(order_id):
            self._row_keys[number] = key
        if content_key:
            self.content_keys[number] = content_key

    def __getitem__(self, number: int) -> tuple[str, str]:
        """Return those of the row with this number."""
        at = bisect.bisect_left(self._numbers, number)
        if at == len(self._numbers) or self._numbers[at] != number:
            raise KeyError(number)
        order_id = self._order_ids[at]
        return order_id, self._row_keys.get(number) or key_in(order_id)

    def __iter__(self) -> Iterator[int]:
        """Yield the numbers of the rows."""
        return iter(self._numbers)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._numbers)


def key_in(order_id: str) -> str:
    """Return the row key that the ``client_order_id`` of a row without sources has in it."""
    return order_id.removeprefix(_PREFIX)


def identities_of(
    rows: Iterable[Row], identities: Identities, go_on: Callable[[], None] = lambda: None
) -> RowIdentities:
    """
    Return the ``client_order_id`` and the ``row_key`` of each row by row number.

    :param identities: those of the batch.
    :param go_on: called for each row; what it raises ends the reading of the files.
    :raises BatchProblemsError: a source that existed a moment ago cannot be read.
    """
    found, problems = readable_identities(rows, identities, go_on)
    if problems:
        raise BatchProblemsError(problems)
    return found


def readable_identities(
    rows: Iterable[Row], identities: Identities, go_on: Callable[[], None] = lambda: None
) -> tuple[RowIdentities, list[Problem]]:
    """Return what tells rows apart, as :func:`identities_of`, and the problems of those whose files cannot be read."""
    found = RowIdentities()
    problems = []
    for row in rows:
        go_on()
        try:
            found.add(row.number, *identities.of(row), identities.content_key(row) if row.sources else "")
        except OSError as error:
            path = str(error.filename or next(iter(row.sources.values())))
            problems.append(Problem(row.line, "", Sentence.of("The file {path} cannot be read.", path=path)))
    return found, problems
