# SPDX-License-Identifier: GPL-3.0-or-later
"""
Build the command line that starts a child Blender.

Floor: second. Thread: main. Imports ``bpy``.
"""

import sys
from pathlib import Path

import bpy


def child_command(worker: str = "convert_worker") -> tuple[str, ...]:
    """
    Return the command that runs a worker script in a Blender of the same version, without the path of the job file.

    Call it on the main thread and pass the result to :class:`converter.ChildConverter` or
    :class:`preparer.ChildPreparer`.

    :param worker: name of the script in the folder ``worker``, without ``.py``.
    :return: the command; empty where no child can be started, as in an embedded Blender that has neither a binary nor a
        Python executable.
    """
    folder = Path(__file__).parents[1] / "worker"
    script = str(folder / f"{worker}.py")
    if bpy.app.binary_path:
        return (
            bpy.app.binary_path,
            "--background",
            "--factory-startup",
            "--disable-autoexec",
            "--offline-mode",
            "--python-exit-code",
            "1",
            "--python-expr",
            # Python itself puts a script's folder on the search path, Blender's "--python" does not.
            f"import runpy, sys; sys.path.insert(0, {str(folder)!a}); runpy.run_path({script!a}, run_name='__main__')",
            "--",
        )
    if sys.executable:
        # The bpy module has no Blender binary: the child is the Python that runs the module.
        return (sys.executable, script, "--")
    return ()
