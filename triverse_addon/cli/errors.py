# SPDX-License-Identifier: GPL-3.0-or-later
"""
Exceptions of the command line.

Floor: third. Thread: any. No ``bpy``.
"""

from ..api.errors import InputError
from ..api.sentence import Sentence


class UsageError(InputError):
    """The command line is invalid; nothing was done."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence, field="usage")


class Terminated(KeyboardInterrupt):
    """SIGTERM was received. Handled like Ctrl-C, apart from the exit code."""


class Declined(KeyboardInterrupt):
    """The user has answered a question with no, and was told what that means. Handled like Ctrl-C, without a word."""
