# SPDX-License-Identifier: GPL-3.0-or-later
"""
Creates files and folders that only the user can access: mode 0700 for folders, 0600 for files.

Floor: first. Thread: any; :func:`tighten` on a worker thread. No ``bpy``. Does nothing on Windows, where a user's
folders inherit private permissions.
"""

import contextlib
import os
import re
import secrets
import stat
import threading
from pathlib import Path

from ...api.errors import TriverseError
from ...api.sentence import Sentence
from .removal import SOURCE, is_link

_FOLDER, _FILE = 0o700, 0o600
_IS_POSIX = os.name == "posix"
#: What the add-on creates in a data folder. Other files in it are not touched, as ``--data`` may name any folder. The
#: contents of "work" are skipped: they are moved into an asset library and keep the permissions of any new file.
_OWN_FOLDERS = {
    "models": re.compile(r"\d{4}-\d\d-\d\d_[a-z0-9-]+_[0-9a-f]{8}"),
    "sources": SOURCE,
    "pictures": re.compile(r"[0-9a-f]{24}(-\d)?\.[a-z0-9]{2,6}|(prepare|pixels)\.log"),
    "batches": re.compile(r"[0-9a-f]{16}\.json"),
    "owners": re.compile(r"[\w-]+\.lock"),
    "work": re.compile(r""),
}
_OWN_FILES = re.compile(r"tasks\.(sqlite3|lost|damaged-).*|last_used\.json|place\.json|moving\.lock")


class ForeignFolderError(TriverseError):
    """The folder belongs to another user."""


def opener(path: str, flags: int) -> int:
    """Create files readable by their user only: ``open(..., opener=opener)``. Does not follow a symbolic link."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), _FILE)


def make_folder(folder: Path) -> None:
    """
    Create a folder that only its user can access, and its missing parents.

    :raises OSError: it cannot be created.
    """
    for missing in reversed([folder, *folder.parents]):
        if not missing.exists():
            missing.mkdir(mode=_FOLDER, exist_ok=True)
    folder.mkdir(mode=_FOLDER, exist_ok=True)  # raises if it is not a folder


def own_folder(folder: Path) -> None:
    """
    Create the folder for the task list and models, or use an existing one.

    It is made private if it contains only files of the add-on.

    :raises ForeignFolderError: it belongs to another user, who could read and change its files.
    :raises OSError: it cannot be created.
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
    _restrict_own(folder, [*_OWN_FOLDERS], _OWN_FILES)


def own_file(path: Path) -> None:
    """Make an existing file readable by its user only, if the file system supports that."""
    if _IS_POSIX:
        with contextlib.suppress(OSError):
            _restrict(path, path.lstat(), _FILE)


def _is_own(folder: Path) -> bool:
    owner = folder.stat().st_uid
    if owner == os.geteuid():
        return True
    # A network file system may show another user as the owner of all files, including ours.
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
    """Remove the permissions of group and others. Ignored if the file system does not support that."""
    if found.st_mode & 0o077:
        with contextlib.suppress(OSError):
            os.chmod(path, stat.S_IMODE(found.st_mode) & mode)


def tighten_soon(data_dir: Path, download_dir: Path, stop: threading.Event) -> threading.Thread:
    """Start :func:`tighten` on a new thread, and return the thread."""
    thread = threading.Thread(target=tighten, args=(data_dir, download_dir, stop), name="triverse-rights", daemon=True)
    thread.start()
    return thread


def tighten(data_dir: Path, download_dir: Path, stop: threading.Event) -> None:
    """
    Make the files of earlier versions private. Symbolic links are not followed.

    Only files and folders with names that the add-on uses are changed.

    :param data_dir: the data folder.
    :param download_dir: the download folder.
    :param stop: ends it early when set.
    """
    if not _IS_POSIX:
        return
    _restrict_own(data_dir, [*_OWN_FOLDERS], _OWN_FILES)
    for path in _in(data_dir):
        if _OWN_FILES.fullmatch(path.name):
            own_file(path)
    for name, own in _OWN_FOLDERS.items():
        folder = data_dir / name
        if not is_link(folder):
            _restrict_own(folder, [], own)
            _tighten(folder, own, stop)
    if not download_dir.is_relative_to(data_dir):
        _tighten(download_dir, _OWN_FOLDERS["models"], stop)


def _restrict_own(folder: Path, folders: list[str], own: re.Pattern[str]) -> None:
    """Make a folder private if it contains only our files; other programs may need access to other files."""
    if all(path.name in folders or path.name.startswith(".") or own.fullmatch(path.name) for path in _in(folder)):
        with contextlib.suppress(OSError):
            _restrict(folder, folder.stat(), _FOLDER)


def _in(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return [folder / name for name in os.listdir(folder)]
    return []


def _tighten(folder: Path, own: re.Pattern[str] | None, stop: threading.Event) -> None:
    """Make the contents of a folder private: entries whose name matches ``own``, or all entries if it is None."""
    for path in _in(folder):
        if stop.is_set():
            return
        if own is not None and not own.fullmatch(path.name):
            continue
        with contextlib.suppress(OSError):
            found = path.lstat()
            if stat.S_ISDIR(found.st_mode):
                _restrict(path, found, _FOLDER)
                _tighten(path, None, stop)
            elif stat.S_ISREG(found.st_mode):
                _restrict(path, found, _FILE)
