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
import threading
from pathlib import Path

from .record import TaskRecord

_BLOCK_BYTES = 1024 * 1024
_END_S = 0.5

#: Device, inode, size, time of the last change of content and of the entry: the last one nobody can set.
_Signature = tuple[int, ...]


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
            self._known[str(path)] = _signature(path), digest
        except OSError:
            self._known.pop(str(path), None)

    def look(self, record: TaskRecord) -> bool | None:
        """
        Tell whether the converted model of ``record`` is what was written; None while it is being compared.

        One that is gone is not changed. One of an earlier version has no hash: it is believed where nobody else can
        write.
        """
        if not record.blend_path:
            return True
        path = Path(record.blend_path)
        try:
            found = _signature(path)
            known = self._known.get(record.blend_path)
            if known is not None and known[0] == found:
                return known[1] == record.blend_sha256
            if not record.blend_sha256:
                return _is_for_its_user_alone(path)
        except OSError:
            return True
        thread = self._threads.get(record.blend_path)
        if thread is None or not thread.is_alive():
            thread = threading.Thread(target=self._compare, args=(path,), name="triverse-compare", daemon=True)
            self._threads[record.blend_path] = thread
            thread.start()
        return None

    def _compare(self, path: Path) -> None:
        try:
            before = _signature(path)
            found = hashlib.sha256()
            with path.open("rb") as file:
                while block := file.read(_BLOCK_BYTES):
                    if self._stop.is_set():
                        return
                    found.update(block)
            self._known[str(path)] = before, found.hexdigest()
        except OSError:
            # Not to be read: whoever imports it says so.
            self._known.pop(str(path), None)

    def join(self) -> None:
        """Wait for what is being compared to end."""
        for thread in self._threads.values():
            thread.join(_END_S)


def _signature(path: Path) -> _Signature:
    found = path.stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _is_for_its_user_alone(path: Path) -> bool:
    if os.name != "posix":
        return True
    return all(
        found.st_uid == os.geteuid() and not found.st_mode & 0o022 for found in (path.stat(), path.parent.stat())
    )
