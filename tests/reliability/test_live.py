# SPDX-License-Identifier: GPL-3.0-or-later
"""
Live updates: one socket for any number of tasks, few queries beside it, and frames that settle nothing they must not.

One: ``python scripts/test.py tests/reliability/test_live.py -k frames``.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import time
import types
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.reliability.account import ACCOUNT
from tests.service.server import StandIn
from tests.tasks.engines import LIMIT_S, Driver, running
from triverse_addon.api.event_stream import FrameReader
from triverse_addon.tasks.engine import supervisor as supervisor_module
from triverse_addon.tasks.engine.reconcile import SINCE_MARGIN_S
from triverse_addon.tasks.record import record as record_module
from triverse_addon.tasks.record.record import Stage, TaskRecord

TASKS = 500


@pytest.fixture
def service() -> Iterator[StandIn]:
    with StandIn(samples=("1k",)) as made:
        yield made
        assert made.state.leaks == []


def test_five_hundred_tasks_have_one_socket_and_one_query_a_second(service: StandIn, tmp_path: Path) -> None:
    state = service.state
    made = [
        state.create(state.user, "text-to-model", {"prompt": f"chair {n} hold", "client_order_id": f"order-{n}"})
        for n in range(20)
    ]
    state.user.balance = 1_000_000
    made += [
        state.create(state.user, "text-to-model", {"prompt": f"chair {n} hold", "client_order_id": f"order-{n}"})
        for n in range(20, TASKS)
    ]
    with running(service, tmp_path, live=True) as driver:
        driver.engine.track([task.uuid for task in made])
        # Counted from when the socket has told of each task, and the queries that were under way then are answered. A
        # task that it has not told of is asked for at the other pace.
        under_way = driver.engine._queues["watch"]._running
        driver.until(
            lambda: driver.engine.live and all(one.service_status for one in driver.engine.tasks()) and not under_way
        )
        begin_s = state.clock.now()
        driver.until(lambda: state.clock.now() - begin_s > 12.0)
        queries = [one.at_s for one in state.seen("status") if one.at_s > begin_s + 1.0]
        span_s = state.clock.now() - begin_s - 1.0
        assert len(queries) <= span_s + 3
        for task in made:
            state.finish(task.uuid, "FAILED")
        queried = len(state.seen("status"))
        driver.until(lambda: all(one.stage is Stage.FAILED for one in driver.engine.tasks()))
        assert len(driver.engine.tasks()) == TASKS
        assert len(state.seen("ws")) == 1
        # The socket brought them: polling at one a second would have taken minutes.
        assert len(state.seen("status")) - queried < TASKS / 4
    ACCOUNT.add("500 tasks on one socket")


def test_when_the_socket_is_lost_polling_takes_over_at_its_own_pace(service: StandIn, tmp_path: Path) -> None:
    with running(service, tmp_path, live=True) as driver:
        held = driver.reaches(driver.submit("a stone well hold tris:1k"), Stage.WAITING)
        due_s = driver.engine._queues["watch"]._due
        driver.until(lambda: driver.engine.live and due_s.get(held.id, 0.0) - time.monotonic() > LIMIT_S)
        service.faults.add("ws", status=503, times=None)
        with service.down():
            driver.until(lambda: not driver.engine.live)
        service.state.finish(held.task_uuid or "")
        driver.reaches(held.id, Stage.IMPORTED)


def test_the_service_is_asked_for_what_came_since_before_the_oldest_task_that_waits(
    service: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.state.clock.speed = 0
    with running(service, tmp_path) as driver:
        with monkeypatch.context() as earlier:
            # Further back than the margin, or the younger task's margin would hold the older one too.
            before_s = time.time() - 2 * SINCE_MARGIN_S
            earlier.setattr(record_module, "time", types.SimpleNamespace(time=lambda: before_s))
            older = driver.reaches(driver.submit("a stone well"), Stage.WAITING)
        younger = driver.reaches(driver.submit("a red chair"), Stage.WAITING)
        assert older.created_at_s < younger.created_at_s - SINCE_MARGIN_S
        driver.engine.configure(dataclasses.replace(driver.engine.settings, live=True))
        driver.until(lambda: driver.engine.live)
    (request,) = service.state.seen("ws")
    (since,) = parse_qs(request.query)["since"]
    assert datetime.fromisoformat(since).timestamp() < older.created_at_s


def test_a_clock_that_is_hours_fast_keeps_no_update_away(
    service: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a machine that takes the universal time for that of its own time zone, or the reverse."""
    service.state.clock.speed = 0
    fast = types.SimpleNamespace(time=lambda: time.time() + 14 * 3600.0)
    monkeypatch.setattr(record_module, "time", fast)
    with running(service, tmp_path, live=True) as driver:
        task = driver.reaches(driver.submit("a stone well tris:1k"), Stage.WAITING)
        driver.until(lambda: driver.engine.live)
        (request,) = service.state.seen("ws")
        (since,) = parse_qs(request.query)["since"]
        assert datetime.fromisoformat(since).timestamp() < service.state.tasks[task.task_uuid].created_wall_s


def frame(event: str = "update", **data: Any) -> str:
    return f"event: {event}\ndata: {json.dumps(data)}\n\n"


