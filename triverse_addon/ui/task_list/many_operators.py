# SPDX-License-Identifier: GPL-3.0-or-later
"""
Operators on several tasks at once: the selected ones, or all that are ready.

Floor: third. Thread: main. Imports ``bpy``. What is written to the store is written by a thread, see
``state.many_tasks``.
"""

import contextlib
from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty

from ...api.errors import TriverseError
from .. import settings
from ..form import placement, request
from ..generate import cost
from ..rna.members import OperatorMixin
from ..setup.operator_helpers import needs_task
from ..state import runtime
from ..text.layout_text import paragraph, ui_scale
from ..text.translate import tr
from ..timers import app_timer

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    from ..state.session import Session

_WIDTH = 420
#: So many models are imported without a question. Each takes some hundredths of a second, and is an undo step.
_UNASKED = 20
#: So many tasks that have failed are read at a time.
_PIECE = 500


def _ask(
    operator: bpy.types.Operator, context: bpy.types.Context, event: bpy.types.Event, title: str, text: str, button: str
) -> "set[OperatorReturnItems]":
    """Ask before many tasks are changed; the operator is executed if the user agrees."""
    return context.window_manager.invoke_confirm(operator, event, title=title, message=text, confirm_text=button)


def _ask_to_import(
    operator: bpy.types.Operator, context: bpy.types.Context, event: bpy.types.Event, title: str
) -> "set[OperatorReturnItems]":
    text = tr("Those that are ready come into this scene one after the other.")
    return _ask(operator, context, event, title, text, tr("Import"))


class _SelectedMixin(OperatorMixin):
    """Base class of the operators on the selected tasks."""

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Return True if several tasks are selected."""
        session = runtime.current()
        if session is None or not session.many.selection.is_several:
            cls.poll_message_set(tr("Select several tasks: click on them with Shift or Ctrl held."))
            return False
        return True


def _count() -> int:
    session = runtime.current()
    return len(session.many.selection) if session is not None else 0


class TRIVERSE_OT_import_selected(_SelectedMixin, bpy.types.Operator):
    """Import the models of the selected tasks into this scene, except those that are in this file already"""

    bl_idname = "triverse.import_selected"
    bl_label = "Import Selected"
    bl_options = {"INTERNAL"}

    if TYPE_CHECKING:
        geometry_only: bool
    else:
        geometry_only: BoolProperty(
            name="Geometry Only",
            description="Import the mesh alone, without materials and textures",
            options={"HIDDEN", "SKIP_SAVE"},
        )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Ask before very many."""
        if _count() <= _UNASKED:
            return self.execute(context)
        return _ask_to_import(self, context, event, tr("Import {count} Models?", count=_count()))

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Queue the imports."""
        session = runtime.current()
        if session is None:
            return {"CANCELLED"}
        from ...scene.importing import imported_models  # lazy import, as in runtime

        session.many.import_all(
            session.many.selection.ids,
            request.origin(context),
            placement.placement(context),
            imported_models.uuids(),
            geometry_only=self.geometry_only,
        )
        return app_timer.finish_operator()


class TRIVERSE_OT_import_ready(bpy.types.Operator):
    """Import every model that the list shows as ready, on all pages, and that was not imported yet"""

    bl_idname = "triverse.import_ready"
    bl_label = "Import All Ready"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Return True if there are tasks."""
        session = runtime.current()
        return needs_task(cls, session is not None and session.pager.page.total)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Ask, because the number of models is not known before they are looked for."""
        return _ask_to_import(self, context, event, tr("Import All Ready Models?"))

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Queue the imports."""
        session = runtime.current()
        if session is None:
            return {"CANCELLED"}
        session.many.import_all_ready(session.pager.query, request.origin(context), placement.placement(context))
        return app_timer.finish_operator()


class TRIVERSE_OT_retry_selected(_SelectedMixin, bpy.types.Operator):
    """Go on with those of the selected tasks that have failed. What the service has failed is ordered again"""

    bl_idname = "triverse.retry_selected"
    bl_label = "Retry Selected"
    bl_options = {"INTERNAL"}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Ask, because new orders cost credits."""
        title = tr("Retry {count} Tasks?", count=_count())
        text = tr("Those that have failed go on. What the service has failed is ordered again and costs credits.")
        if (over := _above_monthly_limit()) is not None:
            text = over
        return _ask(self, context, event, title, text, tr("Retry"))

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Queue the retries."""
        session = runtime.current()
        if session is None:
            return {"CANCELLED"}
        session.many.retry(session.many.selection.ids)
        return app_timer.finish_operator()


