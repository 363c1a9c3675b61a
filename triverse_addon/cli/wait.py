# SPDX-License-Identifier: GPL-3.0-or-later
"""
Drive the engine until the tasks of a command have ended, and hand over what they brought.

Floor: third. Thread: main. No ``bpy``.

Models are handed over when all tasks of one output file are there. A task counts as imported only once its file is
saved, so that ``resume`` hands over what a killed process could not.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..api.responses import TOO_MANY_REQUESTS
from ..api.sentence import Sentence
from ..api.service_codes import ServiceCode
from ..tasks.engine.engine import Engine
from ..tasks.engine.import_queue import ConvertAgain, Imported, ImportOutcome, Later
from ..tasks.engine.request_gate import Block
from ..tasks.record import Origin, Placement, Stage, TaskRecord, new_id
from ..tasks.store.errors import NoSuchTaskError
from .exit_codes import Exit
from .host import Host
from .output_file import copy_model
from .progress import Progress

#: ``Origin.session`` of tasks from the command line; no window ever has this one.
SESSION = "command-line"

#: Between two looks at the engine, in seconds.
_PAUSE_S = 0.05
#: Failures in a row after which the service counts as down: about half a minute of growing pauses.
_GIVE_UP_AFTER = 6


@dataclass(frozen=True)
class Delivery:
    """
    Tasks that go into one file together.

    :ivar output: the file; None leaves the models where they were downloaded to.
    :ivar placement: how they come into it; None for how they were ordered.
    """

    ids: tuple[str, ...]
    output: Path | None
    placement: Placement | None = None


@dataclass(frozen=True)
class Ending:
    """How one task ended for this command. ``sentence`` is empty when all went well."""

    record: TaskRecord
    code: Exit
    sentence: Sentence | None = None
    suggestion: str = ""


def new_origin(output: Path | None) -> Origin:
    """Return the origin of the tasks of one command, by which ``resume`` finds them and the file they are for."""
    return Origin(session=SESSION, file=str(output or ""), scene_id=new_id())


class Watch:
    """
    One command's tasks.

    :param engine: started.
    :param deadline_s: monotonic time at which to stop waiting; None never.
    """

    def __init__(self, engine: Engine, host: Host, progress: Progress, deadline_s: float | None) -> None:
        self._engine = engine
        self._host = host
        self._progress = progress
        self._deadline_s = deadline_s
        self._attempts_before: dict[str, int] = {}
        """Failures in a row of each task when it was first seen here: those of earlier commands."""

    def until_done(self, deliveries: Iterable[Delivery]) -> list[Ending]:
        """
        Wait for all tasks and hand over each file as soon as it is complete.

        :returns: how each task ended, in the given order.
        :raises SaveError: a file cannot be written. Its tasks stay ready.
        :raises TriverseError: a task was taken off the list, or the store cannot be read.
        """
        waiting = list(deliveries)
        ids = [task_id for delivery in waiting for task_id in delivery.ids]
        endings: dict[str, Ending] = {}
        while waiting:
            self._progress.tell(self._engine.pump(_PAUSE_S).events)
            self._progress.show(self._records(ids))
            for delivery in list(waiting):
                found = [self.ending(record) for record in self._records(delivery.ids)]
                ended = [ending for ending in found if ending is not None]
                if len(ended) == len(found):
                    waiting.remove(delivery)
                    endings |= {ending.record.id: ending for ending in self._hand_over(delivery, ended)}
            if waiting:
                time.sleep(_PAUSE_S)
        return [endings[task_id] for task_id in ids]

    def _records(self, ids: Iterable[str]) -> list[TaskRecord]:
        return [self._record(task_id) for task_id in ids]

    def _record(self, task_id: str) -> TaskRecord:
        record = self._engine.get(task_id)
        if record is None:
            raise NoSuchTaskError(Sentence.of("A task of this command was taken off the list elsewhere."))
        return record

    # -------------------------------------------------------------------------
    # Has it ended?

    def ending(self, record: TaskRecord) -> Ending | None:
        """Return how a task ended for this command, None while it is worth waiting."""
        if record.stage in (Stage.READY, Stage.IMPORTED):
            return Ending(record, Exit.DONE)
        if not record.is_unfinished:
            return self._bad_end(record)
        block, sentence = self._engine.blocked()
        if block is Block.KEY:
            return Ending(record, Exit.ACCOUNT, sentence)
        if block is Block.ONLINE:
            return Ending(record, Exit.SERVICE, sentence)
        if block is not Block.NONE:
            return Ending(record, Exit.FAILED, sentence)
        if self._is_in_vain(record):
            is_of_this_machine = record.stage in (Stage.QUEUED, Stage.CONVERTING)
            return Ending(record, Exit.FAILED if is_of_this_machine else Exit.SERVICE, record.note)
        if self._deadline_s is not None and time.monotonic() >= self._deadline_s:
            return Ending(record, Exit.TIMED_OUT, Sentence.of("The time is over. The task goes on at the service."))
        return None

    def _is_in_vain(self, record: TaskRecord) -> bool:
        """Tell whether the network or the service is down, after at least one try of this command."""
        before = self._attempts_before.setdefault(record.id, record.attempts)
        if record.note is None or record.note == TOO_MANY_REQUESTS:
            return False
        return record.attempts >= _GIVE_UP_AFTER and record.attempts > before

    def _bad_end(self, record: TaskRecord) -> Ending:
        code = Exit.ACCOUNT if record.error_code == ServiceCode.INSUFFICIENT_CREDITS else Exit.FAILED
        if record.error is not None:
            return Ending(record, code, record.error, record.error_suggestion)
        if record.stage is Stage.CANCELLED:
            return Ending(record, code, Sentence.of("The service cancelled the task."))
        return Ending(record, code, Sentence.of("Nobody follows this task any more."))

    # -------------------------------------------------------------------------
    # Handing over

    def _hand_over(self, delivery: Delivery, ended: Sequence[Ending]) -> Sequence[Ending]:
        """Write the file, if all that may still come has come; return how the tasks ended now."""
        arrived = [ending.record.id for ending in ended if ending.code is Exit.DONE]
        all_in = all(ending.code in (Exit.DONE, Exit.FAILED) for ending in ended)
        if delivery.output is None or not all_in or not arrived:
            return ended
        for task_id in arrived:
            self._engine.import_again(task_id, placement=delivery.placement)
        importer = _Importer(self._host, delivery.output, arrived)
        # A model whose file was deleted by hand is fetched again here, which takes its time.
        while any(self._is_on_its_way(record) for record in self._records(arrived)):
            self._engine.pump(_PAUSE_S, importer, importer.reason_to_wait)
            if importer.left:
                self._progress.show(self._records(arrived))
                time.sleep(_PAUSE_S)
        return [self.ending(self._record(ending.record.id)) or ending for ending in ended]

    def _is_on_its_way(self, record: TaskRecord) -> bool:
        return record.stage is Stage.READY or self.ending(record) is None


class _Importer:
    """
    What :meth:`Engine.pump` calls for each model of one file; the last one saves it.

    :param left: ids of the tasks that are still to be imported.
    """

    def __init__(self, host: Host, output: Path, left: Sequence[str]) -> None:
        self._host = host
        self._output = output
        self._begun = False
        self._holds_a_model = False
        self.left = set(left)

    def reason_to_wait(self, record: TaskRecord) -> Sentence | None:
        """Return why a model cannot be imported now: others of this user's tasks belong elsewhere."""
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
        if not self._begun:
            self._host.begin_blend()
            self._begun = True
        outcome = self._host.import_model(record)
        if isinstance(outcome, Later | ConvertAgain):
            return outcome
        self._holds_a_model |= isinstance(outcome, Imported)
        if self.left == {record.id} and self._holds_a_model:
            self._host.save_blend(self._output)
        self.left.discard(record.id)
        return outcome
