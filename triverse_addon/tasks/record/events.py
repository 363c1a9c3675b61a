# SPDX-License-Identifier: GPL-3.0-or-later
"""
Events that the engine's threads send to the main thread.

Floor: first. Thread: created in any, read on the main thread by :meth:`tasks.engine.engine.Engine.pump`. No ``bpy``.
"""

from dataclasses import dataclass
from enum import StrEnum

from ...api.payloads import Account, Balance, Quote
from ...api.sentence import Sentence
from .record import TaskRecord


class Remedy(StrEnum):
    """The button that helps with a notice or an error."""

    NONE = ""
    SET_KEY = "set_key"
    GO_ONLINE = "go_online"
    BILLING = "billing"
    RETRY = "retry"
    OPEN_FOLDER = "open_folder"
    FIND_TASKS = "find_tasks"


@dataclass(frozen=True, slots=True)
class TaskChanged:
    """
    A task was added or has changed; ``record`` is its current state.

    ``is_read`` is True if it was read from the store, without the progress and notes that exist in memory only.
    """

    record: TaskRecord
    is_read: bool = False


@dataclass(frozen=True, slots=True)
class TaskForgotten:
    """A task was removed from the list."""

    id: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A message to show to the user once. ``level`` is "INFO", "WARNING" or "ERROR"."""

    level: str
    sentence: Sentence
    task_id: str = ""
    remedy: Remedy = Remedy.NONE


@dataclass(frozen=True, slots=True)
class Quoted:
    """
    The result of :meth:`tasks.engine.engine.Engine.ask_quote`; either ``quote`` or ``error`` is set.

    ``in_preferences`` is True if another key or URL in the preferences would fix the error.
    """

    token: int
    quote: Quote | None
    error: Sentence | None = None
    in_preferences: bool = False


@dataclass(frozen=True, slots=True)
class BalanceKnown:
    """
    The result of :meth:`tasks.engine.engine.Engine.ask_balance`; either ``balance`` or ``error`` is set.

    ``in_preferences`` is True if another key or URL in the preferences would fix the error. ``account_number`` is that
    of the :class:`tasks.engine.context.EngineContext` when the balance was requested.
    """

    balance: Balance | None
    error: Sentence | None = None
    in_preferences: bool = False
    account_number: int = 0


@dataclass(frozen=True, slots=True)
class KeyTested:
    """
    The result of :meth:`tasks.engine.engine.Engine.test_key`.

    ``account_number`` is as in :class:`BalanceKnown`.
    """

    ok: bool
    sentence: Sentence
    account: Account | None = None
    account_number: int = 0


@dataclass(frozen=True, slots=True)
class TasksFound:
    """The result of :meth:`tasks.engine.engine.Engine.find_tasks`: the number of tasks that were added to the list."""

    added: int
    error: Sentence | None = None


@dataclass(frozen=True, slots=True)
class LiveChanged:
    """The WebSocket has connected or disconnected. While disconnected, tasks are polled at the normal rate."""

    live: bool


Event = TaskChanged | TaskForgotten | Notice | Quoted | BalanceKnown | KeyTested | TasksFound | LiveChanged


@dataclass(frozen=True, slots=True)
class PumpReport:
    """The events of one call of :meth:`Engine.pump`. ``more`` is True if its time budget ended before the events."""

    events: tuple[Event, ...]
    more: bool
