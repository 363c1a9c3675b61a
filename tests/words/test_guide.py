# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide is true: what it names is in Blender under that name. Links are followed by ``tests/docs``."""

from __future__ import annotations

import re
from pathlib import Path

from scripts._dev.visible_text import visible_texts

REPO = Path(__file__).resolve().parents[2]
GUIDE = REPO / "docs" / "using.md"
PICTURES = REPO / "docs" / "pictures"
PAGES = [REPO / "README.md", *sorted((REPO / "docs").glob("*.md"))]
MOST_BYTES = 150_000

#: What Blender itself calls so.
BLENDERS = {
    "Undo",
    "Adjust Last Operation",
    "Assign Shortcut",
    "Edit > Preferences > Add-ons > Triverse",
    "Triverse",
    "Visibility > Enable in Viewports",
    "Enable in Render",
}


def test_what_the_guide_names_is_called_so_in_blender() -> None:
    names = {text.text for text in visible_texts()} | BLENDERS
    text = re.sub(r"\*\*.+?\*\*", "", GUIDE.read_text("utf-8"), flags=re.DOTALL)
    named = {" ".join(name.split()) for name in re.findall(r"(?<![*\w])\*([^*]+?)\*(?!\*)", text)}
    assert "Generate" in named
    assert sorted(named - names) == []


def test_every_picture_is_small_and_used() -> None:
    used = "".join(page.read_text("utf-8") for page in PAGES)
    for picture in PICTURES.glob("*.png"):
        assert picture.stat().st_size <= MOST_BYTES, picture.name
        assert f"pictures/{picture.name}" in used, picture.name
