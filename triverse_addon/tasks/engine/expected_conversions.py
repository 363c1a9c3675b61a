# SPDX-License-Identifier: GPL-3.0-or-later
"""
Tells the converter of models that will soon be there, so that it is ready when they are.

Floor: first. Thread: worker. No ``bpy``.
"""

import threading

from ..converter import Converter, ExpectedFiles, expect_job, prepare
from ..files.folders import WORK
from ..record.record import TaskRecord
from .context import EngineContext

#: Progress in percent from which a task counts as nearly done.
NEAR_END = 80


class ExpectedConversions:
    """
    The tasks whose models will soon be there: they are nearly done, or their files are being downloaded.

    :param context: settings and the stop event.
    :param converter: None where conversion is not possible.
    """

    def __init__(self, context: EngineContext, converter: Converter | None) -> None:
        self._context = context
        self._converter = converter
        self._lock = threading.Lock()
        self._ids: set[str] = set()

    def soon(self, record: TaskRecord) -> None:
        """
        Note that a task is nearly done, or that its files are about to be downloaded.

        In each stage only the first call for a task counts, so that one that hangs there costs little.
        """
        if not record.convert:
            return
        with self._lock:
            is_new = record.id not in self._ids
            self._ids.add(record.id)
        if is_new:
            self._expect()

    def files(self, record: TaskRecord, expected: ExpectedFiles) -> None:
        """
        Let the converter work on what there is of a model whose download begins, if no other one is expected.

        :param expected: what there is of it.
        """
        with self._lock:
            is_only_one = self._ids == {record.id}
        if is_only_one and not self._context.stop.is_set():
            prepare(self._converter, expected)

    def left_stage(self, task_id: str) -> None:
        """Forget a task that is in another stage now: its conversion begins, or it will be announced again."""
        with self._lock:
            self._ids.discard(task_id)

    def converted(self) -> None:
        """Get ready for the next conversion, if there is any, because one has ended."""
        with self._lock:
            is_any = bool(self._ids)
        if is_any:
            self._expect()

    def _expect(self) -> None:
        if not self._context.stop.is_set():
            expect_job(self._converter, self._context.settings.data_dir / WORK)
