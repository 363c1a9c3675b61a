# SPDX-License-Identifier: GPL-3.0-or-later
"""
What befalls the process and its store: power cuts, clocks that jump, sleep, locks, damage, other versions.

``tests/tasks/engine/test_killed.py`` kills the process itself. One: ``python scripts/test.py tests/reliability -k
power``.
"""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
import sqlite3
import threading
import time
import types
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.reliability.account import ACCOUNT
from tests.service.server import StandIn
from tests.tasks.engines import Driver, convert, import_all, running, settings_for
from triverse_addon.tasks.engine.engine import Engine
from triverse_addon.tasks.record import record
from triverse_addon.tasks.record.events import BalanceKnown, Notice, TasksFound
from triverse_addon.tasks.record.record import Stage, TaskRequest
from triverse_addon.tasks.store import connection as store_connection
from triverse_addon.tasks.store import store
from triverse_addon.tasks.store.errors import StoreError
from triverse_addon.tasks.store.schema import SCHEMA_VERSION
from triverse_addon.tasks.store.store import FILE_NAME

DAY_S = 86_400.0

ACCOUNT.expect(
    [
        *[
            "power cut at each write of the store",
            "an hour of sleep",
            "store locked by another process",
            *["store corrupt"] * 4,
        ],
        *["store of a newer version", *["clock jumps by a day"] * 6, *["add-on disabled in mid-task"] * 4],
    ]
)


@pytest.fixture
def service() -> Iterator[StandIn]:
    with StandIn(speed=60, samples=("1k",)) as made:
        yield made
        assert made.state.leaks == []


class Clock:
    """The wall clock of the tasks, which can be set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead_s = 0.0
        monkeypatch.setattr(record, "time", types.SimpleNamespace(time=lambda: time.time() + self.ahead_s))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def charged_once(service: StandIn) -> bool:
    return set(service.state.charged_per_order().values()) == {1}


# -----------------------------------------------------------------------------
# Power cuts


def test_a_power_cut_at_any_write_loses_nothing(
    service: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store is copied before every statement of every write; an engine then starts from each of the copies."""
    copies = tmp_path / "copies"
    copies.mkdir()
    seen: set[str] = set()

    def traced(connection: Callable[[store.Store], sqlite3.Connection]) -> Callable[[store.Store], sqlite3.Connection]:
        def connected(self: store.Store) -> sqlite3.Connection:
            made = connection(self)
            made.set_trace_callback(lambda sql: copy(self.path) if not sql.startswith("SELECT") else None)
            return made

        return connected

    def copy(path: Path) -> None:
        parts = [p for p in (path, path.with_name(f"{path.name}-wal")) if p.exists()]
        data = [p.read_bytes() for p in parts]
        name = hashlib.sha256(b"|".join(data)).hexdigest()[:16]
        if name in seen:
            return
        seen.add(name)
        folder = copies / f"{len(seen):03}"
        folder.mkdir()
        for part, content in zip(parts, data, strict=True):
            (folder / part.name).write_bytes(content)

    for name in ("_connection", "_connection_for_writing"):
        monkeypatch.setattr(store.Store, name, traced(getattr(store.Store, name)))
    engine = Engine(settings_for(service, tmp_path / "first"), convert)
    engine.start()
    driver = Driver(engine)
    task_id = driver.submit("a stone well tris:1k")
    driver.reaches(task_id, Stage.IMPORTED)
    engine.shutdown()
    monkeypatch.undo()

    folders = sorted(copies.iterdir())
    assert len(folders) >= 10
    with ThreadPoolExecutor(6) as pool:
        ends = list(pool.map(lambda folder: _end_from(service, folder, task_id), folders))
    # Before the wish was written there is nothing to lose; from then on, nothing is lost.
    first = next(number for number, end in enumerate(ends) if end is not None)
    assert set(ends[first:]) == {Stage.IMPORTED}
    assert charged_once(service)
    assert len(service.state.charged()) == 1
    ACCOUNT.add("power cut at each write of the store")


def _end_from(service: StandIn, folder: Path, task_id: str) -> Stage | None:
    with running(service, folder) as driver:
        assert driver.engine.notice_problem is None
        if driver.engine.get(task_id) is None:
            return None
        return driver.reaches(task_id, Stage.IMPORTED, Stage.FAILED).stage


# -----------------------------------------------------------------------------
# Clocks and sleep


