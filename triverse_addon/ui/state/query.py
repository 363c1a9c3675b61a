# SPDX-License-Identifier: GPL-3.0-or-later
"""
The store query for the task list, from the search field, the filter and the sort order.

Floor: third. Thread: main. Imports ``bpy``. Reads memory only, so drawing can compare it with the query already read.
"""

from typing import TYPE_CHECKING

import bpy

from ...scene.importing import origin
from ...tasks.record.record import FAILED_STAGES, UNFINISHED, Stage
from ...tasks.store.query import FileScope, Order, Query
from .. import settings
from ..rna import choices
from ..rna.members import scene_props, window_props
from .list_rows import GRID_COUNT, LIST_COUNT

if TYPE_CHECKING:
    from ..form.properties import TriverseWindowManager

_STAGES: dict[str, frozenset[Stage]] = {
    "ALL": frozenset(),
    "ACTIVE": UNFINISHED,
    "READY": frozenset({Stage.READY, Stage.DONE}),
    "IMPORTED": frozenset({Stage.IMPORTED}),
    "FAILED": FAILED_STAGES,
    "PUT_AWAY": frozenset(),
}
_ORDERS = {"NEWEST": Order.NEWEST, "OLDEST": Order.OLDEST, "NAME": Order.NAME, "COST": Order.COST}


def wanted() -> tuple[Query, int]:
    """Return the query for the tasks to show, and the number of tasks per page."""
    group: TriverseWindowManager = window_props(bpy.context.window_manager)
    preferences = settings.preferences()
    show = choices.chosen(group, "show")
    query = Query(
        search=" ".join(group.search.split()),
        stages=_STAGES[show],
        followed=show == "ACTIVE",
        scope=open_file() if group.this_file else None,
        order=_ORDERS[choices.chosen(preferences, "task_order")],
        # What is under way may still cost something, so it is never hidden.
        put_away=None if show == "ACTIVE" else show == "PUT_AWAY",
        starred=group.starred,
        tag=group.tag,
        project=group.project,
        file=group.made_in,
    )
    return query, GRID_COUNT if choices.chosen(preferences, "task_layout") == "GRID" else LIST_COUNT


def open_file() -> FileScope:
    """Return the open file, as tasks know it."""
    scenes = (scene_props(scene).scene_id for scene in bpy.data.scenes)
    return FileScope(frozenset(filter(None, scenes)), origin.token(), bpy.data.filepath)
