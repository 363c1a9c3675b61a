# SPDX-License-Identifier: GPL-3.0-or-later
"""
Operators of the upper part of the panel: choose input files, edit the prompt, submit a task.

Floor: third. Thread: main. Imports ``bpy``. None of them waits for the network.
"""

import dataclasses
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, EnumProperty, StringProperty

from ...api.errors import InputError, TriverseError
from ...api.flows import Field, Kind
from ..form import example, inputs, last_used
from ..form import request as form_request
from ..rna.members import scene_props, window_props
from ..setup.operator_helpers import FillsInMixin, may_generate, session_or_report
from ..state import list_rows
from ..text.layout_text import font_px, paragraph, ui_scale, wrapped
from ..text.translate import tr, translate
from ..timers import app_timer, open_dialog, redraw
from . import arguments, cost, repeats, reuse_inputs

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    from ...tasks.record.record import TaskRequest


#: Name of the string in the layout's context that marks the panel's button. ``poll()`` reads it, because it does not
#: know whether the operator is called with arguments.
FROM_PANEL = "triverse_from_panel"
#: Width of the dialog for the prompt, in pixels at UI scale 1: seven lines hold 500 characters.
_PROMPT_PX = 616
_LINES = 7
#: Time in which nobody reads a question, in seconds.
_READ_S = 0.4


class TRIVERSE_OT_generate(arguments.GenerateArguments, bpy.types.Operator):
    """Make a model. You can go on working meanwhile. Scripts and key maps can give the inputs as arguments"""

    bl_idname = "triverse.generate"
    bl_label = "Generate"
    bl_options = {"REGISTER"}

    # The request that was confirmed or needed no question, and when a question was asked. Blender evaluates the
    # annotations of a class that it registers.
    if TYPE_CHECKING:
        another: bool
        _confirmed: TaskRequest | None
    else:
        another: BoolProperty(
            name="Another",
            description="Order it although the same was ordered a few seconds ago",
            options={"HIDDEN", "SKIP_SAVE"},
        )
        _confirmed = None
    _asked_at_s = 0.0

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """
        Return True if a task can be made.

        For the panel's button, the needed objects must also be selected, and the known balance be sufficient.
        """
        if not may_generate(cls, context):
            return False
        if not is_button(context):
            return True
        reason = (
            repeats.resting_reason()
            or form_request.disabled_reason(context)
            or cost.insufficient_credits(form_request.draft(context), form_request.variants(context))
        )
        if reason is not None:
            cls.poll_message_set(reason)
            return False
        return True

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """
        Ask if the same was ordered a moment ago, or if its price is unknown or above a limit in the preferences.

        A click or a key comes here; a script that calls the operator does not.
        """
        try:
            request = self._request(context)
        except InputError as error:
            self.report({"WARNING"}, translate(error.sentence))
            return {"CANCELLED"}
        is_repeat = not self.another and repeats.is_just_ordered(context, request)
        count = 1 if self.given() else form_request.variants(context)
        # Several at once are on purpose only if their price was seen.
        question = cost.confirmation(request, count, is_repeat=is_repeat, must_show_price=count > 1)
        self._confirmed = dataclasses.replace(request, allow_duplicate=True) if is_repeat else request
        if question is None:
            return self.execute(context)
        self._asked_at_s = time.monotonic()
        title, message = question
        return context.window_manager.invoke_confirm(
            self, event, title=title, message=message, confirm_text=tr("Generate")
        )

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Check the inputs and submit the task; see :func:`generate`."""
        of_panel = not self.given()
        asked_at_s, self._asked_at_s = self._asked_at_s, 0.0
        if asked_at_s and time.monotonic() - asked_at_s < _READ_S:
            # Blender opens the question with its button under the mouse, where a double click would hit it.
            self._confirmed = None
            self.report({"INFO"}, tr("Nothing was ordered: the question was answered before it could be read."))
            return {"CANCELLED"}
        reason = form_request.disabled_reason(context) if of_panel else None
        if reason is not None:
            self.report({"WARNING"}, reason)
            return {"CANCELLED"}
        confirmed, self._confirmed = self._confirmed, None  # Repeat Last means the panel as it is then
        try:
            request = confirmed or self._request(context)
        except InputError as error:
            self.report({"WARNING"}, translate(error.sentence))
            return {"CANCELLED"}
        if confirmed is None and not self.another and repeats.report_just_ordered(self, context, request):
            return {"CANCELLED"}
        if self.another:
            request = dataclasses.replace(request, allow_duplicate=True)
        count = form_request.variants(context) if of_panel else 1
        return generate(self, context, request, of_panel=of_panel, count=count)

    def _request(self, context: bpy.types.Context) -> "TaskRequest":
        given = self.given()
        return arguments.task_request(context, given) if given else form_request.build(context, again=is_again())


def _show_all_files(operator: Any, context: bpy.types.Context) -> None:
    """Switch the open file browser's filter. A later change of ``filter_glob`` has no effect on the listed files."""
    space = context.space_data
    if isinstance(space, bpy.types.SpaceFileBrowser) and space.params is not None:
        space.params.use_filter = not operator.all_files


