# SPDX-License-Identifier: GPL-3.0-or-later
"""
The queue of models to import, and the handling of each result.

Floor: first. Thread: main only. No ``bpy``: the import itself is a callback of the driver.
"""

import contextlib
import dataclasses
import heapq
import itertools
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...api.backoff import backoff_s
from ...api.errors import TriverseError
from ...api.sentence import Sentence
from ..files.seals import Seal
from ..record.processing import PLAIN
from ..record.record import Stage, TaskRecord, now_s
from ..store.errors import StoreError
from ..store.lease import LEASE_S
from .context import EngineContext
from .retry import without_work
from .task_cache import TaskCache

log = logging.getLogger(__name__)

#: First and longest delay before a waiting import is tried again, in seconds: shorter than those of requests, because
#: the user waits for it, and because a try costs nothing.
_FIRST_RETRY_S = 0.5
_LONGEST_RETRY_S = 4.0
#: Least delay for each model that waits, in seconds: where thousands wait for other files, their tries must not fill
#: the main thread's time.
_TRY_S = 0.004
#: Pause between two looks at a checksum that is being computed, in seconds.
_SEAL_PAUSE_S = 0.005


@dataclass(frozen=True, slots=True)
class Imported:
    """
    The model was imported into the scene.

    :ivar collection_name: name of its collection.
    :ivar history: lines for the task's history, each a level and a sentence.
    """

    collection_name: str
    history: tuple[tuple[str, Sentence], ...] = ()


@dataclass(frozen=True, slots=True)
class Later:
    """The import cannot be done now and is tried again later; the sentence is the reason."""

    sentence: Sentence


@dataclass(frozen=True, slots=True)
class Failed:
    """The model cannot be imported; the sentence is the reason."""

    sentence: Sentence


@dataclass(frozen=True, slots=True)
class ConvertAgain:
    """
    The .blend does not match this scene or this Blender, but its GLB is available: convert it again, then import it.

    :ivar sentence: the reason, for the task's history. It becomes the error if the new .blend does not match either.
    :ivar unit_m: length of one Blender unit in the scene, in metres.
    :ivar frames_per_s: frame rate of the scene.
    """

    sentence: Sentence
    unit_m: float
    frames_per_s: float


ImportOutcome = Imported | Later | Failed | ConvertAgain
#: Imports one model, in the main thread.
Importer = Callable[[TaskRecord], ImportOutcome]
#: Takes the stored record and returns the changed one, or None to leave it unchanged.
Change = Callable[[TaskRecord], TaskRecord | None]
#: Changes a record in the store, and adds a level and a sentence to its history.
Edit = Callable[[str, Change, tuple[str, Sentence]], TaskRecord]
#: Returns why a model cannot be imported now (another file is open, a render runs), or None if it can. Called often, so
#: it must be fast.
WaitReason = Callable[[TaskRecord], Sentence | None]


