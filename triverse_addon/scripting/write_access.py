# SPDX-License-Identifier: GPL-3.0-or-later
"""
Let timers and handlers change data although Blender believes that it is drawing.

Floor: between second and third, for the panel and for scripts. Thread: main. Imports ``bpy``.

While a panel is drawn, Blender lets Python change no data and call no operators. In several versions (seen in 4.3.2 and
5.0.1, not in 4.2.23, 4.5.15, 5.2.2, 5.2.3 and 5.3.0) it notes that for all threads alike, and each call of Python puts
back what it found at its beginning. So if Cycles begins to render while a panel is drawn, and ends after that, Python
may change nothing any more until Blender is quit (``findings/drawing-state-never-ends.sh``). Operators that the user
starts may, and so may the update function of a property, which is what is used here.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import bpy

T = TypeVar("T")

#: Name of the property of the window manager. Data of windows may be changed even then.
_PROPERTY = "triverse_write"
#: No scene has a custom property of this name.
_ABSENT = "triverse_absent"

_work: Callable[[], None] | None = None


def _updated(_manager: bpy.types.WindowManager, _context: bpy.types.Context) -> None:
    if _work is not None:
        _work()


def register() -> None:
    """Add the property, if it is not there yet: once Blender is stuck, it cannot be added."""
    if not hasattr(bpy.types.WindowManager, _PROPERTY):
        made: Any = bpy.props.BoolProperty(options={"HIDDEN", "SKIP_SAVE"}, update=_updated)
        setattr(bpy.types.WindowManager, _PROPERTY, made)


def unregister() -> None:
    """Remove the property."""
    if hasattr(bpy.types.WindowManager, _PROPERTY):
        delattr(bpy.types.WindowManager, _PROPERTY)


def is_given() -> bool:
    """Return whether Python may change data, and call operators."""
    if not bpy.data.scenes:
        return True
    try:
        del bpy.data.scenes[0][_ABSENT]  # Blender refuses that before it looks whether it is there
    except AttributeError:
        return False
    except KeyError:
        pass
    return True


def call(function: Callable[[], T]) -> T:
    """
    Call a function from a timer or handler, in a way that lets it change data and call operators.

    If Blender is stuck, that draws all editors anew. While it renders, it may get stuck within the call: then the
    function is called again.

    :return: what the function returns.
    :raises Exception: what the function raises.
    """
    global _work
    manager: Any = bpy.context.window_manager
    if manager is None or not hasattr(manager, _PROPERTY):
        return function()
    if is_given():
        try:
            return function()
        except (AttributeError, RuntimeError):
            if is_given():
                raise
    results: list[T] = []
    errors: list[BaseException] = []

    def work() -> None:
        # Blender would only print an error.
        try:
            results.append(function())
        except BaseException as error:  # noqa: BLE001 -- raised again below
            errors.append(error)

    _work = work
    try:
        setattr(manager, _PROPERTY, not getattr(manager, _PROPERTY))
    finally:
        _work = None
    if errors:
        raise errors[0]
    return results[0]
