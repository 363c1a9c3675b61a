# SPDX-License-Identifier: GPL-3.0-or-later
"""
How much memory this machine has, and how much of it is free.

Floor: first. Thread: any. No ``bpy``.
"""

import contextlib
import os
import sys
from pathlib import Path


def physical_bytes() -> int:
    """Return the size of the machine's memory in bytes; 0 if it is not known."""
    if sys.platform == "win32":
        return _windows_bytes()[0]
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 0


def available_bytes() -> int | None:
    """Return how much memory programs can still get without swapping, in bytes; None if it is not known."""
    if sys.platform == "win32":
        return _windows_bytes()[1] or None
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return None


def _windows_bytes() -> tuple[int, int]:
    """Return the size of the memory, and of what is free of it; zeros if Windows does not say."""
    import ctypes  # only Windows needs it

    class Status(ctypes.Structure):
        """MEMORYSTATUSEX."""

        _fields_ = (
            ("length", ctypes.c_uint32),
            ("load", ctypes.c_uint32),
            ("physical", ctypes.c_uint64),
            ("available", ctypes.c_uint64),
            ("others", ctypes.c_uint64 * 5),
        )

    status = Status()
    status.length = ctypes.sizeof(status)
    try:
        if ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):  # type: ignore[attr-defined,unused-ignore]
            return int(status.physical), int(status.available)
    except (AttributeError, OSError):
        pass
    return 0, 0
