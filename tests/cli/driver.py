# SPDX-License-Identifier: GPL-3.0-or-later
"""
Runs commands: ``scripts/triverse.py`` as a user does, in a process of its own, or its main function in this one.

Plain Python; used by the tests with and without ``bpy``.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.service.server import StandIn
from triverse_addon.cli import main
from triverse_addon.cli.host import Host, PlainHost

REPO = Path(__file__).resolve().parents[2]
SCRIPT = REPO / "scripts" / "triverse.py"
#: A net against a hang; nothing counts on it.
LIMIT_S = 240.0


@dataclass(frozen=True)
class Answer:
    """What a command ended with: its exit code, its JSON lines, what it told people."""

    code: int
    lines: list[dict[str, Any]]
    people: str

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The JSON objects of one type."""
        return [line for line in self.lines if line["type"] == kind]


class Cli:
    """
    Commands with one ``--data`` folder.

    :param folder: a folder of the test; ``data`` in it is the commands'.
    :param service: what ``TRIVERSE_API_URL`` and ``TRIVERSE_API_KEY`` lead to; None leaves both unset.
    """

    def __init__(self, folder: Path, service: StandIn | None) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.python = sys.executable
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder / "home"), "LANG": "C.UTF-8"}
        for name in ("TRIVERSE_DEV_CACHE", "LD_LIBRARY_PATH"):
            if name in os.environ:
                self.env[name] = os.environ[name]
        if service is not None:
            self.env |= {"TRIVERSE_API_URL": service.url, "TRIVERSE_API_KEY": service.key}

    def start(self, *argv: str | Path, stdin: int | None = None) -> subprocess.Popen[str]:
        """Start a command with ``--json`` and the data folder; ``stdin`` may be a terminal."""
        command = [self.python, str(SCRIPT), *map(str, argv), "--json", "--data", str(self.data)]
        return subprocess.Popen(
            command,
            env=self.env,
            cwd=self.folder,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *argv: str | Path) -> Answer:
        """Run a command to its end."""
        return self.finish(self.start(*argv))

    def finish(self, process: subprocess.Popen[str], seen: list[str] | None = None) -> Answer:
        """Wait for a command's end; ``seen`` are lines of its stdout that were read already."""
        out, err = process.communicate(timeout=LIMIT_S)
        return self.answered(process.returncode, [*(seen or []), *out.splitlines()], err)

    @staticmethod
    def answered(code: int, lines: list[str], err: str) -> Answer:
        """Read what a command has written: the lines of its stdout, and its stderr."""
        assert "Traceback" not in err, err
        assert all(line.startswith("{") for line in lines), lines  # --json: nothing else on stdout
        return Answer(code, [json.loads(line) for line in lines], err)

    def interrupt_at(self, stage: str, *argv: str | Path, by: signal.Signals = signal.SIGINT) -> Answer:
        """Start a command, press Ctrl-C (or send another signal) once its task is in ``stage``, wait for the end."""
        process = self.start(*argv)
        assert process.stdout is not None
        seen: list[str] = []
        ends_at_s = time.monotonic() + LIMIT_S
        while not any(json.loads(line).get("stage") == stage for line in seen):
            assert time.monotonic() < ends_at_s
            line = process.stdout.readline()
            assert line, f"it ended before the stage {stage}: {seen}"
            seen.append(line.strip())
        process.send_signal(by)
        return self.finish(process, seen)

    def files_with(self, key: str) -> list[Path]:
        """All files of the test that hold ``key``."""
        return [path for path in self.folder.rglob("*") if path.is_file() and key.encode() in path.read_bytes()]


class CommandsHere(Cli):
    """
    Commands that :meth:`run` runs in this process, where a process is not what is tested: starting one, with all that
    it imports, takes three times as long as most commands. All else starts one.

    :param host: returns the program that runs a command, as it is at its start.
    """

    def __init__(
        self,
        folder: Path,
        service: StandIn | None,
        capfd: pytest.CaptureFixture[str],
        host: Callable[[], Host] = lambda: PlainHost("python scripts/triverse.py"),
    ) -> None:
        super().__init__(folder, service)
        self._capfd = capfd
        self._host = host

    def run(self, *argv: str | Path) -> Answer:
        """Run a command to its end, here."""
        with pytest.MonkeyPatch.context() as patch:
            # Not where its home is: the stand-in of this process has its models there.
            for name in (name for name in self.env if name.startswith("TRIVERSE_")):
                patch.setenv(name, self.env[name])
            patch.chdir(self.folder)
            host = self._host()
            self._capfd.readouterr()
            # As in a process of its own, Python writes to the descriptor that the command redirects, not to pytest: 5.0
            # prints by way of Python what other versions print from C.
            with open(1, "w", encoding="utf-8", closefd=False) as stdout, contextlib.redirect_stdout(stdout):
                code = main.run([*map(str, argv), "--json", "--data", str(self.data)], host)
            out, err = self._capfd.readouterr()
        return self.answered(code, out.splitlines(), err)
