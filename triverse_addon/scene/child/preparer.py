# SPDX-License-Identifier: GPL-3.0-or-later
"""
Convert files that the service does not accept into files that it does, in a child Blender.

Floor: second. Thread: a worker's, except :meth:`ChildPreparer.takes`, which reads only the first bytes of a file. No
``bpy``: values that come from Blender are passed to the constructor.

An image in another format, or larger than the service accepts, becomes a PNG, WebP or JPEG. A .blend of selected
objects becomes a GLB.
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
from ...tasks.files.removal import is_link, is_own_source, remove_file, remove_leftovers
from ...tasks.preparer import stem_for
from ..worker.job_format import PrepareInput, PrepareOutput
from .messages import machine_sentence
from .process import ChildMessages, ChildProcess

_log = logging.getLogger(__name__)

LOG = "prepare.log"

#: Longest side of an image that is re-encoded; larger ones are scaled down. The service's largest textures have this
#: size.
MAX_EDGE_PX = 4096
#: Time limit of one file. Exporting a million triangles takes 1.4 to 2 s including the start of the child, a PNG of
#: 4096 × 4096 px 1.5 s (measured).
TIMEOUT_S = 600.0
#: Age, in seconds, at which images and objects that were written to ``own_dir`` are removed.
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
    if kind in ("numpy", "exporter", "disk"):
        return machine_sentence(kind, detail)
    if kind == "memory":
        return Sentence.of("Preparing this file for the upload needs more memory than there is.")
    return Sentence.of("Blender cannot prepare this file for the upload. It says: {detail}.", detail=detail.rstrip("."))


MESSAGES = ChildMessages(
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
    Convert files for the upload in child Blenders: the engine's :class:`tasks.preparer.Preparer`. Thread-safe.

    :param command: command that starts the child, from ``child_command("prepare_worker")``; if it is empty, no file is
        accepted.
    :param picture_suffixes: suffixes, with dots, of the images that Blender reads: ``bpy.path.extensions_image``.
    :param own_dir: folder that ``capture.image_sources`` and ``capture.selection`` write to; files in it that are used
        up or old are removed. None if there is no such folder.
    :param timeout_s: time limit of one file, in seconds.
    :param memory_bytes: memory limit of the child, see :class:`process.ChildProcess`.
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
        self._child = ChildProcess(command, MESSAGES, log=LOG, timeout_s=timeout_s, memory_bytes=memory_bytes)
        self._picture_suffixes = frozenset(picture_suffixes)
        self._own_dir = own_dir

    def takes(self, path: str, kind: Kind) -> bool:
        """
        Return True if a source must be converted before the upload, and can be.

        A model is judged by its suffix. An image is judged by its first bytes, or by its suffix if these do not
        identify the format, as with TGA.

        :param path: path of the source.
        :param kind: ``Kind.IMAGE`` or ``Kind.MODEL``.
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
        Convert a source into a file that can be uploaded, and return the file's path.

        :param path: path of the source.
        :param kind: ``Kind.IMAGE`` or ``Kind.MODEL``.
        :param out_dir: folder to write the file to.
        :param stop: event that cancels the conversion.
        :raises ConvertError: the source cannot be used; ``prepare.log`` in ``out_dir`` has details.
        :raises NoChildError: no child Blender can be started here.
        :raises ConvertStopped: ``stop`` was set.
        """
        stem = stem_for(str(path))
        model = out_dir / f"{stem}.glb"
        if kind is Kind.MODEL and model.is_file() and not path.exists():
            # An earlier run made the GLB and removed the source (see below), but Blender ended before that was stored.
            return model
        remove_leftovers(out_dir, stem)
        given = PrepareInput(
            kind=kind.value,
            source_path=str(path.resolve()),
            target_stem=str(out_dir.resolve() / stem),
            max_bytes=MAX_MODEL_BYTES if kind is Kind.MODEL else MAX_IMAGE_BYTES,
            max_edge_px=MAX_EDGE_PX,
        )
        prepared = out_dir / self._child.run(given, PrepareOutput, out_dir, stop).name
        self._tidy_up(path)
        return prepared

    def _tidy_up(self, used: Path) -> None:
        """
        Remove the source from ``own_dir`` if :mod:`capture.selection` wrote it, and remove files older than 30 days.

        :param used: path of the source that was converted.
        """
        if self._own_dir is None or is_link(self._own_dir) or not self._own_dir.is_dir():
            return
        oldest_s = time.time() - _KEPT_S
        try:
            paths = list(self._own_dir.iterdir())
        except OSError:
            return
        for path in paths:
            # One that cannot be removed does not keep the others.
            with contextlib.suppress(OSError):
                is_used_up = path.suffix == ".blend" and path.resolve() == used.resolve()
                if is_own_source(path) and (is_used_up or path.lstat().st_mtime < oldest_s):
                    remove_file(path)
