# SPDX-License-Identifier: GPL-3.0-or-later
"""
Programs that end with this one, also where it is told to end itself (SIGTERM, as a CI or ``kill`` sends it).

No floor (development only). Any thread. Never imports ``bpy``.

pytest gets SIGINT, as from Ctrl-C, on which it tears its tests down. On SIGTERM it ends at once, and leaves what they
have started.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

from .cache import SetupError

_running: set[subprocess.Popen[Any]] = set()
_lock = threading.RLock()  # a signal's handler runs in the main thread, which may hold it
_stopped = threading.Event()


class StoppedError(SetupError):
    """This program was told to end, and starts no other."""


@contextlib.contextmanager
def started(argv: list[str], **how: Any) -> Iterator[subprocess.Popen[Any]]:
    """Start a program, and end it as :func:`ended_on_sigterm` says until the block ends.

    Args:
        how: as for ``subprocess.Popen``.

    Raises:
        StoppedError: this program was told to end.
    """
    with _lock:
        if _stopped.is_set():
            raise StoppedError("It was told to end.")
        process = subprocess.Popen(argv, **how)
        _running.add(process)
    try:
        yield process
    finally:
        with _lock:
            _running.discard(process)


@contextlib.contextmanager
def ended_on_sigterm() -> Iterator[None]:
    """Send SIGINT to all programs of :func:`started` when SIGTERM comes. For the main thread.

    Where a shell has started this program in the background, SIGINT is ignored, and would be by all that is started
    from here; it is heeded again.
    """

    def end(_signal: int, _frame: FrameType | None) -> None:
        _stopped.set()
        with _lock:
            for process in _running:
                # Not by the Popen, which would look whether it has ended, and take that from who waits for it.
                if process.returncode is None:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(process.pid, signal.SIGINT)

    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        _stopped.clear()