class TRIVERSE_OT_choose_file(FillsInMixin, bpy.types.Operator):
    """Choose a file on this machine"""

    bl_idname = "triverse.choose_file"
    bl_label = "Choose File"
    bl_options = {"INTERNAL", "UNDO"}

    if TYPE_CHECKING:
        field: str
        filepath: str
        filter_glob: str
        all_files: bool
        display_type: str
    else:
        field: StringProperty(options={"HIDDEN", "SKIP_SAVE"})
        filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
        filter_glob: StringProperty(options={"HIDDEN", "SKIP_SAVE"})
        all_files: BoolProperty(
            name="All Files",
            description="Show files of every name. Their kind is recognized by their content",
            options={"SKIP_SAVE"},
            update=_show_all_files,
        )
        # Blender's file browser reads the property of this name, with the numbers of its own operators.
        display_type: EnumProperty(
            items=(("DEFAULT", "Default", "", 0), ("LIST_VERTICAL", "List", "", 1), ("THUMBNAIL", "Thumbnails", "", 3)),
            options={"HIDDEN", "SKIP_SAVE"},
        )

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Open a file browser that shows files with suitable suffixes."""
        props = scene_props(context.scene)
        flow = inputs.chosen_flow(props)
        field = flow.field(self.field)
        if field.kind is Kind.IMAGE:
            # Formats that the service does not accept are converted before the upload.
            self.filter_glob = ";".join(f"*{suffix}" for suffix in inputs.picture_suffixes())
            self.display_type = "THUMBNAIL"
        else:
            self.filter_glob = "*.glb;*.obj;*.fbx;*.stl;*.ply;*.usdz"
        self.filepath = inputs.sources(props, flow).get(self.field, "")
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the All Files option in the sidebar of the file browser."""
        self.layout.prop(self, "all_files")

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Put the path into the field of the panel, also if another flow was chosen meanwhile: all flows share it."""
        setattr(scene_props(context.scene).shared, self.field, self.filepath)
        # The file browser may have been opened from a dialog, which stays open and shows the field.
        open_dialog.refresh(is_changed=True)
        redraw.redraw()
        return {"FINISHED"}


class TRIVERSE_OT_edit_prompt(FillsInMixin, bpy.types.Operator):
    """Write the prompt in a wider field, and see all of it"""

    bl_idname = "triverse.edit_prompt"
    bl_label = "Prompt"
    bl_options = {"INTERNAL", "UNDO"}

    _before: Mapping[str, str] = MappingProxyType({})

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Remember the texts for :meth:`cancel`, and open the dialog."""
        self._before = {field.name: getattr(group, field.name) for field, group in self._texts(context)}
        return context.window_manager.invoke_props_dialog(self, width=_PROMPT_PX + 24, confirm_text=tr("Done"))

    def draw(self, context: bpy.types.Context) -> None:
        """Draw a field for each text of the flow."""
        column = self.layout.column()
        for index, (field, group) in enumerate(self._texts(context)):
            column.label(text=field.label)
            if hasattr(column, "textbox"):  # from Blender 5.2 on
                column.textbox(group, field.name, initial_visible_lines=_LINES if field.required else 2)
                continue
            row = column.row()
            row.activate_init = index == 0
            row.prop(group, field.name, text="")
            text = getattr(group, field.name)
            if len(wrapped(text, _PROMPT_PX * ui_scale(), font_px())) > 1:
                paragraph(column.box().column(align=True), text, _PROMPT_PX * ui_scale(), most_lines=20)

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Do nothing: the dialog's fields have already changed the panel's properties."""
        return {"FINISHED"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Restore the texts from before the dialog."""
        for field, group in self._texts(context):
            if field.name in self._before:
                setattr(group, field.name, self._before[field.name])
        redraw.redraw()

    @staticmethod
    def _texts(context: bpy.types.Context) -> "list[tuple[Field, bpy.types.PropertyGroup]]":
        """Return the free-text fields of the selected flow, each with the property group that holds its value."""
        props = scene_props(context.scene)
        flow = inputs.chosen_flow(props)
        return [
            (field, inputs.holder(props, flow, field))
            for field in flow.params
            if field.kind is Kind.TEXT and not field.choices
        ]


