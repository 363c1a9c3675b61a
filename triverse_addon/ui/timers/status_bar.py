# SPDX-License-Identifier: GPL-3.0-or-later
"""
A progress bar in Blender's status bar while tasks are in progress.

Floor: third. Thread: main. Imports ``bpy``. Drawing reads memory only.
"""

import bpy

from ..state import runtime
from ..text.translate import tr

#: What each status bar shows (text and percent), by the pointer of its window. Set in drawing, compared in refresh().
_drawn: dict[int, tuple[str, int] | None] = {}


def register() -> None:
    """Append the progress bar to Blender's status bar."""
    bpy.types.STATUSBAR_HT_header.append(_draw)  # type: ignore[arg-type]  # the stubs leave out the first argument


def unregister() -> None:
    """Remove the progress bar from Blender's status bar."""
    bpy.types.STATUSBAR_HT_header.remove(_draw)  # type: ignore[arg-type]
    _drawn.clear()


def refresh() -> None:
    """
    Redraw each status bar that shows outdated content.

    A status bar is not among ``screen.areas``, and redrawing other areas does not redraw it (measured in 4.3: it showed
    "Waiting to be sent" until the mouse moved over a button). Clearing the status text redraws it. While any other
    modal operator runs, the status bar is left alone to keep that operator's text; moving the mouse redraws it then.
    """
    now = _content()
    windows = [window for window in bpy.context.window_manager.windows if window.parent is None]
    stale = [window for window in windows if _drawn.get(window.as_pointer()) != now]
    if not stale or _is_taken():
        return
    for window in stale:
        with bpy.context.temp_override(window=window, screen=window.screen, workspace=window.workspace):
            # Not ``status_text_set``, which would also remove a draw function set by another add-on.
            window.workspace.status_text_set_internal(None)
    gone = _drawn.keys() - {window.as_pointer() for window in windows}
    for pointer in gone:
        del _drawn[pointer]


def _is_taken() -> bool:
    """Return whether a modal operator other than ``triverse.watch`` runs, which may have set the status text."""
    return any(
        operator.bl_idname != "TRIVERSE_OT_watch"
        for window in bpy.context.window_manager.windows
        for operator in window.modal_operators
    )


def _content() -> tuple[str, int] | None:
    """Return the text and the percentage to show, or None while no task is in progress."""
    session = runtime.current()
    if session is None or not session.moving.count:
        return None
    from ..state import task_presentation  # lazy import, as in runtime

    moving = session.moving
    if moving.one is None:
        return tr("{count} Triverse tasks", count=moving.count), round(100 * moving.progress)
    return task_presentation.state(session.shown(moving.one.id) or moving.one)[0], round(100 * moving.progress)


def _draw(self: bpy.types.Header, context: bpy.types.Context) -> None:
    content = _content()
    if context.window is not None:
        _drawn[context.window.as_pointer()] = content
    if content is None:
        return
    text, percent = content
    row = self.layout.row()
    row.ui_units_x = 10
    row.progress(factor=percent / 100, text=text, translate=False)
