# SPDX-License-Identifier: GPL-3.0-or-later
"""
The state of the user interface in addition to the engine, and the tick that processes the engine's events.

Floor: third. Thread: main. Imports no ``bpy``. Imported by ``runtime`` when first needed.
"""

import logging
import time
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...api.errors import InputError, KeyElsewhereError, TriverseError
from ...api.sentence import Sentence
from ...api.unexpected_errors import UNFORESEEN, ErrorStreak
from ...api.urls import is_loopback
from ...batch.run.dispatcher import BATCH_ORIGIN
from ...scripting import panel_engine
from ...tasks.engine.import_queue import Importer, WaitReason
from ...tasks.record.events import (
    BalanceKnown,
    Event,
    KeyTested,
    Notice,
    Quoted,
    Remedy,
    TaskChanged,
    TaskForgotten,
    TasksFound,
)
from ...tasks.record.record import Stage, TaskRecord
from .. import settings
from ..away.ends import Ends
from ..text.translate import translate
from . import batch_rows, list_rows, task_presentation, user_activity
from . import query as state_query
from .batch_session import BatchSession
from .in_progress import InProgress
from .many_tasks import ManyTasks
from .pager import Pager
from .price_cache import PriceCache
from .recent_orders import RecentOrders
from .spending import SpendingReader
from .task_history import Details
from .thumbnails import Thumbnails

if TYPE_CHECKING:
    from ...scene.child.asset_library import LibraryCopyConverter
    from ...scene.child.preview_pixels import PreviewPixels
    from ...scene.child.source_thumbnails import SourceThumbnails
    from ...tasks.engine.engine import Engine

_log = logging.getLogger(__name__)

#: Number of notices kept for the panel. Older ones are in each task's history.
_NOTICES = 4
#: Time budget for decoding thumbnails in a tick, in seconds. At least one is decoded, which takes 1 to 2 ms.
_PICTURES_S = 0.003
#: Interval at which the list is redrawn while a task is in progress, for the remaining time, in seconds.
_CLOCK_S = 1.0

#: Stages at whose start the service reserves, charges or refunds credits.
_CREDITS_MOVE = frozenset({Stage.WAITING, Stage.DOWNLOADING, Stage.FAILED, Stage.CANCELLED})
_END_WORDS = {
    Stage.READY: Sentence.of("“{name}” is ready to import."),
    Stage.IMPORTED: Sentence.of("“{name}” was imported."),
    Stage.DONE: Sentence.of("“{name}” is ready."),
    Stage.FAILED: Sentence.of("“{name}” failed. The panel says why."),
    Stage.CANCELLED: Sentence.of("“{name}” was cancelled by the service."),
    Stage.GONE: Sentence.of("The service does not know “{name}” any more."),
}


