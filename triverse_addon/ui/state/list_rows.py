# SPDX-License-Identifier: GPL-3.0-or-later
"""
The rows of the task list in the window manager: the tasks of the current page.

Floor: third. Thread: main, outside ``draw()``, which must not write. Imports ``bpy``.

A task keeps its row as long as it is on the page, even if tasks are added before it. The list shows the rows in the
order of :attr:`Slots.places`. So a name that the user is editing stays with its task when tasks are added above it.
"""

from collections import deque
from typing import TYPE_CHECKING, Protocol

import bpy

from ..rna.members import window_props

if TYPE_CHECKING:
    from ...tasks.record.record import TaskRecord
    from ..form.properties import TriverseWindowManager
    from .many_tasks import ManyTasks
    from .pager import Pager

#: Tasks per page of the list, which scrolls.
LIST_COUNT = 50
#: Tasks per page of the grid. It does not scroll, and the selected task below it must be visible.
GRID_COUNT = 12
#: Number of rows: more than a page has, so that a freed row is not assigned to another task at once.
_SLOTS = LIST_COUNT + 14


class Slots:
    """Assignment of tasks to rows, by index of the row."""

    def __init__(self) -> None:
        self.ids = [""] * _SLOTS
        """The id of each row's task, "" for a free row."""
        self.titles = [""] * _SLOTS
        """The name last written into each row, to detect edits by the user."""
        self.places = list(range(_SLOTS))
        """The position of each row in the list. Free rows come last."""
        self.count = 0
        """The number of rows that hold a task."""
        self._free = deque(range(_SLOTS))

    def row_of(self, task_id: str) -> int:
        """Return the index of a task's row, or -1 if it has none."""
        return self.ids.index(task_id) if task_id and task_id in self.ids else -1

    def assign(self, task_ids: list[str]) -> None:
        """Assign a row to each of these tasks, in the given order. The rows of all other tasks become free."""
        listed = set(task_ids)
        for slot, task_id in enumerate(self.ids):
            if task_id and task_id not in listed:
                self.ids[slot] = ""
                self._free.append(slot)
        slots = {task_id: slot for slot, task_id in enumerate(self.ids) if task_id}
        for task_id in task_ids:
            if task_id not in slots:
                slots[task_id] = slot = self._free.popleft()
                self.ids[slot] = task_id
        self.count = len(task_ids)
        for place, slot in enumerate([*(slots[task_id] for task_id in task_ids), *self._free]):
            self.places[slot] = place


class Owner(Protocol):
    """The interface that this module needs of the session; see :class:`state.session.Session`."""

    slots: Slots
    pager: "Pager"
    many: "ManyTasks"
    chosen_id: str

    def page_records(self) -> "list[TaskRecord]":
        """Return the tasks of the current page, in order."""

    def shown(self, task_id: str) -> "TaskRecord | None":
        """Return a task from memory, or None."""

    def choose(self, task_id: str) -> None:
        """Select a task."""

    def show_first_page(self) -> None:
        """Show the first page of the list."""

    def rename(self, task_id: str, name: str) -> None:
        """Rename a task."""


def sync(session: Owner) -> bool:
    """
    Take over the user's changes to the rows (selection, names), and update the rows to the current page.

    :returns: whether a row was changed.
    """
    _listen(session)
    return write(session)


def chosen_id(session: Owner) -> str:
    """Return the id of the selected task, or "". For drawing and operators: includes a click since the last tick."""
    group = _group()
    clicked = str(group.rows[group.active].task_id) if 0 <= group.active < len(group.rows) else ""
    return clicked or session.chosen_id


def choose(session: Owner, task_id: str) -> None:
    """Select a task, which may be a new one. If search or filter would hide it, they are cleared."""
    session.choose(task_id)
    record = session.shown(task_id)
    if record is not None and not session.pager.query.matches(record):
        clear_filter()
    if task_id not in session.slots.ids:
        session.show_first_page()
    write(session)


def click(session: Owner, task_id: str, *, shift: bool = False, ctrl: bool = False) -> None:
    """
    Select tasks as a click on one does: that one, with Ctrl one more or less, with Shift all from the last one to it.

    The task that was clicked is chosen.
    """
    selection = session.many.selection
    if shift:
        anchor = selection.anchor if session.shown(selection.anchor) is not None else chosen_id(session)
        kept = selection.ids if ctrl else ()
        choose(session, task_id)
        selection.anchor = anchor
        selection.replace(kept)
        ids = [record.id for record in session.page_records()]
        session.many.select_range(session.pager.query, ids, task_id, keep=ctrl)
    elif ctrl:
        choose(session, selection.toggle(task_id, chosen_id(session)))
    else:
        selection.only(task_id)
        choose(session, task_id)


def clear_filter() -> None:
    """Clear search and filter, so that the list shows all tasks."""
    group = _group()
    for name in ("search", "show", "this_file", "starred", "project", "tag", "made_in"):
        group.property_unset(name)


def write(session: Owner) -> bool:
    """
    Update the rows to the current page. If the selected task no longer exists, the first one is selected.

    :returns: whether a row, its position or the selection was changed.
    """
    group, slots = _group(), session.slots
    titles = {record.id: record.name for record in session.page_records()}
    changed = len(group.rows) != _SLOTS
    if changed:
        # File > Open clears the rows.
        group.rows.clear()
        for _ in range(_SLOTS):
            group.rows.add()
        slots.titles = [""] * _SLOTS
    before = list(slots.ids), list(slots.places)
    slots.assign(list(titles))
    changed = changed or before != (slots.ids, slots.places)
    for slot, (row, task_id) in enumerate(zip(group.rows, slots.ids, strict=True)):
        title = titles.get(task_id, "")
        if row.task_id != task_id:
            row.task_id = task_id
        if row.title != title:
            row.title = title
            changed = True
        slots.titles[slot] = title
    if session.shown(session.chosen_id) is None:
        session.choose(next(iter(titles), ""))
    chosen = slots.row_of(session.chosen_id)
    if group.active != chosen:
        group.active = chosen
        changed = True
    return changed


def _group() -> "TriverseWindowManager":
    group: TriverseWindowManager = window_props(bpy.context.window_manager)
    return group


def _listen(session: Owner) -> None:
    """Take over the selected row and edited names from the user. A double click does both."""
    group, slots = _group(), session.slots
    if len(group.rows) != _SLOTS:
        return
    if 0 <= group.active < _SLOTS and slots.ids[group.active]:
        session.choose(slots.ids[group.active])
    for row, task_id, title in zip(group.rows, slots.ids, slots.titles, strict=True):
        if task_id and row.title != title:
            session.rename(task_id, row.title)
