# SPDX-License-Identifier: GPL-3.0-or-later
"""
Presets of a flow's settings, in Blender's own preset menu: starters of ours above, the user's own below.

Floor: third. Thread: main. Imports ``bpy``.

The user's are files in Blender's folder for presets, ``presets/triverse/<flow>``, written and run by Blender. Like all
its preset menus, this one lists that folder when it is opened; the panel itself does not. The starters are not files:
nothing of ours is written where the user keeps things. Both hold settings, and leave words and pictures alone.
"""

from types import MappingProxyType
from typing import TYPE_CHECKING

import bpy
from bl_operators.presets import AddPresetBase
from bl_ui.utils import PresetPanel
from bpy.props import EnumProperty

from ..api.flows import Flow
from . import inputs, redraw, remembered

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

#: The values of each starter by the names of their fields. A flow takes those that it has.
STARTERS = MappingProxyType(
    {
        "DRAFT": MappingProxyType({"turbo": True, "polygon_limit": 50_000, "texture_size": 1024}),
        "STANDARD": MappingProxyType({"turbo": False, "polygon_limit": 300_000, "texture_size": 2048}),
        "HERO": MappingProxyType({"turbo": False, "polygon_limit": 1_000_000, "texture_size": 4096}),
    }
)


def has_starters(flow: Flow) -> bool:
    """Tell whether the starters have a say in a flow."""
    return any(field.name in STARTERS["DRAFT"] for field in remembered.settings_of(flow))


def start(scene: bpy.types.Scene, flow: Flow, starter: str) -> None:
    """Give ``flow`` in ``scene`` the values of a starter."""
    for field in remembered.settings_of(flow):
        value = STARTERS[starter].get(field.name)
        if value is not None:
            group = inputs.holder(scene.triverse, flow, field)
            setattr(group, field.name, str(value) if inputs.steps(field) else value)


def _flow() -> Flow:
    return inputs.PANEL_FLOWS[bpy.context.scene.triverse.flow]


class TRIVERSE_OT_starter_preset(bpy.types.Operator):
    """Use the settings of this preset"""

    bl_idname = "triverse.starter_preset"
    bl_label = "Use Preset"
    bl_options = {"INTERNAL", "UNDO"}

    if TYPE_CHECKING:
        starter: str
    else:
        starter: EnumProperty(
            name="Preset",
            items=(
                ("DRAFT", "Draft", "Ready soonest, to try an idea: turbo, 50,000 triangles, textures of 1024 px"),
                ("STANDARD", "Standard", "For most things: 300,000 triangles, textures of 2048 px"),
                ("HERO", "Hero", "For what is seen from near: 1,000,000 triangles, textures of 4096 px"),
            ),
        )

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Fill in the settings of the flow that the panel shows."""
        start(context.scene, _flow(), self.starter)
        redraw.redraw()
        return {"FINISHED"}


class _OfFlow:
    """Where Blender's classes look for what belongs to the flow that the panel shows."""

    @property
    def preset_subdir(self) -> str:
        """The folder below ``presets``."""
        return f"triverse/{_flow().name}"


class TRIVERSE_OT_add_preset(_OfFlow, AddPresetBase, bpy.types.Operator):
    """Keep the settings as a preset, or remove one"""

    bl_idname = "triverse.add_preset"
    bl_label = "Add Triverse Preset"
    preset_menu = "TRIVERSE_PT_presets"

    @property
    def preset_values(self) -> list[str]:
        """
        What is kept, by whole paths.

        Short ones by way of ``preset_defines`` fail where an older Blender runs in Python 3.13, as Debian's 4.3 does:
        what its function defines with ``exec`` is not there for the ``eval`` that follows (PEP 667).
        """
        flow = _flow()
        group = f"bpy.context.scene.triverse.{inputs.attribute(flow.name)}"
        return [f"{group}.{field.name}" for field in remembered.settings_of(flow)]


class TRIVERSE_PT_presets(_OfFlow, PresetPanel, bpy.types.Panel):
    """Presets of what the panel shows."""

    bl_idname = "TRIVERSE_PT_presets"
    bl_label = "Presets"
    preset_operator = "script.execute_preset"
    preset_add_operator = "triverse.add_preset"

    def draw(self, context: bpy.types.Context) -> None:
        """The starters, then what Blender draws for the user's own."""
        layout = self.layout
        # The name is in the menu already: a click adds, without a dialog.
        layout.operator_context = "EXEC_DEFAULT"
        if has_starters(_flow()):
            column = layout.column(align=True)
            column.emboss = "PULLDOWN_MENU"
            column.operator_enum("triverse.starter_preset", "starter")
            layout.separator()
        if bpy.utils.preset_paths(self.preset_subdir):
            PresetPanel.draw(self, context)
            return
        # Without a folder Blender would say "* Missing Paths *". The row below is the one it draws.
        manager = context.window_manager
        row = layout.row()
        row.prop(manager, "preset_name", text="")
        row.operator(self.preset_add_operator, text="", icon="ADD", emboss=False).name = manager.preset_name


CLASSES = (TRIVERSE_OT_starter_preset, TRIVERSE_OT_add_preset, TRIVERSE_PT_presets)
