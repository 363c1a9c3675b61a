# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of kinds of trouble: what is counted, what is written, and what is not let through."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts._dev import kinds
from scripts._dev.result import Result
from tests.kinds import KINDS

REPORT = """<testsuites><testsuite>
<testcase classname="a" name="one"><properties><property name="kind" value="fuzz"/>
<property name="counted" value="menus=3"/></properties></testcase>
<testcase classname="a" name="two"><properties><property name="kind" value="fuzz"/></properties><failure/></testcase>
<testcase classname="a" name="three"/>
</testsuite></testsuites>"""

EVERY_CASE = {kind.slug: {"a.one"} for kind in KINDS}


def _pages(folder: Path) -> None:
    for page in {kind.page for kind in KINDS}:
        (folder / page).write_text(
            "before\n<!-- kinds: begin -->\nan earlier table\n<!-- kinds: end -->\nafter\n", encoding="utf-8"
        )


def test_only_tests_that_passed_are_cases(tmp_path: Path) -> None:
    (tmp_path / "report.xml").write_text(REPORT)
    result = Result("plain")
    result.count(tmp_path / "report.xml")
    assert (result.passed, result.failed) == (2, 1)
    assert result.cases == {"fuzz": {"a.one"}}
    assert result.counted == {"fuzz": {"menus": 3}}


def test_a_kind_without_a_test_is_named() -> None:
    assert kinds.without_tests(EVERY_CASE) == []
    assert kinds.without_tests({**EVERY_CASE, "fuzz": set()}) == ["fuzz"]


def test_a_table_stands_between_its_marks(tmp_path: Path) -> None:
    _pages(tmp_path)
    assert kinds.write(EVERY_CASE, {"fuzz": {"menus": 3}}, docs=tmp_path)
    text = (tmp_path / "security.md").read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "an earlier table" not in text
    assert "| 17. Parsers under fuzz | 1 | eleven had no target | all pass; menus: 3 |" in text
    assert kinds.write(EVERY_CASE, {"fuzz": {"menus": 3}}, docs=tmp_path) == []


def test_in_ci_pages_are_left_alone(tmp_path: Path) -> None:
    _pages(tmp_path)
    assert kinds.write(EVERY_CASE, {}, docs=tmp_path, keep=True)
    assert "an earlier table" in (tmp_path / "models.md").read_text()


@pytest.mark.parametrize("page", sorted({kind.page for kind in KINDS}))
def test_every_page_has_the_marks(page: str) -> None:
    text = (kinds.REPO / "docs" / page).read_text(encoding="utf-8")
    assert text.count("<!-- kinds: begin -->") == text.count("<!-- kinds: end -->") == 1


def test_slugs_are_unique() -> None:
    assert len({kind.slug for kind in KINDS}) == len(KINDS)
