# SPDX-License-Identifier: GPL-3.0-or-later
"""
What is left to do of each row, from what the library and the store know.

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
    """What is left to do of a row."""

    NOTHING = "nothing"
    """It lies in the library as it was asked for."""
    ORDER = "order"
    """Nothing was ordered yet."""
    FOLLOW = "follow"
    """It was ordered, and goes on."""
    WRITE = "write"
    """The model is here and has to be written into the library."""
    RETRY = "retry"
    """It failed, and is to be tried again."""
    LEAVE = "leave"
    """It failed, or ``--retry-failed`` is about others."""


@dataclass(frozen=True, slots=True)
class Planned:
    """
    A row and what is left to do.

    :ivar order_id: see ``input.order_ids``.
    :ivar recipe: see ``library.ledger.recipe_of``.
    :ivar record: the row's task, None when this machine does not know one.
    :ivar entry: what the library knows, None when it is new there.
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
        """Whether it failed earlier."""
        return _has_failed(self.record, self.entry, self.recipe)

    @property
    def was_delivered(self) -> bool:
        """Whether its model has come, on whichever machine, and only what was made of it is not what was asked for."""
        return self.entry is not None and bool(self.entry.task_uuid and self.entry.files)

    @property
    def may_cost(self) -> bool:
        """Whether doing what is left may place an order."""
        if self.left is Left.RETRY:
            return self.record.is_settled if self.record is not None else not self.was_delivered
        if self.left is Left.FOLLOW and self.record is not None:
            # Written down by a run that ended before it was sent.
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
    Return the rows with what is left to do of each.

    :param by_order: returns the task of a ``client_order_id`` or of its retries.
    :param retry_failed: only what failed, and that again.
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
    # A model that could not be written as it was asked for is tried anew once something else is asked for.
    return entry.recipe == recipe if record is None or record.has_model else False
