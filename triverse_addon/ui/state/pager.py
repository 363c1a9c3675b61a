# SPDX-License-Identifier: GPL-3.0-or-later
"""
The page of tasks that is shown: what fits the search and the filter, out of all tasks in the store.

Floor: third. Thread: main, outside ``draw()``. No ``bpy``.
"""

import logging
import time
from typing import TYPE_CHECKING

from ...api.sentence import Sentence
from ...tasks.engine.page_reader import Page, Question
from ...tasks.record import TaskRecord
from ...tasks.store.query import Order, Query

if TYPE_CHECKING:
    from ...tasks.engine.engine import Engine

_log = logging.getLogger(__name__)

#: News change a page that is slow to read at most so often: a batch of 1,000 tasks has some at each tick.
_AGAIN_S = 0.5
#: From this place on, finding a page takes longer than a tick may.
_NEAR = 500


class Pager:
    """
    One page, in memory. What narrows the list and how long a page is are told with :meth:`look_for`.

    :param count: tasks of a page, to begin with.
    """

    def __init__(self, count: int) -> None:
        self.page = Page(Question(Query(), 0, count), 0, (), 0)
        self._wanted = self.page.question
        self._asked: Question | None = None
        self._answer: Page | None = None
        self._shape = -1
        self._read_at_s = float("-inf")
        self.problem: Sentence | None = None
        """Why a page could not be read, until it was told."""
        self._told: Sentence | None = None
        self._records: dict[str, TaskRecord] = {}

    @property
    def query(self) -> Query:
        """What is looked for; :attr:`page` may still show what was looked for before."""
        return self._wanted.query

    @property
    def count(self) -> int:
        """How many tasks a page is to hold."""
        return self._wanted.count

    @property
    def is_waiting(self) -> bool:
        """True while a page is being read."""
        return self._wanted != self.page.question

    def record(self, task_id: str) -> TaskRecord | None:
        """Return a task of the page as it was read."""
        return self._records.get(task_id)

    def look_for(self, query: Query, count: int) -> None:
        """Look for other tasks, from the first on; or show more or fewer of them, about where one is."""
        if query != self.query:
            self._wanted = Question(query, 0, count)
        elif count != self._wanted.count:
            self._wanted = Question(query, self.page.offset // count * count, count)

    def turn_to(self, which: str) -> None:
        """Show another page: the "FIRST", "PREVIOUS", "NEXT" or "LAST"."""
        count, page = self._wanted.count, self.page
        last = max(0, page.total - 1) // count * count
        offsets = {"FIRST": 0, "PREVIOUS": page.offset - count, "NEXT": min(page.offset + count, last), "LAST": last}
        self.turn(offsets[which])

    def turn(self, offset: int) -> None:
        """Show the page that begins at the ``offset``-th task."""
        self._wanted = Question(self.query, max(0, offset), self._wanted.count)

    def tick(self, engine: "Engine") -> bool:
        """
        Have a page read if another is wanted or its tasks have changed, and take over what was read.

        :returns: whether another page is shown.
        """
        changed = False
        now_s = time.monotonic()
        if (answer := engine.pages.answer) is not None and answer is not self._answer:
            self._answer = answer
            changed = self._take(answer)
        is_quick = _is_quick(self._wanted)
        is_old = engine.board.shape != self._shape and (is_quick or now_s - self._read_at_s >= _AGAIN_S)
        if self._wanted != self._asked or is_old:
            self._asked, self._shape, self._read_at_s = self._wanted, engine.board.shape, now_s
            if is_quick:
                changed = self._take(engine.pages.read(self._wanted)) or changed
            else:
                engine.pages.ask(self._wanted)
        return changed

    def _take(self, page: Page) -> bool:
        if page.question != self._wanted:
            return False
        if page.error is not None:
            _log.warning("The list was not read: %s", page.error)
            self._shape = -1
            if page.error != self._told:
                self._told = self.problem = page.error
        elif page != self.page:
            if page.offset != page.question.offset:
                question = Question(page.question.query, page.offset, page.question.count)
                page = Page(question, page.offset, page.records, page.total)
                self._wanted = self._asked = question
            self.page = page
            self._records = {record.id: record for record in page.records}
            return True
        return False


def _is_quick(question: Question) -> bool:
    """Tell whether reading it takes 1 to 2 ms; a search takes 10 to 20 ms among 10,000 tasks."""
    query = question.query
    return not query.is_narrowed and query.order in (Order.NEWEST, Order.OLDEST) and question.offset < _NEAR
