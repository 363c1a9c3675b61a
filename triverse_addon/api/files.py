# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures and models, checked before they are uploaded.

Ground floor; worker threads (it reads the first bytes of files); no ``bpy``.

What a file is, is told by its first bytes and not by its name: the service refuses a GIF that is called ``.png``
too, but only after it was sent. Limits and types: the service's upload pages.
"""

from __future__ import annotations

import os
from pathlib import Path

from .errors import InputError
from .sentence import Sentence

MAX_IMAGE_BYTES = 50 * 1024 * 1024
"""Largest picture the service takes ("up to 50 MB")."""

MAX_MODEL_BYTES = 200 * 1024 * 1024
"""Largest model the service takes ("up to 200 MB")."""

_MB = 1024 * 1024
_HEAD_BYTES = 4096


def check_image(path: str | os.PathLike[str], *, field: str = "image_file") -> str:
    """Return the content type of a picture that the service takes: JPEG, PNG or WebP of at most 50 MB.

    :raises InputError: missing, unreadable, empty, too large, or another format.
    """
    file = Path(path)
    head = _head(file, MAX_IMAGE_BYTES, field)
    content_type = image_type(head)
    if content_type is None:
        raise InputError(
            Sentence.of("{name} is not a JPEG, PNG or WebP picture. Save it as one of these.", name=file.name),
            field=field,
        )
    return content_type


def image_type(head: bytes) -> str | None:
    """Return the content type of a picture that begins with ``head``; None for all but JPEG, PNG and WebP."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return None


def check_model(path: str | os.PathLike[str], *, field: str = "model_file") -> str:
    """Return the content type of a model that the service takes: at most 200 MB.

    The documentation names ".glb, .obj" and leaves the list open; FBX, STL, PLY and USDZ are let through for the
    service to decide (it answers 2004 to what it does not take). glTF with separate files cannot arrive whole.

    :raises InputError: missing, unreadable, empty, too large, or no model.
    """
    file = Path(path)
    head = _head(file, MAX_MODEL_BYTES, field)
    content_type = _model_type(head, file.suffix.lower())
    if content_type is None:
        raise InputError(
            Sentence.of("{name} is not a model that Triverse takes. Export it as glTF Binary (.glb).", name=file.name),
            field=field,
        )
    return content_type


def _model_type(head: bytes, suffix: str) -> str | None:
    if head.startswith(b"glTF"):
        return "model/gltf-binary"
    if head.startswith(b"Kaydara FBX Binary"):
        return "application/octet-stream"
    if head.startswith((b"ply\n", b"ply\r\n")):
        return "model/ply"
    if suffix == ".obj" and b"\0" not in head:
        return "model/obj"
    if suffix == ".stl" and len(head) >= 15:
        return "model/stl"
    if suffix == ".usdz" and head.startswith(b"PK\x03\x04"):
        return "model/vnd.usdz+zip"
    return None


def _head(file: Path, limit_bytes: int, field: str) -> bytes:
    """Return the first bytes of ``file``, after its size was checked."""
    try:
        if not file.is_file():
            raise InputError(Sentence.of("There is no file {path}.", path=str(file)), field=field)
        size_bytes = file.stat().st_size
        with file.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
    except (OSError, ValueError):  # ValueError: a null byte in the path
        raise InputError(
            Sentence.of("The file {path} cannot be read. Check its permissions.", path=str(file)), field=field
        ) from None
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
