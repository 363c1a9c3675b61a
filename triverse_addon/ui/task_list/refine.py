# SPDX-License-Identifier: GPL-3.0-or-later
"""
Refine: order a draft that was liked once more at the highest quality, in the place of its model.

Floor: third. Thread: main. Imports ``bpy``. Drawing reads memory only.
"""

import dataclasses
from typing import TYPE_CHECKING

import bpy

from ...api.errors import TriverseError
from ...api.flows import Flow, Kind
from ..form import inputs, placement, request
from ..generate import cost, operators, presets, repeats
from ..rna.members import Icon
from ..setup.operator_helpers import may_generate
from ..state import runtime
from ..text.translate import tr, tr_button, translate
from . import import_operators
from .operator_base import TaskOperatorMixin, draw_task_operator

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    from ...tasks.record.record import TaskRecord, TaskRequest

_ICON: Icon = "SHADING_TEXTURE"
_QUALITY = "HERO"


def disabled_reason(record: "TaskRecord") -> str | None:
    """Return why a task cannot be refined, translated, or None if it can."""
    flow = inputs.PANEL_FLOWS.get(record.flow)
    if flow is None or not _settings(flow) or any(field.kind is Kind.MODEL for field in flow.sources):
        return tr("Only what was made from words or pictures can be refined.")
    if not record.has_model:
        return tr("The model is not there yet.")
    if all(record.params.get(name, flow.field(name).default) == value for name, value in _settings(flow).items()):
        return tr("This model has the highest quality already.")
    return None


def _settings(flow: Flow) -> dict[str, object]:
    names = {field.name for field in flow.params}
    return {name: value for name, value in presets.STARTERS[_QUALITY].items() if name in names}


def _draft(record: "TaskRecord") -> "TaskRequest":
    """Return the request for its price, as :func:`form.request.draft` does."""
    from ...tasks.engine.retry import request_from  # lazy import, as in runtime

    made = request_from(record)
    return dataclasses.replace(made, values={**made.values, **_settings(inputs.PANEL_FLOWS[record.flow])})


def _text(record: "TaskRecord") -> str:
    label = tr_button(TRIVERSE_OT_refine.bl_label)
    price = cost.known_cost(_draft(record), is_aside=True) if disabled_reason(record) is None else None
    return label if price is None else f"{label} · {tr('{cost} {cost|credit|credits}', cost=price)}"


def request_price(record: "TaskRecord") -> None:
    """Have the price requested if the task can be refined, so that the menu knows it."""
    if disabled_reason(record) is None:
        cost.known_cost(_draft(record), is_aside=True)


def draw(row: bpy.types.UILayout, record: "TaskRecord") -> None:
    """Draw the button for a task that can be refined."""
    if disabled_reason(record) is None:
        draw_task_operator(row, "triverse.refine", record, text="", icon=_ICON)


def draw_menu(layout: bpy.types.UILayout, record: "TaskRecord") -> None:
    """Draw the menu entry, with the price."""
    draw_task_operator(layout, "triverse.refine", record, text=_text(record), icon=_ICON, translate=False)


class TRIVERSE_OT_refine(TaskOperatorMixin, bpy.types.Operator):
    """Order the same once more as Hero. Its model takes the place of this one, which is removed then"""

    bl_idname = "triverse.refine"
    bl_label = "Refine"
    bl_options = {"INTERNAL"}

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """Return the tooltip, with the price if it is known."""
        session = runtime.current()
        record = session.shown(properties.task_id) if session is not None else None
        tooltip = tr("Order the same once more as Hero. Its model takes the place of this one, which is removed then")
        if record is None or disabled_reason(record) is not None:
            return tooltip
        price = cost.known_cost(_draft(record), is_aside=True)
        return tooltip if price is None else f"{tooltip}. {tr('{cost} {cost|credit|credits}', cost=price)}"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return True if the operator applies to the task, and a task can be made."""
        return super().poll(context) and may_generate(cls, context)

    @classmethod
    def disabled_reason(cls, _context: bpy.types.Context, record: "TaskRecord") -> str | None:
        """Return why the task cannot be refined; see :func:`disabled_reason`."""
        return disabled_reason(record)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Ask for confirmation if the price is unknown, or above the limit in the preferences."""
        record = self.usable(context)
        if record is None:
            return {"CANCELLED"}
        confirmation = cost.confirmation(_draft(record), must_show_price=True)
        if confirmation is None:
            return self.execute(context)
        title, message = confirmation
        return context.window_manager.invoke_confirm(
            self, event, title=title, message=message, confirm_text=tr_button(self.bl_label)
        )

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Order the task, to be imported in the place of the earlier model, or where that was to be."""
        record = self.usable(context)
        if record is None:
            return {"CANCELLED"}
        try:
            ordered = _request(context, record)
        except TriverseError as error:
            self.report({"WARNING"}, translate(error.sentence))
            return {"CANCELLED"}
        if repeats.report_just_ordered(self, context, ordered):
            return {"CANCELLED"}
        return operators.generate(self, context, ordered, of_panel=False)


def _request(context: bpy.types.Context, record: "TaskRecord") -> "TaskRequest":
    origin = request.origin(context)
    place = import_operators.place_of(context, record, origin)
    from ...scene.importing import imported_models  # lazy import, as in runtime

    old = import_operators.latest_import(context, record) or imported_models.find_fixed(context.scene, record.task_uuid)
    if old is not None:
        # If it is gone by then, or cannot be replaced, the new model comes where the next one would.
        place = dataclasses.replace(
            placement.placement(context),
            placeholder="",
            merge=record.placement.merge,
            smooth_deg=record.placement.smooth_deg,
            instead_of=old.name,
            instead_of_uuid=record.task_uuid or "",
        )
    # A second click must not order it twice: the service refuses what is the same as a moment ago.
    return dataclasses.replace(_draft(record), origin=origin, placement=place, auto_import=True, allow_duplicate=False)


CLASSES = (TRIVERSE_OT_refine,)
