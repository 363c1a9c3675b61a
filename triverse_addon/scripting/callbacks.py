# SPDX-License-Identifier: GPL-3.0-or-later
"""
Calls a script's functions when its tasks have changed.

Floor: between second and third. Thread: main. No ``bpy``. Reads memory only, since a window's ticks call it.
"""

import contextlib
import logging
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from ..api.errors import TriverseError
from ..api.sentence import Sentence
from ..api.unexpected_errors import UNFORESEEN

if TYPE_CHECKING:
    from ..tasks.engine.engine import Engine
    from ..tasks.record.record import TaskRecord

log = logging.getLogger(__name__)


class Watched(Protocol):
    """A task as it is watched here."""

    @property
    def id(self) -> str:
        """Its id on this machine."""
        ...

    @property
    def record(self) -> "TaskRecord":
        """Its latest known record, from memory."""
        ...

    @property
    def error(self) -> TriverseError | None:
        """Why it ended without a model."""
        ...

    @property
    def is_done(self) -> bool:
        """Whether nothing more will happen by itself."""
        ...


class Running(Protocol):
    """A batch as it is driven here."""

    is_done: bool

    def step(self) -> None:
        """Advance it. Raises nothing."""
        ...

    def shut_down(self) -> None:
        """End it at once, because the engine ends."""
        ...


class _OnChange:
    """
    A function that is called at each change of a task.

    :ivar seen: the record that it was called with last.
    :ivar is_running: whether it is being called.
    """

    def __init__(self, task: Watched, function: Callable[[Any], None]) -> None:
        self.task = task
        self.function = function
        self.seen = task.record
        self.is_running = False

    @property
    def is_over(self) -> bool:
        """Whether it is not called any more: the task is done, and it has been called with that."""
        return self.task.is_done and not self.is_running and self.task.record is self.seen

    def tick(self, engine: "Engine") -> None:
        """Call it, if the task has changed. It may wait or import, and so cause another tick before it has ended."""
        record = self.task.record
        if self.is_running or record is self.seen:
            return
        self.seen = record
        self.is_running = True
        try:
            call(engine, self.task, self.function)
        finally:
            self.is_running = False


class Callbacks:
    """The functions that scripts have given for the tasks of one engine."""

    def __init__(self) -> None:
        self._changed: list[_OnChange] = []
        self._done: list[tuple[Watched, Callable[[Any], None]]] = []
        self._running: list[Running] = []
        self._answers: deque[tuple[Callable[[Any], None], Any]] = deque()

    def add_changed(self, task: Watched, function: Callable[[Any], None]) -> None:
        """Call ``function`` at each change of ``task``, until the task is done."""
        self._changed.append(_OnChange(task, function))

    def add_done(self, task: Watched, function: Callable[[Any], None]) -> None:
        """Call ``function`` once, when ``task`` is done; at the next tick if it is done already."""
        self._done.append((task, function))

    def add_running(self, batch: Running) -> None:
        """Advance ``batch`` at each tick, until it has ended."""
        self._running.append(batch)

    @property
    def is_busy(self) -> bool:
        """Whether a batch runs."""
        return bool(self._running)

    def end(self) -> None:
        """End all batches, because the engine ends, and forget all functions."""
        for batch in self._running:
            batch.shut_down()
        self._running, self._changed, self._done = [], [], []
        self._answers.clear()

    def answer(self, function: Callable[[Any], None], answer: object) -> None:
        """Call ``function`` with ``answer`` at the next tick. May be called from any thread."""
        self._answers.append((function, answer))

    def tick(self, engine: "Engine") -> None:
        """Call the functions whose tasks have changed since the last tick. Raises nothing."""
        while self._answers:
            function, answer = self._answers.popleft()
            try:
                function(answer)
            except UNFORESEEN:
                log.exception("%s of a script failed", name_of(function))
        for batch in tuple(self._running):
            batch.step()
        self._running = [batch for batch in self._running if not batch.is_done]
        if not (self._changed or self._done):
            return
        for watch in tuple(self._changed):
            watch.tick(engine)
        over = [entry for entry in self._done if entry[0].is_done]
        # Removed before the calls: a function may wait for other tasks, and so cause another tick.
        self._done = [entry for entry in self._done if entry not in over]
        self._changed = [watch for watch in self._changed if not watch.is_over]
        for task, function in over:
            call(engine, task, function)


def call(engine: "Engine", task: Watched, function: Callable[[Any], None]) -> None:
    """Call a script's function. An error is logged and told in the task's history, never raised."""
    try:
        function(task)
    except UNFORESEEN as error:
        log.exception("%s of a script failed", name_of(function))
        note_failure(engine, task.id, failure(function, error))


def failure(function: Callable[..., object], error: BaseException) -> Sentence:
    """Return the line for a task's history about a script's function that has raised ``error``."""
    said = f"{type(error).__name__}: {error}"
    return Sentence.of("The function {name} of a script failed: {error}", name=name_of(function), error=said)


def note_failure(engine: "Engine", task_id: str, sentence: Sentence) -> None:
    """Add a line to a task's history, if the store can be written."""
    with contextlib.suppress(TriverseError):
        engine.store.add_history(task_id, "WARNING", sentence)


def name_of(function: Callable[..., object]) -> str:
    """Return the name of a function, or else of its type."""
    return str(getattr(function, "__qualname__", type(function).__qualname__))
