# SPDX-License-Identifier: GPL-3.0-or-later
"""
Checks whether a converted model is still the file that our child Blender wrote.

Floor: first. Thread: :meth:`Seals.check` on the main thread, :meth:`Seals.remember` on a worker. No ``bpy``.

A .blend is appended without any check of its contents, and a download folder may be shared: anyone who can write there
could replace it. So the store keeps its hash. Hashing takes 0.1 s for 100 MB, too long for the main thread: a thread
does it once, and after that comparing size and times is enough.
"""

import hashlib
import os
import stat
import threading
import time
from enum import StrEnum
from pathlib import Path

from ..record.record import TaskRecord

_BLOCK_BYTES = 1024 * 1024

#: Device, inode, size, mtime and ctime. No program can set the ctime.
_Signature = tuple[int, ...]


class Seal(StrEnum):
    """Result of the check of a converted model."""

    OURS = "ours"
    OTHER = "other"
    """It is another file, or not readable."""
    GONE = "gone"
    """The file does not exist; a file that appears later has not been checked."""
    COMPARING = "comparing"
    """The result is not known yet."""


class Seals:
    """
    Caches the check results of converted models.

    :param stop: stops hashing when set.
    """

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._known: dict[str, tuple[_Signature, str]] = {}
        self._threads: dict[str, threading.Thread] = {}

    def remember(self, path: Path, digest: str) -> None:
        """Remember the hash of a file that a child has just written."""
        try:
            self._known[str(path)] = _signature(path.stat()), digest
        except OSError:
            self._known.pop(str(path), None)

    def check(self, record: TaskRecord) -> Seal:
        """
        Return whether the converted model of ``record`` is the one that was written.

        Models of earlier versions have no hash: they are accepted if only the user can write to the file and its
        folder.
        """
        if not record.blend_path:
            return Seal.GONE
        path = Path(record.blend_path)
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):  # opening a pipe could block for ever
                return Seal.OTHER
            known = self._known.get(record.blend_path)
            if known is not None and known[0] == _signature(status):
                return Seal.OURS if known[1] == record.blend_sha256 else Seal.OTHER
            if not record.blend_sha256:
                return Seal.OURS if _is_for_its_user_alone(path) else Seal.OTHER
        except OSError:
            return Seal.GONE
        thread = self._threads.get(record.blend_path)
        if thread is None or not thread.is_alive():
            thread = threading.Thread(target=self._compare, args=(path,), name="triverse-compare", daemon=True)
            self._threads = {path: one for path, one in self._threads.items() if one.is_alive()}
            self._threads[record.blend_path] = thread
            thread.start()
        return Seal.COMPARING

    def _compare(self, path: Path) -> None:
        before: _Signature | None = None
        try:
            before = _signature(path.stat())
            found = hashlib.sha256()
            with path.open("rb") as file:
                # Of the open file, because the path may refer to another file by now.
                before = _signature(os.fstat(file.fileno()))
                while block := file.read(_BLOCK_BYTES):
                    if self._stop.is_set():
                        return
                    found.update(block)
            self._known[str(path)] = before, found.hexdigest()
        except OSError:
            self._known.pop(str(path), None)
            if before is not None:  # it exists but is not readable
                self._known[str(path)] = before, ""

    def join(self, deadline_s: float) -> list[threading.Thread]:
        """Wait for the threads until the monotonic time ``deadline_s``, in seconds; return those that still run."""
        for thread in self._threads.values():
            thread.join(max(0.0, deadline_s - time.monotonic()))
        return [thread for thread in self._threads.values() if thread.is_alive()]


def _signature(found: os.stat_result) -> _Signature:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _is_for_its_user_alone(path: Path) -> bool:
    if os.name != "posix":
        return True
    return all(
        found.st_uid == os.geteuid() and not found.st_mode & 0o022 for found in (path.stat(), path.parent.stat())
    )
