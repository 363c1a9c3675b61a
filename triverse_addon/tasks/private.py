# SPDX-License-Identifier: GPL-3.0-or-later
"""
What is of one user alone: folders with mode 0700, files with 0600, and no folder of another user.

Floor: first. Thread: any; :func:`tighten` a worker's. No ``bpy``. On Windows a user's folders are private by what they
inherit, so nothing is done there.
"""

import contextlib
import os
import re
import secrets
import stat
import threading
from pathlib import Path

from ..api.errors import TriverseError
from ..api.sentence import Sentence

_FOLDER, _FILE = 0o700, 0o600
_IS_POSIX = os.name == "posix"
#: A task's folder, see ``folders.folder_for``.
_OF_A_TASK = re.compile(r"\d{4}-\d\d-\d\d_[a-z0-9-]+_[0-9a-f]{8}")
#: What is made there goes into an asset library, with the rights that any new file gets.
_FOR_OTHERS = frozenset({"work"})


class ForeignFolderError(TriverseError):
    """The folder is another user's."""


def opener(path: str, flags: int) -> int:
    """``open(..., opener=opener)`` makes a file that its user alone can read."""
    return os.open(path, flags, _FILE)


def make_folder(folder: Path) -> None:
    """
    Make a folder that its user alone can open, with what is missing above it.

    :raises OSError: it cannot be made.
    """
    for missing in reversed([folder, *folder.parents]):
        if not missing.exists():
            missing.mkdir(mode=_FOLDER, exist_ok=True)
    folder.mkdir(mode=_FOLDER, exist_ok=True)  # raises if something else is there


def own_folder(folder: Path) -> None:
    """
    Make a folder for list and models, or take one that is there: if it is this user's, nobody else can open it then.

    :raises ForeignFolderError: it is another user's, who could read and change what is put there.
    :raises OSError: it cannot be made.
    """
    make_folder(folder)
    if not _IS_POSIX:
        return
    if not _is_own(folder):
        raise ForeignFolderError(
            Sentence.of(
                "The folder {folder} belongs to another user of this machine, who could read and change what is in "
                "it. Choose a folder of your own.",
                folder=str(folder),
            )
        )
    _restrict(folder, folder.stat(), _FOLDER)


def own_file(path: Path) -> None:
    """Let a file that is there be read by its user alone, as far as the file system can."""
    if _IS_POSIX:
        with contextlib.suppress(OSError):
            _restrict(path, path.lstat(), _FILE)


def _is_own(folder: Path) -> bool:
    owner = folder.stat().st_uid
    if owner == os.geteuid():
        return True
    # A network's file system may give every file the name of another user, ours as well.
    probe = folder / f".owner-{secrets.token_hex(4)}"
    try:
        with open(probe, "xb", opener=opener) as file:
            return os.fstat(file.fileno()).st_uid == owner
    except OSError:
        return False
    finally:
        with contextlib.suppress(OSError):
            probe.unlink(missing_ok=True)


def _restrict(path: str | Path, found: os.stat_result, mode: int) -> None:
    """Take rights of others away; a file system without rights keeps what it has."""
    if found.st_mode & 0o077:
        with contextlib.suppress(OSError):
            os.chmod(path, stat.S_IMODE(found.st_mode) & mode)


def tighten_soon(data_dir: Path, download_dir: Path, stop: threading.Event) -> threading.Thread:
    """Have :func:`tighten` done in a thread of its own; returns it."""
    thread = threading.Thread(target=tighten, args=(data_dir, download_dir, stop), name="triverse-rights", daemon=True)
    thread.start()
    return thread


def tighten(data_dir: Path, download_dir: Path, stop: threading.Event) -> None:
    """
    Take the rights of others away from what earlier versions wrote. Nothing is followed that is a link.

    Of a download folder of the user's choice only the tasks' own folders are looked at.

    :param stop: ends it early.
    """
    if not _IS_POSIX:
        return
    _tighten(data_dir, stop)
    if not download_dir.is_relative_to(data_dir):
        with contextlib.suppress(OSError), os.scandir(download_dir) as entries:
            for entry in entries:
                if _OF_A_TASK.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                    _tighten(Path(entry.path), stop)


def _tighten(folder: Path, stop: threading.Event) -> None:
    with contextlib.suppress(OSError):
        _restrict(folder, folder.lstat(), _FOLDER)
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if stop.is_set():
                return
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _FOR_OTHERS:
                    _tighten(Path(entry.path), stop)
            elif entry.is_file(follow_symlinks=False):
                with contextlib.suppress(OSError):
                    _restrict(entry.path, entry.stat(follow_symlinks=False), _FILE)
