# SPDX-License-Identifier: GPL-3.0-or-later
"""
What a store outlives: power cuts at any write, kill -9, other writers, damage, odd names.

One: ``python scripts/test.py tests/tasks/store/test_store_survives.py``.
"""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from triverse_addon.api.sentence import Sentence
from triverse_addon.tasks.engine.engine import Engine
from triverse_addon.tasks.record.provenance import name_for
from triverse_addon.tasks.record.record import Stage, TaskRecord, TaskRequest, new_id, now_s
from triverse_addon.tasks.settings import Settings
from triverse_addon.tasks.store import schema
from triverse_addon.tasks.store.errors import StoreError
from triverse_addon.tasks.store.lease import LEASE_S, Owner
from triverse_addon.tasks.store.migrations import MIGRATIONS, Migration
from triverse_addon.tasks.store.store import FILE_NAME, Store

REPO = Path(__file__).resolve().parents[3]
#: "Stuhl" with a byte after it that is no UTF-8, as Python gets it from the file system.
ODD = "Stuhl\udcff"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path)
    yield made
    made.close()


def record(**values: Any) -> TaskRecord:
    task_id = new_id()
    plain = {"id": task_id, "flow": "text-to-model", "name": "a chair", "client_order_id": task_id}
    return TaskRecord(**(plain | {"created_at_s": now_s()} | values))


def beside(folder: Path, sql: str, *values: object) -> None:
    """Write into the database without the store."""
    connection = sqlite3.connect(folder / FILE_NAME)
    with connection:
        connection.execute(sql, values)
    connection.close()


# -----------------------------------------------------------------------------
# Power cuts and kill -9


def test_a_power_cut_after_any_write_leaves_the_last_whole_state(tmp_path: Path) -> None:
    """Files as they are after each step, opened elsewhere: what a step returned for is there, and nothing half."""
    home = tmp_path / "home"
    store = Store(home)
    ways = [Stage.SUBMITTING, Stage.WAITING, Stage.DOWNLOADING, Stage.CONVERTING, Stage.READY, Stage.IMPORTED]
    added = store.add(record())
    told = 0
    for number in range(40):
        if number < len(ways):
            store.change(
                added.id, lambda old, to=ways[number]: old.with_(stage=to), history=("INFO", Sentence.of("On it goes."))
            )
            told += 1
        else:
            store.change(added.id, lambda old: old.with_(attempts=old.attempts + 1))
        cut = tmp_path / f"cut{number}"
        # Without -shm, which is memory and does not outlast the machine.
        cut.mkdir()
        for name in (FILE_NAME, f"{FILE_NAME}-wal"):
            if (home / name).exists():
                shutil.copyfile(home / name, cut / name)
        again = Store(cut)
        assert again.problem is None
        assert again.get(added.id) == store.get(added.id)
        assert len(again.history(added.id)) == told
        again.close()
    store.close()


@pytest.mark.parametrize("kept", [0, 1, 31, 32, 33, 500, 4000, -1, -100, -4000])
def test_a_torn_log_loses_whole_transactions_only(tmp_path: Path, kept: int) -> None:
    home, cut = tmp_path / "home", tmp_path / "cut"
    store = Store(home)
    ids = [store.add(record()).id for _ in range(10)]
    cut.mkdir()
    shutil.copyfile(home / FILE_NAME, cut / FILE_NAME)
    wal = (home / f"{FILE_NAME}-wal").read_bytes()
    (cut / f"{FILE_NAME}-wal").write_bytes(wal[:kept])
    again = Store(cut)
    found = [task.id for task in reversed(again.page())]
    assert found == ids[: len(found)]
    assert again.problem is None
    again.add(record())
    again.close()
    store.close()


