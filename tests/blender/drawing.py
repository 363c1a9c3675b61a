# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the panel share: drawing its parts, records as another Blender would have left them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import bpy
import pytest

from tests.blender.recorder import Recorder, draw
from triverse_addon.tasks.record.record import Stage, TaskRecord, new_id

Tick = Callable[..., Any]


def session() -> Any:
    """The session, which must be there."""
    from triverse_addon.ui.state import runtime as module

    here = module.current()
    assert here is not None
    return here


def make_panel(**how: Any) -> Recorder:
    from triverse_addon.ui.generate import panel

    return draw(panel.TRIVERSE_PT_make, **how)


def tasks_panel() -> Recorder:
    from triverse_addon.ui.task_list import panel as module

    return draw(module.TRIVERSE_PT_tasks)


def shown_rows() -> list[Any]:
    """The rows of the list that hold a task, in the order in which they are shown."""
    slots, rows = session().slots, bpy.context.window_manager.triverse.rows
    shown = sorted((place, slot) for slot, place in enumerate(slots.places) if slots.ids[slot])
    return [rows[slot] for _, slot in shown]


def draw_rows() -> list[Recorder]:
    """Draw each row of the list."""
    from triverse_addon.ui.task_list import ui_list

    manager = bpy.context.window_manager.triverse
    drawn = []
    for row in shown_rows():
        layout = Recorder()
        ui_list.TRIVERSE_UL_tasks.draw_item(SimpleNamespace(), bpy.context, layout, manager, row, 0, manager, "active")
        drawn.append(layout)
    return drawn


def add_records(*records: TaskRecord) -> None:
    """Put records into the store and the list, as another Blender would have left them."""
    engine = session().engine
    for record in records:
        engine._task_cache.put(engine._context.store.add(record))
    session().tick(0.01, may_import=False)


def record(name: str, stage: Stage, age_s: float = 0.0, **more: Any) -> TaskRecord:
    """A task as the store might hold it; not followed, so that no thread takes it up."""
    following = more.pop("following", False)
    return TaskRecord(
        id=new_id(),
        flow="text-to-model",
        name=name,
        stage=stage,
        client_order_id=new_id(),
        created_at_s=2e9 - age_s,
        following=following,
        auto_import=False,
        **more,
    )


@contextmanager
def as_button() -> Iterator[None]:
    """Ask ``poll()`` as for the panel's button: a layout, which no window draws here, tells it."""
    from triverse_addon.ui.generate import operators

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operators, "is_button", lambda context: True)
        yield


def poll_message(operator: Any) -> str:
    """Why an operator is greyed, as its tooltip says."""
    with pytest.raises(RuntimeError) as caught:
        operator()
    return str(caught.value)
