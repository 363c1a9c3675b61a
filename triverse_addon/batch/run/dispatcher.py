# SPDX-License-Identifier: GPL-3.0-or-later
"""
The dispatcher of a run: starts one row after another and writes the ledger, so the driver does no disk access.

Floor: between first and second. Thread: one of its own. The methods are called from the main thread, except
:meth:`Dispatcher.finish` from a writer's thread, and :meth:`Dispatcher.shutdown` and :meth:`Dispatcher.cancel_unsent`
from the thread that ends the run. No ``bpy``.

A single thread, so that a row's entries are written in the order of events.
"""

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from ...api.errors import InputError, TriverseError, UnforeseenError
from ...api.sentence import Sentence
from ...api.unexpected_errors import UNFORESEEN, ErrorStreak
from ...tasks.converter import ConvertStopped
from ...tasks.engine.engine import Engine
from ...tasks.files.image_size import is_small
from ...tasks.record.order_endings import next_order_id
from ...tasks.record.record import FAILED_STAGES, Origin, TaskRecord, TaskRequest, is_url
from ..input.order_ids import Identities
from ..library.entry import Entry
from ..library.ledger import Ledger
from .plan import PlannedRow, RowAction

log = logging.getLogger(__name__)

#: ``Origin.session`` of a batch's tasks; no window has this value.
BATCH_ORIGIN = "batch"
#: Seconds that a row which is being started gets to be in the store when the process is to end.
_SETTLE_S = 1.0


@dataclass(frozen=True, slots=True)
class StartedRow:
    """
    A row that was started.

    :ivar entry: its entry in the ledger.
    :ivar record: its task.
    :ivar is_ordered: whether this run pays for it.
    """

    entry: Entry
    record: TaskRecord
    is_ordered: bool


