# SPDX-License-Identifier: GPL-3.0-or-later
"""
The selected task below the list: its full status, its main action, and the menu of all actions.

Floor: third. Thread: main. Imports ``bpy``. Drawing reads memory only: no disk, no network, no picture is decoded.
"""

from typing import TYPE_CHECKING

import bpy

from ...api.display_text import shown
from ...api.fields import prompt_of
from ..state import list_rows, runtime
from ..text.layout_text import font_px, paragraph, sidebar_width_px, ui_scale, wrapped
from ..text.translate import tr, translate
from . import make_from, refine, selected_tasks, variant_operators
from .operator_base import draw_task_operator
from .ui_list import ROW_PX

#: Most characters of a prompt below the list. Details show all.
_LONGEST_PROMPT = 300

if TYPE_CHECKING:
    from ...tasks.record.record import TaskRecord
    from ..state.session import Session


def draw(layout: bpy.types.UILayout, context: bpy.types.Context, session: "Session") -> None:
    """Draw the full status or error of the selected task, its buttons and its details."""
    from ...tasks.record.status_text import waits_for_key
    from ..state import task_presentation  # lazy import, as in runtime
    from . import details_panel

    selected_tasks.draw_progress(layout, session)
    if session.many.selection.is_several:
        selected_tasks.draw(layout, context, session)
        return
    record = session.shown(list_rows.chosen_id(session))
    if record is None:
        return
    width_px = sidebar_width_px(context)
    column = layout.column()
    state = task_presentation.state(record)[0]
    has_row = session.slots.row_of(record.id) >= 0
    is_in_row = has_row and session.pager.page.request.count != list_rows.GRID_COUNT and _fits_row(context, state)
    if not has_row:
        # On another page, or left out by search or filter: without its name, the buttons seem to be those of a row.
        paragraph(column, shown(record.name), width_px, icon="NONE")
    bad = task_presentation.is_bad(record)
    if bad and record.error is not None:
        paragraph(column, translate(record.error), width_px, icon="ERROR", alert=True)
        if record.error_suggestion:
            # The service's suggestion, not translated.
            paragraph(column, record.error_suggestion, width_px, icon="INFO")
        charge = charged_sentence(record)
        if charge:
            paragraph(column, charge, width_px, icon="BLANK1")
    elif record.status_note is not None and not waits_for_key(record):
        paragraph(column, translate(record.status_note), width_px, icon="INFO")
    elif not is_in_row:
        paragraph(column, state, width_px, icon=task_presentation.icon(record))
    prompt = _short_prompt(record)
    if prompt and not (prompt == record.name and (not has_row or _fits_row(context, prompt))):
        paragraph(column, prompt, width_px, icon="NONE")
    row = layout.row(align=True)
    action = task_presentation.action(record)
    draw_task_operator(row, action.operator, record, text=action.text, icon=action.icon)
    is_in_file = task_presentation.is_in_this_file(record)
    if record.gives_model and (record.is_unfinished or (record.has_model and not is_in_file)):
        draw_task_operator(row, "triverse.place", record, text="", icon="RESTRICT_SELECT_OFF")
    refine.draw(row, record)
    make_from.request_prices(context, record)
    row.operator("triverse.star", text="", icon="SOLO_ON" if record.starred else "SOLO_OFF")
    row.menu("TRIVERSE_MT_task", text="", icon="DOWNARROW_HLT")
    if is_in_file:
        row = layout.row(align=True)
        again = task_presentation.IMPORT_AGAIN
        draw_task_operator(row, again.operator, record, text=again.text, icon=again.icon)
        draw_task_operator(row, "triverse.place", record, text="", icon="RESTRICT_SELECT_OFF")
    variant_operators.draw(layout, record)
    details_panel.draw(layout, context, session, record)


def _fits_row(context: bpy.types.Context, text: str) -> bool:
    """Return whether the list's row has room for a name or a status, so that it is not repeated below."""
    room_px = sidebar_width_px(context) - ROW_PX * ui_scale()
    return len(wrapped(text, room_px, font_px())) == 1


def _short_prompt(record: "TaskRecord") -> str:
    """Return the words that a task was made from, shortened if they would fill the panel; "" if there are none."""
    words = shown(" ".join(prompt_of(record.params).split()))
    return words if len(words) <= _LONGEST_PROMPT else f"{words[:_LONGEST_PROMPT].rstrip()}…"


