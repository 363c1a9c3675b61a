# SPDX-License-Identifier: GPL-3.0-or-later
"""
Runs ``scripts/triverse.py`` as a user does: in a process of its own, with whatever Python runs the tests.

Plain Python; used by the tests with and without ``bpy``.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.service.server import StandIn

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
        lines = [*(seen or []), *out.splitlines()]
        assert "Traceback" not in err, err
        assert all(line.startswith("{") for line in lines), out  # --json: nothing else on stdout
        return Answer(process.returncode, [json.loads(line) for line in lines], err)

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
