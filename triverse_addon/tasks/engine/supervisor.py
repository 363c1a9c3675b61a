# SPDX-License-Identifier: GPL-3.0-or-later
"""
The supervisor thread: lease renewal, takeover of abandoned tasks, changes by other Blenders, and the WebSocket.

Floor: first. Thread: a thread of its own. No ``bpy``.
"""

import logging
import threading
import time
from collections.abc import Callable

from ...api.errors import LibraryError, TriverseError, UnforeseenError
from ...api.payloads import TaskStatus
from ...api.sentence import Sentence
from ...api.unexpected_errors import UNFORESEEN, Slips
from ..events import LiveChanged, Remedy, TaskChanged, TaskForgotten
from ..record import Stage, TaskRecord
from ..store.errors import LeaseLostError, NoSuchTaskError, StoreError
from ..store.lease import LEASE_S, RENEW_S
from .context import Shared, live_updates
from .pacing import LIVE_POLL_S, LONGEST_POLL_S
from .request_gate import Block
from .service_updates import apply_status
from .steps import Steps

log = logging.getLogger(__name__)

#: Interval at which the store is read for changes by others, in seconds: one indexed query of some microseconds.
_LOOK_S = 1.0
#: How much earlier than the oldest task ``since`` is, in seconds: clocks differ, and it may refer to creation or
#: update.
_SINCE_MARGIN_S = 3600.0

#: Largest number of tasks whose last pushed status is kept, so that a service that names ever more tasks cannot fill
#: the memory.
_MOST_HEARD = 5_000
#: Shortest interval between two stored progress updates of one task, in seconds. Each is a transaction: 500 running
#: tasks that report every percent delayed the end of a task by up to 7 s (measured).
_PROGRESS_S = 1.0


#: Delay before live updates are tried again after an unforeseen error, in seconds.
LIVE_AGAIN_S = 10.0


