# SPDX-License-Identifier: GPL-3.0-or-later
"""
Kill -9 at five moments: after a restart each task is imported, and was ordered and charged once.

One: ``python scripts/test.py tests/tasks/engine/test_killed.py``.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.service.server import StandIn
from tests.tasks.engines import LIMIT_S, files_with, running
from triverse_addon.tasks.record.record import Stage

REPO = Path(__file__).resolve().parents[3]


@pytest.fixture
def service() -> Iterator[StandIn]:
    with StandIn(speed=40, samples=("20k",), usual_sample="20k") as standin:
        yield standin


class Victim:
    """The engine's process, and the lines it printed."""

    def __init__(self, service: StandIn, folder: Path) -> None:
        environment = os.environ | {"TRIVERSE_API_KEY": service.key}
        command = [sys.executable, "-m", "tests.tasks.killed", service.url, str(folder), "a stone well"]
        self.process = subprocess.Popen(command, cwd=REPO, env=environment, stdout=subprocess.PIPE, text=True)
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.strip())

    def kill_when(self, look: Callable[[], object]) -> None:
        """Kill it, without a chance to tidy up, once ``look`` returns something true."""
        end = time.monotonic() + LIMIT_S
        while not look():
            assert time.monotonic() < end, self.lines
            assert self.process.poll() is None, self.lines
            time.sleep(0.002)
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._reader.join()

    def said(self, words: str) -> bool:
        return any(line.startswith(words) for line in self.lines)


def before_the_order_leaves(service: StandIn, victim: Victim, folder: Path) -> None:
    # In the store, and on its way: the connection is held at the door, and nothing was read of it.
    rule = service.faults.add("create", latency_s=600, reset_before=True)
    victim.kill_when(lambda: rule.seen)
    assert not service.state.charged()


def before_the_answer(service: StandIn, victim: Victim, folder: Path) -> None:
    service.faults.add("create", delay_answer_s=600)
    victim.kill_when(lambda: service.state.charged())
    assert not victim.said("waiting")


def while_waiting(service: StandIn, victim: Victim, folder: Path) -> None:
    service.state.clock.speed = 0
    victim.kill_when(lambda: victim.said("waiting"))


def in_mid_download(service: StandIn, victim: Victim, folder: Path) -> None:
    service.faults.add("asset", stall_at_byte=2_000_000)
    parts = lambda: [p for p in folder.rglob(".model.glb.part") if p.stat().st_size >= 1_000_000]  # noqa: E731
    victim.kill_when(parts)


def in_mid_conversion(service: StandIn, victim: Victim, folder: Path) -> None:
    (folder / "hang").touch()
    victim.kill_when(lambda: victim.said("converting…"))
    (folder / "hang").unlink()


@pytest.mark.parametrize(
    "moment", [before_the_order_leaves, before_the_answer, while_waiting, in_mid_download, in_mid_conversion]
)
def test_killed_and_started_again(
    service: StandIn, tmp_path: Path, moment: Callable[[StandIn, Victim, Path], None]
) -> None:
    victim = Victim(service, tmp_path)
    try:
        moment(service, victim, tmp_path)
    finally:
        victim.process.kill()
        victim.process.wait()
    task_id = victim.lines[0].removeprefix("id ")
    service.faults.clear()
    service.state.clock.speed = 40
    downloads = len(service.state.seen("asset"))
    with running(service, tmp_path) as driver:
        record = driver.reaches(task_id, Stage.IMPORTED)
    assert Path(record.model_path).stat().st_size > 1_000_000
    assert service.state.charged_per_order() == {record.client_order_id: 1}
    assert service.state.leaks == []
    assert files_with(tmp_path, service.key) == []
    if moment is in_mid_download:
        assert service.state.seen("asset")[downloads].range
    if moment is in_mid_conversion:
        assert len(service.state.seen("asset")) == downloads
