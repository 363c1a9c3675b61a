# SPDX-License-Identifier: GPL-3.0-or-later
"""
Run a child Blender that may crash, hang or run out of memory without affecting the user's Blender.

Floor: second. Thread: a worker's. No ``bpy``: values that come from Blender are passed to the constructors.

The child gets no API key, no network (``--offline-mode``), no user scripts or preferences, and only those environment
variables that a program needs to start (``environment``). It has a memory limit, low priority, a time limit, and its
own folder for temporary files, which is always removed.
"""

import contextlib
import errno
import logging
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ...api.sentence import Sentence
from ...tasks import machine_memory
from ...tasks.converter import ConvertError, ConvertNoRoomError, ConvertStopped, NoChildError, not_started
from ...tasks.files.no_room import is_no_room
from ...tasks.files.private_files import make_folder, opener
from ..worker import job_json
from ..worker.job_format import Input, Job, OutputT, Refused
from .environment import child_environment

_log = logging.getLogger(__name__)

#: Least default limit of a child's address space. A child uses 1.5 GB of it before it has read anything.
_MIN_MEMORY_BYTES = 6 * 1024**3
#: Interval, in seconds, of checking for the stop event and the end of the child.
POLL_S = 0.05
#: Number of bytes of the child's output that are kept from its beginning, and as many from its end.
_LOG_BYTES = 64 * 1024
#: Prefix of the name of every child's own folder. By it, the folder of a child that was killed together with its parent
#: is recognised and removed.
SCRATCH = ".convert-"


@dataclass(frozen=True, slots=True)
class ChildMessages:
    """
    Error messages for one kind of child, with placeholders.

    :ivar too_slow: the time limit was exceeded; ``minutes``.
    :ivar killed: the system killed the child with SIGKILL.
    :ivar crashed: a signal ended the child; ``signal``, ``log``.
    :ivar ended: the child exited without a result; ``code``, ``log``.
    :ivar stopped: the engine is closing.
    :ivar refused: function that returns the message for an error that the child reported, from its kind and detail.
    """

    too_slow: Sentence
    killed: Sentence
    crashed: Sentence
    ended: Sentence
    stopped: Sentence
    refused: Callable[[str, str], Sentence]

    def error(self, kind: str, detail: str) -> ConvertError:
        """Return the exception for an error that the child reported, see :class:`worker.job_format.Refused`."""
        if kind == "no_room":
            return ConvertNoRoomError(self.refused("disk", detail))
        return ConvertError(self.refused(kind, detail))

    def disk_error(self, error: OSError) -> ConvertError:
        """Return the exception for files of the child that cannot be written."""
        return self.error("no_room" if is_no_room(error) else "disk", error.strerror or "")


class ChildEndedError(ConvertError):
    """The child crashed, was killed, or exited without writing a result."""


