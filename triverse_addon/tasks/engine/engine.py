# SPDX-License-Identifier: GPL-3.0-or-later
"""
The engine follows tasks from the request to the imported model, for a window and for a script.

It owns the worker threads. The driver calls :meth:`Engine.pump` at regular intervals.

Floor: first. Thread: all public methods must be called from the main thread, except those that a batch calls from a
thread of its own: ``submit``, ``track`` without import, ``retry``, ``resume_following``, ``cancel_unsent``,
``mark_stored``, ``find_by_order_id``. No ``bpy``.

::

    store  <- submit()                 workers: prepare, send, upload, watch, download, convert
      |                                      |
      +--> queues -> Steps.run(task) --------+--> events --> pump() --> task list, importer

Nothing here waits for the network: a request is written to the store, and a worker picks it up.
"""

import logging
import os
import threading
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ...api.errors import InputError, TriverseError
from ...api.flows import FLOWS, check, flow_named
from ...api.sentence import Sentence
from ...api.urls import check_task_uuid
from ..converter import Converter
from ..events import Event, PumpReport, TaskChanged, TaskForgotten
from ..preparer import Preparer, check_request_sources
from ..private_files import tighten_soon
from ..provenance import name_for, short_name
from ..record import FAILED_STAGES, NOT_SENT, Origin, Placement, Stage, TaskRecord, TaskRequest, is_url, new_id, now_s
from ..removal import delete_soon
from ..settings import Settings
from ..store.errors import NoSuchTaskError
from ..store.lease import LEASE_S, Owner
from ..store.rows import HistoryLine
from ..store.store import Store
from .context import EngineContext, MakeClient, make_client
from .import_queue import Change, Importer, ImportQueue, WaitReason, files_are_there, imported_changes
from .page_reader import PageReader
from .request_gate import BlockReason
from .retry import ready_to_import, request_from, retried
from .service_queries import ServiceQueries
from .service_updates import record_of_uuid
from .steps import QUEUE_FOR_STAGE, Steps
from .supervisor import Supervisor
from .task_cache import TaskCache
from .work_queue import WorkQueue

log = logging.getLogger(__name__)

#: Number of worker threads for each kind of work. Uploads are limited by the service (10 a minute), downloads by the
#: network, conversions by memory: a child Blender that holds a model of 1.5 million triangles uses 2 to 3 GB.
_THREADS = {"prepare": 2, "send": 2, "upload": 2, "watch": 3, "download": 3, "convert": 1}


