# SPDX-License-Identifier: GPL-3.0-or-later
"""
Let rows keep the models that they have, although the table was changed or a newer version reads it.

Floor: between first and second. Thread: any that may read files. No ``bpy``.

Which of several equal requests a row is, is its number among them in the file. Without this, a row would get the model
of the one above it, as soon as that is removed or sorted behind it. And earlier versions told line ends in texts apart.
"""

import dataclasses
import itertools
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from ..input.order_ids import Identities
from ..input.row_numbering import request_of
from ..library.entry import Entry
from ..library.ledger import Ledger
from ..rows.row import Row
from ..rows.settings_of_row import RowSettings


def keep_models(
    rows: Sequence[Row], chosen: Collection[int], ledger: Ledger, identities: Identities
) -> tuple[Row, ...]:
    """
    Return the rows, with those numbers among equal requests under which the library has models of their names.

    A row whose name the library does not have keeps its number if that is free, else it gets the first free one.

    :param rows: all rows of the batch.
    :param chosen: numbers of the rows of this run. The files of others need not be there.
    :param identities: those of this batch.
    """
    stored = ledger.order_ids()
    if not stored:
        return tuple(rows)
    rows = [_as_ordered(row, stored, identities) if row.number in chosen else row for row in rows]
    changed: dict[int, int] = {}
    for equal in _equal_rows(rows, chosen):
        try:
            known = _known(equal[0], ledger, stored, identities)
        except OSError:
            continue  # told where the files are read next
        changed |= _numbers(equal, known)
    return tuple(
        dataclasses.replace(row, occurrence=changed[row.number])
        if changed.get(row.number, row.occurrence) != row.occurrence
        else row
        for row in rows
    )


def _as_ordered(row: Row, stored: Collection[str], identities: Identities) -> Row:
    """Return a row with the line ends of Windows in its texts, if an earlier version has ordered it so."""
    if not any(isinstance(value, str) and "\n" in value for value in row.params.values()):
        return row
    old = {name: value.replace("\n", "\r\n") if isinstance(value, str) else value for name, value in row.params.items()}
    before = dataclasses.replace(row, params=RowSettings(old))
    try:
        is_known = identities.order_id(row) in stored or identities.order_id(before) not in stored
    except OSError:
        return row  # told where the files are read next
    return row if is_known else before


def _equal_rows(rows: Sequence[Row], chosen: Collection[int]) -> Iterable[list[Row]]:
    """Yield the rows of each request of which a row is chosen."""
    recurring = {request_of(row) for row in rows if row.occurrence > 1}
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if recurring and (request := request_of(row)) in recurring:
            groups[request].append(row)
        elif row.number in chosen:
            yield [row]
    yield from (equal for equal in groups.values() if any(row.number in chosen for row in equal))


def _known(row: Row, ledger: Ledger, stored: Collection[str], identities: Identities) -> dict[int, Entry | None]:
    """
    Return what the library has of a request, by the number among equal ones; empty if there is nothing to choose from.

    :raises OSError: a source cannot be read.
    """
    found: dict[int, Entry | None] = {}
    if identities.order_id_as(row, 2) not in stored:
        return found
    for number in itertools.count(1):
        order_id = identities.order_id_as(row, number)
        if order_id in stored:
            found[number] = ledger.get(order_id)
        elif number > 1:
            break
    return found


def _numbers(equal: Sequence[Row], known: dict[int, Entry | None]) -> dict[int, int]:
    """Return the number among equal requests of each row, by row number."""
    if not known:
        return {}
    free = dict.fromkeys(range(1, max(len(equal), *known) + 1))
    taken: dict[int, int] = {}
    names: dict[str, list[int]] = defaultdict(list)
    for number, entry in known.items():
        if entry is not None and entry.name:
            names[entry.name].append(number)
    for row in equal:
        own = names.get(row.title)
        if own:
            taken[row.number] = own.pop(0)
            del free[taken[row.number]]
    for row in equal:
        if row.number not in taken:
            taken[row.number] = row.occurrence if row.occurrence in free else next(iter(free))
            del free[taken[row.number]]
    return taken