class ImportQueue:
    """The READY models that are to be imported into a scene, oldest first."""

    def __init__(self, context: EngineContext, task_cache: TaskCache, edit: Edit) -> None:
        """
        Create an empty queue.

        :param context: settings, store and event queue.
        :param task_cache: the list of tasks in memory.
        :param edit: changes a record, adds the sentence to its history, and schedules the next step.
        """
        self._context = context
        self._edit = edit
        self._converted_again: dict[str, ConvertAgain] = {}
        """Task id -> the reason of its second conversion; the same reason again is a failure."""
        self._task_cache = task_cache
        self._waiting: dict[str, tuple[float, int]] = {}
        """Task id -> (monotonic time of the next try, in seconds; number of tries)."""
        self._untried: set[str] = set()
        """Ids of the waiting tasks whose next try is the first."""
        self._heap: list[tuple[float, int, str]] = []
        """When each is tried next, the earliest first. An entry with another time than in ``_waiting`` is outdated."""
        self._numbers = itertools.count()

    def update(self, record: TaskRecord) -> None:
        """Add a record to the queue, or remove it, according to its current state."""
        if not record.waits_for_import:
            self._take_out(record.id)
            if record.stage not in (Stage.CONVERTING, Stage.DOWNLOADING):
                # It could not be converted. The user may ask for the same once more.
                self._converted_again.pop(record.id, None)
        elif record.id not in self._waiting:
            self._put_in(record.id, 0.0, 0)

    def try_now(self, task_id: str) -> None:
        """Try a waiting task again at the next pump."""
        if task_id in self._waiting:
            self._put_in(task_id, 0.0, 0)

    def forget(self, task_id: str) -> None:
        """Remove a task from the queue."""
        self._take_out(task_id)
        self._converted_again.pop(task_id, None)

    def _put_in(self, task_id: str, due_s: float, tries: int) -> None:
        self._waiting[task_id] = (due_s, tries)
        (self._untried.discard if due_s else self._untried.add)(task_id)
        heapq.heappush(self._heap, (due_s, next(self._numbers), task_id))

    def _take_out(self, task_id: str) -> None:
        self._waiting.pop(task_id, None)
        self._untried.discard(task_id)

    def __len__(self) -> int:
        return len(self._waiting)

    def first_ids(self, count: int) -> list[str]:
        """Return the ids of the waiting tasks, at most so many."""
        return list(itertools.islice(self._waiting, count))

    @property
    def new_count(self) -> int:
        """Number of models not tried yet. The others wait for the user: for another file or the end of a render."""
        return len(self._untried)

    def pump(self, importer: Importer, wait_reason: WaitReason | None, deadline_s: float) -> None:
        """
        Import at most one model.

        :param importer: imports a model.
        :param wait_reason: see :data:`WaitReason`; None for no check.
        :param deadline_s: monotonic time in seconds after which no further model is tried.
        """
        now = time.monotonic()
        again: list[tuple[float, int, str]] = []
        try:
            while self._heap and self._heap[0][0] <= now:
                entry = heapq.heappop(self._heap)
                task_id = entry[-1]
                due_s, tries = self._waiting.get(task_id, (None, 0))
                if due_s != entry[0]:
                    continue
                again.append(entry)  # also if the importer raises
                outcome = self._try(task_id, importer, wait_reason)
                if outcome is None:
                    continue
                again.pop()
                if isinstance(outcome, Later):
                    longest_s = max(_LONGEST_RETRY_S, _TRY_S * len(self._waiting))
                    delay_s = backoff_s(tries + 1, first_s=_FIRST_RETRY_S, longest_s=longest_s)
                    self._put_in(task_id, now + delay_s, tries + 1)
                else:
                    return
                if time.monotonic() > deadline_s:
                    return
        finally:
            for entry in again:
                heapq.heappush(self._heap, entry)

    def _try(self, task_id: str, importer: Importer, wait_reason: WaitReason | None) -> ImportOutcome | None:
        """Try to import a model, and record the result. None if it is gone, or its checksum is being computed."""
        try:
            record = self._task_cache.get(task_id) or self._context.store.get(task_id)
        except StoreError as error:
            return Later(error.sentence)
        if record is None or not record.waits_for_import:
            self._take_out(task_id)
            return None
        reason = wait_reason(record) if wait_reason is not None else None
        outcome = self._sealed(record, importer) if reason is None else Later(reason)
        if isinstance(outcome, Later):
            self._wait(record, outcome.sentence)
        elif isinstance(outcome, ConvertAgain):
            self._finish(record, outcome)
        return outcome

    def import_now(self, record: TaskRecord, importer: Importer) -> ImportOutcome:
        """
        Import a model at once, whatever waits in the queue, and record the result.

        Waits for the checksum of a .blend that this process has not seen yet: 0.1 s for 100 MB.

        :param record: a task that is READY.
        :raises TriverseError: raised by ``importer``; the model stays READY.
        """
        while (outcome := self._sealed(record, importer)) is None:
            time.sleep(_SEAL_PAUSE_S)
        if isinstance(outcome, ConvertAgain):
            self._finish(record, outcome)
        return outcome

    def _sealed(self, record: TaskRecord, importer: Importer) -> ImportOutcome | None:
        """
        Import a model if its .blend is the file the converter wrote, and record that it was imported or failed.

        :returns: None while the checksum is being computed.
        """
        seal = self._context.seals.check(record)
        if seal is Seal.COMPARING:
            return None
        if seal is Seal.GONE:
            # A file that appears at this path now has not been checked, so the GLB is imported.
            return self._claimed(record.with_(blend_path=""), importer)
        if seal is Seal.OTHER:
            sentence = Sentence.of(
                "The converted model is not what Triverse wrote. It is made again from the delivered file."
            )
            return ConvertAgain(sentence, record.placement.unit_m, record.placement.frames_per_s)
        return self._claimed(record, importer)

    def _claimed(self, record: TaskRecord, importer: Importer) -> ImportOutcome:
        """Import, and record that, with the task's lease: of two Blenders with the same file open, one imports."""
        store, owner = self._context.store, self._context.owner
        try:
            taken = store.claim(owner.name, LEASE_S, is_dead=owner.is_dead, task_ids=[record.id], stages=[Stage.READY])
            newest = None if taken else store.get(record.id)
        except StoreError as error:
            # Without the store, the lease cannot be taken and the import cannot be recorded.
            return Later(error.sentence)
        if not taken:
            if newest is None or newest.stage is not Stage.READY:
                return Later(Sentence.of("Another Blender has imported it."))
            return Later(Sentence.of("Another Blender is importing it."))
        try:
            outcome = self._imported(record, importer)
            if isinstance(outcome, Imported | Failed):
                # Still with the lease: in between, another Blender with the same file open would import it too.
                self._finish(record, outcome)
            return outcome
        finally:
            try:
                store.release(owner.name, record.id)
            except StoreError as error:
                # The result of the import must not be lost: imported again, the model would be in the scene twice.
                log.info("a lease was not given back, it expires: %s", error)

    @staticmethod
    def _imported(record: TaskRecord, importer: Importer) -> ImportOutcome:
        try:
            return importer(record)
        except TriverseError:
            # Reported by the driver, which cannot continue (the command's file cannot be written). The model stays
            # READY.
            raise
        except Exception:
            # Half a model may be in the scene. Retried at each tick, there would be hundreds.
            log.exception("the model of task %s was not imported", record.id)
            path = record.blend_path or record.model_path
            return Failed(
                Sentence.of("Importing the model broke off. It is kept at {path}. Undo, then press Retry.", path=path)
            )

    def _wait(self, record: TaskRecord, sentence: Sentence) -> None:
        """Show why an import waits. Not stored, because the reason applies to this Blender only."""
        if record.status_note != sentence:
            self._context.changed(record.with_(status_note=sentence))

    def _finish(self, record: TaskRecord, outcome: Imported | Failed | ConvertAgain) -> None:
        context = self._context
        self._take_out(record.id)
        if isinstance(outcome, ConvertAgain):
            if self._converted_again.get(record.id) != outcome:
                self._convert_again(record, outcome)
                return
            outcome = Failed(outcome.sentence)
        self._converted_again.pop(record.id, None)
        was_work = isinstance(outcome, Failed) and record.placement.work != PLAIN
        if isinstance(outcome, Imported):
            done = Sentence.of("Imported as “{name}”.", name=outcome.collection_name)
            self._add_history(record, outcome.history)
            changes = imported_changes(outcome.collection_name)
        else:
            done = outcome.sentence
            changes = {
                "stage": Stage.FAILED,
                "failed_stage": Stage.READY,
                "error": outcome.sentence,
                "status_note": None,
            }

        def edit(newest: TaskRecord) -> TaskRecord | None:
            if newest.stage is not Stage.READY:
                return None
            if was_work:
                # The model itself is as good as before.
                return newest.with_(**without_work(newest))
            # Blender's work was for this import only.
            return newest.with_(**changes, placement=dataclasses.replace(newest.placement, work=PLAIN))

        try:
            record = context.store.change(
                record.id,
                edit,
                history=("INFO" if isinstance(outcome, Imported) else "ERROR", done),
            )
        except TriverseError as error:
            # The model is in the scene, although the store does not show it.
            context.notice("WARNING", error.sentence, record.id)
            record = record.with_(**changes)
        if was_work:
            context.notice("ERROR", done, record.id)
        context.changed(record)

    def _convert_again(self, record: TaskRecord, outcome: ConvertAgain) -> None:
        self._converted_again[record.id] = outcome

        def edit(newest: TaskRecord) -> TaskRecord | None:
            if newest.stage is not Stage.READY:
                return None
            fitting = dataclasses.replace(newest.placement, unit_m=outcome.unit_m, frames_per_s=outcome.frames_per_s)
            return newest.with_(stage=Stage.CONVERTING, placement=fitting, attempts=0, status_note=None)

        try:
            self._edit(record.id, edit, ("INFO", outcome.sentence))
        except TriverseError as error:
            self._context.notice("WARNING", error.sentence, record.id)

    def _add_history(self, record: TaskRecord, lines: tuple[tuple[str, Sentence], ...]) -> None:
        for level, sentence in lines:
            with contextlib.suppress(TriverseError):
                self._context.store.add_history(record.id, level, sentence)
            if level == "WARNING":
                self._context.notice(level, sentence, record.id)


def imported_changes(collection_name: str) -> dict[str, Any]:
    """Return the changes for a record whose model was imported as this collection."""
    return {
        "stage": Stage.IMPORTED,
        "imported_at_s": now_s(),
        "collection_name": collection_name,
        "status_note": None,
    }


def files_are_there(record: TaskRecord) -> bool:
    """
    Return whether a record can be used without another download.

    Does at most two file-system checks for a model, and one for each file of another result.
    """
    if record.stage is Stage.DONE:
        return all(Path(path).exists() for path in record.result_files)
    return any(path and Path(path).exists() for path in (record.blend_path, record.model_path))
