# SPDX-License-Identifier: GPL-3.0-or-later
"""
Drives the engine until tasks have ended, where nothing else drives it.

Floor: between second and third. Thread: main, which it blocks. No ``bpy``.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ..api.errors import TriverseError
from ..batch.run.outcome import RowResult
from .callbacks import Watched
from .connection import Connection, check_may_wait, in_window
from .waiting import Ending, Patience

_Task = TypeVar("_Task", bound=Watched)

#: Interval between two looks, in seconds.
STEP_S = 0.05


def wait_for(
    connection: Connection,
    tasks: Sequence[Watched],
    *,
    on_change: Callable[[Any], None] | None = None,
    timeout_s: float | None = None,
) -> list[TriverseError | None]:
    """
    Wait until waiting for each of the tasks is over.

    :param on_change: called with a task at each of its changes. What it raises ends the wait.
    :param timeout_s: the longest wait, in seconds; None for no limit.
    :returns: for each task why there is no model; None if it is there.
    :raises WouldBlockError: this is a Blender with windows.
    """
    check_may_wait("wait()", "on_done()")
    patience = Patience(connection.engine, None if timeout_s is None else time.monotonic() + timeout_s)
    seen = {task.id: task.record for task in tasks}
    while True:
        for task in tasks:
            if on_change is not None and task.record is not seen[task.id]:
                seen[task.id] = task.record
                on_change(task)
        endings = [ending_of(patience, task) for task in tasks]
        over = [ending for ending in endings if ending is not None]
        if len(over) == len(tasks):
            return [ending.error for ending in over]
        connection.drive(STEP_S)
        time.sleep(STEP_S)


def ending_of(patience: Patience, task: Watched) -> Ending | None:
    """Return why waiting for ``task`` is over; None while it is useful."""
    ending = patience.ending(task.record)
    if ending is None and task.is_done:  # it was taken off the list
        return Ending(task.record, RowResult.FAILED, task.error)
    return ending


async def until_done(connection: Connection, task: _Task) -> _Task:
    """
    Wait for a task under asyncio. Whoever waits drives the engine, except in a window, where timers do.

    :raises TriverseError: there is no model.
    """
    patience = Patience(connection.engine, None)
    while (ending := ending_of(patience, task)) is None:
        await asyncio.sleep(STEP_S)
        if not in_window():
            connection.drive(STEP_S)
    if ending.error is not None:
        raise ending.error
    return task
