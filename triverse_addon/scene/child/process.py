# SPDX-License-Identifier: GPL-3.0-or-later
"""
Run a child Blender, which may crash, hang or run out of memory without harm.

Floor: second. Thread: a worker's. No ``bpy``: what must be asked of Blender is handed to the constructors.

The child gets no key, no network (``--offline-mode``), no user scripts or preferences, of the user's environment what
a program needs to start and no more (``environment``), a memory cap, low priority, a time-out, and a folder of
its own for temporary files, which is removed whatever happens.
"""

import contextlib
import json
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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ...api.sentence import Sentence
from ...tasks.converter import ConvertError, ConvertStopped, NoChildError, not_started
from ...tasks.private_files import make_folder, opener
from .environment import child_environment

_log = logging.getLogger(__name__)

#: Never less than this many bytes of address space, of which a child takes 1.5 GB before it has read anything.
_LEAST_MEMORY_BYTES = 6 * 1024**3
#: How soon the stop event or the end of the child is noticed.
POLL_S = 0.05
#: Bytes kept of each end of what the child prints.
_LOG_BYTES = 64 * 1024
#: What every child's own folder is called, so that one that was killed with its Blender is known.
SCRATCH = ".convert-"


@dataclass(frozen=True, slots=True)
class Words:
    """
    What is said of the ends a child may come to; each is filled in with what its name is followed by.

    :ivar too_slow: ``minutes``.
    :ivar killed: the system ended it.
    :ivar crashed: ``signal``, ``log``.
    :ivar ended: ``code``, ``log``.
    :ivar stopped: the engine is closing.
    :ivar refused: makes the sentence for what the child itself refused, from its kind and detail.
    """

    too_slow: Sentence
    killed: Sentence
    crashed: Sentence
    ended: Sentence
    stopped: Sentence
    refused: Callable[[str, str], Sentence]


class ChildEndedError(ConvertError):
    """The child crashed, was killed, or left without an answer."""


