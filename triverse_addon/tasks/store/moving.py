# SPDX-License-Identifier: GPL-3.0-or-later
"""
Move list and models of a user to another folder, so that nothing can be lost on the way.

Floor: first. Thread: a worker's, or a command's main thread, while no engine runs on either folder. No ``bpy``.

Within a file system every entry is renamed. To another disk all are copied and compared; only when the list at the new
place names them, which is one transaction, and the new place is noted, the old ones are removed. Killed at any moment,
the same call goes on with what is left.
"""

import contextlib
import errno
import hashlib
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
from ..file_lock import is_taken, lock
from ..private_files import make_folder, opener, own_folder
from ..record import TaskRecord, is_url
from .errors import NoSuchTaskError
from .lease import someone_is_alive
from .store import FILE_NAME, LOST_NAME, Store

log = logging.getLogger(__name__)

#: Folders whose entries are moved one by one; the first part of every path that a record holds.
_FOLDERS = ("models", "sources", "pictures", "batches")
#: Files beside the list, moved unless the new place has its own.
_FILES = ("last_used.json", LOST_NAME)
_DAMAGED = "tasks.damaged-*"
_LOCK = "moving.lock"
#: An entry that is being copied.
_PART = ".moving-"
#: Room that is left alone on the disk.
_SPARE_BYTES = 64 * 1024**2
_BLOCK_BYTES = 1024 * 1024
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
#: ERROR_NOT_SAME_DEVICE of Windows.
_NOT_SAME_DEVICE = 17

#: Told how many entries are done, and of how many.
Report = Callable[[int, int], None]


class MoveError(TriverseError):
    """Nothing was moved; list and models are where they were."""


class MoveUnderWayError(TriverseError):
    """Another Blender moves them; wait for it."""


class MoveStopped(TriverseError):
    """Blender is closing; the move goes on at the next start."""


def holds_data(folder: Path) -> bool:
    """Tell whether there is something to move: a list, models, or what was used last."""
    if any((folder / name).is_file() for name in (FILE_NAME, *_FILES)):
        return True
    return any(_entries(folder / name) for name in ("models", "batches"))


def _entries(folder: Path) -> list[str]:
    with contextlib.suppress(OSError):
        return sorted(name for name in os.listdir(folder) if not name.startswith(_PART))
    return []


@dataclass
class _Way:
    """
    What was done so far. Paths of entries are relative: ``models/2026-11-29_chair_12345678``.

    :ivar moved: every entry that lies at the new place, old path -> new path.
    :ivar outdated: what is removed at the end, because it lies at the new place too.
    :ivar undo: takes back what was brought, in the order in which it was.
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
    Move list and models from ``source`` to ``target``; a list that is there already takes in what comes.

    :param switch: notes that ``target`` is the place, after everything is there and before anything is removed.
    :returns: entries that had to stay where they were; the list goes on naming them there.
    :raises MoveError: nothing was moved; see its subclasses.
    :raises TriverseError: a list cannot be read or written; nothing was removed.
    """
    here, there = os.path.realpath(source), os.path.realpath(target)
    if here == there:
        switch()
        return []
    if there.startswith(os.path.join(here, "")):
        raise MoveError(Sentence.of("The folder {folder} lies in the one that is moved.", folder=str(target)))
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
    if error.errno in _NO_ROOM:
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
    path = folder / _LOCK
    try:
        file = os.fdopen(opener(str(path), os.O_RDWR | os.O_CREAT), "r+b")
    except OSError as error:
        raise _not_there(folder, error) from None
    with file:
        try:
            lock(file)
        except OSError as error:
            # Where there are no locks, the look at the engines that are alive has to do.
            if is_taken(error):
                raise MoveUnderWayError(
                    Sentence.of("Another Blender is moving the list of tasks and the models.")
                ) from None
        yield
    # Removed, it could be made anew and locked by another while a third still waits at the old one: it stays.


def _can_rename(source: Path, target: Path) -> bool:
    """Try it: a bind mount or a subvolume refuses it within one device."""
    name = f"{_PART}{secrets.token_hex(4)}"
    try:
        (source / name).touch()
        os.rename(source / name, target / name)
    except OSError:
        return False
    finally:
        for folder in (source, target):
            with contextlib.suppress(OSError):
                (folder / name).unlink(missing_ok=True)
    return True


# -----------------------------------------------------------------------------
# Entries


