# SPDX-License-Identifier: GPL-3.0-or-later
"""
A progress bar in Blender's status bar while something is under way.

Floor: third. Thread: main. Imports ``bpy``. Drawing reads memory only.
"""

import bpy

from ..state import runtime
from ..translate import words

#: What each status bar shows, by the address of its window; drawn there, compared at each redraw of the list.
_drawn: dict[int, tuple[str, int] | None] = {}


def register() -> None:
    """Add to the status bar."""
    bpy.types.STATUSBAR_HT_header.append(_draw)


def unregister() -> None:
    """Take it back."""
    bpy.types.STATUSBAR_HT_header.remove(_draw)
    _drawn.clear()


def refresh() -> None:
    """
    Have each status bar drawn again that shows something else than it should.

    A status bar is in no ``screen.areas``, and no other area's redraw reaches it (measured in 4.3: it showed "Waiting
    to be sent" until the mouse moved over a button). Taking the status text away is what redraws it. So that the text
    of another's operator stays, it is left alone while any but ours runs; moving the mouse then redraws it anyway.
    """
    now = _content()
    windows = [window for window in bpy.context.window_manager.windows if window.parent is None]
    stale = [window for window in windows if _drawn.get(window.as_pointer()) != now]
    if not stale or _is_taken():
        return
    for window in stale:
        with bpy.context.temp_override(window=window, screen=window.screen, workspace=window.workspace):
            # Not ``status_text_set``: it would also take away a draw function that someone has put in its place.
            window.workspace.status_text_set_internal(None)
    gone = _drawn.keys() - {window.as_pointer() for window in windows}
    for pointer in gone:
        del _drawn[pointer]


def _is_taken() -> bool:
    """Tell whether an operator runs that may have written into the status bar."""
    return any(
        operator.bl_idname != "TRIVERSE_OT_watch"
        for window in bpy.context.window_manager.windows
        for operator in window.modal_operators
    )


def _content() -> tuple[str, int] | None:
    """Return what is to be shown: words and percent; None while nothing is under way."""
    here = runtime.current()
    if here is None or not here.moving.count:
        return None
    from .. import task_presentation  # late, as in runtime

    moving = here.moving
    if moving.one is None:
        return words("{count} Triverse tasks", count=moving.count), round(100 * moving.progress)
    return task_presentation.state(here.shown(moving.one.id) or moving.one)[0], round(100 * moving.progress)


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
