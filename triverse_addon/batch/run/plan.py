# SPDX-License-Identifier: GPL-3.0-or-later
"""
Plan what remains to be done for each row, from what the library and the store know.

Floor: between first and second. Thread: any that may read files. No ``bpy``.
"""

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from ...api.service_codes import ServiceCode
from ...tasks.record.record import FAILED_STAGES, Stage, TaskRecord
from ..input.order_ids import RowIdentities, key_in
from ..library.entry import Entry
from ..library.ledger import Ledger, build_hash_of
from ..rows.row import Row
from .renamed import entries_of_renamed


class RowAction(StrEnum):
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
    """It failed, and is retried: with ``--retry-failed``, and always if there were too few credits."""
    SKIP = "leave"
    """It is skipped: it failed, or it did not fail and ``--retry-failed`` was given."""


#: Rows without cost are started first, and downloaded models before tasks in progress.
_START_ORDER = (RowAction.WRITE, RowAction.FOLLOW, RowAction.RETRY, RowAction.ORDER)


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """
    A row and what remains to be done for it.

    :ivar order_id: see ``input.order_ids``; of a row whose pictures were renamed since, that of before.
    :ivar written_key: the row's key, if it is not in the order id, else "".
    :ivar with_blender: whether .blend files are written.
    :ivar action: what remains to be done.
    :ivar record: the row's task; None if this machine knows none.
    :ivar entry: the ledger's entry; None if there is none.
    :ivar content_key: see ``input.order_ids.Identities.content_key``.
    """

    row: Row
    order_id: str
    written_key: str
    with_blender: bool
    action: RowAction
    record: TaskRecord | None = None
    entry: Entry | None = None
    content_key: str = ""

    @property
    def row_key(self) -> str:
        """See ``input.order_ids.row_key``."""
        return self.written_key or key_in(self.order_id)

    @property
    def build_hash(self) -> str:
        """
        See ``library.ledger.build_hash_of``.

        Computed when it is asked for, which most rows are once: of a hundred thousand, the texts take 7 MB.
        """
        return build_hash_of(self.row, with_blender=self.with_blender)

    @property
    def has_failed(self) -> bool:
        """Whether the row failed in an earlier run."""
        return _has_failed(self.record, self.entry, self.row, with_blender=self.with_blender)

    @property
    def has_paid_task(self) -> bool:
        """Whether it has a task, ordered on any machine, that the service did not end without a model."""
        return self.entry is not None and bool(self.entry.task_uuid) and not self.entry.is_final

    @property
    def is_billable(self) -> bool:
        """Whether the remaining work may place a paid order."""
        if self.action is RowAction.RETRY:
            return self.record.is_final if self.record is not None else not self.has_paid_task
        if self.action is RowAction.FOLLOW and self.record is not None:
            # Stored by a run that ended before the task was sent.
            return self.record.is_unsent and not self.record.is_paid
        return self.action is RowAction.ORDER


def plan(
    rows: Iterable[Row],
    identities: RowIdentities,
    ledger: Ledger,
    find_by_order_id: Callable[[str], TaskRecord | None],
    *,
    with_blender: bool,
    retry_failed: bool = False,
    row_keys_elsewhere: Iterable[str] = (),
) -> list[PlannedRow]:
    """
    Return the rows with what remains to be done for each.

    :param identities: what tells the rows apart, of these rows and no others.
    :param find_by_order_id: returns the task with a ``client_order_id`` or with that of one of its retries.
    :param retry_failed: retry the failed rows, and skip all others.
    :param row_keys_elsewhere: see :func:`renamed.entries_of_renamed`.
    """
    planned = []
    stored = ledger.order_ids()
    renamed = entries_of_renamed(identities, ledger.get, stored, find_by_order_id, row_keys_elsewhere)
    for row in rows:
        order_id, row_key = identities[row.number]
        if (entry := renamed.get(row.number)) is not None:
            order_id = entry.row_order_id
        elif stored is None or order_id in stored:
            entry = ledger.get(order_id)
        record = find_by_order_id(order_id)
        if entry is not None and ledger.is_done(entry, build_hash_of(row, with_blender=with_blender)):
            action = RowAction.NOTHING
        elif _has_failed(record, entry, row, with_blender=with_blender):
            action = RowAction.RETRY if retry_failed or lacked_credits(record) else RowAction.SKIP
        elif retry_failed:
            action = RowAction.SKIP
        elif record is not None:
            action = RowAction.WRITE if record.has_model else RowAction.FOLLOW
        else:
            action = RowAction.FOLLOW if entry is not None and entry.task_uuid else RowAction.ORDER
        written_key = "" if row_key == key_in(order_id) else row_key
        content_key = identities.content_keys.get(row.number, "")
        planned.append(PlannedRow(row, order_id, written_key, with_blender, action, record, entry, content_key))
    return planned


def as_retries(planned: Iterable[PlannedRow]) -> list[PlannedRow]:
    """Return planned rows as :func:`plan` plans them with ``retry_failed``."""
    return list(map(as_retry, planned))


def as_retry(one: PlannedRow) -> PlannedRow:
    """Return a planned row as :func:`plan` plans it with ``retry_failed``."""
    if one.action is RowAction.NOTHING:
        return one
    action = RowAction.RETRY if one.has_failed else RowAction.SKIP
    return one if one.action is action else dataclasses.replace(one, action=action)


def in_start_order(planned: Iterable[PlannedRow]) -> list[PlannedRow]:
    """Return the rows in the order in which a run starts them, after those with nothing to do."""
    rank = {action: place for place, action in enumerate(_START_ORDER)}
    return sorted(planned, key=lambda one: (rank.get(one.action, -1), one.row.number))


def lacked_credits(record: TaskRecord | None) -> bool:
    """Return whether an order was refused for its price: nothing is wrong with the row, and credits can be added."""
    return (
        record is not None
        and record.stage is Stage.FAILED
        and record.is_final
        and record.error_code == ServiceCode.INSUFFICIENT_CREDITS
    )


def _has_failed(record: TaskRecord | None, entry: Entry | None, row: Row, *, with_blender: bool) -> bool:
    if record is not None and record.stage in FAILED_STAGES:
        return True
    if entry is None or entry.state != "failed":
        return False
    # A row whose model could not be written as requested is tried again once the request changes.
    if record is not None and not record.has_model:
        return False
    return entry.build_hash == build_hash_of(row, with_blender=with_blender)
