# SPDX-License-Identifier: GPL-3.0-or-later
"""
What was spent: sums over the tasks of a time or a file, including those that were taken off the list.

Floor: first. Thread: any. No ``bpy``.

A task counts by the time it was ordered, from the moment the service has told its price: while its credits are
reserved, when they were charged, and when it is not known whether they were. What failed and was not charged does not
count. Removing a task from the list leaves its price behind, see ``rows.remove``.
"""

import sqlite3
from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass

from ...api.calendar import bounded
from ..record.charge import Charge, charge_of
from ..record.record import Stage
from .connection import Connection
from .query import FileScope, Query, where_of
from .rows import SELECT, RowReader

#: Stages in which the credits of a task are reserved or charged; and of which it depends on the record.
_COUNTED = (
    Stage.SUBMITTING,
    Stage.WAITING,
    Stage.DOWNLOADING,
    Stage.CONVERTING,
    Stage.READY,
    Stage.IMPORTED,
    Stage.DONE,
)
_DEPENDS = (Stage.FAILED, Stage.GONE)
_SPENT = "task_id, task_uuid, flow, created_at_s, cost_credits, scene_id, session, file"


@dataclass(frozen=True, slots=True)
class Spending:
    """
    A sum of credits.

    :ivar count: number of tasks in it.
    :ivar unpriced: number of tasks that count too, but whose price the service did not tell.
    """

    credits: int = 0
    count: int = 0
    unpriced: int = 0


@dataclass(frozen=True, slots=True)
class RemovedCost:
    """The price of a task that was taken off the list, and what it belonged to."""

    task_id: str
    task_uuid: str
    flow: str
    created_at_s: float
    cost_credits: int
    scene_id: str
    session: str
    file: str


class SpendingReads:
    """The part of the store that reads what was spent."""

    _rows: RowReader

    def _reading(self) -> AbstractContextManager[Connection]:
        raise NotImplementedError

    def _writing(self, *, durable: bool = True) -> AbstractContextManager[Connection]:
        raise NotImplementedError

    def spending(self, since_s: float = 0.0, scope: FileScope | None = None) -> Spending:
        """
        Return what was spent.

        :param since_s: only on tasks ordered at this time or later, in epoch seconds.
        :param scope: only on tasks of this file; None for all.
        :raises StoreError: the database cannot be read.
        """
        with self._reading() as connection:
            listed = _sum(connection, Query(stages=frozenset(_COUNTED), scope=scope), since_s)
            failed = self._failed(connection, Query(stages=frozenset(_DEPENDS), scope=scope), since_s)
            where, values = where_of(Query(scope=scope))
            removed = connection.execute(
                f"SELECT TOTAL(cost_credits), COUNT(*) FROM spent WHERE created_at_s >= ? AND {where}",
                (since_s, *values),
            ).fetchone()
        return Spending(
            int(listed.credits + failed.credits + removed[0]),
            listed.count + failed.count + removed[1],
            listed.unpriced,
        )

    def _failed(self, connection: Connection, query: Query, since_s: float) -> Spending:
        where, values = where_of(query)
        rows = connection.execute(
            f"SELECT {SELECT} FROM tasks WHERE created_at_s >= ? AND cost_credits IS NOT NULL AND {where}",
            (since_s, *values),
        ).fetchall()
        costs = [
            record.cost_credits or 0 for record in self._rows.records(rows) if charge_of(record) is not Charge.NONE
        ]
        return Spending(sum(costs), len(costs))

    def removed_costs(self) -> list[RemovedCost]:
        """
        Return the prices of all tasks that were taken off the list, newest first.

        :raises StoreError: the database cannot be read.
        """
        with self._reading() as connection:
            rows = connection.execute(f"SELECT {_SPENT} FROM spent ORDER BY created_at_s DESC, task_id").fetchall()
        return [
            RemovedCost(row[0], row[1] or "", row[2], bounded(row[3]), *row[4:])
            for row in rows
            if isinstance(row[3], float | int) and isinstance(row[4], int)
        ]

    def take_in_costs(self, costs: Collection[RemovedCost]) -> None:
        """
        Add the prices of tasks that were taken off another list. Those that are known here are left as they are.

        :raises StoreError: the database cannot be written.
        """
        if not costs:
            return
        with self._writing() as connection:
            connection.executemany(
                f"INSERT OR IGNORE INTO spent ({_SPENT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (one.task_id, one.task_uuid, one.flow, one.created_at_s, one.cost_credits)
                    + (one.scene_id, one.session, one.file)
                    for one in costs
                ],
            )


def _sum(connection: sqlite3.Connection, query: Query, since_s: float) -> Spending:
    where, values = where_of(query)
    credits, priced, all_ = connection.execute(
        # TOTAL and not SUM, which fails when foreign numbers add up to more than 64 bits.
        f"SELECT TOTAL(cost_credits), COUNT(cost_credits), COUNT(*) FROM tasks WHERE created_at_s >= ? AND {where}",
        (since_s, *values),
    ).fetchone()
    return Spending(int(credits), priced, all_ - priced)
