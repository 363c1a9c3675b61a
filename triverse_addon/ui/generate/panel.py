# SPDX-License-Identifier: GPL-3.0-or-later
"""
The panel in the upper part of the sidebar tab: flow, inputs, options, Generate button.

Floor: third. Thread: main. Imports ``bpy``. Drawing reads memory only: no disk, no network, no picture is decoded.
"""

from typing import Any

import bpy

from ...api.flows import Field, Flow, Kind
from ...api.sentence import Sentence
from .. import settings
from ..form import inputs, mesh_options, placement, request, selection
from ..rna import choices
from ..rna.members import Icon, scene_props, window_props
from ..setup.operator_helpers import linked_reason
from ..state import runtime
from ..text.layout_text import longest_that_fits, paragraph, sidebar_width_px, ui_scale
from ..text.translate import tr, translate
from . import cost as generate_cost
from . import (
    extra_orders,
    operators,
    order_summary,
    picture_row,
    presets,
    reuse_inputs,
    spending_panel,
    value_menus,
    welcome,
)
from .operators import FROM_PANEL

#: Least width for labels next to their fields, in pixels at UI scale 1.
_SPLIT_PX = 200
#: Lines of the prompt that are seen where Blender has fields of several; a grip makes them more.
_LINES = 2
#: Width of the number of variants, in interface units (20 px at UI scale 1).
_NUMBER_UNITS = 2.2
_PLACEHOLDERS = {"prompt": "A mossy stone well", "negative_prompt": "Anything to avoid"}


class TRIVERSE_PT_make(bpy.types.Panel):
    """Make a model."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Triverse"
    bl_idname = "TRIVERSE_PT_make"
    bl_label = "Triverse"
    # The icon of the tab, from Blender 5.2 on.
    bl_icon = "SHADERFX"

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Return True unless the preferences were reset, see :func:`settings.are_there`."""
        return settings.are_there()

    def draw_header_preset(self, _context: bpy.types.Context) -> None:
        """Draw the button that opens the preferences."""
        self.layout.operator("triverse.preferences", text="", icon="PREFERENCES", emboss=False)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw missing requirements, the inputs, the options and the Generate button."""
        layout = self.layout
        welcome.draw(layout, context)
        if (linked := linked_reason(context.scene)) is not None:
            # All that follows is greyed.
            paragraph(layout, linked, sidebar_width_px(context), icon="LIBRARY_DATA_DIRECT")
        reuse_inputs.draw(layout, context)
        props = scene_props(context.scene)
        flow = inputs.chosen_flow(props)

        column = layout.column(align=True)
        choices.draw(column, props, "flow", text="")
        if flow.experimental:
            row = column.row()
            row.alignment = "LEFT"
            row.operator("triverse.explain", icon="EXPERIMENTAL", emboss=False).flow = flow.name
        column = layout.column()
        for field in flow.fields:
            if inputs.is_shared(field):
                _draw_shared(column, context, flow, field)
        header, body = layout.panel("triverse_options", default_closed=True)
        header.label(text="Options")
        presets.TRIVERSE_PT_presets.draw_panel_header(header.row())
        if body is not None:
            # In a narrow sidebar, a label next to its field is cut off; a label inside the field is not.
            body.use_property_split = not _is_narrow(context)
            body.use_property_decorate = False
            for field in flow.fields:
                if not inputs.is_shared(field):
                    _draw_setting(body, context, flow, field)
            if not selection.is_used(context, flow):
                placement.draw(body, context, is_narrow=_is_narrow(context))
            mesh_options.draw(body, context, flow)
            body.prop(settings.preferences(), "auto_import")
        elif any(not inputs.is_shared(flow.field(name)) for name in _rejected(flow)):
            # Show errors of options although their panel is collapsed.
            for field in flow.fields:
                if not inputs.is_shared(field):
                    _draw_rejection(layout, context, flow, field)
        ordered = order_summary.of_order(props, flow)
        if body is None and ordered:
            paragraph(layout, ordered, sidebar_width_px(context))
        _draw_generate(layout, context)


def _is_narrow(context: bpy.types.Context) -> bool:
    return sidebar_width_px(context) < _SPLIT_PX * ui_scale()


def _draw_shared(layout: bpy.types.UILayout, context: bpy.types.Context, flow: Flow, field: Field) -> None:
    """Draw a shared input (prompt, picture, model) over the whole width, with its buttons and its error."""
    group = inputs.holder(scene_props(context.scene), flow, field)
    column = layout.column(align=True)
    row = column.row(align=True)
    # Of the row, nothing but the field is wrong: its buttons are not drawn as if they were.
    only_field = row.row(align=True)
    only_field.alert = _rejection(context, flow, field) is not None
    if field.kind is Kind.MODEL and selection.is_used(context, flow):
        selection.draw(column, row, context, sidebar_width_px(context))
    elif field.is_source:
        hint = field.label if field.required else tr("{field}, optional", field=field.label)
        icon: Icon = "IMAGE_DATA" if field.kind is Kind.IMAGE else "MESH_DATA"
        only_field.prop(group, field.name, text="", placeholder=hint, icon=icon)
        row.operator("triverse.choose_file", text="", icon="FILEBROWSER").field = field.name
        if field.kind is Kind.MODEL:
            row.prop(scene_props(context.scene), "use_selection", text="", icon="RESTRICT_SELECT_OFF")
        elif request.picture_fields(flow)[0] == field.name:
            row.menu("TRIVERSE_MT_picture", text="", icon="DOWNARROW_HLT")
    else:
        placeholder = _PLACEHOLDERS.get(field.name, field.label)
        if hasattr(row, "textbox"):  # from Blender 5.2 on
            only_field.textbox(group, field.name, initial_visible_lines=_LINES, placeholder=placeholder)
        else:
            only_field.prop(group, field.name, text="", placeholder=placeholder)
        row.operator("triverse.improve_prompt", text="", icon="SHADERFX")
        row.operator("triverse.edit_prompt", text="", icon="GREASEPENCIL")
        row.operator("triverse.prompt_history", text="", icon="DOWNARROW_HLT")
        extra_orders.draw_offer(column, context)
    _draw_rejection(column, context, flow, field)
    if field.kind is Kind.IMAGE:
        source = inputs.sources(scene_props(context.scene), flow).get(field.name, "")
        several = len(request.picture_fields(flow)) > 1
        picture_row.draw(column, context, source, is_one_of_several=several)


def _draw_setting(layout: bpy.types.UILayout, context: bpy.types.Context, flow: Flow, field: Field) -> None:
    """Draw a setting with its label, and its error below."""
    group = inputs.holder(scene_props(context.scene), flow, field)
    column = layout.column()
    column.alert = _rejection(context, flow, field) is not None
    if value_menus.has_menu(field):
        value_menus.draw(column, scene_props(context.scene), flow, field, is_narrow=_is_narrow(context))
        _draw_rejection(layout, context, flow, field)
        return
    is_own_label = field.kind in (Kind.INT, Kind.BOOL) and not inputs.steps(field)
    if (field.kind is Kind.TEXT and not field.choices) or (_is_narrow(context) and not is_own_label):
        column.label(text=field.label)
        how: dict[str, Any] = {"text": ""}
    else:
        how = {}
    if inputs.has_entries(field):
        choices.draw(column, group, field.name, **how)
    else:
        column.prop(group, field.name, placeholder=_PLACEHOLDERS.get(field.name, ""), **how)
    _draw_rejection(layout, context, flow, field)


def _draw_rejection(layout: bpy.types.UILayout, context: bpy.types.Context, flow: Flow, field: Field) -> None:
    """Draw why the present value of a field was rejected, if it was."""
    sentence = _rejection(context, flow, field)
    if sentence is not None:
        paragraph(layout, translate(sentence), sidebar_width_px(context), icon="ERROR", alert=True)


def _rejection(context: bpy.types.Context, flow: Flow, field: Field) -> Sentence | None:
    session = runtime.current()
    if session is None or not session.rejected:
        return None
    return session.rejection(field.name, operators.current_value(scene_props(context.scene), flow.name, field.name))


def _rejected(flow: Flow) -> list[str]:
    session = runtime.current()
    names = {field.name for field in flow.fields}
    return [name for name in session.rejected if name in names] if session is not None else []


def _order_texts(cost: int | None, count: int) -> tuple[str, ...]:
    """Return the forms of the button's text, the longest first."""
    if count == 1:
        if cost is None:
            return (tr("Generate"),)
        return tr("Generate · {cost} {cost|credit|credits}", cost=cost), tr("Generate · {cost}", cost=cost)
    if cost is None:
        return (tr("Make {count}", count=count),)
    total = cost * count
    return (
        tr("Make {count} · {cost} {cost|credit|credits}", count=count, cost=total),
        tr("Make {count} · {cost}", count=count, cost=total),
    )


