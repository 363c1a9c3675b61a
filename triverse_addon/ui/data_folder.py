# SPDX-License-Identifier: GPL-3.0-or-later
"""
The folder of this user's list and models: found once, and moved beside the main thread where a move is due.

Floor: third. Thread: main, but for the move itself. Imports what imports ``bpy``.

While a move is under way there is no session: nothing is ordered, fetched or imported. That is seconds within a disk,
and as long as copying takes to another one; the panel says how far it is.
"""

import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from ..api.errors import TriverseError, UnforeseenError
from ..api.sentence import Sentence
from ..api.unexpected_errors import UNFORESEEN

if TYPE_CHECKING:
    from ..tasks.store.user_folder import Settled

_log = logging.getLogger(__name__)

#: How long the end of the add-on waits for the move, which goes on at the next start, in seconds.
_STOP_S = 1.0

_folder = ""
_is_made = False
_mover: "_Mover | None" = None
_untold: Sentence | None = None


class MovingError(TriverseError):
    """List and models are being moved, here or by another Blender; ask again."""


class _Mover(threading.Thread):
    """Moves what is due, once."""

    def __init__(self, usual: Path, older: list[Path]) -> None:
        super().__init__(name="triverse-move", daemon=True)
        self._usual, self._older = usual, older
        self.stop = threading.Event()
        self.progress = (0, 0)
        self.settled: Settled | None = None
        self.error: TriverseError | None = None

    def run(self) -> None:
        from ..tasks.store.user_folder import settle

        try:
            self.settled = settle(self._usual, self._older, self._report, self.stop)
        except TriverseError as error:
            self.error = error
        except UNFORESEEN as error:
            # The last net of the thread: whoever waits for it has to be told.
            _log.exception("List and models were not moved")
            self.error = UnforeseenError(error)

    def _report(self, done: int, count: int) -> None:
        self.progress = done, count


def folder(*, create: bool) -> str:
    """
    Return where list and models lie now: not where they are being moved to.

    :param create: make it if it is missing, once.
    """
    global _folder, _is_made
    if not _folder:
        # Late: brings sqlite3, which register() must not wait for.
        from ..scene.user_folder import older_folders, usual_folder
        from ..tasks.store.moving import holds_data
        from ..tasks.store.user_folder import is_settled, read_place

        usual, older = usual_folder(), older_folders()
        place = read_place(usual)
        if not is_settled(usual, older):
            return str(next((old for old in older if holds_data(old)), place.folder))
        if place.folder != usual and not place.folder.is_dir():
            return str(place.folder)
        _folder = str(place.folder)
    if create and not _is_made:
        from ..tasks.private_files import make_folder  # late, as above

        make_folder(Path(_folder))
        _is_made = True
    return _folder


def settle() -> bool:
    """
    See to it that list and models are where they belong; a move is begun here and ends in its own time.

    :returns: whether a move has just ended.
    :raises MovingError: they are being moved: ask again.
    :raises TriverseError: they are not there, or another Blender moves them.
    """
    global _folder, _mover, _untold
    if _folder:
        return False
    if _mover is None:
        from ..scene.user_folder import older_folders, usual_folder

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
        from ..tasks.store.moving import MoveUnderWayError  # late, as above

        assert mover.error is not None
        raise MovingError(mover.error.sentence) if isinstance(mover.error, MoveUnderWayError) else mover.error
    _folder, _untold = str(mover.settled.folder), mover.settled.problem
    return True


def untold() -> Sentence | None:
    """Return, once, why list and models are not where they should be."""
    global _untold
    sentence, _untold = _untold, None
    return sentence


def forget() -> None:
    """Stop a move, which goes on at the next start, and look for the folder anew when it is needed next."""
    global _folder, _is_made, _mover, _untold
    mover, _mover = _mover, None
    if mover is not None:
        mover.stop.set()
        mover.join(_STOP_S)
    _folder, _is_made, _untold = "", False, None
