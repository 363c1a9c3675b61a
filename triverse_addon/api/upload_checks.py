# SPDX-License-Identifier: GPL-3.0-or-later
"""
Checks images and models before they are uploaded.

Ground floor; worker threads (it reads the first and last bytes of files); no ``bpy``.

The format is detected by the content, not by the file name: the service rejects a GIF named ``.png`` too, but only
after the upload. Limits and formats: the service's upload pages.
"""

from __future__ import annotations

import os
from pathlib import Path

from . import model_kinds
from .errors import InputError
from .model_kinds import model_type
from .picture_ends import is_cut_off
from .picture_kinds import HEAD_BYTES, TAKEN, picture_kind
from .sentence import Sentence

MAX_IMAGE_BYTES = 50 * 1024 * 1024
"""Maximum size of an image ("up to 50 MB")."""

MAX_MODEL_BYTES = 200 * 1024 * 1024
"""Maximum size of a model ("up to 200 MB")."""

_MB = 1024 * 1024


def check_image(path: str | os.PathLike[str], *, field: str = "image_file") -> str:
    """
    Return the content type of an image that the service accepts: JPEG, PNG or WebP of at most 50 MB.

    :param path: the image file.
    :param field: name of the field for the error.
    :raises InputError: (``field``) the file is missing, unreadable, empty, too large, of another format, or its end is
        missing.
    """
    file = Path(path)
    head = _head(file, MAX_IMAGE_BYTES, field)
    kind = picture_kind(head)
    if kind not in TAKEN:
        raise InputError(_no_picture(kind, file.name), field=field)
    try:
        with file.open("rb") as stream:
            is_cut = is_cut_off(stream, kind)
    except OSError:
        raise InputError(_unreadable(file), field=field) from None
    if is_cut:
        raise InputError(
            Sentence.of(
                "The end of {name} is missing: it was copied or saved only in part. Copy or save it again.",
                name=file.name,
            ),
            field=field,
        )
    return TAKEN[kind]


def _unreadable(file: Path) -> Sentence:
    return Sentence.of("The file {path} cannot be read. Check its permissions.", path=str(file))


def _no_picture(kind: str, name: str) -> Sentence:
    """Return the error message for an image that the service does not accept, with its actual format."""
    if kind == "HEIC":
        return Sentence.of(
            "{name} is not a JPEG, PNG or WebP picture. It is HEIC: export it as JPEG, and set the phone to its most "
            "compatible format.",
            name=name,
        )
    if kind == "video":
        return Sentence.of("{name} is not a JPEG, PNG or WebP picture. It is a video: save one frame.", name=name)
    if kind == "web page":
        return Sentence.of(
            "{name} is not a JPEG, PNG or WebP picture. It is a web page: save the picture itself.", name=name
        )
    if kind == "camera raw":
        return Sentence.of(
            "{name} is not a JPEG, PNG or WebP picture. It is a raw picture of a camera: develop it to JPEG.", name=name
        )
    if kind:
        return Sentence.of(
            "{name} is not a JPEG, PNG or WebP picture. It is {kind}: save it as one of these.", name=name, kind=kind
        )
    return Sentence.of("{name} is not a JPEG, PNG or WebP picture. Save it as one of these.", name=name)


def image_type(head: bytes) -> str | None:
    """Return the content type of an image that begins with ``head``; None for all but JPEG, PNG and WebP."""
    return TAKEN.get(picture_kind(head))


def head_of(path: str | os.PathLike[str]) -> bytes:
    """
    Return the first bytes of a file, enough to detect an image format; empty if it cannot be read.

    Only regular files are opened, because opening a pipe could block for ever.
    """
    try:
        if not os.path.isfile(path):
            return b""
        with open(path, "rb") as file:
            return file.read(HEAD_BYTES)
    except (OSError, ValueError):  # ValueError: a null character in the path
        return b""


def check_model(path: str | os.PathLike[str], *, field: str = "model_file") -> str:
    """
    Return the content type of a model that the service accepts, of at most 200 MB.

    The format is detected by the content, not by the file name. The documentation names ".glb, .obj" and leaves the
    list open; FBX, STL, PLY and USDZ are accepted here for the service to decide (it responds with 2004 if it does not
    support a format). glTF with separate files is rejected, because only one file can be uploaded.

    :param path: the model file.
    :param field: name of the field for the error.
    :raises InputError: (``field``) the file is missing, unreadable, empty, too large, or no model.
    """
    file = Path(path)
    head = _head(file, MAX_MODEL_BYTES, field)
    content_type = model_type(head, file.stat().st_size)
    if content_type is None:
        raise InputError(
            Sentence.of("{name} is not a model that Triverse takes. Export it as glTF Binary (.glb).", name=file.name),
            field=field,
        )
    return content_type


def _head(file: Path, limit_bytes: int, field: str) -> bytes:
    """Return the first bytes of ``file``, after checking that it exists, is not empty and not too large."""
    try:
        if not file.is_file():
            raise InputError(Sentence.of("There is no file {path}.", path=str(file)), field=field)
        size_bytes = file.stat().st_size
        with file.open("rb") as stream:
            head = stream.read(max(HEAD_BYTES, model_kinds.HEAD_BYTES))
    except (OSError, ValueError):  # ValueError: a null character in the path
        raise InputError(_unreadable(file), field=field) from None
    if not head:
        raise InputError(Sentence.of("The file {name} is empty.", name=file.name), field=field)
    if size_bytes > limit_bytes:
        raise InputError(
            Sentence.of(
                "The file {name} has {size_mb} MB. Triverse takes at most {limit_mb} MB.",
                name=file.name,
                size_mb=-(-size_bytes // _MB),
                limit_mb=limit_bytes // _MB,
            ),
            field=field,
        )
    return head
