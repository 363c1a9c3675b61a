# SPDX-License-Identifier: GPL-3.0-or-later
"""
Operators that change what the list shows: choice and selection, page, filter.

Floor: third. Thread: main. Imports ``bpy``.
"""

from typing import TYPE_CHECKING

import bpy
from bpy.props import EnumProperty, StringProperty

from ..rna import choices
from ..rna.members import window_props
from ..setup.operator_helpers import needs_task
from ..state import list_rows, runtime, source_pictures
from ..text.translate import tr
from ..timers import app_timer, redraw
from . import rename

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems


#: The tab of the sidebar that the list is in.
TAB = "Triverse"
_TABS = (TAB, "UNSUPPORTED")
#: Furthest that the mouse moves between the two presses of a double click, in pixels.
_STILL_PX = 8
#: The part of a row that was clicked last, for a double click: id of the task, part, and place of the mouse.
_clicked = ("", "", 0, 0)


class TRIVERSE_OT_choose_task(bpy.types.Operator):
    """Show what is known of this task below, and what can be done with it"""

    bl_idname = "triverse.choose_task"
    bl_label = "Choose Task"
    bl_options = {"INTERNAL"}

    if TYPE_CHECKING:
        task_id: str
        part: str
    else:
        task_id: StringProperty(options={"HIDDEN", "SKIP_SAVE"})
        # The part of the row that was clicked: "NAME" in the list, "" in the grid.
        part: StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """Return what is known of the task as tooltip."""
        from ..state import task_summary  # lazy import, as in runtime

        session = runtime.current()
        record = session.shown(properties.task_id) if session is not None else None
        return task_summary.tooltip(record) if record is not None else tr(str(cls.__doc__))

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Select tasks as the pressed keys say. In the grid, also show the picture in the large preview."""
        global _clicked
        session = runtime.current()
        record = session.shown(self.task_id) if session is not None else None
        if session is None or record is None:
            return {"CANCELLED"}
        ctrl = event.ctrl or event.oskey
        is_plain = not (event.shift or ctrl)
        _clicked = (self.task_id if is_plain else "", self.part, event.mouse_x, event.mouse_y)
        list_rows.click(session, self.task_id, shift=event.shift, ctrl=ctrl)
        has_picture = record.thumbnail_path or source_pictures.first_picture(record)
        if is_plain and self.part != "NAME" and has_picture:
            bpy.ops.triverse.preview("INVOKE_DEFAULT", task_ids=self.task_id)  # type: ignore[attr-defined]
            return {"FINISHED"}
        return app_timer.finish_operator()

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Select the task in the list."""
        session = runtime.current()
        if session is None or session.shown(self.task_id) is None:
            return {"CANCELLED"}
        list_rows.click(session, self.task_id)
        redraw.redraw()
        return {"FINISHED"}


class TRIVERSE_OT_open_row(bpy.types.Operator):
    """Rename the task whose name was double-clicked"""

    bl_idname = "triverse.open_row"
    bl_label = "Open Row"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return True if the mouse is over the sidebar's tab."""
        return is_over_tab(cls, context)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Act on the row under the mouse. Anything else that is double-clicked gets the click."""
        global _clicked
        (task_id, part, x, y), _clicked = _clicked, ("", "", 0, 0)
        session = runtime.current()
        is_row = task_id and max(abs(event.mouse_x - x), abs(event.mouse_y - y)) <= _STILL_PX
        if session is None or not is_row or event.shift or event.ctrl:
            return {"PASS_THROUGH"}
        if part != "NAME" or session.shown(task_id) is None:
            return {"PASS_THROUGH"}
        rename.begin()
        return {"FINISHED"}

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Do nothing: there is no mouse."""
        return {"CANCELLED"}


