# SPDX-License-Identifier: GPL-3.0-or-later
"""
What the ui remembers beside the engine, and the tick that lets the engine's news take effect.

Floor: third. Thread: main. Imports ``bpy``. Imported by ``runtime`` at first need.
"""

import logging
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import bpy

from ...api.errors import InputError, KeyElsewhereError, TriverseError
from ...api.sentence import Sentence
from ...api.unexpected_errors import UNFORESEEN, Slips
from ...api.urls import is_loopback
from ...batch.run.dispatcher import SESSION as BATCH
from ...tasks.engine.import_queue import Importer, ReasonToWait
from ...tasks.events import (
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
from ...tasks.record import Stage, TaskRecord
from ...tasks.status_text import overall_progress
from .. import settings
from . import batch_rows, list_rows
from . import query as state_query
from .batch_session import BatchSession
from .pager import Pager
from .price_cache import Price
from .task_history import Details
from .thumbnails import Thumbnails

if TYPE_CHECKING:
    from ...scene.asset_library import AssetShelf
    from ...scene.child.source_thumbnails import SmallPictures
    from ...tasks.engine.engine import Engine

_log = logging.getLogger(__name__)

#: Notices kept for the panel; older ones are in each task's history.
_NOTICES = 4
#: What decoding thumbnails may take of a tick, in seconds. At least one is decoded: 1 to 2 ms.
_PICTURES_S = 0.003
#: How often the list is drawn anew while a task is under way, for the time left.
_CLOCK_S = 1.0

#: Stages at whose beginning the service reserves, charges or gives back credits.
_CREDITS_MOVE = frozenset({Stage.WAITING, Stage.DOWNLOADING, Stage.FAILED, Stage.CANCELLED})
_END_WORDS = {
    Stage.READY: Sentence.of("{name} is ready to import."),
    Stage.IMPORTED: Sentence.of("{name} was imported."),
    Stage.FAILED: Sentence.of("{name} failed. The panel says why."),
    Stage.CANCELLED: Sentence.of("{name} was cancelled by the service."),
    Stage.GONE: Sentence.of("The service does not know {name} any more."),
}


@dataclass(frozen=True, slots=True)
class Moving:
    """
    What is under way, for the status bar.

    :ivar one: the task, if it is the only one.
    :ivar progress: mean of all, from 0.0 to 1.0.
    """

    count: int
    one: TaskRecord | None
    progress: float


class Session:
    """What lives from the first need to ``unregister()``."""

    def __init__(
        self,
        engine: "Engine",
        importer: Importer,
        must_wait: ReasonToWait,
        batch: BatchSession,
        shelf: "AssetShelf | None" = None,
        pictures: "SmallPictures | None" = None,
    ) -> None:
        self.engine = engine
        self.batch = batch
        self.details = Details(pictures)
        self.price = Price()
        self.thumbnails = Thumbnails()
        self.notices: deque[Notice] = deque(maxlen=_NOTICES)
        self.untold: deque[Notice] = deque(maxlen=_NOTICES)
        """Notices that the status bar has not shown yet."""
        self.pager = Pager(list_rows.LIST_COUNT)
        self.slots = list_rows.Slots()
        self.chosen_id = ""
        self.moving = Moving(0, None, 0.0)
        self.key_answer: tuple[bool | None, Sentence] | None = None
        """Result of the last key test: None and a sentence while it is on its way."""
        self.key_tested = ("", "")
        """The key and the address that the last key test is about."""
        self.refused: dict[str, tuple[Any, Sentence]] = {}
        """Field name -> the value that was refused, and why. Holds until the value is another one."""
        self.again_of = ""
        """Id of the task whose request was loaded into the panel to be made once more."""
        self.is_searching = False
        """True while the service is asked for tasks made elsewhere."""
        self._importer = importer
        self._must_wait = must_wait
        self._shelf = shelf
        self._stages = {record.id: record.stage for record in engine.tasks()}
        self._chosen: TaskRecord | None = None
        self._forgotten: set[str] = set()
        self._known_settings = engine.settings
        self._drawn_at_s = 0.0
        self._slips = Slips()
        self.pager.tick(engine)

    # -------------------------------------------------------------------------
    # What is shown

    def page_records(self) -> list[TaskRecord]:
        """Return the tasks of the page that is shown, in order, as they are now."""
        return [record for one in self.pager.page.records if (record := self.shown(one.id)) is not None]

    def shown(self, task_id: str) -> TaskRecord | None:
        """Return a task from memory; for drawing, where :meth:`Engine.get` might look at the disk."""
        if (known := self.engine.board.get(task_id)) is not None:
            return known
        if task_id in self._forgotten:
            return None
        chosen = self._chosen
        return self.pager.record(task_id) or (chosen if chosen is not None and chosen.id == task_id else None)

    def choose(self, task_id: str) -> None:
        """Keep a task at hand, also when the list shows others."""
        self._chosen = self.shown(task_id)
        self.chosen_id = task_id

    def show_first_page(self) -> None:
        """Let the list begin with the first task that fits."""
        self.pager.turn(0)
        self.pager.tick(self.engine)

    # -------------------------------------------------------------------------
    # The tick

    def tick(self, budget_s: float, *, may_import: bool = True) -> bool:
        """
        Let the engine's news take effect.

        :param budget_s: how long this may take, in seconds; an import may take longer.
        :param may_import: whether a finished model may be imported now.
        :returns: whether something that is visible has changed.
        """
        self.apply_settings()
        self.batch.ask_price(may_ask=self.may_ask)
        if self.may_ask:
            self.price.tick(self.engine)
        report = self.engine.pump(budget_s, self._importer if may_import else None, self._reason_to_wait)
        for event in report.events:
            self._hear(event)
        changed = self.batch.tick() or bool(report.events)
        while self.batch.untold:
            self.tell(self.batch.untold.popleft())
        changed = self._turn_pages() or changed
        changed = list_rows.sync(self) or changed
        changed = batch_rows.sync(self.batch) or changed
        changed = self.details.tick(self.engine) or changed
        changed = self.thumbnails.load(_PICTURES_S) or changed
        now_s = time.monotonic()
        if self.engine.active_count and now_s - self._drawn_at_s >= _CLOCK_S:
            changed = True
        if changed:
            self._drawn_at_s = now_s
            self.moving = _moving(self.engine.board.unfinished())
        return changed

    def tick_safely(self, budget_s: float, *, may_import: bool = True) -> bool:
        """
        Tick, whatever happens: the next one comes all the same.

        What nobody foresaw is told after the second time in a row.
        """
        try:
            changed = self.tick(budget_s, may_import=may_import)
        except UNFORESEEN as error:
            _log.exception("A tick failed")
            if (told := self._slips.slipped(error)) is not None:
                self.tell(Notice("ERROR", told.sentence))
            return told is not None
        self._slips.went_well()
        return changed

    def _turn_pages(self) -> bool:
        query, count = state_query.wanted()
        self.pager.look_for(query, count)
        turned = self.pager.tick(self.engine)
        if self.pager.problem is not None:
            self.tell(Notice("WARNING", self.pager.problem))
            self.pager.problem = None
            return True
        if not turned:
            return False
        self.thumbnails.want_no_more()
        return True

    def _reason_to_wait(self, record: TaskRecord) -> Sentence | None:
        if is_busy():
            return Sentence.of("Waits until you are done with what you are doing.")
        return self._must_wait(record)

    def _hear(self, event: Event) -> None:
        if isinstance(event, TaskChanged):
            record = event.record
            before = self._stages.get(record.id)
            self._stages[record.id] = record.stage
            if before is not None and before is not record.stage:
                self._hear_stage(record)
            if record.thumbnail_path:
                self.thumbnails.refresh(record.id, record.thumbnail_path)
        elif isinstance(event, TaskForgotten):
            self._stages.pop(event.id, None)
            self._forgotten.add(event.id)
        elif isinstance(event, Notice):
            self.tell(event)
        elif isinstance(event, Quoted):
            self.price.hear_quote(event)
        elif isinstance(event, BalanceKnown):
            self.price.hear_balance(event)
        elif isinstance(event, KeyTested):
            self.key_answer = (event.ok, event.sentence)
            if event.ok:
                self.price.forget()
        elif isinstance(event, TasksFound):
            self.is_searching = False
            self.tell(_found(event))

    def _hear_stage(self, record: TaskRecord) -> None:
        """Credits move, and the end of a task is told once in the status bar; the list shows it from then on."""
        if record.stage in _CREDITS_MOVE:
            self.price.want_balance()
        sentence = _END_WORDS.get(record.stage)
        if record.stage is Stage.READY and record.auto_import:
            sentence = None  # its import follows, or a note says why it has to wait
        if record.origin.session == BATCH:
            sentence = None  # a thousand of them would be told; the batch tells its own end
        if sentence is not None:
            level = "INFO" if record.has_model else "WARNING"
            self.untold.append(Notice(level, Sentence(sentence.template, {"name": record.name}), record.id))

    def tell(self, notice: Notice) -> None:
        """Show a notice, once in the status bar and until it is dismissed in the panel."""
        self.notices.append(notice)
        self.untold.append(notice)

    @property
    def is_under_way(self) -> bool:
        """True while something happens by itself, so that ticks should follow each other quickly."""
        # A model that waits for its own file to be opened may wait for days: that is no reason to hurry.
        waits_for_answer = self.is_searching or (self.key_answer is not None and self.key_answer[0] is None)
        return bool(
            self.engine.active_count
            or waits_for_answer
            or (self.may_ask and self.price.is_waiting)
            or self.thumbnails.is_loading
            or self.batch.needs_ticks
            or self.details.is_waiting
            or self.pager.is_waiting
        )

    # -------------------------------------------------------------------------
    # Settings

    def apply_settings(self) -> None:
        """Hand the engine what preferences, environment and Blender's online access say now."""
        if self._shelf is not None:
            self._shelf.folder = settings.asset_library_dir()
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
        """True when the service may and can be asked something: there is a key for it, and online access."""
        known = self._known_settings
        return (
            bool(known.api_key)
            and not isinstance(settings.key_problem(), KeyElsewhereError)
            and (known.online or is_loopback(known.api_url))
        )

    def test_key(self) -> None:
        """Ask the service whether it takes the key; :attr:`key_answer` gets the answer."""
        self.apply_settings()
        self.key_answer = (None, Sentence.of("Asking the service…"))
        self.key_tested = (settings.api_key(), settings.api_url())
        self.engine.test_key(None)

    def rename(self, task_id: str, name: str) -> None:
        """Give a task another name; an empty one, or one that cannot be stored, leaves it as it is."""
        try:
            self.engine.rename(task_id, name)
        except TriverseError as error:
            self.tell(Notice("WARNING", error.sentence, task_id))

    def find_tasks(self) -> None:
        """Ask the service for tasks that were made elsewhere; a notice says how many are new."""
        self.is_searching = True
        self.engine.find_tasks()

    # -------------------------------------------------------------------------
    # Refused input

    def refuse(self, error: InputError, value: Any) -> None:
        """Show what is wrong at the field, for as long as it holds ``value``."""
        self.refused = {error.field: (value, error.sentence)}

    def refusal(self, field: str, value: Any) -> Sentence | None:
        """Return why ``value`` was refused for ``field``, if it was."""
        refused = self.refused.get(field)
        return refused[1] if refused is not None and refused[0] == value else None

    def stop(self) -> None:
        """End the engine's threads and let go of the pictures."""
        # First: its threads give the engine work.
        self.batch.end()
        self.engine.stop()
        self.details.stop()
        self.thumbnails.clear()


def _moving(records: Sequence[TaskRecord]) -> Moving:
    progress = sum(map(overall_progress, records)) / len(records) if records else 0.0
    return Moving(len(records), records[0] if len(records) == 1 else None, max(0.0, min(1.0, progress)))


def _found(event: TasksFound) -> Notice:
    if event.error is not None:
        return Notice("ERROR", event.error, remedy=Remedy.FIND_TASKS)
    if not event.added:
        return Notice("INFO", Sentence.of("No other tasks were found."))
    if event.added == 1:
        return Notice("INFO", Sentence.of("One task was found and added to the list."))
    return Notice("INFO", Sentence.of("{count} tasks were found and added to the list.", count=event.added))


#: Stays among the modal operators after its render has ended, until the mouse moves (seen in 4.3): the job tells.
_RENDER = "RENDER_OT_render"


def is_busy() -> bool:
    """
    Tell whether the user is in the middle of something that an import must not cut into.

    A render, and every modal operator of Blender's own: moving things, orbiting, a brush stroke, the knife. Modal
    operators written in Python do not count: many add-ons keep one running for good.
    """
    if bpy.app.is_job_running("RENDER"):
        return True
    return any(
        operator.bl_idname != _RENDER and bpy.types.Operator.bl_rna_get_subclass_py(operator.bl_idname) is None
        for window in bpy.context.window_manager.windows
        for operator in window.modal_operators
    )
