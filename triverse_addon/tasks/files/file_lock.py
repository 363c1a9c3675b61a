# SPDX-License-Identifier: GPL-3.0-or-later
"""
An operating-system lock on an open file. It is released when the process ends, however that happens.

Floor: first. Thread: any. No ``bpy``.
"""

import errno
import os
from typing import BinaryIO

if os.name == "nt":
    import msvcrt

    def lock(file: BinaryIO) -> None:
        """
        Lock ``file`` exclusively until it is closed, without waiting.

        :raises OSError: the lock is taken or not supported, see :func:`is_taken`.
        """
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
else:
    import fcntl

    def lock(file: BinaryIO) -> None:
        """
        Lock ``file`` exclusively until it is closed, without waiting.

        :raises OSError: the lock is taken or not supported, see :func:`is_taken`.
        """
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_taken(error: OSError) -> bool:
    """Return True if the lock is taken, False if the file system does not support locks."""
    return error.errno in (errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES)
