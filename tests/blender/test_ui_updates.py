# SPDX-License-Identifier: GPL-3.0-or-later
"""The head of the list: whether changes at the service come live or by polling."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import bpy
import pytest

from tests.blender.drawing import Tick
from tests.blender.recorder import Recorder
from tests.service.server import StandIn
from triverse_addon.tasks.record.record import TaskRequest


def test_the_header_shows_whether_updates_are_live_or_polled(
    here: Any, connected: StandIn, tick_until: Tick, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("triverse_addon.api.backoff.FIRST_S", 0.1)
    monkeypatch.setattr("triverse_addon.tasks.engine.supervisor.LIVE_RETRY_S", 1.0)
    for name in ("FIRST_POLL_S", "LONGEST_POLL_S"):
        monkeypatch.setattr(f"triverse_addon.tasks.engine.pacing.{name}", 0.5)
    from triverse_addon.ui import settings
    from triverse_addon.ui.setup import operators as setup_operators
    from triverse_addon.ui.task_list import panel

    def header() -> list[str]:
        layout = Recorder()
        panel.TRIVERSE_PT_tasks.draw_header_preset(SimpleNamespace(layout=layout), bpy.context)
        return layout.texts()

    def tooltip() -> str:
        return str(setup_operators.TRIVERSE_OT_updates.description(bpy.context, None))

    assert not {"Live", "Polling"} & set(header()), "nothing is under way"
    connected.state.clock.speed = 0
    here.engine.submit(TaskRequest("text-to-model", {"prompt": "a stone well"}))
    tick_until(lambda: "Live" in header())
    assert "at once" in tooltip()
    settings.preferences().live = False
    tick_until(lambda: "Polling" in header())
    assert "Live updates are switched off" in tooltip()
    asked = len(connected.state.seen("status"))
    tick_until(lambda: len(connected.state.seen("status")) >= asked + 2)
    assert len(connected.state.seen("ws")) == 1, "no new connection"
    with connected.down():
        settings.preferences().live = True
        here.tick(0.01)
        assert "Polling" in header()
        assert "until there is a live connection" in tooltip()
    tick_until(lambda: "Live" in header())
