# SPDX-License-Identifier: GPL-3.0-or-later
"""
Run a child Blender that processes several jobs, for work where starting Blender takes longer than a job.

Floor: second. Thread: one worker's at a time. No ``bpy``: values that come from Blender are passed to the constructor.

The child has the same limits as a child for one job, see ``process``. After it crashed, timed out or reached its
maximum number of jobs, the next job starts a new one.
"""

import contextlib
import secrets
import shutil
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

from ...api.sentence import Sentence
from ...tasks.converter import ConvertStopped, NoChildError, not_started
from ...tasks.files.private_files import make_folder
from ..worker.job_format import JOBS_ON_STDIN, Input, Job, OutputT
from .process import SCRATCH, ChildMessages, ChildProcess, kill, pass_job, start

#: Longest time, in seconds, until the stop event or the end of the child is noticed. The child says when it is done.
_POLL_S = 0.1
#: Number of jobs after which a child is replaced, so that what jobs leave behind in it does not accumulate: in 400
#: models its memory grew from 138 to 146 MB (5.0.1). A start takes as much processor time as eight models.
JOBS_PER_CHILD = 400
#: Seconds to wait for the child, and for the thread that reads its output, when the session is closed.
_EXIT_TIMEOUT_S = 1.0


class ChildSession(ChildProcess):
    """
    One child process for several jobs; the first job starts it.

    :param command: command that starts the child, see :func:`command.child_command`.
    :param messages: error messages.
    :param folder: folder for the child's own folder and its log.
    :param log: file name of the log.
    :param timeout_s: time limit of one job, in seconds.
    :param memory_bytes: memory limit of the child, see :class:`process.ChildProcess`.
    :param jobs_per_child: number of jobs after which the child is replaced; 1 starts a child for each job.
    """

    def __init__(
        self,
        command: Sequence[str],
        messages: ChildMessages,
        folder: Path,
        *,
        log: str,
        timeout_s: float,
        memory_bytes: int | None = None,
        jobs_per_child: int = JOBS_PER_CHILD,
    ) -> None:
        super().__init__(command, messages, log=log, timeout_s=timeout_s, memory_bytes=memory_bytes)
        self._folder = folder
        self._jobs_per_child = jobs_per_child
        self._child: subprocess.Popen[bytes] | None = None
        self._scratch: Path | None = None
        self._reader: threading.Thread | None = None
        self._output = threading.Event()
        """Set by each output of the child, the last of which for a job comes after its result."""
        self._done = 0

    def use_for(self, messages: ChildMessages, timeout_s: float) -> None:
        """
        Set what depends on the kind of the jobs that follow.

        :param messages: error messages.
        :param timeout_s: time limit of one job, in seconds.
        """
        self._messages, self._timeout_s = messages, timeout_s

    def run(self, given: Input, kind: type[OutputT], out_dir: Path, stop: threading.Event) -> OutputT:
        """
        Run a job in the child, see :meth:`ChildProcess.run`. If the child has ended, the call starts another.

        :param given: what to do.
        :param kind: type of the result.
        :param out_dir: not used: the session has its own folder.
        :param stop: event that cancels the job.
        """
        if not self._command:
            raise NoChildError(Sentence.of("No second Blender can be started here."))
        if stop.is_set():
            raise ConvertStopped(self._messages.stopped)
        child = self._running_child()
        assert self._scratch is not None
        name = secrets.token_hex(4)
        job_path, result_path = self._scratch / f"{name}.json", self._scratch / f"{name}.result.json"
        job = Job(given, result_path=str(result_path), memory_bytes=self._memory_bytes)
        self._done += 1
        is_answered = False
        try:
            pass_job(child, job_path, job)
            code = self._until_answered(child, result_path, self._output, stop, look_s=_POLL_S)
            is_answered = code is None
            return self._read_result(result_path, kind, code or 0)
        except OSError as error:
            raise self._messages.disk_error(error) from None
        finally:
            if not is_answered or self._done >= self._jobs_per_child:
                self.close()
            else:
                for path in (job_path, result_path):
                    path.unlink(missing_ok=True)

    def _running_child(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is None:
            return self._child
        self.close()
        scratch = (self._folder / f"{SCRATCH}{secrets.token_hex(4)}").resolve()
        try:
            make_folder(scratch)
        except OSError as error:
            raise self._messages.disk_error(error) from None
        try:
            log = self._folder / self._log
            child, self._reader = start([*self._command, JOBS_ON_STDIN], scratch, log, self._output.set)
        except OSError as error:
            shutil.rmtree(scratch, ignore_errors=True)
            raise not_started(error) from None
        self._child, self._scratch, self._done = child, scratch, 0
        return child

    def close(self) -> None:
        """End the child and remove its folder; the log is kept. The next :meth:`run` starts a new child."""
        child, self._child = self._child, None
        scratch, self._scratch = self._scratch, None
        self._done = 0
        if child is not None:
            assert child.stdin is not None
            with contextlib.suppress(OSError):
                child.stdin.close()
            if child.poll() is None:
                kill(child)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(timeout=_EXIT_TIMEOUT_S)
            if self._reader is not None:
                self._reader.join(timeout=_EXIT_TIMEOUT_S)
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)
