# SPDX-License-Identifier: GPL-3.0-or-later
"""
What the add-on does on Windows and macOS, as far as it can be shown elsewhere: the system is faked.

One: ``python scripts/test.py tests/test_other_systems.py``. Open files: ``tests/tasks/test_windows_files.py``.
"""

from __future__ import annotations

import ast
import errno
import os
import signal
import ssl
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, BinaryIO

import pytest

from triverse_addon.api import tls
from triverse_addon.api.sentence import Sentence
from triverse_addon.scene.child import converter, process
from triverse_addon.scene.worker.job_format import ExpectedInput
from triverse_addon.tasks.converter import ExpectedFiles
from triverse_addon.tasks.files import file_lock, private_files, seals
from triverse_addon.tasks.store import file_system

PACKAGE = Path(__file__).resolve().parents[1] / "triverse_addon"

# ----------------------------------------------------------------------
# Nothing is used that a system lacks

OF_ONE_SYSTEM = {"fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog", "msvcrt", "winreg", "_winapi"}
POSIX_ONLY = {
    "chown", "fchmod", "fork", "forkpty", "getegid", "geteuid", "getgid", "getuid", "killpg", "mkfifo", "nice",
    "openpty", "pread", "pwrite", "setsid", "setuid", "sched_getaffinity", "statvfs", "sysconf", "uname", "wait3",
    "SIGALRM", "SIGHUP", "SIGKILL", "SIGSTOP", "SIGUSR1", "SIGUSR2", "O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC",
}  # fmt: skip

LOOKED_AT = {
    ("scene/child/process.py", "SIGKILL"): "after a question for the system",
    ("scene/child/process.py", "killpg"): "after a question for the system",
    ("scene/worker/job_loop.py", "SIGKILL"): "after a question for what only Linux has",
    ("scene/worker/job_loop.py", "nice"): "its absence is asked for",
    ("scene/worker/part_follower.py", "O_NOFOLLOW"): "elsewhere, the child is given no such file",
    ("scene/worker/part_follower.py", "O_NONBLOCK"): "elsewhere, the child is given no such file",
    ("scene/worker/part_follower.py", "pread"): "elsewhere, the child is given no such file",
    ("tasks/files/seals.py", "geteuid"): "after a question for the system",
    ("tasks/machine_memory.py", "sysconf"): "its absence is caught",
    ("tasks/files/private_files.py", "geteuid"): "after a question for the system",
}
"""Each use of what only POSIX has, and why it does no harm elsewhere. A new one has to be looked at, too."""


def trees() -> list[tuple[str, ast.Module]]:
    paths = sorted(PACKAGE.rglob("*.py"))
    return [(path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text("utf-8"))) for path in paths]


def test_modules_of_one_system_are_imported_after_a_question_for_it() -> None:
    asked: set[str] = set()
    for name, tree in trees():
        for node in tree.body:  # not inside a function, an "if" or a "try"
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name for alias in node.names} | {getattr(node, "module", "") or ""}
                assert not names & OF_ONE_SYSTEM, name
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
        asked |= {alias.name for node in imports for alias in node.names} & OF_ONE_SYSTEM
    assert asked == {"fcntl", "msvcrt", "resource"}


def test_what_only_posix_has_is_used_where_it_was_looked_at() -> None:
    used = set()
    for name, tree in trees():
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Attribute)
                and node.attr in POSIX_ONLY
                and ast.unparse(node.value) in ("os", "signal")
            ):
                used.add((name, node.attr))
    assert used == set(LOOKED_AT)


# ----------------------------------------------------------------------
# Locks


class Msvcrt(ModuleType):
    """Windows' locks, by Linux's: exclusive, of one byte at the file's position, and never waited for."""

    LK_NBLCK = 2

    def __init__(self) -> None:
        super().__init__("msvcrt")
        self.taken: set[tuple[int, int]] = set()

    def locking(self, descriptor: int, mode: int, count: int) -> None:
        assert mode == self.LK_NBLCK
        assert count == 1
        at = os.fstat(descriptor).st_ino, os.lseek(descriptor, 0, os.SEEK_CUR)
        if at in self.taken:
            raise PermissionError(errno.EACCES, "Permission denied")
        self.taken.add(at)


