# SPDX-License-Identifier: GPL-3.0-or-later
"""
The file of ``--output``: checked before anything is sent, and written atomically.

Floor: third. Thread: main. No ``bpy``: ``blender_host`` writes .blend files.
"""

import os
import tempfile
from pathlib import Path

from ..api.errors import InputError, TriverseError
from ..api.sentence import Sentence
from ..tasks.files.atomic_write import copy_whole

SUFFIXES = (".blend", ".glb")


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
    try:
        # Only writing is a reliable test, for read-only disks, quotas and network file systems alike.
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise _output_error(
            "Nothing can be written in {path} ({reason}).", path=str(path.parent), reason=error.strerror or ""
        ) from None
    return path


def _output_error(template: str, **args: str) -> InputError:
    return InputError(Sentence(template, args), field="output")


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
