# SPDX-License-Identifier: GPL-3.0-or-later
"""
Plan what remains to be done for each row, from what the library and the store know.

Floor: between first and second. Thread: any that may read files. No ``bpy``.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ...tasks.record import ENDED_BADLY, NOT_SENT, TaskRecord
from ..library.entry import Entry
from ..library.ledger import Ledger, recipe_of
from ..row import Row


class Left(StrEnum):
    """What remains to be done for a row."""

    NOTHING = "nothing"
    """The model is in the library as requested."""
    ORDER = "order"
    """It was not ordered yet."""
    FOLLOW = "follow"
    """It was ordered, and continues."""
    WRITE = "write"
    """The model was downloaded and has to be written into the library."""
    RETRY = "retry"
    """It failed, and is retried."""
    LEAVE = "leave"
    """It is skipped: it failed, or it did not fail and ``--retry-failed`` was given."""


@dataclass(frozen=True, slots=True)
class Planned:
    """
    A row and what remains to be done for it.

    :ivar order_id: see ``input.order_ids``.
    :ivar row_key: see ``input.order_ids.row_key``.
    :ivar recipe: see ``library.ledger.recipe_of``.
    :ivar left: what remains to be done.
    :ivar record: the row's task; None if this machine knows none.
    :ivar entry: the ledger's entry; None if there is none.
    """

    row: Row
    order_id: str
    row_key: str
    recipe: str
    left: Left
    record: TaskRecord | None = None
    entry: Entry | None = None

    @property
    def has_failed(self) -> bool:
        """Whether the row failed in an earlier run."""
        return _has_failed(self.record, self.entry, self.recipe)

    @property
    def was_delivered(self) -> bool:
        """Whether its model was delivered, on any machine, and only the files made from it are missing or differ."""
        return self.entry is not None and bool(self.entry.task_uuid and self.entry.files)

    @property
    def may_cost(self) -> bool:
        """Whether the remaining work may place a paid order."""
        if self.left is Left.RETRY:
            return self.record.is_settled if self.record is not None else not self.was_delivered
        if self.left is Left.FOLLOW and self.record is not None:
            # Stored by a run that ended before the task was sent.
            return self.record.stage in NOT_SENT and not self.record.is_paid
        return self.left is Left.ORDER


def plan(
    rows: Iterable[Row],
    order_ids: Mapping[int, str],
    row_keys: Mapping[int, str],
    ledger: Ledger,
    by_order: Callable[[str], TaskRecord | None],
    *,
    with_blender: bool,
    retry_failed: bool = False,
) -> list[Planned]:
    """
    Return the rows with what remains to be done for each.

    :param order_ids: ``client_order_id`` by row number.
    :param row_keys: row key by row number.
    :param by_order: returns the task with a ``client_order_id`` or with that of one of its retries.
    :param retry_failed: retry the failed rows, and skip all others.
    """
    planned = []
    for row in rows:
        order_id = order_ids[row.number]
        recipe = recipe_of(row, with_blender=with_blender)
        entry, record = ledger.get(order_id), by_order(order_id)
        failed = _has_failed(record, entry, recipe)
        if entry is not None and ledger.is_done(entry, recipe):
            left = Left.NOTHING
        elif failed:
            left = Left.RETRY if retry_failed else Left.LEAVE
        elif retry_failed:
            left = Left.LEAVE
        elif record is not None:
            left = Left.WRITE if record.has_model else Left.FOLLOW
        else:
            left = Left.FOLLOW if entry is not None and entry.task_uuid else Left.ORDER
        planned.append(Planned(row, order_id, row_keys[row.number], recipe, left, record, entry))
    return planned


def _has_failed(record: TaskRecord | None, entry: Entry | None, recipe: str) -> bool:
    if record is not None and record.stage in ENDED_BADLY:
        return True
    if entry is None or entry.state != "failed":
        return False
    # A row whose model could not be written as requested is tried again once the request changes.
    return entry.recipe == recipe if record is None or record.has_model else False
