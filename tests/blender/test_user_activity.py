# SPDX-License-Identifier: GPL-3.0-or-later
"""For which of the user's doings an import waits, as far as that needs no window."""

from __future__ import annotations

from types import ModuleType

import pytest


@pytest.fixture
def undone(ui: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The user has just undone something that can be redone. Gives the time, in seconds."""
    from triverse_addon.scene.importing import undo
    from triverse_addon.ui.state import user_activity

    now_s = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now_s[0])
    monkeypatch.setattr(undo, "can_redo", lambda: True)
    monkeypatch.setattr(user_activity, "_undone_at_s", float("-inf"))
    assert user_activity.reason_to_wait() is None, "what was undone long ago does not count"
    user_activity.note_undo()
    assert "redone" in str(user_activity.reason_to_wait())
    return now_s


def test_a_model_waits_a_moment_for_a_redo(undone: list[float]) -> None:
    """Its undo step drops what can be redone; but who waits for the model instead should not wait in vain."""
    from triverse_addon.ui.state import user_activity

    undone[0] += user_activity._REDO_S
    assert user_activity.reason_to_wait() is None


def test_a_model_does_not_wait_where_nothing_can_be_redone(
    undone: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    from triverse_addon.scene.importing import undo
    from triverse_addon.ui.state import user_activity

    monkeypatch.setattr(undo, "can_redo", lambda: False)
    assert user_activity.reason_to_wait() is None


def test_a_model_that_is_asked_for_after_an_undo_does_not_wait(undone: list[float]) -> None:
    from triverse_addon.ui.state import user_activity
    from triverse_addon.ui.timers import app_timer

    app_timer.finish_operator()
    assert user_activity.reason_to_wait() is None
