# SPDX-License-Identifier: GPL-3.0-or-later
"""
Make From This: order what takes the model of a task as its input, with that filled in.

Floor: third. Thread: main. Imports ``bpy``. Drawing reads memory only.
"""

import dataclasses
import time
from typing import TYPE_CHECKING

import bpy
from bpy.props import StringProperty

from ...api.flows import Flow, Kind
from ..form import inputs, request, selection
from ..generate import cost, operators, repeats, value_menus
from ..rna import choices
from ..rna.members import Icon, scene_props
from ..setup.operator_helpers import may_generate
from ..state import list_rows, runtime
from ..text.layout_text import paragraph, ui_scale
from ..text.translate import tr, tr_button
from ..timers import open_dialog
from . import import_operators, refine, result_operators, work_operators
from .operator_base import TaskOperatorMixin, draw_task_operator, in_place_property

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    from ...tasks.record.record import TaskRecord, TaskRequest

_WIDTH = 400
_ICONS: dict[str, Icon] = {
    "texture-model": "IMAGE_REFERENCE",
    "text-to-texture": "TEXTURE",
    "model-remesh": "MOD_REMESH",
    "convert-model-format": "EXPORT",
}
#: Least time between two requests for the prices of the same menu, in seconds.
_ASK_AGAIN_S = 1.0
_asked_for: object = None
_asked_at_s = 0.0


def flows() -> list[Flow]:
    """Return the flows that take a model."""
    return [flow for flow in inputs.PANEL_FLOWS.values() if selection.model_field(flow) is not None]


def request_prices(context: bpy.types.Context, record: "TaskRecord") -> None:
    """
    Have the prices of the menu's entries requested: the menu, which is not redrawn, and its dialogs know them then.

    For drawing the panel, of whose time it would take a fifth: so a second at least lies between two rounds.
    """
    global _asked_for, _asked_at_s
    asked_for, now_s = (record.id, record.model_path, record.stage), time.monotonic()
    if asked_for == _asked_for and now_s < _asked_at_s + _ASK_AGAIN_S:
        return
    _asked_for, _asked_at_s = asked_for, now_s
    refine.request_price(record)
    if record.has_model:
        for flow in flows():
            cost.known_cost(request.draft(context, flow), is_aside=True)
        result_operators.request_price(record)


