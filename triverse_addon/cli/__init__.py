# SPDX-License-Identifier: GPL-3.0-or-later
"""
Triverse without a window: ``blender --command triverse`` and ``scripts/triverse.py``.

Floor: third. Thread: main. Imports ``bpy`` only inside its functions: all but ``blender_host`` runs without it.
"""

_handle: object = None


def register() -> None:
    """Tell Blender of the command ``triverse``. Nothing else is imported before the command is given."""
    global _handle
    import bpy

    _handle = bpy.utils.register_cli_command("triverse", _run)


def unregister() -> None:
    """Take the command back."""
    global _handle
    import bpy

    if _handle is not None:
        bpy.utils.unregister_cli_command(_handle)
        _handle = None


def _run(argv: list[str]) -> int:
    """Run the command, called by Blender with what follows ``--command triverse``; returns the exit code."""
    from .blender_host import BlenderHost
    from .main import run

    return int(run(argv, BlenderHost(prog="blender --command triverse")))
