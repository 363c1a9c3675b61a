# SPDX-License-Identifier: GPL-3.0-or-later
"""
What is wrong with a batch, said with the place where it is.

Floor: between first and second. Thread: any (immutable). No ``bpy``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ..api.display_text import shown
from ..api.errors import InputError
from ..api.sentence import Sentence
from .outside_files import Outside

#: So many problems are told one by one; a file whose separator is wrong has one in every row.
MOST_TOLD = 50


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """
    One thing to mend before anything is sent.

    :ivar line: of the file, counted from 1; 0 for the file as a whole.
    :ivar column: the column's name as the file has it, "" for the row as a whole.
    :ivar outside: the file that is not opened before the user allows it; then it is no problem any more.
    """

    line: int
    column: str
    sentence: Sentence
    outside: Outside | None = field(default=None, compare=False)

    def __str__(self) -> str:
        place = f"line {self.line}" if self.line else ""
        if self.column:
            place = f"{place}, {shown(self.column)}" if place else shown(self.column)
        return f"{place}: {self.sentence}" if place else str(self.sentence)


def asked_about(problems: Iterable[Problem]) -> list[Outside]:
    """Return the files that are asked about before they are opened, each once."""
    return list(dict.fromkeys(problem.outside for problem in problems if problem.outside is not None))


class BatchProblemsError(InputError):
    """
    The batch cannot be used as it is; nothing was sent.

    :ivar problems: all of them, in the order of the file.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        super().__init__(
            Sentence.of("The batch has {count} problems, and nothing was sent. Fix them first.", count=len(problems))
            if len(problems) != 1
            else Sentence.of("The batch has one problem, and nothing was sent. Fix it first."),
            field="file",
        )
