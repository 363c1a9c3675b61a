# SPDX-License-Identifier: GPL-3.0-or-later
"""
Leases: one engine at a time works on a task, and other engines detect that it has died.

Floor: first. Thread: any. No ``bpy``.

Each engine holds an operating-system lock on a file of its own as long as its process runs. The lock is released when
the process ends, however that happens (kill -9, power cut), so another engine on the same machine takes over at once.
If locks do not work (some network file systems) or the engine ran on another machine, the lease has to expire.
"""

import os
import platform
import uuid
from pathlib import Path
from typing import BinaryIO

from ..files.file_lock import is_taken, lock
from ..files.private_files import make_folder, opener
from .errors import unusable

#: Time in seconds after which a lease expires if it is not renewed.
LEASE_S = 60.0
#: Interval in seconds at which a lease is renewed.
RENEW_S = 15.0


def _host() -> str:
    return "".join(c for c in platform.node() if c.isalnum())[:32] or "host"


class Owner:
    """
    The name of one engine, and the lock that proves that it is running.

    :param folder: folder of the lock files; created if missing.
    :raises StoreError: the file cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.name = f"{_host()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._folder = folder
        self._path = folder / f"{self.name}.lock"
        self._file: BinaryIO | None
        try:
            make_folder(folder)
            self._file = os.fdopen(opener(str(self._path), os.O_RDWR | os.O_CREAT), "w+b")
        except OSError as error:
            raise unusable(folder, error) from None
        try:
            lock(self._file)
        except OSError:
            # This file system does not support locks, so only the name and the lease's expiry are used.
            self._file.close()
            self._file = None
            self._path.unlink(missing_ok=True)

    def is_dead(self, name: str) -> bool:
        """Return True if the engine ``name`` has certainly ended; False also if that is unknown."""
        if name == self.name or name.partition("-")[0] != _host() or self._file is None:
            return False
        path = self._folder / f"{name}.lock"
        try:
            with path.open("r+b") as file:
                lock(file)
        except FileNotFoundError:
            return True
        except OSError:
            return False
        path.unlink(missing_ok=True)
        return True

    def close(self) -> None:
        """Release the lock and remove its file."""
        if self._file is not None:
            self._file.close()
            self._file = None
            self._path.unlink(missing_ok=True)


def someone_is_alive(folder: Path) -> bool:
    """Return whether an engine holds a lock in ``folder``. Engines on other machines may not be detected."""
    for path in folder.glob("*.lock"):
        try:
            with path.open("r+b") as file:
                lock(file)
        except OSError as error:
            if is_taken(error):
                return True
    return False
