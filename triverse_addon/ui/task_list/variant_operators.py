# SPDX-License-Identifier: GPL-3.0-or-later
"""
Operators on the variants of one wish: compare them side by side, keep one, put tasks away and bring them back.

Floor: third. Thread: main. Imports ``bpy``. None of them uses the network.
"""

import math
from typing import TYPE_CHECKING

import bpy

from ...api.errors import TriverseError
from .. import settings
from ..form import request
from ..rna.members import Icon
from ..state import list_rows, runtime
from ..text.layout_text import ui_scale
from ..text.translate import tr, translate
from ..timers import app_timer
from . import import_operators
from .operator_base import TaskOperatorMixin, draw_task_operator

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    from ...tasks.record.record import TaskRecord

#: Width and height of a picture in the comparison, in interface units (20 px at UI scale 1), where there is room.
_PICTURE_UNITS = 11.0
#: What a picture takes at least: a smaller one shows nothing.
_LEAST_PICTURE_UNITS = 3.0
#: What stands beside and below each picture, and around all of them.
_BESIDE_UNITS, _BELOW_UNITS = 1.5, 5.0
_AROUND_UNITS = (2.75, 3.0)
_MOST_COLUMNS = 4
#: Pictures of this share of the largest possible size are nearly as good.
_NEARLY = 0.85
#: Time for decoding the pictures of all variants before they are shown, in seconds: 1 to 2 ms each.
_PICTURES_S = 0.05


def draw(layout: bpy.types.UILayout, record: "TaskRecord") -> None:
    """Draw the buttons that compare the variants of a task, and the one that keeps it; nothing for a single task."""
    if not record.group:
        return
    row = layout.row(align=True)
    text = tr("Compare {count} Variants", count=record.variants)
    draw_task_operator(row, "triverse.compare", record, text=text, icon="IMGDISPLAY", translate=False)
    draw_task_operator(row, "triverse.compare_large", record, text="", icon="FULLSCREEN_ENTER")
    draw_task_operator(row, "triverse.keep_variant", record, text="", icon="CHECKMARK")


def draw_menu(layout: bpy.types.UILayout, record: "TaskRecord") -> None:
    """Draw the menu entries about variants, and the one that puts the task away or brings it back."""
    if record.group:
        draw_task_operator(layout, "triverse.compare", record, icon="IMGDISPLAY")
        draw_task_operator(layout, "triverse.keep_variant", record, icon="CHECKMARK")
    if record.put_away:
        draw_task_operator(layout, "triverse.bring_back", record, icon="HIDE_OFF")
    else:
        draw_task_operator(layout, "triverse.put_away", record, icon="HIDE_ON")


class TRIVERSE_OT_keep_variant(TaskOperatorMixin, bpy.types.Operator):
    """Keep this variant, and put the others away. They are not deleted: Put Away in the filter shows them"""

    bl_idname = "triverse.keep_variant"
    bl_label = "Keep This One"
    bl_options = {"INTERNAL"}

    @classmethod
    def disabled_reason(cls, _context: bpy.types.Context, record: "TaskRecord") -> str | None:
        """Return why the task cannot be kept: it is no variant, or has no model."""
        if not record.group:
            return tr("This task has no variants.")
        return None if record.has_model else tr("The model is not there yet.")

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Keep the task, and import its model where it was asked for, if models are imported by themselves."""
        session, record = runtime.current(), self.usable(context)
        if session is None or record is None:
            return {"CANCELLED"}
        try:
            session.engine.keep_variant(record.id)
            if record.imported_at_s is None and settings.preferences().auto_import:
                origin = request.origin(context)
                place = import_operators.place_of(context, record, origin)
                session.engine.import_again(record.id, origin=origin, placement=place)
        except TriverseError as error:
            self.report({"WARNING"}, translate(error.sentence))
            return {"CANCELLED"}
        list_rows.choose(session, record.id)
        return app_timer.finish_operator()


class TRIVERSE_OT_put_away(TaskOperatorMixin, bpy.types.Operator):
    """Take this task out of sight. Nothing is deleted: Put Away in the filter shows it"""

    bl_idname = "triverse.put_away"
    bl_label = "Put Away"
    bl_options = {"INTERNAL"}

    @classmethod
    def disabled_reason(cls, _context: bpy.types.Context, record: "TaskRecord") -> str | None:
        """Return why the task cannot be put away: it is already."""
        return tr("This task is put away already.") if record.put_away else None

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Put the task away."""
        return self.call_engine(context, "put_away", is_away=True)


class TRIVERSE_OT_bring_back(TaskOperatorMixin, bpy.types.Operator):
    """Show this task in the list again"""

    bl_idname = "triverse.bring_back"
    bl_label = "Bring Back"
    bl_options = {"INTERNAL"}

    @classmethod
    def disabled_reason(cls, _context: bpy.types.Context, record: "TaskRecord") -> str | None:
        """Return why the task cannot be brought back: it was not put away."""
        return None if record.put_away else tr("This task is not put away.")

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Bring the task back."""
        return self.call_engine(context, "put_away", is_away=False)


class _ComparisonMixin(TaskOperatorMixin):
    """Base class of the operators that show all variants of a task's wish."""

    @classmethod
    def disabled_reason(cls, _context: bpy.types.Context, record: "TaskRecord") -> str | None:
        """Return why there is nothing to compare: the task is no variant."""
        return None if record.group else tr("This task has no variants.")

    def read_members(self, context: bpy.types.Context) -> "tuple[TaskRecord, ...]":
        """Return all variants, or report why they cannot be had and return nothing."""
        session, record = runtime.current(), self.usable(context)
        if session is None or record is None:
            return ()
        try:
            return tuple(session.engine.group_of(record.id))
        except TriverseError as error:
            self.report({"WARNING"}, translate(error.sentence))
            return ()


