# SPDX-License-Identifier: GPL-3.0-or-later
"""
A layout that writes down what is drawn into it, and refuses what Blender's own would refuse.

No window is needed: ``draw()`` of a panel is called with it. Every call is checked against Blender's description of
``UILayout``: the function, its arguments, icons, properties and operators must exist in the Blender at hand. Main
thread; imports ``bpy``.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import bpy

FUNCTIONS = bpy.types.UILayout.bl_rna.functions
ATTRIBUTES = bpy.types.UILayout.bl_rna.properties
ICONS = FUNCTIONS["label"].parameters["icon"].enum_items
POSITIONAL = {
    "prop": ("data", "property"),
    "textbox": ("data", "property"),
    "operator": ("operator",),
    "menu": ("menu",),
    "panel": ("idname",),
}
#: Begins the names of menus that stand for the property whose value is chosen in them.
VALUE_MENU = "TRIVERSE_MT_value_"
_PROPERTIES = ("prop", "textbox", "menu")
CONTAINERS = {"row", "column", "box", "split", "grid_flow", "menu_pie"}


class Drawn:
    """One thing that was drawn: the function, its arguments, how high, and for an operator its properties."""

    def __init__(self, function: str, given: dict[str, Any], alert: bool, enabled: bool, scale_y: float) -> None:
        self.function = function
        self.given = given
        self.alert = alert
        self.enabled = enabled
        self.scale_y = scale_y
        self.properties = SimpleNamespace()

    @property
    def text(self) -> str:
        """What a user reads of it."""
        if self.given.get("text") is not None:
            return str(self.given["text"])
        if self.function == "operator":
            module, name = self.given["operator"].split(".")
            return str(getattr(getattr(bpy.ops, module), name).get_rna_type().name)
        if self.function == "prop":
            return str(self.given["data"].bl_rna.properties[self.given["property"]].name)
        return ""


class Recorder:
    """Stands in for a ``UILayout``; ``drawn`` holds all, in order, whatever row or box it is in."""

    def __init__(
        self,
        drawn: list[Drawn] | None = None,
        *,
        open_panels: bool = True,
        alert: bool = False,
        enabled: bool = True,
        scale_around: float = 1.0,
    ) -> None:
        self.__dict__.update(
            drawn=[] if drawn is None else drawn,
            open_panels=open_panels,
            alert=alert,
            enabled=enabled,
            scale_around=scale_around,
            scale_y=1.0,
        )

    def __setattr__(self, name: str, value: Any) -> None:
        assert name in ATTRIBUTES, f"UILayout has no {name}"
        self.__dict__[name] = value

    def __getattr__(self, name: str) -> Any:
        if name not in FUNCTIONS:
            raise AttributeError(f"UILayout has no {name}")

        def call(*positional: Any, **named: Any) -> Any:
            parameters = FUNCTIONS[name].parameters
            names = POSITIONAL.get(name, tuple(parameters.keys()))
            given = dict(zip(names, positional, strict=False)) | named
            for argument in given:
                assert argument in parameters, f"{name}() has no argument {argument}"
            self._check(name, given)
            if name == "menu" and given["menu"].startswith(VALUE_MENU):
                given["property"] = given["menu"].removeprefix(VALUE_MENU)
            if name in CONTAINERS:
                return self._inside()
            # Made here and not in a method: a test counts how many functions a drawing calls.
            drawn = Drawn(name, given, self.alert, self.enabled, self.scale_around * self.scale_y)
            if name == "panel":
                self.drawn.append(drawn)
                return self._inside(), self._inside() if self.open_panels else None
            self.drawn.append(drawn)
            return drawn.properties if name == "operator" else None

        return call

    def _inside(self) -> Recorder:
        how = {"open_panels": self.open_panels, "alert": self.alert, "enabled": self.enabled}
        return Recorder(self.drawn, **how, scale_around=self.scale_around * self.scale_y)

    @staticmethod
    def _check(name: str, given: dict[str, Any]) -> None:
        for value in given.values():
            if isinstance(value, str):
                value.encode()  # as Blender's own does
        if "icon" in given:
            assert given["icon"] in ICONS, f"no icon {given['icon']}"
        if name == "operator":
            module, operator = given["operator"].split(".")
            getattr(getattr(bpy.ops, module), operator).get_rna_type()
        if name == "prop":
            assert given["property"] in given["data"].bl_rna.properties, f"no property {given['property']}"
        if name == "menu":
            assert hasattr(bpy.types, given["menu"]), f"no menu {given['menu']}"
        if name == "progress":
            assert 0.0 <= given["factor"] <= 1.0

    # What a test asks

    def texts(self) -> list[str]:
        """All that a user can read, in order."""
        return [one.text for one in self.drawn if one.text]

    def prose(self) -> str:
        """All labels as running text: sentences are drawn in several lines."""
        return " ".join(one.text for one in self.drawn if one.function == "label" and one.text)

    def operators(self) -> list[str]:
        """All operators, in order."""
        return [one.given["operator"] for one in self.drawn if one.function == "operator"]

    def properties(self) -> list[str]:
        """All properties, in order, also those whose value is chosen in a menu."""
        return [one.given["property"] for one in self.drawn if one.function in _PROPERTIES and "property" in one.given]


def draw(panel: type, *, open_panels: bool = True) -> Recorder:
    """Return what a panel or menu draws now."""
    layout = Recorder(open_panels=open_panels)
    panel.draw(SimpleNamespace(layout=layout), bpy.context)
    return layout
