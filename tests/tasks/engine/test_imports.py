# SPDX-License-Identifier: GPL-3.0-or-later
"""Importing, when the store cannot be written. One: ``python scripts/test.py tests/tasks/engine/test_imports.py``."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from triverse_addon.api.sentence import Sentence
from triverse_addon.tasks.engine.engine import Engine
from triverse_addon.tasks.engine.import_queue import Imported
from triverse_addon.tasks.record.record import Stage, TaskRecord, new_id, now_s
from triverse_addon.tasks.settings import Settings
from triverse_addon.tasks.store.errors import StoreError
from triverse_addon.tasks.store.schema import SCHEMA_VERSION
from triverse_addon.tasks.store.store import FILE_NAME, Store


@pytest.fixture
def ready(tmp_path: Path) -> TaskRecord:
    store = Store(tmp_path)
    task_id = new_id()
    added = store.add(
        TaskRecord(task_id, "text-to-model", "a chair", Stage.READY, client_order_id=task_id, created_at_s=now_s())
    )
    store.close()
    return added


@pytest.fixture
def engine(tmp_path: Path, ready: TaskRecord) -> Iterator[Engine]:
    made = Engine(Settings(tmp_path, tmp_path, live=False), None)
    yield made
    made.shutdown()


def test_a_list_that_cannot_be_changed_imports_nothing_and_says_so(
    tmp_path: Path, ready: TaskRecord, engine: Engine
) -> None:
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    engine.start()
    asked: list[str] = []
    engine.pump(0.1, lambda record: asked.append(record.id) or Imported(record.name))
    engine.pump(0.1)
    shown = engine.get(ready.id)
    assert shown is not None
    assert asked == []
    assert shown.stage is Stage.READY
    assert "newer version" in str(shown.status_note)


def test_an_importer_that_breaks_off_is_not_called_again_by_itself(
    tmp_path: Path, ready: TaskRecord, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    engine.start()
    (tmp_path / "model.glb").touch()
    engine._edit(ready.id, lambda newest: newest.with_(model_path=str(tmp_path / "model.glb"), task_uuid="u-1"))
    asked: list[str] = []

    def breaks_off(record: TaskRecord) -> Imported:
        asked.append(record.id)
        raise RuntimeError("Operator bpy.ops.ed.undo_push.poll() failed")

    for _ in range(5):
        engine.pump(0.1, breaks_off)
    failed = engine.get(ready.id)
    assert failed is not None
    assert asked == [ready.id]
    assert failed.stage is Stage.FAILED
    assert "press Retry" in str(failed.error)
    assert "poll" not in str(failed.error)
    assert "undo_push" in caplog.text
    engine.retry(ready.id)
    engine.pump(0.1, lambda record: Imported(record.name))
    engine.pump(0.1)
    again = engine.get(ready.id)
    assert again is not None
    assert again.stage is Stage.IMPORTED


def test_a_lease_that_cannot_be_given_back_does_not_import_twice(
    ready: TaskRecord, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(*_given: object) -> None:
        raise StoreError(Sentence.of("The disk is full."))

    engine.start()
    asked: list[str] = []
    with monkeypatch.context() as during:
        during.setattr(Store, "release", cannot)
        for _ in range(3):
            engine.pump(0.1, lambda record: asked.append(record.id) or Imported(record.name))
    engine.pump(0.1)
    shown = engine.get(ready.id)
    assert shown is not None
    assert (asked, shown.stage) == ([ready.id], Stage.IMPORTED)
