# SPDX-License-Identifier: GPL-3.0-or-later
"""
The clock of the disk that a folder lies on: on a share it is the server's, which may differ from this machine's.

Floor: first. Thread: any that may write files. No ``bpy``.
"""

import os
import tempfile
from pathlib import Path


def disk_time_s(folder: Path) -> float:
    """
    Return the time that a file written into ``folder`` now gets, in seconds since the epoch.

    :raises OSError: nothing can be written there.
    """
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"\0")
        file.flush()
        os.fsync(file.fileno())  # a share may set the time only when the data arrives there
        return os.fstat(file.fileno()).st_mtime