class TRIVERSE_OT_compare_large(_ComparisonMixin, bpy.types.Operator):
    """Show the variants of this wish large and side by side in the 3D viewport, and turn them together"""

    bl_idname = "triverse.compare_large"
    bl_label = "Large Preview"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Open the large preview with all variants."""
        ids = ",".join(one.id for one in self.read_members(context))
        if not ids:
            return {"CANCELLED"}
        bpy.ops.triverse.preview("INVOKE_DEFAULT", task_ids=ids)  # type: ignore[attr-defined]
        return {"FINISHED"}


class TRIVERSE_OT_compare(_ComparisonMixin, bpy.types.Operator):
    """Show the variants of this wish side by side, to keep one of them"""

    bl_idname = "triverse.compare"
    bl_label = "Compare Variants"
    bl_options = {"INTERNAL"}

    # Blender evaluates the annotations of a class that it registers.
    if TYPE_CHECKING:
        _members: tuple[TaskRecord, ...]
    else:
        _members = ()

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Read the variants and their pictures, because drawing must not, and open the popup."""
        session, self._members = runtime.current(), self.read_members(context)
        if session is None or not self._members:
            return {"CANCELLED"}
        session.thumbnails.load_first(((one.id, one.thumbnail_path) for one in self._members), _PICTURES_S)
        columns, picture_units = fitting_grid(len(self._members), *_window_units(context))
        width_units = columns * (picture_units + _BESIDE_UNITS) + 1
        return context.window_manager.invoke_popup(self, width=round(width_units * 20))

    def draw(self, context: bpy.types.Context) -> None:
        """Draw each variant: picture, name, state, and what can be done with it."""
        session = runtime.current()
        # Older ones are not in memory, and do not change any more.
        found = [session.shown(one.id) or one for one in self._members] if session is not None else []
        self.layout.label(text="Compare Variants", icon="IMGDISPLAY")
        columns, picture_units = fitting_grid(len(found), *_window_units(context))
        grid = self.layout.grid_flow(row_major=True, columns=columns, even_columns=True, even_rows=True)
        for record in found:
            _draw_variant(grid.box().column(), record, picture_units)

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Do nothing: the operator only shows a popup."""
        return {"FINISHED"}


def fitting_grid(count: int, width_units: float, height_units: float) -> tuple[int, float]:
    """
    Return in how many columns pictures are largest in a window, and how large each is, in interface units.

    If several numbers of columns are nearly as good, it is the one of the squarest rectangle.

    :param count: number of pictures.
    :param width_units: width of the window in interface units, as its height.
    """
    squarest = max(1, min(_MOST_COLUMNS, math.ceil(math.sqrt(count))))

    def units_in(columns: int) -> float:
        rows = math.ceil(count / columns)
        wide = (width_units - _AROUND_UNITS[0]) / columns - _BESIDE_UNITS
        high = (height_units - _AROUND_UNITS[1]) / rows - _BELOW_UNITS
        return max(_LEAST_PICTURE_UNITS, min(_PICTURE_UNITS, wide, high))

    units = {columns: units_in(columns) for columns in range(1, _MOST_COLUMNS + 1)}
    good = [columns for columns, one in units.items() if one >= _NEARLY * max(units.values())]
    columns = min(good, key=lambda one: abs(one - squarest))
    return columns, units[columns]


def _window_units(context: bpy.types.Context) -> tuple[float, float]:
    """Return width and height of the window in interface units; infinite where it has no areas."""
    areas = context.screen.areas if context.screen is not None else ()
    unit_px = 20 * ui_scale()
    width_px = max((area.x + area.width for area in areas), default=0)
    height_px = max((area.y + area.height for area in areas), default=0)
    return (width_px / unit_px or math.inf, height_px / unit_px or math.inf)


def _draw_variant(layout: bpy.types.UILayout, record: "TaskRecord", picture_units: float) -> None:
    from ..state import task_presentation  # lazy import, as in runtime
    from .ui_list import icon_number

    session = runtime.current()
    picture = session.thumbnails.icon(record.id, record.thumbnail_path) if session is not None else 0
    icon: Icon = task_presentation.icon(record)
    layout.active = not record.put_away
    layout.template_icon(icon_value=picture or icon_number(icon), scale=picture_units)
    layout.label(text=record.name, icon=icon, translate=False)
    facts = [] if record.triangles is None else [tr("{count} {count|triangle|triangles}", count=record.triangles)]
    if record.put_away:
        facts.append(tr("Put Away"))
    elif not record.has_model:
        facts.append(task_presentation.state(record)[0])
    line = layout.row()
    line.alert = task_presentation.is_bad(record)
    line.label(text=" · ".join(facts), translate=False)
    row = layout.row(align=True)
    draw_task_operator(row, "triverse.keep_variant", record, icon="CHECKMARK")
    action = task_presentation.action(record)
    draw_task_operator(row, action.operator, record, text="", icon=action.icon)


CLASSES = (
    TRIVERSE_OT_keep_variant,
    TRIVERSE_OT_put_away,
    TRIVERSE_OT_bring_back,
    TRIVERSE_OT_compare,
    TRIVERSE_OT_compare_large,
)
