# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts say and ask before they install anything on this machine, or make something as root."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts._dev import blender_root, consent, venvs
from scripts._dev.cache import REPO, SetupError

pytestmark = pytest.mark.kind("asks-first")


class Terminal(io.StringIO):
    """A person at a terminal, who types this."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _nobody_has_agreed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv(consent.YES, "")
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """What would be run on this machine: it is noted, and not run."""
    ran: list[list[str]] = []

    def note(command: Any, **_options: Any) -> subprocess.CompletedProcess[str]:
        ran.append([str(part) for part in command])
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", note)
    monkeypatch.setenv("TRIVERSE_DEV_CACHE", str(tmp_path))
    return ran


def at_a_terminal(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    monkeypatch.setattr(sys, "stderr", Terminal())


INSTALLS: dict[str, Callable[[Path], object]] = {
    "packages of this machine": lambda _: venvs.apt_install(["xvfb"]),
    "a root": lambda folder: blender_root._make("trixie", folder / "trixie"),
    "packages of a root": lambda folder: blender_root._complete("trixie", folder),
}


def changes(ran: list[list[str]]) -> list[list[str]]:
    """The commands that change something; asking dpkg what is there does not."""
    return [command for command in ran if "dpkg-query" not in command]


@pytest.mark.parametrize("name", INSTALLS)
def test_where_nobody_can_be_asked_nothing_is_done(run: list[list[str]], tmp_path: Path, name: str) -> None:
    with pytest.raises(SetupError, match=r"nobody can be asked here: .*root.* Add --yes to agree\."):
        INSTALLS[name](tmp_path)
    assert changes(run) == []


@pytest.mark.parametrize("name", INSTALLS)
@pytest.mark.parametrize("answer", ["n\n", "\n", "", "yea\n"])
def test_nothing_is_done_that_is_not_agreed_to(
    run: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, answer: str
) -> None:
    at_a_terminal(monkeypatch, answer)
    with pytest.raises(SetupError, match="Not agreed to"):
        INSTALLS[name](tmp_path)
    assert changes(run) == []


@pytest.mark.parametrize("how", ["CI", "--yes", "a person"])
def test_what_is_agreed_to_is_said_and_done(
    run: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    if how == "a person":
        at_a_terminal(monkeypatch, "yes\n")
    elif how == "CI":
        monkeypatch.setenv("CI", "true")
    else:
        consent.give()
    venvs.apt_install(["xvfb"])
    assert [command[1] for command in changes(run)] == ["update", "install"]
    said = sys.stderr.getvalue() if isinstance(sys.stderr, Terminal) else capsys.readouterr().err
    assert "Install Debian packages on this machine with apt-get, as root: xvfb." in said


def test_one_answer_is_enough_for_what_belongs_together(monkeypatch: pytest.MonkeyPatch) -> None:
    at_a_terminal(monkeypatch, "y\n")
    consent.ask("Make a root.")
    consent.ask("Install in it.")
    assert os.environ[consent.YES] == "1", "what is started from here knows it too"


@pytest.mark.parametrize("script", ["test.py", "demo.py"])
def test_the_scripts_take_yes(script: str) -> None:
    told = subprocess.run([sys.executable, REPO / "scripts" / script, "--help"], capture_output=True, text=True)
    assert "--yes" in told.stdout
