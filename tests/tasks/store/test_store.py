# SPDX-License-Identifier: GPL-3.0-or-later
"""The store, its leases and its rows. One: ``python scripts/test.py tests/tasks/store/test_store.py``."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triverse_addon.api.sentence import Sentence
from triverse_addon.tasks.record.order_endings import next_order_id
from triverse_addon.tasks.record.record import TRANSITIONS, Stage, TaskRecord, new_id, now_s
from triverse_addon.tasks.store import codec
from triverse_addon.tasks.store import connection as store_connection
from triverse_addon.tasks.store.errors import LeaseLostError, NoSuchTaskError, StoreError
from triverse_addon.tasks.store.lease import LEASE_S, Owner
from triverse_addon.tasks.store.schema import SCHEMA_VERSION
from triverse_addon.tasks.store.store import FILE_NAME, Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path)
    yield made
    made.close()


def record(**values: Any) -> TaskRecord:
    task_id = new_id()
    return TaskRecord(
        **{
            "id": task_id,
            "flow": "text-to-model",
            "name": "a chair",
            "client_order_id": task_id,
            "created_at_s": now_s(),
        }
        | values
    )


def never(_owner: str) -> bool:
    return False


def spoil(tmp_path: Path, sql: str, *values: object) -> None:
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    with connection:
        connection.execute(sql, values)
    connection.close()


def test_what_was_added_outlasts_the_store(tmp_path: Path, store: Store) -> None:
    sentence = Sentence.of("It waits for {name}.", name="ü")
    added = store.add(record(status_note=sentence, params={"prompt": "ein Stuhl"}))
    store.close()
    again = Store(tmp_path)
    assert again.get(added.id) == added
    again.close()
    with pytest.raises(StoreError):
        again.get(added.id)


def test_only_the_ways_that_are_meant_lead_on(store: Store) -> None:
    for stage, targets in TRANSITIONS.items():
        for target in set(Stage) - targets - {stage}:
            added = store.add(record(stage=stage))
            with pytest.raises(ValueError, match="no way leads"):
                store.change(added.id, lambda old, target=target: old.with_(stage=target))
            assert store.get(added.id) == added


def test_a_change_that_fails_leaves_nothing(store: Store) -> None:
    added = store.add(record())
    with pytest.raises(ZeroDivisionError):
        store.change(added.id, lambda _old: 1 // 0, history=("INFO", Sentence.of("Done.")))  # type: ignore[arg-type,return-value]
    assert store.get(added.id) == added
    assert store.history(added.id) == []


def test_writers_in_many_threads_lose_nothing(store: Store) -> None:
    added = store.add(record())

    def count() -> None:
        for _ in range(25):
            store.change(added.id, lambda old: old.with_(attempts=old.attempts + 1), durable=False)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    newest = store.get(added.id)
    assert newest is not None
    assert newest.attempts == 100
    assert newest.revision == added.revision + 100


def test_all_threads_write_through_one_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So it keeps the pages that it has read: another connection that writes would take them from it."""
    opened: list[str] = []
    connect = store_connection.connect

    def counted(path: Path) -> store_connection.Connection:
        opened.append(threading.current_thread().name)
        return connect(path)

    monkeypatch.setattr(store_connection, "connect", counted)
    store = Store(tmp_path)
    assert len(opened) == 1, "to read"
    threads = [threading.Thread(target=lambda: store.add(record())) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 2
    assert store.count() == 6
    store.close()
    with pytest.raises(StoreError):
        store.add(record())


def test_two_stores_see_each_other(tmp_path: Path, store: Store) -> None:
    other = Store(tmp_path)
    revision = other.since(0)[0]
    one, two = store.add(record()), store.add(record())
    revision, records, removed = other.since(revision)
    assert ([found.id for found in records], removed) == ([one.id, two.id], [])
    store.remove(one.id)
    assert other.since(revision)[1:] == ([], [one.id])
    with pytest.raises(NoSuchTaskError):
        other.change(one.id, lambda old: old)
    other.close()


def test_a_search_takes_signs_for_what_they_are(store: Store) -> None:
    names = ["100% oak", "100 oaks", "a_b", "axb", "wow!"]
    for name in names:
        store.add(record(name=name))
    assert [found.name for found in store.page(search="100%")] == ["100% oak"]
    assert [found.name for found in store.page(search="A_B")] == ["a_b"]
    assert [found.name for found in store.page(search="!")] == ["wow!"]
    assert len(store.page(count=2, offset=4)) == 1


def test_an_order_is_found_under_the_name_of_its_retry(store: Store) -> None:
    store.add(record(client_order_id="batch_2"))
    store.add(record(client_order_id="batch_10_r2"))
    store.add(record(client_order_id="batch_1_red"))
    store.add(record(client_order_id="batch_1_r2b"))
    assert store.find_by_order_id("batch_1") is None
    added = store.add(record(client_order_id="batch_1"))
    for _ in range(11):
        assert store.find_by_order_id("batch_1") == added
        added = store.change(added.id, lambda old: old.with_(client_order_id=next_order_id(old.client_order_id)))


def test_a_task_has_one_driver_at_a_time(store: Store) -> None:
    added = store.add(record(), owner="one", lease_s=LEASE_S)
    assert store.claim("two", LEASE_S, is_dead=never) == []
    with pytest.raises(LeaseLostError):
        store.change(added.id, lambda old: old.with_(name="x"), owner="two")
    assert [found.id for found in store.claim("two", LEASE_S, is_dead=lambda owner: owner == "one")] == [added.id]
    with pytest.raises(LeaseLostError):
        store.change(added.id, lambda old: old.with_(name="x"), owner="one")
    store.release("two")
    assert [found.id for found in store.claim("three", -1.0, is_dead=never)] == [added.id]
    # Its lease is over, and so is one that would last longer than any can: the clock was set back.
    assert [found.id for found in store.claim("four", 10 * 86400.0, is_dead=never)] == [added.id]
    assert [found.id for found in store.claim("five", LEASE_S, is_dead=never)] == [added.id]


def test_one_damaged_row_strands_no_other_task(tmp_path: Path, store: Store) -> None:
    bad, good = store.add(record()), store.add(record())
    spoil(tmp_path, "UPDATE tasks SET data = ? WHERE id = ?", '{"origin": 5}', bad.id)
    assert store.get(good.id) == good
    assert {found.id for found in store.page()} == {bad.id, good.id}
    assert {found.id for found in store.claim("one", LEASE_S, is_dead=never)} == {bad.id, good.id}
    assert {found.id for found in store.since(0)[1]} == {bad.id, good.id}


def test_a_damaged_file_is_kept_beside_a_new_one(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"no database" * 500)
    made = Store(tmp_path)
    assert made.problem is not None
    made.add(record())
    (kept,) = tmp_path.glob("*.damaged-*")
    assert kept.read_bytes() == b"no database" * 500
    made.close()


def test_a_newer_store_is_shown_and_left_alone(tmp_path: Path, store: Store) -> None:
    added = store.add(record())
    store.close()
    spoil(tmp_path, f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    newer = Store(tmp_path)
    assert newer.read_only
    assert newer.page() == [added]
    with pytest.raises(StoreError, match="newer version"):
        newer.add(record())
    newer.close()


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(tmp_path / "a")


def test_a_lock_tells_the_living_from_the_dead(tmp_path: Path) -> None:
    one, two = Owner(tmp_path), Owner(tmp_path)
    assert not two.is_dead(one.name)
    assert not one.is_dead(one.name)
    assert not two.is_dead("elsewhere-1-00000000")
    one.close()
    assert two.is_dead(one.name)
    # What kill -9 leaves: the file, without its lock.
    (tmp_path / f"{one.name}.lock").touch()
    assert two.is_dead(one.name)
    assert [path.stem for path in tmp_path.iterdir()] == [two.name]
    two.close()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
HEAD = {name: getattr(record(), name) for name in codec.COLUMNS}
KNOWN = ["note", "error", "failed_stage", "origin", "placement", "params", "nothing known"]


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(KNOWN), JSON))
def test_any_row_is_read_or_refused(data: dict[str, object]) -> None:
    try:
        codec.from_row(dict(HEAD), json.dumps(data))
    except ValueError:
        pass


@settings(deadline=None)
@given(
    st.dictionaries(st.text(max_size=8), JSON, max_size=4),
    st.text(max_size=20),
    st.integers(0, 100) | st.none(),
    st.sampled_from([None, *Stage]),
)
def test_what_is_written_is_read_back(
    params: dict[str, object], folder: str, progress: int | None, failed: Stage | None
) -> None:
    note = Sentence.of("{a} and {b}", a=folder, b=1)
    made = record(params=params, folder=folder, progress=progress, failed_stage=failed, status_note=note)
    columns = {name: getattr(made, name) for name in codec.COLUMNS}
    assert codec.from_row(columns, codec.to_json(made)) == made


@given(st.text(alphabet="abc_r0123456789", max_size=64))
def test_each_order_has_another_name(order_id: str) -> None:
    names = [order_id]
    for _ in range(5):
        names.append(next_order_id(names[-1]))
    assert len(set(names)) == 6
    assert all(len(name) <= 64 for name in names)