@pytest.mark.parametrize("jump_s", [DAY_S, -DAY_S], ids=["ahead", "back"])
def test_a_clock_that_jumps_by_a_day(service: StandIn, tmp_path: Path, clock: Clock, jump_s: float) -> None:
    service.state.clock.speed = 0
    with running(service, tmp_path) as driver:
        waiting = driver.submit("a stone well tris:1k")
        driver.reaches(waiting, Stage.WAITING)
        clock.ahead_s = jump_s
        other = driver.submit("a blue chair tris:1k")
        driver.reaches(other, Stage.WAITING)
        service.state.clock.speed = 60
        for task_id in (waiting, other):
            driver.reaches(task_id, Stage.IMPORTED)
        clock.ahead_s = 0.0
        driver.reaches(driver.submit("a red chair tris:1k"), Stage.IMPORTED)
    assert charged_once(service)
    ACCOUNT.add("clock jumps by a day", tried=3, came_through=3)


@pytest.mark.parametrize("jump_s", [DAY_S, -DAY_S], ids=["ahead", "back"])
def test_a_jump_makes_no_two_blenders_drive_one_task_twice(
    service: StandIn, tmp_path: Path, clock: Clock, jump_s: float
) -> None:
    imported: list[str] = []
    service.state.clock.speed = 0
    with running(service, tmp_path) as one, running(service, tmp_path) as two:
        for driver in (one, two):
            driver.importer = lambda record: imported.append(record.id) or import_all(record)  # type: ignore[func-returns-value]
        task_id = one.submit("a stone well tris:1k")
        one.reaches(task_id, Stage.WAITING)
        clock.ahead_s = jump_s
        service.state.clock.speed = 60

        def both() -> bool:
            two.engine.pump(0.01, two.importer)
            return one.record(task_id).stage is Stage.IMPORTED

        one.until(both)
    assert imported == [task_id]
    assert charged_once(service)


def test_an_hour_of_sleep(service: StandIn, tmp_path: Path, clock: Clock) -> None:
    """Asleep, nothing runs and connections die; awake, the clock is an hour on. Links may have expired meanwhile."""
    service.settings.url_life_s = 600.0
    service.state.clock.speed = 0
    with running(service, tmp_path, live=True) as driver:
        task_id = driver.submit("a stone well tris:1k")
        driver.reaches(task_id, Stage.WAITING)
        driver.until(lambda: driver.engine.live)
        with service.down():
            clock.ahead_s = 3600.0
            service.state.clock.advance(3600.0)
            driver.until(lambda: not driver.engine.live)
        driver.reaches(task_id, Stage.IMPORTED)
    assert charged_once(service)
    ACCOUNT.add("an hour of sleep")


# -----------------------------------------------------------------------------
# The store


def test_a_store_that_another_process_locks(service: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_connection, "BUSY_S", 0.2)
    from triverse_addon.tasks.engine import steps

    monkeypatch.setattr(steps, "BLOCKED_S", 0.2)
    service.state.clock.speed = 0
    with running(service, tmp_path) as driver:
        task_id = driver.submit("a stone well tris:1k")
        driver.reaches(task_id, Stage.WAITING)
        locker = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
        locker.execute("BEGIN IMMEDIATE")
        service.state.clock.speed = 60
        driver.until(
            lambda: any(isinstance(event, Notice) and "locked" in str(event.sentence) for event in driver.events)
        )
        with pytest.raises(StoreError):
            driver.submit("a red chair")
        locker.execute("ROLLBACK")
        locker.close()
        driver.reaches(task_id, Stage.IMPORTED)
    assert charged_once(service)
    assert len(service.state.creations) == 1
    ACCOUNT.add("store locked by another process")


def test_threads_that_have_ended_leave_no_open_files(tmp_path: Path) -> None:
    made = store.Store(tmp_path)
    for _ in range(30):
        thread = threading.Thread(target=made.page)
        thread.start()
        thread.join()
    assert len(made._connections._open) <= 3
    made.close()


