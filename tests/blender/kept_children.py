# SPDX-License-Identifier: GPL-3.0-or-later
"""
Children that are kept from test to test, for tests that are about what becomes of a model and not about the child.

Starting a Blender takes ten times as long as converting a small model. A kept child does each job in an empty file of
factory settings, as one that was started for it. Each session of pytest has one of a kind, ended by ``conftest.py``.
"""

from __future__ import annotations

import dataclasses
import shutil
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.corpus.builder import png
from triverse_addon.api.flows import Kind
from triverse_addon.scene.child import converter as child_converter
from triverse_addon.scene.child import library_writer
from triverse_addon.scene.child.command import child_command
from triverse_addon.scene.child.converter import ChildConverter
from triverse_addon.scene.child.library_writer import ChildAssetWriter
from triverse_addon.scene.child.persistent_process import ChildSession
from triverse_addon.scene.child.preparer import MESSAGES, ChildPreparer
from triverse_addon.scene.child.process import ChildMessages
from triverse_addon.scene.worker.job_format import Input, OutputT
from triverse_addon.tasks.converter import Converted, ConvertJob

#: The worker of one job, so that it does all of them, each in an empty file.
WRAPPER = """
import runpy, sys
sys.argv[:] = sys.argv[1:]
sys.path.insert(0, {folder!r})
import job_loop
job_loop.empty_file = job_loop.load_empty_file
runpy.run_path(sys.argv[0], run_name="__main__")
"""

_kept: dict[str, ChildSession] = {}
_writers: dict[tuple[object, ...], list[ChildSession]] = {}
_trials: dict[tuple[object, ...], Mapping[str, Any]] = {}
_folders: dict[str, Path] = {}


def start(
    folder: Path, messages: ChildMessages, worker: str = "convert_worker", *, jobs_per_child: int = 100
) -> ChildSession:
    """Return a child for many jobs of a worker that is made for one; it is started with the first job."""
    _, path, dashes = child_command(worker)
    wrapper = folder / "wrapper.py"
    wrapper.write_text(WRAPPER.format(folder=str(Path(path).parent)))
    command = (sys.executable, str(wrapper), path, dashes)
    return ChildSession(command, messages, folder, log="child.log", timeout_s=60.0, jobs_per_child=jobs_per_child)


def convert(job: ConvertJob, stop: threading.Event | None = None) -> Converted:
    """Convert a model. It gets a picture if it has none: without one a child draws on after its answer."""
    session = _session("convert_worker", child_converter._MESSAGES)
    picture = job.preview_path
    if picture is None:
        picture = _folder_of("convert_worker") / "picture.png"
        picture.write_bytes(png())
    job.out_dir.mkdir(parents=True, exist_ok=True)
    converter = ChildConverter(child_command())
    converter._child = session  # type: ignore[assignment]
    return converter(dataclasses.replace(job, preview_path=picture), stop or threading.Event())


def prepare(path: Path, kind: Kind, out_dir: Path, **options: object) -> Path:
    """Make of a source what can be uploaded; ``options`` are those of the preparer."""
    session = _session("prepare_worker", MESSAGES)
    out_dir.mkdir(parents=True, exist_ok=True)
    options = {"picture_suffixes": ()} | options
    preparer = ChildPreparer(child_command("prepare_worker"), **options)  # type: ignore[arg-type]
    preparer._child = session  # type: ignore[assignment]
    return preparer(path, kind, out_dir, threading.Event())


def _session(worker: str, messages: ChildMessages) -> ChildSession:
    if worker not in _kept:
        _kept[worker] = start(_folder_of(worker), messages, worker)
    return _kept[worker]


def _folder_of(name: str) -> Path:
    if name not in _folders:
        _folders[name] = Path(tempfile.mkdtemp(prefix="triverse-kept-"))
    return _folders[name]


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
    for session in (*_kept.values(), *(session for idle in _writers.values() for session in idle)):
        session.close()
    for folder in _folders.values():
        shutil.rmtree(folder, ignore_errors=True)
    for kept in (_kept, _writers, _folders):
        kept.clear()
