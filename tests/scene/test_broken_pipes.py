# SPDX-License-Identifier: GPL-3.0-or-later
"""
A child or a connection that has ended is an error of one task, and not the end of Blender.

The Python in Blender 4.3 leaves SIGPIPE as the system has it, by which a write without a reader ends the process. So
these tests run in a process that begins like that one.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]

AS_IN_BLENDER = """
import signal, socket, subprocess, sys, threading
from pathlib import Path
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
folder = Path(sys.argv[1])
"""

ENGINE = """
from triverse_addon.tasks.engine.engine import Engine
from triverse_addon.tasks.settings import Settings
settings = Settings(folder / "data", folder / "models", api_key="k", api_url="http://127.0.0.1:9", live=False)
Engine(settings, None).start()
"""

CHILD = """
from triverse_addon.scene.child.process import pass_job
from triverse_addon.scene.worker.job_format import Job, PrepareInput
child = subprocess.Popen(
    [sys.executable, "-c", "import os, time; os.close(0); print(flush=True); time.sleep(600)"],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=folder)
child.stdout.readline()
pass_job(child, folder / "job.json", Job(PrepareInput("", "", "", 0, 0), result_path="", memory_bytes=None))
child.kill()
print("went on")
"""

CONNECTION = """
def write():
    ours, theirs = socket.socketpair()
    theirs.close()
    try:
        ours.sendall(b"a request")
    except BrokenPipeError:
        print("went on")
thread = threading.Thread(target=write)
thread.start()
thread.join()
"""

COMMAND = """
from triverse_addon.cli import main
with main._signals_interrupt():
    pass
"""


def end_of(folder: Path, *parts: str) -> tuple[int, str]:
    """Run Python in a process that begins as Blender's; return its exit code and what it printed."""
    code = "".join(textwrap.dedent(part) for part in (AS_IN_BLENDER, *parts))
    process = subprocess.run(
        [sys.executable, "-c", code, str(folder)], cwd=REPO, capture_output=True, text=True, check=False
    )
    return process.returncode, process.stdout + process.stderr


@pytest.mark.parametrize("write", [CHILD, CONNECTION], ids=["child", "connection"])
@pytest.mark.parametrize("begin", [ENGINE, COMMAND], ids=["engine", "command"])
def test_a_write_without_a_reader_is_an_error(tmp_path: Path, begin: str, write: str) -> None:
    assert end_of(tmp_path, begin, write) == (0, "went on\n")


def test_without_it_the_system_ends_the_process(tmp_path: Path) -> None:
    """What the tests above would miss if the process did not begin as Blender's."""
    assert end_of(tmp_path, CONNECTION) == (-signal.SIGPIPE, "")


HANDLER = """
from triverse_addon.api import broken_pipes
signal.signal(signal.SIGPIPE, print)
broken_pipes.become_errors()
assert signal.getsignal(signal.SIGPIPE) is print
"""

OTHER_THREAD = """
from triverse_addon.api import broken_pipes
thread = threading.Thread(target=broken_pipes.become_errors)
thread.start()
thread.join()
assert signal.getsignal(signal.SIGPIPE) is signal.SIG_DFL
"""


@pytest.mark.parametrize("case", [HANDLER, OTHER_THREAD], ids=["a handler stays", "off the main thread"])
def test_what_is_left_alone(tmp_path: Path, case: str) -> None:
    assert end_of(tmp_path, case) == (0, "")
