# SPDX-License-Identifier: GPL-3.0-or-later
"""How tests wait for something, and for the end of a process that they did not start themselves. Plain Python."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path


def eventually(look: Callable[[], object], limit_s: float = 120.0) -> bool:
    """Look again until ``look()`` is true; False if it never is."""
    ends_at_s = time.monotonic() + limit_s
    while not look():
        if time.monotonic() > ends_at_s:
            return False
        time.sleep(0.02)
    return True


def is_gone(pid: int) -> bool:
    """True when there is no such process, or only its zombie."""
    if sys.platform == "win32":
        import ctypes

        kernel32 = ctypes.windll.kernel32
        synchronize, has_ended = 0x100000, 0
        # A handle of a process that has ended can still be opened while somebody else has one.
        process = kernel32.OpenProcess(synchronize, False, pid)
        try:
            return not process or kernel32.WaitForSingleObject(process, 0) == has_ended
        finally:
            kernel32.CloseHandle(process)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists()
