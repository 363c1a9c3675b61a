# SPDX-License-Identifier: GPL-3.0-or-later
"""
Keep the boxes of ``boxes`` up to date.

Floor: third. Thread: main. Imports ``bpy``.

They are computed when something about the tasks has changed, never while drawing. The draw handlers are registered only
while there is a box, and viewports are redrawn only when a box, its name or its percentage has changed.
"""

from typing import TYPE_CHECKING, Any

import bpy

from ..state import runtime
from . import boxes

if TYPE_CHECKING:
    from ...scene.importing.expected_box import Corners
    from ...scene.importing.free_space import Bounds
    from ...tasks.record.record import TaskRecord
    from ..state.session import Session

#: Number of boxes that are shown. More would hide the scene.
_MOST = 24
#: Number of tasks of a kind that are looked through for boxes: this is done at each change, and there may be 100,000.
_MOST_TASKS = 500


_handlers: list[Any] = []
_is_told = False
"""Whether Blender goes through its handlers for a file that was loaded."""
_places: dict[tuple[Any, ...], "Corners | None"] = {}
"""What was computed for the boxes that are shown, by all that it depends on."""


def refresh() -> None:
    """Compute the boxes of all tasks in progress, and redraw the viewports if they have changed."""
    session = runtime.current()
    wanted = _of_tasks(session) if session is not None and not boxes.is_broken else ()
    if wanted != boxes.shown:
        before, boxes.shown = boxes.shown, wanted
        _apply({box.scene for box in (*before, *wanted)})
    elif not _handlers:
        _listen(False)


def hold(box: boxes.Box | None) -> None:
    """Show the box that the user is placing, or no longer show it."""
    if box != boxes.held and not boxes.is_broken:
        before, boxes.held = boxes.held, box
        _apply({one.scene for one in (before, box) if one is not None})


def clear() -> None:
    """Remove all boxes and the draw handlers."""
    scenes = {box.scene for box in (*boxes.shown, boxes.held) if box is not None}
    boxes.shown, boxes.held, boxes.is_broken = (), None, False
    _places.clear()
    _apply(scenes)
    _listen(False)


def _apply(scenes: set[str]) -> None:
    from . import box_drawing  # lazy import: it loads gpu, which nothing needs before

    is_needed = bool(boxes.shown) or boxes.held is not None
    if is_needed and not _handlers:
        add = bpy.types.SpaceView3D.draw_handler_add
        for draw, kind in ((box_drawing.draw_boxes, "POST_VIEW"), (box_drawing.draw_texts, "POST_PIXEL")):
            _handlers.append(add(draw, (), "WINDOW", kind))
        _listen(True)
    elif _handlers and not is_needed:
        while _handlers:
            bpy.types.SpaceView3D.draw_handler_remove(_handlers.pop(), "WINDOW")
        box_drawing.forget()
        _listen(False)
    for window in bpy.context.window_manager.windows:
        if window.scene.name in scenes:
            for area in window.screen.areas:
                if area.type == "VIEW_3D":
                    for region in area.regions:
                        if region.type == "WINDOW":
                            region.tag_redraw()


def _listen(is_wanted: bool) -> None:
    """Have Blender tell when a file was loaded, or no longer."""
    listeners = bpy.app.handlers.load_post
    if is_wanted and _file_loaded not in listeners:
        listeners.append(_file_loaded)
    # Up to Blender 5.2, one that removes itself makes Blender skip the next one: then, the next refresh does it.
    elif not is_wanted and not _is_told and _file_loaded in listeners:
        listeners.remove(_file_loaded)


@bpy.app.handlers.persistent
def _file_loaded(*_: object) -> None:
    global _is_told
    _places.clear()
    _is_told = True
    try:
        refresh()
    finally:
        _is_told = False


# -----------------------------------------------------------------------------
# The tasks


def _of_tasks(session: "Session") -> tuple[boxes.Box, ...]:
    from ...scene.importing import origin  # lazy import, as in runtime

    records = sorted(_expected(session), key=lambda record: (record.created_at_s, record.id))
    found: list[boxes.Box] = []
    taken: list[Bounds] = []
    places: dict[tuple[Any, ...], Corners | None] = {}
    for record in records:
        scene = origin.find_scene(record.origin)
        if scene is None or len(found) >= _MOST:
            continue
        corners = _place(places, record, scene, taken)
        if corners is not None:
            found.append(_box(record, scene, corners))
    _places.clear()
    _places.update(places)
    return tuple(found)


def _expected(session: "Session") -> "list[TaskRecord]":
    """
    Return tasks whose models will be imported without the user.

    Where more tasks than :data:`_MOST_TASKS` are in progress, only models that are ready have boxes.
    """
    from ...batch.run.dispatcher import BATCH_ORIGIN  # lazy import, as in runtime

    cache = session.engine.task_cache
    unfinished = cache.unfinished() if cache.unfinished_count <= _MOST_TASKS else []
    ready = (cache.get(task_id) for task_id in session.engine.imports.first_ids(_MOST_TASKS))
    return [
        record
        for record in (*unfinished, *ready)
        if record is not None and record.auto_import and record.origin.session != BATCH_ORIGIN
    ]


def _place(
    places: dict[tuple[Any, ...], "Corners | None"], record: "TaskRecord", scene: bpy.types.Scene, taken: "list[Bounds]"
) -> "Corners | None":
    from ...scene.importing import expected_box  # lazy import, as in runtime

    marker = scene.objects.get(record.placement.placeholder) if record.placement.placeholder else None
    where = None if marker is None else tuple(map(tuple, marker.matrix_world))
    key = (record.placement, scene.name, len(scene.objects), where, tuple(taken))
    if key not in places:
        known = key in _places
        places[key] = _places[key] if known else expected_box.expected_box(record.placement, scene, taken)
    corners = places[key]
    if corners is not None:
        taken.append(expected_box.bounds_of(corners))
    return corners


def _box(record: "TaskRecord", scene: bpy.types.Scene, corners: "Corners") -> boxes.Box:
    from ..state import task_presentation  # lazy import, as in runtime

    percent = round(100 * task_presentation.progress(record))
    return boxes.Box(scene.name, corners, record.name, percent / 100, f" · {percent} %")
