# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads links and headings of Markdown pages, and finds the links that lead nowhere. Plain Python, no ``bpy``."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable
from pathlib import Path

_FENCED = re.compile(r"^(```+|~~~+).*?^\1[ \t]*$", re.DOTALL | re.MULTILINE)
_IN_LINE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)")
_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_DEFINED = re.compile(r"^ {0,3}\[[^\]]+\]:\s+<?([^\s>]+)", re.MULTILINE)
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.+?)(?:[ \t]+#+)?[ \t]*$", re.MULTILINE)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def links(text: str) -> list[str]:
    """Return the targets of all links and pictures of a page, in their order; what stands in code is none."""
    prose = _IN_LINE.sub("", _FENCED.sub("", text))
    return _LINK.findall(prose) + _DEFINED.findall(prose)


def anchors(text: str) -> set[str]:
    """Return the anchors that a page's headings get where Markdown is shown: of equal ones, the later are numbered."""
    seen: Counter[str] = Counter()
    found = set()
    for heading in _HEADING.findall(_FENCED.sub("", text)):
        shown = re.sub(r"!?\[([^\]]*)\](?:\([^)]*\))?", r"\1", heading)
        slug = re.sub(r"[^\w -]", "", shown.strip().lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


def broken(page: Path, root: Path) -> list[str]:
    """Return the links of ``page`` that lead to no file or heading below ``root``, each with the reason."""
    faults = []
    for link in links(page.read_text("utf-8")):
        path, _, anchor = link.partition("#")
        if _ADDRESS.match(link):
            continue
        target = _target(page, path)
        if not target.is_relative_to(root):
            faults.append(f"{link}: leaves the checkout")
        elif not target.exists() or (path and target.name not in [each.name for each in target.parent.iterdir()]):
            # The second: some systems find a file by its name in other capitals, others then do not.
            faults.append(f"{link}: no such file")
        elif anchor and (target.suffix != ".md" or anchor not in anchors(target.read_text("utf-8"))):
            faults.append(f"{link}: no such heading")
    return faults


def _target(page: Path, path: str) -> Path:
    return (page.parent / path).resolve() if path else page


def reached(start: Path) -> set[Path]:
    """Return the pages that a reader of ``start`` can get to by links."""
    found, to_read = {start}, deque([start])
    while to_read:
        page = to_read.popleft()
        for link in links(page.read_text("utf-8")):
            path = link.partition("#")[0]
            target = _target(page, path)
            if not _ADDRESS.match(link) and target.suffix == ".md" and target.is_file() and target not in found:
                found.add(target)
                to_read.append(target)
    return found


def pages_of(root: Path) -> list[Path]:
    """Return the pages of the checkout that are for readers."""
    found: Iterable[Path] = [*root.glob("*.md"), *(root / "docs").glob("**/*.md")]
    return sorted(found)
