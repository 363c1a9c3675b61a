# SPDX-License-Identifier: GPL-3.0-or-later
"""
The files of ``--output`` and ``--report``: checked before anything is sent. Models are written atomically.

Floor: third. Thread: main. No ``bpy``: ``blender_host`` writes .blend files.
"""

import contextlib
import math
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from ..api.errors import InputError, TriverseError
from ..api.sentence import Sentence
from ..batch.results import report
from ..tasks.files.atomic_write import copy_whole
from ..tasks.record.record import Stage, TaskRecord
from .errors import UsageError
from .origin import CLI_ORIGIN

SUFFIXES = (".blend", ".glb")
#: Tolerance in seconds for clock differences and coarse timestamps of file systems.
_CLOCK_TOLERANCE_S = 5.0


class SaveError(TriverseError):
    """The result cannot be written. The downloaded model is kept."""


def check_output(text: str) -> Path:
    """
    Return the absolute path of the output file, after checking that its folder is writable.

    :raises InputError: (field ``output``) the file type is not supported, or the folder is missing or not writable.
    """
    path = Path(os.path.abspath(Path(text).expanduser()))
    if path.suffix.lower() not in SUFFIXES:
        raise _output_error("The result can be saved as .blend or .glb, not as {name}.", name=path.name)
    if path.is_dir():
        raise _output_error("{path} is a folder. Name a file.", path=str(path))
    if not path.parent.is_dir():
        raise _output_error("There is no folder {path}. Make it first.", path=str(path.parent))
    if path.exists() and not os.access(path, os.W_OK):
        raise _output_error("The file {path} must not be changed. Choose another name.", path=str(path))
    if (problem := _problem_of_writing(path.parent)) is not None:
        raise InputError(problem, field="output")
    return path


def check_report(text: str) -> Path:
    """
    Return the absolute path of the report, after checking that it can be written and replaces nothing but a report.

    Its folder need not exist: it is made with the report.

    :raises UsageError: the report cannot be written, or the existing file is no report.
    """
    path = Path(text).expanduser().absolute()
    if os.path.lexists(path) and not report.is_report(path):
        raise UsageError(
            Sentence.of("{path} is there, and is no report of a batch. Name another file.", path=str(path))
        )
    folder = next((one for one in path.parents if os.path.lexists(one)), path.parent)
    if (problem := _problem_of_writing(folder, path.name)) is not None:
        raise UsageError(problem)
    return path


def _problem_of_writing(folder: Path, name: str = "") -> Sentence | None:
    """
    Return why no file can be written in a folder; None if one can.

    :param name: name of the file to be written, which may be too long.
    """
    try:
        # Only writing is a reliable test, for read-only disks, quotas and network file systems alike.
        with tempfile.TemporaryFile(dir=folder), contextlib.suppress(FileNotFoundError):
            os.lstat(folder / name)
    except OSError as error:
        return Sentence.of(
            "Nothing can be written in {path} ({reason}).",
            path=str(folder),
            reason=error.strerror or type(error).__name__,
        )
    return None


def _output_error(template: str, **args: str) -> InputError:
    return InputError(Sentence(template, args), field="output")


def not_ours(path: Path) -> Sentence:
    """Return that a file is not replaced, see :func:`was_written_by`."""
    return Sentence.of(
        "The file {path} is there, and no command wrote it as it is now. Name another, or add --overwrite.",
        path=str(path),
    )


def was_written_by(path: Path, records: Iterable[TaskRecord]) -> bool:
    """
    Return whether the command of one of these tasks wrote an existing file, which was not changed since.

    A command that named the file but never wrote it does not count. A file that was put in its place may bring an older
    time of change along, as ``cp -p`` and unpackers do; the time of its entry in the folder is not older.
    """
    written = [
        record.imported_at_s
        for record in records
        if record.origin.session == CLI_ORIGIN and record.origin.file == str(path) and record.stage is Stage.IMPORTED
    ]
    found = [path.stat(), path.lstat()]
    changed_at_s = max(at_s for one in found for at_s in (one.st_mtime, one.st_ctime))
    return changed_at_s <= max((at_s for at_s in written if at_s), default=-math.inf) + _CLOCK_TOLERANCE_S


def copy_model(model: Path, output: Path) -> None:
    """
    Copy a delivered GLB to ``output``, atomically.

    :raises SaveError: the file cannot be written.
    """
    try:
        copy_whole(model, output)
    except OSError as error:
        raise SaveError(
            Sentence.of(
                "The file {path} cannot be written ({reason}). The model is kept at {model}.",
                path=str(output),
                reason=error.strerror or str(error),
                model=str(model),
            )
        ) from None