@pytest.fixture
def lock_on_windows(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module as Windows would import it."""
    monkeypatch.setitem(sys.modules, "msvcrt", Msvcrt())
    source = Path(file_lock.__file__).read_text("utf-8")
    made = ModuleType("file_lock_on_windows")
    exec(compile(source.replace('os.name == "nt"', "True"), "file_lock.py", "exec"), made.__dict__)
    return made


def test_a_lock_on_windows_is_of_the_first_byte_and_keeps_others_out(
    lock_on_windows: ModuleType, tmp_path: Path
) -> None:
    path = tmp_path / "lease"
    path.write_bytes(b"0123")

    def opened(at: int) -> BinaryIO:
        file = path.open("r+b")
        file.seek(at)
        return file

    with opened(3) as one, opened(1) as two:
        lock_on_windows.lock(one)
        with pytest.raises(OSError, match="denied") as refused:
            lock_on_windows.lock(two)
    assert lock_on_windows.is_taken(refused.value)


@pytest.mark.parametrize(
    ("number", "is_taken"),
    [(errno.EACCES, True), (errno.EAGAIN, True), (errno.ENOLCK, False), (errno.ENOTSUP, False), (errno.EINVAL, False)],
)
def test_a_lock_that_is_taken_is_told_from_one_that_cannot_be(number: int, is_taken: bool) -> None:
    assert file_lock.is_taken(OSError(number, "")) is is_taken


def test_windows_always_has_locks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "fcntl", None)
    assert file_system.has_locks(tmp_path)
    assert list(tmp_path.iterdir()) == []


# ----------------------------------------------------------------------
# Processes and signals


def test_a_child_on_windows_is_apart_quiet_and_without_a_console(monkeypatch: pytest.MonkeyPatch) -> None:
    flags = {"CREATE_NEW_PROCESS_GROUP": 0x200, "BELOW_NORMAL_PRIORITY_CLASS": 0x4000, "CREATE_NO_WINDOW": 0x8000000}
    for name, value in flags.items():
        monkeypatch.setattr(subprocess, name, value, raising=False)
    monkeypatch.setattr(sys, "platform", "win32")
    assert process.isolated_popen_kwargs() == {"creationflags": sum(flags.values())}


def test_a_child_on_macos_is_apart_as_on_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert process.isolated_popen_kwargs() == {"start_new_session": True}


def test_a_child_on_windows_is_ended_without_posix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delattr(os, "killpg")
    monkeypatch.delattr(signal, "SIGKILL")
    done: list[str] = []

    def wait(timeout: float) -> int:
        done.append(f"wait {timeout}")
        return 1

    process.kill(SimpleNamespace(kill=lambda: done.append("kill"), wait=wait))  # type: ignore[arg-type]
    assert done == ["kill", "wait 1.0"]


def test_the_end_of_a_child_on_windows_is_put_into_words() -> None:
    """There, a crash is a large positive number, and no signal."""
    ended = Sentence("It ended with {code}.", {})
    messages = process.ChildMessages(ended, ended, ended, ended, ended, lambda kind, detail: ended)
    child = process.ChildProcess((), messages, log="log", timeout_s=1.0)
    assert str(child._exit_message(0xC0000005)) == "It ended with 3221225477."


# ----------------------------------------------------------------------
# Files and folders


@pytest.mark.parametrize(
    ("platform", "path", "is_far"),
    [
        ("win32", r"\\server\share\me", True),
        ("win32", r"\\?\UNC\server\share\me", True),
        ("win32", r"C:\Users\me", False),
        ("win32", r"\\?\C:\Users\me", False),
        ("darwin", "/Volumes/share/me", True),
        ("darwin", "/Network/Servers/me", True),
        ("darwin", "/Users/me", False),
    ],
)
def test_a_folder_on_a_network_is_known(
    monkeypatch: pytest.MonkeyPatch, platform: str, path: str, is_far: bool
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(file_system.os.path, "realpath", str)
    file_system.is_on_network.cache_clear()
    try:
        assert file_system.is_on_network(Path(path)) is is_far
    finally:
        file_system.is_on_network.cache_clear()


def test_where_there_are_no_owners_and_permissions_none_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(private_files, "_IS_POSIX", False)
    monkeypatch.delattr(os, "geteuid")
    monkeypatch.setattr(os, "chmod", None)
    folder = tmp_path / "own"
    private_files.own_folder(folder)
    (folder / "file").touch()
    private_files.own_file(folder / "file")
    assert folder.is_dir()
    monkeypatch.setattr(seals, "os", SimpleNamespace(name="nt"))
    assert seals._is_for_its_user_alone(folder / "file")


# ----------------------------------------------------------------------
# Certificates


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_the_systems_own_functions_judge_certificates(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    """No list in a file is read beside them: what an administrator has barred there would be let in by it."""
    loaded: list[Any] = []

    class Context:
        def __init__(self, protocol: int) -> None:
            assert protocol == ssl.PROTOCOL_TLS_CLIENT

        def load_verify_locations(self, **files: Any) -> None:
            loaded.append(files)

    monkeypatch.setitem(sys.modules, "truststore", SimpleNamespace(SSLContext=Context))
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(tls, "_named", lambda: "")
    make = getattr(tls.secure_context, "__wrapped__", tls.secure_context)
    assert isinstance(make(), Context)
    assert loaded == []


def test_every_module_is_of_the_oldest_python() -> None:
    """3.11 is that of Blender 4.2 to 5.0; 5.1 and newer have 3.13."""
    for path in PACKAGE.rglob("*.py"):
        ast.parse(path.read_text("utf-8"), feature_version=(3, 11))


# ----------------------------------------------------------------------
# A download that the child reads while it grows


@pytest.mark.parametrize(("system", "is_shown"), [("posix", True), ("nt", False)])
def test_a_download_is_not_held_open_where_that_would_keep_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, system: str, is_shown: bool
) -> None:
    """Windows cannot rename a file that another process has open. The preview is complete, and is shown anywhere."""
    shown: list[ExpectedInput] = []
    made = converter.ChildConverter(())
    monkeypatch.setattr(made._child, "prepare", lambda expected, _out_dir: shown.append(expected))
    monkeypatch.setattr(converter, "os", SimpleNamespace(name=system))
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    made.prepare(ExpectedFiles(tmp_path / "link", tmp_path / "preview", tmp_path))
    part = str(tmp_path.resolve() / "link") if is_shown else None
    assert shown == [ExpectedInput(part, str(tmp_path.resolve() / "preview"))]
