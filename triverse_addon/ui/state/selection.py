# SPDX-License-Identifier: GPL-3.0-or-later
"""
Which tasks of the list are selected, beside the one that is chosen and shown below the list.

Floor: third. Thread: main. Imports no ``bpy``.

The selection holds ids, so it survives turning pages. It is kept for this Blender session only.
"""

from collections.abc import Iterable, Sequence


class Selection:
    """The ids of the selected tasks. One selected task is as good as none: the list then works on the chosen one."""

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}
        self.anchor = ""
        """The task that a range begins at: the one clicked last without Shift."""

    def __contains__(self, task_id: str) -> bool:
        return task_id in self._ids

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids in the order in which they were selected."""
        return tuple(self._ids)

    @property
    def is_several(self) -> bool:
        """True if more than one task is selected."""
        return len(self._ids) > 1

    def clear(self) -> None:
        """Select nothing."""
        self._ids.clear()

    def only(self, task_id: str) -> None:
        """Select one task only."""
        self._ids = {task_id: None}
        self.anchor = task_id

    def toggle(self, task_id: str, chosen_id: str) -> str:
        """
        Select a task in addition, or deselect it.

        :param chosen_id: the chosen task, which counts as selected if nothing else is; "" for none.
        :returns: the task to choose: this one, or the one selected last if this one was deselected.
        """
        if not self._ids and chosen_id:
            self._ids[chosen_id] = None
        if task_id in self._ids and len(self._ids) > 1:
            del self._ids[task_id]
            self.anchor = next(reversed(self._ids))
        else:
            self._ids[task_id] = None
            self.anchor = task_id
        return self.anchor

    def add_range(self, ids: Sequence[str], task_id: str, *, keep: bool) -> bool:
        """
        Select all tasks from the anchor to a task.

        :param ids: the ids of the list, in order.
        :param keep: keep what is selected besides.
        :returns: False if one of both ends is not in ``ids``; nothing is changed then.
        """
        if self.anchor not in ids or task_id not in ids:
            return False
        first, last = sorted((ids.index(self.anchor), ids.index(task_id)))
        self.replace(ids[first : last + 1], keep=keep)
        return True

    def replace(self, ids: Iterable[str], *, keep: bool = False) -> None:
        """
        Select these tasks.

        :param keep: keep what is selected besides.
        """
        self._ids = (self._ids if keep else {}) | dict.fromkeys(ids)

    def discard(self, task_id: str) -> None:
        """Deselect a task that was removed from the list."""
        self._ids.pop(task_id, None)
