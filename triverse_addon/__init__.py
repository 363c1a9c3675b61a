# SPDX-License-Identifier: GPL-3.0-or-later
"""
Triverse for Blender: generate textured 3D models from text prompts and images.

Floor: third (it only calls ``ui`` and ``cli``). Thread: main. May import ``bpy``, but only inside its functions.
"""


def register() -> None:
    """
    Register the add-on with Blender, without network access, file access or heavy imports.

    If another copy of the add-on (from another extension repository) is registered already, this one is not.
    """
    from . import cli, ui

    if ui.register():
        cli.register()


def unregister() -> None:
    """Unregister the add-on: join threads; remove timers, handlers, previews and properties. Never raises."""
    from . import cli, ui

    cli.unregister()
    ui.unregister()
