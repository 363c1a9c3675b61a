# SPDX-License-Identifier: GPL-3.0-or-later
"""
Find the models of rows whose pictures were renamed or moved, so that nothing is ordered again for that.

Floor: between first and second. Thread: any that may read files. No ``bpy``.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable

from ...tasks.record.record import FAILED_STAGES, TaskRecord
from ..input.order_ids import RowIdentities
from ..library.entry import Entry


def entries_of_renamed(
    identities: RowIdentities,
    get: Callable[[str], Entry | None],
    stored: frozenset[str] | None,
    find_by_order_id: Callable[[str], TaskRecord | None],
    row_keys_elsewhere: Iterable[str] = (),
) -> dict[int, Entry]:
    """
    Return the entries of rows that are known under the ids which they had before their files were renamed.

    A row that is not known by its own id gets the entry of an earlier row of the same batch that sent the same, if it
    was paid for and no row has it by its id: a copy of a picture beside it is another row, and another model.

    :param identities: those of the rows, which are found by their numbers.
    :param get: see :meth:`library.ledger.Ledger.get`.
    :param stored: what :meth:`library.ledger.Ledger.order_ids` returns.
    :param find_by_order_id: see :func:`plan.plan`.
    :param row_keys_elsewhere: the ``row_key`` of the batch's other rows: other machines may run them, so theirs are not
        taken. Used only if an entry was found.
    """
    if not stored or not identities.content_keys:
        return {}
    wanted: dict[str, list[int]] = defaultdict(list)
    for number, key in identities.content_keys.items():
        order_id = identities[number][0]
        if order_id not in stored and not find_by_order_id(order_id):
            wanted[key].append(number)
    if not wanted:
        return {}
    found: dict[str, list[Entry]] = defaultdict(list)
    for order_id in sorted(stored.difference(order_id for order_id, _ in identities.values())):
        entry = get(order_id)
        if entry is not None and entry.content_key in wanted and _is_paid(entry, find_by_order_id(order_id)):
            found[entry.content_key].append(entry)
    if not found:
        return {}
    elsewhere = frozenset(row_keys_elsewhere)
    taken: dict[int, Entry] = {}
    for key, entries in found.items():
        free = {entry.row_key: entry for entry in entries if entry.row_key not in elsewhere}
        # First those that an earlier run has found so: two rows that send the same keep the models that they have.
        rest = []
        for number in wanted[key]:
            if (entry := free.pop(identities[number][1], None)) is not None:
                taken[number] = entry
            else:
                rest.append(number)
        taken.update(zip(rest, free.values(), strict=False))
    return taken


def _is_paid(entry: Entry, record: TaskRecord | None) -> bool:
    """Return whether a row's task was paid for, and did not end without a model."""
    if record is not None:
        return record.is_paid and not (record.stage in FAILED_STAGES and record.is_final)
    return bool(entry.task_uuid) and not entry.is_final
