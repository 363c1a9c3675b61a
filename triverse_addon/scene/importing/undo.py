# SPDX-License-Identifier: GPL-3.0-or-later
"""
Add an undo step for an import.

Floor: second. Thread: main. Imports ``bpy``.
"""

import bpy

from ..worker.window_context import in_window

_is_pushing = False


def is_pushing() -> bool:
    """Return whether the operator is called for an import, and not repeated by Blender."""
    return _is_pushing


def push(message: str) -> bool:
    """
    Add an undo step.

    It is the step of an operator where there is one: after a bare step, *Adjust Last Operation* still offers what the
    user did before, and to repeat that with other values, Blender goes back to before it. The model was gone then.

    :param message: name of the step in Edit > Undo History, where there is no operator.
    :return: True if the step was added; False in background mode, where there is no undo, and without a window.
    """
    if bpy.app.background:
        return False
    context = bpy.context
    window = context.window or next(iter(context.window_manager.windows), None)
    if window is None:
        return False
    with in_window(window):
        if not bpy.ops.ed.undo_push.poll():  # type: ignore[call-arg]
            return False
        if hasattr(bpy.types, "TRIVERSE_OT_arrived"):
            return _push_by_operator()
        return "FINISHED" in bpy.ops.ed.undo_push(message=message)


def _push_by_operator() -> bool:
    global _is_pushing
    _is_pushing = True
    try:
        return "FINISHED" in bpy.ops.triverse.arrived("EXEC_DEFAULT", True)  # type: ignore[attr-defined]
    finally:
        _is_pushing = False
