# SPDX-License-Identifier: GPL-3.0-or-later
"""
What the engine asks of a converter: a GLB in, a .blend that Blender can append out.

Floor: first. Thread: any. No ``bpy``. The converter itself stands on the scene floor and is handed to the engine.
"""

import errno
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ..api.errors import TriverseError
from ..api.sentence import Sentence


@dataclass(frozen=True, slots=True)
class ConvertJob:
    """
    One model to convert.

    ``name`` becomes the collection's name; ``properties`` its custom properties; ``tags`` its asset tags. ``unit_m``
    (metres a unit) and ``frames_per_s`` are those of the scene that the model is for; ``merge`` and ``smooth_deg`` are
    explained at :class:`tasks.record.Placement`.
    """

    glb_path: Path
    preview_path: Path | None
    out_dir: Path
    name: str
    properties: Mapping[str, str | int | float] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    unit_m: float = 1.0
    frames_per_s: float = 24.0
    merge: bool = False
    smooth_deg: int = 0


@dataclass(frozen=True, slots=True)
class Missing:
    """
    What a model's file declares and Blender's importer did not make.

    :ivar meshes: meshes that are not there, or lack a whole part.
    :ivar of_meshes: how many are declared.
    :ivar triangles: triangles that are not there; such without area are left out of any model.
    :ivar of_triangles: how many are declared.
    :ivar pictures: names of pictures that cannot be read.
    """

    meshes: int = 0
    of_meshes: int = 0
    triangles: int = 0
    of_triangles: int = 0
    pictures: Sequence[str] = ()

    @property
    def warning(self) -> Sentence | None:
        """What is to be said aloud, None if nothing is."""
        return next((sentence for level, sentence in self.told() if level == "WARNING"), None)

    def told(self) -> list[tuple[str, Sentence]]:
        """Return what a task's history says of it: level and sentence."""
        lines: list[tuple[str, Sentence]] = []
        if self.meshes:
            lines.append(
                (
                    "WARNING",
                    Sentence.of(
                        "Of the {count} meshes of this model, Blender made {missing} not or in part. "
                        "The downloaded file is kept.",
                        count=self.of_meshes,
                        missing=self.meshes,
                    ),
                )
            )
        if self.triangles:
            lines.append(
                (
                    "WARNING" if self.meshes else "INFO",
                    Sentence.of(
                        "Blender left out {missing} of the {count} triangles of this model.",
                        missing=self.triangles,
                        count=self.of_triangles,
                    ),
                )
            )
        if self.pictures:
            names = ", ".join(self.pictures)
            lines.append(
                ("WARNING", Sentence.of("Pictures of this model that Blender cannot read: {names}.", names=names))
            )
        return lines


@dataclass(frozen=True, slots=True)
class Converted:
    """What a conversion left on disk, what is in it, and the .blend's hash as the child wrote it."""

    blend_path: Path
    thumbnail_path: Path | None
    collection_name: str
    triangles: int
    objects: int
    seconds: float
    blend_sha256: str = ""
    missing: Missing = Missing()


class ConvertError(TriverseError):
    """This model cannot be converted. Its GLB is kept; other tasks are not affected."""


class NoChildError(TriverseError):
    """There is no child Blender on this machine; the driver imports the GLB in place, and that is told."""


class ChildNotStartedError(TriverseError):
    """The child Blender could not be started just now (no memory, too many processes); it is tried again."""


#: What the system says of a program that is not there or may not be run. All else may be gone at the next try.
_NO_PROGRAM = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.ENOEXEC})


def not_started(error: OSError) -> NoChildError | ChildNotStartedError:
    """Return what it means that a child Blender was not started."""
    reason = error.strerror or type(error).__name__
    if error.errno in _NO_PROGRAM:
        return NoChildError(Sentence.of("No second Blender can be started here: {reason}.", reason=reason))
    return ChildNotStartedError(
        Sentence.of(
            "The second Blender that reads files could not be started just now: {reason}. It is tried again. Close "
            "programs that you do not need.",
            reason=reason,
        )
    )


class ConvertStopped(TriverseError):
    """The conversion was stopped because the engine is closing. It starts again at the next start."""


class Converter(Protocol):
    """Turns a GLB into a .blend. Called in a worker thread."""

    def __call__(self, job: ConvertJob, stop: threading.Event) -> Converted:
        """
        Convert one model.

        :param job: what to convert, and where to.
        :param stop: set when the engine is closing; the call then ends within a second.
        :raises ConvertError: the model cannot be used.
        :raises NoChildError: there is no child Blender here.
        :raises ChildNotStartedError: it could not be started just now.
        :raises ConvertStopped: ``stop`` was set.
        """
        ...
