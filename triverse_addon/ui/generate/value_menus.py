# SPDX-License-Identifier: GPL-3.0-or-later
"""
Menus of known values for settings that take others too: numbers with separators, texts, and "Other…" with a dialog.

Floor: third. Thread: main. Imports ``bpy``. Drawing reads memory only.
"""

from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import IntProperty, StringProperty

from ...api.flows import Field, Flow, Kind
from ..form import inputs
from ..rna.members import scene_props
from ..setup.operator_helpers import FillsInMixin
from ..text.translate import amount, tr
from ..timers import redraw

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

_WIDTH = 260
#: Known values of settings that are numbers, by field name. Those outside the limits of a flow are left out.
_NUMBERS = {"polygon_limit": (10_000, 50_000, 100_000, 300_000, 500_000, 1_000_000, 1_500_000)}


def has_menu(field: Field) -> bool:
    """Return whether known values of a setting are offered, and others are possible."""
    return field.name in _NUMBERS or (field.kind is Kind.TEXT and bool(field.choices))


def known_values(field: Field) -> list[int | str]:
    """Return the values that the menu of a setting offers."""
    if field.kind is Kind.TEXT:
        return list(field.choices)
    low, high = field.minimum or 0, field.maximum
    return [number for number in _NUMBERS[field.name] if low <= number and (high is None or number <= high)]


def in_words(value: int | str) -> str:
    """Return a value as it is shown: numbers with separators."""
    return amount(value) if isinstance(value, int) else str(value)


def draw(layout: bpy.types.UILayout, props: Any, flow: Flow, field: Field, *, is_narrow: bool) -> None:
    """
    Draw a setting as a menu with its label: before it, or inside where there is no room.

    :param props: a scene's ``triverse`` properties.
    """
    value = in_words(inputs.held(props, flow, field))
    if is_narrow:
        layout.menu(menu_name(field), text=tr("{field}: {value}", field=field.label, value=value), translate=False)
        return
    # As Blender divides a row with a label and a property.
    row = layout.split(factor=0.4)
    label = row.row()
    label.alignment = "RIGHT"
    label.label(text=field.label)
    row.menu(menu_name(field), text=value, translate=False)


def menu_name(field: Field) -> str:
    """Return the name of the menu class of a setting."""
    return f"TRIVERSE_MT_value_{field.name}"


def _field(context: bpy.types.Context, name: str) -> tuple[Flow, Field] | None:
    flow = inputs.chosen_flow(scene_props(context.scene))
    return next(((flow, field) for field in flow.fields if field.name == name), None)


def _draw_menu(layout: bpy.types.UILayout, context: bpy.types.Context, name: str) -> None:
    found = _field(context, name)
    field = found[1] if found is not None else _menu_fields()[name]
    held = inputs.held(scene_props(context.scene), *found) if found is not None else None
    for value in known_values(field):
        row = layout.operator(
            "triverse.set_value",
            text=in_words(value),
            icon="CHECKMARK" if value == held else "BLANK1",
            translate=False,
        )
        row.field, row.value = field.name, str(value)
    layout.separator()
    layout.operator_context = "INVOKE_DEFAULT"
    layout.operator("triverse.other_value", icon="BLANK1").field = field.name


def _menu(field: Field) -> type[bpy.types.Menu]:
    def draw_entries(self: bpy.types.Menu, context: bpy.types.Context) -> None:
        """Draw the known values of the setting, and the way to others."""
        _draw_menu(self.layout, context, field.name)

    members = {
        "__doc__": f"Known values of {field.label}.",
        "__module__": __name__,
        "bl_idname": menu_name(field),
        "bl_label": field.label,
        "draw": draw_entries,
    }
    return type(menu_name(field), (bpy.types.Menu,), members)


class TRIVERSE_OT_set_value(FillsInMixin, bpy.types.Operator):
    """Use this value"""

    bl_idname = "triverse.set_value"
    bl_label = "Use Value"
    bl_options = {"INTERNAL", "UNDO"}

    if TYPE_CHECKING:
        field: str
        value: str
    else:
        field: StringProperty(options={"HIDDEN", "SKIP_SAVE"})
        value: StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Put the value into the panel."""
        return _set(context, self.field, self.value)


class TRIVERSE_OT_other_value(FillsInMixin, bpy.types.Operator):
    """Enter another value than those of the menu"""

    bl_idname = "triverse.other_value"
    bl_label = "Other…"
    bl_options = {"INTERNAL", "UNDO"}

    if TYPE_CHECKING:
        field: str
        text: str
        number: int
    else:
        field: StringProperty(options={"HIDDEN", "SKIP_SAVE"})
        text: StringProperty(name="Value", options={"SKIP_SAVE"})
        number: IntProperty(name="Value", options={"SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Open a dialog with the present value."""
        found = _field(context, self.field)
        if found is None:
            return {"CANCELLED"}
        flow, field = found
        held = inputs.held(scene_props(context.scene), flow, field)
        if field.kind is Kind.INT:
            self.number = held
        else:
            self.text = str(held)
        return context.window_manager.invoke_props_dialog(
            self, width=_WIDTH, title=tr(field.label), confirm_text=tr("Done")
        )

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the field for the value, with its limits."""
        found = _field(context, self.field)
        if found is None:
            return
        field = found[1]
        column = self.layout.column()
        row = column.row()
        row.activate_init = True
        row.prop(self, "number" if field.kind is Kind.INT else "text", text="")
        if field.minimum is not None and field.maximum is not None:
            limits = tr("From {low} to {high}", low=in_words(field.minimum), high=in_words(field.maximum))
            column.label(text=limits, translate=False)

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Put the value into the panel. A number outside the limits becomes the nearest inside."""
        found = _field(context, self.field)
        is_number = found is not None and found[1].kind is Kind.INT
        return _set(context, self.field, str(self.number) if is_number else self.text)


def _set(context: bpy.types.Context, name: str, text: str) -> "set[OperatorReturnItems]":
    found = _field(context, name)
    if found is None:
        return {"CANCELLED"}
    flow, field = found
    try:
        setattr(
            inputs.holder(scene_props(context.scene), flow, field), name, int(text) if field.kind is Kind.INT else text
        )
    except ValueError:
        return {"CANCELLED"}
    redraw.redraw()
    return {"FINISHED"}


def _menu_fields() -> dict[str, Field]:
    fields = [field for flow in inputs.PANEL_FLOWS.values() for field in flow.fields if has_menu(field)]
    return {field.name: field for field in fields}


CLASSES: tuple[type[bpy.types.Operator] | type[bpy.types.Menu], ...] = (
    TRIVERSE_OT_set_value,
    TRIVERSE_OT_other_value,
    *map(_menu, _menu_fields().values()),
)