def charged_sentence(record: "TaskRecord") -> str:
    """Return what a task that ended without a model has cost, as a translated sentence."""
    from ...tasks.record.charge import Charge, charge_of  # lazy import, as in runtime

    charge = charge_of(record)
    if charge is Charge.NONE:
        return tr("It was not charged.")
    if charge is not Charge.CHARGED:
        return tr("It may have been charged.")
    if record.cost_credits is None:
        return tr("It was charged. Retry costs nothing.")
    return tr("{cost} {cost|credit was|credits were} charged. Retry costs nothing.", cost=record.cost_credits)


class TRIVERSE_MT_task(bpy.types.Menu):
    """What else can be done with the chosen task."""

    bl_idname = "TRIVERSE_MT_task"
    bl_label = "Task"

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw all operators on the task. Those that do not apply now are greyed out, with the reason as tooltip."""
        layout = self.layout
        session = runtime.current()
        record = session.shown(list_rows.chosen_id(session)) if session is not None else None
        if session is None or record is None:
            layout.label(text="No task is chosen")
            return
        from ..state import task_presentation  # lazy import, as in runtime

        draw_task_operator(layout, "triverse.show_imported", record, icon="ZOOM_SELECTED")
        draw_task_operator(layout, "triverse.import_task", record, icon="IMPORT")
        bare = draw_task_operator(layout, "triverse.import_task", record, text="Import Geometry Only", icon="MESH_DATA")
        bare.geometry_only = True
        draw_task_operator(layout, "triverse.replace_imported", record, icon="UV_SYNC_SELECT")
        bare = draw_task_operator(
            layout, "triverse.replace_imported", record, text="Replace by Geometry Only", icon="BLANK1"
        )
        bare.geometry_only = True
        draw_task_operator(layout, "triverse.place", record, icon="RESTRICT_SELECT_OFF")
        draw_task_operator(layout, "triverse.place_at_cursor", record, icon="PIVOT_CURSOR")
        layout.separator()
        # In menus of their own: Blender shows no more of a long menu than fits above or below its button.
        layout.menu("TRIVERSE_MT_make_from", icon="ADD")
        draw_task_operator(layout, "triverse.work_on_result", record, icon="MODIFIER")
        draw_task_operator(layout, "triverse.retry", record, icon="FILE_REFRESH")
        layout.menu("TRIVERSE_MT_organize", icon="BOOKMARKS")
        layout.separator()
        draw_task_operator(layout, "triverse.show_error", record, icon="INFO")
        draw_task_operator(layout, "triverse.open_folder", record, icon="FILE_FOLDER")
        draw_task_operator(layout, "triverse.copy_uuid", record, icon="COPYDOWN")
        layout.separator()
        if task_presentation.is_unfollowed(record):
            draw_task_operator(layout, "triverse.resume_following", record, icon="PLAY")
        else:
            if record.is_worked_on:
                draw_task_operator(layout, "triverse.stop_work", record, icon="X")
            elif record.is_unsent:
                draw_task_operator(layout, "triverse.cancel_order", record, icon="X")
            else:
                draw_task_operator(layout, "triverse.stop_following", record, icon="PAUSE")
        variant_operators.draw_menu(layout, record)
        draw_task_operator(layout, "triverse.forget", record, icon="TRASH")


class TRIVERSE_MT_organize(bpy.types.Menu):
    """Put the task in order among the others, and what is done with many at once."""

    bl_idname = "TRIVERSE_MT_organize"
    bl_label = "Organize"

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw star, tags, project and name, and what concerns the whole list."""
        layout = self.layout
        session = runtime.current()
        if session is None:
            return
        # As a button of the panel draws them, so that dialogs open.
        layout.operator_context = "INVOKE_DEFAULT"
        selected_tasks.draw_labels(layout, session)
        layout.operator("triverse.rename_task", icon="GREASEPENCIL")
        layout.separator()
        layout.operator("triverse.select_tasks", text="Select All").action = "ALL"
        layout.operator("triverse.import_ready")


CLASSES = (TRIVERSE_MT_task, TRIVERSE_MT_organize)
