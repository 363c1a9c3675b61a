# SPDX-License-Identifier: GPL-3.0-or-later
"""
Orders beside the panel's own whose result is no model: a better prompt, a picture from words.

Floor: third. Thread: main. Imports ``bpy``. Each opens a dialog with the price; its button orders.
"""

import dataclasses
from typing import TYPE_CHECKING

import bpy
from bpy.props import StringProperty

from ...api.flows import FLOWS, Kind
from ..form import inputs, request
from ..rna.members import OperatorMixin, scene_props, window_props
from ..setup.operator_helpers import may_generate
from ..state import list_rows, runtime
from ..text.layout_text import font_px, paragraph, sidebar_width_px, ui_scale, wrapped
from ..text.translate import tr, tr_button
from ..timers import open_dialog, redraw
from . import cost, operators, repeats

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    from ...tasks.record.record import TaskRequest

_WIDTH = 400
_FIELD_PX = 380
#: Most lines of a prompt in a dialog: price and buttons come below them.
_MOST_LINES = 12
_BETTER_PROMPT = "prompt-optimization"
_PICTURE = "image-generation"


def prompt_group(context: bpy.types.Context) -> bpy.types.PropertyGroup | None:
    """Return the property group with the panel's ``prompt``; None if the panel's flow takes no words."""
    props = scene_props(context.scene)
    flow = inputs.chosen_flow(props)
    field = next((field for field in flow.params if field.name == "prompt"), None)
    return inputs.holder(props, flow, field) if field is not None else None


def prompt_of(context: bpy.types.Context) -> str:
    """Return the words in the panel without spaces around them; "" if there are none."""
    group = prompt_group(context)
    return str(getattr(group, "prompt", "")).strip()


def request_prices(context: bpy.types.Context) -> None:
    """
    Have the prices of the orders beside the panel's own requested, for drawing the panel.

    A dialog is to say it at once when it opens. Nothing is requested for an order that cannot be made now.
    """
    from ...tasks.record.record import TaskRequest  # lazy import, as in runtime

    if prompt_of(context):
        cost.known_cost(TaskRequest(_BETTER_PROMPT, {}), is_aside=True)
    if any(field.kind is Kind.IMAGE for field in inputs.chosen_flow(scene_props(context.scene)).fields):
        cost.known_cost(TaskRequest(_PICTURE, {}), is_aside=True)