def _bring_entries(way: _Way, report: Report, stop: threading.Event) -> None:
    listed = [f"{name}/{entry}" for name in _FOLDERS for entry in _entries(way.source / name)]
    listed += [name for name in _FILES if (way.source / name).is_file()]
    listed += [path.name for path in sorted(way.source.glob(_DAMAGED)) if path.is_file()]
    if not _can_rename(way.source, way.target):
        needed_bytes = sum(_size_bytes(way.source / one) for one in listed if not (way.target / one).exists())
        if shutil.disk_usage(way.target).free < needed_bytes + _SPARE_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    for done, one in enumerate(listed):
        if stop.is_set():
            raise MoveStopped(Sentence.of("The move was stopped. It goes on at the next start."))
        report(done, len(listed))
        try:
            _bring(way, one)
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise
            log.warning("%s stays in %s: %s", shown(one), shown(str(way.source)), error)
            way.left.append(one)
    # What an earlier call had brought when it was killed.
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
            way.outdated.append(source)  # the new place has its own
            return
        if _same(source, target):
            way.moved[one] = one
            way.outdated.append(source)
            return
        target = target.with_name(f"{target.name}_{secrets.token_hex(2)}")
    if source.is_symlink():
        # The user's own arrangement: what it leads to stays where it is.
        os.symlink(os.path.realpath(source), target)
        way.outdated.append(source)
        way.undo.append(target.unlink)
    elif _renamed(source, target):
        way.undo.append(partial(os.rename, target, source))
    else:
        _copy(source, target)
        way.outdated.append(source)
        way.undo.append(partial(_remove_entry, target))
    way.moved[one] = target.relative_to(way.target).as_posix()


def _renamed(source: Path, target: Path) -> bool:
    try:
        os.rename(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV and getattr(error, "winerror", None) != _NOT_SAME_DEVICE:
            raise
        return False
    return True


def _remove_entry(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)


def _size_bytes(path: Path) -> int:
    if path.is_symlink() or not path.is_dir():
        return path.lstat().st_size
    return sum(_size_bytes(Path(entry.path)) for entry in os.scandir(path))


def _copy(source: Path, target: Path) -> None:
    """Copy a file or a folder; ``target`` is never there in part, and equals what was copied."""
    part = target.with_name(f"{_PART}{secrets.token_hex(4)}")
    try:
        if source.is_dir():
            shutil.copytree(source, part, symlinks=True)
        else:
            shutil.copy2(source, part)
        _to_the_disk(part)
        if not _same(source, part):
            raise OSError(errno.EIO, "the copy differs")
        os.rename(part, target)
    except shutil.Error as error:
        # copytree gathers what went wrong; that there was no room must not get lost among it.
        texts = str(error)
        code = errno.ENOSPC if os.strerror(errno.ENOSPC) in texts else errno.EIO
        raise OSError(code, os.strerror(code)) from None
    finally:
        _remove_entry(part)
    _sync(target.parent)


def _files(path: Path) -> Iterator[Path]:
    if path.is_symlink() or not path.is_dir():
        yield path
        return
    for entry in sorted(os.listdir(path)):
        yield from _files(path / entry)


def _to_the_disk(path: Path) -> None:
    for file in _files(path):
        if not file.is_symlink():
            _sync(file)
    for folder, _, _ in os.walk(path):
        _sync(Path(folder))


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # a folder cannot be opened there
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _same(one: Path, two: Path) -> bool:
    """Compare two entries byte for byte."""
    here = [file.relative_to(one) for file in _files(one)]
    if here != [file.relative_to(two) for file in _files(two)]:
        return False
    return all(_digest(one / name) == _digest(two / name) for name in here)


def _digest(path: Path) -> bytes:
    if path.is_symlink():
        return os.fsencode(os.readlink(path))
    with path.open("rb") as file:
        found = hashlib.sha256()
        while block := file.read(_BLOCK_BYTES):
            found.update(block)
    return found.digest()


def _take_back(way: _Way) -> None:
    """Undo what was brought: nothing names it yet."""
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
                other.mend()
                records = other.page(count=1_000_000)
                store.take_in((_followed(way, record), other.history(record.id)) for record in records)
            finally:
                other.close()
        # What a call before this one left behind has come after its record.
        for record in store.page(count=1_000_000):
            if _followed(way, record) != record:
                with contextlib.suppress(NoSuchTaskError):
                    store.change(record.id, lambda newest: _followed(way, newest))
    finally:
        store.close()


def _followed(way: _Way, record: TaskRecord) -> TaskRecord:
    """Return ``record`` with the paths at which its files lie now."""
    paths = ("folder", "model_path", "preview_path", "thumbnail_path", "blend_path")
    changes: dict[str, object] = {name: _path_now(way, getattr(record, name)) for name in paths}
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
# The end


def _remove(way: _Way) -> None:
    """Remove what was copied, the old list, and folders that are empty. Nothing else, and nothing through a link."""
    for path in (*way.outdated, *(way.source / "owners").glob("*.lock")):
        _remove_quietly(path)
    for name in (*_FOLDERS, "owners"):
        with contextlib.suppress(OSError):
            (way.source / name).rmdir()
    # The list last: until it is gone, the next call goes on here.
    for suffix in ("-journal", "-shm", "-wal", ""):
        _remove_quietly(way.source / f"{FILE_NAME}{suffix}")


def _remove_quietly(path: Path) -> None:
    with contextlib.suppress(OSError):
        _remove_entry(path)
