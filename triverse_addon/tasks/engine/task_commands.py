# SPDX-License-Identifier: GPL-3.0-or-later
"""
What a driver can do to tasks: order, follow, retry, import again, remove.

Nothing here waits for the network: a command is written to the store, and a worker picks it up.

Floor: first. Thread: see ``engine``. No ``bpy``.
"""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ...api.errors import InputError
from ...api.flows import FLOWS
from ...api.sentence import Sentence
from ...api.urls import check_task_uuid
from ..files.removal import delete_soon
from ..preparer import Preparer
from ..record.events import TaskForgotten
from ..record.provenance import short_name
from ..record.record import FAILED_STAGES, Origin, Placement, Stage, TaskRecord, TaskRequest, new_id
from ..store.errors import NoSuchTaskError
from ..store.lease import LEASE_S, Owner
from .context import EngineContext
from .import_queue import Change, ImportQueue, files_are_there, imported_changes
from .new_record import record_of_request
from .retry import ready_to_import, request_from, retried, without_work
from .service_updates import record_of_uuid
from .steps import Steps
from .task_cache import TaskCache
from .work_queues import WorkQueues

#: Time between the tasks that are stored together, in seconds: by this, a list keeps their order.
_APART_S = 0.001


class TaskCommands:
    """The commands of an engine. The engine sets what they work on when it is started."""

    _context: EngineContext
    _owner: Owner
    _task_cache: TaskCache
    imports: ImportQueue
    _queues: WorkQueues
    _steps: Steps
    _preparer: Preparer | None
    _main_thread: int

    def submit(self, request: TaskRequest) -> TaskRecord:
        """
        Store a new task. A worker sends it to the service later.

        :raises InputError: a field has an invalid value; nothing was written or sent.
        :raises StoreError: the store cannot be written; nothing was sent.
        """
        return self._added(record_of_request(request, self._preparer, self._context.settings.api_url))[0]

    def submit_all(self, requests: Sequence[TaskRequest]) -> list[TaskRecord]:
        """
        Store several new tasks in one transaction, as for the variants of one wish. The first is the newest.

        :raises InputError: a field has an invalid value; nothing was written or sent.
        :raises StoreError: the store cannot be written; nothing was sent.
        """
        made = [record_of_request(one, self._preparer, self._context.settings.api_url) for one in requests]
        # From one time on: on a busy machine, making the records takes longer than they are apart.
        return self._added(
            *(record.with_(created_at_s=made[0].created_at_s - at * _APART_S) for at, record in enumerate(made))
        )

    def _added(self, *records: TaskRecord) -> list[TaskRecord]:
        added = self._context.store.add_all(records, owner=self._owner.name, lease_s=LEASE_S)
        for stored, record in zip(added, records, strict=True):
            self._show(stored)
            if stored.id == record.id:
                self._queues.schedule(stored, 0.0)
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
        return self._added(record_of_uuid(uuid, record_id=new_id()).with_(**wanted))[0]

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
        self._show(change(task_id, lambda newest: newest.with_(**held) if newest.is_unsent else None))

    def cancel(self, task_id: str) -> bool:
        """
        Cancel an order that was never sent. It costs nothing, and Retry orders it anew.

        :returns: False if it was sent in the meantime; then nothing was changed.
        :raises TriverseError: the task was removed from the list, or the store cannot be written.
        """
        sentence = Sentence.of("You cancelled this before it was sent. Press Retry to order it.")
        cancelled = {"stage": Stage.CANCELLED, "is_final": True, "error": sentence, "status_note": None}
        # What sends an order first notes that it does, in a transaction that needs the lease, which ends with this one.
        record = self._edit(task_id, lambda newest: newest.with_(**cancelled) if newest.is_unsent else None)
        return record.stage is Stage.CANCELLED

    def mark_stored(self, task_id: str, name: str, thumbnail_path: str = "") -> None:
        """
        Mark a READY task as imported because its model was written into an asset library.

        :param thumbnail_path: path of the asset's thumbnail; "" if there is none.
        :raises TriverseError: the task was removed from the list, or the store cannot be written.
        """
        changes = imported_changes(name)
        sentence = Sentence.of("Written into the asset library as “{name}”.", name=name)
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

    def mark(self, task_id: str, edit: Change) -> TaskRecord:
        """
        Change what helps to find a task: star, tags, project, whether it is put away, the name of its file. Any thread.

        Not flushed to the disk: after a power cut, the last marks may be missing.

        :param edit: takes the stored record and returns it with other marks.
        :raises TriverseError: the task was removed from the list, or the store cannot be written.
        """
        record = self._context.store.change(task_id, edit, durable=False)
        self._show(record)
        return record

    def rename(self, task_id: str, name: str) -> None:
        """Rename a task. A model that is imported later gets the new name. An empty name is ignored."""
        name = short_name(name)
        if name:
            self._edit(task_id, lambda newest: newest.with_(name=name))

    def group_of(self, task_id: str) -> list[TaskRecord]:
        """
        Return the variants that were ordered together with a task and are still in the list, in their order.

        :returns: with the task itself; nothing for a single task.
        :raises StoreError: the store cannot be read.
        """
        return self._context.store.find_group(self._known(task_id).group)

    def extend_group(self, group: str, count: int) -> None:
        """
        Note in the variants of a group that there are more of them than were ordered at first.

        :param count: how many there are now; fewer than before changes nothing.
        :raises StoreError: the store cannot be read or written.
        """
        store = self._context.store
        few = [record.id for record in store.find_group(group) if record.variants < count]
        for record in store.change_all(few, lambda newest: newest.with_(variants=count)):
            self._show(record)

    def keep_variant(self, task_id: str) -> None:
        """
        Keep one of the variants that were ordered together, and put the others away. They are not deleted.

        :raises TriverseError: the task was removed from the list, or the store cannot be written.
        """
        members = [record.id for record in self.group_of(task_id)]
        self._put_away(members or [task_id], lambda record: record.id != task_id)

    def put_away(self, task_id: str, *, is_away: bool = True) -> None:
        """
        Put a task away, so that the list shows it only when asked, or bring it back.

        :raises StoreError: the store cannot be written.
        """
        self._put_away([task_id], lambda _: is_away)

    def _put_away(self, task_ids: Sequence[str], is_away: Callable[[TaskRecord], bool]) -> None:
        store = self._context.store
        for record in store.change_all(task_ids, lambda newest: newest.with_(put_away=is_away(newest))):
            self._show(record)

    def move(self, task_id: str, placement: Placement, origin: Origin) -> None:
        """
        Change where the model of a task will be placed. A task whose model was imported or failed is left unchanged.

        :param origin: the .blend file and scene to import into.
        :raises TriverseError: the task was removed from the list, or the store cannot be written.
        """

        def moved(newest: TaskRecord) -> TaskRecord | None:
            if newest.stage in (Stage.IMPORTED, Stage.DONE) or newest.stage in FAILED_STAGES:
                return None
            return newest.with_(placement=placement, origin=origin, auto_import=True)

        record = self._edit(task_id, moved)
        self.imports.update(record)
        self.imports.try_now(task_id)

    def forget(self, task_id: str, *, delete_files: bool = False) -> None:
        """
        Remove a task from the list. On other threads than the main thread, it leaves the memory at the next pump.

        :param delete_files: also delete its folder, in a worker thread.
        """
        record = self._context.store.remove(task_id)
        self._context.unfollowed_ids.add(task_id)
        if threading.get_ident() == self._main_thread:
            self._task_cache.forget(task_id)
            self.imports.forget(task_id)
        self._steps.forget(task_id)
        self._queues.discard(task_id)
        self._context.events.append(TaskForgotten(task_id))
        if record is not None and delete_files and record.folder:
            delete_soon(Path(record.folder), record.result_files)

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

        On other threads than the main thread, the model is queued at the next pump.

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
        if threading.get_ident() == self._main_thread:
            self.imports.update(record)
            self.imports.try_now(task_id)
        return record

    def work_on(self, task_id: str, placement: Placement, origin: Origin) -> TaskRecord:
        """
        Let a child Blender work on a task's model as :attr:`record.Placement.work` says, then import the result.

        It needs no network, unless the delivered file was deleted. A task without a model is left unchanged.

        :param placement: what to do, and where the result is placed.
        :param origin: the .blend file and scene to import into.
        :raises TriverseError: the task was removed from the list, or the store cannot be written.
        """
        changes: dict[str, Any] = {
            "stage": Stage.CONVERTING,
            "placement": placement,
            "origin": origin,
            "auto_import": True,
            "following": True,
            "geometry_only": False,
            "attempts": 0,
            "status_note": None,
        }
        return self._edit(
            task_id,
            lambda newest: newest.with_(**changes) if newest.has_model else None,
            ("INFO", Sentence.of("Blender works on the model.")),
        )

    def stop_work(self, task_id: str) -> None:
        """
        Stop what :meth:`work_on` began. The task has its model as before.

        :raises TriverseError: the task was removed from the list, or the store cannot be written.
        """
        # First in the store: what is stopped afterwards is not begun again.
        self._edit(task_id, lambda newest: newest.with_(**without_work(newest)) if newest.is_worked_on else None)
        self._context.stop_work(task_id)

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
            self._queues.schedule(record, 0.0)
        return record
