# SPDX-License-Identifier: GPL-3.0-or-later
"""What was spent: by day, month and file, whatever becomes of a task. One: this file with ``scripts/test.py``."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tasks.store.test_store import record
from triverse_addon.api.calendar import start_of_day, start_of_month
from triverse_addon.api.errors import TriverseError
from triverse_addon.tasks.engine.retry import retried
from triverse_addon.tasks.record.charge import Charge, charge_of
from triverse_addon.tasks.record.record import FAILED_STAGES, NOT_SENT, Origin, Stage, TaskRecord
from triverse_addon.tasks.store.query import FileScope
from triverse_addon.tasks.store.spending import Spending
from triverse_addon.tasks.store.spending_table import COLUMNS, write_table
from triverse_addon.tasks.store.store import Store

HERE = FileScope(frozenset({"s1"}), "now", "/a.blend")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("charge", "changes"),
    [
        (Charge.NONE, {"stage": Stage.QUEUED}),
        (Charge.NONE, {"stage": Stage.SUBMITTING}),
        (Charge.UNKNOWN, {"stage": Stage.SUBMITTING, "submitted_at_s": 1.0}),
        (Charge.RESERVED, {"stage": Stage.WAITING, "task_uuid": "u"}),
        (Charge.CHARGED, {"stage": Stage.WAITING, "task_uuid": "u", "service_status": "SUCCESS", "following": False}),
        (Charge.CHARGED, {"stage": Stage.IMPORTED, "task_uuid": "u"}),
        (Charge.NONE, {"stage": Stage.FAILED, "failed_stage": Stage.UPLOADING}),
        (Charge.NONE, {"stage": Stage.FAILED, "failed_stage": Stage.SUBMITTING, "is_final": True}),
        (Charge.UNKNOWN, {"stage": Stage.FAILED, "failed_stage": Stage.SUBMITTING, "submitted_at_s": 1.0}),
        (Charge.NONE, {"stage": Stage.FAILED, "failed_stage": Stage.WAITING, "task_uuid": "u", "is_final": True}),
        (Charge.CHARGED, {"stage": Stage.FAILED, "failed_stage": Stage.DOWNLOADING, "task_uuid": "u"}),
        (Charge.CHARGED, {"stage": Stage.FAILED, "failed_stage": Stage.READY, "task_uuid": "u"}),
        (Charge.NONE, {"stage": Stage.CANCELLED, "task_uuid": "u", "is_final": True}),
        (Charge.UNKNOWN, {"stage": Stage.GONE, "task_uuid": "u"}),
    ],
)
def test_what_a_task_costs_follows_from_where_it_is(charge: Charge, changes: dict[str, object]) -> None:
    assert charge_of(record(**changes)) is charge


def test_what_is_ordered_again_counts_when_it_is_ordered_again(store: Store) -> None:
    month_s = start_of_month(time.time())
    failed = record(
        stage=Stage.FAILED,
        failed_stage=Stage.WAITING,
        is_final=True,
        task_uuid="u1",
        cost_credits=20,
        created_at_s=month_s - 100.0,
    )
    store.add(failed)
    again = retried(failed, has_files=False)
    assert again is not None
    store.change(failed.id, lambda _: again.with_(stage=Stage.WAITING, task_uuid="u2", cost_credits=20))
    assert store.spending(month_s) == Spending(20, 1)

    # What is not ordered again keeps its time: it was paid then.
    unread = failed.with_(is_final=False, failed_stage=Stage.DOWNLOADING)
    kept = retried(unread, has_files=False)
    assert kept is not None
    assert kept.created_at_s == unread.created_at_s


RECORDS = st.builds(
    lambda stage, cost, at, final, failed, origin, sent: record(
        stage=stage,
        cost_credits=cost,
        created_at_s=1000.0 + at,
        is_final=final and stage in FAILED_STAGES,
        failed_stage=failed if stage is Stage.FAILED else None,
        origin=origin,
        task_uuid=None if stage in NOT_SENT else f"uuid-{sent}",
        submitted_at_s=None if stage in NOT_SENT else 1000.0,
    ),
    stage=st.sampled_from(Stage),
    cost=st.one_of(st.none(), st.integers(0, 500)),
    at=st.integers(0, 10),
    final=st.booleans(),
    failed=st.sampled_from([Stage.SUBMITTING, Stage.WAITING, Stage.DOWNLOADING, Stage.READY]),
    origin=st.sampled_from([Origin(), Origin("now"), Origin("x", "/a.blend"), Origin("x", "/b.blend", "s1")]),
    sent=st.uuids(),
)


def counts(one: TaskRecord) -> bool:
    return one.cost_credits is not None and charge_of(one) is not Charge.NONE


@given(records=st.lists(RECORDS, max_size=8, unique_by=lambda one: one.id), since=st.integers(0, 10), data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_sums_are_those_of_the_records_and_stay_when_some_are_taken_off_the_list(
    tmp_path_factory: pytest.TempPathFactory, records: list[TaskRecord], since: int, data: st.DataObject
) -> None:
    store = Store(tmp_path_factory.mktemp("spending"))
    try:
        for one in records:
            store.add(one)
        asked = [one for one in records if one.created_at_s >= 1000 + since and counts(one)]
        here = [one for one in asked if one.origin != Origin()]
        expected = [(sum(one.cost_credits or 0 for one in some), len(some)) for some in (asked, here)]

        def sums() -> list[tuple[int, int]]:
            found = [store.spending(1000.0 + since), store.spending(1000.0 + since, HERE)]
            return [(one.credits, one.count) for one in found]

        assert sums() == expected
        for one in data.draw(st.lists(st.sampled_from(records), unique_by=lambda one: one.id)) if records else ():
            store.remove(one.id)
        assert sums() == expected
    finally:
        store.close()


def test_an_unknown_price_is_counted_and_not_guessed(store: Store) -> None:
    store.add(record(stage=Stage.IMPORTED, task_uuid="a", cost_credits=None))
    store.add(record(stage=Stage.QUEUED))
    assert store.spending() == Spending(0, 0, 1)


def test_what_was_taken_off_a_list_is_still_counted_after_a_move(store: Store, tmp_path: Path) -> None:
    one = store.add(record(stage=Stage.READY, task_uuid="a", cost_credits=7))
    store.remove(one.id)
    other = Store(tmp_path / "new")
    other.take_in_costs(store.removed_costs())
    other.take_in_costs(store.removed_costs())
    assert other.spending() == Spending(7, 1, 0)
    other.close()


def test_the_table_has_every_task_and_no_formula(store: Store, tmp_path: Path) -> None:
    store.add(record(name="=1+1", stage=Stage.IMPORTED, task_uuid="a", cost_credits=7, created_at_s=2000.0))
    store.add(
        record(
            name="ü",
            stage=Stage.FAILED,
            is_final=True,
            origin=Origin("", "/\udcff.blend"),
            cost_credits=9,
            created_at_s=3000.0,
        )
    )
    gone = store.add(record(name="secret", stage=Stage.READY, task_uuid="c", cost_credits=5, created_at_s=1000.0))
    store.remove(gone.id)
    path = tmp_path / "spending.csv"
    assert write_table(store, path) == 3
    lines = list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))
    assert tuple(lines[0]) == COLUMNS
    assert [(one["name"], one["credits"], one["charge"]) for one in lines] == [
        ("ü", "0", "not charged"),
        ("'=1+1", "7", "charged"),
        ("", "5", "charged"),
    ]
    assert lines[0]["file"] == "/\\udcff.blend"
    assert lines[1]["ordered_utc"] == "1970-01-01T00:33:20Z"
    assert "secret" not in path.read_text("utf-8-sig")
    with pytest.raises(TriverseError, match="cannot be written to"):
        write_table(store, tmp_path / "nowhere" / "spending.csv")


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Tokyo"])
def test_a_day_and_a_month_begin_at_midnight_here(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        # The morning after the clocks went back in Berlin, and that month's first day before it.
        at = time.mktime((2026, 10, 25, 9, 30, 0, 0, 0, -1))
        assert time.localtime(start_of_day(at))[:6] == (2026, 10, 25, 0, 0, 0)
        assert time.localtime(start_of_month(at))[:6] == (2026, 10, 1, 0, 0, 0)
        assert start_of_day(at) <= at
    finally:
        monkeypatch.undo()
        time.tzset()
