# SPDX-License-Identifier: GPL-3.0-or-later
"""
What is done to many tasks at once, on a thread of its own, and the groups that tasks can be filtered by.

Floor: third. Thread: main; each job runs on the thread of :class:`JobQueue`. Imports no ``bpy``.

A store write takes milliseconds where it is flushed to the disk, so thousands of tasks would hold up the window. The
methods of the engine that are called here may be called from any thread.
"""

import dataclasses
import logging
from collections import deque
from collections.abc import Callable, Collection, MutableSequence, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...api.errors import TriverseError, UnforeseenError
from ...api.sentence import Sentence
from ...api.unexpected_errors import UNFORESEEN
from ...batch.run.dispatcher import BATCH_ORIGIN
from ...scripting.job_queue import JobQueue
from ...tasks.record.events import Event, Notice, TaskChanged, TaskForgotten
from ...tasks.record.record import FAILED_STAGES, UNFINISHED, Origin, Placement, Stage, TaskRecord
from ...tasks.store import marks
from ...tasks.store.query import Query, find_ids
from .selection import Selection

if TYPE_CHECKING:
    from ...tasks.engine.engine import Engine
    from ...tasks.engine.import_queue import Change

_log = logging.getLogger(__name__)

#: More than any list holds.
_ALL = 10_000_000

#: Stages in which a model is in the scene, or will not come there.
_NOT_TO_IMPORT = FAILED_STAGES | {Stage.IMPORTED, Stage.DONE}

#: What is done to one task. Returns whether it applied to the task.
Step = Callable[[TaskRecord], bool]
#: Returns what is said at the end of a job, from the number of tasks to which it applied and the number of all.
End = Callable[[int, int], Sentence]


@dataclass
class Progress:
    """
    How far a job is. The job's thread writes it, the panel reads it.

    :ivar sentence: what is being done.
    :ivar total: number of tasks; 0 until it is known.
    :ivar seen: number of tasks looked at.
    :ivar done: number of tasks to which it applied.
    :ivar is_cancelled: set by the main thread to end the job after its present task.
    """

    sentence: Sentence
    total: int = 0
    seen: int = 0
    done: int = 0
    problem: Sentence | None = None
    is_cancelled: bool = False


