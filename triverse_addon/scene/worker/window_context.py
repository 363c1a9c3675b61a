# SPDX-License-Identifier: GPL-3.0-or-later
"""
Give the context a window where it has none.

Floor: second. Thread: main, of the user's Blender or of the child. Imports ``bpy``, and nothing of this package: the
child loads it as a plain module.
"""

from contextlib import AbstractContextManager, nullcontext

import bpy


def in_window(window: bpy.types.Window) -> AbstractContextManager[object]:
    """
    Return a context manager in which operators have a window.

    Blender gives operators, timers and the child one. The context is overridden only where it has none: inside an
    override, operators crash Blender now and then while other threads run (docs/architecture.md).

    :param window: the one to give, if the context has none.
    """
    if bpy.context.window is not None:
        return nullcontext()
    return bpy.context.temp_override(window=window, screen=window.screen)