#: Frames by what is wrong with them; made with the uuid of a waiting task at 40 %, and of one that was imported.
FRAMES: dict[str, Callable[[str, str], str]] = {
    "nonsense": lambda w, i: "hello",
    "no data": lambda w, i: "event: update\n\n",
    "cut off": lambda w, i: frame(task_uuid=w, status="SUCCESS")[:-20],
    "no object": lambda w, i: "data: [[[[]]]]\n\n",
    "deep": lambda w, i: "data: " + "[" * 100_000 + "\n\n",
    "huge": lambda w, i: frame(task_uuid=w, status="RUNNING", x="y" * 5_000_000),
    "no uuid": lambda w, i: frame(status="SUCCESS"),
    "wrong types": lambda w, i: frame(task_uuid=w, status=7, progress=[], queue="x", output=3, error="no"),
    "unknown task": lambda w, i: frame(task_uuid="00000000-0000-4000-8000-000000000000", status="SUCCESS"),
    "unknown status": lambda w, i: frame(task_uuid=w, status="DREAMING"),
    "progress backwards": lambda w, i: frame(task_uuid=w, status="RUNNING", progress=3),
    "progress absurd": lambda w, i: frame(task_uuid=w, status="RUNNING", progress=-1e308),
    "finalized, yet running": lambda w, i: frame("finalized", task_uuid=w, status="RUNNING", progress=10),
    "imported, now running": lambda w, i: frame(task_uuid=i, status="RUNNING", progress=1),
    "imported, now failed": lambda w, i: frame("finalized", task_uuid=i, status="FAILED", error={"message": "no"}),
    "imported, succeeds again": lambda w, i: frame("finalized", task_uuid=i, status="SUCCESS") * 50,
    "out of order": lambda w, i: frame(task_uuid=w, status="PENDING", progress=0) + frame(task_uuid=w, status="QUEUED"),
}


ACCOUNT.expect(["500 tasks on one socket"] + ["a bad frame of the WebSocket"] * len(FRAMES))


@pytest.mark.parametrize("name", FRAMES)
def test_bad_frames_change_nothing_that_is_settled(service: StandIn, tmp_path: Path, name: str) -> None:
    service.state.clock.speed = 60
    with running(service, tmp_path) as driver:
        done = driver.reaches(driver.submit("a red chair tris:1k"), Stage.IMPORTED)
        held = driver.reaches(driver.submit("a stone well hold tris:1k"), Stage.WAITING)
        driver.until(lambda: driver.record(held.id).service_status == "RUNNING")
        before = driver.record(held.id)
        supervisor = driver.engine._supervisor
        for told in FrameReader().feed(FRAMES[name](held.task_uuid or "", done.task_uuid or "")):
            supervisor._apply_pushed_status(told.status, told.finalized)
        _settled(driver, done, before)
        service.state.finish(held.task_uuid or "")
        driver.reaches(held.id, Stage.IMPORTED)
    assert set(service.state.charged_per_order().values()) == {1}
    ACCOUNT.add("a bad frame of the WebSocket")


def _settled(driver: Driver, done: TaskRecord, before: TaskRecord) -> None:
    driver.engine.pump(0.1)
    now, held = driver.record(done.id), driver.record(before.id)
    assert now == done
    assert held.stage is Stage.WAITING
    assert (held.progress or 0) >= (before.progress or 0)
    assert held.asset_urls == before.asset_urls


def test_a_storm_of_progress_keeps_no_end_waiting(service: StandIn, tmp_path: Path) -> None:
    service.state.clock.speed = 60
    with running(service, tmp_path) as driver:
        held = driver.reaches(driver.submit("a stone well hold tris:1k"), Stage.WAITING)
        driver.until(lambda: driver.record(held.id).service_status == "RUNNING")
        service.state.clock.speed = 0
        supervisor, before = driver.engine._supervisor, driver.engine._context.store.since(0)[0]
        text = "".join(frame(task_uuid=held.task_uuid, status="RUNNING", progress=40 + n % 50) for n in range(2000))
        for told in FrameReader().feed(text):
            supervisor._apply_pushed_status(told.status, told.finalized)
        assert driver.engine._context.store.since(0)[0] - before < 500, "not every frame is a transaction"
        (end,) = FrameReader().feed(frame("finalized", task_uuid=held.task_uuid, status="FAILED"))
        supervisor._apply_pushed_status(end.status, end.finalized)
        driver.reaches(held.id, Stage.FAILED)


def test_tasks_of_others_without_end_fill_no_memory(service: StandIn, tmp_path: Path) -> None:
    with running(service, tmp_path) as driver:
        supervisor = driver.engine._supervisor
        for number in range(supervisor_module._MAX_PUSHED + 100):
            (told,) = FrameReader().feed(frame(task_uuid=f"somebody-elses-{number}", status="RUNNING"))
            supervisor._apply_pushed_status(told.status, told.finalized)
        assert len(supervisor._pushed) <= supervisor_module._MAX_PUSHED


def test_an_event_without_end_fills_no_memory() -> None:
    reader = FrameReader()
    for _ in range(8):
        assert reader.feed("data:\n" * 750_000 + "data:") == []
        assert sys.getsizeof(reader._data) < 40 * 1024**2
    assert reader.malformed_count
    (told,) = reader.feed("\n\n" + frame(task_uuid="a", status="RUNNING"))
    assert told.status.task_uuid == "a"
