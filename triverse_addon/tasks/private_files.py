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
from .removal import SOURCE, is_link

_FOLDER, _FILE = 0o700, 0o600
_IS_POSIX = os.name == "posix"
#: What the add-on makes in a data folder: anything else in it is not touched, as ``--data`` may name any folder. "work"
#: is not looked into: what is made there goes into an asset library, with the rights that any new file gets.
_OWN_FOLDERS = {
    "models": re.compile(r"\d{4}-\d\d-\d\d_[a-z0-9-]+_[0-9a-f]{8}"),
    "sources": SOURCE,
    "pictures": re.compile(r"[0-9a-f]{24}\.[a-z0-9]{2,5}|prepare\.log"),
    "batches": re.compile(r"[0-9a-f]{16}\.json"),
    "owners": re.compile(r"[\w-]+\.lock"),
    "work": re.compile(r""),
}
_OWN_FILES = re.compile(r"tasks\.(sqlite3|lost|damaged-).*|last_used\.json|place\.json|moving\.lock")


class ForeignFolderError(TriverseError):
    """The folder is another user's."""


def opener(path: str, flags: int) -> int:
    """``open(..., opener=opener)`` makes a file that its user alone can read. A link in its place is not followed."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), _FILE)


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
    Make a folder for list and models, or take one that is there. Nobody else can open it then, if it is ours alone.

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
    _restrict_own(folder, [*_OWN_FOLDERS], _OWN_FILES)


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

    Only what the add-on made is looked at, by its names.

    :param stop: ends it early.
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
    """Close a folder in which nothing else lies: others may have to get at what does."""
    if all(path.name in folders or path.name.startswith(".") or own.fullmatch(path.name) for path in _in(folder)):
        with contextlib.suppress(OSError):
            _restrict(folder, folder.stat(), _FOLDER)


def _in(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return [folder / name for name in os.listdir(folder)]
    return []


def _tighten(folder: Path, own: re.Pattern[str] | None, stop: threading.Event) -> None:
    """Look at what lies in a folder: of the names ``own``, or all in one of ours."""
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
