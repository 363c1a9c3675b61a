# SPDX-License-Identifier: GPL-3.0-or-later
"""
The clerk of a run: begins one row after another and keeps the library's ledger, so that the driver touches no disk.

Floor: between first and second. Thread: one of its own; the methods belong to the main thread but for
:meth:`Clerk.finish`, a writer's, and :meth:`Clerk.end` and :meth:`Clerk.hold_back`, that of whoever ends the run.
No ``bpy``.

One thread: what is written of a row is written in the order in which it became known.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from ...api.errors import InputError, TriverseError, UnforeseenError
from ...api.sentence import Sentence
from ...api.unexpected_errors import UNFORESEEN, Slips
from ...tasks.converter import ConvertStopped
from ...tasks.engine.engine import Engine
from ...tasks.files.image_size import is_small
from ...tasks.record import ENDED_BADLY, NOT_SENT, NewTask, Origin, TaskRecord, next_order_id
from ..library.entry import Entry
from ..library.ledger import Ledger
from .plan import Left, Planned

log = logging.getLogger(__name__)

#: ``Origin.session`` of a batch's tasks; no window ever has this one.
SESSION = "batch"


@dataclass(frozen=True, slots=True)
class Begun:
    """What was done for a row. ``is_ordered``: this run pays for it."""

    entry: Entry
    record: TaskRecord
    is_ordered: bool


class Clerk:
    """
    One run's clerk.

    :param stop: set when the run ends; rows that are not begun by then are not.
    """

    def __init__(self, engine: Engine, ledger: Ledger, stop: threading.Event) -> None:
        self._engine = engine
        self._ledger = ledger
        self._stop = stop
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="triverse-clerk")
        self._slips = Slips()
        self.slip: UnforeseenError | None = None
        """What nobody foresaw, once it was met twice where nobody waits for an answer; the run has to end."""

    def begin(self, planned: Planned) -> Future[Begun]:
        """
        Have a row begun: claimed in the ledger, and ordered if it was not before.

        The future raises a :class:`TriverseError` when that cannot be, :class:`ConvertStopped` when the run has ended.
        """
        return self._thread.submit(self._begin, planned)

    def put(self, entry: Entry) -> None:
        """Have an entry written. If that fails, the store knows it too; the writers tell of a library that is full."""
        self._do(self._put, entry)

    def finish(self, entry: Entry, record: TaskRecord, name: str) -> None:
        """
        Write the entry of a row that is done, behind what is still to be written of it, and note its task as imported.

        :raises LedgerError: the library cannot be written.
        """
        self._thread.submit(self._ledger.put, entry).result()
        self._mark(entry, record, name)

    def mark(self, entry: Entry, record: TaskRecord, name: str) -> None:
        """Have a task noted as imported: its model is in the library."""
        self._do(self._mark, entry, record, name)

    def end(self) -> None:
        """Wait until all is written."""
        self._thread.shutdown(wait=True)

    def hold_back(self, records: Iterable[TaskRecord]) -> None:
        """Have the engine not send what was not sent yet."""
        for record in records:
            if record.stage in NOT_SENT:
                try:
                    self._engine.hold_back(record.id)
                except TriverseError as error:
                    # It is sent then, and the next run finds it; it is never paid twice.
                    log.info("task %s is not held back: %s", record.id, error)

    # -------------------------------------------------------------------------

    def _do(self, work: Callable[..., None], *given: object) -> None:
        """Have something done for which nobody waits."""

        def kept() -> None:
            try:
                work(*given)
            except UNFORESEEN as error:
                log.exception("the clerk could not do its work")
                self.slip = self.slip or self._slips.slipped(error)

        self._thread.submit(kept)

    def _begin(self, planned: Planned) -> Begun:
        if self._stop.is_set():
            raise ConvertStopped(Sentence.of("The batch is ending."))
        entry = self._ledger.claim(planned.row, planned.order_id, planned.row_key)
        record, is_ordered = self._set_going(planned, entry)
        return Begun(entry, record, is_ordered)

    def _set_going(self, planned: Planned, entry: Entry) -> tuple[TaskRecord, bool]:
        """Return the row's task, after it was ordered if it was not before, and whether this run pays for it."""
        engine = self._engine
        record = engine.by_order(planned.order_id)
        if record is None and entry.task_uuid and (planned.left is not Left.RETRY or planned.was_delivered):
            # Ordered from another machine: the service knows it by this name.
            return engine.track([entry.task_uuid], origin=self._origin(), auto_import=False)[0], False
        if record is None:
            order = planned.order_id
            if planned.left is Left.RETRY and entry.order:
                order = next_order_id(entry.order)
            return engine.submit(self._wish(planned, order)), True
        if record.stage in ENDED_BADLY and planned.left is Left.RETRY:
            return engine.retry(record.id), record.is_settled
        pays = record.stage in NOT_SENT and not record.is_paid
        if not record.has_model and not record.following:
            engine.resume_following(record.id)
        return record, pays

    def _wish(self, planned: Planned, order_id: str) -> NewTask:
        row = planned.row
        for path, place in row.places.items():
            # Somebody who may write in the folder could lead a link elsewhere after the user was asked about it.
            if os.path.realpath(path) != place:
                raise InputError(
                    Sentence.of("The file {path} lies elsewhere than when it was checked. Check again.", path=path),
                    field="file",
                )
        return NewTask(
            flow=row.flow,
            values=row.params,
            sources=row.sources,
            name=row.title,
            origin=self._origin(),
            auto_import=False,
            # The asset writer works from the GLB; a .blend for a scene would be made in vain.
            convert=False,
            # Two rows may ask for the same on purpose; that each is paid once is for its name to see to.
            allow_duplicate=True,
            client_order_id=order_id,
        )

    def _origin(self) -> Origin:
        return Origin(session=SESSION, file=str(self._ledger.library))

    def _mark(self, entry: Entry, record: TaskRecord, name: str) -> None:
        try:
            self._engine.put_away(record.id, name, self._thumbnail(entry))
        except TriverseError as error:
            # Only the list shows "ready to import" longer than need be.
            log.info("task %s is not marked as imported: %s", record.id, error)

    def _thumbnail(self, entry: Entry) -> str:
        """Return the path of a row's small picture. Without Blender it is the service's own, too large for a list."""
        path = self._ledger.path_of(entry, "thumbnail")
        try:
            return str(path) if path is not None and is_small(path) else ""
        except OSError:
            return ""

    def _put(self, entry: Entry) -> None:
        try:
            self._ledger.put(entry)
        except TriverseError as error:
            log.warning("%s", error)
