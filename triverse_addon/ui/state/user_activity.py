# SPDX-License-Identifier: GPL-3.0-or-later
"""
What the user is doing in Blender, as far as an import has to wait for it.

Floor: third. Thread: main. Imports ``bpy``.
"""

import bpy

#: Listed among the modal operators after its render has ended, until the mouse moves (seen in 4.3). So a running render
#: is detected by its job instead.
_RENDER = "RENDER_OT_render"


def is_busy() -> bool:
    """
    Return whether the user is doing something that an import must not interrupt.

    This is a render or any of Blender's own modal operators, such as moving objects, orbiting, a brush stroke or the
    knife. Modal operators written in Python do not count, because many add-ons keep one running permanently.
    """
    if bpy.app.is_job_running("RENDER"):
        return True
    return any(
        operator.bl_idname != _RENDER and bpy.types.Operator.bl_rna_get_subclass_py(operator.bl_idname) is None
        for window in bpy.context.window_manager.windows
        for operator in window.modal_operators
    )
