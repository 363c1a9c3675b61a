# SPDX-License-Identifier: GPL-3.0-or-later
"""
What is made from results: a prompt or a picture for the panel, and pictures of a finished model.

Floor: third. Thread: main. Imports ``bpy``.
"""

from typing import TYPE_CHECKING

import bpy
from bpy.props import IntProperty

from ..form import inputs, request
from ..generate import cost
from ..generate.extra_orders import ExtraOrderMixin, prompt_group
from ..rna.members import scene_props, window_props
from ..setup.operator_helpers import fill_in_reason, may_generate
from ..text.translate import tr
from ..timers import open_dialog, redraw
from .operator_base import TaskOperatorMixin

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    from ...tasks.record.record import TaskRecord, TaskRequest

#: Number of pictures that is offered.
_PICTURES = 3
_MOST_PICTURES = 10


class TRIVERSE_OT_use_better_prompt(TaskOperatorMixin, bpy.types.Operator):
    """Put this prompt into the panel. Undo or the earlier prompts bring yours back"""

    bl_idname = "triverse.use_better_prompt"
    bl_label = "Use Prompt"
    bl_options = {"INTERNAL", "UNDO"}

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context, record: "TaskRecord") -> str | None:
        """Return why there is no prompt to use, or no panel to put it into."""
        return fill_in_reason(context) if record.result_text else tr("This task has written no prompt.")

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Put the prompt into the panel; if its flow takes no words, choose the one that makes models of words."""
        record = self.usable(context)
        if record is None:
            return {"CANCELLED"}
        props = scene_props(context.scene)
        if prompt_group(context) is None:
            props.flow = "text-to-model"
        props.shared.prompt = record.result_text
        window_props(context.window_manager).improving = ""
        redraw.redraw()
        return {"FINISHED"}


class TRIVERSE_OT_model_from_picture(TaskOperatorMixin, bpy.types.Operator):
    """Choose this picture in the panel, to make a model from it. Nothing is sent yet"""

    bl_idname = "triverse.model_from_picture"
    bl_label = "Model from This Picture"
    bl_options = {"INTERNAL", "UNDO"}

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context, record: "TaskRecord") -> str | None:
        """Return why there is no picture to make a model from, or no panel to put it into."""
        from ..state import task_presentation  # lazy import, as in runtime

        has_picture = task_presentation.has_picture(record)
        return fill_in_reason(context) if has_picture else tr("This task has made no picture.")

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Put the picture into the panel."""
        record = self.usable(context)
        if record is None:
            return {"CANCELLED"}
        flow = request.picture_flow(context)
        props = scene_props(context.scene)
        props.flow = flow.name
        field = flow.field(request.picture_fields(flow)[0])
        setattr(inputs.holder(props, flow, field), field.name, record.preview_path)
        redraw.redraw()
        return {"FINISHED"}


def request_price(record: "TaskRecord") -> None:
    """Have the price of rendering pictures of a task's model requested, so that the dialog knows it."""
    if record.model_path:
        cost.known_cost(_renders(record, _PICTURES), is_aside=True)


def _renders(record: "TaskRecord | None", count: int) -> "TaskRequest":
    """
    Return the order for pictures of a task's model.

    :param count: number of pictures.
    """
    from ...tasks.record.record import TaskRequest  # lazy import, as in runtime

    sources = {} if record is None else {"model_file": record.model_path}
    name = "" if record is None else record.name
    return TaskRequest("model-preview-render", {"image_count": count}, sources, name=name)


@open_dialog.follows_price
class TRIVERSE_OT_preview_renders(TaskOperatorMixin, ExtraOrderMixin, bpy.types.Operator):
    """Have the service render pictures of this model"""

    bl_idname = "triverse.preview_renders"
    bl_label = "Preview Renders"
    bl_options = {"INTERNAL"}

    if TYPE_CHECKING:
        image_count: int
    else:
        image_count: IntProperty(
            name="Pictures", description="How many pictures are rendered", default=_PICTURES, min=1, max=_MOST_PICTURES
        )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return True if the operator applies to the task, and a task can be made."""
        return super().poll(context) and may_generate(cls, context)

    @classmethod
    def disabled_reason(cls, _context: bpy.types.Context, record: "TaskRecord") -> str | None:
        """Return why nothing can be rendered: the model is not on this machine."""
        return None if record.has_model and record.model_path else tr("The model is not there yet.")

    def request(self, _context: bpy.types.Context) -> "TaskRequest":
        """Return the order for the model of the task."""
        return _renders(self.record(), self.image_count)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Open the dialog with the number of pictures and the price."""
        record = self.usable(context)
        if record is None:
            return {"CANCELLED"}
        # Those of other numbers too, the nearest first: the dialog is redrawn when the number changes, not later.
        for count in sorted(range(1, _MOST_PICTURES + 1), key=lambda count: abs(count - self.image_count)):
            cost.known_cost(_renders(record, count), is_aside=True)
        return self.open_dialog(context)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the number of pictures and the price."""
        column = self.layout.column()
        column.use_property_split, column.use_property_decorate = True, False
        column.prop(self, "image_count")
        self.draw_order(context, column)

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Order it."""
        return {"CANCELLED"} if self.usable(context) is None else self.order(context)


CLASSES = (TRIVERSE_OT_use_better_prompt, TRIVERSE_OT_model_from_picture, TRIVERSE_OT_preview_renders)
