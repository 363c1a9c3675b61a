# SPDX-License-Identifier: GPL-3.0-or-later
"""
Runs the engine until the tasks of a command have ended, and saves their models.

Floor: third. Thread: main. No ``bpy``.

An output file is written when all of its tasks have ended. A task counts as imported only once its file is saved, so
that after a killed process ``resume`` saves the models.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..api.sentence import Sentence
from ..scripting.connection import Connection, OwnConnection
from ..scripting.task import Task
from ..scripting.waiting import Patience
from ..tasks.engine.engine import Engine
from ..tasks.engine.import_queue import ConvertAgain, Imported, ImportOutcome, Later
from ..tasks.record.record import Placement, Stage, TaskRecord
from ..tasks.store.errors import NoSuchTaskError
from .exit_codes import EXITS, Exit
from .host import Host
from .output_file import copy_model
from .progress import ProgressPrinter

#: Interval in seconds between two polls of the engine.
_PAUSE_S = 0.05


@dataclass(frozen=True)
class OutputGroup:
    """
    Tasks whose models go into one file.

    :ivar ids: ids of the tasks.
    :ivar output: the file; None leaves the models in the download folder.
    :ivar placement: how the models are imported; None for the placement of each task.
    """

    ids: tuple[str, ...]
    output: Path | None
    placement: Placement | None = None


@dataclass(frozen=True)
class TaskResult:
    """Result of one task for this command. ``sentence`` is None if it succeeded."""

    record: TaskRecord
    code: Exit
    sentence: Sentence | None = None
    suggestion: str = ""


class TaskWaiter:
    """
    Follows the tasks of one command.

    :param engine: a started engine.
    :param host: the program that imports and saves models.
    :param progress: prints the state of the tasks.
    :param deadline_s: monotonic time at which to stop waiting; None for no limit.
    """

    def __init__(self, engine: Engine, host: Host, progress: ProgressPrinter, deadline_s: float | None) -> None:
        self._engine = engine
        self._host = host
        self._progress = progress
        self._patience = Patience(engine, deadline_s)

    def wait_until_done(self, output_groups: Iterable[OutputGroup]) -> list[TaskResult]:
        """
        Wait for all tasks, and save each file as soon as its tasks have ended.

        :returns: the result of each task, in the given order.
        :raises SaveError: a file cannot be written. Its tasks stay ready.
        :raises TriverseError: a task was removed from the list, or the store cannot be read.
        """
        waiting = list(output_groups)
        ids = [task_id for group in waiting for task_id in group.ids]
        results: dict[str, TaskResult] = {}
        while waiting:
            self._progress.print_notices(self._engine.pump(_PAUSE_S).events)
            self._progress.show(self._records(ids))
            for group in list(waiting):
                found = [self.result_of(record) for record in self._records(group.ids)]
                ended = [result for result in found if result is not None]
                if len(ended) == len(found):
                    waiting.remove(group)
                    results |= {result.record.id: result for result in self._save_group(group, ended)}
            if waiting:
                time.sleep(_PAUSE_S)
        return [results[task_id] for task_id in ids]

    def _records(self, ids: Iterable[str]) -> list[TaskRecord]:
        return [self._record(task_id) for task_id in ids]

    def _record(self, task_id: str) -> TaskRecord:
        record = self._engine.get(task_id)
        if record is None:
            raise NoSuchTaskError(Sentence.of("A task of this command was taken off the list elsewhere."))
        return record

    # -------------------------------------------------------------------------
    # The result of a task
    def result_of(self, record: TaskRecord) -> TaskResult | None:
        """Return the result of a task for this command; None while waiting is useful."""
        ending = self._patience.ending(record)
        if ending is None:
            return None
        error = ending.error
        return TaskResult(
            record,
            EXITS[ending.result],
            None if error is None else error.sentence,
            "" if error is None else error.suggestion,
        )

    # -------------------------------------------------------------------------
    # Importing and saving
    def _save_group(self, group: OutputGroup, ended: Sequence[TaskResult]) -> Sequence[TaskResult]:
        """Write the file if no task of it can still succeed later. Return the results of the tasks after that."""
        done_ids = [result.record.id for result in ended if result.code is Exit.DONE and result.record.has_model]
        is_complete = all(result.code in (Exit.DONE, Exit.FAILED) for result in ended)
        if group.output is None or not is_complete or not done_ids:
            return ended
        for task_id in done_ids:
            self._engine.import_again(task_id, placement=group.placement)
        importer = _Importer(OwnConnection(self._engine, self._host), self._host, group.output, done_ids)
        # If a model's file was deleted, it is downloaded again here, which takes time.
        while any(self._is_pending(record) for record in self._records(done_ids)):
            self._engine.pump(_PAUSE_S, importer, importer.wait_reason)
            if importer.left:
                self._progress.show(self._records(done_ids))
                time.sleep(_PAUSE_S)
        return [self.result_of(self._record(result.record.id)) or result for result in ended]

    def _is_pending(self, record: TaskRecord) -> bool:
        return record.stage is Stage.READY or self.result_of(record) is None


class _Importer:
    """
    Import function for :meth:`Engine.pump`, called for each model of one file. After the last model the file is saved.

    :param connection: the engine, for the handlers of scripts.
    :param host: the program that imports and saves models.
    :param output: the file.
    :param left: ids of the tasks that are still to be imported.
    """

    def __init__(self, connection: Connection, host: Host, output: Path, left: Sequence[str]) -> None:
        self._connection = connection
        self._host = host
        self._output = output
        self._is_started = False
        self._holds_a_model = False
        self.left = set(left)

    def wait_reason(self, record: TaskRecord) -> Sentence | None:
        """Return why a model cannot be imported now; None for the tasks of this file. Other tasks belong elsewhere."""
        return None if record.id in self.left else Sentence.of("It is imported where it was asked for.")

    def __call__(self, record: TaskRecord) -> ImportOutcome:
        """
        Import one model.

        :raises SaveError: the file cannot be written; the model counts as not imported.
        """
        if self._output.suffix.lower() == ".glb":
            copy_model(Path(record.model_path), self._output)
            self.left.discard(record.id)
            return Imported(self._output.name)
        if not self._is_started:
            self._host.begin_blend()
            self._is_started = True
        outcome = self._host.import_model(Task(self._connection, record))
        if isinstance(outcome, Later | ConvertAgain):
            return outcome
        self._holds_a_model |= isinstance(outcome, Imported)
        if self.left == {record.id} and self._holds_a_model:
            self._host.save_blend(self._output)
        self.left.discard(record.id)
        return outcome
