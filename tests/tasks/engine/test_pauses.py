# SPDX-License-Identifier: GPL-3.0-or-later
"""
What the service and its storage ask to wait for is waited for by downloads, too.

One: ``python scripts/test.py tests/tasks/engine/test_pauses.py``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.service.server import StandIn
from tests.tasks.engine.test_state_machine import MOST_STEPS, Clock, Service, World, clock
from tests.tasks.engines import running
from triverse_addon.api.errors import TooManyRequestsError
from triverse_addon.api.sentence import Sentence
from triverse_addon.tasks.record.record import Stage

__all__ = ["clock"]

PAUSE_S = 300.0


def test_the_storage_is_left_alone_for_as_long_as_it_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked_s: list[Any] = []

    def note(failures: int, retry_after_s: float | None = None) -> float:
        asked_s.append(retry_after_s)
        return 0.01

    monkeypatch.setattr("triverse_addon.tasks.engine.transitions.backoff_s", note)
    with StandIn(speed=80, samples=("1k",)) as service, running(service, tmp_path) as driver:
        service.faults.add("asset", status=503, html=True, retry_after="42")
        driver.reaches(driver.submit("a stone well tris:1k"), Stage.IMPORTED)
    assert asked_s == [42.0]


@pytest.mark.parametrize("is_first_try", [True, False])
def test_a_model_is_not_asked_for_while_the_service_wants_no_requests(
    tmp_path: Path, clock: Clock, is_first_try: bool
) -> None:
    """As after the refusal of another task's download. The link that the status gave is not of the service itself."""
    world = World(tmp_path, Service("payload", True, []), clock)
    for _ in range(MOST_STEPS):
        if world.record.stage is Stage.DOWNLOADING:
            break
        world.step()
    if not is_first_try:
        world.store.change(world.task_id, lambda newest: newest.with_(attempts=1))
    too_many = TooManyRequestsError(Sentence.of("Too many."), http_status=429, retry_after_s=PAUSE_S)
    world.context.gate.failed(str(Stage.DOWNLOADING), too_many)
    paused_s = clock.now
    world.step()
    if not is_first_try:
        assert world.record.stage is Stage.DOWNLOADING
        assert world.due[0][0] >= paused_s + PAUSE_S
        world.step()
    assert world.record.stage is Stage.CONVERTING
    world.store.close()
