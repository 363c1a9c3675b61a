# SPDX-License-Identifier: GPL-3.0-or-later
"""
The current page of the task list: the tasks in the store that match search and filter.

Floor: third. Thread: main, outside ``draw()``. No ``bpy``.
"""

import logging
import time
from typing import TYPE_CHECKING

from ...api.sentence import Sentence
from ...tasks.engine.page_reader import Page, PageRequest
from ...tasks.record.record import TaskRecord
from ...tasks.store.query import Order, Query

if TYPE_CHECKING:
    from ...tasks.engine.engine import Engine

_log = logging.getLogger(__name__)

#: Least time between two reads of a slow page because of changes, in seconds. A batch of 1,000 tasks has changes at
#: each tick.
_AGAIN_S = 0.5
#: From this offset on, reading a page takes longer than a tick may.
_NEAR = 500


class Pager:
    """
    One page of tasks, in memory. Query and page size are set with :meth:`set_query`.

    :param count: initial number of tasks per page.
    """

    def __init__(self, count: int) -> None:
        self.page = Page(PageRequest(Query(), 0, count), 0, (), 0)
        self._wanted = self.page.request
        self._asked: PageRequest | None = None
        self._answer: Page | None = None
        self._list_version = -1
        self._read_at_s = float("-inf")
        self.problem: Sentence | None = None
        """Why a page could not be read, until the session has shown it."""
        self._shown_problem: Sentence | None = None
        self._records: dict[str, TaskRecord] = {}

    @property
    def query(self) -> Query:
        """The requested query. :attr:`page` may still be the result of an earlier one."""
        return self._wanted.query

    @property
    def count(self) -> int:
        """The requested number of tasks per page."""
        return self._wanted.count

    @property
    def is_waiting(self) -> bool:
        """True while the requested page was not read yet."""
        return self._wanted != self.page.request

    def record(self, task_id: str) -> TaskRecord | None:
        """Return a task of the page as it was read, or None if it is not on the page."""
        return self._records.get(task_id)

    def set_query(self, query: Query, count: int) -> None:
        """
        Set query and page size. The page is read at the next tick.

        A new query starts at the first page. A new page size keeps approximately the current position.

        :param count: tasks per page.
        """
        if query != self.query:
            self._wanted = PageRequest(query, 0, count)
        elif count != self._wanted.count:
            self._wanted = PageRequest(query, self.page.offset // count * count, count)

    def go_to(self, which: str) -> None:
        """Request another page: "FIRST", "PREVIOUS", "NEXT" or "LAST"."""
        count, page = self._wanted.count, self.page
        last = max(0, page.total - 1) // count * count
        offsets = {"FIRST": 0, "PREVIOUS": page.offset - count, "NEXT": min(page.offset + count, last), "LAST": last}
        self.go_to_offset(offsets[which])

    def go_to_offset(self, offset: int) -> None:
        """Request the page that begins at the task with index ``offset``."""
        self._wanted = PageRequest(self.query, max(0, offset), self._wanted.count)

    def tick(self, engine: "Engine") -> bool:
        """
        Take over a page that was read, and read again if another is requested or tasks have changed.

        Quick pages are read at once, slow ones on the engine's reader thread.

        :returns: whether the page has changed.
        """
        changed = False
        now_s = time.monotonic()
        if (answer := engine.pages.latest_page) is not None and answer is not self._answer:
            self._answer = answer
            changed = self._take(answer)
        is_quick = _is_quick(self._wanted)
        is_old = engine.task_cache.list_version != self._list_version and (
            is_quick or now_s - self._read_at_s >= _AGAIN_S
        )
        if self._wanted != self._asked or is_old:
            self._asked, self._list_version, self._read_at_s = self._wanted, engine.task_cache.list_version, now_s
            if is_quick:
                changed = self._take(engine.pages.read(self._wanted)) or changed
            else:
                engine.pages.request_page(self._wanted)
        return changed

    def _take(self, page: Page) -> bool:
        if page.request != self._wanted:
            return False
        if page.error is not None:
            _log.warning("The list was not read: %s", page.error)
            self._list_version = -1
            if page.error != self._shown_problem:
                self._shown_problem = self.problem = page.error
        elif page != self.page:
            if page.offset != page.request.offset:
                request = PageRequest(page.request.query, page.offset, page.request.count)
                page = Page(request, page.offset, page.records, page.total)
                self._wanted = self._asked = request
            self.page = page
            self._records = {record.id: record for record in page.records}
            return True
        return False


def _is_quick(request: PageRequest) -> bool:
    """Return whether reading the page takes only 1 to 2 ms; a search takes 10 to 20 ms among 10,000 tasks."""
    query = request.query
    return not query.is_narrowed and query.order in (Order.NEWEST, Order.OLDEST) and request.offset < _NEAR
