# SPDX-License-Identifier: GPL-3.0-or-later
"""
The tables of kinds of trouble in ``docs/``, from the tests that ran.

No floor (development only). Any thread. Never imports ``bpy``. ``tests/conftest.py`` writes the kind of a test, and
what it counted, into pytest's JUnit report, from which ``layers.py`` hands them on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tests.kinds import KINDS, Kind

from .cache import REPO

_TABLE = re.compile(r"(<!-- kinds: begin -->\n).*?(<!-- kinds: end -->)", re.DOTALL)


def table(kinds: Iterable[Kind], cases: Mapping[str, set[str]], counted: Mapping[str, Mapping[str, int]]) -> str:
    """Return the rows of some kinds as Markdown.

    Args:
        cases: of each kind, the tests that passed.
        counted: of each kind, what its tests counted besides, by name.
    """
    lines = ["| Kind | Cases | Before | Now |", "|---|---:|---|---|"]
    for kind in kinds:
        extra = "".join(f"; {name}: {number}" for name, number in sorted(counted.get(kind.slug, {}).items()))
        lines.append(f"| {kind.title} | {len(cases[kind.slug])} | {kind.before} | all pass{extra} |")
    return "\n".join(lines) + "\n"


def without_tests(cases: Mapping[str, set[str]]) -> list[str]:
    """Return the kinds of which no test passed."""
    return [kind.slug for kind in KINDS if not cases.get(kind.slug)]


def write(
    cases: Mapping[str, set[str]],
    counted: Mapping[str, Mapping[str, int]],
    *,
    docs: Path = REPO / "docs",
    keep: bool = False,
) -> Sequence[str]:
    """Put the tables into their pages and return the names of the pages that were, or would be, changed.

    Args:
        keep: leave the pages as they are.
    """
    changed = []
    for page in dict.fromkeys(kind.page for kind in KINDS):
        path = docs / page
        old = path.read_text(encoding="utf-8")
        text = table([kind for kind in KINDS if kind.page == page], cases, counted)
        new = _TABLE.sub(lambda found, text=text: found[1] + text + found[2], old)  # type: ignore[misc]
        if new != old:
            changed.append(page)
            if not keep:
                path.write_text(new, encoding="utf-8")
    return changed
