# SPDX-License-Identifier: GPL-3.0-or-later
"""
Blender's own work on one result, by a second Blender: decimate, levels of detail, collision hull, clean up, merge.

Floor: third. Thread: main. Imports ``bpy``. None of them uses the network, or waits for the second Blender.
"""

import dataclasses
from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, IntProperty

from ...tasks.work_limits import LEAST_TRIANGLES, MOST_LODS, MOST_TRIANGLES
from ..form import mesh_options, placement, request
from ..text.layout_text import paragraph, ui_scale
from ..text.translate import amount, tr, tr_button
from . import import_operators
from .operator_base import TaskOperatorMixin, in_place_property

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    from ...tasks.record.record import Placement, TaskRecord

_WIDTH = 340
#: Triangles that are offered for a model of which the number is not known.
_SOME_TRIANGLES = 10_000


class TRIVERSE_OT_work_on_result(TaskOperatorMixin, bpy.types.Operator):
    """Have a second Blender reduce the model, add levels of detail or a hull, or clean it up. It costs nothing"""

    bl_idname = "triverse.work_on_result"
    bl_label = "Work on Result"
    bl_options = {"INTERNAL"}

    if TYPE_CHECKING:
        use_decimate: bool
        triangles: int
        cleanup: bool
        merge: bool
        lods: int
        hull: bool
        in_place: bool
    else:
        use_decimate: BoolProperty(
            name="Decimate",
            description="Reduce the number of triangles, as the modifier Decimate does. Seams of UVs stay closed",
        )
        triangles: IntProperty(
            name="Triangle Count",
            description="Largest number of triangles the model may have",
            default=_SOME_TRIANGLES,
            min=LEAST_TRIANGLES,
            max=MOST_TRIANGLES,
            options={"SKIP_SAVE"},
        )
        cleanup: BoolProperty(
            name="Clean Up",
            description="Join equal materials, remove unused slots and images, and name these after the model",
        )
        merge: mesh_options.merge_property()
        lods: IntProperty(
            name="Levels of Detail",
            description="Copies of the model in collections of their own, each with half the triangles",
            min=0,
            max=MOST_LODS,
        )
        hull: BoolProperty(
            name="Collision Hull",
            description="A convex hull of at most 200 vertices, shown as wire, whose name begins with UCX_",
        )
        in_place: in_place_property(default=True)

    @classmethod
    def disabled_reason(cls, _context: bpy.types.Context, record: "TaskRecord") -> str | None:
        """Return why Blender cannot work on the model: there is none, or it does already."""
        if record.is_worked_on:
            return tr("Blender works on this model already.")
        return None if record.has_model else tr("The model is not there yet.")

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Open the dialog. It offers half of the model's triangles."""
        record = self.usable(context)
        if record is None:
            return {"CANCELLED"}
        if record.triangles and not self.properties.is_property_set("triangles"):
            self.triangles = _rounded(record.triangles // 2)
        if not any((self.use_decimate, self.cleanup, self.merge, self.lods, self.hull)):
            self.use_decimate = True
        return context.window_manager.invoke_props_dialog(
            self, width=_WIDTH, title=tr_button(self.bl_label), confirm_text=tr("Start Work")
        )

    def draw(self, context: bpy.types.Context) -> None:
        """Draw what can be done, each with what comes of it."""
        record = self.record()
        if record is None:
            return
        layout = self.layout
        width_px = (_WIDTH - 40) * ui_scale()
        known = record.triangles or 0
        name = record.name if not known else f"{record.name} · {tr('{count} {count|triangle|triangles}', count=known)}"
        layout.label(text=name, icon="OUTLINER_COLLECTION", translate=False)
        column = layout.column()
        row = column.row()
        row.prop(self, "use_decimate")
        number = row.row()
        number.active = self.use_decimate
        number.prop(self, "triangles")
        if self.use_decimate and known:
            # In the words and numbers of the modifier.
            ratio = tr("Ratio {ratio} of the modifier Decimate", ratio=f"{min(1.0, self.triangles / known):.3f}")
            paragraph(column, ratio, width_px, icon="BLANK1")
        column.prop(self, "lods")
        if self.lods and known:
            first = min(self.triangles, known) if self.use_decimate else known
            said = " · ".join(f"LOD{level} {amount(max(1, first // 2**level))}" for level in range(1, self.lods + 1))
            paragraph(column, said, width_px, icon="BLANK1")
        for name in ("hull", "cleanup", "merge"):
            column.prop(self, name)
        column.separator()
        row = column.row()
        row.enabled = import_operators.latest_import(context, record) is not None
        row.prop(self, "in_place")

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Start the work. When it is done, a tick imports the result as one undo step."""
        record = self.usable(context)
        if record is None:
            return {"CANCELLED"}
        from ...tasks.record.processing import PLAIN, Processing  # lazy import, as in runtime

        work = Processing(
            cleanup=self.cleanup,
            decimate=self.triangles if self.use_decimate else 0,
            lods=self.lods,
            hull=self.hull,
            merge=self.merge,
        )
        if work == PLAIN:
            self.report({"WARNING"}, tr("Choose what Blender is to do."))
            return {"CANCELLED"}
        place = place_for(context, record, in_place=self.in_place)
        return self.call_engine(
            context,
            "work_on",
            placement=dataclasses.replace(place, merge=self.merge, work=work),
            origin=request.origin(context),
        )


def _rounded(number: int) -> int:
    """Return a number with two digits that are not zero, within the limits of what can be asked for."""
    unit = 10 ** max(0, len(str(number)) - 2)
    return min(MOST_TRIANGLES, max(LEAST_TRIANGLES, number // unit * unit))


def place_for(context: bpy.types.Context, record: "TaskRecord", *, in_place: bool) -> "Placement":
    """
    Return where something that is made from the model of ``record`` is placed.

    :param in_place: instead of the imported model, if there is one in the scene; otherwise beside it.
    """
    old = import_operators.latest_import(context, record)
    if old is None:
        return import_operators.place_of(context, record, request.origin(context))
    here = dataclasses.replace(placement.placement(context), placeholder="")
    return dataclasses.replace(here, instead_of=old.name) if in_place else placement.beside(here, old, context.scene)


class TRIVERSE_OT_stop_work(TaskOperatorMixin, bpy.types.Operator):
    """Stop what Blender does with this model. The model stays as it was"""

    bl_idname = "triverse.stop_work"
    bl_label = "Stop Work"
    bl_options = {"INTERNAL"}

    @classmethod
    def disabled_reason(cls, _context: bpy.types.Context, record: "TaskRecord") -> str | None:
        """Return why there is nothing to stop."""
        return None if record.is_worked_on else tr("Blender does not work on this model.")

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Stop the second Blender."""
        return self.call_engine(context, "stop_work")


CLASSES = (TRIVERSE_OT_work_on_result, TRIVERSE_OT_stop_work)
