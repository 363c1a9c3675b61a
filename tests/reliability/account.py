# SPDX-License-Identifier: GPL-3.0-or-later
"""
The account of a test run: what was tried, what came through, what was lost. Plain Python, no ``bpy``.

It becomes the table of ``docs/reliability.md``, once a run has tried everything.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
_TABLE = re.compile(r"(<!-- table: begin -->\n).*?(<!-- table: end -->)", re.DOTALL)


class Account:
    """Lines of the table, in the order in which they were first added."""

    def __init__(self) -> None:
        self._lines: dict[str, list[int]] = {}
        self._wanted: Counter[str] = Counter()

    def expect(self, parts: Iterable[str]) -> None:
        """Name what must have been tried before a table is written, a part once for each try."""
        self._wanted.update(parts)

    def add(self, part: str, *, tried: int = 1, came_through: int = 1, by_button: int = 0) -> None:
        """
        Note what became of some tries.

        :param by_button: how many of those that came through needed one press of the button that was offered.
        """
        line = self._lines.setdefault(part, [0, 0, 0])
        for place, number in enumerate((tried, came_through, by_button)):
            line[place] += number

    def table(self) -> str:
        """Return the table as Markdown."""
        rows = ["| Fault at | tried | came through | of these by one press of Retry | lost or paid twice |"]
        rows.append("|---|---:|---:|---:|---:|")
        total = [0, 0, 0]
        for part, line in self._lines.items():
            total = [a + b for a, b in zip(total, line, strict=True)]
            rows.append(_row(part, line))
        rows.append(_row("**All**", total))
        return "\n".join(rows) + "\n"

    def write(self, document: Path = DOCUMENT, *, keep: bool = False) -> bool:
        """
        Put the table into the document, if everything that was expected was tried.

        :param keep: leave the document as it is.
        :returns: whether the table is, or was, another one.
        """
        if not self._wanted or any(self._lines.get(part, [0])[0] != tries for part, tries in self._wanted.items()):
            return False
        old = document.read_text("utf-8")
        new = _TABLE.sub(lambda found: found[1] + self.table() + found[2], old)
        if new != old and not keep:
            document.write_text(new, "utf-8")
        return new != old


def _row(part: str, line: list[int]) -> str:
    tried, came_through, by_button = line
    return f"| {part} | {tried} | {came_through} | {by_button} | {tried - came_through} |"


ACCOUNT = Account()
