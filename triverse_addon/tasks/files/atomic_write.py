# SPDX-License-Identifier: GPL-3.0-or-later
"""
Write files atomically, with the permissions of any new file or readable by their user only.

Floor: first. Thread: any that may write files. No ``bpy``.

Not with ``tempfile``, which creates files that only their owner can read: on a render farm the next worker may be
another user.
"""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from .busy_files import replace_file
from .private_files import opener

#: How much of a file's name the name of its new file begins with, in bytes.
_NAME_BYTES = 100


@contextlib.contextmanager
def replacing(
    target: Path, *, durable: bool = True, private: bool = False, wait_s: float | None = None
) -> Iterator[BinaryIO]:
    """
    Open a new file that replaces ``target`` when the block succeeds.

    :param durable: flush it to disk first, so that a power cut leaves either the old or the new file.
    :param private: make it readable by this user only.
    :param wait_s: see :func:`busy_files.replace_file`.
    :raises OSError: the file cannot be written; ``target`` is unchanged.
    """
    # File systems limit the bytes of a name, not its characters.
    start = os.fsencode(target.name)[:_NAME_BYTES].decode(errors="ignore")
    part = target.with_name(f".{start}.{secrets.token_hex(4)}.part")
    try:
        with open(part, "xb", opener=opener if private else None) as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        replace_file(part, target, wait_s=wait_s)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def write_whole(
    target: Path, data: bytes, *, durable: bool = True, private: bool = False, wait_s: float | None = None
) -> None:
    """
    Write a file atomically: ``target`` never has partial content.

    :param durable: see :func:`replacing`; likewise ``private`` and ``wait_s``.
    :raises OSError: the file cannot be written.
    """
    with replacing(target, durable=durable, private=private, wait_s=wait_s) as file:
        file.write(data)


def copy_whole(source: Path, target: Path) -> None:
    """
    Copy a file atomically: ``target`` never has partial content.

    :raises OSError: a file cannot be read or written.
    """
    with replacing(target) as file, source.open("rb") as stream:
        shutil.copyfileobj(stream, file, 1024 * 1024)
