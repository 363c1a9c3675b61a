# SPDX-License-Identifier: GPL-3.0-or-later
"""
The large preview over a 3D viewport, as far as no window is needed: what it opens, and which picture it draws.

One: ``python scripts/test.py tests/blender/test_ui_large_preview.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import pytest

from tests.blender import glbs
from tests.blender.drawing import Tick, add_records, record
from triverse_addon.tasks.record.record import Stage, TaskRecord


@pytest.fixture
def tasks(here: Any, tmp_path: Path) -> Iterator[list[TaskRecord]]:
    """Two models in the list, and the preview closed at the end."""
    from triverse_addon.ui.viewport import preview_control

    thumbnail = glbs.picture(tmp_path / "thumbnail.png", 8, 8)
    made = []
    for name in ("Chair", "Table"):
        blend = tmp_path / f"{name}.blend"
        blend.touch()
        task = record(name, Stage.IMPORTED, thumbnail_path=str(thumbnail), model_path=str(blend), blend_path=str(blend))
        made.append(task)
    add_records(*made)
    yield made
    preview_control.hide()


def clicked(task: TaskRecord, *running: str) -> set[str]:
    """Click on a picture, while these modal operators run in the window: without one, Blender runs none."""
    from triverse_addon.ui.task_list.preview_operators import TRIVERSE_OT_preview

    (area,) = [one for one in bpy.context.window_manager.windows[0].screen.areas if one.type == "VIEW_3D"]
    begun: list[Any] = []
    window = SimpleNamespace(modal_operators=[SimpleNamespace(bl_idname=name) for name in running])
    manager = SimpleNamespace(windows=[window], modal_handler_add=begun.append)
    event = SimpleNamespace(shift=False, ctrl=False, oskey=False, mouse_x=0, mouse_y=0)
    stand = SimpleNamespace(task_ids=task.id, titles="")
    result = TRIVERSE_OT_preview.invoke(stand, SimpleNamespace(area=area, window_manager=manager), event)
    assert ("RUNNING_MODAL" in result) == (begun == [stand])
    return result


def shown() -> list[str]:
    """The ids of the tasks in the preview."""
    from triverse_addon.ui.viewport import preview

    return [tile.task_id for tile in preview.shown.tiles] if preview.shown is not None else []


def test_another_task_takes_the_place_of_the_first_and_a_second_click_closes(tasks: list[TaskRecord]) -> None:
    from triverse_addon.ui.task_list.preview_operators import TRIVERSE_OT_preview

    assert {"windows"} <= set(bpy.types.WindowManager.bl_rna.properties.keys())
    assert "modal_operators" in bpy.types.Window.bl_rna.properties
    chair, table = tasks
    assert clicked(chair) == {"RUNNING_MODAL"}
    assert shown() == [chair.id]
    assert clicked(table, "VIEW3D_OT_rotate", "TRIVERSE_OT_preview") == {"FINISHED"}, "one that listens is enough"
    assert shown() == [table.id]
    assert clicked(chair, "VIEW3D_OT_rotate") == {"RUNNING_MODAL"}, "nothing listens any more"
    assert shown() == [chair.id]
    assert clicked(chair) == {"FINISHED"}
    assert shown() == []
    clicked(chair)
    # Blender ends the operator: its window is closed, or a file is loaded.
    TRIVERSE_OT_preview.cancel(SimpleNamespace(), bpy.context)
    assert shown() == []


def test_the_view_is_drawn_that_it_was_turned_to_and_nothing_until_a_picture_is_there(
    here: Any, tasks: list[TaskRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A texture needs a window. So these are names of textures, as if those had been made."""
    from triverse_addon.ui.viewport import preview, preview_drawing, textures

    chair, held = tasks[0], {}
    monkeypatch.setattr(textures, "_of_sources", held)
    of_chair = preview.Preview((preview.Tile(chair.id),), 0)
    drawn = lambda: preview_drawing._picture(of_chair, here, chair)  # noqa: E731
    assert drawn() is None, "it is asked for"
    views = preview.views_of(chair)
    assert views is not None
    held[views] = ("front", "left", "back", "right")
    assert drawn() is None, "it was not turned yet"
    for number, name in ((0, "front"), (3, "right"), (5, "left")):
        of_chair.view = number
        assert drawn() == name


def test_pictures_and_thumbnails_are_drawn_as_soon_as_they_are_there(
    here: Any, tasks: list[TaskRecord], tmp_path: Path, tick_until: Tick, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A texture needs a window. So it is told of what each would have been made."""
    from triverse_addon.ui.viewport import preview, preview_drawing, textures

    for name in ("_of_sources", "_of_thumbnails"):
        monkeypatch.setattr(textures, name, {})
    monkeypatch.setattr(textures, "_texture", lambda width, height, pixels: (width, height, len(pixels)))
    table, picture = tasks[1], glbs.picture(tmp_path / "preview.png", 12, 6)
    chair = tasks[0].with_(preview_path=str(picture))
    drawn = lambda task: preview_drawing._picture(preview.Preview((), 0), here, task)  # noqa: E731
    assert drawn(table) is drawn(chair) is None
    thumbnail, large = (8, 8, 8 * 8 * 4), (12, 6, 12 * 6 * 4)
    assert tick_until(lambda: drawn(table)) == thumbnail
    assert drawn(table) is drawn(table), "made once"
    tick_until(lambda: drawn(chair) == large)  # the thumbnail stands there until the picture comes
    assert drawn(chair) is drawn(chair)
