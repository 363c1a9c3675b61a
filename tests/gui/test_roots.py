# SPDX-License-Identifier: GPL-3.0-or-later
"""
What programs in a Debian root see of this machine: a handful of devices, and ports that a test has named.

And that its Pythons can be recorded.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts._dev import line_recorder, ports
from scripts._dev.blender_root import DEVICES
from scripts._dev.cache import REPO
from scripts._dev.sandbox import Sandbox
from scripts._dev.window import Blender
from tests.service.server import StandIn

pytestmark = pytest.mark.kind("asks-first")


@pytest.fixture
def sandbox(blender: Blender, tmp_path: Path) -> Iterator[Sandbox]:
    """A root to run programs in."""
    assert blender.root is not None, "these tests are about roots"
    made = Sandbox(blender.root, tmp_path)
    yield made
    made.close()


def told(sandbox: Sandbox, line: str) -> str:
    """What a line of bash prints in the root."""
    answer = sandbox.run(["bash", "-c", line])
    return (answer.stdout + answer.stderr).decode()


def asked(sandbox: Sandbox, host: str, port: int) -> str:
    """What a web server answers at an address, or why it does not."""
    get = "GET /api/v1/users/me HTTP/1.0\\r\\n\\r\\n"
    return told(sandbox, f"exec 3<>/dev/tcp/{host}/{port} && printf '{get}' >&3 && cat <&3")


def test_a_root_has_no_devices_of_this_machine(sandbox: Sandbox) -> None:
    seen = set(told(sandbox, "ls /dev").split())
    assert seen == {*DEVICES, "pts", "ptmx", "shm", "fd", "stdin", "stdout", "stderr"}
    assert told(sandbox, "find /dev -type b") == ""
    assert (
        told(sandbox, "echo x > /dev/null && head -c 3 /dev/zero | wc -c && head -c 3 /dev/urandom | wc -c") == "3\n3\n"
    )
    assert told(sandbox, "echo kept > /dev/shm/a && cat /dev/shm/a && rm /dev/shm/a") == "kept\n"
    assert told(sandbox, "ls /dev/pts") == "ptmx\n"


def test_a_root_has_no_network_but_its_own(sandbox: Sandbox) -> None:
    assert told(sandbox, "tail -n +2 /proc/net/route") == "", "no way leads out"
    assert told(sandbox, "tail -n +3 /proc/net/dev | cut -d: -f1").split() == ["lo"]
    assert "unreachable" in asked(sandbox, "192.0.2.1", 80)


def test_a_port_of_this_machine_is_reached_once_it_is_named(sandbox: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unnamed:
        assert "refused" in asked(sandbox, "127.0.0.1", unnamed.getsockname()[1])
        unnamed.setblocking(False)
        with pytest.raises(BlockingIOError):
            unnamed.accept()


def test_the_stand_in_is_reached_as_long_as_it_is_up(sandbox: Sandbox) -> None:
    with StandIn() as service:
        port = int(service.origin.rpartition(":")[2])
        assert "HTTP/1." in asked(sandbox, "127.0.0.1", port)
        with service.down():
            assert "refused" in asked(sandbox, "127.0.0.1", port)
        assert "HTTP/1." in asked(sandbox, "127.0.0.1", port)
    assert "refused" in asked(sandbox, "127.0.0.1", port)


def test_a_service_that_was_there_before_the_root_is_reached(blender: Blender, tmp_path: Path) -> None:
    with StandIn() as service:
        made = Sandbox(blender.root, tmp_path)
        try:
            assert "HTTP/1." in asked(made, "127.0.0.1", int(service.origin.rpartition(":")[2]))
        finally:
            made.close()


@pytest.mark.parametrize("how", ["an end", "a reset", "much"])
def test_what_is_handed_on_is_what_was_said(sandbox: Sandbox, how: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        ports.opened(port)
        try:
            process = sandbox.popen(
                ["bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{port} && cat <&3 | wc -c; echo ${{PIPESTATUS[0]}}"],
                {},
                log := (sandbox.scratch / "log").open("wb"),
            )
            connection, _ = listener.accept()
            with connection:
                connection.sendall(bytes(50_000_000 if how == "much" else 5))
                if how == "a reset":
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            process.wait(60)
            log.close()
        finally:
            ports.closed(port)
    said = (sandbox.scratch / "log").read_text()
    if how == "a reset":
        assert "reset" in said
    else:
        assert said.split() == ["50000000" if how == "much" else "5", "0"]


def test_a_python_in_a_root_is_recorded_to_its_last_line(blender: Blender, tmp_path: Path) -> None:
    """
    It stands for a Blender with the extension: arguments and environment are its own, and it is killed.

    Of two records at a time, each gets what is its own, though the root keeps the bytecode of a hook.
    """
    module = "scene/worker/job_loop.py"
    line = min(line_recorder.lines_of(module))
    installed = tmp_path / "scratch" / "extensions" / "user_default" / "triverse" / module
    installed.parent.mkdir(parents=True)
    installed.write_text("\n" * (line - 2) + "def run():\n    import os; os.kill(os.getpid(), 9)\n")
    for number, name in enumerate(("one", "two")):
        record = tmp_path / name
        record.mkdir()
        line_recorder.Recorder(record).begin(number)
        made = Sandbox(blender.root, tmp_path / "scratch", [REPO], line_recorder.write_site_hook(record))
        try:
            code = f"import runpy; runpy.run_path({str(installed)!r})['run']()"
            assert made.run(["python3", "-I", "-c", code]).returncode != 0
        finally:
            made.close()
        assert list(line_recorder.records(record)) == [(number, module, line)]