class Keeper:
    """
    The supervisor of one engine.

    :param shared: settings, store, event queue.
    :param steps: stores pushed statuses.
    :param schedule: see :class:`steps.Steps`.
    :param poll_within: reschedules all waiting tasks so that each is polled within this many seconds.
    """

    def __init__(
        self,
        shared: Shared,
        steps: Steps,
        schedule: Callable[[TaskRecord, float], None],
        poll_within: Callable[[float], None],
    ) -> None:
        self._shared = shared
        self._steps = steps
        self._schedule = schedule
        self._poll_within = poll_within
        # Read before the engine loads its list, so that changes by others in the meantime are reported, not missed.
        self._revision = shared.store.revision()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="triverse-keeper", daemon=True)
        self._live_thread: threading.Thread | None = None
        self._slips, self._live_slips = Slips(), Slips()
        self._live_after_s = 0.0
        """Monotonic time before which live updates are not tried again, in seconds."""
        self._live_stop = threading.Event()
        self._live_key = ("", "")
        self._heard: dict[str, tuple[str, float]] = {}
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
        stop = self._shared.stop
        renewed_s = float("-inf")
        while not stop.is_set():
            try:
                if time.monotonic() - renewed_s >= RENEW_S or self._wake.is_set():
                    self._wake.clear()
                    renewed_s = time.monotonic()
                    self._renew()
                self._mend()
                self._look()
                self._keep_live()
                if self._slips.went_well():
                    self._shared.works_again("keeper")
            except StoreError as error:
                if not stop.is_set():
                    self._shared.notice("ERROR", error.sentence)
            except UNFORESEEN as error:
                log.exception("the keeper's round failed")
                if (told := self._slips.slipped(error)) is not None:
                    # If leases are not renewed, another Blender may take over tasks that are active here.
                    self._shared.broke_down("keeper", told)
            self._wake.wait(_LOOK_S)
        self._live_stop.set()

    def _renew(self) -> None:
        store, owner = self._shared.store, self._shared.owner
        if store.read_only:
            return
        store.renew(owner.name, LEASE_S)
        for record in store.claim(owner.name, LEASE_S, is_dead=owner.is_dead):
            self._shared.changed(record)
            self._schedule(record, 0.0)

    def _mend(self) -> None:
        """Repair damaged rows, notify the user of each, and schedule the tasks that can continue."""
        for record in self._shared.store.mend():
            self._shared.changed(record)
            if (sentence := record.error or record.note) is not None:
                remedy = Remedy.NONE if record.is_paid else Remedy.FIND_TASKS
                self._shared.notice("WARNING", sentence, record.id, remedy)
            if record.is_unfinished:
                self._schedule(record, 0.0)
                self._wake.set()  # its lease may have to be taken

    def _look(self) -> None:
        self._revision, records, removed = self._shared.store.since(self._revision)
        for record in records:
            # The list already has what this engine wrote. It recognises such a record by its revision.
            self._shared.events.append(TaskChanged(record, is_read=True))
        for task_id in removed:
            self._shared.events.append(TaskForgotten(task_id))

    # -------------------------------------------------------------------------
    # Live updates

    def _keep_live(self) -> None:
        """Keep a WebSocket open while tasks wait for the service and the user allows it, and closed otherwise."""
        settings = self._shared.settings
        key = (settings.api_url, settings.api_key)
        waiting = settings.live and self._shared.gate.problem()[0] is Block.NONE and bool(self._oldest_s())
        running = self._live_thread is not None and self._live_thread.is_alive()
        if running and (not waiting or key != self._live_key):
            self._live_stop.set()
        elif waiting and not running and time.monotonic() >= self._live_after_s and not self._shared.stop.is_set():
            self._live_key = key
            self._live_stop = threading.Event()
            self._live_thread = threading.Thread(
                target=self._watch, args=(self._live_stop,), name="triverse-live", daemon=True
            )
            self._live_thread.start()

    def _oldest_s(self) -> float | None:
        return self._shared.store.oldest_s(self._shared.owner.name, Stage.WAITING)

    def _since_s(self) -> float | None:
        oldest_s = self._oldest_s()
        return None if oldest_s is None else oldest_s - _SINCE_MARGIN_S

    def _watch(self, stop: threading.Event) -> None:
        self._heard = {}
        settings = self._shared.settings
        try:
            watcher = live_updates().Watcher(
                settings.api_url,
                settings.api_key,
                since_s=self._since_s,
                on_status=self._hear,
                on_state=self._set_live,
                stop=stop,
            )
            watcher.run()
        except LibraryError as error:
            # Shown in the diagnostics report and by Find My Tasks, which needs the WebSocket. Everything else works by
            # polling.
            log.info("no live updates: %s", error)
            self._live_after_s = float("inf")
        except UnforeseenError as error:
            self._live_slipped(error)
        except TriverseError as error:
            self._shared.gate.failed("live", error)
        except UNFORESEEN as error:
            log.exception("the live updates broke off")
            self._live_slipped(error)
        finally:
            self._set_live(False)

    def _live_slipped(self, error: BaseException) -> None:
        """Notify the user once. Polling continues, and live updates are tried again from time to time."""
        self._live_after_s = time.monotonic() + LIVE_AGAIN_S
        if (told := self._live_slips.slipped(error)) is not None:
            self._shared.notice(
                "WARNING",
                Sentence.of(
                    "Live updates do not work here ({what}). Tasks are asked for every few seconds instead.",
                    what=told.what,
                ),
            )

    def _set_live(self, live: bool) -> None:
        if live is not self._shared.live:
            self._shared.live = live
            self._shared.events.append(LiveChanged(live))
            if not live:
                # Their next polls were delayed because the WebSocket was expected to report changes.
                self._poll_within(LONGEST_POLL_S)

    def _is_repeated(self, status: TaskStatus) -> bool:
        """Return whether a pushed status adds at most a little progress, which the next one includes."""
        now, (known, heard_s) = time.monotonic(), self._heard.get(status.task_uuid, ("", 0.0))
        if status.status == known and now - heard_s < _PROGRESS_S:
            return True
        if len(self._heard) >= _MOST_HEARD:
            self._heard.clear()
        self._heard[status.task_uuid] = (status.status, now)
        return False

    def _hear(self, status: TaskStatus, _finalized: bool) -> None:
        """Apply a pushed status to a followed, WAITING task that this engine owns; ignore any other."""
        if not status.is_terminal and self._is_repeated(status):
            return
        store = self._shared.store
        try:
            record = store.by_uuid(status.task_uuid)
            if record is None or record.stage is not Stage.WAITING or not record.following:
                return
            changes = apply_status(record, status)
            if any(getattr(record, name) != value for name, value in changes.items()):
                self._steps.settle(record, changes, after_s=LIVE_POLL_S)
        except (LeaseLostError, NoSuchTaskError):
            return
        except StoreError as error:
            self._shared.notice("ERROR", error.sentence)
