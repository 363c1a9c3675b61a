# SPDX-License-Identifier: GPL-3.0-or-later
"""
A list of tasks as the first version wrote it, word by word, is read, goes on and is kept by the newest one.

What stands here is never changed: users have such files. One: ``python scripts/test.py tests/tasks -k first_version``.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service import models
from tests.service.server import StandIn
from tests.tasks.engines import running
from triverse_addon.tasks.record.record import Origin, Placement, Stage
from triverse_addon.tasks.store import schema
from triverse_addon.tasks.store.store import FILE_NAME, Store

TABLES = """
CREATE TABLE tasks (
    id TEXT PRIMARY KEY, task_uuid TEXT UNIQUE, client_order_id TEXT NOT NULL, stage TEXT NOT NULL, flow TEXT NOT NULL,
    name TEXT NOT NULL, created_at_s REAL NOT NULL, updated_at_s REAL NOT NULL, following INTEGER NOT NULL,
    revision INTEGER NOT NULL, owner TEXT, lease_until_s REAL NOT NULL DEFAULT 0, data TEXT NOT NULL
);
CREATE INDEX tasks_by_time ON tasks (created_at_s DESC, id);
CREATE INDEX tasks_by_stage ON tasks (stage, created_at_s DESC);
CREATE INDEX tasks_by_revision ON tasks (revision);
CREATE INDEX tasks_by_order ON tasks (client_order_id);
CREATE INDEX tasks_by_owner ON tasks (owner);
CREATE TABLE history (
    id INTEGER PRIMARY KEY AUTOINCREMENT, task_id TEXT NOT NULL, at_s REAL NOT NULL, level TEXT NOT NULL,
    template TEXT NOT NULL, args TEXT NOT NULL
);
CREATE INDEX history_by_task ON history (task_id, id);
CREATE TABLE removed (id TEXT PRIMARY KEY, revision INTEGER NOT NULL);
CREATE TABLE counter (revision INTEGER NOT NULL);
INSERT INTO counter (revision) VALUES (41);
PRAGMA user_version = 1;
"""

QUEUED, WAITING, READY, FAILED = (letter * 32 for letter in "abcd")
ORIGIN = {"session": "s1", "file": "/home/u/a.blend", "scene_id": "c1", "scene_name": "Scene"}
PLACEMENT = {"location": [1.0, 2.0, 0.5], "height": 2.0, "on_ground": True, "placeholder": "Cube"}
WORDS = {"prompt": "a stone well tris:1k", "polygon_limit": 1000}


def write(folder: Path, service: StandIn) -> None:
    """Write the list of a user whose Blender was closed in the midst of it."""
    made = service.state.create(service.state.user, "text-to-model", {**WORDS, "client_order_id": WAITING})
    rows = [
        (QUEUED, None, QUEUED, "queued", {"params": WORDS, "placement": PLACEMENT, "origin": ORIGIN}),
        (
            WAITING,
            made.uuid,
            WAITING,
            "waiting",
            {
                "params": WORDS,
                "service_status": "RUNNING",
                "progress": 40,
                "submitted_at_s": 1.7e9 + 1,
                "cost_credits": 20,
                "note": {"template": "Waits for {what}.", "args": {"what": "you"}},
            },
        ),
        (READY, "u-ready", f"{READY}_r2", "ready", {"params": WORDS, "auto_import": False, "triangles": 1000}),
        (
            FAILED,
            "u-failed",
            FAILED,
            "failed",
            {
                "params": WORDS,
                "failed_stage": "downloading",
                "error": {"template": "No room.", "args": {}},
                "error_code": 5,
                "attempts": 3,
                "links": {"textured": "https://x.invalid/a"},
            },
        ),
    ]
    folder.mkdir(exist_ok=True)
    connection = sqlite3.connect(folder / FILE_NAME)
    connection.executescript(TABLES)
    with connection:
        for number, (task_id, uuid, order, stage, data) in enumerate(rows):
            connection.execute(
                "INSERT INTO tasks VALUES (?, ?, ?, ?, 'text-to-model', 'Ein Brunnen', ?, ?, 1, ?, ?, 5.0, ?)",
                (task_id, uuid, order, stage, 1.7e9 + number, 1.7e9, 38 + number, "host-1-aa", json.dumps(data)),
            )
        connection.execute(
            "INSERT INTO history VALUES (NULL, ?, 1.7e9, 'INFO', 'Accepted by the service as task {uuid}.', ?)",
            (WAITING, json.dumps({"uuid": made.uuid})),
        )
    connection.close()


@pytest.fixture
def service() -> Iterator[StandIn]:
    with StandIn(speed=60, samples=("1k",)) as made:
        yield made


def test_everything_is_read(service: StandIn, tmp_path: Path) -> None:
    write(tmp_path, service)
    store = Store(tmp_path)
    assert store.problem is None
    records = {record.id: record for record in store.page()}
    assert list(records) == [FAILED, READY, WAITING, QUEUED]
    queued, waiting, ready, failed = (records[one] for one in (QUEUED, WAITING, READY, FAILED))
    assert queued.origin == Origin("s1", "/home/u/a.blend", "c1", "Scene")
    assert queued.placement == Placement((1.0, 2.0, 0.5), 2.0, True, "Cube")
    assert (waiting.progress, waiting.cost_credits, str(waiting.status_note)) == (40, 20, "Waits for you.")
    assert (ready.stage, ready.auto_import, ready.triangles) == (Stage.READY, False, 1000)
    assert (failed.failed_stage, str(failed.error), failed.attempts) == (Stage.DOWNLOADING, "No room.", 3)
    assert [str(line.sentence)[:11] for line in store.history(WAITING)] == ["Accepted by"]
    assert store.revision() == 41
    assert len(store.page(search="brunnen STONE")) == 4
    assert store.find_by_order_id(READY) == ready
    store.close()
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    assert connection.execute("PRAGMA user_version").fetchone()[0] == schema.SCHEMA_VERSION
    connection.close()


def test_what_was_under_way_goes_on_and_is_charged_once(service: StandIn, tmp_path: Path) -> None:
    """The add-on was updated to the newest version in mid-task."""
    write(tmp_path, service)
    with running(service, tmp_path) as driver:
        for task_id in (QUEUED, WAITING):
            record = driver.reaches(task_id, Stage.IMPORTED, Stage.FAILED)
            assert record.stage is Stage.IMPORTED, str(record.error)
            assert Path(record.model_path).read_bytes() == models.glb_path("1k").read_bytes()
        assert driver.record(READY).stage is Stage.READY
    assert service.state.charged_per_order() == {QUEUED: 1, WAITING: 1}


@pytest.mark.parametrize("version", range(1, schema.SCHEMA_VERSION + 1))
def test_every_version_between_leads_to_the_newest(
    service: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    """A store that each version left, and the next one took over."""
    write(tmp_path, service)
    for newest in (version, schema.SCHEMA_VERSION):
        with monkeypatch.context() as then:
            then.setattr(schema, "SCHEMA_VERSION", newest)
            connection = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
            schema.migrate(connection)
            assert connection.execute("PRAGMA user_version").fetchone()[0] == newest
            connection.close()
    store = Store(tmp_path)
    assert [record.id for record in store.page()] == [FAILED, READY, WAITING, QUEUED]
    assert store.repair_rows() == []
    store.close()
