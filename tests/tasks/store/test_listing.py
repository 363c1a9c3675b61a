# SPDX-License-Identifier: GPL-3.0-or-later
"""Searches, filters and pages of the store. One: ``python scripts/test.py tests/tasks/store/test_listing.py``."""

from __future__ import annotations

import itertools
import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tasks.store.test_store import record
from triverse_addon.tasks.engine.page_reader import PageReader, PageRequest, read_page
from triverse_addon.tasks.engine.task_cache import TaskCache
from triverse_addon.tasks.record.record import FAILED_STAGES, UNFINISHED, Origin, Stage, TaskRecord, new_id
from triverse_addon.tasks.store import connection as store_connection
from triverse_addon.tasks.store import migrations
from triverse_addon.tasks.store import query as store_query
from triverse_addon.tasks.store.query import FileScope, Order, Query
from triverse_addon.tasks.store.store import FILE_NAME, Store

HOME = FileScope(frozenset({"s1", "s9"}), "now", "/c/ä\udcff.blend")
ORIGINS = [
    Origin(),
    Origin("before", "/a.blend", "s1", "Scene"),
    Origin("now", "", "", "Scene"),
    Origin("before", "/c/ä\udcff.blend", "s5", "Scene"),
    Origin("before", "/c.blend", "s5", "Scene"),
]
NAMES = ["Straße", "a 100% oak", "a_b", "стул", "red chair", "Chair"]


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[tuple[Store, list[TaskRecord]]]:
    """A store with a task of each name, stage and origin, followed or not."""
    store = Store(tmp_path)
    kinds = itertools.product(Stage, ORIGINS, (True, False))
    records = [
        store.add(
            record(
                name=NAMES[number % len(NAMES)],
                params={"prompt": f"prompt {number % 7} of \udcff Ö"} if number % 2 else {"text_prompt": "Elsewhere"},
                stage=stage,
                origin=origin,
                following=following,
                created_at_s=1000.0 + number * 37 % 100,
                cost_credits=[None, 5, 70, 20][number % 4],
                task_uuid=f"uuid-{number}",
            )
        )
        for number, (stage, origin, following) in enumerate(kinds)
    ]
    yield store, records
    store.close()


QUERIES = [
    Query(search, stages, followed, home)
    for search, stages, followed, home in itertools.product(
        ("", "STRASSE", "  oak 100% ", "_", "prompt ö", "elsewhere", "uuid-1 chair", "nothing like it", "prompt 3"),
        (frozenset(), UNFINISHED, FAILED_STAGES, frozenset({Stage.READY})),
        (False, True),
        (None, HOME, FileScope(frozenset(), "now"), FileScope()),
    )
]


def test_the_store_finds_what_fits(filled: tuple[Store, list[TaskRecord]]) -> None:
    store, records = filled
    sizes = set()
    for query in QUERIES:
        expected = {one.id for one in records if query.matches(one)}
        assert {one.id for one in store.find(query, 0, 1000)} == expected, query
        assert store.number_of(query) == len(expected)
        assert query.is_narrowed or len(expected) == len(records)
        sizes.add(len(expected))
    assert len(sizes) > 20, "the queries tell tasks apart"


@pytest.mark.parametrize("order", Order)
def test_pages_put_together_are_the_whole_list_in_order(filled: tuple[Store, list[TaskRecord]], order: Order) -> None:
    store, records = filled
    request = PageRequest(Query(order=order), 0, 7)
    found: list[TaskRecord] = []
    while (page := read_page(store, request)).records and page.offset == len(found):
        assert page.total == len(records)
        found += page.records
        request = PageRequest(request.query, len(found), 7)
    assert sorted(one.id for one in found) == sorted(one.id for one in records)
    keys: dict[Order, list[Any]] = {
        Order.NEWEST: [-one.created_at_s for one in found],
        Order.OLDEST: [one.created_at_s for one in found],
        Order.NAME: [one.name.casefold() for one in found],
        Order.COST: [-(one.cost_credits if one.cost_credits is not None else -1) for one in found],
    }
    assert keys[order] == sorted(keys[order])


