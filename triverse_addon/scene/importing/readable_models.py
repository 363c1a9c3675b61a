# SPDX-License-Identifier: GPL-3.0-or-later
"""
Copies of models that Blender can read, for the import in place: made in a thread, used on the main thread.

Floor: second. Thread: main, but for the making. No ``bpy``.

Where a child reads a model, the engine's worker makes the copy before. Here, the import comes back for it.
"""

import contextlib
import shutil
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ...api.errors import TriverseError
from ...api.sentence import Sentence
from ...tasks.glb import glb_check
from ...tasks.gltf_reader import GltfReader
from ..errors import SceneError


class NotYetError(TriverseError):
    """The copy is being made; the import is tried again soon."""


@dataclass(slots=True)
class _Copy:
    """A copy in the making. The folder is its own, in the system's folder for temporary files."""

    stamp: tuple[int, int]
    folder: Path
    is_done: threading.Event = field(default_factory=threading.Event)
    problem: TriverseError | None = None

    @property
    def path(self) -> Path:
        return self.folder / "model.glb"


_copies: dict[Path, _Copy] = {}


@contextlib.contextmanager
def lent(path: Path, reader: GltfReader) -> Iterator[Path]:
    """
    Lend what may be imported here: the delivered file where Blender reads it as it is, else a copy.

    :raises GlbError: it must not be given to Blender.
    :raises NotYetError: a copy is being made.
    :raises SceneError: the file cannot be read, or the copy not written.
    """
    try:
        copy = _copy_of(path, reader)
    except OSError as error:
        raise SceneError(_unreadable(path, error)) from None
    if copy is None:
        yield path
        return
    if not copy.is_done.is_set():
        raise NotYetError(Sentence.of("The model is being prepared for this Blender."))
    try:
        if copy.problem is not None:
            raise copy.problem
        yield copy.path
    finally:
        _forget(path)


def _copy_of(path: Path, reader: GltfReader) -> _Copy | None:
    """Return the copy, which may not be done yet; None where the file itself will do."""
    stat = path.stat()
    stamp = (stat.st_mtime_ns, stat.st_size)
    copy = _copies.get(path)
    if copy is not None and copy.stamp != stamp and copy.is_done.is_set():
        _forget(path)
        copy = None
    if copy is None:
        if glb_check.check(path, reader).is_as_it_is:
            return None
        copy = _copies[path] = _Copy(stamp, Path(tempfile.mkdtemp(prefix="triverse-")))
        threading.Thread(target=_make, args=(path, copy, reader), name="readable-copy", daemon=True).start()
    return copy


def _make(path: Path, copy: _Copy, reader: GltfReader) -> None:
    try:
        verdict = glb_check.write_readable(path, copy.path, reader)
        if verdict.is_as_it_is:
            # Another file than before; the next look at it finds out.
            copy.problem = NotYetError(Sentence.of("The model is being prepared for this Blender."))
    except glb_check.GlbError as error:
        copy.problem = error
    except OSError as error:
        copy.problem = SceneError(_unreadable(path, error))
    finally:
        copy.is_done.set()


def _forget(path: Path) -> None:
    copy = _copies.pop(path, None)
    if copy is not None:
        shutil.rmtree(copy.folder, ignore_errors=True)


def _unreadable(path: Path, error: OSError) -> Sentence:
    return Sentence.of(
        "The model at {path} cannot be read ({reason}). Check its folder, then press Retry.",
        path=str(path),
        reason=error.strerror or type(error).__name__,
    )
