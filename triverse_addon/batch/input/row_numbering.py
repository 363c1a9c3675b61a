# SPDX-License-Identifier: GPL-3.0-or-later
"""
Number rows with identical requests, and rows with the same name.

Floor: between first and second. Thread: any. No ``bpy``.
"""

import array
import dataclasses
import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from ..rows.row import Row

#: Made once: with these settings, ``json.dumps`` makes one for each text.
_encoded = json.JSONEncoder(sort_keys=True, ensure_ascii=True).encode


def request_of(row: Row) -> str:
    """Return a row's request as text, equal for rows with identical requests."""
    return _encoded([row.flow, dict(row.params), dict(row.written_sources)])


def request_without_paths(row: Row) -> str:
    """Return what a row requests as text, apart from which files it sends: only of which fields they are."""
    return _encoded([row.flow, dict(row.params), sorted(row.written_sources)])


def numbered(rows: Sequence[Row]) -> Iterator[Row]:
    """
    Yield the rows with their numbers among identical ones.

    Two identical rows are two models and are paid twice: a user who repeats a row wants variations.
    """
    occurrences, name_numbers = _numbers(rows, request_of), _numbers(rows, lambda row: row.name.casefold())
    for row, occurrence, name_number in zip(rows, occurrences, name_numbers, strict=True):
        if occurrence == name_number == 1:
            yield row
        else:
            yield dataclasses.replace(row, occurrence=occurrence, name_number=name_number)


def _numbers(rows: Sequence[Row], text_of: Callable[[Row], str]) -> Iterator[int]:
    """
    Yield for each row its number among those with the same text.

    Only of texts that may recur, more is kept than a hash: all requests of a hundred thousand rows take 40 MB.
    """
    hashes = array.array("q", (hash(text_of(row)) for row in rows))
    in_order = sorted(hashes)
    recurring = {found for found, after in itertools.pairwise(in_order) if found == after}
    del in_order
    counts: Counter[str] = Counter()
    for row, found in zip(rows, hashes, strict=True):
        if found not in recurring:
            yield 1
            continue
        text = text_of(row)
        counts[text] += 1
        yield counts[text]
