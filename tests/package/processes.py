# SPDX-License-Identifier: GPL-3.0-or-later
"""
The processes of a machine in Debian's root, as the system that runs it sees them.

Plain Python. Linux only, as the root is.
"""

from __future__ import annotations

from pathlib import Path

from scripts._dev.sandbox import children_of


def below(pid: int) -> list[int]:
    """Ids of all processes that a process has started, and of what those have."""
    found = children_of(pid)
    try:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found += [int(one) for one in read(thread / "children").split()]
    except OSError:  # the process has ended
        return []
    return sorted({*found, *(deeper for child in set(found) for deeper in below(child))})


def is_at_work(pid: int) -> bool:
    """Whether a process runs. One that nobody asks for its end, as in a root without an init, has ended too."""
    state = read(Path(f"/proc/{pid}/stat")).rpartition(") ")[2][:1]
    return state not in ("", "Z", "X")


def read(path: Path) -> str:
    """What a file of the system says; nothing if its process has ended."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
