# SPDX-License-Identifier: GPL-3.0-or-later
"""
The app timer that always runs: light, and only there to start what is heavier.

Floor: third. Thread: main. Imports ``bpy``.

It is a function and not a method, because ``timers.is_registered`` is False for a method right after registering it
(measured); and persistent, because File > Open drops the others. It starts the session when there are tasks from last
time, starts the modal bursts of ``modal_timer`` while something is under way, has the news of other Blenders read, and
gives new scenes the settings that were used last.
"""

import logging
from typing import TYPE_CHECKING

import bpy

from ...api.errors import TriverseError
from ...api.unexpected_errors import UNFORESEEN, Slips
from .. import properties, translations
from ..form import last_used
from ..state import runtime
from . import modal_timer, redraw

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

_log = logging.getLogger(__name__)

#: The pause between two modal bursts, in which Blender can save its autosave (measured: 0.1 s is enough).
_PAUSE_S = 0.1
#: Nothing is under way.
_IDLE_S = 1.0
#: Budget of a tick outside the modal bursts, in seconds.
_BUDGET_S = 0.004

_slips = Slips()
_has_looked = False


def register() -> None:
    """Start the timer. Not in background: app timers never fire while a script runs there (measured)."""
    global _has_looked
    _has_looked = False
    _slips.went_well()
    if not bpy.app.background:
        bpy.app.timers.register(_timer, first_interval=_PAUSE_S, persistent=True)


def unregister() -> None:
    """Stop the timer."""
    if bpy.app.timers.is_registered(_timer):
        bpy.app.timers.unregister(_timer)


def _timer() -> float:
    try:
        again_s = beat()
    except UNFORESEEN as error:
        # Blender drops a timer that raises, and with it all tasks would stand still until the next start.
        _log.exception("A heartbeat failed")
        if (told := _slips.slipped(error)) is not None:
            runtime.tell_slip(told.sentence)
            redraw.redraw()
        return _IDLE_S
    _slips.went_well()
    return again_s


def beat() -> float:
    """Do what is due; returns when to come again, in seconds."""
    global _has_looked
    if translations.follow():
        redraw.redraw()
    if not _has_looked:
        _has_looked = True
        if runtime.has_store():
            runtime.wish()
    if runtime.is_wished():
        try:
            runtime.need()
        except TriverseError as error:
            _log.info("Triverse cannot start: %s", error)
            redraw.redraw()
    windows = bpy.context.window_manager.windows
    for window in windows:
        # Files are mended when they are loaded; not so scenes that are appended, or that undo brings back.
        if properties.mend(window.scene) | last_used.seed(window.scene):
            redraw.redraw()
    here = runtime.current()
    if here is None:
        return _IDLE_S
    if modal_timer.is_alive():
        return _PAUSE_S
    if here.is_under_way and modal_timer.start():
        return _PAUSE_S
    # Nothing is under way but, at most, models that wait for their file; or no window is there to watch in.
    if windows:
        # A timer has no window of its own, and an undo step needs one.
        with bpy.context.temp_override(window=windows[0], screen=windows[0].screen):
            changed = here.tick_safely(_BUDGET_S)
    else:
        changed = here.tick_safely(_BUDGET_S, may_import=False)
    if changed:
        redraw.redraw()
    return _PAUSE_S if here.is_under_way else _IDLE_S


def wake() -> None:
    """Let the next beat come at once: the user has just asked for something."""
    if not bpy.app.background:
        unregister()
        bpy.app.timers.register(_timer, first_interval=0.0, persistent=True)


def done() -> "set[OperatorReturnItems]":
    """Have what an operator left as a wish taken up and shown at once; returns what the operator returns."""
    wake()
    redraw.redraw()
    return {"FINISHED"}
