# SPDX-License-Identifier: GPL-3.0-or-later
"""How often the modal operator looks for news: more often while a model is read that the user waits for."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from triverse_addon.tasks.record.events import TaskChanged, TaskForgotten
from triverse_addon.tasks.record.record import Stage, TaskRecord
from triverse_addon.ui.state.in_progress import InProgress

CONVERTING = TaskRecord(id="chair", flow="text-to-model", name="Chair", stage=Stage.CONVERTING)


class Stand:
    """The operator, its window and its session, with a clock that is set by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from triverse_addon.ui.timers import modal_timer

        self.clock_s = 100.0
        self.ticked_at_s: list[float] = []
        self.intervals_s: list[float] = []
        self.timers: list[float] = []
        monkeypatch.setattr(modal_timer, "time", SimpleNamespace(monotonic=lambda: self.clock_s))
        monkeypatch.setattr(modal_timer, "runtime", SimpleNamespace(current=lambda: self.session))
        monkeypatch.setattr(modal_timer, "_ticked_at_s", float("-inf"))
        monkeypatch.setattr(modal_timer, "_burst", 0)
        self.session = SimpleNamespace(
            engine=SimpleNamespace(has_events=False),
            in_progress=InProgress(),
            pending_notices=deque(),
            is_under_way=True,
            tick_safely=lambda _budget_s: bool(self.ticked_at_s.append(self.clock_s)),
        )
        manager = SimpleNamespace(
            event_timer_add=self._add, event_timer_remove=self.timers.remove, modal_handler_add=lambda _operator: True
        )
        self.context: Any = SimpleNamespace(window=object(), window_manager=manager)
        operator = modal_timer.TRIVERSE_OT_watch
        self.operator: Any = SimpleNamespace(_timer=None, _interval_s=0.0, _number=0, _ends_at_s=0.0)
        for name in ("_set_interval", "_remove_timer", "_report_notices"):
            setattr(self.operator, name, getattr(operator, name).__get__(self.operator))
        self._modal = operator.modal
        assert operator.invoke(self.operator, self.context, SimpleNamespace(type="NONE")) == {"RUNNING_MODAL"}

    def _add(self, interval_s: float, *, window: object) -> float:
        assert window is self.context.window
        self.intervals_s.append(interval_s)
        self.timers.append(interval_s)
        return interval_s

    def fire(self, after_s: float) -> set[str]:
        self.clock_s += after_s
        return self._modal(self.operator, self.context, SimpleNamespace(type="TIMER"))


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> Stand:
    return Stand(monkeypatch)


def test_news_of_an_awaited_model_is_looked_for_more_often(stand: Stand) -> None:
    stand.fire(0.1)
    stand.fire(0.1)
    assert stand.intervals_s == [0.1]
    assert len(stand.ticked_at_s) == 2
    stand.session.in_progress.heed(TaskChanged(CONVERTING))
    stand.fire(0.1)
    assert stand.intervals_s == [0.1, 0.02]
    assert stand.timers == [0.02], "the other timer is removed"
    del stand.ticked_at_s[:]
    for _ in range(4):
        assert stand.fire(0.02) == {"PASS_THROUGH"}
    assert not stand.ticked_at_s, "a look without news is no tick"
    stand.fire(0.021)
    assert len(stand.ticked_at_s) == 1, "the ticks themselves go on as ever"
    stand.session.engine.has_events = True
    stand.fire(0.02)
    assert len(stand.ticked_at_s) == 2
    stand.session.in_progress.heed(TaskChanged(replace(CONVERTING, stage=Stage.READY)))
    stand.fire(0.02)
    assert stand.timers == [0.1]


def test_the_last_timer_is_removed_at_the_end(stand: Stand) -> None:
    stand.session.in_progress.heed(TaskChanged(CONVERTING))
    stand.fire(0.1)
    stand.session.is_under_way = False
    assert stand.fire(0.11) == {"FINISHED", "PASS_THROUGH"}
    assert stand.timers == []


def test_a_timer_that_was_forgotten_ends_at_its_next_tick(stand: Stand) -> None:
    from triverse_addon.ui.timers import modal_timer

    stand.fire(0.1)
    modal_timer.forget()
    assert stand.fire(0.1) == {"FINISHED", "PASS_THROUGH"}
    assert stand.timers == []
    assert len(stand.ticked_at_s) == 1, "it does nothing more"


def test_only_models_that_are_imported_when_they_are_ready_are_awaited() -> None:
    assert InProgress([CONVERTING]).expects_model
    others = (
        replace(CONVERTING, stage=Stage.DOWNLOADING),
        replace(CONVERTING, auto_import=False),
        replace(CONVERTING, following=False),
    )
    for other in others:
        assert not InProgress([other]).expects_model
        changed = InProgress([CONVERTING])
        changed.heed(TaskChanged(other))
        assert not changed.expects_model
    forgotten = InProgress([CONVERTING])
    forgotten.heed(TaskForgotten(CONVERTING.id))
    assert not forgotten.expects_model