class Engine:
    """
    Follows tasks from the request to the imported model.

    :param settings: the initial settings; :meth:`configure` replaces them.
    :param converter: see :mod:`tasks.converter`; None where the driver imports GLBs itself.
    :param preparer: see :mod:`tasks.preparer`; None where source files are uploaded unchanged.
    :param make_client: creates the API client. Called on first use, in a worker thread.
    :ivar store: the task database, for reading. Set by :meth:`start`, like ``pages``.
    :ivar pages: reads pages of the task list.
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

        :raises StoreError: the store can neither be opened nor be moved aside and replaced by a new one.
        """
        if self._started:
            return
        data_dir = self._settings.data_dir
        self.store = store = Store(data_dir)
        self._owner = Owner(data_dir / "owners")
        self._context = context = EngineContext(self._settings, store, self._owner, self._make_client)
        self._task_cache = TaskCache()
        self._imports = ImportQueue(context, self._task_cache, self._edit)
        self._steps = Steps(context, self._converter, self._preparer, self._schedule)
        give_up, cannot_start = self._steps.give_up, partial(context.broke_down, "threads")
        self._queues = {
            name: WorkQueue(name, size, partial(self._steps.run, name), give_up, cannot_start)
            for name, size in _THREADS.items()
        }
        self._queries = ServiceQueries(context)
        self.pages = PageReader(store, self._task_cache)
        self._supervisor = Supervisor(
            context, self._steps, self._schedule, self._queues[QUEUE_FOR_STAGE[Stage.WAITING]].run_within
        )
        self._main_thread = threading.get_ident()
        self._task_cache.load(store)
        for record in self._task_cache.all():
            self._imports.update(record)
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
        for queue in self._queues.values():
            queue.stop()
        self._queries.stop()
        self.pages.stop()
        self._supervisor.wake()
        late = self._supervisor.join(deadline_s)
        for queue in self._queues.values():
            late += queue.join(deadline_s)
        late += self.pages.join(deadline_s)
        late += self._queries.join(max(0.0, deadline_s - time.monotonic()))
        self._rights.join(max(0.0, deadline_s - time.monotonic()))
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
            for queue in self._queues.values():
                queue.run_within()
            self._supervisor.wake()
            self._queries.find_lost()

    @property
    def settings(self) -> Settings:
        """The current settings."""
        return self._settings

    def _schedule(self, record: TaskRecord, after_s: float) -> None:
        queue = QUEUE_FOR_STAGE.get(record.stage)
        if queue is not None:
            self._queues[queue].schedule(record.id, after_s)

    # -------------------------------------------------------------------------
    # Requests

    def submit(self, request: TaskRequest) -> TaskRecord:
        """
        Store a new task. A worker sends it to the service later.

        :raises InputError: a field has an invalid value; nothing was written or sent.
        :raises StoreError: the store cannot be written; nothing was sent.
        """
        flow = flow_named(request.flow)
        params = check(request.flow, request.values)
        sources = {name: str(source) for name, source in request.sources.items() if str(source).strip()}
        check_request_sources(flow, sources, self._preparer, self.settings.api_url)
        record_id = new_id()
        name = short_name(request.name) or name_for(params, sources, flow.name)
        record = TaskRecord(
            id=record_id,
            flow=flow.name,
            name=name,
            params=params,
            sources={name: source if is_url(source) else os.path.abspath(source) for name, source in sources.items()},
            client_order_id=request.client_order_id or record_id,
            allow_duplicate=request.allow_duplicate,
            created_at_s=now_s(),
            auto_import=request.auto_import,
            convert=request.convert,
            origin=request.origin,
            placement=request.placement,
        )
        return self._added(record)

    def _added(self, record: TaskRecord) -> TaskRecord:
        added = self._context.store.add(record, owner=self._owner.name, lease_s=LEASE_S)
        self._show(added)
        if added.id == record.id:
            self._schedule(added, 0.0)
        return added

    def _show(self, record: TaskRecord) -> None:
        """Publish a record's new state; the list in memory has it at once on the main thread, else at the next pump."""
        if threading.get_ident() == self._main_thread:
            self._task_cache.put(record)
        self._context.changed(record)

    def track(
        self,
        uuids: Sequence[str],
        *,
        origin: Origin | None = None,
        placement: Placement | None = None,
        auto_import: bool = True,
    ) -> list[TaskRecord]:
        """
        Follow tasks that were created elsewhere, or that are in the list but not followed.

        :param uuids: the service's task UUIDs.
        :param auto_import: import each model when it is ready. Models that are ready already are imported again.
        :raises InputError: (field ``uuids``) one of them is not a UUID; nothing was added.
        :raises StoreError: the store cannot be written.
        """
        checked = list(dict.fromkeys(check_task_uuid(text.strip()) for text in uuids if text.strip()))
        if not checked:
            raise InputError(Sentence.of("Enter the uuid of a task."), field="uuids")
        return [self._track(uuid, origin or Origin(), placement or Placement(), auto_import) for uuid in checked]

    def _track(self, uuid: str, origin: Origin, placement: Placement, auto_import: bool) -> TaskRecord:
        wanted = {"origin": origin, "placement": placement, "auto_import": auto_import}
        known = self._context.store.find_by_uuid(uuid)
        if known is not None:
            if known.stage in (Stage.READY, Stage.IMPORTED) and auto_import:
                return self.import_again(known.id, origin=origin, placement=placement)

            def follow(newest: TaskRecord) -> TaskRecord:
                again = None if newest.is_final else retried(newest, has_files=files_are_there(newest))
                return (again or newest).with_(following=True, **wanted)

            return self._edit(known.id, follow)
        return self._added(record_of_uuid(uuid, record_id=new_id()).with_(**wanted))

    def retry(self, task_id: str) -> TaskRecord:
        """
        Retry a failed task from the stage that failed.

        A new order is placed only if the service has rejected, failed or cancelled the old one. A task that did not
        fail is returned unchanged.

        :raises InputError: (field ``flow``) a new order would be needed, but the task's flow is unknown here.
        :raises TriverseError: the task was removed from the list, or the store cannot be written.
        """
        record = self._known(task_id)
        if record.stage not in FAILED_STAGES:
            return record
        if record.is_final and record.flow not in FLOWS:
            raise InputError(
                Sentence.of("This task was made elsewhere. To order it again, choose Use These Inputs Again."),
                field="flow",
            )
        # Computed from the stored state, in one transaction: another Blender may have retried the task already, and a
        # second click must not drop the UUID of the new order.
        return self._edit(task_id, lambda newest: retried(newest, has_files=files_are_there(newest)))

    def request_from(self, task_id: str) -> TaskRequest:
        """
        Return a task's request, to be edited and submitted as a new task.

        :raises NoSuchTaskError: the task was removed from the list.
        """
        return request_from(self._known(task_id))

    def stop_following(self, task_id: str) -> None:
        """Stop following a task. The service has no cancel: the task continues there and may be charged."""
        self._edit(task_id, lambda newest: newest.with_(following=False, status_note=None))
        self._context.unfollowed_ids.add(task_id)

    def resume_following(self, task_id: str) -> None:
        """Follow a task again after :meth:`stop_following` or :meth:`cancel_unsent`."""
        self._edit(task_id, lambda newest: newest.with_(following=True))

    def cancel_unsent(self, task_id: str) -> None:
        """Keep a task from being sent if nothing of it was sent yet. Any other task is left unchanged."""
        held = {"following": False, "status_note": None}
        change = self._context.store.change
        self._show(change(task_id, lambda newest: newest.with_(**held) if newest.stage in NOT_SENT else None))

    def mark_stored(self, task_id: str, name: str, thumbnail_path: str = "") -> None:
        """
        Mark a READY task as imported because its model was written into an asset library.

        :param thumbnail_path: path of the asset's thumbnail; "" if there is none.
        :raises TriverseError: the task was removed from the list, or the store cannot be written.
        """
        changes, sentence = imported_changes(name), Sentence.of("Written into the asset library as {name}.", name=name)
        if thumbnail_path:
            changes["thumbnail_path"] = thumbnail_path
        record = self._context.store.change(
            task_id,
            lambda newest: newest.with_(**changes) if newest.stage is Stage.READY else None,
            history=("INFO", sentence),
        )
        self._show(record)

    def redownload(self, task_id: str) -> None:
        """
        Download a model again after its files were deleted. It is not imported.

        :raises TriverseError: the task was removed from the list, or the store cannot be written.
        """
        self._edit(
            task_id,
            lambda newest: newest.with_(stage=Stage.DOWNLOADING, following=True, asset_urls={}, status_note=None),
        )

    def rename(self, task_id: str, name: str) -> None:
        """Rename a task. A model that is imported later gets the new name. An empty name is ignored."""
        name = short_name(name)
        if name:
            self._edit(task_id, lambda newest: newest.with_(name=name))

    def forget(self, task_id: str, *, delete_files: bool = False) -> None:
        """
        Remove a task from the list.

        :param delete_files: also delete its folder, in a worker thread.
        """
        record = self._context.store.remove(task_id)
        self._context.unfollowed_ids.add(task_id)
        self._task_cache.forget(task_id)
        self._imports.forget(task_id)
        for queue in self._queues.values():
            queue.discard(task_id)
        self._context.events.append(TaskForgotten(task_id))
        if record is not None and delete_files and record.folder:
            delete_soon(Path(record.folder))

    def import_again(
        self,
        task_id: str,
        *,
        placement: Placement | None = None,
        origin: Origin | None = None,
        geometry_only: bool = False,
    ) -> TaskRecord:
        """
        Import a task's model, for the first time or again. Files that are on disk are not downloaded again.

        :param placement: where to place it; None keeps the stored placement.
        :param origin: the .blend file and scene to import into; None keeps the stored one.
        :param geometry_only: leave out materials and textures.
        :raises TriverseError: the task was removed from the list, or the store cannot be written.
        """
        changes: dict[str, Any] = {
            "auto_import": True,
            "following": True,
            "status_note": None,
            "geometry_only": geometry_only,
        }
        if placement is not None:
            changes["placement"] = placement
        if origin is not None:
            changes["origin"] = origin

        record = self._edit(
            task_id, lambda newest: ready_to_import(newest, has_files=files_are_there(newest)).with_(**changes)
        )
        self._imports.update(record)
        self._imports.try_now(task_id)
        return record

    def _known(self, task_id: str) -> TaskRecord:
        record = self._task_cache.get(task_id) or self._context.store.get(task_id)
        if record is None:
            raise NoSuchTaskError(Sentence.of("This task was taken off the list."))
        return record

    def _edit(self, task_id: str, edit: Change, history: tuple[str, Sentence] | None = None) -> TaskRecord:
        record = self._context.store.change(task_id, edit, history=history)
        self._show(record)
        if record.is_unfinished:
            self._context.unfollowed_ids.discard(task_id)
            owner = self._owner
            self._context.store.claim(owner.name, LEASE_S, is_dead=owner.is_dead, task_ids=[task_id])
            self._schedule(record, 0.0)
        return record

    # -------------------------------------------------------------------------
    # Queries to the service

    def find_tasks(self) -> None:
        """Search the service for tasks created elsewhere; a ``TaskChanged`` for each and ``TasksFound`` follow."""
        self._queries.find_tasks()

    def ask_quote(self, flow: str, values: Mapping[str, object]) -> int:
        """Request the price of a task. Returns a token; the answer arrives as a ``Quoted`` event with that token."""
        return self._queries.quote(flow, dict(values))

    def ask_balance(self) -> None:
        """Request the account's balance. The answer arrives as a ``BalanceKnown`` event."""
        self._queries.balance()

    def test_key(self, api_key: str | None = None) -> None:
        """Test an API key (None: the current one). The answer arrives as a ``KeyTested`` event."""
        self._queries.test_key(api_key)

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
                if (known := self._task_cache.get(event.record.id)) is not None:
                    self._imports.update(known)
            else:
                if isinstance(event, TaskForgotten):
                    self._task_cache.forget(event.id)
                    self._imports.forget(event.id)
                heard.append(event)
            if time.monotonic() > deadline_s:
                more = bool(queue)
                break
        if importer is not None and len(self._imports) and not more:
            self._imports.pump(importer, wait_reason, deadline_s)
            more = bool(queue)
        return PumpReport(tuple(heard), more)

    # -------------------------------------------------------------------------
    # Reads

    def tasks(self) -> Sequence[TaskRecord]:
        """Return the unfinished tasks and the newest finished ones from memory, newest first."""
        return self._task_cache.all()

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
        return self._task_cache.unfinished_count + self._imports.new_count

    @property
    def live(self) -> bool:
        """Whether the WebSocket is connected."""
        return self._context.live

    def blocked(self) -> tuple[BlockReason, Sentence | None]:
        """Return what blocks all requests (no key, a rejected key, no online access), with a message."""
        return self._context.gate.problem()

    @property
    def notice_problem(self) -> Sentence | None:
        """A message about a problem of the store; None if there is none."""
        return self._context.store.problem
