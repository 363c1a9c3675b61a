# SPDX-License-Identifier: GPL-3.0-or-later
"""
An operating-system lock on an open file, which goes with the process however that ends.

Floor: first. Thread: any. No ``bpy``.
"""

import errno
import os
from typing import BinaryIO

if os.name == "nt":
    import msvcrt

    def lock(file: BinaryIO) -> None:
        """
        Lock ``file`` for as long as it is open.

        :raises OSError: see :func:`is_taken`.
        """
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
else:
    import fcntl

    def lock(file: BinaryIO) -> None:
        """
        Lock ``file`` for as long as it is open.

        :raises OSError: see :func:`is_taken`.
        """
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_taken(error: OSError) -> bool:
    """Tell that somebody else holds the lock, and not that there are none on this file system."""
    return error.errno in (errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES)
