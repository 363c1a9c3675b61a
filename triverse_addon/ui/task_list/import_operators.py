# SPDX-License-Identifier: GPL-3.0-or-later
"""
Operators that import the model of a task into the scene: once more, without materials, or replacing an earlier import.

Floor: third. Thread: main. Imports ``bpy``. None of them uses the network.
"""

import dataclasses
from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty

from ..form import placement, request
from ..text.translate import tr, translate
from .operator_base import TaskOperatorMixin

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    from ...tasks.record.record import Origin, Placement, TaskRecord


class _Import(TaskOperatorMixin):
    """Base class of the operators that import a task's model."""

    if TYPE_CHECKING:
        geometry_only: bool
    else:
        geometry_only: BoolProperty(
            name="Geometry Only",
            description="Import the mesh alone, without materials and textures",
            options={"HIDDEN", "SKIP_SAVE"},
        )

    @classmethod
    def disabled_reason(cls, _context: bpy.types.Context, record: "TaskRecord") -> str | None:
        """Return why the model cannot be imported: the task failed, or the model is neither here nor downloadable."""
        from ..state import task_presentation  # lazy import, as in runtime

        if task_presentation.is_bad(record):
            return tr("This task ended without a model.")
        if not record.gives_model:
            return tr("This task makes no model to import.")
        if not record.has_model and not task_presentation.is_fetchable(record):
            return tr("The model is not there yet.")
        return None


class TRIVERSE_OT_import_task(_Import, bpy.types.Operator):
    """Import the model into this scene. It is on this machine already"""

    bl_idname = "triverse.import_task"
    bl_label = "Import"
    bl_options = {"INTERNAL"}

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """Return the tooltip, which depends on ``geometry_only``."""
        if properties.geometry_only:
            return tr("Import the mesh alone into this scene, without materials and textures")
        return tr("Import the model into this scene, as often as you like. It costs nothing")

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Request the import. The next tick imports the model and pushes the undo step."""
        record = self.usable(context)
        if record is None:
            return {"CANCELLED"}
        origin = request.origin(context)
        return self.call_engine(
            context,
            "import_again",
            origin=origin,
            placement=place_of(context, record, origin),
            geometry_only=self.geometry_only,
        )


class TRIVERSE_OT_replace_imported(_Import, bpy.types.Operator):
    """Import the model again, in the place of the one in this scene, which is removed"""

    bl_idname = "triverse.replace_imported"
    bl_label = "Replace Imported"
    bl_options = {"INTERNAL"}

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """Return the tooltip, which depends on ``geometry_only``."""
        if properties.geometry_only:
            return tr(
                "Import the mesh alone in the place of the model in this scene, which is removed: the selected one, "
                "else the one imported last"
            )
        return tr(
            "Import the model again, in the place of the one in this scene, which is removed: the selected one, "
            "else the one imported last"
        )

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context, record: "TaskRecord") -> str | None:
        """Return why nothing can be replaced: the model is not downloaded, or no import of it is in the scene."""
        if not record.has_model:
            return tr("The model is not there yet.")
        if latest_import(context, record) is not None:
            return None
        from ...scene.importing import imported_models  # lazy import, as in runtime

        fixed = imported_models.find_fixed(context.scene, record.task_uuid)
        if fixed is not None:
            return translate(imported_models.fixed_reason(fixed))
        return tr("No model of this task is in this scene.")

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Request the replacement. The next tick imports the model, removes the old one and pushes the undo step."""
        record = self.usable(context)
        old = latest_import(context, record) if record is not None else None
        if old is None:
            return {"CANCELLED"}
        return self.call_engine(
            context,
            "import_again",
            origin=request.origin(context),
            placement=dataclasses.replace(placement.placement(context), placeholder="", instead_of=old.name),
            geometry_only=self.geometry_only,
        )


def place_of(context: bpy.types.Context, record: "TaskRecord", origin: "Origin") -> "Placement":
    """
    Return where a model is imported: first, in the task's own scene, as it was ordered, else as the panel says now.

    :param origin: the file and the scene to import into.
    """
    is_first = record.imported_at_s is None and record.origin.scene_id == origin.scene_id
    return record.placement if is_first else placement.placement(context)


def latest_import(context: bpy.types.Context, record: "TaskRecord") -> bpy.types.Collection | None:
    """Return the collection that a new model would replace, or None if the scene has no import of the task."""
    from ...scene.importing import imported_models  # lazy import, as in runtime

    active = context.view_layer.objects.active
    selected = active if active is not None and active.select_get() else None
    return imported_models.find_latest(context.scene, record.task_uuid, record.collection_name, selected)


CLASSES = (TRIVERSE_OT_import_task, TRIVERSE_OT_replace_imported)
