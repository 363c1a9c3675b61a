# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of ``docs/reliability.md`` is written by a full run, and by nothing less."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.reliability.account import Account

REPO = Path(__file__).resolve().parents[2]
EMPTY = "Before.\n<!-- table: begin -->\n<!-- table: end -->\nAfter.\n"


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "a.md"
    path.write_text(EMPTY, "utf-8")
    return path


def test_nothing_is_written_before_all_was_tried(document: Path) -> None:
    account = Account()
    account.expect(["a", "b", "b"])
    account.add("a")
    account.add("b")
    assert not account.write(document)
    assert document.read_text("utf-8") == EMPTY
    account.add("b", came_through=0)
    assert account.write(document, keep=True)
    assert document.read_text("utf-8") == EMPTY
    assert account.write(document)
    text = document.read_text("utf-8")
    assert "| b | 2 | 1 | 0 | 1 |\n" in text
    assert "| **All** | 3 | 2 | 0 | 1 |\n" in text
    assert text.startswith("Before.")
    assert text.endswith("After.\n")
    assert not account.write(document), "the same run leaves the same table"


@pytest.mark.parametrize("part", [["test_live.py"], [".", "-k", "not gzip"], ["."]])
def test_part_of_the_tests_leaves_the_document_alone(tmp_path: Path, document: Path, part: list[str]) -> None:
    """A run of its own, in which each test that is not left out passes without being run."""
    (tmp_path / "quick.py").write_text(
        "import pathlib, pytest\n"
        "from tests.reliability import account\n"
        f"account.DOCUMENT = pathlib.Path({str(document)!r})\n"
        "account.Account.write.__defaults__ = (account.DOCUMENT,)\n"
        "def pytest_pyfunc_call(pyfuncitem):\n"
        "    return True\n"
        "def pytest_fixture_setup(fixturedef, request):\n"
        "    fixturedef.cached_result = (None, fixturedef.cache_key(request), None)\n"
        "    return True\n"
        "@pytest.hookimpl(tryfirst=True)\n"
        "def pytest_sessionfinish(session):\n"
        "    for part, tries in account.ACCOUNT._wanted.items():\n"
        "        account.ACCOUNT.add(part, tried=tries, came_through=tries)\n",
        "utf-8",
    )
    path, *rest = part
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "quick",
            "-p",
            "no:cacheprovider",
            f"tests/reliability/{path}",
            *rest,
        ],
        cwd=REPO,
        env={"PYTHONPATH": f"{tmp_path}:{REPO}", "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    written = document.read_text("utf-8") != EMPTY
    assert written is (part == ["."]), done.stdout
