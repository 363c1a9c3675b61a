# SPDX-License-Identifier: GPL-3.0-or-later
"""
Operators of the upper half of the panel: choose what to make from, and make it.

Floor: third. Thread: main. Imports ``bpy``. None of them waits for the network.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, EnumProperty, StringProperty

from ...api.errors import InputError, TriverseError
from ...api.flows import Field, Flow, Kind
from ..form import inputs, last_used, request
from ..setup_operators import may_ask, session_or_report
from ..state import list_rows
from ..timers import app_timer, redraw
from ..translate import say, words
from . import cost

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems


class TRIVERSE_OT_generate(bpy.types.Operator):
    """Make a model. You can go on working meanwhile"""

    bl_idname = "triverse.generate"
    bl_label = "Generate"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a scene, a key, a way to the service, inputs that are there, and enough credits as far as is known."""
        if not may_generate(cls, context):
            return False
        problem = request.problem(context)
        if problem is not None:
            cls.poll_message_set(problem)
            return False
        lack = cost.lack(context)
        if lack is not None:
            cls.poll_message_set(lack)
            return False
        return True

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Ask first when it costs more than the preferences say, or may do so."""
        question = cost.question(context)
        if question is None:
            return self.execute(context)
        title, message = question
        return context.window_manager.invoke_confirm(
            self, event, title=title, message=message, confirm_text=words("Generate")
        )

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Check the inputs, write the task down, and let the engine send it."""
        return generate(self, context)


def _show_all_files(operator: Any, context: bpy.types.Context) -> None:
    """Have the open file browser filter by name or not. A glob that is changed later does not reach what is listed."""
    space = context.space_data
    if isinstance(space, bpy.types.SpaceFileBrowser) and space.params is not None:
        space.params.use_filter = not operator.all_files


class TRIVERSE_OT_choose_file(bpy.types.Operator):
    """Choose a file on this machine"""

    bl_idname = "triverse.choose_file"
    bl_label = "Choose File"
    bl_options = {"INTERNAL"}

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
        """Open a file browser that shows what is called like something that can be used."""
        given = context.scene.triverse
        flow = inputs.chosen_flow(given)
        field = flow.field(self.field)
        if field.kind is Kind.IMAGE:
            # What the service does not take is converted on the way.
            self.filter_glob = ";".join(f"*{suffix}" for suffix in inputs.picture_suffixes())
            self.display_type = "THUMBNAIL"
        else:
            self.filter_glob = "*.glb;*.obj;*.fbx;*.stl;*.ply;*.usdz"
        self.filepath = inputs.sources(given, flow).get(self.field, "")
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def draw(self, _context: bpy.types.Context) -> None:
        """The browser's own side has room for one choice."""
        self.layout.prop(self, "all_files")

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Put the path into the panel."""
        given = context.scene.triverse
        flow = inputs.chosen_flow(given)
        field = flow.field(self.field)
        setattr(inputs.holder(given, flow, field), field.name, self.filepath)
        redraw.redraw()
        return {"FINISHED"}


class TRIVERSE_OT_edit_prompt(bpy.types.Operator):
    """Write the prompt in a wider field"""

    bl_idname = "triverse.edit_prompt"
    bl_label = "Prompt"
    bl_options = {"INTERNAL"}

    _before: Mapping[str, str] = MappingProxyType({})

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Open a dialog."""
        self._before = {field.name: getattr(group, field.name) for field, group in self._texts(context)}
        return context.window_manager.invoke_props_dialog(self, width=640, confirm_text=words("Done"))

    def draw(self, context: bpy.types.Context) -> None:
        """Draw all texts of the flow."""
        column = self.layout.column()
        for index, (field, group) in enumerate(self._texts(context)):
            column.label(text=field.label)
            row = column.row()
            row.activate_init = index == 0
            row.prop(group, field.name, text="")

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """The fields were written as they were typed."""
        return {"FINISHED"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Put back what was there."""
        for field, group in self._texts(context):
            if field.name in self._before:
                setattr(group, field.name, self._before[field.name])
        redraw.redraw()

    @staticmethod
    def _texts(context: bpy.types.Context) -> "list[tuple[Field, bpy.types.PropertyGroup]]":
        """Return the texts of the flow that is chosen, each with the group that holds it."""
        given = context.scene.triverse
        flow = inputs.chosen_flow(given)
        return [
            (field, inputs.holder(given, flow, field))
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
        """Say it in the tooltip already."""
        flow = inputs.PANEL_FLOWS.get(properties.flow)
        return words(flow.experimental).removesuffix(".") if flow is not None else ""

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Say it in the status bar."""
        flow = inputs.PANEL_FLOWS.get(self.flow)
        if flow is None:
            return {"CANCELLED"}
        self.report({"INFO"}, words(flow.experimental))
        return {"FINISHED"}


# -----------------------------------------------------------------------------
# Shared by everything that makes a task


def may_generate(cls: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    """Tell whether a task can be made at all, and why not in the tooltip of the operator ``cls``."""
    if context.scene is None:
        cls.poll_message_set(words("There is no scene to make a model for."))
        return False
    return may_ask(cls)


def refuse_lack(
    operator: bpy.types.Operator, context: bpy.types.Context, flow: Flow | None = None, count: int = 1
) -> bool:
    """Tell whether the credits are known not to do, which ``operator`` then reports; see :func:`cost.lack`."""
    lack = cost.lack(context, flow, count)
    if lack is not None:
        operator.report({"WARNING"}, lack)
    return lack is not None


def generate(operator: bpy.types.Operator, context: bpy.types.Context) -> "set[OperatorReturnItems]":
    """Make what the panel's inputs ask for; what is wrong with them is said at their field and by ``operator``."""
    here = session_or_report(operator)
    if here is None:
        return {"CANCELLED"}
    here.apply_settings()
    if refuse_lack(operator, context):
        return {"CANCELLED"}
    given = context.scene.triverse
    try:
        record = request.submit(here.engine, request.from_panel(context, again=bool(here.again_of)))
    except InputError as error:
        here.refuse(error, current_value(given, inputs.chosen_flow(given).name, error.field))
        operator.report({"WARNING"}, say(error.sentence))
        redraw.redraw()
        return {"CANCELLED"}
    except TriverseError as error:
        operator.report({"WARNING"}, say(error.sentence))
        return {"CANCELLED"}
    here.refused = {}
    here.again_of = ""
    last_used.note(given)
    here.price.want_balance()
    list_rows.choose(here, record.id)
    return app_timer.done()


def current_value(given: bpy.types.AnyType, flow_name: str, field_name: str) -> object:
    """Return what the panel holds for a field; None when the panel has no such field."""
    flow = inputs.PANEL_FLOWS[flow_name]
    try:
        field = flow.field(field_name)
    except KeyError:
        return None
    return inputs.held(given, flow, field)


CLASSES = (
    TRIVERSE_OT_generate,
    TRIVERSE_OT_choose_file,
    TRIVERSE_OT_edit_prompt,
    TRIVERSE_OT_explain,
)
