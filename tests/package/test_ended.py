# SPDX-License-Identifier: GPL-3.0-or-later
"""
A real Blender is ended while its child makes a large model: by SIGTERM, as farms do, and by SIGKILL, as the system does
where memory is short. How long that took is printed.

One: ``python scripts/test.py tests/package/test_ended.py``.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts._dev.window import Blender
from tests.package.engines import Machine, wait_until
from tests.package.page_commands import let_go
from tests.package.processes import below, is_at_work
from tests.service import models
from tests.service.server import StandIn

#: Some seconds of work for a child, most of it in Blender's own code.
ROWS = "name,prompt,lods\nVase,a vase tris:500k,2\nChair,a chair hold,\n"
#: Longer than that on a busy machine, and shorter than what an engine of a farm would wait.
LIMIT_S = 60.0


@pytest.fixture
def machine(blender: Blender, profile: Path, tmp_path: Path) -> Iterator[Machine]:
    """A machine without the engines of farms."""
    with (
        StandIn(speed=20, samples=("1k",)) as service,
        Machine(blender, profile, tmp_path / "machine", service) as made,
    ):
        yield made


class Batch:
    """A batch that is at work on a large model, while its second row is at the service."""

    def __init__(self, machine: Machine) -> None:
        models.ensure(["500k"])
        self.machine = machine
        self.library, self.data = machine.folder / "library", machine.folder / "data"
        (machine.folder / "rows.csv").write_text(ROWS)
        self.log = machine.folder / "batch.log"
        self.process = machine.start(self.command, self.log, self.key)
        wait_until(lambda: self.is_making_a_model() or self.process.poll() is not None, "a model is made")
        assert self.process.poll() is None, self.log.read_text()
        self.pid = machine.sandbox.pid_of(self.process)
        self.children = below(self.pid)
        assert self.children
        assert all(map(is_at_work, self.children))

    @property
    def command(self) -> list[str | Path]:
        words = ["blender", "--background", "--online-mode", "--command", "triverse", "batch"]
        where = ["--library", self.library, "--data", self.data]
        return [*words, self.machine.folder / "rows.csv", *where, "--yes"]

    @property
    def key(self) -> dict[str, str]:
        return {"TRIVERSE_API_KEY": self.machine.service.key}

    def is_making_a_model(self) -> bool:
        """Whether a child has begun a job that is a model and not its trial, and the other row was ordered."""
        with contextlib.suppress(OSError):  # a job is over
            jobs = [path.read_text() for path in self.data.rglob(".convert-*/*.json")]
            is_begun = any(self.data.rglob(".convert-*/*.result.files"))
            return is_begun and any("tris" in job for job in jobs) and len(self.machine.service.state.charged()) == 2
        return False

    def end_by(self, number: signal.Signals) -> None:
        """End the command, and see that its children end too."""
        began_s = time.monotonic()
        os.kill(self.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(LIMIT_S)
        command_s = time.monotonic() - began_s
        assert self.process.poll() is not None, self.log.read_text()
        wait_until(lambda: not any(map(is_at_work, self.children)), "the child has ended", LIMIT_S)
        print(f"{number.name}: the command {command_s:.1f} s, its child {time.monotonic() - began_s:.1f} s")

    def owners(self) -> set[str]:
        """Who has a lease on a task."""
        with contextlib.closing(sqlite3.connect(next(self.data.glob("*.sqlite3")))) as store:
            return {owner for (owner,) in store.execute("SELECT owner FROM tasks") if owner}

    def go_on(self) -> None:
        """Give the same command again: it makes what is left, and pays nothing twice."""
        let_go(self.machine)
        code, said = self.machine.run(self.command, self.key)
        assert code == 0, said
        state = self.machine.service.state
        assert list(state.charged_per_order().values()) == [1, 1]
        found = json.loads((self.library / "batch-report.json").read_bytes())
        assert found["counts"] == {"done": 2}
        assert (self.library / "vase.blend").stat().st_size > 5_000_000


def test_sigterm_while_a_model_is_made(machine: Machine) -> None:
    batch = Batch(machine)
    batch.end_by(signal.SIGTERM)
    said = batch.log.read_text()
    assert batch.process.returncode == 128 + signal.SIGTERM
    assert said.count("Terminated. Tasks that were sent go on") == 1
    assert "Traceback" not in said
    assert json.loads((batch.library / "batch-report.json").read_bytes())["counts"] == {"open": 2}
    # Leases and locks are given back, and nothing is left half done.
    assert batch.owners() == set()
    assert not [path for path in machine.folder.rglob("*.lock") if path.is_relative_to(batch.library)]
    assert not list((batch.data / "owners").glob("*.lock"))
    assert not list(batch.data.rglob(".convert-*"))
    assert not list(batch.library.glob(".*.part"))
    assert not list(batch.library.glob("*.blend"))
    batch.go_on()


def test_sigkill_while_a_model_is_made(machine: Machine) -> None:
    batch = Batch(machine)
    time.sleep(1.5)  # so that the file has been read
    batch.end_by(signal.SIGKILL)
    batch.go_on()
