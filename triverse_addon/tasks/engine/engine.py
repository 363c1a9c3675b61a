# SPDX-License-Identifier: GPL-3.0-or-later
"""
The engine follows tasks from the request to the imported model, for a window and for a script.

It owns the worker threads. The driver calls :meth:`Engine.pump` at regular intervals.

Floor: first. Thread: all public methods must be called from the main thread, except those that a batch calls from a
thread of its own: ``submit``, ``track`` without import, ``retry``, ``resume_following``, ``cancel_unsent``,
``mark_stored``, ``find_by_order_id``; and those for many tasks at once: ``mark``, ``import_again``, ``forget``.
No ``bpy``.

::

    store  <- submit()                 workers: prepare, send, upload, watch, download, convert
      |                                      |
      +--> queues -> Steps.run(task) --------+--> events --> pump() --> task list, importer

Nothing here waits for the network: a request is written to the store, and a worker picks it up.
"""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from functools import partial

from ...api import broken_pipes
from ...api.errors import TriverseError
from ...api.sentence import Sentence
from ..converter import Converter, close
from ..files.private_files import tighten_soon
from ..preparer import Preparer
from ..record.events import BalanceKnown, Event, KeyTested, PumpReport, TaskChanged, TaskForgotten
from ..record.record import TaskRecord
from ..settings import Settings
from ..store.errors import StoreError
from ..store.lease import Owner, someone_is_alive
from ..store.rows import HistoryLine
from ..store.store import Store
from .context import EngineContext, MakeClient, make_client
from .import_queue import Importer, ImportQueue, WaitReason
from .page_reader import PageReader
from .request_gate import BlockReason
from .service_queries import ServiceQueries
from .steps import Steps
from .supervisor import Supervisor
from .task_cache import TaskCache
from .task_commands import TaskCommands
from .work_queues import WorkQueues

log = logging.getLogger(__name__)


