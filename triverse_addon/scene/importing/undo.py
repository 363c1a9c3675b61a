# SPDX-License-Identifier: GPL-3.0-or-later
"""
Add an undo step for an import, and tell whether that would take something from *Redo*.

Floor: second. Thread: main. Imports ``bpy``.
"""

import bpy

from ..worker.window_context import in_window


def push(message: str) -> bool:
    """
    Add an undo step.

    It is a bare step, of no operator: where *Adjust Last Operation* is open, its operator has to stay the last one.
    Else Blender crashes when a value is changed there (4.3.2 and 5.2.2, each time). See ``ui.state.adjusted_models``
    for what adjusting does to the model.

    :param message: name of the step in Edit > Undo History.
    :return: True if the step was added; False in background mode, where there is no undo, and without a window.
    """
    if bpy.app.background:
        return False
    window = _window()
    if window is None:
        return False
    with in_window(window):
        if not bpy.ops.ed.undo_push.poll():  # type: ignore[call-arg]
            return False
        return "FINISHED" in bpy.ops.ed.undo_push(message=message)


def push_before_import() -> None:
    """
    Add an undo step of what is there before an import, if a mesh is being sculpted.

    Undoing a step of the whole file brings back the step before it, and after a stroke of Sculpt Mode that is the
    stroke alone: *Undo* does nothing, and the model stays until the step before the first stroke (5.2.2; so it is with
    Blender's own operators). With this step, one *Undo* removes the model and leaves the strokes.
    """
    if sculpted_objects():
        push("Before Import")


def sculpted_objects() -> list[bpy.types.Object]:
    """Return the objects that are being sculpted in the windows."""
    objects = (window.view_layer.objects.active for window in bpy.context.window_manager.windows)
    return [obj for obj in objects if obj is not None and obj.mode == "SCULPT"]


def can_redo() -> bool:
    """Return whether there is something to redo, which the next undo step drops."""
    window = None if bpy.app.background else _window()
    if window is None:
        return False
    with in_window(window):
        return bool(bpy.ops.ed.redo.poll())  # type: ignore[call-arg]


def _window() -> bpy.types.Window | None:
    return bpy.context.window or next(iter(bpy.context.window_manager.windows), None)