def _draw_generate(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw the Generate button with the price, and below it the balance or an error."""
    drafted = request.draft(context)
    count = request.variants(context)
    width_px = sidebar_width_px(context)
    session = runtime.current()
    is_resting = session is not None and session.orders.is_resting
    forms = (tr("Ordered"),) if is_resting else _order_texts(generate_cost.known_cost(drafted), count)
    text = longest_that_fits(forms, width_px - (28 + 20 * _NUMBER_UNITS) * ui_scale())
    button = layout.row(align=True)
    button.scale_y = 1.5
    button.context_string_set(FROM_PANEL, "yes")
    button.operator("triverse.generate", text=text, icon="CHECKMARK" if is_resting else "PLAY", translate=False)
    number = button.row(align=True)
    number.ui_units_x = _NUMBER_UNITS
    number.prop(window_props(context.window_manager), "variants", text="")
    if (missing := request.disabled_reason(context)) is not None:
        # What is missing is also why the button is greyed.
        paragraph(layout, missing, width_px, icon="INFO")
    if session is None or not session.may_ask:
        return
    if generate_cost.known_cost(drafted) is not None:
        extra_orders.request_prices(context)
    reason = generate_cost.insufficient_credits(drafted, count)
    balance = session.price.balance
    if reason is not None:
        paragraph(layout, reason, width_px, icon="ERROR", alert=True)
        layout.operator("triverse.open_account", icon="URL")
    elif balance is not None:
        row = layout.row()
        row.alignment = "CENTER"
        if balance.frozen:
            text = tr(
                "{balance} {balance|credit|credits}, {frozen} reserved", balance=balance.balance, frozen=balance.frozen
            )
        else:
            text = tr("{balance} {balance|credit|credits}", balance=balance.balance)
        # Read ahead, because an open popover is not redrawn.
        spending_panel.request_sums(session)
        row.popover("TRIVERSE_PT_spending", text=text, translate=False)
    elif session.price.problem is not None and runtime.key_state() is not runtime.KeyState.REFUSED:
        paragraph(layout, translate(session.price.problem), width_px, icon="INFO")
        if session.price.in_preferences:
            layout.operator("triverse.preferences", icon="PREFERENCES")


CLASSES = (TRIVERSE_PT_make,)