@pytest.mark.parametrize(
    "how", ["at once", "the key comes later", "the key is refused first", "the service is down first"]
)
def test_a_store_that_is_corrupt_is_rebuilt_from_the_service(service: StandIn, tmp_path: Path, how: str) -> None:
    with running(service, tmp_path) as driver:
        task_id = driver.submit("a stone well tris:1k")
        uuid = driver.reaches(task_id, Stage.IMPORTED).task_uuid
    for path in tmp_path.glob(f"{FILE_NAME}*"):
        path.write_bytes(b"\0damaged" * 2000)
    block = {"the key comes later": {"api_key": ""}, "the key is refused first": {"api_key": "another"}}.get(how, {})
    if how == "the service is down first":
        service.faults.add("ws", status=503)
    if how != "at once":
        # And Blender is closed over it: what is to be asked for is not forgotten.
        before = len(service.state.seen())
        with running(service, tmp_path, **block) as driver:
            assert "Find My Tasks" in str(driver.engine.notice_problem)
            if how == "the key comes later":
                driver.engine.configure(dataclasses.replace(driver.engine.settings, live=True))
                for _ in range(20):
                    driver.engine.pump(0.01, import_all)
                assert len(service.state.seen()) == before
            else:
                driver.until(lambda: any(event.error for event in driver.events if isinstance(event, TasksFound)))
            assert driver.engine.tasks() == []
            assert "Find My Tasks" in str(driver.engine.notice_problem)
    with running(service, tmp_path, **block) as driver:
        driver.engine.configure(dataclasses.replace(driver.engine.settings, api_key=service.key))
        driver.until(lambda: any(not event.error for event in driver.events if isinstance(event, TasksFound)))
        (found,) = driver.engine.tasks()
        assert found.task_uuid == uuid
        assert "with the tasks that Triverse knows of" in str(driver.engine.notice_problem)
        driver.engine.track([uuid or ""])
        assert Path(driver.reaches(found.id, Stage.IMPORTED).model_path).exists()
    (kept,) = tmp_path.glob("*.damaged-*.sqlite3")
    assert kept.read_bytes() == b"\0damaged" * 2000
    asked = len(service.state.seen("ws"))
    with running(service, tmp_path) as driver:
        assert driver.engine.notice_problem is None
        driver.engine.ask_balance()
        driver.until(lambda: any(isinstance(event, BalanceKnown) for event in driver.events))
    assert len(service.state.seen("ws")) == asked, "it was asked for once"
    assert len(service.state.charged()) == 1
    ACCOUNT.add("store corrupt")


def test_a_store_of_a_newer_version_is_shown_and_left_alone(service: StandIn, tmp_path: Path) -> None:
    with running(service, tmp_path) as driver:
        task_id = driver.submit("a stone well tris:1k")
        driver.reaches(task_id, Stage.IMPORTED)
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    before = (tmp_path / FILE_NAME).read_bytes()
    sent = len(service.state.seen())
    with running(service, tmp_path) as driver:
        assert "newer version" in str(driver.engine.notice_problem)
        assert driver.record(task_id).stage is Stage.IMPORTED
        with pytest.raises(StoreError, match="newer version"):
            driver.engine.submit(TaskRequest("text-to-model", {"prompt": "a red chair"}))
        for _ in range(20):
            driver.engine.pump(0.01, import_all)
    assert len(service.state.seen()) == sent
    assert (tmp_path / FILE_NAME).read_bytes() == before
    ACCOUNT.add("store of a newer version")


@pytest.mark.parametrize("stage", [Stage.SUBMITTING, Stage.WAITING, Stage.DOWNLOADING, Stage.CONVERTING])
def test_the_addon_is_disabled_and_enabled_again(service: StandIn, tmp_path: Path, stage: Stage) -> None:
    """Also what an update of the add-on does: the old version's engine ends, the new one's begins."""
    holds = {Stage.SUBMITTING: "create", Stage.DOWNLOADING: "asset"}
    if stage in holds:
        service.faults.add(holds[stage], delay_answer_s=600.0)
    if stage is Stage.WAITING:
        service.state.clock.speed = 0

    def hang(job: object, stop: object) -> object:
        stop.wait(600.0)  # type: ignore[attr-defined]
        from triverse_addon.api.sentence import Sentence
        from triverse_addon.tasks.converter import ConvertStopped

        raise ConvertStopped(Sentence.of("Stopped."))

    with running(service, tmp_path, converter=hang if stage is Stage.CONVERTING else convert) as driver:
        task_id = driver.submit("a stone well tris:1k")
        driver.reaches(task_id, stage)
    service.faults.clear()
    service.state.clock.speed = 60
    with running(service, tmp_path) as driver:
        driver.reaches(task_id, Stage.IMPORTED)
    assert len(service.state.charged()) == 1
    shutil.rmtree(tmp_path / "models")
    ACCOUNT.add("add-on disabled in mid-task")
