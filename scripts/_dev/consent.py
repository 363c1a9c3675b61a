# SPDX-License-Identifier: GPL-3.0-or-later
"""
Say and ask before anything is installed on this machine, or made as root.

No floor (development only). Any thread. Never imports ``bpy``.
"""

from __future__ import annotations

import os
import sys
import threading

from .cache import SetupError, say

YES = "TRIVERSE_DEV_YES"
"""Set to 1 by ``--yes`` and by an answer, for the processes that are started from here."""

_lock = threading.Lock()


def give() -> None:
    """Take everything as agreed to, here and in what is started from here."""
    os.environ[YES] = "1"


def ask(what: str) -> None:
    """Return once ``what`` is agreed to: by ``CI=true``, by ``--yes``, or by a person at a terminal.

    Args:
        what: what will be done, as a sentence without "I": "Install the Debian package xvfb on this machine."

    Raises:
        SetupError: it is not agreed to, or nobody can be asked.
    """
    with _lock:
        if os.environ.get("CI", "").lower() == "true" or os.environ.get(YES) == "1":
            say(what)
            return
        if not (sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()):
            raise SetupError(f"This is to be done first, and nobody can be asked here: {what} Add --yes to agree.")
        print(f"{what} Go on? [y/N] ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise SetupError(f"Not agreed to, so not done: {what}")
        give()  # what follows belongs to the same
