# SPDX-License-Identifier: GPL-3.0-or-later
"""
Run each job in a child Blender of its own, which is started before the job is there.

Floor: second. Thread: any worker's. No ``bpy``: values that come from Blender are passed to the constructor.

Starting a Blender takes as long as importing 300,000 triangles. So a child is started while a model is downloaded, and
loads what it will need. It gets one job only: a malicious model never meets another one. So a child that has seen a
file of a job, see :meth:`ReadyChildProcess.prepare`, gets that job or none. At most one child waits; it ends after some
minutes without a job, with its parent, and none is started where memory is short.
"""

import contextlib
import logging
import secrets
import shutil
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...tasks import machine_memory
from ...tasks.files.private_files import make_folder, opener
from ..worker.job_format import BEGUN, DONE, EXPECTED, ONE_JOB_ON_STDIN, ExpectedInput, Input, Job, OutputT
from . import work_folder
from .process import (
    SCRATCH,
    ChildEndedError,
    ChildMessages,
    ChildProcess,
    kill,
    pass_job,
    start,
)

_log = logging.getLogger(__name__)

#: Seconds after which a child that got no job ends.
IDLE_S = 240.0
#: Least memory of a machine, and least memory that is free, for a child to wait: it takes 0.2 GB, and 2 to 3 GB when it
#: reads a large model.
_MIN_PHYSICAL_BYTES = 7 * 1024**3
_MIN_AVAILABLE_BYTES = 3 * 1024**3
#: Longest time, in seconds, until the stop event or the end of the child is noticed. The child says when it is done.
_POLL_S = 0.05
#: Seconds that a child gets to end by itself after its answer.
_EXIT_S = 5.0


@dataclass(slots=True)
class _Child:
    """A running child that has no job yet."""

    process: subprocess.Popen[bytes]
    scratch: Path
    log: Path
    reader: threading.Thread
    output: threading.Event
    """Set by each output, the last of which comes after the answer."""
    job_dir: Path | None = None
    """Folder of the job that it has seen files of."""

    def end(self, log: Path | None, *, exit_s: float = 0.0) -> None:
        """
        End the child and remove its folder.

        :param log: path that its log is moved to; None to remove it.
        :param exit_s: seconds to wait for its own end.
        """
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=exit_s)
        if self.process.poll() is None:
            kill(self.process)
        if self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
        self.reader.join(timeout=1.0)
        with contextlib.suppress(OSError):
            if log is not None:
                with open(log, "wb", opener=opener) as target:
                    target.write(self.log.read_bytes())
            self.log.unlink()
        shutil.rmtree(self.scratch, ignore_errors=True)


