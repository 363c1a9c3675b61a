# SPDX-License-Identifier: GPL-3.0-or-later
"""
Times and numbers that no calendar has: from the service, from a list that somebody else could write.

One: ``python scripts/test.py tests/tasks/store/test_foreign_values.py``.
"""

from __future__ import annotations

import json
import math
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triverse_addon.api import calendar
from triverse_addon.api.payloads import parse_status
from triverse_addon.api.urls import websocket_url
from triverse_addon.batch.run import resume
from triverse_addon.batch.run.request import BatchRequest
from triverse_addon.tasks.files.folders import folder_for
from triverse_addon.tasks.record import status_text
from triverse_addon.tasks.record.provenance import properties
from triverse_addon.tasks.record.record import Stage, TaskRecord, new_id, now_s
from triverse_addon.tasks.store import codec
from triverse_addon.tasks.store.store import FILE_NAME, Store
from triverse_addon.tasks.store.user_folder import NOTE, Place, read_place

pytestmark = pytest.mark.kind("foreign-values")

#: Each ended a worker, a list or a panel.
ODD = [1e20, -1e20, 1e308, math.inf, -math.inf, 253402300800.0, -62135596801.0, -1.0, 10**400, -(10**400)]


@pytest.fixture(params=["UTC", "Pacific/Kiritimati", "Etc/GMT+12", "Asia/Kathmandu"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The ends of the world's time zones, and one of a quarter of an hour."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def record(**values: Any) -> TaskRecord:
    task_id = new_id()
    plain = {"id": task_id, "flow": "text-to-model", "name": "a chair", "client_order_id": task_id}
    return TaskRecord(**(plain | {"created_at_s": now_s()} | values))


@pytest.mark.parametrize("at_s", ODD)
def test_every_time_has_a_text(at_s: float, zone: str) -> None:
    assert 1969 <= int(calendar.local_text(at_s, "%Y")) <= 9999
    assert 1970 <= calendar.utc(at_s).year <= 9999


def test_the_ends_of_the_calendar(zone: str) -> None:
    assert calendar.local_text(math.nan, "%Y") in ("1969", "1970")
    assert calendar.utc(math.inf).isoformat() == "9999-12-30T00:00:00+00:00"
    assert calendar.local_text(calendar.bounded(math.inf), "%Y-%m") == "9999-12"


def test_where_the_system_has_no_local_time_it_is_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows knows none after the year 3000."""

    def refused(_at_s: float) -> time.struct_time:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(calendar.time, "localtime", refused)
    assert calendar.local_text(40000000000.0, "%Y-%m-%d") == "3237-07-19"


@given(st.floats() | st.integers(-(10**30), 10**30))
def test_any_number_is_some_time(at_s: float) -> None:
    assert calendar.is_in_calendar(calendar.bounded(at_s))
    assert calendar.utc(at_s)
    assert calendar.local_text(at_s, "%Y-%m-%d %H:%M:%S")
    assert "since=" in websocket_url("https://example.com", "key", since_s=calendar.bounded(at_s))


@pytest.mark.parametrize(
    "told",
    [
        "9999-12-31T23:59:59-14:00",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00+14:00",
        "0001-01-01",
        "1969-12-31T23:59:59Z",
        "10000-01-01T00:00:00Z",
        "-1",
        1e300,
        10**400,
        99999999999999,
    ],
)
def test_a_time_of_the_service_that_no_calendar_has(told: object, zone: str) -> None:
    """Each is an answer to "when was it made": the list, the folder and the model's properties go on."""
    status = parse_status(
        {
            "task_uuid": "0b0e0b6c-0000-4000-8000-000000000000",
            "status": "SUCCEED",
            "created_at": told,
            "started_at": told,
        }
    )
    at_s = status.created_at_s
    if at_s is None:
        return
    found = record(created_at_s=at_s, started_at_s=at_s, progress=50)
    assert folder_for(Path("models"), found).name[4] == "-"
    assert str(properties(found)["triverse_created_at"]).endswith("Z")
    assert calendar.local_text(at_s, "%Y-%m-%d %H:%M:%S")
    assert status_text.stage_text(found.with_(stage=Stage.WAITING, service_status="RUNNING"))


def changed_row(folder: Path, changes: dict[str, Any], **columns: Any) -> TaskRecord:
    """Write odd values into a task's row, and read it as any start of Blender does."""
    store = Store(folder)
    task = store.add(record(stage=Stage.WAITING, task_uuid="u", progress=50, started_at_s=now_s()))
    store.add_history(task.id, "INFO", codec._lost("a", None))
    store.close()
    connection = sqlite3.connect(folder / FILE_NAME)
    with connection:
        [(text,)] = connection.execute("SELECT data FROM tasks").fetchall()
        odd = json.dumps(json.loads(text) | changes)
        connection.execute("UPDATE tasks SET data = ?", (odd,))
        for name, value in columns.items():
            connection.execute(f"UPDATE {'history' if name == 'at_s' else 'tasks'} SET {name} = ?", (value,))
    connection.close()
    store = Store(folder)
    [found] = store.page()
    for line in store.history(found.id):
        assert calendar.is_in_calendar(line.at_s)
    # It can be worked with: written, moved on, shown.
    store.change(found.id, lambda old: old.with_(attempts=old.attempts + 1))
    store.repair_rows()
    store.close()
    return found


def used(found: TaskRecord) -> None:
    """Everything that is made of a record's numbers."""
    assert folder_for(Path("models"), found).name[4] == "-"
    assert str(properties(found)["triverse_created_at"]).endswith("Z")
    for service_status in ("QUEUED", "RUNNING"):
        status_text.time_left_s(found.with_(stage=Stage.WAITING, service_status=service_status))
    for stage in Stage:
        assert status_text.stage_text(found.with_(stage=stage))
    assert 0.0 <= status_text.overall_progress(found) <= 1.0 or found.progress is not None
    for name in ("started_at_s", "finished_at_s", "imported_at_s", "submitted_at_s", "created_at_s", "updated_at_s"):
        if (at_s := getattr(found, name)) is not None:
            assert calendar.is_in_calendar(at_s)


@pytest.mark.parametrize("at_s", [one for one in ODD if isinstance(one, float)])
def test_a_stored_time_that_no_calendar_has(tmp_path: Path, at_s: float, zone: str) -> None:
    used(changed_row(tmp_path, {}, created_at_s=at_s, updated_at_s=at_s, at_s=at_s))


@pytest.mark.parametrize("number", [*ODD, math.nan])
@pytest.mark.parametrize(
    "name", ["started_at_s", "finished_at_s", "queue_wait_s", "received_bytes", "size_bytes", "progress", "triangles"]
)
def test_a_stored_number_that_nothing_can_take(tmp_path: Path, name: str, number: float) -> None:
    used(changed_row(tmp_path, {name: number}))


@pytest.mark.parametrize("place", [[math.nan, 0, 0], [0, math.inf, 0], [10**400, 0, 0]])
def test_a_place_that_is_nowhere_is_damage(tmp_path: Path, place: list[float]) -> None:
    found = changed_row(tmp_path, {"placement": {"location": place}})
    assert found.placement.location == (0.0, 0.0, 0.0)
    assert found.status_note is not None


# -----------------------------------------------------------------------------
# Nested beyond what is read, and whole numbers larger than any float

DEEP = "[" * 100_000


@pytest.mark.parametrize("text", [DEEP, f'{{"note": {DEEP}', f'{{"params": {{"a": {DEEP}'])
def test_a_stored_row_that_is_nested_beyond_measure_is_damage(tmp_path: Path, text: str) -> None:
    store = Store(tmp_path)
    task = store.add(
        TaskRecord(
            id=new_id(), flow="f", name="a", stage=Stage.WAITING, client_order_id=new_id(), task_uuid="u",
            created_at_s=now_s(),
        )
    )  # fmt: skip
    store.add_history(task.id, "INFO", codec._lost("a", None))
    store.close()
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    with connection:
        connection.execute("UPDATE tasks SET data = ?", (text,))
        connection.execute("UPDATE history SET args = ?", (text,))
    connection.close()
    store = Store(tmp_path)
    [found] = store.page()
    assert found.status_note is not None
    assert store.history(found.id) == []
    store.close()


@pytest.mark.parametrize("text", [DEEP, f'{{"folder": {DEEP}', '{"folder": 7}', '{"folder": "relative"}'])
def test_a_note_of_the_place_that_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / NOTE).write_text(text)
    assert read_place(tmp_path) == Place(tmp_path)


@pytest.mark.parametrize("at_s", [10**400, -(10**400), math.inf, "now"])
def test_a_remembered_batch_of_no_time(tmp_path: Path, at_s: object) -> None:
    resume.save_batch(tmp_path, resume.SavedBatch(BatchRequest(tmp_path / "rows.csv", tmp_path / "library"), 3))
    [path] = (tmp_path / resume.FOLDER).iterdir()
    path.write_text(json.dumps(json.loads(path.read_text()) | {"at_s": at_s}))
    assert resume.load_batch(tmp_path, lambda name: True) is None
