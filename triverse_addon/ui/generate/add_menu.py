# SPDX-License-Identifier: GPL-3.0-or-later
"""
The menu Add > Triverse. Its operators, also found by search (F3), make a model without the panel.

Floor: third. Thread: main. Imports ``bpy``.
"""

import dataclasses
from typing import TYPE_CHECKING

import bpy
from bpy.props import StringProperty

from ...api.flows import Flow, Kind
from ..form import inputs, request, selection
from ..rna.members import Icon, OperatorMixin, scene_props
from ..setup.operator_helpers import may_generate
from ..text.layout_text import ui_scale
from ..text.translate import tr, tr_button
from ..timers import open_dialog
from . import cost, image_operators, operators, repeats

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

_WIDTH = 400
_MENU: tuple[tuple[str, Icon], ...] = (
    ("triverse.add_from_text", "FONT_DATA"),
    ("triverse.add_from_image", "IMAGE_DATA"),
    ("triverse.texture_selected", "TEXTURE"),
    ("triverse.texture_selected_from_image", "IMAGE_REFERENCE"),
)


@open_dialog.follows_price
class Quickly(OperatorMixin):
    """Mixin for operators with a dialog for the required inputs of one flow. The settings are those of the panel."""

    flow_name = ""
    _is_asked = False
    _before: tuple[str, bool] | None = None

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """
        Return True if a task can be made; see :func:`may_generate`.

        A flow that takes a model also needs selected objects.
        """
        if (
            context.scene is not None
            and selection.model_field(cls.flow()) is not None
            and not selection.chosen(context)
        ):
            cls.poll_message_set(tr("Select the object that is to be sent."))
            return False
        return may_generate(cls, context)

    @classmethod
    def flow(cls) -> Flow:
        """Return the flow that ``flow_name`` names."""
        return inputs.PANEL_FLOWS[cls.flow_name]

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Select the flow in the panel, remember for :meth:`cancel` what it showed, and open the dialog."""
        props = scene_props(context.scene)
        self._before = (props.flow, props.use_selection)
        self.show(context)
        self._is_asked = True
        return context.window_manager.invoke_props_dialog(
            self, width=_WIDTH, title=tr_button(self.bl_label), confirm_text=tr("Generate")
        )

    def cancel(self, context: bpy.types.Context) -> None:
        """Put the panel back on the flow that it showed. What was written or chosen in the dialog stays."""
        if self._before is None or context.scene is None:
            return
        props = scene_props(context.scene)
        if props.flow == self.flow_name:
            props.flow, props.use_selection = self._before

    def show(self, context: bpy.types.Context) -> None:
        """Select the flow in the panel. If it takes a model, also turn on Use Selection."""
        scene_props(context.scene).flow = self.flow_name
        if selection.model_field(self.flow()) is not None:
            scene_props(context.scene).use_selection = True

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the required fields and the price."""
        props, flow = scene_props(context.scene), self.flow()
        column = self.layout.column()
        is_first = True
        for field in flow.fields:
            if not inputs.is_shared(field) or not field.required:
                continue
            if field.kind is Kind.MODEL:
                selection.draw(column, column.row(align=True), context, _WIDTH * ui_scale())
                continue
            row = column.row(align=True)
            row.activate_init = is_first
            is_first = False
            row.prop(inputs.holder(props, flow, field), field.name, text="", placeholder=field.label)
            if field.kind is Kind.IMAGE:
                row.operator("triverse.choose_file", text="", icon="FILEBROWSER").field = field.name
        made = request.draft(context)
        cost.draw_price(column, made, is_repeat=repeats.is_just_ordered(context, made))

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Copy the operator's properties, which a script may have set, into the panel, and generate."""
        props, flow = scene_props(context.scene), self.flow()
        self.show(context)
        for field in flow.fields:
            value = getattr(self, field.name, "")
            if inputs.is_shared(field) and value:
                setattr(inputs.holder(props, flow, field), field.name, value)
        asked, self._is_asked = self._is_asked, False
        made = request.build(context, again=operators.is_again())
        if not asked and repeats.report_just_ordered(self, context, made):
            return {"CANCELLED"}
        if repeats.is_just_ordered(context, made):
            made = dataclasses.replace(made, allow_duplicate=True)
        ordered = operators.generate(self, context, made)
        if asked:
            from ...scene.importing import undo  # lazy import, as in runtime

            # The changes of the dialog. By a step of the operator, Adjust Last Operation would order again.
            undo.push(tr_button(self.bl_label))
        return ordered


class TRIVERSE_OT_add_from_text(Quickly, bpy.types.Operator):
    """Make a model from words. You can go on working meanwhile"""

    bl_idname = "triverse.add_from_text"
    bl_label = "Model from Text"
    bl_options = {"REGISTER"}
    flow_name = "text-to-model"

    prompt: StringProperty(name="Prompt", options={"SKIP_SAVE"})


class TRIVERSE_OT_add_from_image(Quickly, bpy.types.Operator):
    """Make a model from a picture. You can go on working meanwhile"""

    bl_idname = "triverse.add_from_image"
    bl_label = "Model from Image"
    bl_options = {"REGISTER"}
    flow_name = "image-to-model"

    image_file: StringProperty(name="Image", subtype="FILE_PATH", options={"SKIP_SAVE"})


class TRIVERSE_OT_texture_selected(Quickly, bpy.types.Operator):
    """Give the selected objects new textures from words. They are kept, hidden"""

    bl_idname = "triverse.texture_selected"
    bl_label = "Texture Selected from Text"
    bl_options = {"REGISTER"}
    flow_name = "text-to-texture"

    prompt: StringProperty(name="Prompt", options={"SKIP_SAVE"})


class TRIVERSE_OT_texture_selected_from_image(Quickly, bpy.types.Operator):
    """Give the selected objects new textures after a picture. They are kept, hidden"""

    bl_idname = "triverse.texture_selected_from_image"
    bl_label = "Texture Selected from Image"
    bl_options = {"REGISTER"}
    flow_name = "texture-model"

    image_file: StringProperty(name="Image", subtype="FILE_PATH", options={"SKIP_SAVE"})


class TRIVERSE_MT_add(bpy.types.Menu):
    """Add > Triverse."""

    bl_idname = "TRIVERSE_MT_add"
    bl_label = "Triverse"

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the operators that make a model, then those that put a picture into the panel."""
        layout = self.layout
        for operator, icon in _MENU:
            # The Add menu would execute the operators without their dialogs.
            layout.operator_context = "INVOKE_DEFAULT"
            layout.operator(operator, icon=icon)
        layout.separator()
        image_operators.draw_choices(layout, [])
        layout.separator()
        layout.operator("triverse.pie", icon="MENU_PANEL")


def _draw(menu: bpy.types.Menu, _context: bpy.types.Context) -> None:
    menu.layout.separator()
    menu.layout.menu("TRIVERSE_MT_add", icon="SHADERFX")


def register() -> None:
    """Put the submenu into the Add menu of the 3D viewport."""
    bpy.types.VIEW3D_MT_add.append(_draw)  # type: ignore[arg-type]  # the stubs leave out the first argument


def unregister() -> None:
    """Remove the submenu from the Add menu."""
    bpy.types.VIEW3D_MT_add.remove(_draw)  # type: ignore[arg-type]


CLASSES = (
    TRIVERSE_OT_add_from_text,
    TRIVERSE_OT_add_from_image,
    TRIVERSE_OT_texture_selected,
    TRIVERSE_OT_texture_selected_from_image,
    TRIVERSE_MT_add,
)
