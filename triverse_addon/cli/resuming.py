# SPDX-License-Identifier: GPL-3.0-or-later
"""
What ``resume`` goes on with: unfinished tasks, models that were never saved, and what can be tried again.

Floor: third. Thread: main, which waits for the service here. No ``bpy``.
"""

import argparse
import contextlib
import dataclasses
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..api.errors import InputError
from ..api.sentence import Sentence
from ..tasks.engine.engine import Engine
from ..tasks.record.events import TasksFound
from ..tasks.record.record import UNFINISHED, Stage, TaskRecord
from ..tasks.store.reads import StoreReads
from .arguments import spelled
from .equal_orders import is_kept_back
from .errors import UsageError
from .exit_codes import Exit
from .host import Host
from .origin import CLI_ORIGIN, is_for_a_file
from .output import Output
from .output_file import check_output, not_ours, was_written_by
from .setup import check_ready, open_engine, open_store, problem_of
from .wait import OutputGroup

#: Seconds that the service gets to list the tasks of a damaged list. They come later too, with the next command.
_LISTED_S = 60.0
_PAUSE_S = 0.05

_Group = tuple[Path | None, list[TaskRecord]]


class Resumed:
    """
    The tasks that one command goes on with, and where their models are saved.

    :raises UsageError: no model can be saved where it was asked for; nothing is sent.
    """

    def __init__(self, args: argparse.Namespace, host: Host, output: Output) -> None:
        self._host = host
        self._output = output
        self._overwrite: bool = args.overwrite
        self._data: str | None = args.data
        self._settings = host.settings(args.data, offline=args.offline)
        #: How the command ends at best: not well, if a model could not be saved where it was asked for.
        self.code = Exit.DONE
        self._is_lost = False
        problem: Sentence | None = None
        found: list[_Group] = []
        with open_store(self._settings) as store:
            if store is not None:
                self._is_lost, problem, found = store.is_lost, problem_of(store), _groups_in(store)
        if problem is not None and not (found or self._is_lost):
            output.say(problem)
        self.groups = self._saved_where_possible(found)

    @property
    def is_something(self) -> bool:
        """Whether there is anything to go on with, or to ask the service for."""
        return bool(self.groups) or self._is_lost

    @contextlib.contextmanager
    def opened(self) -> Iterator[Engine]:
        """
        Start an engine that goes on with the tasks; see :func:`setup.open_engine`.

        :raises TriverseError: no requests can be sent.
        """
        check_ready(self._settings)
        with open_engine(self._settings, self._host.converter(), self._output, self._host.preparer()) as engine:
            if self._is_lost:
                self._find_lost(engine)
            for task_id in (task_id for group in self.groups for task_id in group.ids):
                record = engine.get(task_id)
                if record is not None and is_kept_back(record):
                    engine.retry(task_id)
            yield engine

    def _find_lost(self, engine: Engine) -> None:
        """Wait until the service has listed the tasks of a list that was damaged, and go on with those too."""
        deadline_s = time.monotonic() + _LISTED_S
        answer: TasksFound | None = None
        while answer is None and time.monotonic() < deadline_s:
            answer = next((one for one in engine.pump(_PAUSE_S).events if isinstance(one, TasksFound)), None)
            time.sleep(_PAUSE_S)
        if answer is None or answer.error is not None:
            self._output.say((answer and answer.error) or Sentence.of("Triverse does not answer."))
            self.code = Exit.SERVICE
        else:
            self._output.say(
                Sentence.of(
                    "Triverse told of {count} {count|task that was|tasks that were} not listed.", count=answer.added
                )
            )
            listed, saved = (spelled(self._host.prog, what, self._data) for what in ("list", "track UUID"))
            self._output.say(f"{listed} shows them, and {saved} saves a model.")
        known = {task_id for group in self.groups for task_id in group.ids}
        self.groups += [
            OutputGroup(tuple(record.id for record in records), None)
            for _, records in _groups_in(engine.store)
            if not known & {record.id for record in records}
        ]

    def _saved_where_possible(self, found: Sequence[_Group]) -> list[OutputGroup]:
        groups: list[OutputGroup] = []
        problems: list[InputError] = []
        for path, records in found:
            group = OutputGroup(tuple(record.id for record in records), path)
            try:
                if path is not None:
                    self._check(path, records)
            except InputError as error:
                problems.append(error)
                group = dataclasses.replace(group, output=None)
            groups.append(group)
        if problems and len(problems) == len(groups):
            raise problems[0]
        for problem in problems:
            self._output.say(problem.sentence)
            self.code = Exit.USAGE
        if problems:
            self._output.say("Those models stay in the folders of their tasks.")
        return groups

    def _check(self, path: Path, records: Sequence[TaskRecord]) -> None:
        if path.suffix.lower() == ".blend" and not self._host.can_save_blend:
            raise UsageError(Sentence.of("A .blend file is to be saved, which takes Blender. Resume in Blender."))
        check_output(str(path))
        if path.exists() and not self._overwrite and not self._host.is_open(path) and not was_written_by(path, records):
            raise UsageError(not_ours(path))


def _groups_in(store: StoreReads) -> list[_Group]:
    """Return the tasks to resume: grouped by output file for tasks of the command line, otherwise one by one."""
    open_ones = [
        record
        for record in store.page(count=1_000_000, stages=UNFINISHED | {Stage.READY, Stage.FAILED})
        if record.is_unfinished
        or (record.stage is Stage.READY and is_for_a_file(record))
        or (is_kept_back(record) and record.is_paid and record.origin.session == CLI_ORIGIN)
    ]
    # If a file was never saved, its imported models must be imported again.
    groups = {record.origin.scene_id for record in open_ones if is_for_a_file(record)}
    imported = store.page(count=1_000_000, stages=[Stage.IMPORTED]) if groups else []
    members: dict[tuple[str, str], list[TaskRecord]] = {}
    for record in reversed([*open_ones, *(one for one in imported if one.origin.scene_id in groups)]):
        key = (record.origin.scene_id, record.origin.file) if is_for_a_file(record) else (record.id, "")
        members.setdefault(key, []).append(record)
    return [(Path(file) if file else None, records) for (_, file), records in members.items()]
