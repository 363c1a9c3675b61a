# SPDX-License-Identifier: GPL-3.0-or-later
"""
The interface of a converter, which turns a GLB into a .blend that Blender can append.

Floor: first. Thread: any. No ``bpy``. The implementation is on the scene floor and is passed to the engine.
"""

import errno
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from ..api.errors import TriverseError
from ..api.sentence import Sentence
from .files.no_room import NoRoomError
from .record.processing import PLAIN, Processing


@dataclass(frozen=True, slots=True)
class ConvertJob:
    """
    One model to convert.

    ``name`` becomes the collection's name, ``properties`` its custom properties, ``tags`` its asset tags. ``unit_m``
    (metres per unit) and ``frames_per_s`` are those of the scene that the model is for. ``processing`` is what Blender
    does with it, without exports.
    """

    glb_path: Path
    preview_path: Path | None
    out_dir: Path
    name: str
    properties: Mapping[str, str | int | float] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    unit_m: float = 1.0
    frames_per_s: float = 24.0
    processing: Processing = PLAIN


@dataclass(frozen=True, slots=True)
class ExpectedFiles:
    """
    What there is of a model that is being downloaded.

    :ivar part_path: the file that grows, which has another name when it is complete.
    :ivar preview_path: the preview, complete; None if there is none.
    :ivar out_dir: :attr:`ConvertJob.out_dir` of the job that will come.
    """

    part_path: Path
    preview_path: Path | None
    out_dir: Path


@dataclass(frozen=True, slots=True)
class Missing:
    """
    What a model's file declares but Blender's importer did not create.

    :ivar meshes: number of meshes that are missing, or lack a whole primitive.
    :ivar of_meshes: number of declared meshes.
    :ivar triangles: number of missing triangles. Blender leaves out triangles without area in any model.
    :ivar of_triangles: number of declared triangles.
    :ivar pictures: names of images that cannot be read.
    """

    meshes: int = 0
    of_meshes: int = 0
    triangles: int = 0
    of_triangles: int = 0
    pictures: Sequence[str] = ()

    @property
    def warning(self) -> Sentence | None:
        """The first message at level WARNING, to show to the user; None if there is none."""
        return next((sentence for level, sentence in self.history_lines() if level == "WARNING"), None)

    def history_lines(self) -> list[tuple[str, Sentence]]:
        """Return the messages for the task's history: level and sentence."""
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
                        "Blender left out {missing} of the {count} {count|triangle|triangles} of this model.",
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
    """
    Result of a conversion: the files, what they contain, and the SHA-256 of the .blend as the child wrote it.

    ``warning`` says what beside the conversion failed, to show to the user.
    """

    blend_path: Path
    thumbnail_path: Path | None
    collection_name: str
    triangles: int
    objects: int
    seconds: float
    blend_sha256: str = ""
    missing: Missing = Missing()
    warning: Sentence | None = None


class ConvertError(TriverseError):
    """The model cannot be converted. Its GLB is kept; other tasks are not affected."""


class ConvertNoRoomError(ConvertError, NoRoomError):
    """The model cannot be converted, because the disk is full."""


class NoChildError(TriverseError):
    """No child Blender can run on this machine. The main process imports the GLB instead, and the user is informed."""


class ChildNotStartedError(TriverseError):
    """The child Blender could not be started at the moment (no memory, too many processes). It is tried again."""


#: Error numbers for a program that is missing or not executable. Any other error may be temporary.
_NO_PROGRAM = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.ENOEXEC})


def not_started(error: OSError) -> NoChildError | ChildNotStartedError:
    """Return the exception for an error at the start of a child Blender: permanent or temporary."""
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
    """The conversion was stopped because the engine is closing. It is repeated at the next start."""


class Converter(Protocol):
    """Converts a GLB into a .blend. Called on a worker thread."""

    def __call__(self, job: ConvertJob, stop: threading.Event) -> Converted:
        """
        Convert one model.

        :param job: the files and the options.
        :param stop: set when the engine is closing; the call then returns within a second.
        :raises ConvertError: the model cannot be converted.
        :raises NoChildError: no child Blender can run on this machine.
        :raises ChildNotStartedError: the child could not be started at the moment.
        :raises ConvertStopped: ``stop`` was set.
        """
        ...


@runtime_checkable
class EarlyConverter(Converter, Protocol):
    """A converter that can get ready for a job before that is there."""

    def expect_job(self, work_dir: Path) -> None:
        """
        Get ready for a job that will come soon. Raises nothing, and does not wait. Called on a worker thread.

        :param work_dir: folder of this user for temporary files; created if it is missing.
        """
        ...

    def close(self) -> None:
        """End what was got ready. The converter may be used again afterwards."""
        ...


@runtime_checkable
class PreparingConverter(EarlyConverter, Protocol):
    """A converter that can work on the files of a job while they are downloaded."""

    def prepare(self, expected: ExpectedFiles) -> None:
        """
        Work on the files of a job that will come soon, after :meth:`expect_job`. Raises nothing, and does not wait.

        Call it only while no other job is expected, because what was got ready is not used for another one then.
        """
        ...


def prepare(converter: Converter | None, expected: ExpectedFiles) -> None:
    """Call :meth:`PreparingConverter.prepare`, if the converter has it."""
    if isinstance(converter, PreparingConverter):
        converter.prepare(expected)


def expect_job(converter: Converter | None, work_dir: Path) -> None:
    """Call :meth:`EarlyConverter.expect_job`, if the converter has it."""
    if isinstance(converter, EarlyConverter):
        converter.expect_job(work_dir)


def close(converter: Converter | None) -> None:
    """Call :meth:`EarlyConverter.close`, if the converter has it."""
    if isinstance(converter, EarlyConverter):
        converter.close()
