# SPDX-License-Identifier: GPL-3.0-or-later
"""
The command line: ``blender --command triverse`` and ``scripts/triverse.py``.

Floor: third. Thread: main. Imports ``bpy`` only inside its functions: all modules but ``blender_host`` run without it.
"""

_handle: object = None


def register() -> None:
    """Register the command ``triverse`` with Blender. Its modules are imported only when it is run."""
    global _handle
    import bpy

    _handle = bpy.utils.register_cli_command("triverse", _run)


def unregister() -> None:
    """Unregister the command."""
    global _handle
    import bpy

    if _handle is not None:
        bpy.utils.unregister_cli_command(_handle)
        _handle = None


def _run(argv: list[str]) -> int:
    """
    Run the command. Called by Blender.

    :param argv: the arguments after ``--command triverse``.
    :returns: the exit code.
    """
    from .blender_host import BlenderHost
    from .main import run

    return int(run(argv, BlenderHost(prog="blender --command triverse")))
