# SPDX-License-Identifier: GPL-3.0-or-later
"""
Find out whether a disk is full, of which Blender says nothing, or something wrong (``findings/full-disk-exports.sh``).

Floor: second. Thread: any. No ``bpy``, and nothing of this package: the child loads it as a plain module.
"""

import errno
import os
import shutil
import tempfile
from pathlib import Path

#: Number of bytes that must still fit on the disk after a file was written. Less is taken for a full disk, where what
#: was written may lack its end.
_SPARE_BYTES = 1024**2
#: Number of free bytes below which a .blend that Blender could not write is taken to have been too large: Blender
#: removes what it wrote before it tells.
_BLEND_BYTES = 64 * 1024**2


def check(folder: Path) -> None:
    """
    Check that the disk of a folder, in which Blender has just written a file, is not full.

    :raises OSError: it is, or the folder cannot be written for another reason.
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(os.urandom(_SPARE_BYTES))  # zeros may take no room
            file.flush()
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from None


def cause(folder: Path, report: str) -> OSError:
    """
    Return the error for a .blend that Blender could not write.

    :param folder: the folder of the .blend.
    :param report: what Blender says of it, which is returned if the disk is not full.
    """
    try:
        check(folder)
        if shutil.disk_usage(folder).free < _BLEND_BYTES:
            return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
    except OSError as error:
        return error
    return OSError(0, report)
