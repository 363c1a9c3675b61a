# SPDX-License-Identifier: GPL-3.0-or-later
"""
Read pages of the task list from the store on a separate thread.

A search through 10,000 tasks takes 10 to 20 ms.

Floor: first. Thread: called from the main thread, reads on a worker thread. No ``bpy``.
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
    """
    A request for a page.

    :ivar query: the filter and the order.
    :ivar offset: index of the first record among those that match.
    :ivar count: largest number of records.
    """

    query: Query
    offset: int
    count: int


@dataclass(frozen=True, slots=True)
class Page:
    """
    A page of the tasks that match a query.

    :ivar question: the request that it answers.
    :ivar offset: index of the first record; smaller than requested if the list has shrunk.
    :ivar total: number of tasks that match.
    :ivar error: why the store could not be read, with no records then; None if it could.
    """

    question: Question
    offset: int
    records: tuple[TaskRecord, ...]
    total: int
    error: Sentence | None = None


def read_page(store: Store, question: Question, known: Callable[[str], TaskRecord | None] = lambda _: None) -> Page:
    """
    Read a page, or the last page if the list is shorter than requested. Any thread.

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
    """Reads pages on a worker thread. Only the latest request is answered, so typing a search does not queue up."""

    def __init__(self, store: Store, board: Board) -> None:
        self.answer: Page | None = None
        """The latest answer; a new object for each request."""
        self._store, self._board = store, board
        self._question: Question | None = None
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopped = False

    def read(self, question: Question) -> Page:
        """
        Read a page on the calling thread, taking records from memory where possible.

        Fast only without a search and in chronological order.
        """
        return read_page(self._store, question, self._board.get)

    def ask(self, question: Question) -> None:
        """Request a page. The result appears in :attr:`answer`."""
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
        """Ask the thread to stop."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    def join(self, deadline_s: float) -> list[threading.Thread]:
        """Wait for the thread until the monotonic time ``deadline_s``, in seconds; return it if it still runs."""
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
                # Handle every error here: if the thread died, this search and all later ones would never be answered.
                log.exception("a page was not read")
                self.answer = Page(question, question.offset, (), 0, UnforeseenError(error).sentence)
