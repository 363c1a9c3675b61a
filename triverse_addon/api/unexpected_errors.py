# SPDX-License-Identifier: GPL-3.0-or-later
"""
The last net: what to do about an error that nothing foresees.

Ground floor; any thread; no ``bpy``.

A worker that met such an error used to leave its work where it was, without a word. Now the work is tried once more,
and what fails twice in a row is told to whoever waits for it.
"""

from __future__ import annotations

from .errors import UnforeseenError

UNFORESEEN = (Exception, SystemExit)
"""What the last net of a thread catches. Foreign code may call ``sys.exit``, which ends a thread without a word."""

MOST = 2
"""After so many slips in a row they are told."""


class Slips:
    """Counts the slips in a row of something that is done again and again, by one thread."""

    def __init__(self) -> None:
        self._count = 0

    def slipped(self, error: BaseException) -> UnforeseenError | None:
        """Count a slip. Returns what is to be told, at the one with which it has to be."""
        self._count += 1
        if self._count != MOST:
            return None
        return error if isinstance(error, UnforeseenError) else UnforeseenError(error)

    def went_well(self) -> bool:
        """Begin to count anew. Returns whether a slip had been told."""
        was_told = self._count >= MOST
        self._count = 0
        return was_told
