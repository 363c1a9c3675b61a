# SPDX-License-Identifier: GPL-3.0-or-later
"""
Small pictures for the list, decoded outside ``draw()``, a bounded number of them.

Floor: third. Thread: main. Imports ``bpy``. The files are 256 px: Blender decodes a preview on the main thread, and
2048 px take 30 times as long.
"""

import time
from collections import OrderedDict

import bpy.utils.previews

#: Pictures kept in memory: about three full lists. 256 px of RGBA are 256 KB.
_KEPT = 96


class Thumbnails:
    """Pictures by task id. ``draw()`` asks for an icon; a tick loads what was asked for."""

    def __init__(self) -> None:
        self._previews = bpy.utils.previews.new()
        self._order: OrderedDict[str, str] = OrderedDict()
        """Task id -> path of the loaded picture, the longest unused first."""
        self._wanted: OrderedDict[str, str] = OrderedDict()
        self._missing: set[str] = set()

    def icon(self, task_id: str, path: str) -> int:
        """Return the icon of a task's picture; 0 until a later tick has loaded it. Never touches the disk."""
        if self._order.get(task_id) == path:
            self._order.move_to_end(task_id)
            return int(self._previews[task_id].icon_id)
        if path and path not in self._missing:
            self._wanted[task_id] = path
        return 0

    def load(self, budget_s: float) -> bool:
        """Load pictures that were asked for, at least one, until the time is over; returns whether there was one."""
        ends_at_s = time.monotonic() + budget_s
        loaded = False
        while self._wanted:
            loaded = self._load(*self._wanted.popitem(last=False)) or loaded
            if time.monotonic() >= ends_at_s:
                break
        return loaded

    def _load(self, task_id: str, path: str) -> bool:
        self._drop(task_id)
        try:
            preview = self._previews.load(task_id, path, "IMAGE")
        except (OSError, KeyError):
            self._missing.add(path)
            return False
        # Reading the size is what decodes it; left to itself, Blender would do that in draw().
        if not all(preview.image_size):
            del self._previews[task_id]
            self._missing.add(path)
            return False
        self._order[task_id] = path
        while len(self._order) > _KEPT:
            self._drop(next(iter(self._order)))
        return True

    def want_no_more(self) -> None:
        """Forget what was asked for: another page is shown, and drawing it asks for its own."""
        self._wanted.clear()

    @property
    def is_loading(self) -> bool:
        """True while pictures that were asked for are not loaded."""
        return bool(self._wanted)

    def refresh(self, task_id: str, path: str) -> None:
        """Take note that the file at ``path`` may be a new one."""
        self._missing.discard(path)
        if task_id in self._order and self._order[task_id] != path:
            self._drop(task_id)

    def _drop(self, task_id: str) -> None:
        if self._order.pop(task_id, None) is not None:
            del self._previews[task_id]

    def clear(self) -> None:
        """Let go of all pictures."""
        self._order.clear()
        self._wanted.clear()
        bpy.utils.previews.remove(self._previews)
