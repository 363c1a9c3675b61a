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
from pathlib import Path

from tests.corpus.builder import png
from triverse_addon.api.flows import Kind
from triverse_addon.scene import child
from triverse_addon.scene.child import ChildConverter
from triverse_addon.scene.child_command import child_command
from triverse_addon.scene.child_process import Words
from triverse_addon.scene.child_session import ChildSession
from triverse_addon.scene.prepare import WORDS, ChildPreparer
from triverse_addon.tasks.convert import Converted, ConvertJob

#: The worker of one job, so that it does all of them, each in an empty file.
MANY = """
import runpy, sys
sys.argv[:] = sys.argv[1:]
sys.path.insert(0, {folder!r})
import bpy, child_side
def empty_file():
    bpy.ops.wm.read_homefile(app_template="", use_empty=True, use_factory_startup=True)
    return bpy.context.scene
child_side.empty_file = empty_file
runpy.run_path(sys.argv[0], run_name="__main__")
"""

_kept: dict[str, tuple[ChildSession, Path]] = {}


def start(folder: Path, words: Words, worker: str = "convert_worker", *, most_jobs: int = 100) -> ChildSession:
    """Return a child for many jobs of a worker that is made for one; it is started with the first job."""
    _, path, dashes = child_command(worker)
    wrapper = folder / "wrapper.py"
    wrapper.write_text(MANY.format(folder=str(Path(path).parent)))
    command = (sys.executable, str(wrapper), path, dashes)
    return ChildSession(command, words, folder, log="child.log", timeout_s=60.0, most_jobs=most_jobs)


def convert(job: ConvertJob, stop: threading.Event | None = None) -> Converted:
    """Convert a model. It gets a picture: without one a child draws on after its answer."""
    session, folder = _session("convert_worker", child._WORDS)
    picture = folder / "picture.png"
    picture.write_bytes(png())
    job.out_dir.mkdir(parents=True, exist_ok=True)
    converter = ChildConverter(child_command())
    converter._child = session  # type: ignore[assignment]
    return converter(dataclasses.replace(job, preview_path=picture), stop or threading.Event())


def prepare(path: Path, kind: Kind, out_dir: Path, **options: object) -> Path:
    """Make of a source what can be uploaded; ``options`` are those of the preparer."""
    session, _ = _session("prepare_worker", WORDS)
    out_dir.mkdir(parents=True, exist_ok=True)
    options = {"picture_suffixes": ()} | options
    preparer = ChildPreparer(child_command("prepare_worker"), **options)  # type: ignore[arg-type]
    preparer._child = session  # type: ignore[assignment]
    return preparer(path, kind, out_dir, threading.Event())


def _session(worker: str, words: Words) -> tuple[ChildSession, Path]:
    if worker not in _kept:
        folder = Path(tempfile.mkdtemp(prefix="triverse-kept-"))
        _kept[worker] = start(folder, words, worker), folder
    return _kept[worker]


def end() -> None:
    """End what is kept, and remove its folders."""
    while _kept:
        _, (session, folder) = _kept.popitem()
        session.close()
        shutil.rmtree(folder, ignore_errors=True)
