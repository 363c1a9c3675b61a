# SPDX-License-Identifier: GPL-3.0-or-later
"""
Problems of a batch, with their line and column.

Floor: between first and second. Thread: any (immutable). No ``bpy``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ...api.display_text import shown
from ...api.errors import InputError
from ...api.sentence import Sentence
from ..outside_files import Outside

#: Largest number of problems that are listed individually; a file with the wrong separator has one in every row.
MAX_LISTED = 50


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """
    A problem to fix before anything is sent.

    :ivar line: line in the file, counted from 1; 0 for the file as a whole.
    :ivar column: the column's name as in the file; "" for the row as a whole.
    :ivar outside: the file that needs the user's permission; once it is allowed, the problem is solved.
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


def files_to_allow(problems: Iterable[Problem]) -> list[Outside]:
    """Return the files that need the user's permission, each once."""
    return list(dict.fromkeys(problem.outside for problem in problems if problem.outside is not None))


class BatchProblemsError(InputError):
    """
    The batch has problems; nothing was sent.

    :ivar problems: all of them, in the order of the file.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        super().__init__(
            Sentence.of(
                "The batch has {count} {count|problem|problems}, and nothing was sent. Fix {count|it|them} first.",
                count=len(problems),
            )
            if len(problems) != 1
            else Sentence.of("The batch has one problem, and nothing was sent. Fix it first."),
            field="file",
        )
