# SPDX-License-Identifier: GPL-3.0-or-later
"""
A child Blender that does one job after another, for work where its start takes longer than the job.

Floor: second. Thread: one worker's at a time. No ``bpy``: what must be asked of Blender is handed to the constructor.

It is protected like a child for one job, see ``process``. One that crashed, hung or did too many jobs is replaced
by a new one with the next job.
"""

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...api.sentence import Sentence
from ...tasks.converter import ConvertError, ConvertStopped, NoChildError, not_started
from ...tasks.private_files import make_folder
from .environment import child_environment
from .process import SCRATCH, ChildProcess, Words, apart, filled, keep_log, kill

#: What the child is told instead of a job's path: see ``worker.job_loop.MANY``, which is loaded in the child only.
_MANY = "-"
#: How soon the answer, the stop event or the end of the child is noticed.
_POLL_S = 0.01
#: After so many jobs a child makes room for a new one, whatever it may have left behind.
MOST_JOBS = 100
_LEAVE_S = 1.0


class ChildSession(ChildProcess):
    """
    One child for many jobs; started with the first.

    :param command: how to start the child, see :func:`command.child_command`.
    :param words: what is said of its ends.
    :param folder: where its own folder and its log are.
    :param timeout_s: how long one job may take.
    :param most_jobs: after so many it is replaced; 1 is a child for each job.
    """

    def __init__(
        self,
        command: Sequence[str],
        words: Words,
        folder: Path,
        *,
        log: str,
        timeout_s: float,
        memory_bytes: int | None = None,
        most_jobs: int = MOST_JOBS,
    ) -> None:
        super().__init__(command, words, log=log, timeout_s=timeout_s, memory_bytes=memory_bytes)
        self._folder = folder
        self._most_jobs = most_jobs
        self._child: subprocess.Popen[bytes] | None = None
        self._scratch: Path | None = None
        self._reader: threading.Thread | None = None
        self._done = 0

    @property
    def timeout_s(self) -> float:
        """How long one job may take, in seconds."""
        return self._timeout_s

    def run(self, job: Mapping[str, Any], out_dir: Path, stop: threading.Event) -> dict[str, Any]:
        """
        Have a job done, see :meth:`ChildProcess.run`. After a child ended, the next call starts another.

        :param out_dir: not used but for the sentence: a session has a folder of its own.
        """
        if not self._command:
            raise NoChildError(Sentence.of("No second Blender can be started here."))
        if stop.is_set():
            raise ConvertStopped(self._words.stopped)
        child = self._started()
        assert self._scratch is not None
        name = secrets.token_hex(4)
        job_path, result_path = self._scratch / f"{name}.json", self._scratch / f"{name}.result.json"
        told = {**job, "result_path": str(result_path), "memory_bytes": self._memory_bytes}
        self._done += 1
        is_answered = False
        try:
            job_path.write_text(json.dumps(told), encoding="utf-8")
            code = self._wait(child, job_path, result_path, stop)
            is_answered = code is None
            return self._read_result(result_path, code or 0)
        except OSError as error:
            raise ConvertError(self._words.refused("disk", error.strerror or "")) from None
        finally:
            if not is_answered or self._done >= self._most_jobs:
                self.close()
            else:
                for path in (job_path, result_path):
                    path.unlink(missing_ok=True)

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is None:
            return self._child
        self.close()
        scratch = (self._folder / f"{SCRATCH}{secrets.token_hex(4)}").resolve()
        try:
            make_folder(scratch)
        except OSError as error:
            raise ConvertError(self._words.refused("disk", error.strerror or "")) from None
        try:
            child = subprocess.Popen(
                [*self._command, _MANY],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=scratch,
                env=child_environment(os.environ, scratch),
                **apart(),
            )
        except OSError as error:
            shutil.rmtree(scratch, ignore_errors=True)
            raise not_started(error) from None
        self._child, self._scratch, self._done = child, scratch, 0
        log = self._folder / self._log
        self._reader = threading.Thread(target=keep_log, args=(child.stdout, log), name="child-log", daemon=True)
        self._reader.start()
        return child

    def _wait(
        self, child: subprocess.Popen[bytes], job_path: Path, result_path: Path, stop: threading.Event
    ) -> int | None:
        """Wait for the answer. Returns None, or the exit code of a child that ended before."""
        assert child.stdin is not None
        deadline_s = time.monotonic() + self._timeout_s
        # A child that is gone already is told by its exit code. The name alone will do: it is in the child's folder.
        with contextlib.suppress(BrokenPipeError):
            child.stdin.write(job_path.name.encode() + b"\n")
            child.stdin.flush()
        while not result_path.exists():
            if (code := child.poll()) is not None:
                return None if result_path.exists() else code
            if stop.wait(_POLL_S):
                raise ConvertStopped(self._words.stopped)
            if time.monotonic() > deadline_s:
                raise ConvertError(filled(self._words.too_slow, minutes=round(self._timeout_s / 60, 1)))
        return None

    def close(self) -> None:
        """End the child; its folder goes, its log stays."""
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
                child.wait(timeout=_LEAVE_S)
            if self._reader is not None:
                self._reader.join(timeout=_LEAVE_S)
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)
