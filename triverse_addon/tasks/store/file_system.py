# SPDX-License-Identifier: GPL-3.0-or-later
"""
Properties of a folder's file system: whether it is on a network, whether its locks work.

Floor: first. Thread: any. No ``bpy``.
"""

import contextlib
import os
import re
import secrets
import sys
from functools import lru_cache
from pathlib import Path

from ..files.file_lock import is_taken

#: Types of mounts in Linux whose files another machine may have open too, or whose shared memory and locks are those of
#: a program in user space. ``fuseblk`` is a local disk.
_NETWORK_TYPES = frozenset(
    {"9p", "acfs", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs"}
    | {"nfs", "nfs4", "ocfs2", "smb3", "smbfs", "vboxsf"}
)
_MOUNTS = Path("/proc/self/mountinfo")


@lru_cache(maxsize=8)
def is_on_network(folder: Path) -> bool:
    """
    Return whether ``folder`` is, or may be, on a network. The result is cached.

    Windows: a path of a share, also if given by a drive letter. macOS: a path that is not on the startup disk.
    """
    path = os.path.realpath(folder)
    if sys.platform == "win32":
        path = path.removeprefix("\\\\?\\")
        return path.startswith(("\\\\", "UNC\\"))
    if sys.platform == "darwin":
        return path.startswith(("/Volumes/", "/Network/"))
    try:
        mounts = _MOUNTS.read_text("utf-8", "surrogateescape")
    except OSError:
        return False
    kind = mount_type(mounts, path)
    return kind in _NETWORK_TYPES or kind == "fuse" or kind.startswith("fuse.")


def mount_type(mounts: str, path: str) -> str:
    """
    Return the type of the file system that contains ``path``; "" if it is not listed.

    :param mounts: the text of ``/proc/self/mountinfo``, see proc(5): the mount point is the fifth field, the type the
        first one after the separator; a later mount covers an earlier one.
    :param path: an absolute path without symbolic links.
    """
    found, longest = "", -1
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) < 5 or not after:
            continue
        point = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), fields[4])
        if (path == point or path.startswith(os.path.join(point, ""))) and len(point) >= longest:
            found, longest = after.split(" ")[0], len(point)
    return found


def has_locks(folder: Path) -> bool:
    """Test the kind of lock that SQLite uses, on a temporary file. Return True also if it cannot be tested."""
    if sys.platform == "win32":
        return True
    import fcntl

    path = folder / f".locks-{secrets.token_hex(4)}"
    try:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "r+b")
    except OSError:
        return True
    with file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return is_taken(error)
        finally:
            with contextlib.suppress(OSError):
                path.unlink()
    return True