class TRIVERSE_OT_explain(bpy.types.Operator):
    """Why this is experimental"""

    bl_idname = "triverse.explain"
    bl_label = "Experimental"
    bl_options = {"INTERNAL"}

    if TYPE_CHECKING:
        flow: str
    else:
        flow: StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """Return the reason as tooltip."""
        flow = inputs.PANEL_FLOWS.get(properties.flow)
        return tr(flow.experimental).removesuffix(".") if flow is not None else ""

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Report the reason, which Blender shows in the status bar."""
        flow = inputs.PANEL_FLOWS.get(self.flow)
        if flow is None:
            return {"CANCELLED"}
        self.report({"INFO"}, tr(flow.experimental))
        return {"FINISHED"}


# -----------------------------------------------------------------------------
# Shared by all operators that submit tasks


def report_insufficient_credits(operator: bpy.types.Operator, request: "TaskRequest", count: int = 1) -> bool:
    """
    Return whether the balance is known to be too low, and if so, report it.

    :param operator: reports the message.
    :param count: number of tasks with the price of ``request``.
    """
    reason = cost.insufficient_credits(request, count)
    if reason is not None:
        operator.report({"WARNING"}, reason)
    return reason is not None


def is_button(context: bpy.types.Context) -> bool:
    """Return whether ``poll()`` is asked for the panel's button, which uses the panel's inputs."""
    return getattr(context, FROM_PANEL, None) is not None


def is_again() -> bool:
    """Return whether the panel's inputs are those of an earlier task, so that a duplicate of it is allowed."""
    return bool(reuse_inputs.again_of(bpy.context.scene))


def generate(
    operator: bpy.types.Operator,
    context: bpy.types.Context,
    request: "TaskRequest",
    *,
    of_panel: bool = True,
    count: int = 1,
) -> "set[OperatorReturnItems]":
    """
    Submit a request.

    An invalid input is reported; one of the panel's is also shown at its field.

    :param operator: reports errors.
    :param of_panel: whether the request was built from the panel's inputs.
    :param count: how many variants are ordered.
    :returns: the operator's result.
    """
    session = session_or_report(operator)
    if session is None:
        return {"CANCELLED"}
    session.apply_settings()
    if report_insufficient_credits(operator, request, count):
        return {"CANCELLED"}
    props = scene_props(context.scene)
    fingerprint = form_request.fingerprint(context, request)
    if session.orders.is_known(fingerprint) and not session.orders.is_repeat(fingerprint):
        # After so long, it is no accident. The service would refuse it as a repetition.
        request = dataclasses.replace(request, allow_duplicate=True)
    try:
        complete = form_request.with_selection(context, request) if of_panel else request
        records = form_request.submit_variants(session.engine, complete, count)
    except InputError as error:
        if of_panel:
            session.reject(error, current_value(props, request.flow, error.field))
        operator.report({"WARNING"}, translate(error.sentence))
        redraw.redraw()
        return {"CANCELLED"}
    except TriverseError as error:
        operator.report({"WARNING"}, translate(error.sentence))
        return {"CANCELLED"}
    if of_panel:
        session.rejected = {}
        session.again_of = ""
        example.end(props)
        last_used.save(props, request.flow)
        window_props(context.window_manager).property_unset("variants")
    session.orders.add(fingerprint, tuple(one.id for one in records), cost.known_cost(request))
    session.price.request_balance()
    list_rows.choose(session, records[0].id)
    return app_timer.finish_operator()


def current_value(props: bpy.types.AnyType, flow_name: str, field_name: str) -> object:
    """
    Return the panel's value for a field, or None if the flow has no such field.

    :param props: a scene's ``triverse`` properties.
    """
    flow = inputs.PANEL_FLOWS[flow_name]
    try:
        field = flow.field(field_name)
    except KeyError:
        return None
    return inputs.held(props, flow, field)


CLASSES = (
    TRIVERSE_OT_generate,
    TRIVERSE_OT_choose_file,
    TRIVERSE_OT_edit_prompt,
    TRIVERSE_OT_explain,
)
