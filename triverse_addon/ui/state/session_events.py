# SPDX-License-Identifier: GPL-3.0-or-later
"""
What Blender and scripts call of the session: handlers for files, undo and redo, and its offer to scripts.

Floor: third. Thread: main. Imports ``bpy``. Registered with each start of Blender, and so apart from ``runtime``.
"""

from typing import TYPE_CHECKING

import bpy

from ...scripting import panel_engine, write_access
from .. import lazy_modules
from ..form import properties, request
from . import adjusted_models, file_catalogs, list_rows, runtime

if TYPE_CHECKING:
    from .session import Session

#: The path of the open file when it was loaded or saved, whichever was later; "" as long as it has none.
_path = ""


def register() -> None:
    """Add the handlers for loaded and saved files, undo and redo, and offer the session to scripts."""
    bpy.app.handlers.load_post.append(_file_loaded)
    bpy.app.handlers.save_pre.append(_file_saving)
    bpy.app.handlers.save_post.append(_file_saved)
    bpy.app.handlers.undo_pre.append(_going_back)
    bpy.app.handlers.undo_post.append(_gone_back)
    bpy.app.handlers.redo_post.append(_undone)
    # Not ``runtime.get_or_start`` itself, which would run that module now.
    panel_engine.offer(lambda: runtime.get_or_start())


def unregister() -> None:
    """Remove the handlers, and offer the session no longer."""
    panel_engine.withdraw()
    bpy.app.handlers.load_post.remove(_file_loaded)
    bpy.app.handlers.save_pre.remove(_file_saving)
    bpy.app.handlers.save_post.remove(_file_saved)
    bpy.app.handlers.undo_pre.remove(_going_back)
    bpy.app.handlers.undo_post.remove(_gone_back)
    bpy.app.handlers.redo_post.remove(_undone)


def end_session() -> None:
    """Stop the session, and what was begun for the open file."""
    if lazy_modules.has_run(file_catalogs):
        file_catalogs.join(1.0)
    if lazy_modules.has_run(runtime):
        runtime.shutdown()
    from ...scene.host import data_folder  # lazy import, as below

    data_folder.forget()
    # From now on, files may be loaded without being noticed.
    _new_time()


def _new_time() -> None:
    """Renew the token of ``scene.importing.origin``: scenes can no longer be identified by their names alone."""
    # Lazy import: it loads tasks.record.record, which would take a tenth of the time of register().
    from ...scene.importing import origin

    origin.renew_token()


def _session() -> "Session | None":
    """Return the session, without running the module that holds it for a start of Blender that needs none."""
    return runtime.current() if lazy_modules.has_run(runtime) else None


@bpy.app.handlers.persistent
def _file_loaded(*_: object) -> None:
    write_access.call(_begin_file)


def _begin_file() -> None:
    global _path
    _path = bpy.data.filepath
    _new_time()
    for scene in bpy.data.scenes:
        properties.repair(scene)
    if lazy_modules.has_run(request):
        request.restore_scene_ids(is_loaded=True)
    session = _session()
    if session is not None:
        session.rejected = {}
        session.again_of = ""
        adjusted_models.forget()
        _forget_imported_models()
        list_rows.write(session)


@bpy.app.handlers.persistent
def _file_saving(*_: object) -> None:
    if _session() is not None:
        write_access.call(_free_replaced)


def _free_replaced() -> None:
    from ...scene.importing import replaced_data  # lazy import, as above

    replaced_data.free()


@bpy.app.handlers.persistent
def _file_saved(*_: object) -> None:
    global _path
    file_catalogs.write_later(bpy.data.filepath)
    before, _path = _path, bpy.data.filepath
    if not _path:
        return  # a copy of an unsaved file was saved
    if before != _path and lazy_modules.has_run(request):
        request.forget_name(before)
    session = _session()
    if session is not None:
        from . import saved_file  # lazy import: it loads the store, as the session has

        saved_file.follow(session, before)


@bpy.app.handlers.persistent
def _going_back(*_: object) -> None:
    if _session() is not None:
        adjusted_models.going_back()


@bpy.app.handlers.persistent
def _gone_back(*_: object) -> None:
    _undone()
    if _session() is not None:
        adjusted_models.gone_back()


@bpy.app.handlers.persistent
def _undone(*_: object) -> None:
    if lazy_modules.has_run(request):
        write_access.call(request.restore_scene_ids)
    if _session() is not None:
        from . import user_activity  # lazy import: the session has imported it

        user_activity.note_undo()
        _forget_imported_models()


def _forget_imported_models() -> None:
    from ...scene.importing import imported_models  # lazy import, as above

    imported_models.forget()
