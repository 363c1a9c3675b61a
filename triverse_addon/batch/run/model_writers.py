# SPDX-License-Identifier: GPL-3.0-or-later
"""
The threads of a run that write downloaded models into the library.

Floor: between first and second. Thread: :meth:`ModelWriters.start` on the main thread, the rest on any. No ``bpy``.
"""

import dataclasses
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
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
        Write the model of a row on a writer's thread; then finish its entry, and mark its task as imported.

        The writer does not wait for the latter, but goes on with the next model.

        :returns: a future with the new entry and the problem of files that could not be written. It raises
            :class:`ModelGoneError`, a :class:`TriverseError`, or :class:`ConvertStopped` if the run has ended. It has
            no result if the run ends before this model is written.
        """
        row = planned.row
        job = job_for(row, record, entry, self._library, self._catalog_ids)
        entry = dataclasses.replace(entry, build_hash=planned.build_hash)

        written: Future[tuple[Entry, Sentence | None]] = Future()

        def write() -> None:
            try:
                if not Path(record.model_path).is_file():
                    raise ModelGoneError
                asset = write_with_retries(self._writer, job, self._stop)
                done = new_entry(entry, row, record, asset)
                finishing = self._dispatcher.finish(done, record, row.title)
            except BaseException as error:  # noqa: BLE001 -- raised again where the result is asked for
                written.set_exception(error)
            else:
                finishing.add_done_callback(partial(_pass_on, written, (done, asset.problem)))

        self._pool.submit(write)
        return written

    def shutdown(self) -> None:
        """Wait for the models that are being written; those in the queue are not written. The stop event is set."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._writer.close()


def _pass_on(
    written: Future[tuple[Entry, Sentence | None]], result: tuple[Entry, Sentence | None], finishing: Future[None]
) -> None:
    """Give a model's future its result, once its row is finished."""
    if (error := finishing.exception()) is not None:
        written.set_exception(error)
    else:
        written.set_result(result)
