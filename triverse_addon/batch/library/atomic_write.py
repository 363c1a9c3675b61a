# SPDX-License-Identifier: GPL-3.0-or-later
"""
Write files whole or not at all, with the rights that any new file gets.

Floor: between first and second. Thread: any that may write files. No ``bpy``.

``tempfile`` makes files for their owner only; on a farm the next worker may be another user.
"""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ...tasks.private_files import opener


@contextlib.contextmanager
def replacing(target: Path, *, durable: bool = True, private: bool = False) -> Iterator[BinaryIO]:
    """
    Open a new file that takes the place of ``target`` when all went well.

    :param durable: wait until it is on the disk, so that a power cut leaves the old file or the new one.
    :param private: let nobody but this user read it.
    :raises OSError: it cannot be written; ``target`` is what it was.
    """
    part = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        with open(part, "xb", opener=opener if private else None) as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        part.replace(target)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def write_whole(target: Path, data: bytes, *, durable: bool = True, private: bool = False) -> None:
    """
    Write a file; ``target`` is never there in part.

    :param durable: see :func:`replacing`; likewise ``private``.
    :raises OSError: it cannot be written.
    """
    with replacing(target, durable=durable, private=private) as file:
        file.write(data)


def copy_whole(source: Path, target: Path) -> None:
    """
    Copy a file; ``target`` is never there in part.

    :raises OSError: it cannot be read or written.
    """
    with replacing(target) as file, source.open("rb") as stream:
        shutil.copyfileobj(stream, file, 1024 * 1024)
