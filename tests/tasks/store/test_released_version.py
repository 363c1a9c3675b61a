# SPDX-License-Identifier: GPL-3.0-or-later
"""
A list of tasks that version 0.1.0 wrote is read, goes on, and can still be read by 0.1.0 afterwards.

One: ``python scripts/test.py tests/tasks -k released_version``. The migrations themselves: they call nothing that may
change.
"""

from __future__ import annotations

import ast
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.service.server import StandIn
from tests.tasks.engines import running
from triverse_addon.tasks.record.record import Origin, Placement, Replaced, Stage
from triverse_addon.tasks.store import migrations
from triverse_addon.tasks.store.query import FileScope, Order, Query
from triverse_addon.tasks.store.store import FILE_NAME, Store

QUEUED, WAITING, IMPORTED, FAILED, REFUSED, READY = (letter * 32 for letter in "abcdef")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection:
        connection.executescript((Path(__file__).parent / "list_0.1.0.sql").read_text("utf-8"))
    return tmp_path


@pytest.fixture
def service() -> Iterator[StandIn]:
    with StandIn(speed=60, samples=("1k",)) as made:
        yield made


def test_every_field_is_read(folder: Path) -> None:
    store = Store(folder)
    records = {record.id: record for record in store.page()}
    assert store.problem is None
    assert not store.read_only
    assert store.repair_rows() == []
    assert list(records) == [READY, REFUSED, FAILED, IMPORTED, WAITING, QUEUED]
    queued, waiting, imported = records[QUEUED], records[WAITING], records[IMPORTED]
    assert queued.origin == Origin("s1", "/home/u/Brunnen ä.blend", "c1", "Scene")
    assert queued.placement == Placement(
        (1.0, 2.0, 0.5),
        2.0,
        True,
        "Cube",
        placeholder_uid=7,
        session="s1",
        unit_m=0.01,
        frames_per_s=25.0,
        merge=True,
        smooth_deg=30,
    )
    assert (waiting.progress, waiting.cost_credits, waiting.read_header) == (40, 20, "x-triverse-read")
    assert str(waiting.status_note) == "Waits for you."
    assert [str(line.sentence) for line in store.history(WAITING)] == ["Accepted by the service as task UUID-WAITING."]
    assert (imported.blend_sha256, imported.triangles, imported.imported_at_s) == ("ab" * 32, 1000, 1700000009.0)
    assert records[FAILED].asset_urls == {"textured": "https://x.invalid/a", "preview": "https://x.invalid/p"}
    assert (records[FAILED].failed_stage, records[FAILED].is_final) == (Stage.DOWNLOADING, False)
    assert (records[REFUSED].failed_stage, records[REFUSED].is_final) == (Stage.WAITING, True)
    assert records[READY].placement.replaces == Replaced(
        ("Cube", "Cube.001"),
        tuple(float(number % 5 == 0) for number in range(16)),
        (-1.0, -1.0, -1.0),
        (1.0, 1.0, 1.0),
        (11, 12),
    )
    assert not records[READY].following
    store.close()


def test_the_list_is_searched_and_counted_as_before(folder: Path) -> None:
    store = Store(folder)
    assert [one.id for one in store.find(Query("brunnen TEXTURE"), 0, 10)] == [READY]
    assert [one.id for one in store.find(Query(scope=FileScope(frozenset({"c1"}))), 0, 10)] == [QUEUED]
    assert [one.id for one in store.find(Query(scope=FileScope(file="/home/u/Brunnen ä.blend")), 0, 10)] == [QUEUED]
    assert store.find(Query(order=Order.COST), 0, 1)[0].id == WAITING
    assert store.find_by_order_id(IMPORTED) == store.get(IMPORTED)
    assert store.revision() == 8
    store.close()


def test_what_is_written_now_can_be_read_by_the_released_version(folder: Path) -> None:
    """Two Blenders of one user, one of them not updated yet, share the list."""
    store = Store(folder)
    for task_id in (WAITING, FAILED, REFUSED):
        store.change(task_id, lambda old: old.with_(attempts=old.attempts + 1))
    store.close()
    with closing(sqlite3.connect(folder / FILE_NAME)) as connection:
        found = {task_id: json.loads(data) for task_id, data in connection.execute("SELECT id, data FROM tasks")}
    assert found[WAITING]["note"] == {"template": "Waits for {what}.", "args": {"what": "you"}}
    assert found[FAILED]["links"]["textured"] == "https://x.invalid/a"
    assert found[REFUSED]["is_settled"] is True
    assert not any(name in data for data in found.values() for name in ("status_note", "asset_urls", "is_final"))


def test_what_was_under_way_goes_on_and_is_charged_once(service: StandIn, folder: Path) -> None:
    with running(service, folder) as driver:
        record = driver.reaches(QUEUED, Stage.IMPORTED, Stage.FAILED)
        assert record.stage is Stage.IMPORTED, str(record.error)
    assert service.state.charged_per_order() == {QUEUED: 1}


def test_a_migration_calls_nothing_of_the_package() -> None:
    """It must go on doing what it did when it was released; codec, rows and columns change with the add-on."""
    tree = ast.parse(Path(migrations.__file__).read_text("utf-8"))
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert [node.module for node in imported if node.level or "triverse" in (node.module or "")] == []
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert sorted(names) == ["json", "sqlite3"]
    assert all(";" not in statement for one in migrations.MIGRATIONS for statement in one.statements)
