# SPDX-License-Identifier: GPL-3.0-or-later
"""
The state of one unfinished row of a run.

Floor: between first and second. Thread: main. No ``bpy``.
"""

import dataclasses
from concurrent.futures import Future

from ...tasks.record.order_endings import is_order_or_retry
from ...tasks.record.record import TaskRecord
from ..library.entry import Entry
from .dispatcher import StartedRow
from .plan import PlannedRow


class ActiveRow:
    """
    The state of one unfinished row.

    :ivar record: its task as last read from the engine; None if it has none.
    :ivar starting: the future of the dispatcher; None before it was handed to that.
    :ivar was_redownloaded: its model was deleted by hand, and downloaded once more.
    """

    def __init__(self, planned: PlannedRow) -> None:
        self.planned = planned
        self.number = planned.row.number
        self.entry: Entry | None = planned.entry
        self.record: TaskRecord | None = planned.record
        self.record_id = planned.record.id if planned.record is not None else ""
        self.starting: Future[StartedRow] | None = None
        self.was_redownloaded = False

    def ordered_entry(self, record: TaskRecord, quoted_credits: int | None) -> Entry | None:
        """
        Return the entry with the UUID of its task, for other machines, and the price; None if the ledger has that.

        :param quoted_credits: quoted price of the row; None if there is none.
        """
        entry, uuid, sent_id = self.entry, record.task_uuid or "", record.client_order_id
        if entry is None or not uuid or uuid == entry.task_uuid:
            return None
        order_id = sent_id if is_order_or_retry(sent_id, self.planned.order_id) else entry.last_order_id
        return dataclasses.replace(
            entry,
            state="ordered",
            last_order_id=order_id or self.planned.order_id,
            task_uuid=uuid,
            # If the answer to the order was lost, or another machine sent it, only the quoted price is known.
            cost_credits=quoted_credits if record.cost_credits is None else record.cost_credits,
            error="",
            is_final=False,
        )
