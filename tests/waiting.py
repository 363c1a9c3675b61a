# SPDX-License-Identifier: GPL-3.0-or-later
"""How tests wait for something, and for the end of a process that they did not start themselves. Plain Python."""

from __future__ import annotations

import os
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
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists()
