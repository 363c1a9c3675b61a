# SPDX-License-Identifier: GPL-3.0-or-later
"""
The folder with this user's task list and models: located once, and moved on a background thread if a move is pending.

Floor: second. Thread: main, except for the move itself. Imports modules that import ``bpy``.

There is no session during a move, so no task is submitted, downloaded or imported. A move takes seconds within one disk
and as long as copying takes to another disk. The panel shows its progress.
"""

import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from ...api.errors import TriverseError, UnforeseenError
from ...api.sentence import Sentence
from ...api.unexpected_errors import UNFORESEEN

if TYPE_CHECKING:
    from ...tasks.store.user_folder import Settled

_log = logging.getLogger(__name__)

#: How long unregistering waits for a running move to stop, in seconds. The move continues at the next start.
_STOP_S = 1.0

_folder = ""
_is_made = False
_mover: "_Mover | None" = None
_problem: Sentence | None = None


class MovingError(TriverseError):
    """The task list and the models are being moved, by this or another Blender. Try again later."""


class _Mover(threading.Thread):
    """
    Thread that moves the task list and the models once.

    :param usual: the default data folder.
    :param older: data folders of earlier versions.
    """

    def __init__(self, usual: Path, older: list[Path]) -> None:
        super().__init__(name="triverse-move", daemon=True)
        self._usual, self._older = usual, older
        self.stop = threading.Event()
        self.progress = (0, 0)
        self.settled: Settled | None = None
        self.error: TriverseError | None = None

    def run(self) -> None:
        from ...tasks.store.user_folder import settle

        try:
            self.settled = settle(self._usual, self._older, self._report, self.stop)
        except TriverseError as error:
            self.error = error
        except UNFORESEEN as error:
            # settle() reports the error on the main thread.
            _log.exception("List and models were not moved")
            self.error = UnforeseenError(error)

    def _report(self, done: int, count: int) -> None:
        self.progress = done, count


def folder(*, create: bool) -> str:
    """
    Return the folder that holds the task list and the models. During a move this is the old folder.

    :param create: create the folder if it is missing. Done once.
    """
    global _folder, _is_made
    if not _folder:
        # Lazy import: loads sqlite3, which would slow down register().
        from ...tasks.store.moving import holds_data
        from ...tasks.store.user_folder import is_settled, read_place
        from .user_folder import older_folders, usual_folder

        usual, older = usual_folder(), older_folders()
        place = read_place(usual)
        if not is_settled(usual, older):
            return str(next((old for old in older if holds_data(old)), place.folder))
        if place.folder != usual and not place.folder.is_dir():
            return str(place.folder)
        _folder = str(place.folder)
    if create and not _is_made:
        from ...tasks.files.private_files import make_folder  # lazy import, as above

        make_folder(Path(_folder))
        _is_made = True
    return _folder


def settle() -> bool:
    """
    Locate the data folder, and start a move of the task list and the models if one is pending.

    :returns: whether a move has just ended.
    :raises MovingError: a move is running, in this or another Blender. Call again later.
    :raises TriverseError: the task list and the models were not found or could not be moved.
    """
    global _folder, _mover, _problem
    if _folder:
        return False
    if _mover is None:
        from .user_folder import older_folders, usual_folder

        folder(create=False)
        if _folder:
            return False
        _mover = _Mover(usual_folder(), older_folders())
        _mover.start()
    if _mover.is_alive():
        done, count = _mover.progress
        raise MovingError(
            Sentence.of("The list of tasks and the models are being moved: {done} of {count}.", done=done, count=count)
        )
    mover, _mover = _mover, None
    if mover.settled is None:
        from ...tasks.store.moving import MoveUnderWayError  # lazy import, as above

        assert mover.error is not None
        raise MovingError(mover.error.sentence) if isinstance(mover.error, MoveUnderWayError) else mover.error
    _folder, _problem = str(mover.settled.folder), mover.settled.problem
    return True


def take_problem() -> Sentence | None:
    """Return why the task list and the models are not in their configured folder; None after it was returned once."""
    global _problem
    sentence, _problem = _problem, None
    return sentence


def forget() -> None:
    """Stop a running move, which continues at the next start, and discard the cached folder."""
    global _folder, _is_made, _mover, _problem
    mover, _mover = _mover, None
    if mover is not None:
        mover.stop.set()
        mover.join(_STOP_S)
    _folder, _is_made, _problem = "", False, None
