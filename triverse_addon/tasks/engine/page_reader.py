# SPDX-License-Identifier: GPL-3.0-or-later
"""
Read pages of the task list from the store on a separate thread.

A search through 100,000 tasks takes 15 to 40 ms.

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
from ..record.record import TaskRecord
from ..store.errors import StoreError
from ..store.query import Query
from ..store.store import Store
from .task_cache import TaskCache

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PageRequest:
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

    :ivar request: the request that it answers.
    :ivar offset: index of the first record; smaller than requested if the list has shrunk.
    :ivar total: number of tasks that match.
    :ivar error: why the store could not be read, with no records then; None if it could.
    """

    request: PageRequest
    offset: int
    records: tuple[TaskRecord, ...]
    total: int
    error: Sentence | None = None


def read_page(store: Store, request: PageRequest, known: Callable[[str], TaskRecord | None] = lambda _: None) -> Page:
    """
    Read a page, or the last page if the list is shorter than requested. Any thread.

    :param known: see :meth:`store.store.Store.find`.
    """
    query, offset, count = request.query, request.offset, request.count
    try:
        records = store.find(query, offset, count, known)
        # A search reads all tasks for that. Where the page has room left, it is known without.
        is_all = query.is_narrowed and not offset and len(records) < count
        total = len(records) if is_all else store.number_of(query)
        if offset and not records:
            offset = max(0, total - 1) // count * count
            records = store.find(query, offset, count, known)
    except StoreError as error:
        return Page(request, offset, (), 0, error.sentence)
    return Page(request, offset, tuple(records), total)


class PageReader:
    """Reads pages on a worker thread. Only the latest request is answered, so typing a search does not queue up."""

    def __init__(self, store: Store, task_cache: TaskCache) -> None:
        self.latest_page: Page | None = None
        """The latest answer; a new object for each request."""
        self._store, self._task_cache = store, task_cache
        self._request: PageRequest | None = None
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopped = False

    def read(self, request: PageRequest) -> Page:
        """
        Read a page on the calling thread, taking records from memory where possible.

        Fast only without a search and in chronological order.
        """
        return read_page(self._store, request, self._task_cache.get)

    def request_page(self, request: PageRequest) -> None:
        """Request a page. The result appears in :attr:`latest_page`."""
        with self._changed:
            if self._stopped:
                return
            self._request = request
            self._changed.notify()
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="triverse-pages", daemon=True)
                try:
                    thread.start()
                except RuntimeError as error:  # the system gives out no more threads
                    self.latest_page = Page(request, request.offset, (), 0, UnforeseenError(error).sentence)
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
                while self._request is None and not self._stopped:
                    self._changed.wait()
                if self._stopped or self._request is None:
                    return
                request, self._request = self._request, None
            try:
                self.latest_page = read_page(self._store, request)
            except UNFORESEEN as error:
                # Handle every error here: if the thread died, this search and all later ones would never be answered.
                log.exception("a page was not read")
                self.latest_page = Page(request, request.offset, (), 0, UnforeseenError(error).sentence)
