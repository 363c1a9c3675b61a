# SPDX-License-Identifier: GPL-3.0-or-later
"""
The Batch panel: choose a file, see its problems and its price, run it, and see progress and results.

Floor: third. Thread: main. Imports ``bpy``. Drawing reads memory only: no disk, no network.
"""

from typing import TYPE_CHECKING

import bpy

from ...api.display_text import shown
from .. import settings
from ..rna.members import Icon, window_props
from ..state import batch_rows
from ..text.layout_text import paragraph, side_by_side, sidebar_width_px
from ..text.translate import OWN_CONTEXT, tr, tr_button, translate
from . import asset_libraries
from .file_operators import current

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...batch.rows.raw_rows import LeftOut
    from ...batch.run.row_table import TableRow
    from ..state.batch_session import BatchSession


#: Most entries of a folder that are listed as left out.
_MOST_LEFT_OUT = 8


class TRIVERSE_PT_batch(bpy.types.Panel):
    """Many models from one file."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Triverse"
    bl_idname = "TRIVERSE_PT_batch"
    bl_label = "Batch"
    bl_translation_context = OWN_CONTEXT
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Return True unless the preferences were reset, see :func:`settings.are_there`."""
        return settings.are_there()

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the chosen file with its table, price, progress and results, or the buttons to choose one."""
        layout = self.layout
        batch = current()
        if batch is None or batch.request is None:
            _draw_nothing(layout, context)
            return
        from ..state.batch_session import Phase  # lazy import, as in runtime

        _draw_file(layout, batch)
        if batch.phase is Phase.CHECKING:
            layout.label(text="Checking the file…", icon="SORTTIME")
        if batch.problem is not None:
            paragraph(layout, translate(batch.problem), sidebar_width_px(context), icon="ERROR", alert=True)
        if batch.is_running:
            # Above the table, so that progress and stop button are visible without scrolling.
            _draw_progress(layout, batch)
        if batch.rows:
            _draw_table(layout, context, batch)
        if batch.checked is not None and batch.checked.left_out and not batch.is_running:
            _draw_left_out(layout, context, batch.checked.left_out)
        if batch.checked is not None and not batch.checked.problems and not batch.is_running:
            _draw_price(layout, context, batch)
            _draw_result(layout, context, batch)


def _draw_nothing(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    column = layout.column()
    column.active = False
    text = tr("Many models at once, written into an asset library: one for each row of a table, or each picture.")
    paragraph(column, text, sidebar_width_px(context))
    row = side_by_side(layout, [tr_button("Choose File"), tr_button("Choose Folder")], sidebar_width_px(context))
    row.operator("triverse.batch_choose", icon="FILE")
    row.operator("triverse.batch_choose_folder", icon="FILE_FOLDER")


def _draw_file(layout: bpy.types.UILayout, batch: "BatchSession") -> None:
    """Draw the chosen file and the asset library, with their buttons."""
    request = batch.request
    assert request is not None
    column = layout.column(align=True)
    row = column.row(align=True)
    row.label(text=shown(request.file.name or str(request.file)), icon="SPREADSHEET", translate=False)
    row.operator("triverse.batch_check", text="", icon="FILE_REFRESH")
    row.operator("triverse.batch_choose", text="", icon="FILE")
    row.operator("triverse.batch_choose_folder", text="", icon="FILE_FOLDER")
    row.operator("triverse.batch_close", text="", icon="X")
    row = column.row(align=True)
    row.label(text=shown(request.library.name), icon="ASSET_MANAGER", translate=False)
    row.operator("triverse.batch_library", text="", icon="FILE_FOLDER")


def _draw_table(layout: bpy.types.UILayout, context: bpy.types.Context, batch: "BatchSession") -> None:
    """Draw the number of problems, the rows, and the details of the selected row."""
    manager = window_props(context.window_manager)
    checked = batch.checked
    assert checked is not None
    width_px = sidebar_width_px(context)
    if checked.problems:
        if len(checked.problems) == 1:
            text = tr("One thing is wrong with the file. Nothing is sent until it is fixed.")
        else:
            text = tr(
                "{count} things are wrong with the file. Nothing is sent until all are fixed.",
                count=len(checked.problems),
            )
        paragraph(layout, text, width_px, icon="ERROR", alert=True)
    if checked.outside:
        layout.operator("triverse.batch_allow_outside", icon="QUESTION")
    if checked.notice is not None:
        paragraph(layout, translate(checked.notice), width_px, icon="INFO")
    count = max(1, min(len(manager.batch_rows), batch_rows.UNTIL_IT_SCROLLS))
    layout.template_list(
        "TRIVERSE_UL_batch",
        "",
        manager,
        "batch_rows",
        manager,
        "batch_active",
        item_dyntip_propname="problems",
        rows=count,
        maxrows=count,
    )
    more = len(batch.rows) - batch_rows.MOST
    if more > 0:
        layout.label(text=tr("… and {count} more.", count=more), translate=False)
    if 0 <= manager.batch_active < len(manager.batch_rows):
        index = manager.batch_rows[manager.batch_active].index
        if index < len(batch.rows):
            _draw_chosen(layout, width_px, batch, batch.rows[index])


def _draw_chosen(layout: bpy.types.UILayout, width_px: float, batch: "BatchSession", line: "TableRow") -> None:
    """Draw the problems of the selected row in full, if it has any."""
    from . import presentation  # lazy import, as in runtime

    shown = presentation.shown(batch, line)
    if not (line.problems or shown.is_bad or shown.icon == "PAUSE"):
        return
    column = layout.column()
    head = " · ".join(part for part in (presentation.place(line), line.title) if part)
    paragraph(column, head, width_px)
    for text in batch_rows.problem_texts(line) if line.problems else [shown.text]:
        paragraph(column, text, width_px, icon="ERROR" if shown.is_bad else "INFO", alert=shown.is_bad)
    outcome = batch.row_status(line.number).outcome
    if outcome is not None and outcome.suggestion:
        paragraph(column, outcome.suggestion, width_px, icon="INFO")


def _draw_left_out(layout: bpy.types.UILayout, context: bpy.types.Context, left_out: "Sequence[LeftOut]") -> None:
    """Draw the files in the folder of pictures that are not rows, with the reasons."""
    width_px = sidebar_width_px(context)
    column = layout.column()
    if len(left_out) == 1:
        text = tr("One thing in the folder is left out:")
    else:
        text = tr("{count} things in the folder are left out:", count=len(left_out))
    paragraph(column, text, width_px, icon="INFO")
    for one in left_out[:_MOST_LEFT_OUT]:
        paragraph(column, f"{shown(one.name)}: {translate(one.reason)}", width_px, icon="DOT")
    if len(left_out) > _MOST_LEFT_OUT:
        more = len(left_out) - _MOST_LEFT_OUT
        paragraph(column, tr("… and {count} more. The report names all.", count=more), width_px, icon="BLANK1")


def _draw_price(layout: bpy.types.UILayout, context: bpy.types.Context, batch: "BatchSession") -> None:
    """Draw the counts of rows, the price, and the buttons that start a run."""
    from . import presentation  # lazy import, as in runtime

    checked = batch.checked
    assert checked is not None
    width_px = sidebar_width_px(context)
    paragraph(layout, presentation.counts(batch), width_px)
    if not (checked.has_work or checked.failed):
        return
    if checked.has_work and (text := presentation.price_text(batch)):
        paragraph(layout, text, width_px)
    layout.prop(window_props(context.window_manager), "batch_jobs")
    if checked.has_work:
        button = layout.column()
        button.scale_y = 1.5
        cost = batch.cost()
        if batch.is_resuming:
            text = tr("Continue · {cost}", cost=cost) if cost else tr("Continue")
        else:
            text = tr("Run · {cost}", cost=cost) if cost else tr("Run")
        button.operator("triverse.batch_run", text=text, icon="PLAY", translate=False)
    if checked.failed:
        cost = batch.cost(retry=True)
        text = tr("Retry Failed · {cost}", cost=cost) if cost else tr("Retry Failed")
        layout.operator("triverse.batch_retry", text=text, icon="FILE_REFRESH", translate=False)


def _draw_progress(layout: bpy.types.UILayout, batch: "BatchSession") -> None:
    """Draw the progress of a run and the stop button."""
    from ..state.batch_session import Phase
    from . import presentation  # lazy import, as in runtime

    progress = batch.progress
    if progress is not None and progress.total:
        share = (progress.done + progress.failed) / progress.total
        first, *more = presentation.progress_texts(progress)
        column = layout.column()
        column.progress(factor=share, text=first, translate=False)
        for text in more:
            column.label(text=text, translate=False)
    if batch.phase is Phase.RUNNING:
        layout.operator("triverse.batch_stop", icon="PAUSE")
    elif batch.phase is Phase.STARTING:
        layout.label(text="Beginning…", icon="SORTTIME")
    else:
        layout.label(text="Writing the report and the contact sheet…", icon="SORTTIME")


def _draw_result(layout: bpy.types.UILayout, context: bpy.types.Context, batch: "BatchSession") -> None:
    """Draw the credits spent in the last run, and buttons that open library, contact sheet and report."""
    from ...batch.run.plan import RowAction  # lazy import, as in runtime

    request, ended, checked = batch.request, batch.ended, batch.checked
    assert request is not None
    assert checked is not None
    if ended is None and not checked.counts[RowAction.NOTHING]:
        return
    if ended is not None:
        text = tr("{credits} {credits|credit was|credits were} spent in this run.", credits=ended.credits)
        paragraph(layout, text, sidebar_width_px(context))
    buttons: list[tuple[str, Icon, str]] = [(tr_button("Library"), "FILE_FOLDER", "LIBRARY")]
    if ended is not None and ended.page is not None:
        buttons.append((tr_button("Contact Sheet"), "IMAGE_DATA", "SHEET"))
    if ended is not None and ended.report is not None:
        buttons.append((tr_button("Report"), "TEXT", "REPORT"))
    row = side_by_side(layout, [text for text, _, _ in buttons], sidebar_width_px(context))
    for text, icon, what in buttons:
        row.operator("triverse.batch_open", text=text, icon=icon, translate=False).what = what
    if asset_libraries.shown_as(request.library) is None:
        layout.operator("triverse.batch_show_library", icon="ASSET_MANAGER")


CLASSES = (TRIVERSE_PT_batch,)