class TRIVERSE_OT_select_tasks(bpy.types.Operator):
    """Select tasks of the list"""

    bl_idname = "triverse.select_tasks"
    bl_label = "Select All"
    bl_options = {"INTERNAL"}

    if TYPE_CHECKING:
        action: str
    else:
        action: EnumProperty(
            name="Action",
            items=(
                ("ALL", "All", "Select all tasks that the list shows, on all pages", 0),
                ("NONE", "None", "Select only the task that is shown below the list", 1),
            ),
            options={"SKIP_SAVE"},
        )

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """Return the description of the enum item as tooltip."""
        return choices.tooltip(properties, "action")

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Return True if there are tasks."""
        session = runtime.current()
        return needs_task(cls, session is not None and session.pager.page.total)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Select, unless the key was pressed elsewhere: there it is another operator's."""
        # Not in poll(), which Blender asks for a button of the sidebar in the context of the viewport.
        if event.type == "A" and not is_over_tab(type(self), context):
            return {"PASS_THROUGH"}
        return self.execute(context)

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Select all tasks that match search and filter, or none."""
        session = runtime.current()
        if session is None:
            return {"CANCELLED"}
        if self.action == "ALL":
            session.many.select_all(session.pager.query)
        else:
            session.many.selection.clear()
        return app_timer.finish_operator()


def is_over_tab(cls: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    """Return whether the context is the add-on's tab in the sidebar, or that of a script."""
    region = context.region
    # Blender 4.2 does not tell which tab is open, and no Blender does while the tab is drawn.
    if region is None or (region.type == "UI" and getattr(region, "active_panel_category", TAB) in _TABS):
        return True
    cls.poll_message_set(tr("The mouse is not over the list of tasks."))
    return False


class TRIVERSE_OT_turn_page(bpy.types.Operator):
    """Show other tasks of the list"""

    bl_idname = "triverse.turn_page"
    bl_label = "Turn Page"
    bl_options = {"INTERNAL"}

    if TYPE_CHECKING:
        to: str
    else:
        to: EnumProperty(
            name="To",
            items=(
                ("FIRST", "First Page", "The beginning of the list", 0),
                ("PREVIOUS", "Previous Page", "The tasks before these", 1),
                ("NEXT", "Next Page", "The tasks after these", 2),
                ("LAST", "Last Page", "The end of the list", 3),
            ),
            options={"SKIP_SAVE"},
        )

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """Return the description of the enum item as tooltip."""
        return choices.tooltip(properties, "to")

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Return True if there is a session."""
        return needs_task(cls, runtime.current() is not None)

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Request the page. It is shown after it was read."""
        session = runtime.current()
        if session is None:
            return {"CANCELLED"}
        session.pager.go_to(self.to)
        app_timer.wake()
        return {"FINISHED"}


class TRIVERSE_OT_clear_filter(bpy.types.Operator):
    """Empty the search and show all tasks"""

    bl_idname = "triverse.clear_filter"
    bl_label = "Show All Tasks"
    bl_options = {"INTERNAL"}

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Clear search and filter."""
        list_rows.clear_filter()
        return app_timer.finish_operator()


class TRIVERSE_OT_filter_by(bpy.types.Operator):
    """Show only the tasks with this star, project or tag"""

    bl_idname = "triverse.filter_by"
    bl_label = "Filter by Group"
    bl_options = {"INTERNAL"}

    if TYPE_CHECKING:
        kind: str
        name: str
    else:
        kind: EnumProperty(
            name="Kind",
            items=(
                ("PROJECT", "Project", "A project of the user's own", 0),
                ("FILE", "File", "The .blend that tasks were made in", 1),
                ("TAG", "Tag", "A tag of the user's own", 2),
                ("STAR", "Favourites Only", "Show only tasks with a star", 3),
            ),
            options={"HIDDEN", "SKIP_SAVE"},
        )
        name: StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Set the filter. An empty name shows all."""
        manager = window_props(context.window_manager)
        if self.kind == "STAR":
            manager.starred = not manager.starred
        elif self.kind == "TAG":
            manager.tag = self.name
        else:
            manager.project, manager.made_in = (self.name, "") if self.kind == "PROJECT" else ("", self.name)
        return app_timer.finish_operator()


CLASSES = (
    TRIVERSE_OT_choose_task,
    TRIVERSE_OT_open_row,
    TRIVERSE_OT_select_tasks,
    TRIVERSE_OT_turn_page,
    TRIVERSE_OT_clear_filter,
    TRIVERSE_OT_filter_by,
)
