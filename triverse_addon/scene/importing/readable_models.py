# SPDX-License-Identifier: GPL-3.0-or-later
"""
Make copies of models that this Blender can read, for imports without a child Blender.

Floor: second. Thread: main, except that the copies are made in threads of their own. No ``bpy``.

Where a child Blender reads the model, the engine's worker makes such a copy first. Here, a thread makes the copy, and
the import is repeated until the copy is done.
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
from ...tasks.glb.gltf_reader import GltfReader
from ..host.errors import SceneError


class NotYetError(TriverseError):
    """The copy is being made; the import must be tried again later."""


@dataclass(slots=True)
class _Copy:
    """
    A copy that is being made, or is done.

    :ivar stamp: modification time (ns) and size (bytes) of the original when the copy was started.
    :ivar folder: folder of this copy alone, in the system's folder for temporary files.
    :ivar is_done: set when the copy is complete or has failed.
    :ivar problem: the error if it has failed.
    """

    stamp: tuple[int, int]
    folder: Path
    is_done: threading.Event = field(default_factory=threading.Event)
    problem: TriverseError | None = None

    @property
    def path(self) -> Path:
        return self.folder / "model.glb"


_copies: dict[Path, _Copy] = {}


@contextlib.contextmanager
def readable_copy(path: Path, reader: GltfReader) -> Iterator[Path]:
    """
    Yield the path of a GLB to import: the original if Blender can read it, otherwise a copy.

    The copy is removed afterwards.

    :param path: path of the GLB that was downloaded.
    :param reader: the glTF extensions that this Blender supports.
    :raises GlbError: the file failed the checks and must not be imported.
    :raises NotYetError: a copy is being made.
    :raises SceneError: the file cannot be read, or the copy cannot be written.
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
    """Return the copy of the file, started if there is none; None if Blender can read the file itself."""
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
            # The file was replaced after the check in _copy_of, and needs no copy now; the next call checks it again.
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
