# SPDX-License-Identifier: GPL-3.0-or-later
"""
Copy converted models into an asset library, and define the asset catalog that models are assigned to.

Floor: second. Thread: a worker's, except :attr:`LibraryCopyConverter.folder`, which the main thread sets. No ``bpy``.
"""

import contextlib
import dataclasses
import logging
import os
import threading
from pathlib import Path

from ...api.errors import TriverseError
from ...api.sentence import Sentence
from ...batch.library import catalogs
from ...tasks import converter as converters
from ...tasks.converter import Converted, Converter, ConvertJob
from ...tasks.files.atomic_write import copy_whole, write_whole

_log = logging.getLogger(__name__)

#: Name of the asset catalog of all models, in the user's file and in the asset library.
CATALOG = "Triverse"
CATALOG_ID = catalogs.catalog_id(CATALOG)
#: File in a task's folder with the paths of the copies that were made, one a line.
COPIES = ".library-copies"


class LibraryCopyConverter:
    """
    A :class:`tasks.converter.Converter` that also copies each converted .blend into an asset library.

    :param converter: converter that does the conversion itself.
    :ivar folder: root folder of the asset library; None disables the copy. The main thread may set it at any time.
    """

    def __init__(self, converter: Converter) -> None:
        self._converter = converter
        self._lock = threading.Lock()
        self.folder: Path | None = None

    def __call__(self, job: ConvertJob, stop: threading.Event) -> Converted:
        """
        Convert one model, and copy the .blend into the library.

        If the library cannot be written, the conversion still succeeds, and its result says so.

        :param job: the model to convert.
        :param stop: event that cancels the conversion.
        :return: the result of the wrapped converter.
        :raises ConvertError: see :class:`tasks.converter.Converter`, also for its other two errors.
        """
        converted = self._converter(job, stop)
        folder = self.folder
        # What was done with a model for one import is no reason to lose the model from the library.
        if folder is None or job.processing.needs_child:
            return converted
        try:
            with self._lock:  # models that are converted at the same time share one file of catalogs
                copy_to_library(converted.blend_path, folder, job.out_dir.name)
        except OSError as error:
            _log.warning("No copy in the asset library: %s", error)
            sentence = Sentence.of(
                "No copy of this model is in the asset library {path} ({reason}). Check that folder in the "
                "preferences, then copy {name} into it from the task's folder.",
                path=str(folder),
                reason=error.strerror or type(error).__name__,
                name=converted.blend_path.name,
            )
            return dataclasses.replace(converted, warning=sentence)
        except TriverseError as error:
            _log.warning("No catalog in the asset library: %s", error)
            return dataclasses.replace(converted, warning=error.sentence)
        return converted

    def expect_job(self, work_dir: Path) -> None:
        """Let the wrapped converter get ready for a job."""
        converters.expect_job(self._converter, work_dir)

    def prepare(self, expected: converters.ExpectedFiles) -> None:
        """Let the wrapped converter work on the files of a job."""
        converters.prepare(self._converter, expected)

    def close(self) -> None:
        """End what the wrapped converter got ready."""
        converters.close(self._converter)


def copy_to_library(blend_path: Path, library: Path, name: str) -> Path:
    """
    Copy a converted model into an asset library, and add its catalog to the library. Idempotent.

    A copy that is there stays as it is: it may have been edited, and other files use it. A model is converted again for
    a scene of other units, or with other options of the mesh, which is of no matter to them. Likewise, a copy that was
    made and is gone stays away: the user has deleted it, or moved it to where it belongs.

    :param blend_path: the converted .blend.
    :param library: root folder of the library; created if it is missing.
    :param name: file name of the copy, without suffix: the name of the task's folder, which contains the date, words of
        the prompt and the id.
    :return: path of the copy, which may have been deleted.
    :raises OSError: the copy cannot be written.
    :raises CatalogError: the library's catalog file cannot be read or written.
    """
    library.mkdir(parents=True, exist_ok=True)
    target = library / f"{name}.blend"
    noted, line = blend_path.with_name(COPIES), os.fsencode(target.absolute())
    known = noted.read_bytes().split(b"\n") if noted.is_file() else []
    if line not in known:
        if not os.path.lexists(target):
            copy_whole(blend_path, target)
        with contextlib.suppress(OSError):  # the copy is there
            write_whole(noted, b"\n".join([*known, line]))
    catalogs.merge(library, [CATALOG])
    return target
