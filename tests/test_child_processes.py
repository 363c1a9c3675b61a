# SPDX-License-Identifier: GPL-3.0-or-later
"""A run of tests that is told to end leaves nothing running."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts._dev.cache import REPO

_TORN_DOWN = """
import time
print("up", flush=True)
try:
    time.sleep(600)
except KeyboardInterrupt:
    print("torn down")
    raise SystemExit(2)
"""
_RUN = f"""
import signal, sys, threading
from pathlib import Path
from scripts._dev import child_processes, layers
from scripts._dev.result import Result

def run(note):
    print(layers._call([sys.executable, "-c", {_TORN_DOWN!r}], Path(sys.argv[1]), False, Result("plain")), note)

signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in the background of a shell
with child_processes.ended_on_sigterm():
    thread = threading.Thread(target=run, args=["ended"])
    thread.start()
    thread.join()
    try:
        run("another")
    except child_processes.StoppedError as error:
        print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals.")
def test_what_a_layer_runs_is_torn_down_on_sigterm(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with subprocess.Popen([sys.executable, "-c", _RUN, log], cwd=REPO, stdout=subprocess.PIPE, text=True) as process:
        try:
            limit = time.monotonic() + 60
            while not log.exists() or "up" not in log.read_text():
                assert time.monotonic() < limit
                assert process.poll() is None
                time.sleep(0.05)
            process.terminate()
            assert process.communicate(timeout=60)[0].splitlines() == ["2 ended", "It was told to end."]
        finally:
            process.kill()
    assert log.read_text().split() == ["up", "torn", "down"]
