# SPDX-License-Identifier: GPL-3.0-or-later
"""Star, tags and projects in the store. One: ``python scripts/test.py tests/tasks/store/test_marks.py``."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tasks.store.test_store import record
from triverse_addon.tasks.record.record import Origin, TaskRecord
from triverse_addon.tasks.store import marks, migrations
from triverse_addon.tasks.store.marks import Group
from triverse_addon.tasks.store.query import Query
from triverse_addon.tasks.store.store import FILE_NAME, Store

FILES = ("", "/jobs/Straße.blend", "/jobs/ä\udcff.blend")
TAGS: tuple[tuple[str, ...], ...] = ((), ("Stone",), ("stone", "for the client"))
PROJECTS = ("", "Küche")


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[tuple[Store, list[TaskRecord]]]:
    """A store with a task of each kind of marks."""
    store = Store(tmp_path)
    kinds = itertools.product((True, False), TAGS, PROJECTS, FILES)
    records = [
        store.add(record(starred=starred, tags=tags, project=project, origin=Origin("s", file, "x", "Scene")))
        for starred, tags, project, file in kinds
    ]
    yield store, records
    store.close()


def queries() -> Iterator[Query]:
    """Searches and filters by marks, alone and together."""
    yield from (Query(search=text) for text in ("stone", "STRASSE", "küche client", "for the", "ä", "jobs"))
    for starred, tag, project, file in itertools.product(
        (False, True), ("", "STONE", "wood"), ("", "küche", "other"), ("", FILES[1], FILES[2])
    ):
        yield Query(starred=starred, tag=tag, project=project, file=file)


def test_the_store_finds_what_matches(filled: tuple[Store, list[TaskRecord]]) -> None:
    store, records = filled
    counts = set()
    for query in queries():
        expected = {one.id for one in records if query.matches(one)}
        assert {one.id for one in store.find(query, 0, 1000)} == expected, query
        assert store.number_of(query) == len(expected)
        assert query.is_narrowed or len(expected) == len(records)
        counts.add(len(expected))
    assert {0, len(records), len(records) // 2} <= counts, "all, none and some were found"
    assert not store.find(Query(search="jobs"), 0, 10), "folders are not searched"


def test_marks_are_changed_read_back_and_removed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    one, other = store.add(record(tags=("Stone",))), store.add(record(tags=("STONE", "wood"), project="Kitchen"))
    assert store.read(marks.groups).tags == (Group("STONE", 2), Group("wood", 1))
    store.change(one.id, lambda newest: newest.with_(starred=True, tags=("glass",)))
    store.change(other.id, lambda newest: newest.with_(name="another name"))
    store.close()
    store = Store(tmp_path)
    read = store.get(one.id)
    assert read is not None
    assert (read.starred, read.tags, read.project) == (True, ("glass",), "")
    assert store.read(marks.groups).tags == (Group("glass", 1), Group("STONE", 1), Group("wood", 1))
    store.remove(other.id)
    assert store.read(marks.groups) == marks.Groups(tags=(Group("glass", 1),))
    store.close()


def test_what_was_put_away_is_counted_apart(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for put_away in (False, True, True):
        store.add(record(tags=("Stone",), put_away=put_away, origin=Origin("s", FILES[1], "x", "Scene")))
    store.add(record(project="Kitchen", put_away=True))
    groups = store.read(marks.groups)
    assert groups.tags == (Group("Stone", 1, put_away=2),)
    assert groups.projects == (Group("Kitchen", 0, put_away=1),)
    assert groups.files == (Group(FILES[1], 1, put_away=2),)
    store.close()


def test_files_are_groups_too(filled: tuple[Store, list[TaskRecord]]) -> None:
    store, records = filled
    groups = store.read(marks.groups)
    assert groups.projects == (Group("Küche", len(records) // 2),)
    assert [(one.count, bool(store.find(Query(file=one.name), 0, 99))) for one in groups.files] == [(12, True)] * 2


def test_groups_are_in_natural_order(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for name in ("Scene 10", "scene 9", "Scene 1", "Kitchen"):
        store.add(record(project=name, tags=(name,), origin=Origin("s", f"/z/{name}.blend", "x", "Scene")))
    store.add(record(origin=Origin("s", "/a/Scene 12.blend", "x", "Scene")))
    groups = store.read(marks.groups)
    expected = ["Kitchen", "Scene 1", "scene 9", "Scene 10"]
    assert [one.name for one in groups.projects] == [one.name for one in groups.tags] == expected
    assert [Path(one.name).stem for one in groups.files] == [*expected, "Scene 12"]
    store.close()


def test_a_list_from_before_there_were_marks_is_found_by_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from triverse_addon.tasks.store import schema

    connection = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    with monkeypatch.context() as then:
        then.setattr(schema, "SCHEMA_VERSION", 4)
        schema.migrate(connection)
    columns = (
        "id, client_order_id, stage, flow, name, created_at_s, updated_at_s, following, revision, data, file, words"
    )
    row = ("a", "o", "imported", "text-to-model", "chair", 1.0, 1.0, 0, 1, "{}", "C:\\x\\Alte Küche.blend", "chair")
    connection.execute(f"INSERT INTO tasks ({columns}) VALUES ({', '.join('?' * len(row))})", row)
    connection.close()
    store = Store(tmp_path)
    assert len(migrations.MIGRATIONS) >= 5
    assert [one.id for one in store.find(Query(search="küche chair"), 0, 9)] == ["a"]
    assert [one.name for one in store.find(Query(search="x\\"), 0, 9)] == []
    store.close()


@pytest.mark.parametrize("tags", ['["a", 5, null, "a"]', '{"a": 1}', '"text"'])
def test_foreign_marks_spoil_nothing(tmp_path: Path, tags: str) -> None:
    store = Store(tmp_path)
    one = store.add(record(name="chair", task_uuid="u-1"))
    store.close()
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.execute("UPDATE tasks SET data = ?", (f'{{"tags": {tags}, "starred": true, "project": "a\\u0000b"}}',))
    connection.commit()
    connection.close()
    store = Store(tmp_path)
    read = store.get(one.id)
    assert read is not None
    if tags.startswith("["):
        assert (read.tags, read.starred, read.project) == (("a",), True, "ab")
    else:
        assert read.tags == (), "a damaged row is recovered from its columns"
    store.close()