class ExtraOrderMixin(OperatorMixin):
    """Base class of operators that order a flow without a model, after a dialog with the price."""

    _was_asked = False

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return True if a task can be made."""
        return may_generate(cls, context)

    def request(self, context: bpy.types.Context) -> "TaskRequest":
        """Return what is ordered. For drawing too: it gives no scene its id."""
        raise NotImplementedError

    def open_dialog(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Open the dialog with the price. Its button says what it does."""
        self._was_asked = True
        return context.window_manager.invoke_props_dialog(
            self, width=_WIDTH, title=tr_button(self.bl_label), confirm_text=tr("Order")
        )

    def draw_order(self, context: bpy.types.Context, column: bpy.types.UILayout) -> None:
        """Draw that a flow is experimental, and the price."""
        made = self.request(context)
        experimental = FLOWS[made.flow].experimental
        if experimental:
            paragraph(column, tr(experimental), (_WIDTH - 40) * ui_scale(), icon="EXPERIMENTAL")
        cost.draw_price(column, made, is_repeat=repeats.is_just_ordered(context, made))

    def order(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Order it. The dialog was the question; a script is not asked, but orders nothing twice within seconds."""
        was_asked, self._was_asked = self._was_asked, False
        made = self.request(context)
        session = runtime.current()
        if was_asked and not bpy.app.background and session is not None and session.orders.is_resting:
            return {"CANCELLED"}  # the second half of a double click
        if not was_asked and repeats.report_just_ordered(self, context, made):
            return {"CANCELLED"}
        is_repeat = repeats.is_just_ordered(context, made)
        made = dataclasses.replace(
            made, origin=request.origin(context), auto_import=False, allow_duplicate=made.allow_duplicate or is_repeat
        )
        return operators.generate(self, context, made, of_panel=False)


# -----------------------------------------------------------------------------
# A better prompt


@open_dialog.follows_price
class TRIVERSE_OT_improve_prompt(ExtraOrderMixin, bpy.types.Operator):
    """Have the service write a prompt that describes more. Yours stays until you choose the new one"""

    bl_idname = "triverse.improve_prompt"
    bl_label = "Improve Prompt"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return True if there are words, and a task can be made."""
        if not super().poll(context):
            return False
        if not prompt_of(context):
            cls.poll_message_set(tr("Write a prompt first."))
            return False
        return True

    def request(self, context: bpy.types.Context) -> "TaskRequest":
        """Return the order for the panel's words."""
        from ...tasks.record.record import TaskRequest  # lazy import, as in runtime

        return TaskRequest(_BETTER_PROMPT, {"prompt": prompt_of(context)})

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Open the dialog with the words and the price."""
        return self.open_dialog(context)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the words and the price."""
        column = self.layout.column()
        paragraph(column, prompt_of(context), (_WIDTH - 20) * ui_scale(), most_lines=_MOST_LINES)
        self.draw_order(context, column)

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Order it. The panel offers what comes of it."""
        result = self.order(context)
        session = runtime.current()
        if "FINISHED" in result and session is not None:
            window_props(context.window_manager).improving = list_rows.chosen_id(session)
        return result


def draw_offer(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw that a better prompt is being written, or offer it, as long as the field has the words that it is for."""
    session, asked = runtime.current(), window_props(context.window_manager).improving
    record = session.shown(asked) if session is not None and asked else None
    if record is None or prompt_of(context) != str(record.params.get("prompt", "")).strip():
        return
    if record.is_unfinished:
        layout.label(text="Improving the prompt…", icon="SORTTIME")
    elif record.result_text and record.result_text != prompt_of(context):
        box = layout.box()
        paragraph(box.column(align=True), record.result_text, sidebar_width_px(context, boxed=True))
        row = box.row(align=True)
        row.operator(
            "triverse.use_better_prompt", text=tr("Use"), icon="CHECKMARK", translate=False
        ).task_id = record.id
        row.operator("triverse.keep_prompt", icon="X")


class TRIVERSE_OT_keep_prompt(bpy.types.Operator):
    """Keep your prompt. The other one stays in the task list"""

    bl_idname = "triverse.keep_prompt"
    bl_label = "Keep Mine"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Offer it no more."""
        window_props(context.window_manager).improving = ""
        redraw.redraw()
        return {"FINISHED"}


# -----------------------------------------------------------------------------
# A picture


@open_dialog.follows_price
class TRIVERSE_OT_picture_from_words(ExtraOrderMixin, bpy.types.Operator):
    """Have the service make a picture from words, to make a model from it then"""

    bl_idname = "triverse.picture_from_words"
    bl_label = "Picture from Words"
    bl_options = {"INTERNAL"}

    if TYPE_CHECKING:
        prompt: str
    else:
        prompt: StringProperty(name="Prompt", description="What the picture is to show", options={"SKIP_SAVE"})

    def request(self, _context: bpy.types.Context) -> "TaskRequest":
        """Return the order for the words of the dialog."""
        from ...tasks.record.record import TaskRequest  # lazy import, as in runtime

        words = self.prompt.strip()
        return TaskRequest(_PICTURE, {"prompt": words} if words else {})

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Open the dialog, with the panel's words in it."""
        self.prompt = self.prompt or str(scene_props(context.scene).shared.prompt)
        return self.open_dialog(context)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the field for the words, and the price."""
        column = self.layout.column()
        if hasattr(column, "textbox"):  # from Blender 5.2 on
            column.textbox(self, "prompt", initial_visible_lines=2, placeholder=tr("What the picture is to show"))
        else:
            row = column.row()
            row.activate_init = True
            row.prop(self, "prompt", text="", placeholder=tr("What the picture is to show"))
            if len(wrapped(self.prompt, _FIELD_PX * ui_scale(), font_px())) > 1:
                paragraph(column, self.prompt, _FIELD_PX * ui_scale(), most_lines=_MOST_LINES)
        self.draw_order(context, column)

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Order it."""
        return self.order(context)


CLASSES = (
    TRIVERSE_OT_improve_prompt,
    TRIVERSE_OT_keep_prompt,
    TRIVERSE_OT_picture_from_words,
)
