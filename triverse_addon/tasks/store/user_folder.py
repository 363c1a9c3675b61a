# SPDX-License-Identifier: GPL-3.0-or-later
"""
Where list and models of a user lie, and the note of where they were moved to.

Floor: first. Thread: any. No ``bpy``: what Blender has a say in is asked by ``scene.user_folder``.

The usual folder is one of the user, not one of the extension: Blender removes the extension's own folder when it is
uninstalled. It is the same for every version of Blender. Another folder, once chosen, is noted in the usual one and not
in Blender's preferences, which are of one version, may be left unsaved, and go with the extension.
"""

import contextlib
import dataclasses
import json
import logging
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ...api.errors import TriverseError
from ...api.sentence import Sentence
from ..private_files import make_folder, opener
from .moving import MoveStopped, MoveUnderWayError, Report, holds_data, move
from .store import FILE_NAME

_log = logging.getLogger(__name__)

#: Name of the folder.
NAME = "triverse-blender"
#: The note, in the usual folder.
NOTE = "place.json"


@dataclass(frozen=True, slots=True)
class Place:
    """
    Where list and models lie.

    :ivar folder: in use until a move has ended.
    :ivar moving_to: where they are being moved to; None when they are not.
    :ivar left: where they were moved from, until that has been emptied; else None.
    """

    folder: Path
    moving_to: Path | None = None
    left: Path | None = None


class PlaceError(TriverseError):
    """Where list and models lie cannot be noted, or is not there: its disk is not connected, perhaps."""


def usual_folder(environment: Mapping[str, str] = os.environ, system: str = sys.platform) -> Path:
    """
    Return the folder for list and models that each system has for a program's data of one user.

    Linux: https://specifications.freedesktop.org/basedir-spec, which has relative paths ignored. Windows: the local
    folder and not the roaming one, which would be copied over the network at each log-on.

    :param system: as ``sys.platform`` names it.
    """
    if system == "win32":
        named = environment.get("LOCALAPPDATA", "")
        return Path(named or Path.home() / "AppData" / "Local", NAME)
    if system == "darwin":
        return Path.home() / "Library" / "Application Support" / NAME
    named = environment.get("XDG_DATA_HOME", "")
    return Path(named if os.path.isabs(named) else Path.home() / ".local" / "share", NAME)


def read_place(usual: Path) -> Place:
    """Return where list and models lie: the usual folder, unless its note names another."""
    try:
        noted = json.loads((usual / NOTE).read_text("utf-8"))
        folder, moving_to, left = (_path(noted.get(name)) for name in ("folder", "moving_to", "left"))
    except (OSError, ValueError, AttributeError, RecursionError):
        return Place(usual)
    return Place(folder or usual, moving_to, left)


def _path(noted: object) -> Path | None:
    return Path(noted) if isinstance(noted, str) and os.path.isabs(noted) else None


def write_place(usual: Path, place: Place) -> None:
    """
    Note where list and models lie; durable when this returns.

    :raises PlaceError: it cannot be written; what was noted before holds.
    """
    try:
        _write_note(usual, place)
    except OSError as error:
        raise PlaceError(
            Sentence.of(
                "The folder {folder} cannot be written to ({reason}).",
                folder=str(usual),
                reason=error.strerror or type(error).__name__,
            )
        ) from None


def _write_note(usual: Path, place: Place) -> None:
    make_folder(usual)
    note = usual / NOTE
    if place == Place(usual):
        note.unlink(missing_ok=True)
        return
    value = {name: str(path) for name, path in dataclasses.asdict(place).items() if path is not None}
    part = note.with_name(f".{NOTE}.part")
    with open(part, "w", encoding="ascii", opener=opener) as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, note)


@dataclass(frozen=True, slots=True)
class Settled:
    """
    Where list and models lie for as long as this Blender runs.

    :ivar problem: why that is not where they should be, None when it is.
    """

    folder: Path
    problem: Sentence | None = None


def is_settled(usual: Path, older: Sequence[Path]) -> bool:
    """Tell whether list and models are where they belong, so that :func:`settle` has nothing to move."""
    place = read_place(usual)
    if place.moving_to is not None or place.left is not None:
        return False
    return not any(holds_data(folder) for folder in older if folder != place.folder)


def settle(
    usual: Path,
    older: Sequence[Path],
    report: Report = lambda _done, _all: None,
    stop: threading.Event | None = None,
) -> Settled:
    """
    Move what is due, and return where list and models lie.

    What cannot be moved is used where it is, and moved another time.

    :param usual: the usual folder.
    :param older: where earlier versions kept list and models.
    :raises MoveUnderWayError: another Blender is moving them; call again.
    :raises MoveStopped: ``stop`` was set.
    :raises PlaceError: the folder that was chosen is not there, or nothing can be noted.
    """
    place = read_place(usual)
    folder = place.folder
    problem: Sentence | None = None
    if place.moving_to is not None:
        try:
            after = Place(place.moving_to, left=folder)
            move(folder, place.moving_to, partial(write_place, usual, after), report, stop)
            place, folder = after, after.folder
        except (MoveUnderWayError, MoveStopped, PlaceError):
            raise
        except TriverseError as error:
            problem = error.sentence
            write_place(usual, Place(folder))
    if folder != usual and not folder.is_dir():
        raise PlaceError(
            Sentence.of(
                "The folder {folder} with your list of tasks and models is not there. Connect its disk and try again, "
                "or choose another folder in the preferences.",
                folder=str(folder),
            )
        )
    if place.left is not None:
        _empty(place.left, folder, report, stop)
        write_place(usual, Place(folder))
    for old in older:
        if old == folder or not holds_data(old):
            continue
        try:
            move(old, folder, lambda: None, report, stop)
        except (MoveUnderWayError, MoveStopped):
            raise
        except TriverseError as error:
            return Settled(old, error.sentence)
    return Settled(folder, problem)


def _empty(left: Path, folder: Path, report: Report, stop: threading.Event | None) -> None:
    """Remove what a move that was killed left behind it, once more compared with what it brought."""
    if left == folder or not holds_data(left):
        return
    try:
        move(left, folder, lambda: None, report, stop)
    except (MoveUnderWayError, MoveStopped):
        raise
    except TriverseError as error:
        _log.warning("%s is not emptied: %s", left, error)


def plan_move(usual: Path, chosen: Path) -> Path:
    """
    Have the next :func:`settle` move list and models into a folder of the user's choice.

    A folder that holds other things gets one of ours in it. A list that is there already takes in what comes.

    :returns: where they will lie.
    :raises PlaceError: that cannot be noted.
    """
    place = read_place(usual)
    target = Path(os.path.abspath(chosen))
    # A folder "models" alone may be anybody's; a list is ours.
    if target not in (usual, place.folder) and not (target / FILE_NAME).is_file() and _has_entries(target):
        target /= NAME
    if place.folder == usual or place.folder.is_dir():
        write_place(usual, Place(place.folder, target))
        return target
    # What is not there cannot be moved: begin anew.
    with contextlib.suppress(OSError):
        make_folder(target)
    write_place(usual, Place(target))
    return target


def _has_entries(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        return bool(os.listdir(folder))
    return False
