# SPDX-License-Identifier: GPL-3.0-or-later
"""
The panel in the lower part of the sidebar tab: notices, the task list, and the selected task.

Floor: third. Thread: main. Imports ``bpy``. Drawing reads memory only: no disk, no network, no picture is decoded.
"""

from typing import TYPE_CHECKING

import bpy

from .. import settings
from ..rna import choices
from ..rna.members import Icon, window_props
from ..state import list_rows, runtime
from ..text.layout_text import font_px, longest_that_fits, paragraph, sidebar_width_px, text_width_px, ui_scale
from ..text.translate import amount, tr, translate
from ..timers import app_timer
from . import grid, group_menus, selected_task
from .ui_list import ROW_UNITS

if TYPE_CHECKING:
    from ..state.session import Session

#: Visible rows before the list scrolls. The user can drag the list's grip to show more.
_MOST_ROWS = 6
#: Width of the header without its texts, in pixels at UI scale 1: expand arrow, three buttons, drag handle.
_HEADER_PX = 104


class TRIVERSE_PT_tasks(bpy.types.Panel):
    """What was made, and what is being made."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Triverse"
    bl_idname = "TRIVERSE_PT_tasks"
    bl_label = "Tasks"

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Return True unless the preferences were reset, see :func:`settings.are_there`."""
        return settings.are_there()

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        """Draw the kind of updates, and the buttons that add tasks made elsewhere."""
        row = self.layout.row(align=True)
        session = runtime.current()
        if session is not None and _waits_for_service(session):
            # The kind of updates (live or polling) is shown only while the service is asked about a task.
            text = tr("Live") if session.engine.live else tr("Polling")
            icon: Icon = "INTERNET" if session.engine.live else "TIME"
            texts_px = text_width_px(tr("Tasks"), font_px()) + text_width_px(text, font_px())
            # Title and buttons share the line, so a narrow sidebar shows the icon only.
            has_room = texts_px + _HEADER_PX * ui_scale() <= sidebar_width_px(context)
            row.operator("triverse.updates", text=text if has_room else "", icon=icon, emboss=False, translate=False)
        row.operator("triverse.find_tasks", text="", icon="VIEWZOOM", emboss=False)
        row.operator("triverse.add_tasks", text="", icon="ADD", emboss=False)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw notices, the list or the grid, and the selected task."""
        layout = self.layout
        session = runtime.current()
        if session is None:
            _draw_nothing(layout, context)
            return
        _draw_notices(layout, context, session)
        page = session.pager.page
        if not page.total and not page.request.query.is_narrowed:
            _draw_nothing(layout, context)
            return
        _draw_search(layout, context, session)
        if page.total:
            _draw_page(layout, context, session)
            _draw_turning(layout, context, session)
        else:
            _draw_not_found(layout, context, page.request.query.search)
        selected_task.draw(layout, context, session)


def _waits_for_service(session: "Session") -> bool:
    """Return whether any task waits for the service."""
    from ...tasks.record.record import Stage  # lazy import, as in runtime

    return any(record.stage is Stage.WAITING for record in session.engine.task_cache.unfinished())


def _draw_nothing(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    text = tr("Nothing here yet. What you generate appears here, and goes on even when you close Blender.")
    column = layout.column()
    column.active = False
    paragraph(column, text, sidebar_width_px(context))


def _draw_search(layout: bpy.types.UILayout, context: bpy.types.Context, session: "Session") -> None:
    """Draw the search field, the filter, and the choice between list and grid."""
    from ..state import query  # lazy import, as in runtime

    manager = window_props(context.window_manager)
    row = layout.row()
    row.prop(manager, "search", text="", icon="VIEWZOOM", placeholder=tr("Search"))
    row.popover("TRIVERSE_PT_filter", text="", icon="FILTER")
    choices.draw(row.row(align=True), settings.preferences(), "task_layout", expand=True, icon_only=True)
    show = choices.chosen(manager, "show")
    narrowed = [manager.bl_rna.properties["show"].enum_items[show].name] if show != "ALL" else []
    narrowed += [manager.bl_rna.properties[name].name for name in ("this_file", "starred") if getattr(manager, name)]
    narrowed = [*map(bpy.app.translations.pgettext_iface, narrowed), *group_menus.names(manager)]
    if narrowed:
        row = layout.row()
        row.label(text=" · ".join(narrowed), icon="FILTER", translate=False)
        row.operator("triverse.clear_filter", text="", icon="X", emboss=False)
    if query.wanted() != (session.pager.query, session.pager.count):
        # The query has changed and was not read yet. The next call of the timer may be a second away.
        app_timer.wake()


def _draw_page(layout: bpy.types.UILayout, context: bpy.types.Context, session: "Session") -> None:
    if session.pager.page.request.count == list_rows.GRID_COUNT:
        grid.draw(layout, context, session, list_rows.chosen_id(session))
        return
    manager = window_props(context.window_manager)
    column = layout.column()
    column.scale_y = ROW_UNITS
    count = min(session.slots.count, _MOST_ROWS)
    column.template_list("TRIVERSE_UL_tasks", "", manager, "rows", manager, "active", rows=count, maxrows=count)


def _draw_turning(layout: bpy.types.UILayout, context: bpy.types.Context, session: "Session") -> None:
    """Draw the buttons that turn pages, if there is more than one page."""
    page = session.pager.page
    end = page.offset + len(page.records)
    if page.total <= len(page.records):
        return
    first, last, total = map(amount, (page.offset + 1, end, page.total))
    forms = (tr("{first} to {last} of {total}", first=first, last=last, total=total), f"{first} – {last}", first)
    row = layout.row(align=True)
    before = row.row(align=True)
    before.enabled = page.offset > 0
    before.operator("triverse.turn_page", text="", icon="TRIA_LEFT_BAR").to = "FIRST"
    before.operator("triverse.turn_page", text="", icon="TRIA_LEFT").to = "PREVIOUS"
    middle = row.row()
    middle.alignment = "CENTER"
    middle.label(text=longest_that_fits(forms, sidebar_width_px(context) - 88 * ui_scale()), translate=False)
    after = row.row(align=True)
    after.enabled = end < page.total
    after.operator("triverse.turn_page", text="", icon="TRIA_RIGHT").to = "NEXT"
    after.operator("triverse.turn_page", text="", icon="TRIA_RIGHT_BAR").to = "LAST"


def _draw_not_found(layout: bpy.types.UILayout, context: bpy.types.Context, sought: str) -> None:
    """Draw that no task matches search and filter, and a button that clears them."""
    column = layout.column()
    text = tr("There is no such task.")
    if sought:
        text = tr("No task was found for “{search}”.", search=sought)
    paragraph(column, text, sidebar_width_px(context))
    column.operator("triverse.clear_filter", icon="X")


def _draw_notices(layout: bpy.types.UILayout, context: bpy.types.Context, session: "Session") -> None:
    """Draw all notices that were not dismissed, the newest first."""
    from ..state import task_presentation  # lazy import, as in runtime

    for index in reversed(range(len(session.notices))):
        notice = session.notices[index]
        box = layout.box()
        row = box.row()
        icon: Icon = "INFO" if notice.level == "INFO" else "ERROR"
        width_px = sidebar_width_px(context, boxed=True) - 36 * ui_scale()
        paragraph(row.column(), translate(notice.sentence), width_px, icon=icon, alert=notice.level == "ERROR")
        row.operator("triverse.dismiss", text="", icon="X", emboss=False).index = index
        remedy = task_presentation.remedy(notice)
        if remedy is not None:
            button = box.operator(remedy.operator, text=remedy.text, icon=remedy.icon)
            if remedy.needs_task:
                button.task_id = notice.task_id


CLASSES = (TRIVERSE_PT_tasks,)
