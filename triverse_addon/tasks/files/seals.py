# SPDX-License-Identifier: GPL-3.0-or-later
"""
Whether a converted model is still what our child Blender wrote.

Floor: first. Thread: :meth:`Seals.look` the main thread's, :meth:`Seals.note` a worker's. No ``bpy``.

A .blend is appended unread by any check of ours, and a download folder may be shared: whoever can write there could put
another in its place. So the store keeps its hash. Comparing takes 0.1 s for 100 MB, too long for the main thread: a
thread does it once, and from then on a look at size and times is enough.
"""

import hashlib
import os
import stat
import threading
from enum import StrEnum
from pathlib import Path

from ..record import TaskRecord

_BLOCK_BYTES = 1024 * 1024
_END_S = 0.5

#: Device, inode, size, time of the last change of content and of the entry: the last one nobody can set.
_Signature = tuple[int, ...]


class Seal(StrEnum):
    """What a converted model is."""

    OURS = "ours"
    OTHER = "other"
    """Not what was written, or not to be read."""
    GONE = "gone"
    """There is none now; whatever appears there later was not looked at."""
    COMPARING = "comparing"
    """Not known yet."""


class Seals:
    """
    What is known of converted models.

    :param stop: ends a comparison.
    """

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._known: dict[str, tuple[_Signature, str]] = {}
        self._threads: dict[str, threading.Thread] = {}

    def note(self, path: Path, digest: str) -> None:
        """Take note of a file that a child has just written."""
        try:
            self._known[str(path)] = _signature(path.stat()), digest
        except OSError:
            self._known.pop(str(path), None)

    def look(self, record: TaskRecord) -> Seal:
        """
        Tell whether the converted model of ``record`` is what was written.

        One of an earlier version has no hash: it is believed where nobody else can write.
        """
        if not record.blend_path:
            return Seal.GONE
        path = Path(record.blend_path)
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):  # a pipe would be waited at for ever
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
            self._threads[record.blend_path] = thread
            thread.start()
        return Seal.COMPARING

    def _compare(self, path: Path) -> None:
        before: _Signature | None = None
        try:
            before = _signature(path.stat())
            found = hashlib.sha256()
            with path.open("rb") as file:
                # Of the very file that is read: under its name, another may be by now.
                before = _signature(os.fstat(file.fileno()))
                while block := file.read(_BLOCK_BYTES):
                    if self._stop.is_set():
                        return
                    found.update(block)
            self._known[str(path)] = before, found.hexdigest()
        except OSError:
            self._known.pop(str(path), None)
            if before is not None:  # there, and not to be read
                self._known[str(path)] = before, ""

    def join(self) -> None:
        """Wait for what is being compared to end."""
        for thread in self._threads.values():
            thread.join(_END_S)


def _signature(found: os.stat_result) -> _Signature:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _is_for_its_user_alone(path: Path) -> bool:
    if os.name != "posix":
        return True
    return all(
        found.st_uid == os.geteuid() and not found.st_mode & 0o022 for found in (path.stat(), path.parent.stat())
    )
