# SPDX-License-Identifier: GPL-3.0-or-later
"""
Press a button that opens a dialog or a file browser, without a window.

What the button's operator asks of Blender's window manager is written down. It is checked against Blender's description
of that: the function and its arguments must exist in the Blender at hand. Main thread; imports ``bpy``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import bpy
import pytest

from tests.blender.recorder import Recorder

Meanwhile = Callable[[Any, Any], object]
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
    :param texts: what is to be read in the dialog, or beside the files.
    :param prose: its labels, as running text.
    :param clipboard: what is in the clipboard at the end.
    """

    result: set[str] = field(default_factory=set)
    opened: str = ""
    given: dict[str, Any] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    prose: str = ""
    clipboard: str = ""


class _Dialog:
    """An operator whose layout writes down what is drawn into it."""

    def __init__(self, operator: bpy.types.Operator) -> None:
        properties = bpy.context.window_manager.operator_properties_last(type(operator).bl_idname)
        self.__dict__.update(operator=operator, layout=Recorder(), bl_rna=properties.bl_rna)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.operator, name)


class _Manager:
    """Stands in for the window manager, which cannot open anything without a window: Blender would crash."""

    def __init__(self, pressed: Press, meanwhile: Meanwhile | None) -> None:
        self._pressed, self._meanwhile = pressed, meanwhile
        self.clipboard = pressed.clipboard

    def __getattr__(self, name: str) -> Any:
        if name not in OPENERS:
            return getattr(bpy.context.window_manager, name)

        def call(operator: bpy.types.Operator, *positional: Any, **named: Any) -> set[str]:
            parameters = FUNCTIONS[name].parameters.keys()
            given = dict(zip(parameters[1:], positional, strict=False)) | named  # the first is the operator
            for argument in given:
                assert argument in parameters, f"{name}() has no argument {argument}"
            pressed = self._pressed
            assert not pressed.opened, "one at a time"
            pressed.opened = name
            pressed.given = {argument: value for argument, value in given.items() if argument != "event"}
            if self._meanwhile is not None:
                self._meanwhile(operator, _Context(self))
            pressed.properties = operator.as_keywords()
            if name != "invoke_confirm" and hasattr(operator, "draw"):
                dialog = _Dialog(operator)
                type(operator).draw(dialog, _Context(self))
                pressed.texts, pressed.prose = dialog.layout.texts(), dialog.layout.prose()
            return {"RUNNING_MODAL"}

        return call


class _Context:
    """The context of a press, with a window manager that opens nothing."""

    def __init__(self, manager: _Manager) -> None:
        self.window_manager = manager

    def __getattr__(self, name: str) -> Any:
        return getattr(bpy.context, name)


def press(operator: Any, *, clipboard: str = "", meanwhile: Meanwhile | None = None, **properties: Any) -> Press:
    """
    Press the button of an operator, such as ``bpy.ops.triverse.generate``, with the properties that the button gives.

    Without a window, Blender executes operators and never invokes them. So this one is invoked where it would be
    executed: it is a real operator, which was polled.

    :param clipboard: what was copied before.
    :param meanwhile: called with operator and context while the dialog is open.
    """
    pressed = Press(clipboard=clipboard)
    cls = getattr(bpy.types, operator.idname())
    with pytest.MonkeyPatch.context() as patch:
        act = getattr(cls, "invoke", None)
        executed = cls.execute

        def execute(self: bpy.types.Operator, _context: bpy.types.Context) -> set[str]:
            patch.undo()  # what is invoked may execute itself
            manager = _Manager(pressed, meanwhile)
            context = _Context(manager)
            keys = {"shift": False, "ctrl": False, "oskey": False}
            event = SimpleNamespace(type="LEFTMOUSE", mouse_x=0, mouse_y=0, **keys)
            pressed.result = executed(self, context) if act is None else act(self, context, event)
            pressed.clipboard = manager.clipboard
            return {"CANCELLED"} if pressed.result == {"RUNNING_MODAL"} else pressed.result

        patch.setattr(cls, "execute", execute)
        operator(**properties)
    return pressed
