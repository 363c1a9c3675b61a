# SPDX-License-Identifier: GPL-3.0-or-later
"""
The buttons that narrow the list to favourites, a project, a .blend or a tag.

Floor: third. Thread: main. Imports ``bpy``. Drawing reads memory only: a thread reads the groups when they are wanted.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import bpy

from ..rna import choices
from ..rna.members import Icon, window_props
from ..state import runtime
from ..text.translate import amount, tr
from ..timers import app_timer

if TYPE_CHECKING:
    from ...tasks.store.marks import Group, Groups
    from ..form.properties import TriverseWindowManager

#: Most entries of each kind in a menu, so that it fits on a screen. The search finds the others.
_MOST = 14


def names(manager: "TriverseWindowManager") -> list[str]:
    """Return the names of the groups to which the list is narrowed."""
    project = manager.project or _title(manager.made_in)
    return [*([project] if project else []), *([f"#{manager.tag}"] if manager.tag else [])]


def draw(layout: bpy.types.UILayout) -> None:
    """Draw the buttons that open both menus, and have the groups read. Side by side, Japanese words were cut."""
    manager = window_props(bpy.context.window_manager)
    _groups()
    icon: Icon = "SOLO_ON" if manager.starred else "SOLO_OFF"
    column = layout.column(align=True)
    row = column.row(align=True)
    row.operator("triverse.filter_by", text="", icon=icon, depress=manager.starred).kind = "STAR"
    project = manager.project or _title(manager.made_in)
    row.menu("TRIVERSE_MT_projects", text=project or tr("Project"), icon="FILE_FOLDER", translate=False)
    column.menu("TRIVERSE_MT_tags", text=manager.tag or tr("Tag"), icon="BOOKMARKS", translate=False)


def _title(path: str) -> str:
    """Return the name of the project of tasks that were made in a file."""
    from ...tasks.record.labels import file_title  # lazy import, as in runtime

    return file_title(path)


def _groups() -> "Groups | None":
    session = runtime.current()
    if session is None:
        return None
    groups = session.many.wanted_groups()
    if session.many.needs_ticks:
        app_timer.wake()
    return groups


def _draw_groups(layout: bpy.types.UILayout, kind: str, groups: "Sequence[Group]", icon: Icon) -> None:
    show = choices.chosen(window_props(bpy.context.window_manager), "show")
    # As state.query: what is under way is never hidden.
    with_others, with_put_away = show != "PUT_AWAY", show in ("PUT_AWAY", "ACTIVE")
    counted = [(group, group.count * with_others + group.put_away * with_put_away) for group in groups]
    counted = [one for one in counted if one[1]]  # of others, the list would show nothing
    for group, count in counted[:_MOST]:
        name = _title(group.name) if kind == "FILE" else group.name
        entry = layout.operator("triverse.filter_by", text=f"{name} ({amount(count)})", icon=icon, translate=False)
        entry.kind, entry.name = kind, group.name
    if len(counted) > _MOST:
        layout.label(text=tr("{count} more", count=len(counted) - _MOST), translate=False)


class TRIVERSE_MT_projects(bpy.types.Menu):
    """The projects and files that the list can be narrowed to."""

    bl_idname = "TRIVERSE_MT_projects"
    bl_label = "Project"

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the user's projects, then the files that tasks were made in."""
        groups = _groups()
        if groups is None:
            return
        layout = self.layout
        layout.operator("triverse.filter_by", text="All").kind = "PROJECT"
        layout.separator()
        _draw_groups(layout, "PROJECT", groups.projects, "FILE_FOLDER")
        _draw_groups(layout, "FILE", groups.files, "FILE_BLEND")


class TRIVERSE_MT_tags(bpy.types.Menu):
    """The tags that the list can be narrowed to."""

    bl_idname = "TRIVERSE_MT_tags"
    bl_label = "Tag"

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the user's tags."""
        groups = _groups()
        if groups is None:
            return
        layout = self.layout
        layout.operator("triverse.filter_by", text="All").kind = "TAG"
        layout.separator()
        _draw_groups(layout, "TAG", groups.tags, "BOOKMARKS")
        if not groups.tags:
            layout.label(text="No task has a tag yet")


CLASSES = (TRIVERSE_MT_projects, TRIVERSE_MT_tags)
