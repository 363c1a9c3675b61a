# SPDX-License-Identifier: GPL-3.0-or-later
"""
Children that are kept from test to test, for tests that are about what becomes of a model and not about the child.

Starting a Blender takes ten times as long as converting a small model. A kept child does each job in an empty file of
factory settings, as one that was started for it. Each session of pytest has one of a kind, ended by ``conftest.py``.
"""

from __future__ import annotations

import atexit
import dataclasses
import shutil
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from scripts._dev.cache import REPO
from tests.corpus.builder import png
from triverse_addon.api.flows import Kind
from triverse_addon.scene.child import converter as child_converter
from triverse_addon.scene.child import library_writer, preparer, preview_pixels, source_thumbnails
from triverse_addon.scene.child.command import child_command
from triverse_addon.scene.child.converter import ChildConverter
from triverse_addon.scene.child.library_writer import ChildAssetWriter
from triverse_addon.scene.child.persistent_process import ChildSession
from triverse_addon.scene.child.preparer import ChildPreparer
from triverse_addon.scene.child.process import ChildMessages, ChildProcess
from triverse_addon.scene.worker.job_format import ConvertInput, ExpectedInput, Input, OutputT
from triverse_addon.tasks.converter import Converted, ConvertJob

#: The worker of one job, so that it does all of them, each in an empty file, which is read from a copy.
WRAPPER = """
import runpy, sys
sys.argv[:] = sys.argv[1:]
sys.path.insert(0, {folder!r})
sys.path.append({repo!r})
import blend_file, job_loop
from scripts._dev import empty_file
def load_empty_file():
    empty_file.read()
    return blend_file.begin()
job_loop.empty_file = load_empty_file
runpy.run_path(sys.argv[0], run_name="__main__")
"""

#: The workers that do one job each, and are shared here.
_SHARED = ("convert_worker", "pixels_worker", "prepare_worker")

_idle: dict[str, list[ChildSession]] = {}
_writers: dict[tuple[object, ...], list[ChildSession]] = {}
_trials: dict[tuple[object, ...], Mapping[str, Any]] = {}
_folders: dict[str, Path] = {}


def start(
    folder: Path, messages: ChildMessages, worker: str = "convert_worker", *, jobs_per_child: int = 100
) -> ChildSession:
    """Return a child for many jobs of a worker that is made for one; it is started with the first job."""
    _, path, dashes = child_command(worker)
    wrapper = folder / "wrapper.py"
    wrapper.write_text(WRAPPER.format(folder=str(Path(path).parent), repo=str(REPO)))
    command = (sys.executable, str(wrapper), path, dashes)
    return ChildSession(command, messages, folder, log="child.log", timeout_s=60.0, jobs_per_child=jobs_per_child)


def convert(job: ConvertJob, stop: threading.Event | None = None) -> Converted:
    """Convert a model. It gets a picture if it has none: without one a child draws on after its answer."""
    picture = job.preview_path
    if picture is None:
        picture = _folder_of("convert_worker") / "picture.png"
        picture.write_bytes(png())
    converter = ChildConverter(child_command())
    converter._child = _Shared(child_command(), child_converter._MESSAGES)  # type: ignore[assignment]
    return converter(dataclasses.replace(job, preview_path=picture), stop or threading.Event())


def prepare(path: Path, kind: Kind, out_dir: Path, **options: object) -> Path:
    """Make of a source what can be uploaded; ``options`` are those of the preparer."""
    command = child_command("prepare_worker")
    options = {"picture_suffixes": ()} | options
    made = ChildPreparer(command, **options)  # type: ignore[arg-type]
    made._child = _Shared(command, preparer.MESSAGES)
    return made(path, kind, out_dir, threading.Event())


def _folder_of(name: str) -> Path:
    if name not in _folders:
        _folders[name] = Path(tempfile.mkdtemp(prefix="triverse-kept-"))
    return _folders[name]