class TRIVERSE_MT_make_from(bpy.types.Menu):
    """What can be made from the chosen task."""

    bl_idname = "TRIVERSE_MT_make_from"
    bl_label = "Make From This"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw what takes the model as its input, with prices, then what takes the inputs of the task."""
        layout = self.layout
        session = runtime.current()
        record = session.shown(list_rows.chosen_id(session)) if session is not None else None
        if record is None:
            return
        # As a button of the panel draws them, so that dialogs open.
        layout.operator_context = "INVOKE_DEFAULT"
        for flow in flows():
            price = cost.known_cost(request.draft(context, flow), is_aside=True)
            label = tr(flow.label)
            text = label if price is None else f"{label} · {tr('{cost} {cost|credit|credits}', cost=price)}"
            icon = _ICONS.get(flow.name, "MESH_DATA")
            draw_task_operator(
                layout, "triverse.make_from", record, text=text, icon=icon, translate=False
            ).flow = flow.name
        draw_task_operator(layout, "triverse.preview_renders", record, icon="RENDER_STILL")
        draw_task_operator(layout, "triverse.model_from_picture", record, icon="IMAGE_DATA")
        layout.separator()
        refine.draw_menu(layout, record)
        draw_task_operator(layout, "triverse.regenerate", record, icon="LOOP_BACK")


@open_dialog.follows_price
class TRIVERSE_OT_make_from(TaskOperatorMixin, bpy.types.Operator):
    """Make something from this model"""

    bl_idname = "triverse.make_from"
    bl_label = "Make From This"
    # What the dialog has changed in the panel.
    bl_options = {"INTERNAL", "UNDO"}

    if TYPE_CHECKING:
        flow: str
        in_place: bool
    else:
        flow: StringProperty(
            name="What to Make",
            description="A kind of task that takes a model, such as model-remesh",
            options={"HIDDEN", "SKIP_SAVE"},
        )
        in_place: in_place_property(default=False)

    _before: tuple[str, str, bool] | None = None

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """Return the tooltip, which depends on ``flow``."""
        flow = inputs.PANEL_FLOWS.get(properties.flow)
        return tr(flow.description) if flow is not None else tr("Make something from this model")

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return True if the operator applies to the task, and a task can be made."""
        return super().poll(context) and may_generate(cls, context)

    @classmethod
    def disabled_reason(cls, _context: bpy.types.Context, record: "TaskRecord") -> str | None:
        """Return why nothing can be made from the model: it is not on this machine."""
        return None if record.has_model and record.model_path else tr("The model is not there yet.")

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Fill in the model, and open the dialog with what else is needed."""
        record = self.usable(context)
        if record is None or self._flow() is None:
            return {"CANCELLED"}
        props = scene_props(context.scene)
        self._before = (props.flow, props.shared.model_file, props.use_selection)
        self._fill(context, record)
        return context.window_manager.invoke_props_dialog(
            self, width=_WIDTH, title=tr_button(self.bl_label), confirm_text=tr("Generate")
        )

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the model, what else is needed, the settings and the price."""
        record, flow = self.record(), self._flow()
        if record is None or flow is None:
            return
        props = scene_props(context.scene)
        column = self.layout.column()
        column.label(text=f"{tr(flow.label)} · {record.name}", icon=_ICONS.get(flow.name, "MESH_DATA"), translate=False)
        if flow.experimental:
            paragraph(column, tr(flow.experimental), (_WIDTH - 40) * ui_scale(), icon="EXPERIMENTAL")
        needed = [field for field in flow.fields if inputs.is_shared(field) and field.kind is not Kind.MODEL]
        for index, field in enumerate(needed):
            row = column.row(align=True)
            row.activate_init = index == 0
            row.prop(inputs.holder(props, flow, field), field.name, text="", placeholder=field.label)
            if field.kind is Kind.IMAGE:
                row.operator("triverse.choose_file", text="", icon="FILEBROWSER").field = field.name
        settings = column.column()
        settings.use_property_split, settings.use_property_decorate = True, False
        for field in flow.params:
            if inputs.is_shared(field):
                continue
            if value_menus.has_menu(field):
                value_menus.draw(settings, props, flow, field, is_narrow=False)
            elif inputs.has_entries(field):
                choices.draw(settings, inputs.holder(props, flow, field), field.name)
            else:
                settings.prop(inputs.holder(props, flow, field), field.name)
        row = column.row()
        row.enabled = import_operators.latest_import(context, record) is not None
        row.prop(self, "in_place")
        made = request.draft(context)
        cost.draw_price(column, made, is_repeat=repeats.is_just_ordered(context, made))

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Order it. The dialog was the question; a script is not asked."""
        record, flow = self.usable(context), self._flow()
        if record is None:
            return {"CANCELLED"}
        if flow is None:
            self.report({"WARNING"}, tr("Choose a kind of task that takes a model."))
            return {"CANCELLED"}
        was_asked, self._before = self._before is not None, None
        self._fill(context, record)
        made = self._request(context, record)
        if not was_asked and repeats.report_just_ordered(self, context, made):
            return {"CANCELLED"}
        if repeats.is_just_ordered(context, made):
            made = dataclasses.replace(made, allow_duplicate=True)
        return operators.generate(self, context, made)

    def cancel(self, context: bpy.types.Context) -> None:
        """Show in the panel what it showed before the dialog."""
        if self._before is not None:
            props = scene_props(context.scene)
            props.flow, props.shared.model_file, props.use_selection = self._before

    def _flow(self) -> Flow | None:
        return next((flow for flow in flows() if flow.name == self.flow), None)

    def _fill(self, context: bpy.types.Context, record: "TaskRecord") -> None:
        """Choose the flow in the panel, with the model as its source."""
        props = scene_props(context.scene)
        props.flow = self.flow
        props.use_selection = False
        props.shared.model_file = record.model_path

    def _request(self, context: bpy.types.Context, record: "TaskRecord") -> "TaskRequest":
        made = request.build(context)
        place = made.placement
        if import_operators.latest_import(context, record) is not None:
            place = work_operators.place_for(context, record, in_place=self.in_place)
        if place.instead_of:
            place = dataclasses.replace(place, instead_of_uuid=record.task_uuid or "")
        is_named = bool(str(made.values.get("prompt", "")).strip())
        # The file of every model has the same name.
        return dataclasses.replace(made, name="" if is_named else record.name, placement=place)


CLASSES = (TRIVERSE_MT_make_from, TRIVERSE_OT_make_from)
