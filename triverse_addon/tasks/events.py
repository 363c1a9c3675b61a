# SPDX-License-Identifier: GPL-3.0-or-later
"""
What the engine's threads tell the main thread.

Floor: first. Thread: made in any, read in the main thread by :meth:`tasks.engine.engine.Engine.pump`. No ``bpy``.
"""

from dataclasses import dataclass
from enum import StrEnum

from ..api.payloads import Account, Balance, Quote
from ..api.sentence import Sentence
from .record import TaskRecord


class Remedy(StrEnum):
    """What a user can press to mend what a notice or an error speaks of."""

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
    A task is new or has changed; ``record`` is its newest state.

    ``is_read`` tells that it was read from the store, without the progress and the reasons that are in memory only.
    """

    record: TaskRecord
    is_read: bool = False


@dataclass(frozen=True, slots=True)
class TaskForgotten:
    """A task was taken off the list."""

    id: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell the user once. ``level`` is "INFO", "WARNING" or "ERROR"."""

    level: str
    sentence: Sentence
    task_id: str = ""
    remedy: Remedy = Remedy.NONE


@dataclass(frozen=True, slots=True)
class Quoted:
    """
    The answer to :meth:`tasks.engine.engine.Engine.ask_quote`; one of ``quote`` and ``error`` is set.

    ``in_preferences`` tells that another key or address in the preferences would mend the error.
    """

    token: int
    quote: Quote | None
    error: Sentence | None = None
    in_preferences: bool = False


@dataclass(frozen=True, slots=True)
class BalanceKnown:
    """
    The answer to :meth:`tasks.engine.engine.Engine.ask_balance`; one of ``balance`` and ``error`` is set.

    ``in_preferences`` tells that another key or address in the preferences would mend the error.
    """

    balance: Balance | None
    error: Sentence | None = None
    in_preferences: bool = False


@dataclass(frozen=True, slots=True)
class KeyTested:
    """The answer to :meth:`tasks.engine.engine.Engine.test_key`."""

    ok: bool
    sentence: Sentence
    account: Account | None = None


@dataclass(frozen=True, slots=True)
class TasksFound:
    """The answer to :meth:`tasks.engine.engine.Engine.find_tasks`: how many tasks were new here."""

    added: int
    error: Sentence | None = None


@dataclass(frozen=True, slots=True)
class LiveChanged:
    """The WebSocket is up or down; down means that tasks are polled at the normal pace."""

    live: bool


Event = TaskChanged | TaskForgotten | Notice | Quoted | BalanceKnown | KeyTested | TasksFound | LiveChanged


@dataclass(frozen=True, slots=True)
class PumpReport:
    """What one call of :meth:`Engine.pump` brought. ``more`` is True when the budget ended first."""

    events: tuple[Event, ...]
    more: bool
