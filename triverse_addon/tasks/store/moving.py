# SPDX-License-Identifier: GPL-3.0-or-later
"""
Moves a user's task list and models to another folder without the risk of losing data.

Floor: first. Thread: a worker's, or a command's main thread, while no engine runs on either folder. No ``bpy``.

Within a file system every entry is renamed. To another disk every entry is copied and compared. The originals are
removed only after the list in the new folder refers to the copies, which is one transaction, and the new folder is
noted. If the process is killed at any point, the same call continues with the rest.
"""

import contextlib
import errno
import logging
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ...api.display_text import shown
from ...api.errors import TriverseError
from ...api.sentence import Sentence
from ..files.file_lock import is_taken, lock
from ..files.folders import WORK
from ..files.no_room import is_no_room
from ..files.private_files import make_folder, opener, own_folder
from ..record.record import TaskRecord, is_url
from .entry_files import PART, can_rename, copy_entry, is_same, remove_entry, size_bytes, was_renamed
from .errors import NoSuchTaskError
from .lease import someone_is_alive
from .lost_store import LOST_NAME
from .store import FILE_NAME, Store

log = logging.getLogger(__name__)

#: Folders whose entries are moved one by one. Each is the first part of the paths in a record.
_FOLDERS = ("models", "sources", "pictures", "batches")
#: Files next to the list. They are moved unless the new folder has its own.
_FILES = ("last_used.json", LOST_NAME)
_DAMAGED = "tasks.damaged-*"
#: A file that stays in a folder that was moved away.
LOCK_NAME = "moving.lock"
#: Disk space in bytes that must remain free.
_SPARE_BYTES = 64 * 1024**2

#: Called with the number of moved entries and the total.
Report = Callable[[int, int], None]


class MoveError(TriverseError):
    """Nothing was moved; the list and the models are in their old folder."""


class MoveUnderWayError(TriverseError):
    """Another Blender is moving the data; wait until it has finished."""


class MoveStopped(TriverseError):
    """Blender is closing; the move continues at the next start."""


def holds_data(folder: Path) -> bool:
    """Return whether a folder contains data to move: a list, models, or the last used settings."""
    if any((folder / name).is_file() for name in (FILE_NAME, *_FILES)):
        return True
    return any(_entries(folder / name) for name in ("models", "batches"))


def _entries(folder: Path) -> list[str]:
    with contextlib.suppress(OSError):
        return sorted(name for name in os.listdir(folder) if not name.startswith(PART))
    return []


