# SPDX-License-Identifier: GPL-3.0-or-later
"""
Press a button that opens a dialog or a file browser, without a window.

What the button's operator asks of Blender's window manager is written down. It is checked against Blender's description
of that: the function and its arguments must exist in the Blender at hand. Main thread; imports ``bpy``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import bpy
import pytest

FUNCTIONS = bpy.types.WindowManager.bl_rna.functions
OPENERS = ("fileselect_add", "invoke_confirm", "invoke_popup", "invoke_props_dialog")


@dataclass
class Press:
    """
    What came of a press.

    :param result: what the operator returned to Blender.
    :param opened: the function that opened a dialog or file browser; empty if none was opened.
    :param given: its arguments, without operator and event.
    :param properties: the operator's own, as they were then: with them, the dialog opens.
    """

    result: set[str] = field(default_factory=set)
    opened: str = ""
    given: dict[str, Any] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)


class _Manager:
    """Stands in for the window manager, which cannot open anything without a window: Blender would crash."""

    def __init__(self, pressed: Press) -> None:
        self._pressed = pressed

    def __getattr__(self, name: str) -> Any:
        if name not in OPENERS:
            return getattr(bpy.context.window_manager, name)

        def call(operator: bpy.types.Operator, *positional: Any, **named: Any) -> set[str]:
            parameters = FUNCTIONS[name].parameters
            names = [one for one in parameters if one != "operator"]
            given = dict(zip(names, positional, strict=False)) | named
            for argument in given:
                assert argument in parameters, f"{name}() has no argument {argument}"
            assert not self._pressed.opened, "one at a time"
            self._pressed.opened = name
            self._pressed.given = {argument: value for argument, value in given.items() if argument != "event"}
            self._pressed.properties = operator.as_keywords()
            return {"RUNNING_MODAL"}

        return call


class _Context:
    """The context of a press, with a window manager that opens nothing."""

    def __init__(self, pressed: Press) -> None:
        self.window_manager = _Manager(pressed)

    def __getattr__(self, name: str) -> Any:
        return getattr(bpy.context, name)


def press(operator: Any, event: str = "LEFTMOUSE", **properties: Any) -> Press:
    """
    Press the button of an operator, such as ``bpy.ops.triverse.generate``, with the properties that the button gives.

    Without a window, Blender executes operators and never invokes them. So this one is invoked where it would be
    executed: it is a real operator, which was polled.
    """
    pressed = Press()
    cls = getattr(bpy.types, operator.idname())
    with pytest.MonkeyPatch.context() as patch:

        def execute(self: bpy.types.Operator, _context: bpy.types.Context) -> set[str]:
            patch.undo()  # what is invoked may execute itself
            pressed.result = cls.invoke(self, _Context(pressed), SimpleNamespace(type=event))
            return {"CANCELLED"} if pressed.result == {"RUNNING_MODAL"} else pressed.result

        patch.setattr(cls, "execute", execute)
        operator(**properties)
    return pressed
