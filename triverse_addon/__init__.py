# SPDX-License-Identifier: GPL-3.0-or-later
"""
Triverse for Blender: textured 3D models from words and pictures.

Floor: third (it only calls ``ui`` and ``cli``). Thread: main. May import ``bpy``, but only inside its functions.
"""


def register() -> None:
    """
    Register the add-on with Blender. No network, no file, no heavy import happens here.

    A second copy, from another repository, stays out.
    """
    from . import cli, ui

    if ui.register():
        cli.register()


def unregister() -> None:
    """Take everything back: threads joined, timers, handlers, previews and properties gone. Never raises."""
    from . import cli, ui

    cli.unregister()
    ui.unregister()
