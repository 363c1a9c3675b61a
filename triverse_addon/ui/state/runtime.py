# SPDX-License-Identifier: GPL-3.0-or-later
"""
The session of this Blender process: the engine, and the state of the user interface.

Floor: third. Thread: main. Imports ``bpy``.

It is created when first needed (a panel is drawn, an operator is run, or the store has tasks), never by ``register()``:
the engine imports ``requests`` and ``websockets``, which takes longer than all other imports together. What is
registered with Blender is in ``session_events``.
"""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from ...api.errors import TriverseError
from ...api.sentence import Sentence
from ...scripting import panel_engine
from .. import settings
from ..form import last_used
from ..rna.members import image_suffixes

if TYPE_CHECKING:
    from .session import Session

_session: "Session | None" = None
_is_start_requested = False
_problem: Sentence | None = None


def current() -> "Session | None":
    """Return the session, or None if it was not started."""
    return _session


def get_or_start() -> "Session":
    """
    Return the session. It is created and started if there is none.

    :raises TriverseError: the session cannot be started. :func:`problem` returns the reason until it can.
    """
    global _session, _is_start_requested, _problem
    if _session is None:
        from ...scene.host import data_folder

        try:
            if data_folder.settle():
                # The file with the settings used last is in the folder that was moved.
                last_used.forget()
        except TriverseError as error:
            # During a move, the app timer tries again. Any other error waits for the user to press Try Again.
            _problem, _is_start_requested = error.sentence, isinstance(error, data_folder.MovingError)
            raise
        # Lazy imports: these load requests, websockets and sqlite3, which would slow down register().
        from ...scene.child.asset_library import LibraryCopyConverter
        from ...scene.child.command import child_command
        from ...scene.child.converter import ChildConverter
        from ...scene.child.library_writer import ChildAssetWriter
        from ...scene.child.preparer import ChildPreparer
        from ...scene.child.preview_pixels import PreviewPixels
        from ...scene.child.source_thumbnails import SourceThumbnails
        from ...scene.importing.importer import wait_reason
        from ...scripting.imports import importer
        from ...scripting.task import Task
        from ...tasks.engine.engine import Engine
        from ...tasks.files.folders import WORK
        from ...tasks.record.events import Notice
        from .batch_session import BatchSession
        from .session import Session

        preparer = ChildPreparer(
            child_command("prepare_worker"),
            picture_suffixes=image_suffixes(),
            own_dir=settings.sources_dir(create=True),
        )
        library_converter = LibraryCopyConverter(ChildConverter(child_command()))
        library_converter.folder = settings.asset_library_dir()
        engine = Engine(settings.settings_now(), library_converter, preparer=preparer)
        _is_start_requested = False
        try:
            engine.start()
        except TriverseError as error:
            _problem = error.sentence
            raise
        _problem = None
        pictures = SourceThumbnails(child_command("prepare_worker"), Path(settings.data_dir(create=True), "pictures"))
        previews = PreviewPixels(child_command("pixels_worker"), Path(settings.data_dir(create=True), "pictures"))
        writer, work_dir = child_command("library_worker"), engine.settings.data_dir / WORK
        reader = engine.settings.reader
        batch = BatchSession(engine, preparer, lambda: ChildAssetWriter(writer, work_dir, reader=reader))
        import_task = importer(lambda record: Task(panel_engine.PanelConnection(), record))
        _session = Session(engine, import_task, wait_reason, batch, library_converter, pictures, previews)
        if (sentence := data_folder.take_problem()) is not None:
            _session.add_notice(Notice("WARNING", sentence))
    return _session


def request_start() -> None:
    """Request that the app timer starts the session. For ``draw()``, which needs it but must not start it."""
    global _is_start_requested
    # Not after a failed start, except during a move of the data folder, where the app timer tries again.
    _is_start_requested = _session is None and (_is_start_requested or _problem is None)


def is_start_requested() -> bool:
    """Return whether a start of the session was requested."""
    return _is_start_requested


def problem() -> Sentence | None:
    """Return why the session could not be started, or else the problem with its store; None if there is none."""
    return _session.engine.notice_problem if _session is not None else _problem


def show_unexpected_error(sentence: Sentence) -> None:
    """
    Show an unexpected error in the panel.

    Without a session, it becomes the reason why there is none, and the start is not tried again.
    """
    global _is_start_requested, _problem
    if _session is not None:
        from ...tasks.record.events import Notice  # lazy import, as above

        _session.add_notice(Notice("ERROR", sentence))
    else:
        _is_start_requested, _problem = False, sentence


def shutdown() -> None:
    """Stop the session, if there is one."""
    global _session, _is_start_requested, _problem
    _is_start_requested, _problem = False, None
    ending, _session = _session, None
    if ending is not None:
        ending.shutdown()


def forget_folder() -> None:
    """Stop a running move of the data folder, and discard which folder it is."""
    from ...scene.host import data_folder  # lazy import, as above

    data_folder.forget()


def has_store() -> bool:
    """Return whether a store exists, which may hold unfinished tasks. Does a few file-system checks."""
    from ...tasks.store.store import FILE_NAME  # lazy import: loads sqlite3

    folder = settings.data_dir(create=False)
    return bool(folder) and Path(folder, FILE_NAME).exists()


def is_new_user() -> bool:
    """Return whether the user is known to have submitted no task yet. For drawing."""
    return last_used.is_known_empty() and (_session is None or not _session.engine.has_tasks)


def key_answer() -> tuple[bool | None, Sentence] | None:
    """Return the result of the last key test, or None if there was none for the current key and service."""
    if _session is None or _session.key_tested != (settings.api_key(), settings.api_url()):
        return None
    return _session.key_answer


class KeyState(StrEnum):
    """What is known of the API key."""

    MISSING = "missing"
    UNKNOWN = "unknown"
    """It was not tried yet, or cannot be sent as it is."""
    TESTING = "testing"
    ACCEPTED = "accepted"
    REFUSED = "refused"


def key_state() -> KeyState:
    """Return what is known of the key in use. For drawing."""
    if not settings.api_key():
        return KeyState.MISSING
    if _session is None or settings.key_problem() is not None:
        return KeyState.UNKNOWN
    answer = key_answer()
    if answer is not None and answer[0] is None:
        return KeyState.TESTING
    if answer is not None and answer[0]:
        return KeyState.ACCEPTED
    if answer is not None:
        # Any other problem, such as the address of the service, says nothing about the key.
        from ...api.responses import REFUSED_KEY  # lazy import: it loads what reads all answers of the service

        return KeyState.REFUSED if answer[1] == REFUSED_KEY else KeyState.UNKNOWN
    return KeyState.ACCEPTED if _session.price.balance is not None else KeyState.UNKNOWN
