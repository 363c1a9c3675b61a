# SPDX-License-Identifier: GPL-3.0-or-later
"""A script that is killed and started again goes on where it was, and pays once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.service.server import StandIn

REPO = Path(__file__).resolve().parents[2]


def started(service: StandIn, folder: Path) -> subprocess.Popen[str]:
    environment = os.environ | {"TRIVERSE_API_KEY": service.key, "TRIVERSE_API_URL": service.url}
    command = [sys.executable, "-m", "tests.scripting.victim", service.url, str(folder)]
    return subprocess.Popen(command, cwd=REPO, env=environment, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("stage", ["submitting", "waiting", "downloading"])
def test_killed_and_started_again_it_pays_once(service: StandIn, tmp_path: Path, stage: str) -> None:
    service.state.clock.speed = 4.0
    if stage == "submitting":
        # The service has the order, and its answer is lost with the process.
        service.faults.add("create", latency_s=600, times=1)
    victim = started(service, tmp_path)
    assert victim.stdout is not None
    for line in victim.stdout:
        if line.strip() == stage:
            break
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    victim.stdout.close()
    service.faults.clear()
    service.state.clock.speed = 40.0
    again = started(service, tmp_path)
    said, _ = again.communicate(timeout=120)
    assert again.returncode == 0
    assert Path(said.splitlines()[-1]).is_file()
    assert len(service.state.charged()) == 1
