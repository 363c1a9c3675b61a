# SPDX-License-Identifier: GPL-3.0-or-later
"""
A lock between processes and machines that share a folder, also where the disk has no locks.

Floor: first. Thread: any that may write files and wait. No ``bpy``.

Each contender writes a file with a name of its own, and only then lists the folder. It holds the lock if there is no
other living contender; otherwise it removes its file, and tries again after a random pause. Two holders at once are
impossible: the one that wrote its file last sees the file of the other. No contender ever removes or takes over a name
that another one may be using.

A living contender writes into its file every few seconds. One that has not done so for :data:`STALE_AFTER_S` is dead;
its age is measured with the clock of the disk. On the same machine it is dead as soon as the operating system has
released its lock on the file.
"""

import contextlib
import os
import platform
import random
import re
import secrets
import stat
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from . import disk_clock, file_lock
from .busy_files import WAIT_S
from .removal import remove_file

#: Interval at which the holder of a lock shows that it is alive, in seconds.
_SIGN_OF_LIFE_S = 2.0
#: Age in seconds of the last sign of life from which on a contender counts as dead: fifteen are missing.
STALE_AFTER_S = 30.0
#: Longest pause between two attempts, in seconds. Pauses are random, so that no contender is always late.
_MAX_PAUSE_S = 0.5
_READ_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_NAME = r"\.[0-9a-f]{16}\.lock"


class LockTimeoutError(Exception):
    """Another process holds the lock all the time."""


class LockLostError(Exception):
    """The process was suspended for so long that it counts as dead, and another one may hold the lock now."""


class _UnknownError(Exception):
    """The disk does not tell whether a file is locked."""


class SharedLock:
    """The lock while it is held; see :func:`locked`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def check(self) -> None:
        """
        Check immediately before a write that the lock is still held.

        :raises LockLostError: it is not.
        """
        try:
            found = self._path.stat()
            age_s = disk_clock.disk_time_s(self._path.parent) - found.st_mtime
        except OSError:
            raise LockLostError from None
        if age_s > STALE_AFTER_S / 2:
            raise LockLostError


@contextlib.contextmanager
def locked(folder: Path, name: str, *, wait_s: float) -> Iterator[SharedLock]:
    """
    Hold the lock ``name`` of a folder.

    :param name: its files are named ``.NAME.….lock``.
    :param wait_s: how long to wait for other holders, in seconds.
    :raises LockTimeoutError: another process still holds it.
    :raises OSError: nothing can be written in the folder.
    """
    others = _Others(folder, name)
    deadline_s = time.monotonic() + wait_s
    pause_s = 0.02
    while True:
        if not others.is_one_alive():
            own = folder / f".{name}.{secrets.token_hex(8)}.lock"
            with open(own, "xb", buffering=0) as file:
                try:
                    _claim(file)
                    if not others.is_one_alive(except_for=own.name):
                        with _signs_of_life(file):
                            yield SharedLock(own)
                        return
                finally:
                    _release(own, file)
        if time.monotonic() > deadline_s:
            raise LockTimeoutError
        time.sleep(random.uniform(0.005, pause_s))
        pause_s = min(pause_s * 1.5, _MAX_PAUSE_S)


def _claim(file: BinaryIO) -> None:
    """Lock the file where the disk has locks, and only then write from where it can be judged by its lock."""
    with contextlib.suppress(OSError):
        file_lock.lock(file)
        file.write(_this_machine())


def _release(own: Path, file: BinaryIO) -> None:
    if os.name == "nt":
        file.close()  # Windows cannot remove an open file
    # Other contenders open it for a moment. Where there are no locks, all would wait for a file that is left until it
    # counts as dead.
    remove_file(own, wait_s=WAIT_S)


@contextlib.contextmanager
def _signs_of_life(file: BinaryIO) -> Iterator[None]:
    ended = threading.Event()

    def write() -> None:
        while not ended.wait(_SIGN_OF_LIFE_S):
            with contextlib.suppress(OSError):
                file.write(b".")
                os.fsync(file.fileno())

    thread = threading.Thread(target=write, name="triverse-lock", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class _Others:
    """The other contenders for a lock."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._names = re.compile(re.escape(f".{name}") + _NAME)
        self._disk_ahead_s: float | None = None

    def is_one_alive(self, *, except_for: str = "") -> bool:
        """Return whether there is another living contender, and remove the files of dead ones."""
        found = [name for name in os.listdir(self._folder) if name != except_for and self._names.fullmatch(name)]
        alive = False
        for path in (self._folder / name for name in found):
            if self._is_dead(path):
                remove_file(path)  # nobody else ever uses this name
            else:
                alive = True
        return alive

    def _is_dead(self, path: Path) -> bool:
        try:
            if not stat.S_ISREG(path.lstat().st_mode):
                return True
            # A file that is opened is not judged by what this machine remembers of it.
            with os.fdopen(os.open(path, _READ_FLAGS), "rb") as file:
                if _is_of_this_machine(file):
                    with contextlib.suppress(_UnknownError):
                        return _is_released(file)
                # No living contender wrote a file that is newer than the disk's own time.
                return abs(self._disk_time_s() - os.fstat(file.fileno()).st_mtime) > STALE_AFTER_S
        except FileNotFoundError:
            return True
        except OSError:
            return False

    def _disk_time_s(self) -> float:
        """Return the time of the disk's clock, which is read once for each wait."""
        if self._disk_ahead_s is None:
            self._disk_ahead_s = disk_clock.disk_time_s(self._folder) - time.monotonic()
        return time.monotonic() + self._disk_ahead_s


def _is_of_this_machine(file: BinaryIO) -> bool:
    """Return whether a process of this machine wrote the file, and could lock it."""
    try:
        return file.read(512).startswith(_this_machine())
    except PermissionError:
        return os.name == "nt"  # Windows lets nobody read what is locked


def _is_released(file: BinaryIO) -> bool:
    """
    Return whether the operating system's lock on the file was released.

    :raises _UnknownError: the disk does not tell: some shares take no lock on a file that is only read.
    """
    try:
        file_lock.lock(file)
    except OSError as error:
        if file_lock.is_taken(error):
            return False
        raise _UnknownError from None
    return True


def _this_machine() -> bytes:
    """Return a line that differs between machines and between their starts: copies of a machine have one host name."""
    try:
        start = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        start = f"{uuid.getnode():x}"
    return f"{platform.node()} {start}\n".encode()