class Engine(TaskCommands):
    """
    Follows tasks from the request to the imported model.

    :param settings: the initial settings; :meth:`configure` replaces them.
    :param converter: see :mod:`tasks.converter`; None where the driver imports GLBs itself.
    :param preparer: see :mod:`tasks.preparer`; None where source files are uploaded unchanged.
    :param make_client: creates the API client. Called on first use, in a worker thread.
    :ivar store: the task database, for reading. Set by :meth:`start`, like all of these.
    :ivar pages: reads pages of the task list.
    :ivar gate: knows whether requests are blocked.
    :ivar imports: the models that are to be imported.
    """

    def __init__(
        self,
        settings: Settings,
        converter: Converter | None,
        *,
        preparer: Preparer | None = None,
        make_client: MakeClient = make_client,
    ) -> None:
        self._settings = settings
        self._converter = converter
        self._preparer = preparer
        self._make_client = make_client
        self._started = False
        self._stopped = False

    # -------------------------------------------------------------------------
    # Life cycle

    def start(self) -> None:
        """
        Open the store, start the threads and resume unfinished tasks.

        :raises StoreError: the store can neither be opened nor be moved aside and replaced by a new one, or its folder
            cannot be written.
        """
        if self._started:
            return
        # Connections and children end at any time.
        broken_pipes.become_errors()
        data_dir = self._settings.data_dir
        owners = data_dir / "owners"
        self.store = store = Store(data_dir, partial(someone_is_alive, owners))
        try:
            self._owner = Owner(owners)
        except StoreError:
            store.close()
            raise
        self._context = context = EngineContext(self._settings, store, self._owner, self._make_client)
        self.gate = context.gate
        self._task_cache = TaskCache()
        self.imports = ImportQueue(context, self._task_cache, self._edit)
        self._steps = Steps(context, self._converter, self._preparer, self._schedule)
        self._queues = WorkQueues(self._steps, partial(context.broke_down, "threads"))
        self._queries = ServiceQueries(context)
        self.pages = PageReader(store, self._task_cache)
        self._supervisor = Supervisor(context, self._steps.transitions, self._schedule, self._queues.poll_within)
        self._main_thread = threading.get_ident()
        self._task_cache.load(store)
        for record in self._task_cache.all():
            self.imports.update(record)
        self._started = True
        self._rights = tighten_soon(data_dir, self._settings.download_dir, context.stop)
        self._supervisor.start()
        self._queries.find_lost()

    def shutdown(self, timeout_s: float = 1.0) -> None:
        """Abort requests, stop threads within ``timeout_s``, release the leases. Work resumes at the next start."""
        if not self._started or self._stopped:
            return
        self._stopped = True
        deadline_s = time.monotonic() + timeout_s
        self._context.cancel_requests()
        self._queues.stop()
        self._queries.stop()
        self.pages.stop()
        self._supervisor.wake()
        late = self._supervisor.join(deadline_s) + self._queues.join(deadline_s)
        late += self.pages.join(deadline_s) + self._context.seals.join(deadline_s)
        late += self._queries.join(max(0.0, deadline_s - time.monotonic()))
        self._rights.join(max(0.0, deadline_s - time.monotonic()))
        close(self._converter)
        if late:
            log.warning("still running after %.1f s: %s", timeout_s, ", ".join(thread.name for thread in late))
        try:
            if not self._context.store.read_only:
                self._context.store.release(self._owner.name)
        except TriverseError as error:
            log.info("leases were not given back, they expire: %s", error)
        self._context.store.close()
        self._owner.close()

    def configure(self, settings: Settings) -> None:
        """Apply new settings. Tasks that waited for a key or for online access are tried again at once."""
        if settings == self._settings:
            return
        self._settings = settings
        if self._started:
            self._context.configure(settings)
            self._queues.run_now()
            self._supervisor.wake()
            self._queries.find_lost()

    @property
    def settings(self) -> Settings:
        """The current settings."""
        return self._settings

    def _schedule(self, record: TaskRecord, after_s: float) -> None:
        self._queues.schedule(record, after_s)

    # -------------------------------------------------------------------------
    # Queries to the service

    def find_tasks(self) -> None:
        """Search the service for tasks created elsewhere; a ``TaskChanged`` for each and ``TasksFound`` follow."""
        self._queries.find_tasks()

    def ask_quote(self, flow: str, values: Mapping[str, object]) -> int:
        """Request the price of a task. Returns a token; the answer arrives as a ``Quoted`` event with that token."""
        return self._queries.quote(flow, dict(values))

    def ask_balance(self) -> None:
        """
        Request the account's balance. The answer arrives as a ``BalanceKnown`` event.

        There is no answer if key or address change before it arrives.
        """
        self._queries.balance()

    def test_key(self) -> None:
        """
        Test the API key. The answer arrives as a ``KeyTested`` event.

        There is no answer if key or address change before it arrives.
        """
        self._queries.test_key()

    # -------------------------------------------------------------------------
    # The pump

    def pump(
        self, budget_s: float, importer: Importer | None = None, wait_reason: WaitReason | None = None
    ) -> PumpReport:
        """
        Process the events of the workers, and import at most one model.

        :param budget_s: time limit in seconds for the events; an import may take longer.
        :param importer: imports a model; None while importing is not possible.
        :param wait_reason: called before each import, before the store is read; see
            :data:`import_queue.WaitReason`.
        :returns: the events for the driver, and whether more are pending.
        """
        deadline_s = time.monotonic() + budget_s
        heard: list[Event] = []
        queue = self._context.events
        more = False
        while queue:
            event = queue.popleft()
            if isinstance(event, TaskChanged):
                if self._task_cache.put(event.record, only_newer=event.is_read):
                    heard.append(event)
                # A record that is old and finished does not stay in the cache.
                self.imports.update(self._task_cache.get(event.record.id) or event.record)
            elif not self._is_about_another_account(event):
                if isinstance(event, TaskForgotten):
                    self._task_cache.forget(event.id)
                    self.imports.forget(event.id)
                heard.append(event)
            if time.monotonic() > deadline_s:
                more = bool(queue)
                break
        if importer is not None and len(self.imports) and not more:
            self.imports.pump(importer, wait_reason, deadline_s)
            more = bool(queue)
        return PumpReport(tuple(heard), more)

    def _is_about_another_account(self, event: Event) -> bool:
        """Return True for an answer that was requested before key or address changed."""
        return isinstance(event, BalanceKnown | KeyTested) and event.account_number != self._context.account_number

    @property
    def has_events(self) -> bool:
        """Whether :meth:`pump` has an event to process."""
        return bool(self._context.events)

    # -------------------------------------------------------------------------
    # Reads

    def tasks(self) -> Sequence[TaskRecord]:
        """Return the unfinished tasks and the newest finished ones from memory, newest first."""
        return self._task_cache.all()

    @property
    def has_tasks(self) -> bool:
        """Whether there is any task. For drawing: does not make the list that :meth:`tasks` returns."""
        return bool(len(self._task_cache))

    def get(self, task_id: str) -> TaskRecord | None:
        """Return a task from memory or, if it is not there, from the store."""
        return self._task_cache.get(task_id) or self._context.store.get(task_id)

    @property
    def task_cache(self) -> TaskCache:
        """The list of tasks in memory, for reading."""
        return self._task_cache

    def find_by_order_id(self, client_order_id: str) -> TaskRecord | None:
        """Return the task with this ``client_order_id``, or with that of one of its retries, from the store."""
        return self._context.store.find_by_order_id(client_order_id)

    def history(self, task_id: str) -> Sequence[HistoryLine]:
        """Return the history of a task, oldest line first."""
        return self._context.store.history(task_id)

    @property
    def active_count(self) -> int:
        """Number of active tasks, including models about to be imported but not those whose import has to wait."""
        return self._task_cache.unfinished_count + self.imports.new_count

    @property
    def live(self) -> bool:
        """Whether the WebSocket is connected."""
        return self._context.live

    def blocked(self) -> tuple[BlockReason, Sentence | None]:
        """Return what blocks all requests (no key, a rejected key, no online access), with a message."""
        return self._context.gate.problem()

    def unstored(self) -> Sentence | None:
        """Return why the last step of some task could not be written into the list; None if each was."""
        return self._steps.unstored()

    @property
    def notice_problem(self) -> Sentence | None:
        """A message about a problem of the store; None if there is none."""
        return self._context.store.problem
