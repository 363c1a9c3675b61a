# SPDX-License-Identifier: GPL-3.0-or-later
"""
The supervisor thread: lease renewal, takeover of abandoned tasks, changes by other Blenders, and the WebSocket.

Floor: first. Thread: a thread of its own. No ``bpy``.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator

from ...api.errors import LibraryError, TriverseError, UnforeseenError
from ...api.payloads import TaskStatus
from ...api.sentence import Sentence
from ...api.unexpected_errors import UNFORESEEN, ErrorStreak
from ..record.events import LiveChanged, Remedy, TaskChanged, TaskForgotten
from ..record.record import UNFINISHED, Stage, TaskRecord
from ..store.errors import LeaseLostError, NoSuchTaskError, StoreError
from ..store.lease import LEASE_S, RENEW_S
from ..store.query import Query
from .context import EngineContext, live_updates
from .pacing import LIVE_POLL_S, LONGEST_POLL_S
from .reconcile import SINCE_MARGIN_S
from .request_gate import BlockReason
from .service_updates import apply_status
from .transitions import Transitions

log = logging.getLogger(__name__)

#: Interval at which the store is read for changes by others, in seconds: one indexed query of some microseconds.
_ROUND_S = 1.0

#: Largest number of tasks whose last pushed status is kept, so that a service that names ever more tasks cannot fill
#: the memory.
_MAX_PUSHED = 5_000
#: Shortest interval between two stored progress updates of one task, in seconds. Each is a transaction: 500 running
#: tasks that report every percent delayed the end of a task by up to 7 s (measured).
_PROGRESS_S = 1.0


#: How many tasks at a time, and in each round, are reported of those that the list did not load at the start, and how
#: many events may wait for the main thread then.
_PIECE, _PIECES, _MOST_EVENTS = 500, 4, 1_000

#: Delay before live updates are tried again after an unforeseen error, in seconds.
LIVE_RETRY_S = 10.0


class Supervisor:
    """
    The supervisor of one engine.

    :param context: settings, store, event queue.
    :param transitions: stores pushed statuses.
    :param schedule: see :class:`transitions.Transitions`.
    :param poll_within: reschedules all waiting tasks so that each is polled within this many seconds.
    """

    def __init__(
        self,
        context: EngineContext,
        transitions: Transitions,
        schedule: Callable[[TaskRecord, float], None],
        poll_within: Callable[[float], None],
    ) -> None:
        self._context = context
        self._transitions = transitions
        self._schedule = schedule
        self._poll_within = poll_within
        # Read before the engine loads its list, so that changes by others in the meantime are reported, not missed.
        self._revision = context.store.revision()
        self._rest: Iterator[list[TaskRecord]] | None = self._pieces()
        """Reads the tasks that the list did not load at the start; None when all are reported."""
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="triverse-supervisor", daemon=True)
        self._live_thread: threading.Thread | None = None
        self._error_streak, self._live_error_streak = ErrorStreak(), ErrorStreak()
        self._live_after_s = 0.0
        """Monotonic time before which live updates are not tried again, in seconds."""
        self._live_stop = threading.Event()
        self._live_key = ("", "")
        self._pushed: dict[str, tuple[str, float]] = {}
        """Task UUID -> last accepted status and its monotonic time; reset with each WebSocket connection."""

    def start(self) -> None:
        """Start the supervisor thread."""
        self._thread.start()

    def wake(self) -> None:
        """Start the next round at once, and renew the leases in it."""
        self._wake.set()

    def join(self, deadline_s: float) -> list[threading.Thread]:
        """Wait for the threads until the monotonic time ``deadline_s``, in seconds; return those that still run."""
        threads = [thread for thread in (self._thread, self._live_thread) if thread is not None]
        for thread in threads:
            thread.join(max(0.0, deadline_s - time.monotonic()))
        return [thread for thread in threads if thread.is_alive()]

    def _run(self) -> None:
        stop = self._context.stop
        renewed_s = float("-inf")
        while not stop.is_set():
            try:
                if time.monotonic() - renewed_s >= RENEW_S or self._wake.is_set():
                    self._wake.clear()
                    renewed_s = time.monotonic()
                    self._renew_leases()
                self._repair_rows()
                self._read_changes()
                self._read_rest()
                self._switch_live_updates()
                if self._error_streak.reset():
                    self._context.works_again("supervisor")
            except StoreError as error:
                if not stop.is_set():
                    self._context.notice("ERROR", error.sentence)
            except UNFORESEEN as error:
                log.exception("the supervisor's round failed")
                if (failure := self._error_streak.error_to_report(error)) is not None:
                    # If leases are not renewed, another Blender may take over tasks that are active here.
                    self._context.broke_down("supervisor", failure)
            self._wake.wait(_ROUND_S)
        self._live_stop.set()

    def _renew_leases(self) -> None:
        store, owner = self._context.store, self._context.owner
        if store.read_only:
            return
        store.renew(owner.name, LEASE_S)
        for record in store.claim(owner.name, LEASE_S, is_dead=owner.is_dead):
            # It may have been let be here, and followed again from another Blender that has ended since.
            self._context.unfollowed_ids.discard(record.id)
            self._context.changed(record)
            self._schedule(record, 0.0)

    def _repair_rows(self) -> None:
        """Repair damaged rows, notify the user of each, and schedule the tasks that can continue."""
        for record in self._context.store.repair_rows():
            self._context.changed(record)
            if (sentence := record.error or record.status_note) is not None:
                remedy = Remedy.NONE if record.is_paid else Remedy.FIND_TASKS
                self._context.notice("WARNING", sentence, record.id, remedy)
            if record.is_unfinished:
                self._schedule(record, 0.0)
                self._wake.set()  # its lease may have to be taken

    def _read_changes(self) -> None:
        self._revision, records, removed = self._context.store.since(self._revision)
        for record in records:
            # The list already has what this engine wrote. It recognises such a record by its revision.
            self._context.events.append(TaskChanged(record, is_read=True))
        for task_id in removed:
            self._context.events.append(TaskForgotten(task_id))

    def _read_rest(self) -> None:
        """Report some of the tasks that the list did not load at the start, see :meth:`task_cache.TaskCache.load`."""
        events = self._context.events
        for _ in range(_PIECES):
            if self._rest is None or len(events) > _MOST_EVENTS:
                return
            try:
                piece = next(self._rest, None)
            except StoreError:
                self._rest = self._pieces()
                raise
            if piece is None:
                self._rest = None
                return
            events.extend(TaskChanged(record, is_read=True) for record in piece)

    def _pieces(self) -> Iterator[list[TaskRecord]]:
        store = self._context.store
        yield from store.in_pieces(Query(stages=UNFINISHED, followed=True), _PIECE)
        yield from store.in_pieces(Query(stages=frozenset({Stage.READY}), followed=True), _PIECE, to_import=True)

    # -------------------------------------------------------------------------
    # Live updates

    def _switch_live_updates(self) -> None:
        """Keep a WebSocket open while tasks wait for the service and the user allows it, and closed otherwise."""
        settings = self._context.settings
        key = (settings.api_url, settings.api_key)
        waiting = settings.live and self._context.gate.problem()[0] is BlockReason.NONE and bool(self._oldest_s())
        running = self._live_thread is not None and self._live_thread.is_alive()
        if running and (not waiting or key != self._live_key):
            self._live_stop.set()
        elif waiting and not running and time.monotonic() >= self._live_after_s and not self._context.stop.is_set():
            self._live_key = key
            self._live_stop = threading.Event()
            self._live_thread = threading.Thread(
                target=self._stream_statuses, args=(self._live_stop,), name="triverse-live", daemon=True
            )
            self._live_thread.start()

    def _oldest_s(self) -> float | None:
        return self._context.store.oldest_s(self._context.owner.name, Stage.WAITING)

    def _since_s(self) -> float | None:
        oldest_s = self._oldest_s()
        return None if oldest_s is None else oldest_s - SINCE_MARGIN_S

    def _stream_statuses(self, stop: threading.Event) -> None:
        self._pushed = {}
        settings = self._context.settings
        try:
            stream = live_updates().StatusStream(
                settings.api_url,
                settings.api_key,
                since_s=self._since_s,
                on_status=self._apply_pushed_status,
                on_state=self._set_live,
                stop=stop,
            )
            stream.run()
        except LibraryError as error:
            # Shown in the diagnostics report and by Find My Tasks, which needs the WebSocket. Everything else works by
            # polling.
            log.info("no live updates: %s", error)
            self._live_after_s = float("inf")
        except UnforeseenError as error:
            self._live_updates_failed(error)
        except TriverseError as error:
            self._context.gate.failed("live", error)
        except UNFORESEEN as error:
            log.exception("the live updates broke off")
            self._live_updates_failed(error)
        finally:
            self._set_live(False)

    def _live_updates_failed(self, error: BaseException) -> None:
        """Notify the user once. Polling continues, and live updates are tried again from time to time."""
        self._live_after_s = time.monotonic() + LIVE_RETRY_S
        if (failure := self._live_error_streak.error_to_report(error)) is not None:
            self._context.notice(
                "WARNING",
                Sentence.of(
                    "Live updates do not work here ({what}). Tasks are asked for every few seconds instead.",
                    what=failure.what,
                ),
            )

    def _set_live(self, live: bool) -> None:
        if live is not self._context.live:
            self._context.live = live
            self._context.events.append(LiveChanged(live))
            if not live:
                # Their next polls were delayed because the WebSocket was expected to report changes.
                self._poll_within(LONGEST_POLL_S)

    def _is_repeated(self, status: TaskStatus) -> bool:
        """Return whether a pushed status adds at most a little progress, which the next one includes."""
        now, (known, pushed_s) = time.monotonic(), self._pushed.get(status.task_uuid, ("", 0.0))
        if status.status == known and now - pushed_s < _PROGRESS_S:
            return True
        if len(self._pushed) >= _MAX_PUSHED:
            self._pushed.clear()
        self._pushed[status.task_uuid] = (status.status, now)
        return False

    def _apply_pushed_status(self, status: TaskStatus, _finalized: bool) -> None:
        """Apply a pushed status to a followed, WAITING task that this engine owns; ignore any other."""
        if not status.is_terminal and self._is_repeated(status):
            return
        store = self._context.store
        try:
            record = store.find_by_uuid(status.task_uuid)
            if record is None or record.stage is not Stage.WAITING or not record.following:
                return
            changes = apply_status(record, status)
            if any(getattr(record, name) != value for name, value in changes.items()):
                self._transitions.apply_service_status(record, changes, after_s=LIVE_POLL_S)
        except (LeaseLostError, NoSuchTaskError):
            return
        except StoreError as error:
            self._context.notice("ERROR", error.sentence)
