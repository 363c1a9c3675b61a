# SPDX-License-Identifier: GPL-3.0-or-later
"""
Requirements that are missing before a model can be made, each with a button; for new users, as steps of a welcome box.

Floor: third. Thread: main. Imports ``bpy``. Drawing reads memory only.

The welcome box marks completed steps and disappears after the last one, the first task.
"""

from typing import TYPE_CHECKING

import bpy

from ...api.errors import KeyElsewhereError
from ...api.urls import DEFAULT_API_URL, origin_of
from .. import settings
from ..form import example, inputs
from ..rna.members import Icon, scene_props
from ..setup.operator_helpers import FillsInMixin
from ..state import runtime
from ..text.layout_text import has_room, paragraph, sidebar_width_px
from ..text.translate import tr, tr_button, translate
from ..timers import redraw
from . import presets

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

_EXAMPLE_FLOW = "text-to-model"
_STARTER = "DRAFT"


def draw(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw the welcome box for a new user, else the missing requirements; then errors of the key and the session."""
    if runtime.is_new_user():
        _draw_welcome(layout, context)
    else:
        if runtime.key_state() in (runtime.KeyState.MISSING, runtime.KeyState.REFUSED):
            _draw_key(layout.box().column(), context, icon="KEYINGSET")
        if settings.is_offline():
            _draw_online(layout.box().column(), context, icon="INTERNET_OFFLINE")
    _draw_key_problem(layout, context)
    problem = runtime.problem()
    if problem is not None:
        box = layout.box().column()
        paragraph(box, translate(problem), sidebar_width_px(context, boxed=True), icon="ERROR", alert=True)
        if runtime.current() is None:
            box.operator("triverse.start", icon="FILE_REFRESH")


def _draw_key_problem(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    problem = settings.key_problem()
    if not isinstance(problem, KeyElsewhereError):
        return  # a malformed key is reported in place of the price
    box = layout.box().column()
    paragraph(box, translate(problem.sentence), sidebar_width_px(context, boxed=True), icon="ERROR", alert=True)
    box.operator("triverse.allow_key", icon="KEYINGSET")
    box.operator("triverse.preferences", icon="PREFERENCES")


def _draw_welcome(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    key, is_online = runtime.key_state(), not settings.is_offline()
    box = layout.box().column()
    box.label(text="Welcome to Triverse")
    _draw_step(box, tr("1. Your API key"), is_done=key is runtime.KeyState.ACCEPTED)
    if key in (runtime.KeyState.MISSING, runtime.KeyState.REFUSED):
        _draw_key(box.column(), context)
        box.separator()
    elif key is runtime.KeyState.TESTING:
        paragraph(box, tr("Asking the service…"), sidebar_width_px(context, boxed=True), icon="SORTTIME")
    _draw_step(box, tr("2. Going online"), is_done=is_online)
    if not is_online:
        _draw_online(box.column(), context)
        box.separator()
    _draw_step(box, tr("3. Your first model"), is_done=False)
    if key not in (runtime.KeyState.MISSING, runtime.KeyState.REFUSED) and is_online:
        text = tr("Describe a thing, or begin with an example. The button below says what it costs.")
        paragraph(box, text, sidebar_width_px(context, boxed=True))
        box.operator("triverse.try_example", icon="LIGHT")


def _draw_step(layout: bpy.types.UILayout, text: str, *, is_done: bool) -> None:
    row = layout.row()
    row.active = not is_done
    row.label(text=text, icon="CHECKBOX_HLT" if is_done else "CHECKBOX_DEHLT", translate=False)


def _draw_key(layout: bpy.types.UILayout, context: bpy.types.Context, *, icon: Icon = "NONE") -> None:
    answer = runtime.key_answer()
    is_refused = runtime.key_state() is runtime.KeyState.REFUSED
    if is_refused and answer is not None:
        paragraph(layout, translate(answer[1]), sidebar_width_px(context, boxed=True), icon="ERROR", alert=True)
    else:
        text = tr("Enter your Triverse API key to begin. It stays in Blender's preferences.")
        paragraph(layout, text, sidebar_width_px(context, boxed=True), icon=icon)
    service = origin_of(settings.api_url())
    if service != origin_of(DEFAULT_API_URL):
        text = tr("The service is {service}.", service=service)
        paragraph(layout, text, sidebar_width_px(context, boxed=True))
    row = layout.row(align=True)
    row.prop(settings.preferences(), "api_key", text="", placeholder="API Key")
    row.operator("triverse.open_account", text="", icon="URL")
    if is_refused:
        row.operator("triverse.preferences", text="", icon="PREFERENCES")


def _draw_online(layout: bpy.types.UILayout, context: bpy.types.Context, *, icon: Icon = "NONE") -> None:
    width_px = sidebar_width_px(context, boxed=True)
    if settings.is_forced_offline():
        text = tr("Blender was started in offline mode. Start it again without --offline-mode.")
        paragraph(layout, text, width_px, icon=icon)
    else:
        text = tr("Triverse works online, and online access is switched off in Blender.")
        paragraph(layout, text, width_px, icon=icon)
        text = tr_button("Allow Online Access")
        if not has_room((text,), width_px):
            # The sentence above names the preference.
            text = tr("Allow")
        layout.operator("triverse.go_online", text=text, icon="INTERNET", translate=False)


class TRIVERSE_OT_try_example(FillsInMixin, bpy.types.Operator):
    """Fill in a prompt and, for this one order, the quickest settings. It is sent when you press Generate"""

    bl_idname = "triverse.try_example"
    bl_label = "Fill In an Example"
    bl_options = {"INTERNAL", "UNDO"}

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Fill in the example prompt, and apply the fastest built-in preset."""
        props = scene_props(context.scene)
        prompt = tr("A small wooden treasure chest with iron bands")
        example.begin(props, inputs.PANEL_FLOWS[_EXAMPLE_FLOW], prompt)
        props.flow = _EXAMPLE_FLOW
        props.shared.prompt = prompt
        presets.start(context.scene, inputs.PANEL_FLOWS[_EXAMPLE_FLOW], _STARTER)
        redraw.redraw()
        return {"FINISHED"}


CLASSES = (TRIVERSE_OT_try_example,)
