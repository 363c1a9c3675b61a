# SPDX-License-Identifier: GPL-3.0-or-later
"""
The asset catalog *Triverse* where Blender's asset browser looks for it: next to the saved file, or in its library.

Floor: third. Thread: main; the catalog file is written on a thread of its own. Imports ``bpy``.

Models are assets of this catalog. Without a catalog file, the asset browser lists them as unassigned.
"""

import logging
import os
import threading
from pathlib import Path

import bpy

from ...api.errors import TriverseError

_log = logging.getLogger(__name__)

#: The thread that writes, or has written last.
_writing: threading.Thread | None = None


def folder_of(blend: str) -> Path:
    """Return the folder whose catalogs Blender reads for a .blend: the asset library that it is in, or its own."""
    folder = Path(blend).parent
    for library in bpy.context.preferences.filepaths.asset_libraries:
        path = str(library.path)  # type: ignore[attr-defined]
        root = os.path.realpath(bpy.path.abspath(path)) if path else ""
        if root and os.path.realpath(blend).startswith(os.path.join(root, "")):
            return Path(root)
    return folder


def write_later(blend: str) -> None:
    """Add the catalog to the catalog file of a saved .blend, if it has models in it. Nothing is removed there."""
    global _writing
    from ...scene.child.asset_library import CATALOG, CATALOG_ID  # lazy import, as in runtime

    if not blend or not any(
        collection.asset_data is not None and collection.asset_data.catalog_id == CATALOG_ID
        for collection in bpy.data.collections
    ):
        return
    folder = folder_of(blend)
    before = _writing

    def write() -> None:
        from ...batch.library import catalogs

        if before is not None:
            before.join()
        try:
            catalogs.merge(folder, [CATALOG])
        except TriverseError as error:
            _log.warning("The catalog %s is not in %s: %s", CATALOG, folder, error)

    thread = threading.Thread(target=write, name="triverse-catalogs", daemon=True)
    try:
        thread.start()
    except RuntimeError as error:  # the system gives out no more threads
        _log.warning("The catalog %s is not in %s: %s", CATALOG, folder, error)
    else:
        _writing = thread


def join(timeout_s: float) -> None:
    """Wait until the catalog file is written, at most ``timeout_s`` seconds."""
    if _writing is not None:
        _writing.join(timeout_s)
