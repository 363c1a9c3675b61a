# SPDX-License-Identifier: GPL-3.0-or-later
"""Load Factory Preferences takes away those of the add-on, and leaves it registered: nothing fails, nothing shows."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import bpy
import pytest

from tests.blender import fresh
from tests.blender.conftest import ADDON
from tests.service.server import StandIn
from triverse_addon.ui.setup import operator_helpers
from triverse_addon.ui.state import runtime
from triverse_addon.ui.timers import app_timer, viewport_header


@pytest.fixture
def reset(ui: ModuleType, connected: StandIn) -> Iterator[None]:
    runtime.get_or_start()
    with fresh.undone_later():
        bpy.context.preferences.addons.remove(bpy.context.preferences.addons[ADDON])
    yield
    with fresh.undone_later():
        bpy.context.preferences.addons.new().module = ADDON


def test_nothing_fails_without_preferences(reset: None) -> None:
    for name in ("TRIVERSE_PT_make", "TRIVERSE_PT_tasks", "TRIVERSE_PT_batch"):
        assert not getattr(bpy.types, name).poll(bpy.context), name
    assert app_timer.tick() > 0.0
    session = runtime.current()
    assert session is not None
    assert not session.tick(0.1)
    assert not operator_helpers.may_ask(bpy.types.TRIVERSE_OT_find_tasks)
    assert not bpy.ops.triverse.find_tasks.poll()
    viewport_header._draw(None, bpy.context)


def test_it_is_shown_otherwise(ui: ModuleType) -> None:
    for name in ("TRIVERSE_PT_make", "TRIVERSE_PT_tasks", "TRIVERSE_PT_batch"):
        assert getattr(bpy.types, name).poll(bpy.context), name
