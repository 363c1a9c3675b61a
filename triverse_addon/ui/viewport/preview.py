# SPDX-License-Identifier: GPL-3.0-or-later
"""
The large preview over a 3D viewport: one task, or several side by side.

Floor: third. Thread: main. Imports ``bpy`` through other modules only. ``preview_control`` opens and closes it,
``preview_drawing`` draws it.

To show it: the operator ``triverse.preview`` with ``task_ids`` and ``titles``.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..state import runtime, source_pictures

if TYPE_CHECKING:
    from ...scene.child.preview_pixels import PreviewPixels, Source
    from ...tasks.record.record import TaskRecord


@dataclass(frozen=True, slots=True)
class Tile:
    """
    One task of the preview.

    :ivar title: line of text above it; "" for the name of the task.
    """

    task_id: str
    title: str = ""


@dataclass(slots=True)
class Preview:
    """
    What is shown.

    :ivar region: pointer of the region that it covers.
    :ivar view: number of the view around the models; None for the service's pictures.
    :ivar places: where each tile was drawn last: left, low, width and height in pixels.
    """

    tiles: tuple[Tile, ...]
    region: int
    view: int | None = None
    places: list[tuple[float, float, float, float]] = field(default_factory=list)


shown: Preview | None = None


def pictures() -> "PreviewPixels | None":
    """Return what fetches the pictures."""
    session = runtime.current()
    return session.details.previews if session is not None else None


def record_of(tile: Tile) -> "TaskRecord | None":
    """Return the task of a tile, from memory."""
    session = runtime.current()
    return session.shown(tile.task_id) if session is not None else None


def records() -> "list[TaskRecord]":
    """Return the tasks that are shown."""
    tiles = shown.tiles if shown is not None else ()
    return [record for tile in tiles if (record := record_of(tile)) is not None]


def picture_of(record: "TaskRecord") -> "Source | None":
    """Return the picture of a task: the service's one of the model, else the one that it is made from."""
    from ...scene.child.preview_pixels import Source  # lazy import, as in state.runtime

    path = record.preview_path or source_pictures.first_picture(record)
    return Source(path) if path else None


def results_of(record: "TaskRecord") -> "list[Source]":
    """Return the pictures that a task has made, if they are several: they are turned through like views."""
    from ...scene.child.preview_pixels import Source  # lazy imports, as in state.runtime
    from ...tasks.engine.result_download import is_picture

    files = [path for path in record.result_files if is_picture(Path(path))]
    return [Source(path) for path in files] if len(files) > 1 else []


def steps_of(record: "TaskRecord") -> int:
    """Return how many pictures a task is turned through; 0 if it has only one."""
    from ...scene.child.preview_pixels import VIEWS  # lazy import, as in state.runtime

    return VIEWS if views_of(record) is not None else len(results_of(record))


def steps() -> int:
    """Return how many pictures the shown tasks are turned through together; 0 if each has only one."""
    return max(map(steps_of, records()), default=0)


def views_of(record: "TaskRecord") -> "Source | None":
    """Return the views around the model of a task; None if there is no model here."""
    from ...scene.child.preview_pixels import VIEWS, Source  # lazy import, as in state.runtime

    return Source(record.blend_path, VIEWS) if record.has_model and record.blend_path else None


# -----------------------------------------------------------------------------
# Layout


def cells(
    count: int, left: float, low: float, width: float, height: float, gap: float
) -> list[tuple[float, float, float, float]]:
    """
    Divide a rectangle into ``count`` equal cells, as square as they get, row by row from the upper left.

    :return: left, low, width and height of each.
    """
    best, columns = -1.0, 1
    for number in range(1, count + 1):
        edge = min((width - gap) / number, (height - gap) / math.ceil(count / number))
        if edge > best:
            best, columns = edge, number
    rows = math.ceil(count / columns)
    cell_width, cell_height = (width - gap * (columns - 1)) / columns, (height - gap * (rows - 1)) / rows
    return [
        (
            left + (number % columns) * (cell_width + gap),
            low + (rows - 1 - number // columns) * (cell_height + gap),
            cell_width,
            cell_height,
        )
        for number in range(count)
    ]


def tile_at(x: float, y: float) -> Tile | None:
    """Return the tile at a position in the region, in pixels."""
    if shown is None:
        return None
    for tile, (left, low, width, height) in zip(shown.tiles, shown.places, strict=False):
        if left <= x < left + width and low <= y < low + height:
            return tile
    return None
