# SPDX-License-Identifier: GPL-3.0-or-later
"""
Presets of a flow's settings, in Blender's preset menu: built-in presets above, the user's presets below.

Floor: third. Thread: main. Imports ``bpy``.

User presets are Python files that Blender writes to its presets folder, ``presets/triverse/<flow>``. They are parsed
here and not executed, because execution would stop at the first line that is no longer valid. As in all of Blender's
preset menus, the folder is listed when the menu is opened; drawing the panel does not list it. The built-in presets
(starters) are not files, so the add-on writes nothing to the user's folder. Both hold settings only, no prompts and no
pictures.
"""

import ast
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import bpy
from bl_operators.presets import AddPresetBase
from bl_ui.utils import PresetPanel
from bpy.props import EnumProperty, StringProperty

from ...api.flows import Flow
from ..form import inputs, last_used, mesh_options
from ..rna.members import scene_props
from ..setup.operator_helpers import FillsInMixin
from ..text.translate import tr
from ..timers import redraw

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

#: The values of each built-in preset by field name. Fields that a flow does not have are ignored.
STARTERS = MappingProxyType(
    {
        "DRAFT": MappingProxyType({"turbo": True, "polygon_limit": 50_000, "texture_size": 1024}),
        "STANDARD": MappingProxyType({"turbo": False, "polygon_limit": 300_000, "texture_size": 2048}),
        "HERO": MappingProxyType({"turbo": False, "polygon_limit": 1_000_000, "texture_size": 4096}),
    }
)

#: The name of each built-in preset.
LABELS = MappingProxyType({"DRAFT": "Draft", "STANDARD": "Standard", "HERO": "Hero"})


def has_starters(flow: Flow) -> bool:
    """Return whether a flow has any of the settings of the built-in presets."""
    return any(field.name in STARTERS["DRAFT"] for field in last_used.settings_of(flow))


def chosen_starter(props: Any, flow: Flow) -> str:
    """
    Return the built-in preset that the settings of ``flow`` are those of; "" if there is none.

    :param props: a scene's ``triverse`` properties.
    """
    fields = [field for field in last_used.settings_of(flow) if field.name in STARTERS["DRAFT"]]
    held = {field.name: str(inputs.held(props, flow, field)) for field in fields}
    # A preset whose settings a flow has only one of says more than it should.
    if len(held) < 2:
        return ""
    return next(
        (name for name, kept in STARTERS.items() if all(str(kept[key]) == value for key, value in held.items())), ""
    )


def start(scene: bpy.types.Scene, flow: Flow, starter: str) -> None:
    """
    Apply a built-in preset to the settings of ``flow`` in ``scene``.

    :param starter: a key of :data:`STARTERS`.
    """
    for field in last_used.settings_of(flow):
        value = STARTERS[starter].get(field.name)
        if value is not None:
            group = inputs.holder(scene_props(scene), flow, field)
            setattr(group, field.name, str(value) if inputs.steps(field) else value)


def _flow() -> Flow:
    return inputs.chosen_flow(scene_props(bpy.context.scene))


class TRIVERSE_OT_starter_preset(FillsInMixin, bpy.types.Operator):
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
                ("DRAFT", "Draft", "Ready soonest, to try an idea: turbo, 50,000 triangles, textures of 1024 px", 0),
                ("STANDARD", "Standard", "For most things: 300,000 triangles, textures of 2048 px", 1),
                ("HERO", "Hero", "For what is seen from near: 1,000,000 triangles, textures of 4096 px", 2),
            ),
        )

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Apply the built-in preset to the selected flow."""
        start(context.scene, _flow(), self.starter)
        redraw.redraw()
        return {"FINISHED"}


class TRIVERSE_OT_use_preset(FillsInMixin, bpy.types.Operator):
    """Use the settings of this preset"""

    bl_idname = "triverse.use_preset"
    bl_label = "Use Preset"
    bl_options = {"INTERNAL", "UNDO"}

    if TYPE_CHECKING:
        filepath: str
    else:
        filepath: StringProperty(subtype="FILE_PATH", options={"HIDDEN", "SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Apply the values in the preset file. Settings and enum items that this version does not have are skipped."""
        flow = _flow()
        try:
            code = Path(self.filepath).read_text(encoding="utf-8")
            kept, of_mesh = _settings_in(code, _path_of(flow)), _settings_in(code, mesh_options.PATH)
        except (OSError, ValueError, SyntaxError) as error:
            self.report({"WARNING"}, tr("The preset cannot be read: {reason}", reason=str(error)))
            return {"CANCELLED"}
        props = scene_props(context.scene)
        left_out = last_used.fill_in(props, flow, kept) + mesh_options.fill_in(props, of_mesh)
        if left_out:
            labels = {field.name: tr(field.label) for field in flow.fields}
            names = ", ".join(labels.get(name, name) for name in left_out)
            self.report({"WARNING"}, tr("The preset is of another version. Left as it was: {names}", names=names))
        redraw.redraw()
        return {"FINISHED"}


