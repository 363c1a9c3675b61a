# SPDX-License-Identifier: GPL-3.0-or-later
"""
Models as assets: the catalog they are in, and a copy of each in the folder of an asset library.

Floor: scene. Thread: a worker's, but for :attr:`AssetShelf.folder`, which the main thread sets. No ``bpy``.
"""

import logging
import threading
from pathlib import Path

from ..api.errors import TriverseError
from ..batch.library import catalogs
from ..batch.library.atomic_write import copy_whole
from ..tasks.converter import Converted, Converter, ConvertJob

_log = logging.getLogger(__name__)

#: The catalog of every model, in the user's file and in the library.
CATALOG = "Triverse"
CATALOG_ID = catalogs.catalog_id(CATALOG)


class AssetShelf:
    """
    A :class:`tasks.converter.Converter` that puts a copy of what it converts into an asset library.

    :param converter: does the conversion.
    :ivar folder: of the library; None puts nothing anywhere. Set by the main thread at any time.
    """

    def __init__(self, converter: Converter) -> None:
        self._converter = converter
        self.folder: Path | None = None

    def __call__(self, job: ConvertJob, stop: threading.Event) -> Converted:
        """
        Convert one model, and copy the .blend. A library that cannot be written costs the copy, never the model.

        :raises ConvertError: see :class:`tasks.converter.Converter`; likewise the other two.
        """
        converted = self._converter(job, stop)
        folder = self.folder
        if folder is not None:
            try:
                put(converted.blend_path, folder, job.out_dir.name)
            except (OSError, TriverseError) as error:
                _log.warning("No copy in the asset library: %s", error)
        return converted


def put(blend_path: Path, library: Path, name: str) -> Path:
    """
    Copy a converted model into a library, and make its catalog known there. Doing it again changes nothing.

    :param name: of the file, without suffix; the task's folder, which has day, words and id in it.
    :return: the copy.
    :raises OSError: it cannot be written.
    :raises CatalogError: the library's catalogs cannot be read or written.
    """
    library.mkdir(parents=True, exist_ok=True)
    catalogs.merge(library, [CATALOG])
    target = library / f"{name}.blend"
    copy_whole(blend_path, target)
    return target
