# SPDX-License-Identifier: GPL-3.0-or-later
"""
The threads of a run that write downloaded models into the library.

Floor: between first and second. Thread: :meth:`ModelWriters.start` on the main thread, the rest on any. No ``bpy``.
"""

import dataclasses
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from ...api.sentence import Sentence
from ...tasks.record.record import TaskRecord
from ..library.asset_jobs import job_for, new_entry, write_with_retries
from ..library.asset_writer import AssetWriter
from ..library.entry import Entry
from .dispatcher import Dispatcher
from .plan import PlannedRow


class ModelGoneError(Exception):
    """The downloaded model was deleted before it was written into the library."""


class ModelWriters:
    """
    Writes models into a library, several at once.

    :param library: the library folder.
    :param catalog_ids: catalog path -> UUID.
    :param count: largest number of models that are written at once.
    :param stop: set when the run ends.
    """

    def __init__(
        self,
        writer: AssetWriter,
        dispatcher: Dispatcher,
        library: Path,
        catalog_ids: Mapping[str, str],
        *,
        count: int,
        stop: threading.Event,
    ) -> None:
        self._writer = writer
        self._dispatcher = dispatcher
        self._library = library
        self._catalog_ids = catalog_ids
        self._stop = stop
        self._pool = ThreadPoolExecutor(max(1, count), thread_name_prefix="triverse-write")

    def start(self, planned: PlannedRow, entry: Entry, record: TaskRecord) -> Future[tuple[Entry, Sentence | None]]:
        """
        Write the model of a row, finish the row's entry, and mark its task as imported, on a writer's thread.

        :returns: a future with the new entry and the problem of files that could not be written. It raises
            :class:`ModelGoneError`, a :class:`TriverseError`, or :class:`ConvertStopped` if the run has ended.
        """
        row = planned.row
        job = job_for(row, record, entry, self._library, self._catalog_ids)
        entry = dataclasses.replace(entry, build_hash=planned.build_hash, row_key=planned.row_key)

        def write() -> tuple[Entry, Sentence | None]:
            if not Path(record.model_path).is_file():
                raise ModelGoneError
            asset = write_with_retries(self._writer, job, self._stop)
            self._dispatcher.finish(done := new_entry(entry, row, record, asset), record, row.title)
            return done, asset.problem

        return self._pool.submit(write)

    def shutdown(self) -> None:
        """Wait for the models that are being written; those in the queue are not written. The stop event is set."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._writer.close()
