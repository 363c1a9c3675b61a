# SPDX-License-Identifier: GPL-3.0-or-later
"""
Pages of the list, read from the store by a thread of its own: a search through 10,000 tasks takes 10 to 20 ms.

Floor: first. Thread: asked by the main thread, answers from a worker. No ``bpy``.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from ...api.errors import UnforeseenError
from ...api.sentence import Sentence
from ...api.unexpected_errors import UNFORESEEN
from ..record import TaskRecord
from ..store.errors import StoreError
from ..store.query import Query
from ..store.store import Store
from .task_cache import Board

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Question:
    """Which tasks are asked for: ``count`` of those that fit, from the ``offset``-th on."""

    query: Query
    offset: int
    count: int


@dataclass(frozen=True, slots=True)
class Page:
    """
    Some of the tasks that fit a query.

    :ivar offset: place of the first in the whole list; another than was asked for when there are not so many any more.
    :ivar total: how many tasks fit.
    :ivar error: why nothing could be read; the records are empty then.
    """

    question: Question
    offset: int
    records: tuple[TaskRecord, ...]
    total: int
    error: Sentence | None = None


def read_page(store: Store, question: Question, known: Callable[[str], TaskRecord | None] = lambda _: None) -> Page:
    """
    Read a page; the last one if there are not as many tasks any more. Any thread.

    :param known: see :meth:`store.store.Store.find`.
    """
    query, offset, count = question.query, question.offset, question.count
    try:
        records = store.find(query, offset, count, known)
        total = store.number_of(query)
        if offset and not records:
            offset = max(0, total - 1) // count * count
            records = store.find(query, offset, count, known)
    except StoreError as error:
        return Page(question, offset, (), 0, error.sentence)
    return Page(question, offset, tuple(records), total)


class PageReader:
    """Answers the newest question only: who types a search does not wait for its beginnings."""

    def __init__(self, store: Store, board: Board) -> None:
        self.answer: Page | None = None
        """The newest answer; another object after each question."""
        self._store, self._board = store, board
        self._question: Question | None = None
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopped = False

    def read(self, question: Question) -> Page:
        """Read a page now, as far as it is not in memory. Quick without a search and in the order of time only."""
        return read_page(self._store, question, self._board.get)

    def ask(self, question: Question) -> None:
        """Have a page read; :attr:`answer` follows."""
        with self._changed:
            if self._stopped:
                return
            self._question = question
            self._changed.notify()
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="triverse-pages", daemon=True)
                try:
                    thread.start()
                except RuntimeError as error:  # the system gives out no more threads
                    self.answer = Page(question, question.offset, (), 0, UnforeseenError(error).sentence)
                    return
                self._thread = thread

    def stop(self) -> None:
        """Tell the thread to end."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    def join(self, deadline_s: float) -> list[threading.Thread]:
        """Wait for the thread until the monotonic time ``deadline_s``; return it if it still runs."""
        if self._thread is None:
            return []
        self._thread.join(max(0.0, deadline_s - time.monotonic()))
        return [self._thread] if self._thread.is_alive() else []

    def _run(self) -> None:
        while True:
            with self._changed:
                while self._question is None and not self._stopped:
                    self._changed.wait()
                if self._stopped or self._question is None:
                    return
                question, self._question = self._question, None
            try:
                self.answer = read_page(self._store, question)
            except UNFORESEEN as error:
                # The last net of the thread: without it this search and all later ones would never end.
                log.exception("a page was not read")
                self.answer = Page(question, question.offset, (), 0, UnforeseenError(error).sentence)
