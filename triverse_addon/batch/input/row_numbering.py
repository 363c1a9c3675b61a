# SPDX-License-Identifier: GPL-3.0-or-later
"""
Tell apart rows that ask for the same, and rows of the same name.

Floor: between first and second. Thread: any. No ``bpy``.
"""

import dataclasses
import json
from collections import Counter
from collections.abc import Iterable, Iterator

from ..row import Row


def request_of(row: Row) -> str:
    """Return what a row sends, as one text: equal for rows that ask for the same."""
    return json.dumps([row.flow, dict(row.params), dict(row.written_sources)], sort_keys=True, ensure_ascii=True)


def numbered(rows: Iterable[Row]) -> Iterator[Row]:
    """
    Yield the rows with their numbers among equals.

    Two rows that ask for the same are two models, and are paid twice: whoever writes a line twice wants variations.
    """
    requests: Counter[str] = Counter()
    names: Counter[str] = Counter()
    for row in rows:
        request, name = request_of(row), row.name.casefold()
        requests[request] += 1
        names[name] += 1
        yield dataclasses.replace(row, occurrence=requests[request], name_number=names[name])
