# SPDX-License-Identifier: GPL-3.0-or-later
"""
Make ready for the upload what the service does not take as it is, in a child Blender.

Floor: second. Thread: a worker's, but for :meth:`ChildPreparer.takes`, which looks at no more than a file's first
bytes. No ``bpy``: what must be asked of Blender is handed to the constructor.

A picture of another format, or larger than the service takes, becomes a PNG, WebP or JPEG; a .blend of chosen objects
becomes a GLB.
"""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Collection, Sequence
from pathlib import Path

from ...api.flows import Kind
from ...api.picture_kinds import SUFFIX_OF, TAKEN, picture_kind
from ...api.sentence import Sentence
from ...api.upload_checks import MAX_IMAGE_BYTES, MAX_MODEL_BYTES, head_of
from ...tasks.preparer import stem_for
from ...tasks.removal import is_link, is_own_source, remove_file, remove_leftovers
from .process import ChildProcess, Words

_log = logging.getLogger(__name__)

LOG = "prepare.log"

#: Longest side of a picture that had to be written anew; the service's largest textures have as many pixels.
MAX_EDGE_PX = 4096
#: Exporting a million triangles takes 1.4 to 2 s with the child's start, a PNG of 4096 × 4096 px 1.5 s (measured).
TIMEOUT_S = 600.0
#: Pictures and objects of Blender that were written to :attr:`own_dir` are kept this long.
_KEPT_S = 30 * 24 * 3600.0


def _sentence_for(kind: str, detail: str = "") -> Sentence:
    if kind == "picture":
        return Sentence.of("Blender cannot read this picture. Save it as PNG, JPEG or WebP, then choose it again.")
    if kind == "picture_size":
        return Sentence.of("This picture does not get smaller than {limit_mb} MB. Scale it down.", limit_mb=detail)
    if kind == "model_size":
        return Sentence.of(
            "The chosen objects take more than {limit_mb} MB, which is the most that Triverse takes. "
            "Choose fewer, or reduce them with a Decimate modifier.",
            limit_mb=detail,
        )
    if kind == "foreign":
        return Sentence.of(
            "The .blend takes objects from another file ({name}), and is not sent. Make them local, or export a GLB.",
            name=detail,
        )
    if kind == "empty":
        return Sentence.of("The chosen objects have no faces.")
    if kind == "numpy":
        return Sentence.of(
            "Blender's glTF exporter needs the Python module numpy, which this Blender lacks. "
            "Install it (on Debian and Ubuntu: the package python3-numpy), then press Retry."
        )
    if kind == "exporter":
        return Sentence.of(
            "This Blender has no glTF exporter. Enable its add-on glTF 2.0 format in the preferences, then press Retry."
        )
    if kind == "memory":
        return Sentence.of("Preparing this file for the upload needs more memory than there is.")
    if kind == "disk":
        return Sentence.of("The prepared file cannot be written: {reason}. Make room, then press Retry.", reason=detail)
    return Sentence.of("Blender cannot prepare this file for the upload. It says: {detail}.", detail=detail.rstrip("."))


WORDS = Words(
    too_slow=Sentence.of("Blender did not finish preparing this file within {minutes} minutes. Nothing was sent."),
    killed=Sentence.of(
        "The system ended Blender while it prepared this file, most likely because memory ran out. Nothing was sent."
    ),
    crashed=Sentence.of(
        "Blender crashed while it prepared this file ({signal}). "
        "Nothing was sent; {log} in the task's folder says more."
    ),
    ended=Sentence.of(
        "Blender ended without preparing this file (exit code {code}). "
        "Nothing was sent; {log} in the task's folder says more."
    ),
    stopped=Sentence.of("The preparation was stopped. It starts again by itself."),
    refused=_sentence_for,
)


class ChildPreparer:
    """
    The engine's preparer: a :class:`tasks.preparer.Preparer`. May be called from several threads at once.

    :param command: how to start the child, from ``child_command("prepare_worker")``; empty takes nothing.
    :param picture_suffixes: of the pictures that Blender reads, with their dots: ``bpy.path.extensions_image``.
    :param own_dir: where ``sources`` and ``selection`` write; what was used up or is old there is removed. None: no
        such folder.
    :param timeout_s: how long one file may take.
    :param memory_bytes: see :class:`process.ChildProcess`.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        picture_suffixes: Collection[str],
        own_dir: Path | None = None,
        timeout_s: float = TIMEOUT_S,
        memory_bytes: int | None = None,
    ) -> None:
        self._can_start = bool(command)
        self._child = ChildProcess(command, WORDS, log=LOG, timeout_s=timeout_s, memory_bytes=memory_bytes)
        self._picture_suffixes = frozenset(picture_suffixes)
        self._own_dir = own_dir

    def takes(self, path: str, kind: Kind) -> bool:
        """
        Tell whether a source has to be prepared, and can be: a model by its name, a picture by its first bytes. Only
        where they tell nothing, as in a TGA, its name does.
        """
        suffix = os.path.splitext(path)[1].lower()
        if not self._can_start:
            return False
        if kind is Kind.MODEL:
            return suffix == ".blend"
        head = head_of(path) if kind is Kind.IMAGE else b""
        found = picture_kind(head)
        if not head or (found in TAKEN and os.path.getsize(path) <= MAX_IMAGE_BYTES):
            return False
        return (SUFFIX_OF.get(found, "") if found else suffix) in self._picture_suffixes

    def __call__(self, path: Path, kind: Kind, out_dir: Path, stop: threading.Event) -> Path:
        """
        Write what can be uploaded into ``out_dir`` and return its path.

        :raises ConvertError: the source cannot be used; ``prepare.log`` in ``out_dir`` says more.
        :raises NoChildError: no child Blender can be started here.
        :raises ConvertStopped: ``stop`` was set.
        """
        stem = stem_for(str(path))
        model = out_dir / f"{stem}.glb"
        if kind is Kind.MODEL and model.is_file() and not path.exists():
            # Prepared before, and the source removed below, when Blender ended before the store was told.
            return model
        remove_leftovers(out_dir, stem)
        told = {
            "kind": kind.value,
            "source_path": str(path.resolve()),
            "target_stem": str(out_dir.resolve() / stem),
            "max_bytes": MAX_MODEL_BYTES if kind is Kind.MODEL else MAX_IMAGE_BYTES,
            "max_edge_px": MAX_EDGE_PX,
        }
        prepared = out_dir / self._child.run(told, out_dir, stop)["name"]
        self._tidy_up(path)
        return prepared

    def _tidy_up(self, used: Path) -> None:
        """Remove what :mod:`capture.selection` wrote for this task alone, and what nobody can want any more."""
        if self._own_dir is None or is_link(self._own_dir) or not self._own_dir.is_dir():
            return
        oldest_s = time.time() - _KEPT_S
        with contextlib.suppress(OSError):
            for path in self._own_dir.iterdir():
                is_used_up = path.suffix == ".blend" and path.resolve() == used.resolve()
                if is_own_source(path) and (is_used_up or path.lstat().st_mtime < oldest_s):
                    remove_file(path)