class ChildProcess:
    """
    One kind of work for a child Blender. May be run from several threads at once.

    :param command: how to start the child, from :func:`command.child_command`; the path of the job is added.
    :param words: what is said of its ends.
    :param log: name of the file, beside the result, for what the child prints.
    :param timeout_s: how long one job may take.
    :param memory_bytes: the child's address space, on POSIX; None takes three quarters of the machine's memory, at
        least 6 GB.
    """

    def __init__(
        self,
        command: Sequence[str],
        words: Words,
        *,
        log: str,
        timeout_s: float,
        memory_bytes: int | None = None,
    ) -> None:
        self._command = tuple(command)
        self._words = words
        self._log = log
        self._timeout_s = timeout_s
        self._memory_bytes = memory_bytes or max(_LEAST_MEMORY_BYTES, _physical_memory_bytes() * 3 // 4)

    def run(self, job: Mapping[str, Any], out_dir: Path, stop: threading.Event) -> dict[str, Any]:
        """
        Run a child to its end and return what it answered.

        :param job: what the child is told, beside where to answer and how much memory it may take.
        :param out_dir: made if it is missing; holds the child's own folder meanwhile, and its log afterwards.
        :raises ConvertError: the child refused the job, or ended without an answer.
        :raises NoChildError: there is no child Blender here.
        :raises ChildNotStartedError: it could not be started just now.
        :raises ConvertStopped: ``stop`` was set.
        """
        if not self._command:
            raise NoChildError(Sentence.of("No second Blender can be started here."))
        scratch = out_dir / f"{SCRATCH}{secrets.token_hex(4)}"
        result_path = scratch.resolve() / "result.json"
        try:
            make_folder(scratch)
            job_path = scratch / "job.json"
            told = {**job, "result_path": str(result_path), "memory_bytes": self._memory_bytes}
            job_path.write_text(json.dumps(told), encoding="utf-8")
        except OSError as error:
            raise ConvertError(self._words.refused("disk", error.strerror or "")) from None
        try:
            code = self._run(job_path, scratch, out_dir / self._log, stop)
            return self._read_result(result_path, code)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _run(self, job_path: Path, scratch: Path, log_path: Path, stop: threading.Event) -> int:
        """Run the child to its end and return its exit code; negative is the signal that ended it, on POSIX."""
        if stop.is_set():
            raise ConvertStopped(self._words.stopped)
        try:
            child = subprocess.Popen(
                [*self._command, str(job_path.resolve())],
                # The child leaves when this pipe ends, and so does not outlive a Blender that was killed.
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=scratch,
                env=child_environment(os.environ, scratch.resolve()),
                **apart(),
            )
        except OSError as error:
            raise not_started(error) from None
        assert child.stdout is not None
        assert child.stdin is not None
        reader = threading.Thread(target=keep_log, args=(child.stdout, log_path), name="child-log", daemon=True)
        reader.start()
        deadline = time.monotonic() + self._timeout_s
        try:
            while (code := child.poll()) is None:
                if stop.wait(POLL_S):
                    raise ConvertStopped(self._words.stopped)
                if time.monotonic() > deadline:
                    raise ConvertError(filled(self._words.too_slow, minutes=round(self._timeout_s / 60, 1)))
            return code
        finally:
            if child.poll() is None:
                kill(child)
            with contextlib.suppress(OSError):
                child.stdin.close()
            reader.join(timeout=1.0)

    def _read_result(self, path: Path, code: int) -> dict[str, Any]:
        """Read what the child answered. ``code`` is what it ended with, for the case that it did not."""
        try:
            result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ChildEndedError(self._end_in_words(code)) from None
        except (OSError, ValueError, RecursionError) as error:
            _log.warning("The child's answer cannot be read: %s", error)
            raise ChildEndedError(self._end_in_words(code)) from None
        if "refused" in result:
            raise ConvertError(self._words.refused(result["refused"], result["detail"]))
        return result

    def _end_in_words(self, code: int) -> Sentence:
        """Return the sentence for a child that ended without an answer."""
        if code >= 0:
            return filled(self._words.ended, code=code, log=self._log)
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = str(-code)
        # Nobody but the system's out-of-memory killer sends SIGKILL to a child of ours.
        return self._words.killed if name == "SIGKILL" else filled(self._words.crashed, signal=name, log=self._log)


def filled(sentence: Sentence, **args: str | int | float) -> Sentence:
    """Return one of :class:`Words` with its values."""
    return Sentence(sentence.template, args)


def apart() -> dict[str, Any]:
    """Keyword arguments for Popen: a group of its own, so that Ctrl-C in a terminal is ours to pass on."""
    if sys.platform == "win32":
        return {
            "creationflags": subprocess.CREATE_NEW_PROCESS_GROUP
            | subprocess.BELOW_NORMAL_PRIORITY_CLASS
            | subprocess.CREATE_NO_WINDOW
        }
    return {"start_new_session": True}


def kill(child: subprocess.Popen[bytes]) -> None:
    """End the child and whatever it started. Nothing of it is worth waiting for: its output appears as a whole."""
    if sys.platform == "win32":
        child.kill()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(timeout=1.0)


def keep_log(stream: IO[bytes], path: Path) -> None:
    """Write the first and the last 64 KB of ``stream`` to ``path`` and drop the rest, to the end of the stream."""
    tail: deque[bytes] = deque()
    written = tail_bytes = dropped = 0
    with contextlib.ExitStack() as stack:
        stack.enter_context(stream)
        try:
            log: IO[bytes] | None = stack.enter_context(open(path, "wb", buffering=0, opener=opener))
        except OSError as error:
            _log.warning("No log of the child: %s", error)
            log = None
        # A full disk costs the log, never the conversion: the pipe is read on.
        with contextlib.suppress(ValueError):
            while block := stream.read1(8192):  # type: ignore[attr-defined]
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


def _physical_memory_bytes() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 0
