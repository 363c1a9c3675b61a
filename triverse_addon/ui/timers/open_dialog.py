# SPDX-License-Identifier: GPL-3.0-or-later
"""
Redraws an open dialog when a price arrives: by itself, Blender does so only when the user changes something in it.

Floor: third. Thread: main. Imports ``bpy``.

The region of a dialog is known to the context of its ``draw()`` only. Blender does not tell when it has removed it, and
crashes if the reference is used then. But whatever closes a dialog calls its operator in the same step, before any
timer runs: its button ``poll()`` and, if that allows it, ``execute()``; Escape, File > Open and the end of the window
``cancel()``. So :func:`follows_price` has each of these forget the region.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import bpy

_Class = TypeVar("_Class", bound=type[Any])


class _Dialog:
    """
    A dialog that is open.

    :ivar screen: the name of the screen that the region belongs to.
    :ivar seen: what ``look()`` was when the dialog was drawn.
    """

    def __init__(self, region: bpy.types.Region, screen: str, look: Callable[[], object]) -> None:
        self.region, self.screen, self.look, self.seen = region, screen, look, look()


_open: _Dialog | None = None
_look: Callable[[], object] | None = None


def follows(look: Callable[[], object]) -> None:
    """
    Tell, while drawing a dialog, what it shows that may change by itself.

    :param look: returns what is to be shown; the dialog is drawn anew once that is no longer the same. Not more often:
        up to 4.3, a button under the mouse takes no click then before the mouse moves (measured; not so in 5.2).
    """
    global _look
    _look = look


def follows_price(cls: _Class) -> _Class:
    """Have the dialog of an operator drawn anew when what it :func:`follows` changes. A decorator for its class."""
    draw, execute, poll = cls.draw, cls.execute, cls.poll.__func__
    cancel: Callable[[Any, bpy.types.Context], None] | None = getattr(cls, "cancel", None)

    def draw_and_remember(self: Any, context: bpy.types.Context) -> None:
        global _look
        _look = None
        draw(self, context)
        _remember(context)

    def execute_closed(self: Any, context: bpy.types.Context) -> Any:
        forget()
        return execute(self, context)

    def poll_closed(cls: Any, context: bpy.types.Context) -> Any:
        allowed = poll(cls, context)
        if not allowed:
            # Of a dialog's button, that was all: neither execute() nor cancel() is called.
            forget()
        return allowed

    def cancel_closed(self: Any, context: bpy.types.Context) -> None:
        forget()
        if cancel is not None:
            cancel(self, context)

    cls.draw, cls.execute, cls.cancel = draw_and_remember, execute_closed, cancel_closed
    cls.poll = classmethod(poll_closed)
    return cls


def _remember(context: bpy.types.Context) -> None:
    global _open
    region = context.region_popup
    # The same draw() serves Adjust Last Operation, which is no dialog.
    if region is not None and _look is not None and context.screen is not None:
        _open = _Dialog(region, context.screen.name, _look)


def forget() -> None:
    """Forget the dialog: it is closed, or its operator, which would tell so, is unregistered."""
    global _open
    _open = None


def refresh(*, is_changed: bool = False) -> None:
    """
    Have the open dialog drawn anew if there is one, and what it shows has changed since it was drawn.

    :param is_changed: it has, whether or not the dialog :func:`follows` that.
    """
    if _open is None or (not is_changed and _open.look() == _open.seen):
        return
    if any(window.screen.name == _open.screen for window in bpy.context.window_manager.windows):
        _open.region.tag_refresh_ui()
