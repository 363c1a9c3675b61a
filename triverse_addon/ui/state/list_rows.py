# SPDX-License-Identifier: GPL-3.0-or-later
"""
The rows of the task list: the tasks of the page that is shown, in the window manager.

Floor: third. Thread: main, outside ``draw()``, which must not write. Imports ``bpy``.

A task keeps its row as long as it is on the page, whatever comes before it; the list shows the rows in the order of
:attr:`Slots.places`. So a name that is being typed stays the name of its task when others come in above it.
"""

from collections import deque
from typing import TYPE_CHECKING, Protocol

import bpy

if TYPE_CHECKING:
    from ...tasks.record import TaskRecord
    from ..properties import TriverseWindowManager
    from .pager import Pager

#: Tasks of a page of the list, which scrolls.
LIST_COUNT = 50
#: Tasks of a page of the grid, which does not scroll: below it, the chosen task has to be seen.
GRID_COUNT = 12
#: Some more than a page has, so that a row that has become free is not another task's at once.
_SLOTS = LIST_COUNT + 14


class Slots:
    """Which row holds which task."""

    def __init__(self) -> None:
        self.ids = [""] * _SLOTS
        """Of each row the id of its task, "" when it is free."""
        self.titles = [""] * _SLOTS
        """What was written into each row as its name."""
        self.places = list(range(_SLOTS))
        """Of each row its place in the list; free ones come last."""
        self.count = 0
        """How many rows are not free."""
        self._free = deque(range(_SLOTS))

    def of(self, task_id: str) -> int:
        """Return the row of a task, -1 when it has none."""
        return self.ids.index(task_id) if task_id and task_id in self.ids else -1

    def deal(self, task_ids: list[str]) -> None:
        """Give each of these tasks a row, in this order; all others lose theirs."""
        here = set(task_ids)
        for slot, task_id in enumerate(self.ids):
            if task_id and task_id not in here:
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
    """What the rows need of the session that owns them."""

    slots: Slots
    pager: "Pager"
    chosen_id: str

    def page_records(self) -> "list[TaskRecord]":
        """Return the tasks of the page that is shown."""

    def shown(self, task_id: str) -> "TaskRecord | None":
        """Return a task from memory."""

    def choose(self, task_id: str) -> None:
        """Keep a task at hand."""

    def show_first_page(self) -> None:
        """Let the list begin with the first task that fits."""

    def rename(self, task_id: str, name: str) -> None:
        """Give a task another name."""


def sync(session: Owner) -> bool:
    """
    Take over what the user did to the rows, and make them those of the page.

    :returns: whether a row was written.
    """
    _listen(session)
    return write(session)


def chosen_id(session: Owner) -> str:
    """Return the id of the chosen task, "" without one. For drawing and operators: the latest click counts."""
    group = _group()
    clicked = str(group.rows[group.active].task_id) if 0 <= group.active < len(group.rows) else ""
    return clicked or session.chosen_id


def choose(session: Owner, task_id: str) -> None:
    """Choose a task, which may be a new one. A search or a filter that would hide it is taken away."""
    session.choose(task_id)
    record = session.shown(task_id)
    if record is not None and not session.pager.query.fits(record):
        clear_filter()
    if task_id not in session.slots.ids:
        session.show_first_page()
    write(session)


def clear_filter() -> None:
    """Let the list show all tasks."""
    group = _group()
    for name in ("search", "show", "this_file"):
        group.property_unset(name)


def write(session: Owner) -> bool:
    """
    Write the rows that are not as they should be. The chosen task stays chosen; if it is gone, the first one is.

    :returns: whether there were any.
    """
    group, slots = _group(), session.slots
    titles = {record.id: record.name for record in session.page_records()}
    changed = len(group.rows) != _SLOTS
    if changed:
        # File > Open empties them.
        group.rows.clear()
        for _ in range(_SLOTS):
            group.rows.add()
        slots.titles = [""] * _SLOTS
    before = list(slots.ids), list(slots.places)
    slots.deal(list(titles))
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
    chosen = slots.of(session.chosen_id)
    if group.active != chosen:
        group.active = chosen
        changed = True
    return changed


def _group() -> "TriverseWindowManager":
    group: TriverseWindowManager = bpy.context.window_manager.triverse
    return group


def _listen(session: Owner) -> None:
    """Note which row was clicked on last, and which names were edited; a double click does both."""
    group, slots = _group(), session.slots
    if len(group.rows) != _SLOTS:
        return
    if 0 <= group.active < _SLOTS and slots.ids[group.active]:
        session.choose(slots.ids[group.active])
    for row, task_id, title in zip(group.rows, slots.ids, slots.titles, strict=True):
        if task_id and row.title != title:
            session.rename(task_id, row.title)
