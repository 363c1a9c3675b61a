# SPDX-License-Identifier: GPL-3.0-or-later
"""
Number rows with identical requests, and rows with the same name.

Floor: between first and second. Thread: any. No ``bpy``.
"""

import dataclasses
import json
from collections import Counter
from collections.abc import Iterable, Iterator

from ..row import Row

#: Made once: with these settings, ``json.dumps`` makes one for each text.
_encoded = json.JSONEncoder(sort_keys=True, ensure_ascii=True).encode


def request_of(row: Row) -> str:
    """Return a row's request as text, equal for rows with identical requests."""
    return _encoded([row.flow, dict(row.params), dict(row.written_sources)])


def numbered(rows: Iterable[Row]) -> Iterator[Row]:
    """
    Yield the rows with their numbers among identical ones.

    Two identical rows are two models and are paid twice: a user who repeats a row wants variations.
    """
    requests: Counter[str] = Counter()
    names: Counter[str] = Counter()
    for row in rows:
        request, name = request_of(row), row.name.casefold()
        requests[request] += 1
        names[name] += 1
        if requests[request] == names[name] == 1:
            yield row
        else:
            yield dataclasses.replace(row, occurrence=requests[request], name_number=names[name])
