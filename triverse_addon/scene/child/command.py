# SPDX-License-Identifier: GPL-3.0-or-later
"""
How to start a child Blender here.

Floor: second. Thread: main. Imports ``bpy``.
"""

import sys
from pathlib import Path

import bpy


def child_command(worker: str = "convert_worker") -> tuple[str, ...]:
    """
    Return the command that runs a worker in a Blender of the same version, without the path of the job.

    Read it on the main thread and hand it to :class:`converter.ChildConverter` or :class:`preparer.ChildPreparer`.
    Empty where no child can be started: an embedded Blender with neither a binary nor a Python of its own.

    :param worker: the worker's script in the folder ``worker``, without ``.py``.
    """
    script = str(Path(__file__).parents[1] / "worker" / f"{worker}.py")
    if bpy.app.binary_path:
        return (
            bpy.app.binary_path,
            "--background",
            "--factory-startup",
            "--disable-autoexec",
            "--offline-mode",
            "--python-exit-code",
            "1",
            "--python",
            script,
            "--",
        )
    if sys.executable:
        # The bpy module has no binary: the Python that runs it is the child.
        return (sys.executable, script, "--")
    return ()
