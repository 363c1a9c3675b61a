# SPDX-License-Identifier: GPL-3.0-or-later
"""
Cache of thumbnails for the list, decoded outside ``draw()``.

Floor: third. Thread: main. Imports ``bpy``. The files are 256 px in size, because Blender decodes previews on the main
thread, and 2048 px take 30 times as long.
"""

import time
from array import array
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

import bpy.utils.previews

#: Number of pictures kept in memory. A picture of 256 x 256 px in RGBA takes 256 KB.
_KEPT = 96


class Thumbnails:
    """LRU cache of previews by task id. ``draw()`` requests an icon; a tick loads it."""

    def __init__(self) -> None:
        self._previews = bpy.utils.previews.new()
        self._order: OrderedDict[str, str] = OrderedDict()
        """Task id -> path of the loaded picture, the least recently used first."""
        self._wanted: OrderedDict[str, str] = OrderedDict()
        self._missing: set[str] = set()

    def icon(self, task_id: str, path: str) -> int:
        """Return the icon id of a task's picture, or 0 until a later tick has loaded it. Reads memory only."""
        if self._order.get(task_id) == path:
            self._order.move_to_end(task_id)
            return int(self._previews[task_id].icon_id)
        if path and path not in self._missing:
            self._wanted[task_id] = path
        return 0

    def load_first(self, pictures: Iterable[tuple[str, str]], budget_s: float) -> None:
        """
        Load pictures before all that are requested, at least one, until the time budget is used up. Not for ``draw()``.

        :param pictures: task id and path of each; those that are not loaded any more are requested.
        :param budget_s: time budget in seconds.
        """
        ends_at_s = time.monotonic() + budget_s
        is_over = False
        for task_id, path in pictures:
            if self.icon(task_id, path) or task_id not in self._wanted or is_over:
                continue
            self._load(task_id, self._wanted.pop(task_id))
            is_over = time.monotonic() >= ends_at_s

    def pixels(self, task_id: str) -> tuple[int, int, "array[float]"] | None:
        """Return width, height and pixels (four floats each, from the lower left) of a loaded picture; else None."""
        if task_id not in self._order:
            return None
        preview: Any = self._previews[task_id]
        size_px: Any = preview.image_size
        width, height = size_px
        pixels = array("f", [0.0]) * (width * height * 4)
        preview.image_pixels_float.foreach_get(pixels)
        return width, height, pixels

    def load(self, budget_s: float) -> bool:
        """
        Load requested pictures, at least one, until the time budget is used up.

        :param budget_s: time budget in seconds.
        :returns: whether any picture was loaded.
        """
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
        # Reading the size decodes the picture; otherwise Blender would decode it in draw().
        size_px: Any = preview.image_size
        if not all(size_px):
            del self._previews[task_id]
            self._missing.add(path)
            return False
        self._order[task_id] = path
        while len(self._order) > _KEPT:
            self._drop(next(iter(self._order)))
        return True

    def clear_requests(self) -> None:
        """Discard all requests. For a change of page: drawing the new page makes its own requests."""
        self._wanted.clear()

    @property
    def is_loading(self) -> bool:
        """True while requested pictures are not loaded."""
        return bool(self._wanted)

    def refresh(self, task_id: str, path: str) -> None:
        """Take into account that the thumbnail of a task may have a new file at ``path``."""
        self._missing.discard(path)
        if task_id in self._order and self._order[task_id] != path:
            self._drop(task_id)

    def _drop(self, task_id: str) -> None:
        if self._order.pop(task_id, None) is not None:
            del self._previews[task_id]

    def clear(self) -> None:
        """Free all pictures. The cache cannot be used afterwards."""
        self._order.clear()
        self._wanted.clear()
        bpy.utils.previews.remove(self._previews)
