# SPDX-License-Identifier: GPL-3.0-or-later
"""
Nobody reads what a command prints: its stdout is closed, its reader has ended, or the disk is full. It goes on.

Each in a process of its own. One: ``python scripts/test.py tests/cli/test_closed_streams.py``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.batch.files import write
from tests.cli.driver import LIMIT_S, SCRIPT, Cli
from tests.service.server import StandIn

pytestmark = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="It takes Linux to be refused.")

ROWS = "name,prompt,polygon_limit\n" + "".join(f"Chair {n},a chair {n},1000\n" for n in range(8))
CHAIR = ("generate", "--prompt", "a red chair", "--polygon-limit", "1000")


def shell(cli: Cli, how: str, *argv: str | Path, data: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command by a shell, with streams as ``how`` says; return its exit code and what the streams got."""
    command = [sys.executable, str(SCRIPT), *map(str, argv), *(["--data", str(cli.data)] if data else [])]
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {how}', "sh", *command],
        env=cli.env,
        cwd=cli.folder,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


CLOSED = (">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", ">/dev/full", "2>/dev/full", ">/dev/full 2>&1")


def check(answer: subprocess.CompletedProcess[str], code: int) -> None:
    """A command has ended with this code and without a word about its streams, of Python neither."""
    assert answer.returncode == code, answer
    assert "Traceback" not in answer.stderr
    assert "rror:" not in answer.stderr


@pytest.mark.parametrize("how", CLOSED)
def test_a_command_ends_as_ever(cli: Cli, how: str) -> None:
    check(shell(cli, how, "balance", "--json"), 0)


@pytest.mark.parametrize("how", [">&-", ">&- 2>&-", ">/dev/full 2>&1"])
def test_help_and_an_error_end_as_ever(cli: Cli, how: str) -> None:
    check(shell(cli, how, "--help", data=False), 0)
    check(shell(cli, how, "nonsense", "--json", data=False), 2)


def test_help_goes_where_stdout_is_led(cli: Cli) -> None:
    """As by ``--help | less``, which else had nothing to show; for programs, stdout has lines of JSON only."""
    answer = shell(cli, "", "generate", "--help", data=False)
    assert "--texture-size N" in answer.stdout
    assert answer.stderr == ""
    answer = shell(cli, "", "generate", "--json", "--help", data=False)
    assert answer.stdout == ""
    assert "--texture-size N" in answer.stderr
    assert "--texture-size N" in shell(cli, "2>&1", "generate", "--help", data=False).stdout


@pytest.mark.parametrize("how", [">/dev/full", "<&- >&- 2>&-", ">/dev/full 2>&1"])
def test_a_model_is_made_and_listed(cli: Cli, service: StandIn, how: str) -> None:
    check(shell(cli, how, *CHAIR, "--output", "chair.glb", "--json"), 0)
    assert (cli.folder / "chair.glb").is_file()
    assert len(service.state.charged()) == 1
    check(shell(cli, how, "list", "--json"), 0)


def test_what_is_still_read_is_told(cli: Cli) -> None:
    assert "10,000" in shell(cli, ">&-", "balance", "--json").stderr
    assert '"balance": 10000' in shell(cli, "2>&-", "balance", "--json").stdout


#: Starts the script with the signal that Python in Blender leaves as it is, and Python alone ignores.
AS_IN_BLENDER = """
import runpy, signal, sys
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.parametrize("before", [(), ("-c", AS_IN_BLENDER)], ids=["python", "as in Blender"])
@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_a_batch_goes_on_when_its_reader_ends(cli: Cli, service: StandIn, name: str, before: tuple[str, ...]) -> None:
    """As by ``| head -1``: the first line is read, and the pipe closed while most is still to be done."""
    write(cli.folder / "rows.csv", ROWS)
    argv = ("batch", "rows.csv", "--glb-only", "--yes", "--jobs", "2", "--json", "--data", str(cli.data))
    process = subprocess.Popen(
        [sys.executable, *before, str(SCRIPT), *argv],
        env=cli.env,
        cwd=cli.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    reader, other = process.stdout, process.stderr
    if name == "stderr":
        reader, other = other, reader
    assert reader is not None
    assert other is not None
    assert reader.readline()
    reader.close()
    said = other.read()
    assert process.wait(LIMIT_S) == 0, said
    assert "Traceback" not in said
    assert "unexpected" not in said
    assert len(service.state.charged()) == 8
    assert len(list((cli.folder / "rows-library").glob("*.glb"))) == 8
    assert (cli.folder / "rows-library" / "batch-report.json").is_file()
