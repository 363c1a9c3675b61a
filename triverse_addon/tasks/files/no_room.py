# SPDX-License-Identifier: GPL-3.0-or-later
"""
The error of a disk that is full.

Floor: first. Thread: any. No ``bpy``.
"""

import errno

from ...api.errors import TriverseError

#: Error numbers of a disk that is full, and of a user's share of it that is.
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


class NoRoomError(TriverseError):
    """The disk is full, or the user's share of it. Whatever is to be written there next fails too."""


def is_no_room(error: OSError) -> bool:
    """Return whether an error means that the disk is full, or the user's share of it."""
    return error.errno in NO_ROOM
