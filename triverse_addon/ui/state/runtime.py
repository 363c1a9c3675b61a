# SPDX-License-Identifier: GPL-3.0-or-later
"""
The one session of this Blender: the engine, and what the ui remembers beside it.

Floor: third. Thread: main. Imports ``bpy``.

Made at first need (a panel is drawn, an operator is run, or there are tasks from last time), never by ``register()``:
the engine brings ``requests`` and ``websockets`` with it, which take longer to import than all the rest.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from ...api.errors import TriverseError
from ...api.sentence import Sentence
from .. import data_folder, properties, settings
from ..form import last_used
from . import list_rows

if TYPE_CHECKING:
    from .session import Session

_session: "Session | None" = None
_is_wished = False
_problem: Sentence | None = None


def current() -> "Session | None":
    """Return the session if there is one already."""
    return _session


def need() -> "Session":
    """
    Return the session, made and started now if there is none.

    :raises TriverseError: it cannot be started; :func:`problem` says so in the panel until it can.
    """
    global _session, _is_wished, _problem
    if _session is None:
        try:
            if data_folder.settle():
                # What was used last lies in the folder that was moved.
                last_used.forget()
        except TriverseError as error:
            # While it is moved, the heartbeat asks on; what has to be mended first waits for the button.
            _problem, _is_wished = error.sentence, isinstance(error, data_folder.MovingError)
            raise
        # Late: these import requests, websockets and sqlite3, which register() must not wait for.
        from ...scene.asset_library import AssetShelf
        from ...scene.child.command import child_command
        from ...scene.child.converter import ChildConverter
        from ...scene.child.library_writer import WORK, ChildLibrary
        from ...scene.child.preparer import ChildPreparer
        from ...scene.child.source_thumbnails import SmallPictures
        from ...scene.importing.importer import import_task, reason_to_wait
        from ...tasks.engine.engine import Engine
        from ...tasks.events import Notice
        from .batch_session import BatchSession
        from .session import Session

        preparer = ChildPreparer(
            child_command("prepare_worker"),
            picture_suffixes=bpy.path.extensions_image,
            own_dir=settings.sources_dir(create=True),
        )
        shelf = AssetShelf(ChildConverter(child_command()))
        shelf.folder = settings.asset_library_dir()
        engine = Engine(settings.settings_now(), shelf, preparer=preparer)
        _is_wished = False
        try:
            engine.start()
        except TriverseError as error:
            _problem = error.sentence
            raise
        _problem = None
        pictures = SmallPictures(child_command("prepare_worker"), Path(settings.data_dir(create=True), "pictures"))
        writer, work_dir = child_command("library_worker"), engine.settings.data_dir / WORK
        reader = engine.settings.reader
        batch = BatchSession(engine, preparer, lambda: ChildLibrary(writer, work_dir, reader=reader))
        _session = Session(engine, import_task, reason_to_wait, batch, shelf, pictures)
        if (untold := data_folder.untold()) is not None:
            _session.tell(Notice("WARNING", untold))
    return _session


def wish() -> None:
    """Have the heartbeat make the session: ``draw()`` needs it for prices and must not start it by itself."""
    global _is_wished
    # Not where it could not be made, unless the heartbeat itself asks on: while list and models are moved.
    _is_wished = _session is None and (_is_wished or _problem is None)


def is_wished() -> bool:
    """Tell whether something that is drawn needs the session."""
    return _is_wished


def problem() -> Sentence | None:
    """Return why there is no session although one was needed, or what is wrong with its store."""
    return _session.engine.notice_problem if _session is not None else _problem


def tell_slip(sentence: Sentence) -> None:
    """Show what nobody foresaw: in the panel, in place of a session that could not be made."""
    global _is_wished, _problem
    if _session is not None:
        from ...tasks.events import Notice  # lazy import, as above

        _session.tell(Notice("ERROR", sentence))
    else:
        _is_wished, _problem = False, sentence


def end() -> None:
    """Stop the session, if there is one."""
    global _session, _is_wished, _problem
    _is_wished, _problem = False, None
    ending, _session = _session, None
    if ending is not None:
        ending.stop()


def register() -> None:
    """Have file loads told."""
    bpy.app.handlers.load_post.append(_file_loaded)


def unregister() -> None:
    """Take the handler back and stop the engine."""
    bpy.app.handlers.load_post.remove(_file_loaded)
    end()
    # From now on nobody listens, and files may be loaded unseen.
    _new_time()


def _new_time() -> None:
    """Scenes are not known by their names alone any more: see ``scene.importing.origin``."""
    from ...scene.importing import (
        origin,  # late: brings tasks.record, of whose import register() would take a tenth of its time
    )

    origin.renew_token()


@bpy.app.handlers.persistent  # type: ignore[untyped-decorator]
def _file_loaded(*_: object) -> None:
    _new_time()
    for scene in bpy.data.scenes:
        properties.mend(scene)
    if _session is not None:
        _session.refused = {}
        _session.again_of = ""
        list_rows.write(_session)


def has_store() -> bool:
    """Tell whether a store exists from last time, so that tasks may have to go on. A few looks at the disk."""
    from ...tasks.store.store import FILE_NAME  # late: brings sqlite3

    folder = settings.data_dir(create=False)
    return bool(folder) and Path(folder, FILE_NAME).exists()


def key_answer() -> tuple[bool | None, Sentence] | None:
    """Return the result of the last key test, if there was one and it is about the key and service of now."""
    if _session is None or _session.key_tested != (settings.api_key(), settings.api_url()):
        return None
    return _session.key_answer
