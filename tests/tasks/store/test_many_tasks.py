# SPDX-License-Identifier: GPL-3.0-or-later
"""What must not grow with the list. One: ``python scripts/test.py tests/tasks/store/test_many_tasks.py``."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triverse_addon.api.errors import InputError
from triverse_addon.api.sentence import Sentence
from triverse_addon.cli.equal_orders import _unaccepted_order
from triverse_addon.cli.origin import CLI_ORIGIN
from triverse_addon.tasks.engine.engine import Engine
from triverse_addon.tasks.engine.import_queue import Imported, Later
from triverse_addon.tasks.engine.page_reader import PageRequest, read_page
from triverse_addon.tasks.engine.task_cache import MOST_FINISHED, MOST_LOADED, TaskCache
from triverse_addon.tasks.record.record import Origin, Stage, TaskRecord, TaskRequest, new_id
from triverse_addon.tasks.settings import Settings
from triverse_addon.tasks.store.query import Query
from triverse_addon.tasks.store.store import FILE_NAME, Store


def task(number: int, stage: Stage = Stage.IMPORTED, **fields: Any) -> TaskRecord:
    return TaskRecord(
        new_id(),
        "text-to-model",
        f"task {number}",
        stage,
        client_order_id=new_id(),
        created_at_s=1e9 + number,
        **fields,
    )


def stored(folder: Path, *records: TaskRecord) -> None:
    store = Store(folder)
    store.take_in((record, ()) for record in records)
    store.close()


@pytest.fixture
def engine(tmp_path: Path) -> Any:
    """Start an engine in ``tmp_path`` that sends nothing; several may be asked for."""
    engines = []

    def start() -> Engine:
        one = Engine(Settings(tmp_path, tmp_path / "models", live=False, online=False), None)
        one.start()
        engines.append(one)
        return one

    yield start
    for one in engines:
        one.shutdown()


def until(engine: Engine, holds: Callable[[], bool], importer: Any = None) -> None:
    for _ in range(3000):
        engine.pump(0.01, importer)
        if holds():
            return
        engine._context.stop.wait(0.01)
    raise AssertionError("it did not come about")


def test_tasks_that_are_ready_leave_the_memory_too() -> None:
    cache = TaskCache()
    for number in range(3 * MOST_FINISHED):
        cache.put(task(number, Stage.READY, auto_import=False))
    assert len(cache) <= 2 * MOST_FINISHED
    assert cache.all()[0].name == f"task {3 * MOST_FINISHED - 1}"


def test_what_waits_to_be_imported_stays_in_memory() -> None:
    cache = TaskCache()
    waits = task(0, Stage.READY)
    cache.put(waits)
    for number in range(1, 3 * MOST_FINISHED):
        cache.put(task(number))
    assert cache.get(waits.id) == waits
    cache.put(waits.with_(stage=Stage.IMPORTED, revision=1))
    for number in range(3 * MOST_FINISHED, 5 * MOST_FINISHED):
        cache.put(task(number))
    assert cache.get(waits.id) is None, "once it is imported, it is one of the others"


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.sampled_from(list(Stage)), st.booleans(), st.booleans(), st.integers(0, 9)),
        max_size=120,
    )
)
def test_the_memory_agrees_with_itself_whatever_comes(changes: list[tuple[int, Stage, bool, bool, int]]) -> None:
    cache = TaskCache()
    expected: dict[str, TaskRecord] = {}
    for revision, (number, stage, following, auto_import, time) in enumerate(changes):
        if number == 30:
            task_id = str(time)
            cache.forget(task_id)
            expected.pop(task_id, None)
            continue
        record = TaskRecord(
            str(number), "", "", stage, following=following, auto_import=auto_import,
            created_at_s=float(time), revision=revision,
        )  # fmt: skip
        if cache.put(record):
            expected[record.id] = record
    assert list(cache.all()) == sorted(expected.values(), key=lambda one: (-one.created_at_s, one.id))
    assert {one.id for one in cache.unfinished()} == {one.id for one in expected.values() if one.is_unfinished}
    assert cache.unfinished_count == len(cache.unfinished())


def test_an_engine_knows_all_unfinished_tasks_soon(tmp_path: Path, engine: Any) -> None:
    many = MOST_LOADED + 700
    # Those of an engine that is not followed by this one come with what the supervisor reads.
    stored(tmp_path, *(task(number, Stage.WAITING, task_uuid=f"u{number}") for number in range(many)))
    one = engine()
    until(one, lambda: one.task_cache.unfinished_count == many)


def test_old_models_that_wait_for_their_file_are_imported_when_it_is_open(tmp_path: Path, engine: Any) -> None:
    model = tmp_path / "model.glb"
    model.write_bytes(b"")
    old = [task(number, Stage.READY, model_path=str(model)) for number in range(3)]
    others = [task(number, Stage.READY, auto_import=False) for number in range(3, MOST_FINISHED + 50)]
    stored(tmp_path, *old, *others)
    one = engine()
    imported: list[str] = []

    def importer(record: TaskRecord) -> Imported | Later:
        if len(imported) < 1 and record.name == "task 2":
            imported.append("not yet")
            return Later(Sentence.of("Waits."))
        imported.append(record.name)
        return Imported("a collection")

    until(one, lambda: len(imported) == 4, importer)
    assert set(imported) == {"not yet", "task 0", "task 1", "task 2"}
    assert one.store.count([Stage.IMPORTED]) == 3
    assert len(one.imports) == 0


def test_a_model_whose_import_raises_is_tried_again(tmp_path: Path, engine: Any) -> None:
    model = tmp_path / "model.glb"
    model.write_bytes(b"")
    stored(tmp_path, task(1, Stage.READY, model_path=str(model)))
    one = engine()

    def broken(_record: TaskRecord) -> Imported:
        raise InputError(Sentence.of("The file cannot be written."), field="output")

    with pytest.raises(InputError):
        until(one, lambda: False, broken)
    assert len(one.imports) == 1
    until(one, lambda: len(one.imports) == 0, lambda _record: Imported("a collection"))


# -----------------------------------------------------------------------------
# The check for damage


def checks(folder: Path, monkeypatch: pytest.MonkeyPatch, **how: Any) -> bool:
    """Whether opening the store looks through the whole of it."""
    asked: list[bool] = []
    store = Store.__new__(Store)
    opened = Store._open

    def watched(self: Store) -> None:
        asked.append(self._must_check)
        opened(self)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "_open", watched)
        store.__init__(folder, **how)  # type: ignore[misc]
    store.close()
    return asked[0]


def test_the_store_is_looked_through_only_after_an_unclean_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored(tmp_path, task(1))
    path = tmp_path / FILE_NAME
    assert not checks(tmp_path, monkeypatch), "it was closed"
    store = Store(tmp_path)
    store.add(task(2))
    assert checks(tmp_path, monkeypatch), "it is open, or was left so: there is a log"
    assert not checks(tmp_path, monkeypatch, is_in_use=lambda: True), "who has it open has looked"
    store.close()
    assert not checks(tmp_path, monkeypatch)
    path.write_bytes(path.read_bytes())
    assert checks(tmp_path, monkeypatch), "somebody else has written the file"
    assert not checks(tmp_path, monkeypatch)
    os.utime(path, (1e9, 1e9))
    assert checks(tmp_path, monkeypatch), "it is a copy that was not made with its time"


# -----------------------------------------------------------------------------
# Reading


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.text(alphabet="aB%_!*?[]\\ é赤ß'\"", max_size=6), min_size=1, max_size=6),
    st.text("aB%_!*?[é赤ß", max_size=4),
)
def test_a_search_finds_what_has_the_letters_whatever_they_are(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], search: str
) -> None:
    folder = tmp_path_factory.mktemp("search")
    records = [task(number).with_(name=name) for number, name in enumerate(names)]
    stored(folder, *records)
    store = Store(folder)
    try:
        query = Query(search)
        found = {record.name for record in store.find(query, 0, 100)}
        assert found == {record.name for record in records if query.matches(record)}
        page = read_page(store, PageRequest(query, 0, 2))
        assert page.total == store.number_of(query)
    finally:
        store.close()


def test_a_list_is_read_in_pieces(tmp_path: Path) -> None:
    # Three at the same time: the id decides.
    records = [task(number // 3, [*Stage][number % 11], auto_import=bool(number % 2)) for number in range(1203)]
    stored(tmp_path, *records)
    store = Store(tmp_path)
    try:
        everything = [record.id for record in store.page(count=10_000)]
        assert [one.id for one in store.listed(Query(), 10_000)] == everything
        assert [one.id for one in store.listed(Query(), 501)] == everything[:501]
        assert [one.id for piece in store.in_pieces(Query(), 7) for one in piece] == everything
        ready = Query(stages=frozenset({Stage.READY}))
        itself = [one for piece in store.in_pieces(ready, 5, to_import=True) for one in piece]
        assert itself == [one for one in store.find(ready, 0, 10_000) if one.auto_import]
        for record, listed in zip(store.page(count=1000), store.listed(Query(), 1000), strict=True):
            assert all(getattr(record, name) == getattr(listed, name) for name in type(listed).__annotations__)
    finally:
        store.close()


def test_a_damaged_row_is_listed_with_what_is_left(tmp_path: Path) -> None:
    records = [task(number) for number in range(3)]
    stored(tmp_path, *records)
    store = Store(tmp_path)
    try:
        with store._writing() as connection:
            connection.execute("UPDATE tasks SET data = '{\"cost_credits\": []}' WHERE id = ?", (records[1].id,))
        assert [one.name for one in store.listed(Query(), 10)] == ["task 2", "task 1", "task 0"]
    finally:
        store.close()


def test_an_equal_order_is_found_among_more_than_are_in_memory(tmp_path: Path, engine: Any) -> None:
    first = task(0, Stage.QUEUED, params={"prompt": "a chair"}, origin=Origin(CLI_ORIGIN))
    later = [task(number, Stage.WAITING, task_uuid=f"u{number}") for number in range(1, MOST_LOADED + 9)]
    stored(tmp_path, first, *later)
    found = _unaccepted_order(engine(), TaskRequest("text-to-model", {"prompt": "a chair"}))
    assert found is not None
    assert found.id == first.id


def test_what_was_put_away_is_not_counted(tmp_path: Path) -> None:
    stored(tmp_path, *(task(number, put_away=number % 3 == 0) for number in range(10)))
    store = Store(tmp_path)
    try:
        assert store.number_of(Query(put_away=False)) == len(store.find(Query(put_away=False), 0, 100)) == 6
        assert store.number_of(Query()) == len(store.find(Query(), 0, 100)) == 10
        assert store.number_of(Query(put_away=True)) == len(store.find(Query(put_away=True), 0, 100)) == 4
    finally:
        store.close()
