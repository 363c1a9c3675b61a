# SPDX-License-Identifier: GPL-3.0-or-later
"""
What a button opens when it is pressed: dialogs, questions and file browsers, with what Blender is told of them.

One: ``python scripts/test.py tests/blender/test_ui_dialogs.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import pytest

from tests.blender.drawing import Tick, session
from tests.blender.pressed import press
from tests.blender.test_ui_batch import ROWS, charges, checked, rows_file, settled
from tests.service.server import StandIn

__all__ = ["rows_file"]  # a fixture

pytestmark = pytest.mark.usefixtures("kept_writers")


# -----------------------------------------------------------------------------
# A batch


def test_table_folder_and_library_are_chosen_in_a_file_browser(
    here: Any, tick_until: Tick, rows_file: Callable[..., Path]
) -> None:
    """Blender shows folders alone to an operator that has ``directory`` and no ``filepath``."""

    def browse(operator: Any) -> dict[str, Any]:
        pressed = press(operator)
        assert (pressed.result, pressed.opened) == ({"RUNNING_MODAL"}, "fileselect_add")
        return pressed.properties

    table = browse(bpy.ops.triverse.batch_choose)
    assert (table["filepath"], "*.csv" in table["filter_glob"], "directory" in table) == ("", True, False)
    assert browse(bpy.ops.triverse.batch_choose_folder) == {"directory": ""}
    assert session().batch.request is None, "opened, and nothing was chosen"
    checked(tick_until, rows_file())
    assert browse(bpy.ops.triverse.batch_library) == {"directory": ""}


def test_a_run_asks_once_and_goes_on_without_a_question(
    here: Any, service: StandIn, tick_until: Tick, rows_file: Callable[..., Path]
) -> None:
    service.state.clock.speed = 0.01
    batch = checked(tick_until, rows_file(ROWS))
    pressed = press(bpy.ops.triverse.batch_run)
    assert pressed.opened == "invoke_confirm"
    assert pressed.given["title"] == "Make 3 Models for 60 Credits?"
    assert pressed.given["message"].startswith("You have 10,000 credits.")
    assert pressed.given["confirm_text"] == "Make Them"
    assert not batch.is_running, "nobody has said yes"

    bpy.context.window_manager.triverse.batch_jobs = 1
    bpy.ops.triverse.batch_run()
    tick_until(lambda: len(service.state.creations) == 1)
    bpy.ops.triverse.batch_stop()
    tick_until(lambda: not batch.is_running)
    settled(tick_until)
    service.state.clock.speed = 40.0
    pressed = press(bpy.ops.triverse.batch_run)
    assert (pressed.result, pressed.opened) == ({"FINISHED"}, ""), "its price was agreed to"
    tick_until(lambda: not batch.is_running)
    assert charges(service) == [1, 1, 1]
