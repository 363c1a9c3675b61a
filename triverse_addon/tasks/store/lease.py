# SPDX-License-Identifier: GPL-3.0-or-later
"""
Who drives a task: one engine at a time, and how the others see that it has died.

Floor: first. Thread: any. No ``bpy``.

Every engine holds an operating-system lock on a file of its own for as long as its process lives. The lock goes with
the process however that ends (kill -9, power cut), so another engine on the same machine takes over at once. Where
locks do not work (some network file systems) or the engine ran on another machine, the lease's expiry decides.
"""

import os
import platform
import uuid
from pathlib import Path
from typing import BinaryIO

from ..file_lock import is_taken, lock
from ..private_files import make_folder, opener

#: How long a lease holds without being renewed, in seconds.
LEASE_S = 60.0
#: How often it is renewed, in seconds.
RENEW_S = 15.0


def _host() -> str:
    return "".join(c for c in platform.node() if c.isalnum())[:32] or "host"


class Owner:
    """
    One engine's name, and the lock that proves it alive.

    :param folder: where the lock files lie; made when missing.
    """

    def __init__(self, folder: Path) -> None:
        make_folder(folder)
        self.name = f"{_host()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._folder = folder
        self._path = folder / f"{self.name}.lock"
        self._file: BinaryIO | None = os.fdopen(opener(str(self._path), os.O_RDWR | os.O_CREAT), "w+b")
        try:
            lock(self._file)
        except OSError:
            # No locks on this file system: the name alone, and the lease's expiry, must do.
            self._file.close()
            self._file = None
            self._path.unlink(missing_ok=True)

    def is_dead(self, name: str) -> bool:
        """Return True when the engine called ``name`` is certain to be gone; False also when that cannot be told."""
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
        """Give the lock back and remove its file."""
        if self._file is not None:
            self._file.close()
            self._file = None
            self._path.unlink(missing_ok=True)


def someone_is_alive(folder: Path) -> bool:
    """Tell whether an engine holds a lock in ``folder``; one of another machine may, and is not seen."""
    for path in folder.glob("*.lock"):
        try:
            with path.open("r+b") as file:
                lock(file)
        except OSError as error:
            if is_taken(error):
                return True
    return False
