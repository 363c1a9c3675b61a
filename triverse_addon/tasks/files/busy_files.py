# SPDX-License-Identifier: GPL-3.0-or-later
"""
Rename and remove files, also while another program of Windows has them open.

Floor: first. Thread: any that may write files. No ``bpy``.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

#: How long to wait for other programs, in seconds. Windows renames, replaces and removes no file that is open; virus
#: scanners, indexers and backups open what has just been written, and other Blenders read it. Other systems do it all.
WAIT_S = 1.0 if os.name == "nt" else 0.0
_PAUSE_S = 0.02


def replace_file(source: Path, target: Path, *, wait_s: float | None = None) -> None:
    """
    Rename ``source`` to ``target``, which is replaced.

    :param wait_s: see :func:`when_closed`; None: :data:`WAIT_S`.
    :raises OSError: it cannot be renamed.
    """
    when_closed(lambda: os.replace(source, target), WAIT_S if wait_s is None else wait_s)


def when_closed(act: Callable[[], None], wait_s: float) -> None:
    """
    Rename or remove a file, again and again while the system forbids it.

    :param act: the function that does it.
    :param wait_s: how long to wait for programs that have the file open, in seconds. 0 never waits.
    :raises OSError: of the last try.
    """
    deadline_s = time.monotonic() + wait_s
    while True:
        try:
            return act()
        except PermissionError:
            if time.monotonic() >= deadline_s:
                raise
            time.sleep(_PAUSE_S)