class Session:
    """
    The engine with everything the panels show. Exists from when it is first needed until ``runtime.shutdown()``.

    :param importer: imports a finished model.
    :param must_wait: returns why an import has to wait, or None.
    :param library_converter: copies models into the asset library of the preferences; None if not available.
    :param pictures: makes small copies of input pictures; None if not available.
    :param previews: fetches pictures for the large preview; None if not available.
    """

    def __init__(
        self,
        engine: "Engine",
        importer: Importer,
        must_wait: WaitReason,
        batch: BatchSession,
        library_converter: "LibraryCopyConverter | None" = None,
        pictures: "SourceThumbnails | None" = None,
        previews: "PreviewPixels | None" = None,
    ) -> None:
        self.engine = engine
        self.batch = batch
        self.many = ManyTasks(engine)
        self.ends = Ends(tell=self.add_notice)
        self.details = Details(pictures, previews)
        self.price = PriceCache()
        self.orders = RecentOrders()
        self.spending = SpendingReader(self.orders)
        self.thumbnails = Thumbnails()
        self.notices: deque[Notice] = deque(maxlen=_NOTICES)
        self.pending_notices: deque[Notice] = deque(maxlen=_NOTICES)
        """Notices that the status bar has not shown yet."""
        self.pager = Pager(list_rows.LIST_COUNT)
        self.slots = list_rows.Slots()
        self.chosen_id = ""
        self.in_progress = InProgress(engine.tasks())
        self.moving = self.in_progress.last
        self.key_answer: tuple[bool | None, Sentence] | None = None
        """Result and message of the last key test. The result is None while the test runs."""
        self.key_tested = ("", "")
        """The key and the base URL of the last key test."""
        self.rejected: dict[str, tuple[Any, Sentence]] = {}
        """Field name -> the value that was rejected, and why. Shown as long as the field has this value."""
        self.again_of = ""
        """Id of the task whose inputs were loaded into the panel, else ""."""
        self.is_searching = False
        """True while the service is searched for tasks made elsewhere."""
        self._importer = importer
        self._must_wait = must_wait
        self._library_converter = library_converter
        self._stages = {record.id: record.stage for record in engine.tasks()}
        self._chosen: TaskRecord | None = None
        self._forgotten: set[str] = set()
        self._known_settings = engine.settings
        self._drawn_at_s = 0.0
        self._error_streak = ErrorStreak()
        self.pager.tick(engine)

    # -------------------------------------------------------------------------
    # Tasks to show

    def page_records(self) -> list[TaskRecord]:
        """Return the tasks of the current page, in order and in their latest state."""
        return [record for one in self.pager.page.records if (record := self.shown(one.id)) is not None]

    def shown(self, task_id: str) -> TaskRecord | None:
        """Return a task from memory, or None. For drawing, where :meth:`Engine.get` might read the store."""
        if (known := self.engine.task_cache.get(task_id)) is not None:
            return known
        if task_id in self._forgotten:
            return None
        chosen = self._chosen
        return self.pager.record(task_id) or (chosen if chosen is not None and chosen.id == task_id else None)

    def choose(self, task_id: str) -> None:
        """Choose a task, and keep its record in memory when it is not on the page. It is among the selected ones."""
        self._chosen = self.shown(task_id)
        if task_id not in self.many.selection:
            self.many.selection.only(task_id)
        self.chosen_id = task_id

    def show_first_page(self) -> None:
        """Show the first page of the list."""
        self.pager.go_to_offset(0)
        self.pager.tick(self.engine)

    # -------------------------------------------------------------------------
    # The tick

    def tick(self, budget_s: float, *, may_import: bool = True) -> bool:
        """
        Process the engine's events, and update everything that is shown.

        :param budget_s: time budget in seconds. An import may take longer.
        :param may_import: whether a finished model may be imported now.
        :returns: whether anything visible has changed.
        """
        if not settings.are_there():
            return False
        self.apply_settings()
        self.batch.ask_price(may_ask=self.may_ask)
        if self.may_ask:
            if settings.take_typed_key():
                self.test_key()
            self.price.tick(self.engine)
        report = self.engine.pump(budget_s, self._importer if may_import else None, self._reason_to_wait)
        for event in report.events:
            self._handle_event(event)
        panel_engine.tick(self.engine)
        changed = self.batch.tick() or bool(report.events)
        changed = self.many.tick() or changed
        for pending in (self.batch.pending_notices, self.many.pending_notices, self.orders.pending_notices):
            while pending:
                self.add_notice(pending.popleft())
        self.batch.tell_end(self.ends.add_sentence)
        self.ends.tick(translate, **settings.wanted_signals())
        changed = self._turn_pages() or changed
        changed = list_rows.sync(self) or changed
        changed = batch_rows.sync(self.batch) or changed
        changed = self.details.tick(self.engine) or changed
        changed = self.orders.tick() or changed
        changed = self.spending.tick(self.engine) or changed
        self.pending_notices.extend(self.spending.notices)
        self.spending.notices.clear()
        changed = self.thumbnails.load(_PICTURES_S) or changed
        now_s = time.monotonic()
        if self.engine.active_count and now_s - self._drawn_at_s >= _CLOCK_S:
            changed = True
        if changed:
            self._drawn_at_s = now_s
            self.moving = self.in_progress.sum_up(self.engine.task_cache, now_s)
        return changed

    def tick_safely(self, budget_s: float, *, may_import: bool = True) -> bool:
        """
        Run :meth:`tick` and catch unexpected errors, so that the caller's timer continues.

        An error is logged, and shown as a notice when it occurs for the second time in a row.

        :returns: whether anything visible has changed.
        """
        try:
            changed = self.tick(budget_s, may_import=may_import)
        except UNFORESEEN as error:
            _log.exception("A tick failed")
            if (to_show := self._error_streak.error_to_report(error)) is not None:
                self.add_notice(Notice("ERROR", to_show.sentence))
            return to_show is not None
        self._error_streak.reset()
        return changed

    def _turn_pages(self) -> bool:
        query, count = state_query.wanted()
        if replace(query, order=self.pager.query.order) != self.pager.query:
            # What is not shown any more must not be removed or retried by mistake.
            self.many.selection.clear()
        self.pager.set_query(query, count)
        turned = self.pager.tick(self.engine)
        if self.pager.problem is not None:
            self.add_notice(Notice("WARNING", self.pager.problem))
            self.pager.problem = None
            return True
        if not turned:
            return False
        self.thumbnails.clear_requests()
        return True

    def _reason_to_wait(self, record: TaskRecord) -> Sentence | None:
        return user_activity.reason_to_wait() or self._must_wait(record)

    def _handle_event(self, event: Event) -> None:
        self.in_progress.heed(event)
        self.orders.heed(event, self.price)
        self.many.heed(event, self.notices)
        if isinstance(event, TaskChanged):
            record = event.record
            # Of an old task, only the list knows the stage before.
            shown = self.pager.record(record.id) or (self._chosen if self.chosen_id == record.id else None)
            before = self._stages.get(record.id, shown.stage if shown is not None else None)
            self._stages[record.id] = record.stage
            if before is not None and before is not record.stage:
                self._handle_new_stage(record)
                if record.origin.session != BATCH_ORIGIN:
                    self.ends.add(before, record)
            if record.thumbnail_path:
                self.thumbnails.refresh(record.id, record.thumbnail_path)
        elif isinstance(event, TaskForgotten):
            self._stages.pop(event.id, None)
            self._forgotten.add(event.id)
        elif isinstance(event, Notice):
            self.add_notice(event)
        elif isinstance(event, Quoted):
            self.price.store_quote(event)
        elif isinstance(event, BalanceKnown):
            self.price.store_balance(event)
            if event.balance is not None and self.key_answer is not None and self.key_answer[0] is False:
                self.key_answer = None  # the service takes the key by now
        elif isinstance(event, KeyTested):
            self.key_answer = (event.ok, event.sentence)
            if event.ok:
                self.price.forget()
        elif isinstance(event, TasksFound):
            self.is_searching = False
            self.add_notice(_found(event))

    def _handle_new_stage(self, record: TaskRecord) -> None:
        """Request the balance if the new stage charges or refunds credits, and report the end of a task once."""
        if record.stage in _CREDITS_MOVE:
            self.price.request_balance()
        if record.origin.session == BATCH_ORIGIN:
            return  # there may be a thousand of them; the batch reports its own end
        if task_presentation.is_news(record) and (sentence := _END_WORDS.get(record.stage)) is not None:
            words = Sentence(sentence.template, {"name": record.name})
            self.pending_notices.append(Notice("INFO" if record.has_result else "WARNING", words, record.id))

    def add_notice(self, notice: Notice) -> None:
        """Show a notice once in the status bar, and in the panel until it is dismissed."""
        self.notices.append(notice)
        self.pending_notices.append(notice)

    @property
    def is_under_way(self) -> bool:
        """True while work is in progress, so that ticks are needed at short intervals."""
        # A model may wait for days until its file is opened. This does not count as work in progress.
        waits_for_answer = self.is_searching or (self.key_answer is not None and self.key_answer[0] is None)
        return bool(
            self.engine.active_count
            or waits_for_answer
            or (self.may_ask and self.price.is_waiting)
            or self.thumbnails.is_loading
            or self.batch.needs_ticks
            or self.many.needs_ticks
            or self.ends.is_waiting
            or panel_engine.is_busy()
            or self.details.is_waiting
            or self.orders.is_resting
            or self.spending.is_waiting
            or self.pager.is_waiting
        )

    # -------------------------------------------------------------------------
    # Settings

    def apply_settings(self) -> None:
        """Pass the current settings to the engine if they have changed. A new key or service clears prices."""
        if self._library_converter is not None:
            self._library_converter.folder = settings.asset_library_dir()
        now = settings.settings_now()
        if now == self._known_settings:
            return
        before, self._known_settings = self._known_settings, now
        if (before.api_key, before.api_url, before.key_entered_for) != (
            now.api_key,
            now.api_url,
            now.key_entered_for,
        ):
            self.price.forget()
            self.key_answer = None
        self.engine.configure(now)

    @property
    def may_ask(self) -> bool:
        """True if requests to the service are possible: there is a key for it, and online access."""
        known = self._known_settings
        return (
            bool(known.api_key)
            and not isinstance(settings.key_problem(), KeyElsewhereError)
            and (known.online or is_loopback(known.api_url))
        )

    def test_key(self) -> None:
        """Start a test of the API key. The result is stored in :attr:`key_answer`."""
        self.apply_settings()
        self.key_answer = (None, Sentence.of("Asking the service…"))
        self.key_tested = (settings.api_key(), settings.api_url())
        self.engine.test_key()

    def rename(self, task_id: str, name: str) -> None:
        """Rename a task. An error is shown as a notice, and the name stays as it was."""
        try:
            self.engine.rename(task_id, name)
        except TriverseError as error:
            self.add_notice(Notice("WARNING", error.sentence, task_id))

    def find_tasks(self) -> None:
        """Start a search for tasks made elsewhere. A notice reports how many were added."""
        self.is_searching = True
        self.engine.find_tasks()

    # -------------------------------------------------------------------------
    # Rejected input

    def reject(self, error: InputError, value: Any) -> None:
        """Show ``error`` at its field as long as the field has the value ``value``."""
        self.rejected = {error.field: (value, error.sentence)}

    def rejection(self, field: str, value: Any) -> Sentence | None:
        """Return why ``value`` was rejected for ``field``, or None if it was not."""
        rejected = self.rejected.get(field)
        return rejected[1] if rejected is not None and rejected[0] == value else None

    def shutdown(self) -> None:
        """Stop batch and engine with their threads, and free the thumbnails."""
        # These first, because their threads use the engine and its store.
        panel_engine.end()
        self.batch.shutdown()
        self.spending.shutdown()
        self.many.shutdown()
        self.ends.shutdown()
        self.engine.shutdown()
        self.details.close()
        self.thumbnails.clear()


def _found(event: TasksFound) -> Notice:
    if event.error is not None:
        return Notice("ERROR", event.error, remedy=Remedy.FIND_TASKS)
    if not event.added:
        return Notice("INFO", Sentence.of("No other tasks were found."))
    if event.added == 1:
        return Notice("INFO", Sentence.of("One task was found and added to the list."))
    return Notice("INFO", Sentence.of("{count} tasks were found and added to the list.", count=event.added))