class _Shared(ChildProcess):
    """
    The process of a converter or preparer, which runs each job in a kept child of the same worker.

    A conversion without a picture gets a child of its own, which draws on after its answer.
    """

    def __init__(
        self,
        command: Sequence[str],
        messages: ChildMessages,
        *,
        log: str = "child.log",
        timeout_s: float = 60.0,
        memory_bytes: int | None = None,
    ) -> None:
        super().__init__(command, messages, log=log, timeout_s=timeout_s, memory_bytes=memory_bytes)
        self._worker = next((name for name in _SHARED if tuple(command) == child_command(name)), "")

    def expect_job(self, work_dir: Path) -> None:
        """Start nothing: what is kept is there, or comes with the job."""

    def prepare(self, expected: ExpectedInput, out_dir: Path) -> None:
        """Read nothing ahead."""

    def close(self) -> None:
        """Keep what is kept."""

    def run(self, given: Input, kind: type[OutputT], out_dir: Path, stop: threading.Event) -> OutputT:
        draws = isinstance(given, ConvertInput) and given.preview_path is None
        if draws or not self._worker:
            return super().run(given, kind, out_dir, stop)
        out_dir.mkdir(parents=True, exist_ok=True)
        idle = _idle.setdefault(self._worker, [])
        try:
            session = idle.pop()
        except IndexError:
            session = start(_folder_of(self._worker), self._messages, self._worker)
        session.use_for(self._messages, self._timeout_s)
        try:
            return session.run(given, kind, out_dir, stop)
        finally:
            idle.append(session)


def share(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the converters and preparers that are made from now on run their jobs in kept children."""
    monkeypatch.setattr(child_converter, "ReadyChildProcess", _Shared)
    for module in (preparer, preview_pixels, source_thumbnails):
        monkeypatch.setattr(module, "ChildProcess", _Shared)


class _Lent:
    """A child of a writer of libraries, which is given back when the writer is closed, if it is the usual one."""

    def __init__(
        self, command: Sequence[str], messages: ChildMessages, _folder: Path, *, log: str, **bounds: Any
    ) -> None:
        self._is_usual = tuple(command) == child_command("library_worker")
        self._new = lambda: ChildSession(command, messages, _folder_of("library_worker"), log=log, **bounds)
        self._idle = _writers.setdefault((tuple(command), *sorted(bounds.items())), [])
        self._session: ChildSession | None = self._idle.pop() if self._idle else self._new()

    def use_for(self, messages: ChildMessages, timeout_s: float) -> None:
        self._session = self._session or self._new()
        self._session.use_for(messages, timeout_s)

    def run(self, given: Input, kind: type[OutputT], out_dir: Path, stop: threading.Event) -> OutputT:
        # Who closes a child and goes on wants another process.
        self._session = self._session or self._new()
        return self._session.run(given, kind, out_dir, stop)

    def close(self) -> None:
        session, self._session = self._session, None
        if session is not None and self._is_usual:
            self._idle.append(session)
        elif session is not None:
            session.close()


def lend_writers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the writers of libraries work with kept children, and try out each kind of child and its exports once."""

    try_out = ChildAssetWriter.try_out

    def tried(writer: ChildAssetWriter, exports: Sequence[str], stop: threading.Event) -> Mapping[str, Any]:
        key = (writer._command, tuple(sorted(exports)))
        if key not in _trials:
            _trials[key] = try_out(writer, exports, stop)
        return dict(_trials[key])

    monkeypatch.setattr(library_writer, "ChildSession", _Lent)
    monkeypatch.setattr(ChildAssetWriter, "try_out", tried)


def end() -> None:
    """End what is kept, and remove its folders."""
    for session in (session for idle in (*_writers.values(), *_idle.values()) for session in idle):
        session.close()
    for folder in _folders.values():
        shutil.rmtree(folder, ignore_errors=True)
    for kept in (_writers, _idle, _folders):
        kept.clear()


# For scripts of tests, which run in processes of their own; pytest ends what is kept before Python does.
atexit.register(end)