def test_a_killed_engine_leaves_its_tasks_to_the_next_at_once(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from triverse_addon.tasks.store.lease import Owner; from triverse_addon.tasks.store.store import Store\n"
        "from tests.tasks.store.test_store_survives import record\n"
        "home = Path(sys.argv[1]); owner = Owner(home / 'owners'); store = Store(home)\n"
        "print(store.add(record(), owner=owner.name, lease_s=60.0).id, flush=True); time.sleep(600)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=REPO, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        task_id = process.stdout.readline().strip()
        store, owner = Store(tmp_path), Owner(tmp_path / "owners")
        assert store.claim(owner.name, LEASE_S, is_dead=owner.is_dead) == []
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert [task.id for task in store.claim(owner.name, LEASE_S, is_dead=owner.is_dead)] == [task_id]
    owner.close()
    store.close()


# -----------------------------------------------------------------------------
# Other writers


def test_while_another_writes_it_is_opened_and_read(tmp_path: Path, store: Store) -> None:
    added = store.add(record())
    writer = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    started_s = time.monotonic()
    again = Store(tmp_path)
    assert again.get(added.id) == added
    assert again.since(0)[1] == [added]
    # A write would wait for ten seconds and fail; the main thread opens and reads.
    assert time.monotonic() - started_s < 8
    writer.execute("ROLLBACK")
    writer.close()
    again.close()


def test_a_writer_that_does_not_end_is_told_in_words(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("triverse_addon.tasks.store.connection.BUSY_S", 0.1)
    writer = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    again = Store(tmp_path)
    with pytest.raises(StoreError, match="cannot be written"):
        again.add(record())
    writer.execute("ROLLBACK")
    writer.close()
    added = again.add(record())
    assert again.get(added.id) == added
    again.close()


def test_many_open_a_new_store_at_once(tmp_path: Path) -> None:
    made: list[Store] = []
    go = threading.Barrier(6)

    def begin() -> None:
        go.wait()
        store = Store(tmp_path)
        store.add(record())
        made.append(store)

    threads = [threading.Thread(target=begin) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [store.count() for store in made] == [6] * 6
    assert {store.problem for store in made} == {None}
    for store in made:
        store.close()


def test_what_another_writes_while_an_engine_starts_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Store(tmp_path)
    late: list[str] = []
    unfinished = Store.unfinished

    def meanwhile(store: Store, **wanted: Any) -> list[TaskRecord]:
        found = unfinished(store, **wanted)
        late.append(other.add(record(stage=Stage.FAILED)).id)
        return found

    monkeypatch.setattr(Store, "unfinished", meanwhile)
    engine = Engine(Settings(tmp_path, tmp_path, live=False), None)
    engine.start()
    try:
        end = time.monotonic() + 30
        while not engine.tasks():
            assert time.monotonic() < end
            engine.pump(0.01)
            time.sleep(0.01)
        assert [task.id for task in engine.tasks()] == late
    finally:
        engine.shutdown()
        other.close()


# -----------------------------------------------------------------------------
# Damage


def test_a_step_of_the_schema_is_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(tmp_path).close()
    before = (tmp_path / FILE_NAME).read_bytes()
    version = schema.SCHEMA_VERSION
    extra, impossible = "ALTER TABLE tasks ADD COLUMN extra TEXT", "ALTER TABLE nothing ADD COLUMN more TEXT"
    with monkeypatch.context() as newer:
        newer.setattr(schema, "MIGRATIONS", (*MIGRATIONS, Migration((extra, impossible))))
        newer.setattr(schema, "SCHEMA_VERSION", version + 1)
        newer.setattr("triverse_addon.tasks.store.store.SCHEMA_VERSION", version + 1)
        with pytest.raises(StoreError):
            Store(tmp_path)
        newer.setattr(schema, "MIGRATIONS", (*MIGRATIONS, Migration((extra,))))
        Store(tmp_path).close()
    assert before[:16] == b"SQLite format 3\x00"
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    assert connection.execute("PRAGMA user_version").fetchone()[0] == version + 1
    assert "extra" in {row[1] for row in connection.execute("PRAGMA table_info(tasks)")}
    connection.close()


DAMAGED = ["", "[]", "5", "{", '{"stage": 1, "origin": 5}', '{"placement": {"location": 7}}', '{"attempts": "many"}']
UUID = "0b9c7a52-0000-4000-8000-000000000001"


@pytest.mark.parametrize("data", DAMAGED)
@pytest.mark.parametrize(
    ("stage", "uuid", "left"),
    [
        (Stage.QUEUED, None, Stage.FAILED),
        (Stage.SUBMITTING, None, Stage.FAILED),
        (Stage.WAITING, UUID, Stage.WAITING),
        (Stage.DOWNLOADING, UUID, Stage.DOWNLOADING),
        (Stage.READY, UUID, Stage.DOWNLOADING),
        (Stage.IMPORTED, UUID, Stage.IMPORTED),
        (Stage.CANCELLED, UUID, Stage.CANCELLED),
    ],
)
def test_of_a_damaged_row_all_is_used_that_can_be_read(
    tmp_path: Path, store: Store, data: str, stage: Stage, uuid: str | None, left: Stage
) -> None:
    added = store.add(record(stage=stage, task_uuid=uuid, name="A chair"))
    beside(tmp_path, "UPDATE tasks SET data = ?", data)
    found = store.get(added.id)
    assert found is not None
    assert found.stage is left
    assert (found.id, found.name, found.task_uuid, found.client_order_id) == (
        added.id,
        "A chair",
        uuid,
        added.client_order_id,
    )
    assert not found.is_final, "a retry must not be a new order"
    said = found.error or found.status_note
    assert said is not None
    assert ("Triverse again" if uuid else "Find My Tasks") in str(said)
    if uuid:
        assert store.find_by_uuid(uuid) == found
    assert store.find_by_order_id(added.client_order_id) == found
    # Written anew, and told once.
    (mended,) = store.repair_rows()
    assert mended == store.get(added.id)
    assert mended.stage is left
    assert store.repair_rows() == []
    assert [line.level for line in store.history(added.id)] == ["WARNING"]
    again = Store(tmp_path)
    assert again.page() == [mended]
    assert again.repair_rows() == []
    again.close()
    assert store.remove(added.id) == mended


@pytest.mark.parametrize("column", ["stage", "flow", "name", "created_at_s", "updated_at_s", "client_order_id"])
@pytest.mark.parametrize("value", [b"\xff\x00", "", 7])
def test_a_damaged_column_takes_no_task_away(tmp_path: Path, store: Store, column: str, value: object) -> None:
    added = store.add(record(stage=Stage.WAITING, task_uuid=UUID))
    beside(tmp_path, f"UPDATE tasks SET {column} = ?", value)
    (found,) = store.page()
    assert (found.id, found.task_uuid) == (added.id, UUID)
    assert isinstance(found.created_at_s, float)
    store.change(added.id, lambda old: old.with_(attempts=1))
    assert store.repair_rows() == [], "what is written is no longer damaged"


def test_a_damaged_line_of_a_history_hides_no_other(tmp_path: Path, store: Store) -> None:
    added = store.add(record())
    for words in ("One.", "Two."):
        store.add_history(added.id, "INFO", Sentence.of(words))
    beside(tmp_path, "UPDATE history SET args = ? WHERE template = ?", "{", "One.")
    assert [str(line.sentence) for line in store.history(added.id)] == ["Two."]


@pytest.mark.parametrize("page_at", [1, 3])
def test_damage_within_the_file_is_set_aside(tmp_path: Path, page_at: int) -> None:
    store = Store(tmp_path)
    for _ in range(200):
        store.add(record(params={"prompt": "x" * 500}))
    store.close()
    with (tmp_path / FILE_NAME).open("r+b") as file:
        file.seek(4096 * page_at)
        file.write(b"\xa5" * 4096)
    again = Store(tmp_path)
    assert again.problem is not None
    assert "Find My Tasks" in str(again.problem)
    assert again.page() == []
    assert len(list(tmp_path.glob("*.damaged-*"))) >= 1
    again.close()


class Killed(BaseException):
    """The end of a process in a test."""


def test_a_process_that_is_killed_while_a_damaged_list_is_set_aside_leaves_word_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"no database" * 500)
    opened = Store._open

    def killed(self: Store) -> None:
        if not (tmp_path / FILE_NAME).exists():
            raise Killed
        opened(self)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "_open", killed)
        with pytest.raises(Killed):
            Store(tmp_path)
    again = Store(tmp_path)
    assert again.is_lost, "its tasks are asked for"
    again.close()


# -----------------------------------------------------------------------------
# Names


def test_names_that_are_no_utf_8_are_kept_or_replaced(tmp_path: Path, store: Store) -> None:
    path = f"/home/{ODD}.png"
    added = store.add(
        record(sources={"image_file": path}, name=name_for({}, {"image_file": path}, "x")),
    )
    again = store.get(added.id)
    assert again == added
    assert again.sources["image_file"] == path
    assert again.name == "Stuhl?"
    store.change(added.id, lambda old: old.with_(attempts=1), history=("ERROR", Sentence.of("No {p}.", p=path)))
    assert store.history(added.id)[0].sentence.args == {"p": path}


def test_a_picture_of_any_name_can_be_ordered(tmp_path: Path) -> None:
    picture = tmp_path / f"{ODD}.png"
    try:
        picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(24))
    except OSError:
        pytest.xfail("This file system takes UTF-8 only.")
    engine = Engine(Settings(tmp_path / "data", tmp_path / "models", live=False), None)
    engine.start()
    try:
        made = engine.submit(TaskRequest("image-to-model", {}, {"image_file": str(picture)}))
        assert engine.store.page(offset=0, count=5)[0].sources == made.sources
    finally:
        engine.shutdown()


def test_a_search_ignores_the_case_of_every_letter(store: Store) -> None:
    for name in ("Ärmelstuhl", "СТУЛ", "Straße", "chair"):
        store.add(record(name=name))
    assert [found.name for found in store.page(search="äRMEL")] == ["Ärmelstuhl"]
    assert [found.name for found in store.page(search="стул")] == ["СТУЛ"]
    assert [found.name for found in store.page(search="STRASSE")] == ["Straße"]
    assert [found.name for found in store.page(search="CHAIR")] == ["chair"]
