# SPDX-License-Identifier: GPL-3.0-or-later
"""
The modal operator that drives the engine while work is in progress.

Floor: third. Thread: main. Imports ``bpy``.

Blender skips its autosave while any modal operator runs (measured over 150 s with an autosave every minute: none with
a modal that stays, two with one that ends every 5 s and starts again 0.1 s later). So the operator ends after a few
seconds, and the app timer starts it again. Blender ends it at File > Open and when its window closes, in some cases
without notice. So it counts as running if its last tick is recent.
"""

import time
from typing import TYPE_CHECKING, Any

import bpy

from ..state import runtime
from ..text.translate import translate
from . import redraw

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    from ..state.session import Session

#: Longest run of the operator, in seconds.
_BURST_S = 4.5
#: Interval of the ticks, in seconds.
_STEP_S = 0.1
#: Interval of looking for news, in seconds, while a model is converted that will be imported: by the ticks alone, it
#: would wait 0.05 s on average when it is ready. Without news, a look ends here.
_LOOK_S = 0.02
#: Time budget of one tick on the main thread, in seconds: a quarter of a frame at 60 Hz.
_BUDGET_S = 0.004
#: Seconds without a tick after which the operator counts as ended. A long import does not matter: the app timer, which
#: checks this, does not fire during it either.
_SILENCE_S = 1.0

_burst = 0
_ticked_at_s = float("-inf")


def is_alive() -> bool:
    """Return whether the operator is running, judged by its last tick."""
    return time.monotonic() - _ticked_at_s < _SILENCE_S


def start() -> bool:
    """
    Start the operator in the window of the context; return whether it runs.

    Blender gives timers the first window. The context is not overridden: operators that run inside an override crash
    Blender now and then while other threads run (docs/architecture.md).
    """
    watch = bpy.ops.triverse.watch  # type: ignore[attr-defined]
    return watch.poll() and "RUNNING_MODAL" in watch("INVOKE_DEFAULT")


def forget() -> None:
    """Make a running operator end at its next tick, and treat it as ended from now on."""
    global _burst, _ticked_at_s
    _burst += 1
    _ticked_at_s = float("-inf")


class TRIVERSE_OT_watch(bpy.types.Operator):
    """Keep an eye on Triverse tasks for a few seconds"""

    bl_idname = "triverse.watch"
    bl_label = "Watch Triverse Tasks"
    bl_options = {"INTERNAL"}

    _timer: Any = None
    _interval_s = 0.0
    _number = 0
    _ends_at_s = 0.0

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return True if there is a window and a session."""
        return context.window is not None and runtime.current() is not None

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Add the event timer and start running as a modal operator."""
        global _burst, _ticked_at_s
        _burst += 1
        self._number = _burst
        _ticked_at_s = time.monotonic()
        self._ends_at_s = _ticked_at_s + _BURST_S
        self._set_interval(context, _STEP_S)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Run a tick of the session at each timer event. All events are passed through."""
        global _ticked_at_s
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        session = runtime.current()
        if session is None or self._number != _burst:
            self._remove_timer(context)
            return {"FINISHED", "PASS_THROUGH"}
        is_look = self._interval_s < _STEP_S and time.monotonic() - _ticked_at_s < _STEP_S
        if is_look and not session.engine.has_events:
            return {"PASS_THROUGH"}
        # tick_safely(), because Blender shows the user the traceback of an operator that raises.
        if session.tick_safely(_BUDGET_S):
            redraw.redraw()
        _ticked_at_s = time.monotonic()
        reported = self._report_notices(session)
        if reported or _ticked_at_s >= self._ends_at_s or not session.is_under_way:
            _ticked_at_s = float("-inf")
            self._remove_timer(context)
            return {"FINISHED", "PASS_THROUGH"}
        self._set_interval(context, _LOOK_S if session.in_progress.expects_model else _STEP_S)
        return {"PASS_THROUGH"}

    def _set_interval(self, context: bpy.types.Context, interval_s: float) -> None:
        """Let the event timer fire at this interval, in seconds."""
        if interval_s != self._interval_s:
            self._remove_timer(context)
            self._timer = context.window_manager.event_timer_add(interval_s, window=context.window)
            self._interval_s = interval_s

    def _report_notices(self, session: "Session") -> bool:
        """Report notices. Blender shows the reports of a modal operator when it ends."""
        reported = bool(session.pending_notices)
        while session.pending_notices:
            notice = session.pending_notices.popleft()
            # "ERROR" would open a popup while the user works.
            self.report({"INFO" if notice.level == "INFO" else "WARNING"}, translate(notice.sentence))
        return reported

    def cancel(self, context: bpy.types.Context) -> None:
        """Remove the event timer. Blender calls this when the window closes or a file is loaded."""
        global _ticked_at_s
        if self._number == _burst:
            _ticked_at_s = float("-inf")
        self._remove_timer(context)

    def _remove_timer(self, context: bpy.types.Context) -> None:
        if self._timer is not None:
            context.window_manager.event_timer_remove(self._timer)
            self._timer = None


CLASSES = (TRIVERSE_OT_watch,)
