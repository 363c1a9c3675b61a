# SPDX-License-Identifier: GPL-3.0-or-later
"""No step of a task runs twice at once. One: ``python scripts/test.py tests/tasks/engine/test_lanes_apart.py``."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.service.server import StandIn
from triverse_addon.api.sentence import Sentence
from triverse_addon.tasks.converter import Converted, ConvertJob, NoChildError
from triverse_addon.tasks.engine.engine import Engine
from triverse_addon.tasks.record.record import Stage, TaskRequest
from triverse_addon.tasks.settings import Settings


class SlowConverter:
    """Takes its time, and knows how many of its calls ran at once and in which threads."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.threads: list[str] = []

    def __call__(self, job: ConvertJob, stop: threading.Event) -> Converted:
        self.threads.append(threading.current_thread().name)
        self.release.wait(60)
        raise NoChildError(Sentence.of("No second Blender can be started here."))


def test_news_that_come_twice_convert_once(tmp_path: Path) -> None:
    converter = SlowConverter()
    with StandIn(speed=40.0) as service:
        engine = Engine(Settings(tmp_path, tmp_path, api_key=service.key, api_url=service.url), converter)
        engine.start()
        try:
            record = engine.submit(TaskRequest("text-to-model", {"prompt": "a chair", "polygon_limit": 1000}))
            wait_for(engine, lambda: converter.threads)
            # What a poll does that comes right after the live update that said the same: it wakes the lane of the
            # stage that has passed meanwhile.
            for name in ("watch", "download"):
                engine._queues[name].schedule(record.id)
            time.sleep(0.5)
            assert len(converter.threads) == 1
            converter.release.set()
            wait_for(engine, lambda: engine.get(record.id).stage is Stage.READY)
            assert len(converter.threads) == 1
        finally:
            converter.release.set()
            engine.shutdown()


def wait_for(engine: Engine, look: Callable[[], object], limit_s: float = 60.0) -> None:
    ends_at_s = time.monotonic() + limit_s
    while not look():
        assert time.monotonic() < ends_at_s
        engine.pump(0.01)
        time.sleep(0.01)
