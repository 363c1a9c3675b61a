# SPDX-License-Identifier: GPL-3.0-or-later
"""
What the user is doing in Blender, as far as an import has to wait for it.

Floor: third. Thread: main. Imports ``bpy``.
"""

import time

import bpy

from ...api.sentence import Sentence
from ...scene.importing import undo

#: Listed among the modal operators after its render has ended, until the mouse moves (seen in 4.3). So a running render
#: is detected by its job instead.
_RENDER = "RENDER_OT_render"
#: So long after an undo or redo, the user may want to redo, in seconds. Not longer: who has undone a step and waits for
#: the model should not wait in vain.
_REDO_S = 10.0

_undone_at_s = float("-inf")


def note_undo() -> None:
    """Note that the user goes through the undo steps. Called after each undo and redo."""
    global _undone_at_s
    _undone_at_s = time.monotonic()


def forget_undo() -> None:
    """Wait for no redo: the user has pressed a button of the panel since the undo."""
    global _undone_at_s
    _undone_at_s = float("-inf")


def reason_to_wait() -> Sentence | None:
    """Return why an import has to wait for the user; None if it need not."""
    if is_busy():
        return Sentence.of("Waits until you are done with what you are doing.")
    if _sculpts_with_dyntopo():
        return Sentence.of("Waits until Dyntopo is off or Sculpt Mode is left.")
    if time.monotonic() - _undone_at_s < _REDO_S and undo.can_redo():
        # The undo step of an import drops what could be redone, and nothing of the user's brings it back.
        return Sentence.of("Waits a moment, because what was undone cannot be redone afterwards.")
    return None


def _sculpts_with_dyntopo() -> bool:
    """
    Return whether a mesh is sculpted with dynamic topology in one of the windows.

    Its undo steps do not outlive one of the whole file among them: six steps back and forth across an import left an
    empty mesh (4.3.2 and 5.2.2).
    """
    return any(obj.use_dynamic_topology_sculpting for obj in undo.sculpted_objects())


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
