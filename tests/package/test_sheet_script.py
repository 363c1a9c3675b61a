# SPDX-License-Identifier: GPL-3.0-or-later
"""
The contact sheet's own script, run in a JavaScript engine: it sorts and finds.

One: ``python scripts/test.py tests/package/test_sheet_script.py``.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.batch.results.test_report import EVIL, LINE, Page
from triverse_addon.batch.results import html_sheet
from triverse_addon.batch.results.report import ReportRow

BROWSER = Path(__file__).with_name("sheet_in_a_browser.js")
LINES = [
    dataclasses.replace(LINE, number=1, name="Zebra", catalog="Animals", triangles=900, cost_credits=20),
    dataclasses.replace(LINE, number=2, name="apple", catalog="Food", triangles=20_000, cost_credits=5),
    dataclasses.replace(LINE, number=3, name="Äpfel", catalog="Food", triangles=None, state="failed", error="No luck."),
    dataclasses.replace(LINE, number=10, name=EVIL, catalog="", triangles=20_000, cost_credits=100, prompt="a Zebra"),
]


def seen(lines: list[ReportRow], *steps: tuple[str, str]) -> list[list[int]]:
    """Which rows the page shows after each step, from top to bottom."""
    node = shutil.which("node")
    assert node, "This test needs a JavaScript engine: Node.js (on Debian: apt install nodejs)."
    page = Page(html_sheet.page(lines, "x"))
    assert len(page.scripts) == 1
    items = [
        {"dataset": {name.removeprefix("data-"): value for name, value in attributes.items() if "data-" in name}}
        | {"text": text}
        for attributes, text in page.items
    ]
    given = {"script": page.scripts[0], "items": items, "steps": steps}
    answer = subprocess.run([node, BROWSER], input=json.dumps(given), capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    found: list[list[int]] = json.loads(answer.stdout)
    return found


@pytest.mark.parametrize(
    ("key", "numbers"),
    [
        ("number", [1, 2, 3, 10]),
        ("catalog", [10, 1, 2, 3]),
        ("state", [1, 2, 10, 3]),
        ("triangles", [3, 1, 2, 10]),
        ("credits", [2, 1, 3, 10]),
    ],
)
def test_it_sorts(key: str, numbers: list[int]) -> None:
    assert seen(LINES, ("sort", key)) == [numbers]


def test_names_are_sorted_as_people_do() -> None:
    (found,) = seen(LINES, ("sort", "name"))
    assert [number for number in found if number != 10] == [3, 2, 1]


def test_every_choice_sorts_by_what_every_row_has() -> None:
    page = Page(html_sheet.page(LINES, "x"))
    choices = [attributes["value"] for attributes in page.of("option")]
    assert len(choices) == 6
    for attributes, _ in page.items:
        assert {f"data-{choice}" for choice in choices} <= attributes.keys()


def test_it_finds_what_is_written_in_a_row() -> None:
    assert seen(
        LINES, ("find", "ZEBRA"), ("find", "food"), ("find", "no luck"), ("find", "<script>"), ("find", "")
    ) == [
        [1, 10],
        [2, 3],
        [3],
        [10],
        [1, 2, 3, 10],
    ]


def test_it_finds_letters_with_marks_however_they_are_written() -> None:
    apart = dataclasses.replace(LINE, number=4, name="e\u0301clair")
    assert seen([*LINES, apart], ("find", "\u00c9clair"), ("find", "A\u0308PFEL")) == [[4], [3]]


def test_a_search_outlives_sorting() -> None:
    assert seen(LINES, ("find", "food"), ("sort", "triangles")) == [[2, 3], [3, 2]]
