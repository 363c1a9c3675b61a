# SPDX-License-Identifier: GPL-3.0-or-later
"""
Operators that put tasks in order: star, tags, project. They work on the selected tasks, or else on the chosen one.

Floor: third. Thread: main. Imports ``bpy``.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import bpy
from bpy.props import EnumProperty, StringProperty

from ...api.errors import TriverseError
from ..rna.members import OperatorMixin
from ..setup.operator_helpers import needs_task
from ..state import list_rows, runtime
from ..text.layout_text import paragraph, ui_scale
from ..text.translate import OWN_CONTEXT, tr, translate
from ..timers import app_timer

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    from ...tasks.record.record import TaskRecord
    from ..state.session import Session

_WIDTH = 320


def targets(session: "Session") -> tuple[str, ...]:
    """Return the ids of the tasks to work on: the selected ones if there are several, else the chosen one."""
    selection = session.many.selection
    chosen = list_rows.chosen_id(session)
    return selection.ids if selection.is_several else (chosen,) if chosen else ()


def _target_records(session: "Session") -> "list[TaskRecord]":
    """Return the records of the tasks to work on, as far as they are in memory."""
    return [record for one in targets(session) if (record := session.shown(one)) is not None]


def _projects(session: "Session") -> set[str]:
    """Return the projects of the tasks to work on, as far as they are in memory; "" for those without one."""
    return {record.project for record in _target_records(session)}


class _LabelMixin(OperatorMixin):
    """Base class of the operators that change marks of tasks."""

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Return True if a task is chosen."""
        session = runtime.current()
        return needs_task(cls, session is not None and targets(session))

    def change(self, edit: "Callable[[TaskRecord], TaskRecord]") -> "set[OperatorReturnItems]":
        """Change one task at once, or several on a thread."""
        session = runtime.current()
        ids = targets(session) if session is not None else ()
        if session is None or not ids:
            return {"CANCELLED"}
        if len(ids) > 1:
            session.many.mark(ids, edit)
            return app_timer.finish_operator()
        try:
            session.engine.mark(ids[0], edit)
        except TriverseError as error:
            self.report({"WARNING"}, translate(error.sentence))
            return {"CANCELLED"}
        return app_timer.finish_operator()


