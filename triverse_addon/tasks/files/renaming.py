# SPDX-License-Identifier: GPL-3.0-or-later
"""
Give a file the name of another one, also while a program of Windows looks at either.

Floor: first. Thread: any that may write files. No ``bpy``.
"""

import os
import time
from pathlib import Path

#: How long to wait for other programs, in seconds. Windows renames no file that is open, and replaces none; virus
#: scanners, indexers and backups open what has just been written, and other Blenders read it. Other systems do both.
WAIT_S = 1.0 if os.name == "nt" else 0.0
_PAUSE_S = 0.02


def replace_file(source: Path, target: Path, *, wait_s: float | None = None) -> None:
    """
    Rename ``source`` to ``target``, which is replaced.

    :param wait_s: how long to wait where the system forbids it, in seconds; None: :data:`WAIT_S`. 0 never waits.
    :raises OSError: it cannot be renamed.
    """
    deadline_s = time.monotonic() + (WAIT_S if wait_s is None else wait_s)
    while True:
        try:
            os.replace(source, target)
        except PermissionError:
            if time.monotonic() >= deadline_s:
                raise
            time.sleep(_PAUSE_S)
        else:
            return