def _above_monthly_limit() -> str | None:
    """Return the sentence of the question if to retry the selected tasks would exceed the limit of the month."""
    session = runtime.current()
    if session is None or not settings.preferences().monthly_limit:
        return None
    from ...tasks.record.record import FAILED_STAGES  # lazy imports, as in runtime
    from ...tasks.store.query import Query

    again: int | None = None
    selection = session.many.selection
    # What cannot be read has no known price. Of many selected tasks few have failed: to read all takes seconds.
    with contextlib.suppress(TriverseError):
        pieces = session.engine.store.in_pieces(Query(stages=FAILED_STAGES), _PIECE)
        again = cost.cost_again(record for piece in pieces for record in piece if record.id in selection)
    over = cost.above_monthly_limit(again) if again != 0 else None
    return over[1] if over is not None else None


class TRIVERSE_OT_put_selected_away(_SelectedMixin, bpy.types.Operator):
    """Take the selected tasks out of sight, or bring them back. Put Away in the filter shows them"""

    bl_idname = "triverse.put_selected_away"
    bl_label = "Put Selected Away"
    bl_options = {"INTERNAL"}

    if TYPE_CHECKING:
        is_away: bool
    else:
        is_away: BoolProperty(name="Put Away", default=True, options={"HIDDEN", "SKIP_SAVE"})

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Queue the changes. What may not be shown then is no longer selected."""
        session = runtime.current()
        if session is None:
            return {"CANCELLED"}
        ids, is_away = session.many.selection.ids, self.is_away
        session.many.selection.clear()
        session.many.mark(ids, lambda record: record.with_(put_away=is_away))
        return app_timer.finish_operator()


class TRIVERSE_OT_remove_selected(_SelectedMixin, bpy.types.Operator):
    """Take the selected tasks off the list"""

    bl_idname = "triverse.remove_selected"
    bl_label = "Take Selected off the List"
    bl_options = {"INTERNAL"}

    if TYPE_CHECKING:
        delete_files: bool
    else:
        delete_files: BoolProperty(
            name="Delete Their Files",
            description="Also delete the downloaded models from this machine",
            options={"SKIP_SAVE"},
        )

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Open the dialog to confirm the removal."""
        title = tr("Take {count} Tasks off the List?", count=_count())
        return context.window_manager.invoke_props_dialog(
            self, width=_WIDTH, title=title, confirm_text=tr("Take off the List")
        )

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw what is kept, and the option to delete the files."""
        column = self.layout.column()
        width_px = (_WIDTH - 40) * ui_scale()
        paragraph(column, tr("Models that were imported stay in your scenes."), width_px)
        session = runtime.current()
        if session is not None and _are_under_way(session):
            text = tr("Some are still under way: the service may still charge them, and their models will not come.")
            paragraph(column, text, width_px)
        column.prop(self, "delete_files")

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Queue the removals."""
        session = runtime.current()
        if session is None:
            return {"CANCELLED"}
        ids = session.many.selection.ids
        session.many.selection.clear()
        session.many.remove(ids, delete_files=self.delete_files)
        return app_timer.finish_operator()


def _are_under_way(session: "Session") -> bool:
    # Unfinished tasks are always in memory.
    return any(record.id in session.many.selection for record in session.engine.task_cache.unfinished())


class TRIVERSE_OT_stop_many(bpy.types.Operator):
    """Leave the rest as it is. What was done stays done"""

    bl_idname = "triverse.stop_many"
    bl_label = "Stop"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Return True if a job is at work."""
        session = runtime.current()
        if session is None or session.many.progress is None:
            cls.poll_message_set(tr("Nothing is under way."))
            return False
        return True

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """End the job after its present task."""
        session = runtime.current()
        if session is None:
            return {"CANCELLED"}
        session.many.cancel()
        return app_timer.finish_operator()


CLASSES = (
    TRIVERSE_OT_import_selected,
    TRIVERSE_OT_import_ready,
    TRIVERSE_OT_retry_selected,
    TRIVERSE_OT_put_selected_away,
    TRIVERSE_OT_remove_selected,
    TRIVERSE_OT_stop_many,
)