class TRIVERSE_OT_star(_LabelMixin, bpy.types.Operator):
    """Make it a favourite, or no favourite any more. The filter can show favourites only"""

    bl_idname = "triverse.star"
    bl_label = "Favourite"
    bl_options = {"INTERNAL"}

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Give all tasks a star, or take it off if all have one."""
        session = runtime.current()
        if session is None:
            return {"CANCELLED"}
        starred = not is_starred(session)
        return self.change(lambda record: record.with_(starred=starred))


def is_starred(session: "Session") -> bool:
    """Return whether all tasks to work on have a star, as far as they are in memory."""
    records = _target_records(session)
    return bool(records) and all(record.starred for record in records)


def _tags_like(_self: object, _context: bpy.types.Context, text: str) -> list[str]:
    """Return how the typed tags could be continued: by the tags that other tasks have."""
    from ...tasks.record import labels  # lazy import, as in runtime

    session = runtime.current()
    if session is None:
        return []
    before, comma, last = text.rpartition(",")
    head = f"{before}{comma} " if comma else ""
    given = {tag.casefold() for tag in labels.split_tags(before)}
    names = [group.name for group in session.many.groups.tags if group.name.casefold() not in given]
    return [head + name for name in names if last.strip().casefold() in name.casefold()]


def _projects_like(_self: object, _context: bpy.types.Context, text: str) -> list[str]:
    """Return the projects whose names contain the typed text."""
    session = runtime.current()
    groups = session.many.groups.projects if session is not None else ()
    return [group.name for group in groups if text.casefold() in group.name.casefold()]


class TRIVERSE_OT_edit_tags(_LabelMixin, bpy.types.Operator):
    """Give tasks tags of your own. The search finds tasks by them, and the filter shows those with one"""

    bl_idname = "triverse.edit_tags"
    bl_label = "Tags"
    bl_options = {"INTERNAL"}

    if TYPE_CHECKING:
        tags: str
        mode: str
    else:
        tags: StringProperty(
            name="Tags",
            description="Words or short phrases, separated by commas",
            search=_tags_like,
            options={"SKIP_SAVE"},
        )
        mode: EnumProperty(
            name="Mode",
            translation_context=OWN_CONTEXT,
            items=(
                ("REPLACE", "Replace", "These are all tags of the task", 0),
                ("ADD", "Add", "Give these tags to all selected tasks", 1),
                ("REMOVE", "Remove", "Take these tags off all selected tasks", 2),
            ),
            options={"SKIP_SAVE"},
        )

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Open the dialog. It has the tags of a single task; of several it asks which to add or remove."""
        session = runtime.current()
        if session is None:
            return {"CANCELLED"}
        session.many.wanted_groups()
        app_timer.wake()
        if len(targets(session)) > 1:
            self.mode = "ADD"
        else:
            self.tags = ", ".join(tag for record in _target_records(session) for tag in record.tags)
        return context.window_manager.invoke_props_dialog(self, width=_WIDTH)

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the tags, and what becomes of them for several tasks."""
        column = self.layout.column()
        if self.mode != "REPLACE":
            row = column.row()
            row.prop_enum(self, "mode", "ADD")
            row.prop_enum(self, "mode", "REMOVE")
        field = column.row()
        field.activate_init = True
        field.prop(self, "tags", text="", icon="BOOKMARKS", placeholder="chair, kitchen, for the client")
        paragraph(column, tr("Separate tags by commas."), (_WIDTH - 40) * ui_scale())

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Change the tags."""
        from ...tasks.record import labels  # lazy import, as in runtime

        tags, mode = labels.split_tags(self.tags), self.mode
        if mode == "ADD":
            return self.change(lambda record: record.with_(tags=labels.with_tags(record.tags, tags)))
        if mode == "REMOVE":
            return self.change(lambda record: record.with_(tags=labels.without_tags(record.tags, tags)))
        return self.change(lambda record: record.with_(tags=tags))


class TRIVERSE_OT_set_project(_LabelMixin, bpy.types.Operator):
    """Put tasks into a project. Without one, they belong to the .blend that they were made in"""

    bl_idname = "triverse.set_project"
    bl_label = "Project"
    bl_options = {"INTERNAL"}

    if TYPE_CHECKING:
        project: str
    else:
        project: StringProperty(
            name="Project",
            description="A new name, or one of your projects. Empty takes tasks out of their project",
            search=_projects_like,
            options={"SKIP_SAVE"},
        )

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Open the dialog with the project that all of the tasks have."""
        session = runtime.current()
        if session is None:
            return {"CANCELLED"}
        session.many.wanted_groups()
        app_timer.wake()
        projects = _projects(session)
        self.project = projects.pop() if len(projects) == 1 else ""
        return context.window_manager.invoke_props_dialog(self, width=_WIDTH)

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the name, and what becomes of tasks that have different ones."""
        session = runtime.current()
        column = self.layout.column()
        field = column.row()
        field.activate_init = True
        field.prop(self, "project", text="", icon="FILE_FOLDER", placeholder="No project")
        if session is not None and len(_projects(session)) > 1:
            told = tr("These tasks are in several projects. Without a name, they are taken out of them.")
            paragraph(column, told, (_WIDTH - 40) * ui_scale())

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Change the project."""
        from ...tasks.record import labels  # lazy import, as in runtime

        project = labels.clean_name(self.project)
        return self.change(lambda record: record.with_(project=project))


CLASSES = (TRIVERSE_OT_star, TRIVERSE_OT_edit_tags, TRIVERSE_OT_set_project)
