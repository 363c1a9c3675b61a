# SPDX-License-Identifier: GPL-3.0-or-later
"""
Which model is imported next, and what became of it.

Floor: first. Thread: main only. No ``bpy``: the import itself is a callback of the driver.
"""

import contextlib
import dataclasses
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...api.errors import TriverseError
from ...api.sentence import Sentence
from ..files.seals import Seal
from ..record import Stage, TaskRecord, now_s
from ..store.errors import StoreError
from ..store.lease import LEASE_S
from .context import Shared
from .task_cache import Board

log = logging.getLogger(__name__)

#: A model that has to wait is asked for again after this time, doubled each time up to the second, in seconds.
_FIRST_AGAIN_S = 0.5
_LONGEST_AGAIN_S = 4.0


@dataclass(frozen=True, slots=True)
class Imported:
    """The model is in the scene, as this collection; the lines, with their levels, go into the task's history."""

    collection_name: str
    told: tuple[tuple[str, Sentence], ...] = ()


@dataclass(frozen=True, slots=True)
class Later:
    """Not now; the sentence says why. It is tried again."""

    sentence: Sentence


@dataclass(frozen=True, slots=True)
class Failed:
    """The model cannot be imported; the sentence says why."""

    sentence: Sentence


@dataclass(frozen=True, slots=True)
class ConvertAgain:
    """
    The .blend does not fit this scene or this Blender, and its GLB is there: a child converts it anew, then it comes.

    :ivar sentence: why, for the task's history; and why it failed, should the new one be no better.
    :ivar unit_m: metres that a Blender unit of the scene stands for.
    :ivar frames_per_s: frame rate of the scene.
    """

    sentence: Sentence
    unit_m: float
    frames_per_s: float


ImportOutcome = Imported | Later | Failed | ConvertAgain
#: Imports one model, in the main thread.
Importer = Callable[[TaskRecord], ImportOutcome]
#: Gets the newest record, returns the new one, or None to leave all as it is.
Change = Callable[[TaskRecord], TaskRecord | None]
#: Changes a record in the store, with a level and a sentence for its history.
Edit = Callable[[str, Change, tuple[str, Sentence]], TaskRecord]
#: Says why a model cannot be imported now (another file is open, a render runs), None when it can. Asked often: quick.
ReasonToWait = Callable[[TaskRecord], Sentence | None]


