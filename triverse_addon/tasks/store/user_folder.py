# SPDX-License-Identifier: GPL-3.0-or-later
"""
The user's folder for task list and models, and the note that refers to another folder after a move.

Floor: first. Thread: any. No ``bpy``: ``scene.host.user_folder`` adds what depends on Blender.

The default folder belongs to the user, not to the extension: Blender removes the extension's own folder when it is
uninstalled. It is the same for every version of Blender. If the user chooses another folder, the default one contains a
note of it. Blender's preferences are not used for that, because each version has its own, they may be left unsaved, and
the extension's are removed with it.
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
from ..files.atomic_write import write_whole
from ..files.private_files import make_folder
from .moving import LOCK_NAME, MoveStopped, MoveUnderWayError, Report, holds_data, move
from .store import FILE_NAME

_log = logging.getLogger(__name__)

#: Name of the folder.
NAME = "triverse-blender"
#: File name of the note in the default folder.
NOTE = "place.json"


@dataclass(frozen=True, slots=True)
class Place:
    """
    Location of the task list and models.

    :ivar folder: the folder in use, until a move has ended.
    :ivar moving_to: the target of a pending move; None if there is none.
    :ivar left: the old folder after a move, until it has been emptied; else None.
    """

    folder: Path
    moving_to: Path | None = None
    left: Path | None = None


class PlaceError(TriverseError):
    """The folder cannot be noted, or does not exist (its disk may not be connected)."""


def usual_folder(environment: Mapping[str, str] = os.environ, system: str = sys.platform) -> Path:
    """
    Return the default folder, which is the system's folder for a program's data of one user.

    Linux: https://specifications.freedesktop.org/basedir-spec, which requires relative paths to be ignored. Windows:
    the local folder and not the roaming one, which would be copied over the network at each log-on.

    :param environment: the environment variables.
    :param system: as in ``sys.platform``.
    """
    if system == "win32":
        named = environment.get("LOCALAPPDATA", "")
        return Path(named or Path.home() / "AppData" / "Local", NAME)
    if system == "darwin":
        return Path.home() / "Library" / "Application Support" / NAME
    named = environment.get("XDG_DATA_HOME", "")
    return Path(named if os.path.isabs(named) else Path.home() / ".local" / "share", NAME)


def read_place(usual: Path) -> Place:
    """Return the location in the note; the default folder if there is no note."""
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
    Write the note. It is on the disk when this returns.

    :raises PlaceError: it cannot be written; the old note stays valid.
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
    write_whole(note, json.dumps(value).encode("ascii"), private=True)


@dataclass(frozen=True, slots=True)
class Settled:
    """
    The folder of the task list and models for this run of Blender.

    :ivar folder: the folder.
    :ivar problem: why it is not the intended folder; None if it is.
    """

    folder: Path
    problem: Sentence | None = None


def is_settled(usual: Path, older: Sequence[Path]) -> bool:
    """Return whether :func:`settle` has nothing to move."""
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
    Carry out pending moves, and return the folder of the task list and models.

    If a folder cannot be moved, it is used where it is, and moved another time.

    :param usual: the default folder.
    :param older: folders that earlier versions used.
    :param report: called with the progress of a move.
    :param stop: stops a move when set.
    :raises MoveUnderWayError: another Blender is moving the data; call again.
    :raises MoveStopped: ``stop`` was set.
    :raises PlaceError: the chosen folder does not exist, or the note cannot be written.
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
    """Remove what a killed move left in its old folder, after comparing it again with the new folder."""
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
    Make the next :func:`settle` move the task list and models into a folder that the user chose.

    If the folder contains other files, a subfolder is used. If it contains a task list, the lists are merged.

    :returns: the future folder.
    :raises PlaceError: the note cannot be written.
    """
    place = read_place(usual)
    target = Path(os.path.abspath(chosen))
    # A folder with only a "models" folder may be the user's own; a task list is ours.
    if target not in (usual, place.folder) and not (target / FILE_NAME).is_file() and _has_entries(target):
        target /= NAME
    if place.folder == usual or place.folder.is_dir():
        write_place(usual, Place(place.folder, target))
        return target
    # A missing folder cannot be moved, so the new one starts empty.
    with contextlib.suppress(OSError):
        make_folder(target)
    write_place(usual, Place(target))
    return target


def _has_entries(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        return any(name != LOCK_NAME for name in os.listdir(folder))
    return False