class ReadyChildProcess(ChildProcess):
    """
    Run one kind of job, each in a new child. Thread-safe.

    Until :meth:`expect_job` was called, each child is started with its job.

    :param command: command that starts the child, see :func:`command.child_command`.
    :param messages: error messages.
    :param log: file name of the log.
    :param timeout_s: time limit of one job, in seconds.
    :param memory_bytes: memory limit of the child, see :class:`process.ChildProcess`.
    :param idle_s: time after which a child that got no job ends, in seconds.
    """

    def __init__(
        self,
        command: Sequence[str],
        messages: ChildMessages,
        *,
        log: str,
        timeout_s: float,
        memory_bytes: int | None = None,
        idle_s: float = IDLE_S,
    ) -> None:
        super().__init__(command, messages, log=log, timeout_s=timeout_s, memory_bytes=memory_bytes)
        self._idle_s = idle_s
        self._lock = threading.Lock()
        self._work_dir: Path | None = None
        self._waiting: _Child | None = None
        self._idle_timer: threading.Timer | None = None
        self._ending: list[threading.Thread] = []

    def expect_job(self, work_dir: Path) -> None:
        """
        Start a child that waits for a job, unless one waits or memory is short. Raises nothing.

        :param work_dir: folder for the children's folders and logs; created if it is missing.
        """
        if not self._command:
            return
        with self._lock:
            if self._waiting is not None and self._waiting.process.poll() is None:
                return
            dead, self._waiting = self._waiting, None
            if _has_memory():
                try:
                    if self._work_dir != work_dir:
                        work_folder.make_ready(work_dir)
                        self._work_dir = work_dir
                    self._waiting = child = self._start(work_dir)
                except OSError as error:
                    # The job starts a child of its own, and says why that is not possible.
                    _log.info("no child waits for the next model: %s", error)
                else:
                    self._idle_timer = timer = threading.Timer(self._idle_s, self._expire, (child,))
                    timer.name, timer.daemon = "triverse-child-idle", True
                    with contextlib.suppress(RuntimeError):  # the system cannot start another thread
                        timer.start()
        if dead is not None:
            dead.end(None)

    def prepare(self, expected: ExpectedInput, out_dir: Path) -> None:
        """
        Let the child that waits work on the files of a job that will come. Raises nothing.

        No other job can have the child then. So call it only while no other one is expected.

        :param expected: the files.
        :param out_dir: the folder that :meth:`run` will be given.
        """
        with self._lock:
            child = self._waiting
            if child is None or child.job_dir is not None:
                return
            child.job_dir = out_dir
            try:
                job = Job(expected, result_path="", memory_bytes=self._memory_bytes)
                pass_job(child.process, child.scratch / EXPECTED, job)
            except OSError as error:
                _log.info("nothing is worked on ahead: %s", error)

    @property
    def is_waiting(self) -> bool:
        """True while a child waits for a job."""
        child = self._waiting
        return child is not None and child.process.poll() is None

    def run(self, given: Input, kind: type[OutputT], out_dir: Path, stop: threading.Event) -> OutputT:
        """
        Run a job in the child that waits, or in a new one; see :meth:`ChildProcess.run`.

        It returns when the answer is there; the child may go on for a moment.
        """
        child = self._take(out_dir)
        if child is not None:
            log = out_dir / self._log
            is_answered = False
            try:
                make_folder(out_dir)
                code = self._wait(child, given, stop)
                result = self._read_result(child.scratch / _RESULT, kind, code or 0)
                is_answered = code is None
                return result
            except ChildEndedError:
                if (child.scratch / _JOB).with_suffix(BEGUN).exists():
                    raise
                _log.warning("The child that waited ended before it took its job; the job gets another one.")
            except OSError as error:
                raise self._messages.disk_error(error) from None
            finally:
                if is_answered:
                    self._end_later(child, log)
                else:
                    child.end(log)
        return super().run(given, kind, out_dir, stop)

    def close(self) -> None:
        """End the child that waits, and wait a moment for those that end after their answer."""
        with self._lock:
            ending, self._ending = self._ending, []
        if (child := self._take()) is not None:
            child.end(None)
        for thread in ending:
            thread.join(timeout=1.0)

    # -------------------------------------------------------------------------
    # The child that waits

    def _start(self, work_dir: Path) -> _Child:
        """
        Start a child that waits for a job.

        :raises OSError: it cannot be started.
        """
        scratch = (work_dir / f"{SCRATCH}{secrets.token_hex(4)}").resolve()
        log = scratch.parent / work_folder.log_name()
        output = threading.Event()
        make_folder(scratch)
        try:
            process, reader = start([*self._command, ONE_JOB_ON_STDIN], scratch, log, output.set, keeps_memory=True)
        except OSError:
            shutil.rmtree(scratch, ignore_errors=True)
            raise
        return _Child(process, scratch, log, reader, output)

    def _take(self, out_dir: Path | None = None) -> _Child | None:
        """
        Return the child that waits, for one job; None if there is none.

        :param out_dir: the job's folder: a child that has seen files of another job is left to that. None takes any.
        """
        with self._lock:
            child = self._waiting
            if child is not None and out_dir is not None and child.job_dir not in (None, out_dir):
                return None
            self._waiting = None
            timer, self._idle_timer = self._idle_timer, None
        if timer is not None:
            timer.cancel()
        if child is not None and child.process.poll() is not None:
            _log.warning("The child that waited has ended (exit code %s).", child.process.returncode)
            child.end(None)
            return None
        return child

    def _expire(self, child: _Child) -> None:
        """End ``child``, if it still waits."""
        with self._lock:
            if self._waiting is not child:
                return
            self._waiting = self._idle_timer = None
        child.end(None)

    # -------------------------------------------------------------------------
    # A job

    def _wait(self, child: _Child, given: Input, stop: threading.Event) -> int | None:
        """
        Pass the job to the child and wait until it is done.

        :return: None if the answer is there; the exit code if the child ended without one.
        :raises ConvertStopped: ``stop`` was set.
        :raises ConvertError: the time limit was exceeded.
        :raises OSError: the job cannot be written.
        """
        result_path = child.scratch / _RESULT
        job = Job(given, result_path=str(result_path), memory_bytes=self._memory_bytes)
        pass_job(child.process, child.scratch / _JOB, job)
        done = result_path.with_suffix(DONE)
        return self._until_answered(child.process, done, child.output, stop, look_s=_POLL_S)

    def _end_later(self, child: _Child, log: Path) -> None:
        """End a child that has answered, in a thread: the system takes a while to free the memory of a large model."""
        thread = threading.Thread(
            target=child.end, args=(log,), kwargs={"exit_s": _EXIT_S}, name="triverse-child-end", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:  # the system cannot start another thread
            child.end(log)
            return
        with self._lock:
            self._ending = [*(one for one in self._ending if one.is_alive()), thread]


_JOB, _RESULT = "job.json", "result.json"


def _has_memory() -> bool:
    """Return whether this machine has enough memory for a child to wait."""
    available = machine_memory.available_bytes()
    is_free = available is None or available >= _MIN_AVAILABLE_BYTES
    return is_free and machine_memory.physical_bytes() >= _MIN_PHYSICAL_BYTES