class Dispatcher:
    """
    The dispatcher of one run.

    :param engine: started.
    :param ledger: the ledger of the library.
    :param stop: set when the run ends; rows not started by then are not started any more.
    :param batch_id: see :class:`BatchRequest`.
    """

    def __init__(self, engine: Engine, ledger: Ledger, stop: threading.Event, batch_id: str = "") -> None:
        self._engine = engine
        self._ledger = ledger
        self._stop = stop
        self._batch_id = batch_id
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="triverse-dispatch")
        self._error_streak = ErrorStreak()
        self.slip: UnforeseenError | None = None
        """An unforeseen error that occurred twice in work without a waiting caller; the run has to end."""

    def start(self, planned: PlannedRow) -> Future[StartedRow]:
        """
        Start a row on the dispatcher's thread: claim it in the ledger, and order it if it was not ordered before.

        :returns: a future; it raises a :class:`TriverseError` if that is not possible, :class:`ConvertStopped` if the
            run has ended.
        """
        return self._thread.submit(self._start, planned)

    def queue_write(self, entry: Entry) -> None:
        """
        Queue the write of an entry.

        A failure is only logged: the store has the same facts, and the writers report a full disk.
        """
        self._queue(self._write, entry)

    def finish(self, entry: Entry, record: TaskRecord, name: str) -> Future[None]:
        """
        Queue the write of a finished row after all queued entries, and after that the marking of its task as imported.

        :returns: a future; it raises a :class:`LedgerError` if the library cannot be written.
        """
        return self._thread.submit(self._finish, entry, record, name)

    def queue_mark(self, entry: Entry, record: TaskRecord, name: str) -> None:
        """Queue the marking of a task as imported, because its model is in the library."""
        self._queue(self._mark, entry, record, name)

    def shutdown(self) -> None:
        """Wait until all queued work is done, and stop the thread."""
        self._thread.shutdown(wait=True)

    def settle(self) -> None:
        """Wait, but not for long, until the row that is being started is; the stop event is set."""
        with contextlib.suppress(TimeoutError):
            self._thread.submit(lambda: None).result(_SETTLE_S)

    def cancel_unsent(self, record_ids: Iterable[str]) -> None:
        """Keep the engine from sending tasks of which nothing was sent yet."""
        for record_id in record_ids:
            try:
                self._engine.cancel_unsent(record_id)
            except TriverseError as error:
                # The task is then sent, and the next run finds it; it is never paid twice.
                log.info("task %s is not held back: %s", record_id, error)

    # -------------------------------------------------------------------------

    def _queue(self, work: Callable[..., None], *args: object) -> None:
        """Queue work that no caller waits for. Errors are logged, and repeated ones set :attr:`slip`."""

        def guarded() -> None:
            try:
                work(*args)
            except UNFORESEEN as error:
                log.exception("the dispatcher could not do its work")
                self.slip = self.slip or self._error_streak.error_to_report(error)

        self._thread.submit(guarded)

    def _start(self, planned: PlannedRow) -> StartedRow:
        if self._stop.is_set():
            raise ConvertStopped(Sentence.of("The batch is ending."))
        entry = self._ledger.claim(planned.row, planned.order_id, planned.row_key, planned.content_key)
        record, is_ordered = self._get_or_order(planned, entry)
        return StartedRow(entry, record, is_ordered)

    def _get_or_order(self, planned: PlannedRow, entry: Entry) -> tuple[TaskRecord, bool]:
        """Return the row's task, ordered now if necessary, and whether this run pays for it."""
        engine = self._engine
        record = engine.find_by_order_id(planned.order_id)
        if record is None and entry.task_uuid and (planned.action is not RowAction.RETRY or planned.has_paid_task):
            # Ordered from another machine, under the task UUID in the ledger. What failed there may succeed here.
            return engine.track([entry.task_uuid], origin=self._origin(), auto_import=False)[0], False
        if record is None:
            order_id = planned.order_id
            if planned.action is RowAction.RETRY and entry.last_order_id:
                order_id = next_order_id(entry.last_order_id)
            return engine.submit(self._task_request(planned, order_id)), True
        if record.stage in FAILED_STAGES and planned.action is RowAction.RETRY:
            return engine.retry(record.id), record.is_final
        pays = record.is_unsent and not record.is_paid
        if not record.has_model and not record.following:
            engine.resume_following(record.id)
        return record, pays

    def _task_request(self, planned: PlannedRow, order_id: str) -> TaskRequest:
        row = planned.row
        for path, place in row.places.items():
            # A person who can write in the folder could retarget a link after the user's permission.
            if os.path.realpath(path) != place:
                raise InputError(
                    Sentence.of("The file {path} lies elsewhere than when it was checked. Check again.", path=path),
                    field="file",
                )
        self._check_files(planned)
        return TaskRequest(
            flow=row.flow,
            values=row.params,
            sources=row.sources,
            name=row.title,
            origin=self._origin(),
            auto_import=False,
            # The asset writer works from the GLB, so no .blend for the scene is needed.
            convert=False,
            # Two rows may have the same request on purpose. The ``client_order_id`` makes sure that each is paid once.
            allow_duplicate=True,
            client_order_id=order_id,
        )

    def _check_files(self, planned: PlannedRow) -> None:
        """
        Check that what a row will send is what it was planned with: its order is named after that.

        Sent under that name, a picture that was edited since would be paid for once more by the next run.

        :raises InputError: a file has changed, or cannot be read.
        """
        files = [source for source in planned.row.sources.values() if not is_url(source)]
        if not files:
            return
        try:
            is_same = Identities(self._batch_id).order_id(planned.row) == planned.order_id
        except OSError:
            is_same = False
        if not is_same:
            raise InputError(
                Sentence.of(
                    "The file {path} was changed after it was checked. Nothing was ordered. Run the batch again.",
                    path=files[0],
                ),
                field="file",
            )

    def _origin(self) -> Origin:
        return Origin(session=BATCH_ORIGIN, file=str(self._ledger.library))

    def _finish(self, entry: Entry, record: TaskRecord, name: str) -> None:
        self._ledger.remove_old_levels(entry)
        self._ledger.put(entry)
        self._mark(entry, record, name)

    def _mark(self, entry: Entry, record: TaskRecord, name: str) -> None:
        try:
            self._engine.mark_stored(record.id, name, self._thumbnail(entry))
        except TriverseError as error:
            # The only effect: the list shows "ready to import" longer than necessary.
            log.info("task %s is not marked as imported: %s", record.id, error)

    def _thumbnail(self, entry: Entry) -> str:
        """
        Return the path of a row's thumbnail, "" if there is none.

        Without Blender the thumbnail is the service's own picture, which is too large for a list.
        """
        path = self._ledger.path_of(entry, "thumbnail")
        try:
            return str(path) if path is not None and is_small(path) else ""
        except OSError:
            return ""

    def _write(self, entry: Entry) -> None:
        try:
            self._ledger.put(entry)
        except TriverseError as error:
            log.warning("%s", error)
