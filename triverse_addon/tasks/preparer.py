# SPDX-License-Identifier: GPL-3.0-or-later
"""
The interface of a preparer, which converts a source that the service does not accept into one that it does.

Floor: first. Thread: any. No ``bpy``. The implementation is on the scene floor and is passed to the engine.
"""

import os
import threading
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from ..api.addresses import check_image_address
from ..api.errors import InputError
from ..api.flows import Field, Flow, Kind, check_sources
from ..api.sentence import Sentence
from .files.folders import slug
from .record.record import is_url


class Preparer(Protocol):
    """Converts images of other formats, and Blender's objects, into files for the upload. Called on a worker thread."""

    def takes(self, path: str, kind: Kind) -> bool:
        """
        Return whether a source has to be converted and can be, judging by its file name.

        :param path: absolute path on this machine.
        :param kind: ``Kind.IMAGE`` or ``Kind.MODEL``.
        """
        ...

    def __call__(self, path: Path, kind: Kind, out_dir: Path, stop: threading.Event) -> Path:
        """
        Convert a source into a file that can be uploaded, and return its path.

        :param path: the source.
        :param kind: ``Kind.IMAGE`` or ``Kind.MODEL``.
        :param out_dir: folder for the new file.
        :param stop: set when the engine is closing; the call then returns within a second.
        :raises ConvertError: the source cannot be converted.
        :raises NoChildError: no child Blender can run on this machine.
        :raises ConvertStopped: ``stop`` was set.
        """
        ...


def stem_for(source: str) -> str:
    """Return the name, without extension, of the file prepared from ``source``. It is the same at every attempt."""
    path = os.path.abspath(source)
    return f"input-{slug(Path(path).stem, fallback='file')}-{zlib.crc32(os.fsencode(path)):08x}"


def is_made_of(found: str, source: str) -> bool:
    """Return whether the source ``found`` in a record is ``source``, or a file prepared from it."""
    return found == source or Path(found).stem == stem_for(source)


def check_request_sources(flow: Flow, sources: Mapping[str, str], preparer: Preparer | None, service_url: str) -> None:
    """
    Check the sources of a request, before anything is written or sent.

    :param flow: the flow.
    :param sources: paths or URLs by field name.
    :param preparer: converts some sources before the upload; None if there is none.
    :param service_url: the service URL; the service has to be able to fetch the URLs in ``sources``.
    :raises InputError: a source cannot be used.
    """
    as_they_are: dict[str, str] = {}
    for name, source in sources.items():
        field = next((field for field in flow.sources if field.name == name), None)
        if field is not None and is_url(source):
            check_image_address(source, service_url, field=name)
        if field is None or not (is_url(source) or _can_prepare(preparer, field, source)):
            as_they_are[name] = source
    # URLs need no file check, and a source that has to be converted is checked during the conversion.
    check_sources(flow.name, as_they_are, elsewhere=sources.keys() - as_they_are.keys())


def _can_prepare(preparer: Preparer | None, field: Field, source: str) -> bool:
    if preparer is None or not preparer.takes(source, field.kind):
        return False
    if not os.path.isfile(source) or not os.path.getsize(source):
        raise InputError(
            Sentence.of("The file {path} is missing or empty. Choose another one.", path=source), field=field.name
        )
    return True