class ChildProcess:
    """
    Run one kind of job in child Blenders, a new one for each job. Thread-safe.

    :param command: command that starts the child, from :func:`command.child_command`; the path of the job file is
        appended.
    :param messages: error messages.
    :param log: name of the file in the output folder that gets the child's output.
    :param timeout_s: time limit of one job, in seconds.
    :param memory_bytes: limit of the child's memory, on POSIX of its address space; None for three quarters of the
        machine's memory, at least 6 GB.
    """

    def __init__(
        self,
        command: Sequence[str],
        messages: ChildMessages,
        *,
        log: str,
        timeout_s: float,
        memory_bytes: int | None = None,
    ) -> None:
        self._command = tuple(command)
        self._messages = messages
        self._log = log
        self._timeout_s = timeout_s
        self._memory_bytes = memory_bytes or max(_MIN_MEMORY_BYTES, machine_memory.physical_bytes() * 3 // 4)

    def run(self, given: Input, kind: type[OutputT], out_dir: Path, stop: threading.Event) -> OutputT:
        """
        Run a job in a child, wait for it to end, and return its result.

        :param given: what to do.
        :param kind: type of the result.
        :param out_dir: output folder, created if it is missing. It contains the child's own folder during the run, and
            its log afterwards.
        :param stop: event that cancels the job.
        :return: the child's result.
        :raises ConvertError: the child reported an error, exceeded the time limit, or ended without a result.
        :raises NoChildError: no child Blender can be started on this machine.
        :raises ChildNotStartedError: the child could not be started just now; another attempt may succeed.
        :raises ConvertStopped: ``stop`` was set.
        """
        if not self._command:
            raise NoChildError(Sentence.of("No second Blender can be started here."))
        scratch = out_dir / f"{SCRATCH}{secrets.token_hex(4)}"
        result_path = scratch.resolve() / "result.json"
        try:
            make_folder(scratch)
            job_path = scratch / "job.json"
            job = Job(given, result_path=str(result_path), memory_bytes=self._memory_bytes)
            job_path.write_text(job_json.write_job(job), encoding="utf-8")
        except OSError as error:
            raise self._messages.disk_error(error) from None
        try:
            code = self._run(job_path, scratch, out_dir / self._log, stop)
            return self._read_result(result_path, kind, code)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _run(self, job_path: Path, scratch: Path, log_path: Path, stop: threading.Event) -> int:
        """
        Run the child until it ends.

        :return: its exit code; on POSIX, the negative number of the signal that ended it.
        """
        if stop.is_set():
            raise ConvertStopped(self._messages.stopped)
        try:
            child, reader = start([*self._command, str(job_path.resolve())], scratch.resolve(), log_path)
        except OSError as error:
            raise not_started(error) from None
        assert child.stdin is not None
        deadline = time.monotonic() + self._timeout_s
        try:
            while (code := child.poll()) is None:
                if stop.wait(POLL_S):
                    raise ConvertStopped(self._messages.stopped)
                if time.monotonic() > deadline:
                    raise ConvertError(fill_in(self._messages.too_slow, minutes=round(self._timeout_s / 60, 1)))
            return code
        finally:
            if child.poll() is None:
                kill(child)
            with contextlib.suppress(OSError):
                child.stdin.close()
            reader.join(timeout=1.0)

    def _until_answered(
        self,
        child: subprocess.Popen[bytes],
        answer: Path,
        output: threading.Event,
        stop: threading.Event,
        *,
        look_s: float,
    ) -> int | None:
        """
        Wait until a child that was passed a job has answered.

        :param answer: path of the file that is there then.
        :param output: set by each output of the child, the last of which for a job comes after the answer.
        :param look_s: longest time, in seconds, until the stop event or the end of the child is noticed.
        :return: None if the answer is there; the exit code if the child ended without one.
        :raises ConvertStopped: ``stop`` was set.
        :raises ConvertError: the time limit was exceeded.
        """
        deadline_s = time.monotonic() + self._timeout_s
        while not answer.exists():
            if (code := child.poll()) is not None:
                return None if answer.exists() else code
            output.wait(look_s)
            output.clear()
            if stop.is_set():
                raise ConvertStopped(self._messages.stopped)
            if time.monotonic() > deadline_s:
                raise ConvertError(fill_in(self._messages.too_slow, minutes=round(self._timeout_s / 60, 1)))
        return None

    def _read_result(self, path: Path, kind: type[OutputT], code: int) -> OutputT:
        """
        Return the result that the child wrote.

        :param path: path of the result file.
        :param kind: type of the result.
        :param code: the child's exit code, for the message if there is no result.
        :raises ChildEndedError: there is no readable result.
        :raises ConvertError: the child reported an error.
        """
        try:
            result = job_json.read_output(path.read_text(encoding="utf-8"), kind)
        except FileNotFoundError:
            raise ChildEndedError(self._exit_message(code)) from None
        except (OSError, ValueError) as error:
            _log.warning("The child's answer cannot be read: %s", error)
            raise ChildEndedError(self._exit_message(code)) from None
        if isinstance(result, Refused):
            raise self._messages.error(result.kind, result.detail)
        return result

    def _exit_message(self, code: int) -> Sentence:
        """Return the message for a child that ended with the exit code ``code`` and without a result."""
        if code >= 0:
            return fill_in(self._messages.ended, code=code, log=self._log)
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = str(-code)
        # Only the system's out-of-memory killer sends SIGKILL to a child, apart from this module itself, which then
        # raises another error.
        return (
            self._messages.killed if name == "SIGKILL" else fill_in(self._messages.crashed, signal=name, log=self._log)
        )


def fill_in(sentence: Sentence, **args: str | int | float) -> Sentence:
    """Return a message of :class:`ChildMessages` with values for its placeholders."""
    return Sentence(sentence.template, args)


def start(
    arguments: Sequence[str],
    scratch: Path,
    log_path: Path,
    on_output: Callable[[], object] = lambda: None,
    *,
    keeps_memory: bool = False,
) -> tuple[subprocess.Popen[bytes], threading.Thread]:
    """
    Start a child, and a thread that keeps its output.

    :param arguments: the command with its arguments.
    :param scratch: absolute path of the child's own folder, which is its current directory.
    :param log_path: see :func:`keep_log`; likewise ``on_output``.
    :param keeps_memory: see :func:`environment.child_environment`.
    :return: the child, which ends when its standard input is closed, and the thread, which ends with the child.
    :raises OSError: it cannot be started.
    """
    child = subprocess.Popen(
        arguments,
        # The child exits when this pipe is closed, so it does not outlive a Blender that was killed.
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=scratch,
        env=child_environment(os.environ, scratch, keeps_memory=keeps_memory),
        **isolated_popen_kwargs(),
    )
    if sys.platform == "win32":
        from ..worker import windows_job  # loads ctypes, which nothing else here needs

        windows_job.end_with_this_process(int(child._handle))
    assert child.stdout is not None
    read = (child.stdout, log_path, on_output)
    reader = threading.Thread(target=keep_log, args=read, name="child-log", daemon=True)
    try:
        reader.start()
    except RuntimeError:  # the system cannot start another thread
        kill(child)
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from None
    return child, reader


def pass_job(child: subprocess.Popen[bytes], path: Path, job: Job[Any]) -> None:
    """
    Pass a job to a child that reads the paths of jobs from its standard input.

    :param path: the file to write, in the child's current directory: so its name suffices.
    :raises OSError: the file cannot be written. That the child has ended is no error here.
    """
    path.write_text(job_json.write_job(job), encoding="utf-8")
    assert child.stdin is not None
    # Windows may report a closed pipe as EINVAL, which is no BrokenPipeError.
    with contextlib.suppress(OSError):
        child.stdin.write(f"{path.name}\n".encode())
        child.stdin.flush()


def isolated_popen_kwargs() -> dict[str, Any]:
    """
    Return the keyword arguments for ``Popen`` that give the child its own process group.

    So Ctrl-C in a terminal reaches only this process, which decides when the child ends.
    """
    if sys.platform == "win32":
        return {
            "creationflags": subprocess.CREATE_NEW_PROCESS_GROUP
            | subprocess.BELOW_NORMAL_PRIORITY_CLASS
            | subprocess.CREATE_NO_WINDOW
        }
    return {"start_new_session": True}


def kill(child: subprocess.Popen[bytes]) -> None:
    """
    Kill the child at once and, on POSIX, all processes that it started.

    This leaves no incomplete result: the child writes its files atomically.
    """
    if sys.platform == "win32":
        child.kill()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(timeout=1.0)


def keep_log(stream: IO[bytes], path: Path, on_output: Callable[[], object] = lambda: None) -> None:
    """
    Read ``stream`` to its end, write its first and last 64 KB to the file at ``path``, and discard the rest.

    :param on_output: called when something was read, and at the end.
    """
    tail: deque[bytes] = deque()
    written = tail_bytes = dropped = 0
    with contextlib.ExitStack() as stack:
        stack.callback(on_output)
        stack.enter_context(stream)
        try:
            log: IO[bytes] | None = stack.enter_context(open(path, "wb", buffering=0, opener=opener))
        except OSError as error:
            _log.warning("No log of the child: %s", error)
            log = None
        # Keep reading the pipe if the disk is full: only the log may fail, not the conversion.
        with contextlib.suppress(ValueError):
            while block := stream.read1(8192):  # type: ignore[attr-defined]
                on_output()
                if written < _LOG_BYTES:
                    written += len(block)
                    _append(log, block)
                    continue
                tail.append(block)
                tail_bytes += len(block)
                while tail_bytes > _LOG_BYTES:
                    gone = tail.popleft()
                    tail_bytes -= len(gone)
                    dropped += len(gone)
        if dropped:
            _append(log, f"\n[{dropped} bytes left out]\n".encode())
        for block in tail:
            _append(log, block)


def _append(log: IO[bytes] | None, block: bytes) -> None:
    if log is not None:
        with contextlib.suppress(OSError):
            log.write(block)