def test_beyond_the_end_is_the_last_page(filled: tuple[Store, list[TaskRecord]]) -> None:
    store, records = filled
    page = read_page(store, PageRequest(Query(), 5000, 50))
    assert (page.offset, page.total) == (100, len(records))
    assert len(page.records) == len(records) - 100
    empty = read_page(store, PageRequest(Query("nothing like it", "prompt 3"), 50, 50))
    assert (empty.offset, empty.total, empty.records) == (0, 0, ())


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("query", [Query(), Query("red chair", frozenset({Stage.FAILED}), True, HOME)])
def test_no_record_is_read_to_find_a_page(tmp_path: Path, query: Query, order: Order) -> None:
    """One index holds all that is asked about; the 2 KB of each record stay where they are."""
    store = Store(tmp_path)
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    where, values = store_query.where_of(query)
    for sql in (
        f"SELECT id FROM tasks WHERE {where} ORDER BY {store_query._ORDER_BY[order]} LIMIT 50 OFFSET 100",
        f"SELECT COUNT(*) FROM tasks WHERE {where}",
    ):
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
        assert plan[0].startswith("SCAN")
        assert "USING COVERING INDEX" in plan[0]
    connection.close()
    store.close()


def test_what_is_asked_about_follows_every_change(filled: tuple[Store, list[TaskRecord]]) -> None:
    store, records = filled
    one = next(one for one in records if one.stage is Stage.IMPORTED)
    store.change(one.id, lambda old: old.with_(name="Großmutter", cost_credits=999, origin=Origin("later")))
    assert [found.id for found in store.find(Query("GROSSMUTTER"), 0, 10)] == [one.id]
    assert [found.id for found in store.find(Query(scope=FileScope(session="later")), 0, 10)] == [one.id]
    assert store.find(Query(order=Order.COST), 0, 1)[0].id == one.id


@pytest.mark.parametrize(
    "data", ['{"params": 5}', '{"params": {"prompt": 7}}', '{"cost_credits": 1e40}', "{", '{"origin": {"file": 5}}']
)
def test_an_older_store_is_searched_too(tmp_path: Path, data: str) -> None:
    """Also with a row in it that makes no sense."""
    connection = store_connection.connect(tmp_path / FILE_NAME)
    for statement in migrations.MIGRATIONS[0].statements:
        connection.execute(statement)
    connection.execute("PRAGMA user_version = 1")
    good = {
        "params": {"prompt": "An Oak \udcff"},
        "cost_credits": 30,
        "origin": {"session": "s", "file": "/x\udcff.blend", "scene_id": "s1"},
    }
    for name, text in (("good", json.dumps(good)), ("bad", data)):
        connection.execute(
            "INSERT INTO tasks (id, client_order_id, stage, flow, name, created_at_s, updated_at_s, following,"
            " revision, data) VALUES (?, ?, 'imported', 'text-to-model', ?, 5, 5, 1, 1, ?)",
            (new_id(), new_id(), name, text),
        )
    connection.close()
    store = Store(tmp_path)
    assert [one.name for one in store.find(Query("oak GOOD"), 0, 10)] == ["good"]
    assert [one.name for one in store.find(Query(scope=FileScope(frozenset({"s1"}))), 0, 10)] == ["good"]
    assert [one.name for one in store.find(Query(scope=FileScope(file="/x\udcff.blend")), 0, 10)] == ["good"]
    assert store.find(Query(order=Order.COST), 0, 1)[0].name == "good"
    store.close()


def test_the_reader_answers_the_newest_question(tmp_path: Path) -> None:
    store = Store(tmp_path)
    made = store.add(record(name="a red chair"))
    reader = PageReader(store, TaskCache())
    asked = [PageRequest(Query("r"), 0, 50), PageRequest(Query("re"), 0, 50), PageRequest(Query("red"), 0, 50)]
    for request in asked:
        reader.request_page(request)
    waiting = threading.Event()
    while reader.latest_page is None or reader.latest_page.request != asked[-1]:
        waiting.wait(0.01)
    assert [one.id for one in reader.latest_page.records] == [made.id]
    store.close()
    reader.request_page(asked[0])
    while reader.latest_page.error is None:
        waiting.wait(0.01)
    reader.stop()
    assert reader.join(time.monotonic() + 60.0) == []
    reader.request_page(asked[0])
    assert reader.join(time.monotonic() + 60.0) == []


def test_only_what_moves_a_task_in_a_list_changes_its_shape() -> None:
    cache = TaskCache()
    one = record(stage=Stage.WAITING, revision=1)
    cache.put(one)
    version = cache.list_version
    for progress in range(1, 50):
        cache.put(one.with_(progress=progress, revision=1 + progress))
    assert cache.list_version == version, "progress"
    for revision, change in enumerate(
        ({"stage": Stage.FAILED}, {"name": "other"}, {"cost_credits": 5}, {"following": False}), start=60
    ):
        cache.put(one.with_(revision=revision, **change))
        assert cache.list_version > version, change
        version = cache.list_version
    cache.forget("some task that is in the store only")
    assert cache.list_version > version
