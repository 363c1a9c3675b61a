# SPDX-License-Identifier: GPL-3.0-or-later
"""Which imports are told in the status bar."""

from __future__ import annotations

from typing import Any

import bpy

from tests.blender.drawing import add_records, record
from triverse_addon.tasks.record.events import TaskChanged
from triverse_addon.tasks.record.record import Stage


def test_an_import_by_another_blender_is_not_told(here: Any) -> None:
    """They share the list, and this one said "was imported" of a model that its file does not have."""
    tasks = [record(name, Stage.READY, 1, task_uuid=f"u-{name}") for name in ("vase", "chair")]
    add_records(*tasks)
    of_here = bpy.data.collections.new("chair")
    of_here["triverse_task_uuid"] = "u-chair"
    of_here.objects.link(bpy.data.objects.new("chair", None))
    bpy.context.scene.collection.children.link(of_here)
    for stage in (Stage.READY, Stage.IMPORTED):
        for one in tasks:
            here._handle_event(TaskChanged(one.with_(stage=stage)))
    told = [str(notice.sentence) for notice in here.pending_notices]
    assert [line for line in told if "imported" in line] == ["“chair” was imported."]
