# SPDX-License-Identifier: GPL-3.0-or-later
"""
What the engine asks of a preparer: a source that the service does not take in, one that it does out.

Floor: first. Thread: any. No ``bpy``. The preparer itself stands on the scene floor and is handed to the engine.
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
from .folders import slug
from .record import is_url


class Preparer(Protocol):
    """Turns foreign pictures and Blender's own objects into files that can be uploaded. Called in a worker thread."""

    def takes(self, path: str, kind: Kind) -> bool:
        """
        Tell from its name whether a source has to be prepared, and can be.

        :param path: absolute path on this machine.
        :param kind: ``Kind.IMAGE`` or ``Kind.MODEL``.
        """
        ...

    def __call__(self, path: Path, kind: Kind, out_dir: Path, stop: threading.Event) -> Path:
        """
        Write what can be uploaded into ``out_dir`` and return its path.

        :param stop: set when the engine is closing; the call then ends within a second.
        :raises ConvertError: the source cannot be used.
        :raises NoChildError: no child Blender can be started here.
        :raises ConvertStopped: ``stop`` was set.
        """
        ...


def stem_for(source: str) -> str:
    """Return the name, without suffix, of the file that is prepared from ``source``: the same at every try."""
    path = os.path.abspath(source)
    return f"input-{slug(Path(path).stem, fallback='file')}-{zlib.crc32(os.fsencode(path)):08x}"


def is_made_of(found: str, source: str) -> bool:
    """Tell whether the source ``found`` in a record is ``source``, or what was prepared from it."""
    return found == source or Path(found).stem == stem_for(source)


def check_wished_sources(flow: Flow, sources: Mapping[str, str], preparer: Preparer | None, service_url: str) -> None:
    """
    Check the sources of a wish, before anything is written or sent.

    :param service_url: the service, which has to fetch what is given by its address.
    :raises InputError: one of them cannot be used.
    """
    as_they_are: dict[str, str] = {}
    for name, source in sources.items():
        field = next((field for field in flow.sources if field.name == name), None)
        if field is not None and is_url(source):
            check_image_address(source, service_url, field=name)
        if field is None or not (is_url(source) or _can_prepare(preparer, field, source)):
            as_they_are[name] = source
    # A public URL stands for an uploaded file, and what is prepared first is checked when it is.
    check_sources(flow.name, as_they_are, elsewhere=sources.keys() - as_they_are.keys())


def _can_prepare(preparer: Preparer | None, field: Field, source: str) -> bool:
    if preparer is None or not preparer.takes(source, field.kind):
        return False
    if not os.path.isfile(source) or not os.path.getsize(source):
        raise InputError(
            Sentence.of("The file {path} is missing or empty. Choose another one.", path=source), field=field.name
        )
    return True