def _path_of(flow: Flow) -> str:
    """Return the Python path of a flow's settings, as presets write it."""
    return f"bpy.context.scene.triverse.{inputs.attribute(flow.name)}"


def _settings_in(code: str, path: str) -> dict[str, object]:
    """
    Return the values that a preset assigns to attributes of ``path``, by attribute name. Other statements are ignored.

    :param code: the content of the preset file.
    :param path: Python expression of the object, see :func:`_path_of`.
    :raises ValueError: a value is not a constant.
    :raises SyntaxError: the code is not valid Python.
    """
    found: dict[str, object] = {}
    for line in ast.parse(code).body:
        if not isinstance(line, ast.Assign):
            continue
        target = line.targets[0]
        if isinstance(target, ast.Attribute) and ast.unparse(target.value) == path:
            try:
                found[target.attr] = ast.literal_eval(line.value)
            except (TypeError, MemoryError, RecursionError) as error:
                raise ValueError(str(error)) from None
    return found


class _OfFlow:
    """Mixin that gives Blender's preset classes the presets folder of the selected flow."""

    @property
    def preset_subdir(self) -> str:
        """Folder of the selected flow's presets, relative to ``presets``."""
        return f"triverse/{_flow().name}"


class TRIVERSE_OT_add_preset(_OfFlow, AddPresetBase, bpy.types.Operator):
    """Keep the settings as a preset, or remove one"""

    bl_idname = "triverse.add_preset"
    bl_label = "Add Triverse Preset"
    preset_menu = "TRIVERSE_PT_presets"

    @property
    def preset_values(self) -> list[str]:
        """
        Full Python paths of the properties that a preset saves.

        Shorter paths with ``preset_defines`` fail if an older Blender runs in Python 3.13, as Debian's 4.3 does: names
        that its function defines with ``exec`` are not visible to the ``eval`` that follows (PEP 667).
        """
        flow = _flow()
        of_flow = [f"{_path_of(flow)}.{field.name}" for field in last_used.settings_of(flow)]
        return of_flow + [f"{mesh_options.PATH}.{name}" for name in mesh_options.NAMES]


class TRIVERSE_PT_presets(_OfFlow, PresetPanel, bpy.types.Panel):
    """Presets of what the panel shows."""

    bl_idname = "TRIVERSE_PT_presets"
    bl_label = "Presets"
    preset_operator = "triverse.use_preset"
    preset_add_operator = "triverse.add_preset"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the built-in presets, then Blender's list of the user's presets."""
        layout = self.layout
        # The menu has a field for the name, so the button adds the preset without a dialog.
        layout.operator_context = "EXEC_DEFAULT"
        if has_starters(_flow()):
            column = layout.column(align=True)
            column.emboss = "PULLDOWN_MENU"
            column.operator_enum("triverse.starter_preset", "starter")
            layout.separator()
        if bpy.utils.preset_paths(self.preset_subdir):
            PresetPanel.draw(self, context)
            return
        # Without a folder, Blender would draw "* Missing Paths *". This row is the same as Blender's.
        manager = context.window_manager
        row = layout.row()
        row.prop(manager, "preset_name", text="")
        row.operator(self.preset_add_operator, text="", icon="ADD", emboss=False).name = manager.preset_name


CLASSES = (TRIVERSE_OT_starter_preset, TRIVERSE_OT_use_preset, TRIVERSE_OT_add_preset, TRIVERSE_PT_presets)
