# SPDX-License-Identifier: GPL-3.0-or-later
"""
The app timer that runs as long as the add-on is enabled.

Floor: third. Thread: main. Imports ``bpy``.

The callback is a function, because ``timers.is_registered`` returns False for a method right after it was registered
(measured). It is persistent, because File > Open removes other timers. It starts the session if there are tasks from an
earlier Blender session, starts the modal operator of ``modal_timer`` while work is in progress, reads the changes made
by other Blender processes, and gives new scenes the settings that were used last.
"""

from typing import TYPE_CHECKING

import bpy

from ...api.errors import TriverseError
from ...api.unexpected_errors import UNFORESEEN, ErrorStreak
from ...scripting import write_access
from .. import settings, translations
from ..form import example, last_used, properties
from ..rna.members import scene_props
from ..state import runtime
from . import modal_timer, redraw, viewport_header

if TYPE_CHECKING:
    import logging

    from bpy.stub_internal.rna_enums import OperatorReturnItems

#: Pause between two runs of the modal operator, in seconds. Blender can autosave in it (measured: 0.1 s is enough).
_PAUSE_S = 0.1
#: Interval while nothing is in progress, in seconds.
_IDLE_S = 1.0
#: Time budget of a tick outside the modal operator, in seconds.
_BUDGET_S = 0.004

_error_streak = ErrorStreak()
_has_looked = False


def register() -> None:
    """Start the timer. Not in background mode, where app timers never fire while a script runs (measured)."""
    global _has_looked
    _has_looked = False
    _error_streak.reset()
    if not bpy.app.background:
        bpy.app.timers.register(_timer, first_interval=_PAUSE_S, persistent=True)


def unregister() -> None:
    """Stop the timer."""
    if bpy.app.timers.is_registered(_timer):
        bpy.app.timers.unregister(_timer)


def _log() -> "logging.Logger":
    import logging  # for faults only; register() imports this module

    return logging.getLogger(__name__)


def _timer() -> float:
    try:
        again_s = write_access.call(tick)
    except UNFORESEEN as error:
        # Blender removes a timer that raises. All tasks would then stop until the next start.
        _log().exception("A heartbeat failed")
        if (to_show := _error_streak.error_to_report(error)) is not None:
            runtime.show_unexpected_error(to_show.sentence)
            redraw.redraw()
        return _IDLE_S
    _error_streak.reset()
    return again_s if write_access.is_given() else _IDLE_S


def tick() -> float:
    """
    Run one round of the timer: language, session start, new scenes, modal operator or tick.

    :returns: seconds until the next call.
    """
    global _has_looked
    if not settings.are_there():
        return _IDLE_S
    if translations.follow():
        redraw.redraw()
    if not _has_looked:
        _has_looked = True
        if runtime.has_store():
            runtime.request_start()
    if settings.is_typed_key_to_test() and not settings.is_offline():
        # In the preferences, where no panel that is drawn asks for the session.
        runtime.request_start()
    if runtime.is_start_requested():
        try:
            runtime.get_or_start()
        except TriverseError as error:
            _log().info("Triverse cannot start: %s", error)
            redraw.redraw()
    windows = bpy.context.window_manager.windows
    for window in windows:
        # Enum values are corrected when a file is loaded, but not in scenes that are appended or restored by undo.
        scene = window.scene
        changed = properties.repair(scene) | last_used.seed(scene)
        if changed or (scene.is_editable and example.end_if_changed(scene_props(scene))):
            redraw.redraw()
    viewport_header.refresh()
    session = runtime.current()
    if session is None:
        return _IDLE_S
    if modal_timer.is_alive():
        return _PAUSE_S
    if session.is_under_way and modal_timer.start():
        return _PAUSE_S
    # Nothing is in progress except models that wait for their file to be opened, or the modal operator has no window.
    # An undo step needs a window. Blender gives timers the first one.
    changed = session.tick_safely(_BUDGET_S, may_import=bpy.context.window is not None)
    if changed:
        redraw.redraw()
    return _PAUSE_S if session.is_under_way else _IDLE_S


def wake() -> None:
    """Make the timer fire at once, for something that the user has just requested."""
    if not bpy.app.background:
        unregister()
        bpy.app.timers.register(_timer, first_interval=0.0, persistent=True)


def finish_operator() -> "set[OperatorReturnItems]":
    """
    Wake the timer and redraw, so that the request of an operator takes effect at once.

    :returns: the operator's result, ``{"FINISHED"}``.
    """
    from ..state import user_activity  # lazy import: the session has imported it

    user_activity.forget_undo()
    wake()
    redraw.redraw()
    return {"FINISHED"}
