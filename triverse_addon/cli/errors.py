# SPDX-License-Identifier: GPL-3.0-or-later
"""
Errors that only a command line knows.

Floor: third. Thread: any. No ``bpy``.
"""

from ..api.errors import InputError, TriverseError
from ..api.sentence import Sentence


class UsageError(InputError):
    """The command line cannot be understood; nothing was done."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence, field="usage")


class TooDearError(TriverseError):
    """It costs more than may be spent; nothing was ordered."""
