# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts of ``docs/examples`` are short, complete, described in docs/scripting.md, and each is run by tests."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

from tests.examples import EXAMPLES
from triverse_addon import scripting

MOST_LINES = 40
FOUND = sorted(EXAMPLES.glob("*.py"))
PAGE = (EXAMPLES.parent / "scripting.md").read_text("utf-8")


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name)
def test_an_example_is_short_and_described(path: Path) -> None:
    source = path.read_text("utf-8")
    assert len(source.splitlines()) <= MOST_LINES
    assert ast.get_docstring(ast.parse(source))
    assert f"(examples/{path.name})" in PAGE
    tests = [Path(__file__).parents[1] / layer / "test_examples.py" for layer in ("blender", "package")]
    assert all(path.name in test.read_text("utf-8") for test in tests)


def test_there_are_six() -> None:
    assert len(FOUND) == 6


def test_the_page_names_all_that_is_public() -> None:
    for name in scripting.__all__:
        assert f"`{name}" in PAGE or f"scripting.{name}" in PAGE, name
    for cls in (scripting.Triverse, scripting.Task):
        for name, value in vars(cls).items():
            if not name.startswith("_") and (inspect.isfunction(value) or isinstance(value, property)):
                assert f"{name}" in PAGE, name