@dataclass
class _Way:
    """
    Progress of a move. Paths of entries are relative: ``models/2026-11-29_chair_12345678``.

    :ivar moved: every entry in the new folder, old path -> new path.
    :ivar outdated: originals to remove at the end, because the new folder has them too.
    :ivar undo: functions that undo the steps, in the order of the steps.
    :ivar left: entries that could not be moved.
    """

    source: Path
    target: Path
    moved: dict[str, str] = field(default_factory=dict)
    outdated: list[Path] = field(default_factory=list)
    undo: list[Callable[[], None]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def move(
    source: Path,
    target: Path,
    switch: Callable[[], None],
    report: Report = lambda _done, _all: None,
    stop: threading.Event | None = None,
) -> list[str]:
    """
    Move the task list and models from ``source`` to ``target``. If there is a list in ``target``, they are merged.

    :param switch: notes ``target`` as the new folder. Called after everything is there and before anything is removed.
    :param report: called with the progress.
    :param stop: stops the move when set.
    :returns: entries that had to stay in ``source``; the list continues to refer to them there.
    :raises MoveError: nothing was moved; see its subclasses.
    :raises TriverseError: a list cannot be read or written; nothing was removed.
    """
    here, there = os.path.realpath(source), os.path.realpath(target)
    if here == there:
        switch()
        return []
    if there.startswith(os.path.join(here, "")):
        raise MoveError(Sentence.of("The folder {folder} is inside the one that is moved.", folder=str(target)))
    for folder in (target, source):
        try:
            own_folder(folder)
        except OSError as error:
            raise _not_there(folder, error) from None
    with contextlib.ExitStack() as stack:
        for folder in (target, source):
            stack.enter_context(_locked(folder))
        if someone_is_alive(source / "owners"):
            raise MoveError(
                Sentence.of(
                    "Another Blender works with the list of tasks in {folder}. It is moved at the next start, when "
                    "that one is closed.",
                    folder=str(source),
                )
            )
        way = _Way(source, target)
        try:
            _bring_entries(way, report, stop or threading.Event())
        except OSError as error:
            _take_back(way)
            raise _not_there(target, error) from None
        try:
            _take_in(way)
        except TriverseError:
            _take_back(way)
            raise
        report(len(way.moved), len(way.moved))
        switch()
        report(len(way.moved), len(way.moved))
        _remove(way)
    if way.left:
        log.warning("left in %s: %s", shown(str(source)), shown(", ".join(way.left)))
    return way.left


def _not_there(target: Path, error: OSError) -> MoveError:
    if is_no_room(error):
        return _no_room(target)
    return MoveError(
        Sentence.of(
            "The list of tasks and the models cannot be moved to {folder} ({reason}). They stay where they are. Choose "
            "another folder in the preferences.",
            folder=str(target),
            reason=error.strerror or type(error).__name__,
        )
    )


def _no_room(target: Path) -> MoveError:
    return MoveError(
        Sentence.of(
            "There is no room for the list of tasks and the models in {folder}. They stay where they are. Free some "
            "space, or choose another folder in the preferences.",
            folder=str(target),
        )
    )


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    path = folder / LOCK_NAME
    try:
        file = os.fdopen(opener(str(path), os.O_RDWR | os.O_CREAT), "r+b")
    except OSError as error:
        raise _not_there(folder, error) from None
    with file:
        try:
            lock(file)
        except OSError as error:
            # Without support for locks, only the check for running engines remains.
            if is_taken(error):
                raise MoveUnderWayError(
                    Sentence.of("Another Blender is moving the list of tasks and the models.")
                ) from None
        yield
    # The lock file is not removed. Otherwise it could be created again and locked by another process, while a third one
    # still waits for the old file.


# -----------------------------------------------------------------------------
# Entries


def _bring_entries(way: _Way, report: Report, stop: threading.Event) -> None:
    listed = [f"{name}/{entry}" for name in _FOLDERS for entry in _entries(way.source / name)]
    listed += [name for name in _FILES if (way.source / name).is_file()]
    listed += [path.name for path in sorted(way.source.glob(_DAMAGED)) if path.is_file()]
    if not can_rename(way.source, way.target):
        needed_bytes = sum(size_bytes(way.source / one) for one in listed if not (way.target / one).exists())
        if shutil.disk_usage(way.target).free < needed_bytes + _SPARE_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    for done, one in enumerate(listed):
        if stop.is_set():
            raise MoveStopped(Sentence.of("The move was stopped. It goes on at the next start."))
        report(done, len(listed))
        try:
            _bring(way, one)
        except OSError as error:
            if is_no_room(error):
                raise
            log.warning("%s stays in %s: %s", shown(one), shown(str(way.source)), error)
            way.left.append(one)
    # Entries that an earlier, killed call has moved.
    for name in _FOLDERS:
        for entry in _entries(way.target / name):
            way.moved.setdefault(f"{name}/{entry}", f"{name}/{entry}")
    report(len(listed), len(listed))


def _bring(way: _Way, one: str) -> None:
    source, target = way.source / one, way.target / one
    if target.parent != way.target:
        make_folder(target.parent)
    if os.path.lexists(target):
        if target.parent == way.target or target.parent.name in ("batches", "pictures"):
            way.outdated.append(source)  # the new folder has its own
            return
        if is_same(source, target):
            way.moved[one] = one
            way.outdated.append(source)
            return
        target = target.with_name(f"{target.name}_{secrets.token_hex(2)}")
    if source.is_symlink():
        # A link that the user created: its target is not moved.
        os.symlink(os.path.realpath(source), target)
        way.outdated.append(source)
        way.undo.append(target.unlink)
    elif was_renamed(source, target):
        way.undo.append(partial(os.rename, target, source))
    else:
        copy_entry(source, target)
        way.outdated.append(source)
        way.undo.append(partial(remove_entry, target))
    way.moved[one] = target.relative_to(way.target).as_posix()


def _take_back(way: _Way) -> None:
    """Undo all steps, in reverse order. No list refers to the moved entries yet."""
    for step in reversed(way.undo):
        with contextlib.suppress(OSError):
            step()


# -----------------------------------------------------------------------------
# The list


def _take_in(way: _Way) -> None:
    store = Store(way.target)
    try:
        if store.read_only:
            raise MoveError(store.problem or Sentence.of("The list of tasks cannot be changed."))
        if (way.source / FILE_NAME).is_file():
            other = Store(way.source)
            try:
                other.repair_rows()
                records = other.page(count=1_000_000)
                store.take_in((_followed(way, record), other.history(record.id)) for record in records)
                store.take_in_costs(other.removed_costs())
            finally:
                other.close()
        # The files that an earlier call could not move have been moved after their record.
        for record in store.page(count=1_000_000):
            if _followed(way, record) != record:
                with contextlib.suppress(NoSuchTaskError):
                    store.change(record.id, lambda newest: _followed(way, newest))
    finally:
        store.close()


def _followed(way: _Way, record: TaskRecord) -> TaskRecord:
    """Return ``record`` with the current paths of its files."""
    paths = ("folder", "model_path", "preview_path", "thumbnail_path", "blend_path")
    changes: dict[str, object] = {name: _path_now(way, getattr(record, name)) for name in paths}
    changes["result_files"] = tuple(_path_now(way, path) for path in record.result_files)
    changes["sources"] = {
        name: source if is_url(source) else _path_now(way, source) for name, source in record.sources.items()
    }
    return record.with_(**changes)


def _path_now(way: _Way, path: str) -> str:
    if not path:
        return path
    for root in dict.fromkeys((os.path.abspath(way.source), os.path.realpath(way.source))):
        if not os.path.normcase(path).startswith(os.path.normcase(os.path.join(root, ""))):
            continue
        parts = Path(path).parts[len(Path(root).parts) :]
        new = way.moved.get("/".join(parts[:2]))
        if new is not None:
            return str(Path(way.target, new, *parts[2:]))
    return path


# -----------------------------------------------------------------------------
# Removing the originals


def _remove(way: _Way) -> None:
    """Remove the originals of copies, the old list, and empty folders. Nothing else, and no target of a link."""
    for path in (*way.outdated, *(way.source / "owners").glob("*.lock")):
        _remove_quietly(path)
    for name in (*_FOLDERS, "owners", WORK):
        with contextlib.suppress(OSError):
            (way.source / name).rmdir()
    # The list is removed last: as long as it exists, the next call continues here.
    for suffix in ("-journal", "-shm", "-wal", ""):
        _remove_quietly(way.source / f"{FILE_NAME}{suffix}")


def _remove_quietly(path: Path) -> None:
    with contextlib.suppress(OSError):
        remove_entry(path)