class ImportQueue:
    """Models that are ready and wanted in the scene, oldest first."""

    def __init__(self, shared: Shared, board: Board, edit: Edit) -> None:
        """
        :param edit: changes a record, tells the sentence, and sets it going again.
        """
        self._shared = shared
        self._edit = edit
        self._converted_again: dict[str, ConvertAgain] = {}
        """id -> what it was converted again for; the same reason a second time is a failure."""
        self._board = board
        self._waiting: dict[str, tuple[float, float]] = {}
        """id -> (monotonic time of the next try, delay before the one after)."""

    def note(self, record: TaskRecord) -> None:
        """Take note of a record's newest state."""
        if record.stage is Stage.READY and record.auto_import and record.following:
            self._waiting.setdefault(record.id, (0.0, _FIRST_AGAIN_S))
        else:
            self._waiting.pop(record.id, None)

    def hurry(self, task_id: str) -> None:
        """Try a task at the next pump."""
        if task_id in self._waiting:
            self._waiting[task_id] = (0.0, _FIRST_AGAIN_S)

    def forget(self, task_id: str) -> None:
        """Take a task out."""
        self._waiting.pop(task_id, None)

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def new_count(self) -> int:
        """How many were not asked for yet. The others wait for the user: for another file, or the end of a render."""
        return sum(not due_s for due_s, _ in self._waiting.values())

    def pump(self, importer: Importer, reason_to_wait: ReasonToWait | None, deadline_s: float) -> None:
        """
        Import at most one model.

        :param deadline_s: monotonic time after which no further model is asked for.
        """
        now = time.monotonic()
        for task_id, (due_s, delay_s) in list(self._waiting.items()):
            if due_s > now:
                continue
            record = self._board.get(task_id)
            if record is None:
                self._waiting.pop(task_id)
                continue
            reason = reason_to_wait(record) if reason_to_wait is not None else None
            outcome = self._sealed(record, importer) if reason is None else Later(reason)
            if outcome is None:
                continue  # asked again at the next pump
            if not isinstance(outcome, Later):
                self._waiting.pop(task_id, None)
                self._finish(record, outcome)
                return
            self._waiting[task_id] = (now + delay_s, min(delay_s * 2, _LONGEST_AGAIN_S))
            self._wait(record, outcome.sentence)
            if time.monotonic() > deadline_s:
                return

    def _sealed(self, record: TaskRecord, importer: Importer) -> ImportOutcome | None:
        """Import what our child wrote, and nothing else; None while that is being compared."""
        seal = self._shared.seals.look(record)
        if seal is Seal.COMPARING:
            return None
        if seal is Seal.GONE:
            # Should one appear there this very moment, it is not the one that was looked at.
            return self._claimed(record.with_(blend_path=""), importer)
        if seal is Seal.OTHER:
            sentence = Sentence.of(
                "The converted model is not what Triverse wrote. It is made again from the delivered file."
            )
            return ConvertAgain(sentence, record.placement.unit_m, record.placement.frames_per_s)
        return self._claimed(record, importer)

    def _claimed(self, record: TaskRecord, importer: Importer) -> ImportOutcome:
        """Import under the task's lease, so that two Blenders with the same file open import it once."""
        store, owner = self._shared.store, self._shared.owner
        try:
            taken = store.claim(owner.name, LEASE_S, is_dead=owner.is_dead, task_ids=[record.id], stages=[Stage.READY])
            newest = None if taken else store.get(record.id)
        except StoreError as error:
            # Nobody can be kept from importing it too, nor can it be noted that it was.
            return Later(error.sentence)
        if not taken:
            if newest is None or newest.stage is not Stage.READY:
                return Later(Sentence.of("Another Blender has imported it."))
            return Later(Sentence.of("Another Blender is importing it."))
        try:
            return importer(record)
        except TriverseError:
            # Told by the driver, which cannot go on (the command's file cannot be written): the model stays ready.
            raise
        except Exception:
            # Whatever it is, half a model may stand in the scene: tried again at each tick, there would be hundreds.
            log.exception("the model of task %s was not imported", record.id)
            path = record.blend_path or record.model_path
            return Failed(
                Sentence.of("Importing the model broke off. It is kept at {path}. Undo, then press Retry.", path=path)
            )
        finally:
            try:
                store.release(owner.name, record.id)
            except StoreError as error:
                # What the import came to matters more: said again, the model would stand in the scene twice.
                log.info("a lease was not given back, it expires: %s", error)

    def _wait(self, record: TaskRecord, sentence: Sentence) -> None:
        """Show why it waits. Not stored: the reason is this Blender's alone."""
        if record.note != sentence:
            self._shared.changed(record.with_(note=sentence))

    def _finish(self, record: TaskRecord, outcome: Imported | Failed | ConvertAgain) -> None:
        shared = self._shared
        if isinstance(outcome, ConvertAgain):
            if self._converted_again.get(record.id) != outcome:
                self._convert_again(record, outcome)
                return
            outcome = Failed(outcome.sentence)
        self._converted_again.pop(record.id, None)
        if isinstance(outcome, Imported):
            done = Sentence.of("Imported as {name}.", name=outcome.collection_name)
            self._tell(record, outcome.told)
            changes = imported_changes(outcome.collection_name)
        else:
            done = outcome.sentence
            changes = {"stage": Stage.FAILED, "failed_stage": Stage.READY, "error": outcome.sentence, "note": None}
        try:
            record = shared.store.change(
                record.id,
                lambda newest: newest.with_(**changes) if newest.stage is Stage.READY else None,
                told=("INFO" if isinstance(outcome, Imported) else "ERROR", done),
            )
        except TriverseError as error:
            # The model is in the scene all the same; only the list does not know.
            shared.notice("WARNING", error.sentence, record.id)
            record = record.with_(**changes)
        shared.changed(record)

    def _convert_again(self, record: TaskRecord, outcome: ConvertAgain) -> None:
        self._converted_again[record.id] = outcome

        def edit(newest: TaskRecord) -> TaskRecord | None:
            if newest.stage is not Stage.READY:
                return None
            fitting = dataclasses.replace(newest.placement, unit_m=outcome.unit_m, frames_per_s=outcome.frames_per_s)
            return newest.with_(stage=Stage.CONVERTING, placement=fitting, attempts=0, note=None)

        try:
            self._edit(record.id, edit, ("INFO", outcome.sentence))
        except TriverseError as error:
            self._shared.notice("WARNING", error.sentence, record.id)

    def _tell(self, record: TaskRecord, lines: tuple[tuple[str, Sentence], ...]) -> None:
        for level, sentence in lines:
            with contextlib.suppress(TriverseError):
                self._shared.store.tell(record.id, level, sentence)
            if level == "WARNING":
                self._shared.notice(level, sentence, record.id)


def imported_changes(collection_name: str) -> dict[str, Any]:
    """Return what changes of a record whose model was imported as this collection."""
    return {
        "stage": Stage.IMPORTED,
        "imported_at_s": now_s(),
        "collection_name": collection_name,
        "note": None,
    }


def files_are_there(record: TaskRecord) -> bool:
    """Tell whether a record can be imported without another download: two looks at the disk."""
    return any(path and Path(path).exists() for path in (record.blend_path, record.model_path))
