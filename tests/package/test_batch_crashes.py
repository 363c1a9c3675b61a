# SPDX-License-Identifier: GPL-3.0-or-later
"""
A batch that writes .blend files, in Blender as a Python module: its child is shot down, then the command itself.

One: ``python scripts/test.py tests/package/test_batch_crashes.py``.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from scripts._dev import venvs
from tests.batch.results.test_report import Page
from tests.cli.driver import LIMIT_S, Cli
from tests.service.server import StandIn

COUNT = 8
ROWS = "name,prompt,polygon_limit,catalog,height,export\n" + "".join(
    f"Chair {n},chair {n},1000,Props/{n % 2},0.5,glb\n" for n in range(1, COUNT + 1)
)


def children(pid: int) -> list[int]:
    """The child Blenders of a command."""
    found: list[int] = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += map(int, file.read_text().split())
    return [child for child in found if b"library_worker" in command_line(child)]


def command_line(pid: int) -> bytes:
    """Empty for one that has ended."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def wait_until(look: Callable[[], object], process: subprocess.Popen[str] | None = None) -> None:
    ends_at_s = time.monotonic() + LIMIT_S
    while not look():
        assert process is None or process.poll() is None
        assert time.monotonic() < ends_at_s
        time.sleep(0.005)


def test_a_child_and_then_the_command_are_shot_down(tmp_path: Path) -> None:
    with StandIn(speed=40, samples=("1k",)) as service:
        cli = Cli(tmp_path, service)
        cli.python = str(venvs.ensure(venvs.BPY["5.0.1"]))
        (tmp_path / "rows.csv").write_text(ROWS, encoding="utf-8")
        library = tmp_path / "rows-library"
        command = ("batch", "rows.csv", "--yes", "--jobs", "4", "--writers", "2")

        process = cli.start(*command)
        wait_until(lambda: children(process.pid), process)
        (first, *_) = children(process.pid)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: len(list(library.glob("*.blend"))) >= 2, process)
        left = children(process.pid)
        process.kill()
        process.communicate()
        # Without the command, its children end by themselves.
        wait_until(lambda: not any(map(command_line, left)))

        answer = cli.run(*command)
        assert answer.code == 0, answer.people
        assert list(service.state.charged_per_order().values()) == [1] * COUNT
        found = json.loads((library / "batch-report.json").read_bytes())
        assert found["counts"] == {"done": COUNT}
        for row in found["rows"]:
            assert row["files"].keys() == {"blend", "glb", "thumbnail"}
            assert all((library / file).stat().st_size > 1000 for file in row["files"].values())
        assert {path.name for path in library.glob("*.blend")} == {row["files"]["blend"] for row in found["rows"]}
        pictures = [image["src"] or "" for image in Page((library / "contact-sheet.html").read_text()).of("img")]
        assert len(pictures) == COUNT
        assert all((library / picture).is_file() for picture in pictures)
        assert (library / "contact-sheet.png").stat().st_size > 10_000
        assert not service.state.leaks