class ManyTasks:
    """Selection, jobs on many tasks, and groups, as a part of the session."""

    def __init__(self, engine: "Engine") -> None:
        self.selection = Selection()
        self.progress: Progress | None = None
        """The job at work; None if there is none."""
        self.groups = marks.Groups()
        """Projects, tags and files, as read last."""
        self.pending_notices: deque[Notice] = deque()
        """Notices that the session has not shown yet."""
        self._engine = engine
        self._jobs: JobQueue[None] = JobQueue("triverse-many")
        self._reads: JobQueue[bool] = JobQueue("triverse-groups")
        """Reads of the store. Those of the groups are tagged with True."""
        self._to_import: set[str] = set()
        """Tasks whose models the jobs have had imported, and that are not in the scene yet."""
        self._import_notices: list[Notice] = []
        """What is told of them in the panel, until they are."""
        self._groups_version = -1
        self._are_groups_wanted = False
        self._is_reading_groups = False

    # -------------------------------------------------------------------------
    # Selection

    def select_all(self, query: Query) -> None:
        """Select all tasks that match, on all pages. They are read on the thread."""
        self._read_ids(query, lambda ids: self.selection.replace(ids))

    def select_range(self, query: Query, page_ids: Sequence[str], task_id: str, *, keep: bool) -> None:
        """
        Select all tasks from the anchor to a task. If the anchor is on another page, they are read on the thread.

        :param page_ids: the ids of the page that is shown, in order.
        :param keep: keep what is selected besides.
        """
        selection = self.selection
        if selection.add_range(page_ids, task_id, keep=keep):
            return
        # Meanwhile, the chosen task is taken for the only one that is selected.
        anchor, kept = selection.anchor, selection.ids if keep else ()

        def then(ids: Sequence[str]) -> None:
            selection.replace(kept)
            selection.anchor = anchor
            if not selection.add_range(ids, task_id, keep=True):
                selection.only(task_id)

        self._read_ids(query, then)

    def _read_ids(self, query: Query, then: Callable[[Sequence[str]], None]) -> None:
        store = self._engine.store
        self._reads.start(lambda: store.read(lambda connection: find_ids(connection, query, 0, _ALL)), then, False)

    # -------------------------------------------------------------------------
    # Groups

    def wanted_groups(self) -> marks.Groups:
        """Return the groups as read last, and have them read again if tasks have changed. For drawing."""
        self._are_groups_wanted = self._are_groups_wanted or self._are_groups_old
        return self.groups

    @property
    def _are_groups_old(self) -> bool:
        return self._groups_version != self._engine.task_cache.list_version

    def _read_groups(self) -> None:
        self._are_groups_wanted = False
        if self._is_reading_groups or not self._are_groups_old:
            return
        self._is_reading_groups = True
        self._groups_version = self._engine.task_cache.list_version
        store = self._engine.store
        self._reads.start(lambda: store.read(marks.groups), self._take_groups, True)

    def _take_groups(self, groups: marks.Groups) -> None:
        self.groups = groups

    # -------------------------------------------------------------------------
    # Jobs

    def import_all(
        self, ids: Sequence[str], origin: Origin, placement: Placement, present: Collection[str], *, geometry_only: bool
    ) -> None:
        """
        Import the models of these tasks into the open scene, except those that are there already.

        :param origin: the open file and scene.
        :param placement: where a model goes that was imported before, or was made for another scene.
        :param present: the UUIDs of the models that are in the open file.
        """
        importing = self._importing(origin, placement, present, geometry_only=geometry_only)
        self._start(Sentence.of("Importing"), lambda: ids, importing, _imported)

    def import_all_ready(self, query: Query, origin: Origin, placement: Placement) -> None:
        """Import the models of all tasks that match and are ready. Those of a batch go into its library instead."""
        stages = frozenset({Stage.READY})
        ready = dataclasses.replace(query, stages=stages, followed=False, put_away=query.put_away or False)
        importing = self._importing(origin, placement, (), geometry_only=False)

        def step(record: TaskRecord) -> bool:
            return record.stage is Stage.READY and record.origin.session != BATCH_ORIGIN and importing(record)

        store = self._engine.store
        self._start(
            Sentence.of("Importing"),
            lambda: store.read(lambda connection: find_ids(connection, ready, 0, _ALL)),
            step,
            _imported,
        )

    def _importing(
        self, origin: Origin, placement: Placement, present: Collection[str], *, geometry_only: bool
    ) -> Step:
        # One model would stand in the other, or all would be fitted to one placeholder.
        apart = dataclasses.replace(placement, placeholder="", step_aside=True, replaces=None, instead_of="")

        def step(record: TaskRecord) -> bool:
            is_fetchable = record.stage in UNFINISHED and not record.following and record.service_status == "SUCCESS"
            if not (record.has_model or (is_fetchable and record.gives_model)) or record.task_uuid in present:
                return False
            self._to_import.add(record.id)
            is_first = record.imported_at_s is None and record.origin.scene_id == origin.scene_id
            self._engine.import_again(
                record.id,
                origin=origin,
                placement=record.placement if is_first else apart,
                geometry_only=geometry_only,
            )
            return True

        return step

    def retry(self, ids: Sequence[str]) -> None:
        """Retry those of these tasks that have failed."""

        def step(record: TaskRecord) -> bool:
            if record.stage not in FAILED_STAGES:
                return False
            self._engine.retry(record.id)
            return True

        self._start(Sentence.of("Retrying"), lambda: ids, step, _retried)

    def remove(self, ids: Sequence[str], *, delete_files: bool) -> None:
        """Take these tasks off the list."""

        def step(record: TaskRecord) -> bool:
            self._engine.forget(record.id, delete_files=delete_files)
            return True

        self._start(Sentence.of("Taking off the List"), lambda: ids, step, _removed)

    def mark(self, ids: Sequence[str], edit: "Change") -> None:
        """
        Change star, tags or project of these tasks, or whether they are put away.

        :param edit: takes a record and returns it with other marks.
        """

        def step(record: TaskRecord) -> bool:
            self._engine.mark(record.id, edit)
            return True

        self._start(Sentence.of("Changing"), lambda: ids, step, None)

    def cancel(self) -> None:
        """End the job at work after its present task."""
        if self.progress is not None:
            self.progress.is_cancelled = True

    def _start(self, sentence: Sentence, ids: Callable[[], Sequence[str]], step: Step, end: End | None) -> None:
        """
        Start a job.

        :param ids: returns the ids of its tasks, on the thread.
        :param end: what is said at the end; None for nothing unless there was a problem.
        """
        progress = Progress(sentence)
        self._jobs.start(lambda: self._work(progress, ids, step), lambda _: self._ended(progress, end), None)

    def _work(self, progress: Progress, ids: Callable[[], Sequence[str]], step: Step) -> None:
        self.progress = progress
        try:
            tasks = ids()
            progress.total = len(tasks)
            for task_id in tasks:
                if progress.is_cancelled:
                    return
                self._do(progress, task_id, step)
        except TriverseError as error:
            progress.problem = error.sentence

    def _do(self, progress: Progress, task_id: str, step: Step) -> None:
        progress.seen += 1
        try:
            record = self._engine.store.get(task_id)
            if record is not None and step(record):
                progress.done += 1
        except TriverseError as error:
            self._to_import.discard(task_id)
            progress.problem = error.sentence

    def _ended(self, progress: Progress, end: End | None) -> None:
        if self.progress is progress:
            self.progress = None
        if progress.problem is not None:
            self.pending_notices.append(Notice("WARNING", progress.problem))
        if end is None:
            return
        notice = Notice("INFO", end(progress.done, progress.total))
        if end is _imported and progress.done:
            if not self._to_import:
                return  # all of them are in the scene already
            self._import_notices.append(notice)
        self.pending_notices.append(notice)

    def heed(self, event: Event, notices: MutableSequence[Notice]) -> None:
        """
        Take back what was told of an import when its models are in the scene, and forget what is taken off the list.

        :param notices: those of the panel.
        """
        if isinstance(event, TaskForgotten):
            self.selection.discard(event.id)
            self._to_import.discard(event.id)
        elif isinstance(event, TaskChanged) and (event.record.stage in _NOT_TO_IMPORT or not event.record.following):
            self._to_import.discard(event.record.id)
        if self._to_import or not self._import_notices:
            return
        for notice in self._import_notices:
            if notice in notices:
                notices.remove(notice)
        self._import_notices.clear()

    # -------------------------------------------------------------------------
    # The tick

    @property
    def needs_ticks(self) -> bool:
        """True while a job is at work or waits, so that ticks are needed at short intervals."""
        return self._jobs.is_pending or self._reads.is_pending or self._are_groups_wanted

    def tick(self) -> bool:
        """Take over the results of jobs; return whether anything visible has changed."""
        if self._are_groups_wanted:
            self._read_groups()
        changed = self.progress is not None
        while (job := self._jobs.take() or self._reads.take()) is not None:
            changed = True
            if job.tag:
                # Also if they could not be read: the next change of a task tries again.
                self._is_reading_groups = False
            try:
                job.deliver()
            except TriverseError as error:
                self.pending_notices.append(Notice("WARNING", error.sentence))
            except UNFORESEEN as error:
                # Report any error, so that the ticks go on.
                _log.exception("A job on many tasks failed")
                self.pending_notices.append(Notice("ERROR", UnforeseenError(error).sentence))
        return changed

    def shutdown(self) -> None:
        """End the job at work, and wait for the thread. What was not done is not done later."""
        self.cancel()
        self._jobs.shutdown()
        self._reads.shutdown()


def _imported(done: int, total: int) -> Sentence:
    if not done:
        return Sentence.of("Nothing is imported: no model of these tasks is ready, or it is in this file already.")
    return Sentence.of("{done} of {total} {total|model is|models are} being imported.", done=done, total=total)


def _retried(done: int, total: int) -> Sentence:
    return Sentence.of("{done} of {total} {total|task is|tasks are} tried again.", done=done, total=total)


def _removed(done: int, total: int) -> Sentence:
    return Sentence.of("{done} of {total} {total|task was|tasks were} taken off the list.", done=done, total=total)
