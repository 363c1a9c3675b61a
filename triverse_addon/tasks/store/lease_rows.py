# SPDX-License-Identifier: GPL-3.0-or-later
"""
Reads and writes the leases in the store's rows. What a lease is: see ``lease``.

Floor: first. Thread: any, within a transaction of the store. No ``bpy``.
"""

import sqlite3
from collections.abc import Callable, Collection
from typing import Any

from ..record.record import Stage, now_s
from .query import placeholders
from .rows import SELECT


def claimable(
    connection: sqlite3.Connection,
    owner: str,
    lease_s: float,
    is_dead: Callable[[str], bool],
    stages: Collection[Stage],
    task_ids: Collection[str] | None = None,
) -> list[Any]:
    """
    Return the rows of the followed tasks in ``stages`` that neither ``owner`` nor a running engine holds, oldest first.

    :param lease_s: duration of a lease in seconds.
    :param is_dead: returns whether the engine of that name has certainly ended.
    :param task_ids: only these tasks, a few; None for all.
    """
    now = now_s()
    where, values = f"stage IN ({placeholders(stages)}) AND following = 1 AND owner IS NOT ?", [*stages, owner]
    if task_ids is not None:
        # The plus prevents SQLite from looking through all tasks of the stages.
        where, values = f"+{where} AND id IN ({placeholders(task_ids)})", [*values, *task_ids]
    rows = connection.execute(
        f"SELECT {SELECT}, owner, lease_until_s FROM tasks WHERE {where} ORDER BY created_at_s", values
    ).fetchall()
    dead: dict[str, bool] = {}
    found = []
    for row in rows:
        holder, until_s = row[-2:]
        # If the clock was set back by a day, a lease would not expire for a day. So a lease that lasts longer than is
        # possible counts as expired.
        is_free = holder is None or until_s <= now or until_s > now + 10 * lease_s
        if not is_free:
            if holder not in dead:
                dead[holder] = is_dead(holder)
            is_free = dead[holder]
        if is_free:
            found.append(row)
    return found


def take_leases(connection: sqlite3.Connection, owner: str, lease_s: float, task_ids: Collection[str]) -> None:
    """Give ``owner`` the leases of tasks, for ``lease_s`` seconds from now."""
    until_s = now_s() + lease_s
    connection.executemany(
        "UPDATE tasks SET owner = ?, lease_until_s = ? WHERE id = ?",
        [(owner, until_s, task_id) for task_id in task_ids],
    )


def renew_leases(connection: sqlite3.Connection, owner: str, lease_s: float) -> None:
    """Renew the leases of ``owner`` to ``lease_s`` seconds from now."""
    connection.execute("UPDATE tasks SET lease_until_s = ? WHERE owner = ?", (now_s() + lease_s, owner))


def release_leases(connection: sqlite3.Connection, owner: str, task_id: str | None) -> None:
    """Release the lease of one task that ``owner`` holds; all of its leases if the task is None."""
    if task_id is None:
        connection.execute("UPDATE tasks SET owner = NULL WHERE owner = ?", (owner,))
    else:
        connection.execute("UPDATE tasks SET owner = NULL WHERE owner = ? AND id = ?", (owner, task_id))


def oldest_s(connection: sqlite3.Connection, owner: str, stage: Stage) -> float | None:
    """Return when the oldest followed task in ``stage`` that ``owner`` holds was created; None without one."""
    row = connection.execute(
        "SELECT MIN(created_at_s) FROM tasks WHERE owner = ? AND stage = ? AND following = 1", (owner, stage)
    ).fetchone()
    return None if row[0] is None else float(row[0])
