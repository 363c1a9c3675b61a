# SPDX-License-Identifier: GPL-3.0-or-later
"""
How long the processors have worked: for this process and all that it has started, and for the whole machine.

No floor (development only). Any thread. Standard library only; runs inside the bpy environments too.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_PARENT, _TIMES = 1, slice(11, 15)
"""Fields of ``/proc/PID/stat`` behind the name: the parent; ticks of the process and of those that it waited for."""


def tree_seconds() -> float:
    """
    Return the processor seconds of this process and of all that descends from it, whether it has ended or not.

    Where the system has no ``/proc``, those of descendants count when they have ended.
    """
    seconds = sum(os.times()[:4])
    parents, spent = _processes()
    below = {os.getpid()}
    while new := {pid for pid, parent in parents.items() if parent in below and pid not in below}:
        below |= new
    return seconds + sum(spent[pid] for pid in below - {os.getpid()})


def busy_seconds() -> float | None:
    """Return for how long the processors of this machine have worked since it was started; None where it is not told.

    The seconds of a layer lack what a process did that was ended and that nobody waits for.
    """
    try:
        user, nice, system, _idle, _waiting, *rest = map(
            int, Path("/proc/stat").read_text().split("\n")[0].split()[1:9]
        )
    except (OSError, ValueError):
        return None
    return (user + nice + system + sum(rest)) / float(os.sysconf("SC_CLK_TCK"))


def _processes() -> tuple[dict[int, int], dict[int, float]]:
    """Return of each process that runs its parent, and its seconds."""
    parents: dict[int, int] = {}
    spent: dict[int, float] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            # The name is in brackets, and may hold any letter.
            fields = path.read_text(errors="replace").rpartition(")")[2].split()
            parents[int(path.parent.name)] = int(fields[_PARENT])
            spent[int(path.parent.name)] = sum(map(int, fields[_TIMES])) / os.sysconf("SC_CLK_TCK")
    return parents, spent
