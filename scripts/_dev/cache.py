# SPDX-License-Identifier: GPL-3.0-or-later
"""
Where development files live outside the checkout, and locks between processes that make them.

No floor (development only). Any thread. Never imports ``bpy``.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
"""The checkout."""


class SetupError(Exception):
    """Something this machine lacks; the text says what, in one sentence."""


def dev_cache() -> Path:
    """The folder for virtual environments, wheels, models and Debian roots.

    It is ``TRIVERSE_DEV_CACHE``, else ``~/.cache/triverse-dev``. Everything in it can be deleted: it is made again.
    """
    named = os.environ.get("TRIVERSE_DEV_CACHE", "")
    folder = Path(named).expanduser() if named else Path.home() / ".cache" / "triverse-dev"
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


def say(text: str) -> None:
    """Tell a person on stderr what is being done; stdout is left to results."""
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the lock ``name`` of the cache: one process at a time makes a thing. The system frees it when one dies."""
    path = dev_cache() / f"{name.replace('/', '-')}.lock"
    with path.open("a+b") as file:
        _lock(file.fileno())
        try:
            yield
        finally:
            _unlock(file.fileno())


if sys.platform == "win32":
    import msvcrt

    def _lock(fd: int) -> None:
        while True:
            os.lseek(fd, 0, os.SEEK_SET)
            try:
                msvcrt.locking(fd, msvcrt.LK_LOCK, 1)
            except OSError:  # LK_LOCK gives up after ten seconds; making a venv takes minutes
                continue
            return

    def _unlock(fd: int) -> None:
        os.lseek(fd, 0, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX)

    def _unlock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_UN)
